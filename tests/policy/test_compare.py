"""What a change of policy is told as: every field is covered, the way back mirrors it, and nothing says nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.policy import model
from pellucid.policy.canonical import version_of, with_version
from pellucid.policy.changes.words import MIRRORED
from pellucid.policy.compare import CHANGES, PARTS, ChangeKind, compare
from pellucid.policy.load import load_policy
from pellucid.policy.model import Policy
from pellucid.regulations.model import Law, Laws
from tests.policy.alternatives import APART, NAMES, Path, altered, places
from tests.policy.conftest import SOUND

WIDE, NARROW, NEUTRAL = ChangeKind.WIDENING, ChangeKind.NARROWING, ChangeKind.NEUTRAL


@cache
def sound() -> Policy:
    """Return the sound policy, in which every part of the model stands."""
    with TemporaryDirectory() as folder:
        translated = "kind: processor, translations: {de: {title: unser Rechenzentrum}}"
        authority = "{name: The Watch, web: https://watch.example, jurisdictions: [DE], address: A 1, phone: '+1'}"
        told = SOUND.replace("officer: pia}", f"officer: pia, authorities: [{authority}]}}")
        (File(folder) / "policy.yaml").write_text(told.replace("kind: processor", translated))
        return load_policy(File(folder))


def codes(old: Policy, new: Policy) -> list[tuple[str, str, str]]:
    return [(change.code, change.part, change.name) for change in compare(old, new).changes]


# -- every field -------------------------------------------------------------------------------------------------------


def parts_of(kind: type) -> set[type]:
    """Return every dataclass that can stand in a value of this type, by the type hints alone."""
    found: set[type] = set()
    waiting: list[Any] = [kind]
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if is_dataclass(hint) and isinstance(hint, type) and hint not in found:
            found.add(hint)
            waiting += [kind for name, kind in get_type_hints(hint).items() if (hint.__name__, name) not in APART]
    return found


ALL_FIELDS = sorted(
    (part.__name__, member.name)
    for part in parts_of(Policy)
    for member in fields(part)
    if (part.__name__, member.name) not in NAMES | APART
)


def test_the_walk_reaches_every_part_of_the_model_that_a_policy_can_hold() -> None:
    kinds = [kind for kind in vars(model).values() if isinstance(kind, type) and is_dataclass(kind)]
    declared = {kind for kind in kinds if kind.__module__.startswith("pellucid.policy.")}  # laws are kept apart

    assert declared - parts_of(Policy) == {model.Actor, model.Standing}
    assert len(ALL_FIELDS) > 80


@pytest.mark.parametrize(("part", "field"), ALL_FIELDS, ids=lambda each: each)
def test_a_difference_in_any_field_of_the_model_is_told(part: str, field: str) -> None:
    met = [path for kind, name, path in places(sound()) if (kind, name) == (part, field)]
    assert met != [], "the sound policy holds no such part: add one, so that this field is tried"
    for path in met:
        for choice in range(4):
            changed = altered(sound(), path, choice)
            assert changed.version != sound().version
            assert compare(sound(), changed).changes != (), path
            assert compare(changed, sound()).changes != (), path


def test_a_field_that_nobody_thought_of_stops_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.policy.changes import people

    monkeypatch.delitem(people.ROLE, "may")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="may"):
        compare(sound(), altered(sound(), ("roles", "analyst", "may")))


# -- properties --------------------------------------------------------------------------------------------------------

EVERY_PATH = [path for _, _, path in places(sound())]
Edit = tuple[Path, int]
EDITS = st.lists(st.tuples(st.sampled_from(EVERY_PATH), st.integers(0, 3)), max_size=6)


def edited(edits: list[Edit]) -> Policy:
    """Return the sound policy after some edits; one that an earlier edit took the ground from is left out."""
    policy = sound()
    for path, choice in edits:
        try:
            policy = altered(policy, path, choice)
        except (AttributeError, KeyError, TypeError, IndexError, ZeroDivisionError):
            continue
    return policy


def mirrored(code: str) -> str:
    return CHANGES[code].mirror


@settings(max_examples=150, deadline=None)
@given(EDITS, EDITS)
def test_a_widening_is_the_narrowing_of_the_way_back(one: list[Edit], other: list[Edit]) -> None:
    old, new = edited(one), edited(other)

    there = Counter((each.kind, each.code, each.part, each.name) for each in compare(old, new).changes)
    back = Counter(
        (MIRRORED[each.kind], mirrored(each.code), each.part, each.name) for each in compare(new, old).changes
    )

    assert there == back


@settings(max_examples=150, deadline=None)
@given(EDITS, EDITS)
def test_there_is_no_change_exactly_if_both_say_the_same(one: list[Edit], other: list[Edit]) -> None:
    old, new = edited(one), edited(other)

    assert compare(old, old).changes == ()
    assert (compare(old, new).changes == ()) == (version_of(old) == version_of(new))


def test_every_code_is_mirrored_by_one_of_the_opposite_kind() -> None:
    for code, words in CHANGES.items():
        assert CHANGES[words.mirror].mirror == code
        assert CHANGES[words.mirror].kind is MIRRORED[words.kind], code
        assert words.look != "", code


# -- what the changes mean ---------------------------------------------------------------------------------------------

Edits = Callable[[Policy], Policy]


def purpose(**changes: Any) -> Edits:
    return lambda policy: _with(policy, "purposes", "range-planning", **changes)


def offers(**changes: Any) -> Edits:
    return lambda policy: _with(policy, "purposes", "loyalty-offers", **changes)


def release(**changes: Any) -> Edits:
    def edit(policy: Policy) -> Policy:
        rule = replace(policy.purposes["range-planning"].release, **changes)
        return _with(policy, "purposes", "range-planning", release=rule)

    return edit


def members(**changes: Any) -> Edits:
    return lambda policy: _with(policy, "datasets", "members", **changes)


def regime(**changes: Any) -> Edits:
    return lambda policy: _with(policy, "regimes", "eu", **changes)


def recipient(**changes: Any) -> Edits:
    return lambda policy: _with(policy, "recipients", "hosting", **changes)


def notice(version: str, *accepts: str) -> model.Notice:
    return model.Notice(version, "We choose offers for you.", accepts)


def transactions(**changes: Any) -> Edits:
    return lambda policy: _with(policy, "datasets", "transactions", **changes)


def bought(**changes: Any) -> Edits:
    def edit(policy: Policy) -> Policy:
        columns = dict(policy.datasets["transactions"].columns)
        columns["bought"] = replace(columns["bought"], **changes)
        return _with(policy, "datasets", "transactions", columns=columns)

    return edit


def _with(policy: Policy, section: str, name: str, **changes: Any) -> Policy:
    things = dict(getattr(policy, section))
    things[name] = replace(things[name], **changes)
    return with_version(replace(policy, **{section: things}))


OPT_IN = model.RegimeBasis("eu", model.LegalBasis.CONSENT, model.Default.OPT_IN)
OPT_OUT = model.RegimeBasis("eu", model.LegalBasis.LEGITIMATE_INTERESTS, model.Default.OPT_OUT)
PUBLIC_INTEREST = model.RegimeBasis("eu", model.LegalBasis.PUBLIC_INTEREST, model.Default.OPT_OUT)
US = model.RegimeBasis("us-ca", model.LegalBasis.LEGITIMATE_INTERESTS, model.Default.OPT_OUT)

CLAIMS = model.RestrictedUse.LEGAL_CLAIMS
MONTHLY = model.Allowance(4.0, 1e-7, model.Period.MONTH)

NEEDED = (model.PurposeRetention("transactions", 30),)
MEANINGS: list[tuple[str, Edits, list[str]]] = [
    ("a larger most epsilon", release(epsilon_max=4.0), ["epsilon-max-raised"]),
    ("a smaller most epsilon", release(epsilon_max=2.0), ["epsilon-max-lowered"]),
    ("a larger default epsilon", release(epsilon_default=2.0), ["epsilon-default-raised"]),
    (
        "a larger allowance that renews sooner",
        release(allowance=model.Allowance(20.0, 1e-7, model.Period.DAY)),
        ["allowance-epsilon-raised", "allowance-period-shortened"],
    ),
    ("a larger bound of rows", release(rows=model.Bound(per_group="500")), ["bound-raised"]),
    (
        "rows bounded in another form",
        release(rows=model.Bound(norm="500")),
        ["bound-form-added", "bound-form-removed"],
    ),
    ("a bound written otherwise", release(rows=model.Bound(per_group="400.0")), ["written-otherwise"]),
    ("nothing to be summed any more", release(columns={}), ["summable-removed", "summable-removed"]),
    ("more groups a person", release(max_groups=31), ["max-groups-raised"]),
    ("a lower minimum age", purpose(minimum_age=16), ["minimum-age-lowered"]),
    ("a higher minimum age", purpose(minimum_age=21), ["minimum-age-raised"]),
    ("unknown ages refused", purpose(unknown_age=model.Unknown.REFUSE), ["unknown-age-closed"]),
    ("unknown ages let in", offers(unknown_age=model.Unknown.ADULT), ["unknown-age-opened"]),
    ("unknown places refused", purpose(unknown_place="refuse"), ["unknown-place-closed"]),
    ("unknown places let in", offers(unknown_place="eu"), ["unknown-place-opened"]),
    ("unknown places under as strict a law", purpose(unknown_place="us-ca"), ["unknown-place"]),
    ("sensitive rows never", offers(sensitive=model.SensitiveUse.NEVER), ["sensitive-closed"]),
    ("sensitive rows", purpose(sensitive=model.SensitiveUse.EXPLICIT_CONSENT), ["sensitive-opened"]),
    ("consents without end", offers(consent_days=None), ["consent-days-lengthened"]),
    ("shorter consents", offers(consent_days=30), ["consent-days-shortened"]),
    ("from opting out to opting in", purpose(bases={"eu": OPT_IN, "us-ca": US}), ["silence-closed"]),
    (
        "from opting in to opting out",
        offers(bases={"eu": OPT_OUT, "us-ca": replace(OPT_IN, regime="us-ca")}),
        ["silence-opened"],
    ),
    ("another basis, the same silence", purpose(bases={"eu": PUBLIC_INTEREST, "us-ca": US}), ["basis-changed"]),
    ("no basis in a place", purpose(bases={"eu": OPT_OUT}), ["basis-removed"]),
    ("another role", purpose(roles=("analyst", "marketer")), ["purpose-role-added"]),
    ("another recipient", offers(recipients=("hosting",)), ["purpose-recipient-added"]),
    (
        "a new notice under its version",
        purpose(notice=model.Notice("2027", "We count what is bought in our shops.")),
        ["notice-version"],
    ),
    ("a new notice under the old version", purpose(notice=model.Notice("2026-11", "Other.")), ["notice-text"]),
    ("a mask dropped", bought(mask=None), ["mask-removed"]),
    ("a coarser mask", bought(mask=model.Mask(model.MaskKind.YEAR, 0, ("loyalty-offers",))), ["mask-coarser"]),
    ("a column hidden", bought(mask=model.Mask(model.MaskKind.NULL, 0, ("loyalty-offers",))), ["mask-coarser"]),
    ("a mask for everybody", bought(mask=model.Mask(model.MaskKind.MONTH)), ["unmasked-for-removed"]),
    ("rows kept longer", transactions(retention_days=2000), ["retention-lengthened"]),
    ("rows kept for ever", transactions(retention_days=None), ["retention-lengthened"]),
    ("rows kept shorter", transactions(retention_days=20), ["retention-shortened"]),
    ("rows over for a purpose", purpose(retention=NEEDED), ["purpose-retention-shortened"]),
    ("nothing sensitive", transactions(sensitive_when=()), ["sensitive-value-removed"]),
    ("a key that belongs to nobody", transactions(determines_subject=()), ["determines-subject-removed"]),
    ("no instant", transactions(time=None), ["time-removed"]),
    ("another title", transactions(title="Receipts"), ["dataset-title"]),
    ("a minimum of people", release(minimum_group=50), ["minimum-group-raised"]),
    ("an allowance of a dataset", transactions(allowance=MONTHLY), ["dataset-allowance-added"]),
    ("a notice that accepts an earlier one", offers(notice=notice("1", "0")), ["notice-accepted-added"]),
    (
        "a new notice that accepts the old one",
        offers(notice=notice("2", "1")),
        ["notice-accepted-added", "notice-version"],
    ),
    ("another kind in the laws' words", purpose(kinds=("own_analytics", "profiling")), ["kind-added"]),
    ("no kind in the laws' words", purpose(kinds=()), ["kind-removed"]),
    ("a guardian's yes", offers(guardian=True), ["guardian-opened"]),
    ("nobody known to need care", purpose(vulnerable=model.VulnerableUse.NOT_IF_KNOWN), ["vulnerable-closed"]),
    ("only who is known not to need care", offers(vulnerable=model.VulnerableUse.NEVER), ["vulnerable-closed"]),
    (
        "going on while restricted",
        purpose(while_restricted=model.RestrictedUse.LEGAL_CLAIMS),
        ["while-restricted-opened"],
    ),
    ("mail to one's own customers", offers(soft_opt_in=True), ["soft-opt-in-opened"]),
    ("a reward for taking part", offers(loyalty=True), ["loyalty-opened"]),
    ("an estimated fact", members(estimated_facts=("jurisdiction",)), ["estimated-fact-added"]),
    ("a column of who needs care", members(vulnerable_column="care"), ["vulnerable-column"]),
    ("another establishment", regime(establishment="IE"), ["regime-establishment"]),
    ("an address to tell a recipient at", recipient(address="privacy@hosting.example"), ["recipient-address"]),
    ("what protects data there", recipient(safeguard="standard clauses"), ["recipient-safeguard"]),
    ("an allowance of each analyst", release(analyst_allowance=MONTHLY), ["analyst-allowance-added"]),
]


@pytest.mark.parametrize(("edit", "expected"), [case[1:] for case in MEANINGS], ids=[case[0] for case in MEANINGS])
def test_a_change_is_told_as_what_it_means(edit: Edits, expected: list[str]) -> None:
    assert [change.code for change in compare(sound(), edit(sound())).changes] == expected


def test_an_allowance_that_comes_grows_and_goes_is_told_with_its_amounts() -> None:
    def limited(allowance: model.Allowance | None) -> Policy:
        return _with(sound(), "people", "ana", allowance=allowance)

    small, larger = limited(MONTHLY), limited(model.Allowance(6.0, 1e-7, model.Period.DAY))

    assert [(each.kind, each.sentence) for each in compare(sound(), small).changes] == [
        (NARROW, "They may spend at most ε 4 (δ 1e-07) a month; what was spent in this period already counts.")
    ]
    assert [(each.code, each.sentence) for each in compare(small, larger).changes] == [
        ("person-allowance-epsilon-raised", "They may spend ε 6 in a period (before: 4)."),
        ("person-allowance-period-shortened", "What they may spend renews each day (before: each month)."),
    ]
    assert [(each.kind, each.sentence) for each in compare(small, sound()).changes] == [
        (WIDE, "They may spend as much as the wider limits allow (before: ε 4 (δ 1e-07) a month).")
    ]


def test_a_wider_category_is_told_with_the_columns_that_it_opens() -> None:
    wider = purpose(categories=("user.behavior.purchase_history", "user.financial", "user.demographic"))

    assert codes(sound(), wider(sound())) == [
        ("category-added", "purpose", "range-planning"),
        ("readable-column-added", "purpose", "range-planning"),
    ]
    assert [change.sentence for change in compare(sound(), wider(sound())).changes] == [
        "It may read demographic details (`user.demographic`).",
        "From `members` it may now read `born` and `income`.",
    ]


def test_a_category_within_one_that_may_be_read_opens_nothing() -> None:
    more = purpose(categories=("user.behavior.purchase_history", "user.financial", "user.financial.purchase"))

    assert codes(sound(), more(sound())) == [("written-otherwise", "purpose", "range-planning")]


def test_a_renamed_purpose_is_told_to_begin_anew() -> None:
    renamed = altered(sound(), ("purposes", "loyalty-offers", "name"))

    added, removed = (
        next(each for each in compare(sound(), renamed).changes if each.code == code)
        for code in ("purpose-added", "purpose-removed")
    )

    assert (added.kind, added.name) == (WIDE, "loyalty-offers-x")
    assert added.sentence == (
        "A new purpose: Choose offers. Its privacy ledger starts anew, at nothing spent, and nobody has said anything "
        "to it: neither a yes nor a no to a purpose of another name carries over. It looks like `loyalty-offers` "
        "renamed."
    )
    assert (removed.kind, removed.name) == (NARROW, "loyalty-offers")
    assert removed.sentence.endswith(" It looks like `loyalty-offers-x` renamed.")


def test_a_renamed_namespace_is_told_to_begin_anew() -> None:
    renamed = altered(sound(), ("namespaces", "household", "name"))

    told = {change.code: change.sentence for change in compare(sound(), renamed).changes}

    assert told["namespace-added"] == (
        "A new kind of subject: Household. Its privacy ledger starts anew, at nothing spent, and nobody of it has said "
        "anything: consents and refusals given under another name do not carry over. It looks like `household` renamed."
    )
    assert told.keys() == {"namespace-added", "namespace-removed"}


def test_a_change_of_silence_says_that_every_no_stands_and_sends_people_to_look() -> None:
    (change,) = compare(
        sound(), offers(bases={"eu": OPT_OUT, "us-ca": replace(OPT_IN, regime="us-ca")})(sound())
    ).changes

    assert change.sentence == (
        "Under `eu` it rests on our legitimate interests (before: the person's consent). Whoever has said nothing is "
        "included, until they object or opt out. Whoever said no stays out until they say yes."
    )
    assert change.look == "privacy officer; customer care, for whoever said no"


def test_a_new_notice_says_whether_a_yes_to_the_old_one_still_counts() -> None:
    told = {
        accepts: next(each.sentence for each in compare(sound(), changed).changes if each.code == "notice-version")
        for accepts in ("1", "0")
        for changed in [offers(notice=notice("2", accepts))(sound())]
    }

    assert told == {
        "1": "Its notice has version 2 (before: 1). A yes to 1 still counts; yeses to 2 from earlier days count again.",
        "0": "Its notice has version 2 (before: 1). Whoever consented to 1 is left out until they say yes to 2; yeses "
        "to 2 from earlier days count again.",
    }


def test_what_is_made_of_restricted_data_is_told_with_its_reason() -> None:
    claims = offers(while_restricted=CLAIMS)(sound())
    others = offers(while_restricted=model.RestrictedUse.RIGHTS_OF_OTHERS)(sound())

    told = [
        (each.kind, each.sentence)
        for old, new in ((sound(), claims), (claims, others), (others, sound()))
        for each in compare(old, new).changes
    ]

    assert told == [
        (WIDE, "It goes on with data whose use is restricted, for legal claims."),
        (
            NEUTRAL,
            "With data whose use is restricted it goes on to protect the rights of others (before: for legal claims).",
        ),
        (NARROW, "It stops with data whose use is restricted (before, it went on to protect the rights of others)."),
    ]


def test_the_laws_that_come_with_a_policy_are_no_part_of_what_is_compared() -> None:
    laws = Laws((Law("eu-gdpr", "the GDPR", draft=False, fields=()),))
    policy = replace(sound(), laws=laws)

    assert (policy == sound(), version_of(policy)) == (False, sound().version)
    assert compare(sound(), policy).changes == compare(policy, sound()).changes == ()


def test_a_place_under_another_law_is_wider_or_narrower_by_what_that_means_for_each_purpose() -> None:
    mixed = offers(bases={"eu": OPT_IN, "us-ca": US})(sound())
    moved = altered(mixed, ("regimes", "us-ca", "jurisdictions"), 1)
    moved = with_version(
        replace(moved, regimes=dict(moved.regimes) | {"eu": replace(moved.regimes["eu"], jurisdictions=("NO",))})
    )

    told = [(each.code, each.name, each.sentence) for each in compare(mixed, moved).changes if each.name == "DE"]

    assert told == [("place-opened", "DE", "Under `us-ca` (before: `eu`), more is allowed for `loyalty-offers`.")]


def test_a_recipient_that_moves_abroad_is_both_so_that_whoever_watches_for_widenings_sees_it() -> None:
    hosting = replace(sound().recipients["hosting"], country="US")
    moved = with_version(replace(sound(), recipients={"hosting": hosting}))

    assert [(each.code, each.kind, each.sentence) for each in compare(sound(), moved).changes] == [
        ("recipient-country-added", WIDE, "They are in US."),
        ("recipient-country-removed", NARROW, "They are not in DE any more."),
    ]


def test_the_json_counts_and_names_each_change_in_the_order_of_its_parts() -> None:
    told = compare(sound(), release(epsilon_max=4.0, max_cells=5)(purpose(title="Plan")(sound()))).to_json()

    assert json.loads(json.dumps(told)) == told
    assert told["counts"] == {"widening": 1, "narrowing": 1, "neutral": 1}
    changes = told["changes"]
    assert isinstance(changes, list)
    assert [(each["kind"], each["code"]) for each in changes] == [
        ("widening", "epsilon-max-raised"),
        ("narrowing", "max-cells-lowered"),
        ("neutral", "purpose-title"),
    ]
    assert {key for each in changes for key in each} == {"code", "kind", "part", "name", "sentence", "look"}


def test_a_summary_counts_in_words() -> None:
    assert compare(sound(), sound()).summary() == "no change"
    assert compare(sound(), release(epsilon_max=4.0, max_groups=40)(sound())).summary() == "2 widenings"
    assert compare(sound(), purpose(title="Plan", minimum_age=20)(sound())).summary() == "1 narrowing, 1 neutral"


def test_every_part_has_its_place_in_the_order() -> None:
    told = {each.part for path in EVERY_PATH for each in compare(sound(), altered(sound(), path)).changes}

    assert told == set(PARTS)
