"""The catalogues of words: categories, reasons, the schema for editors, and the explanation of a purpose."""

# ruff: noqa: E501 (whole sentences are compared)

from __future__ import annotations

import re
import string
from dataclasses import replace
from pathlib import Path

import pytest

import pellucid.policy
from pellucid.errors import NameUnknown
from pellucid.policy.categories import CATEGORIES, SPECIAL, is_within, nearest, title
from pellucid.policy.decide import decide
from pellucid.policy.documents import json_schema
from pellucid.policy.explain import explain_purpose
from pellucid.policy.model import (
    Allowance,
    Mask,
    MaskKind,
    Notice,
    Period,
    Policy,
    RestrictedUse,
    Unknown,
    VulnerableUse,
)
from pellucid.policy.reasons import CATALOGUE, USE, customer_sentence, reason

FIELDS = string.Formatter()


def fields_of(template: str) -> set[str]:
    return {name for _, name, _, _ in FIELDS.parse(template) if name}


def test_the_tree_has_no_gaps() -> None:
    for key in (*CATEGORIES, *SPECIAL):
        parts = key.split(".")
        assert all(".".join(parts[:end]) in CATEGORIES for end in range(1, len(parts)))
        assert title(key)


def test_a_category_is_within_itself_and_its_ancestors_only() -> None:
    assert is_within("user.demographic.income", "user.demographic")
    assert is_within("user.demographic", "user.demographic")
    assert not is_within("user.demographic", "user.demographic.income")
    assert not is_within("user.demographics", "user.demographic")
    assert [key for key in CATEGORIES if is_within(key, "system")] == [
        "system",
        "system.authentication",
        "system.operations",
    ]


@pytest.mark.parametrize(
    ("got", "meant"),
    [
        ("user.behaviour.purchase_history", "user.behavior.purchase_history"),
        ("income", "user.demographic.income"),
        ("usr.contact.email", "user.contact.email"),
        ("quux", None),
    ],
)
def test_the_nearest_category_is_suggested(got: str, meant: str | None) -> None:
    assert nearest(got) == meant


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_reason_has_words_that_format(code: str) -> None:
    sentences = CATALOGUE[code]
    fields = fields_of(sentences.staff) | fields_of(sentences.remedy)

    made = reason(code, **{name: "{strange}" if name != "why" else "{strange}." for name in fields})

    assert re.fullmatch(r"[a-z][a-z_-]*", made.code)
    assert made.message.endswith((".", "?"))
    assert fields_of(sentences.customer) == set()
    assert customer_sentence(code).endswith(".")


def test_an_unknown_reason_or_a_missing_field_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError, match="no-such-code"):
        reason("no-such-code")
    with pytest.raises(KeyError, match="actor"):
        reason("person-unknown")


def test_customers_are_not_told_what_others_found_out_about_them() -> None:
    sentences = {
        customer_sentence(code) for code in ("minor", "vulnerable", "restricted", "unknown-age", "unknown-place")
    }

    assert sentences == {"Your data are not used for this purpose at the moment."}


def test_every_reason_of_a_use_is_given_somewhere() -> None:
    source = Path(decide.__code__.co_filename).read_text()
    given = set(re.findall(r'reason\(\s*"([a-z-]+)"', source))

    assert given == set(USE)


def test_every_key_of_the_schema_is_described() -> None:
    schema = json_schema()
    undescribed = [
        (name, key)
        for name, definition in [("file", schema), *schema["$defs"].items()]
        for key, described in definition.get("properties", {}).items()
        if not described.get("description")
    ]

    assert undescribed == []
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["PurposeDocument"]["required"][:3] == ["title", "description", "notice"]


def test_a_purpose_is_explained_in_plain_sentences(sound: Policy) -> None:
    said = explain_purpose(sound, "range-planning")

    assert said.split("\n\n") == [
        "Decide which products our shops carry (`range-planning`)",
        "We count what is bought.",
        "WHY IT IS LAWFUL",
        "Under the GDPR, that is in DE and NO, it rests on our legitimate interests. "
        "Whoever has said nothing is included, until they object or opt out.",
        "Under the CCPA, that is in US-CA, it rests on our legitimate interests. "
        "Whoever has said nothing is included, until they object or opt out.",
        "In the laws' words it is `own_analytics`. Where a law that we signed off asks for more than is said here, the law "
        "holds.",
        "WHOSE DATA ARE LEFT OUT",
        "If it is not known where somebody lives, they are treated as if the GDPR applied to them.",
        "People younger than 18 are left out; somebody whose age is not known counts as an adult.",
        "People who were erased are always left out, and so are those whose data may only be stored (GDPR Art. 18), unless "
        "they agree to this use all the same.",
        "WHAT IT MAY READ",
        "From `baskets` (Baskets): purchases (`basket_id`). `household_id` may be counted and joined on, but not read.",
        "From `habits` (How often each household buys): purchases (`visits`). `household_id` may be counted and joined on, "
        "but not read.",
        "From `transactions` (Purchases): purchases (`bought`, `basket_id`, `product_id` and `quantity`); amounts paid "
        "(`sales_value`). Not shown as they are: `bought` is cut to the month. Rows older than 1,095 days (by `bought`) are "
        "not read. After an erasure, rows of fewer than 365 days are kept unread (Tax law). Rows whose `product_category` "
        "in `products` is ANTACIDS, or is not known, may reveal health: they are never read.",
        "`products` holds nothing about people and may be read in full.",
        "WHAT IT MAY NOT READ",
        "Nothing at all in `members` (Members).",
        "What is not named above cannot be read: a question that touches it anywhere is refused.",
        "WHO MAY ASK",
        "People with the role Analyst. At present: Ana.",
        "HOW ANSWERS LEAVE",
        "Only counts, sums and averages over groups leave, never a row. Each is blurred with random noise, so that an "
        "answer hardly depends on whether any one person's data were in it (differential privacy).",
        "A question spends a privacy loss of ε 1 unless it asks for another, at most ε 3. This purpose may spend ε 12 "
        "(δ 1e-07) a calendar month; then it waits for the next one. All purposes together may spend at most ε 24 "
        "(δ 1e-06) a calendar year on each household.",
        "So that noise can hide anybody, one person is counted in at most 30 groups. In each group one person adds at most "
        "400 rows and 300 of `quantity` (and no less than -10). Over all groups together, measured as the root of the sum "
        "of squares, one person adds at most 4000.50 of `sales_value`. Where less noise is needed so, 20 rows a month and "
        "5 rows a month and group of one person count, drawn at random. What goes beyond is cut off before it is added up.",
        "Only `quantity` and `sales_value` can be summed. An answer has at most 10,000 cells, and groups that are not "
        "publicly known appear only if enough people are in them.",
        "WHO RECEIVES ANSWERS",
        "our hosting company (processor, DE).",
        "WHAT CUSTOMERS ARE TOLD (NOTICE 2026-11)",
        "We count what is bought in our shops.\n",
    ]


def test_consent_refusals_and_masks_are_explained(sound: Policy) -> None:
    born = replace(sound.datasets["members"].columns["born"], mask=Mask(MaskKind.NULL))
    members = replace(sound.datasets["members"], columns={**sound.datasets["members"].columns, "born": born})
    offers = replace(
        sound.purposes["loyalty-offers"],
        bases={"eu": sound.purposes["loyalty-offers"].bases["eu"]},
        unknown_age=Unknown.REFUSE,
    )
    changed = replace(sound, datasets={**sound.datasets, "members": members}, purposes={"loyalty-offers": offers})

    said = explain_purpose(changed, "loyalty-offers").split("\n\n")

    assert "It has no basis under the CCPA, so people there are left out." in said
    assert "A consent runs out after 730 days." in said
    assert "People whose place of residence is not known are left out." in said
    assert "People younger than 18 are left out, and so is everybody whose age is not known." in said
    assert "Nobody outside Grocer." in said
    assert any("`born` is hidden altogether" in paragraph for paragraph in said)
    assert any(paragraph.endswith("only with the person's explicit consent.") for paragraph in said)


def test_what_laws_and_protection_make_of_a_purpose_is_explained(sound: Policy) -> None:
    planning = replace(
        sound.purposes["range-planning"],
        notice=Notice("3", "We count.", ("1", "2")),
        kinds=("share", "marketing_email_sms"),
        guardian=True,
        vulnerable=VulnerableUse.NEVER,
        while_restricted=RestrictedUse.LEGAL_CLAIMS,
        soft_opt_in=True,
        loyalty=True,
    )
    regimes = {**sound.regimes, "us-ca": replace(sound.regimes["us-ca"], establishment="IE")}
    changed = replace(sound, regimes=regimes, purposes={"range-planning": planning})

    before = explain_purpose(sound, "range-planning").split("\n\n")
    added = [words for words in explain_purpose(changed, "range-planning").split("\n\n") if words not in before]

    assert added == [
        "Under the CCPA, that is in US-CA, it rests on our legitimate interests. Whoever has said nothing is included, "
        "until they object or opt out. People there are served from IE.",
        "A yes to an earlier notice (1 and 2) still counts: this one differs in nothing that matters.",
        "In the laws' words it is `share` and `marketing_email_sms`. Where a law that we signed off asks for more than is "
        "said here, the law holds.",
        "It is mail to our own customers and meets all conditions for it (ePrivacy Directive Art. 13(2)): where a law says "
        "so, whoever has said nothing is included, until they object.",
        "Taking part is rewarded: whoever takes part is asked before a browser's signal ends it for them.",
        "People younger than 18 are left out; somebody whose age is not known counts as an adult. For those known to be "
        "younger a guardian's yes opens it.",
        "People who need special care are left out, and so is everybody of whom nobody knows whether they do.",
        "People who were erased are always left out. Those whose data may only be stored (GDPR Art. 18) are not, because "
        "it serves legal claims.",
        "WHAT CUSTOMERS ARE TOLD (NOTICE 3)",
        "We count.\n",
    ]


def test_people_known_to_need_care_are_said_to_be_left_out(sound: Policy) -> None:
    planning = replace(sound.purposes["range-planning"], vulnerable=VulnerableUse.NOT_IF_KNOWN)
    changed = replace(sound, purposes={"range-planning": planning})

    assert "People who are known or thought to need special care are left out." in explain_purpose(
        changed, "range-planning"
    ).split("\n\n")


def test_allowances_within_that_of_the_purpose_are_explained(sound: Policy) -> None:
    own = Allowance(3.0, 1e-8, Period.MONTH)
    planning = sound.purposes["range-planning"]
    changed = replace(
        sound,
        purposes={"range-planning": replace(planning, release=replace(planning.release, analyst_allowance=own))},
        datasets={**sound.datasets, "baskets": replace(sound.datasets["baskets"], allowance=own)},
        people={**sound.people, "ana": replace(sound.people["ana"], allowance=own)},
    )

    assert (
        "Each person who asks may spend at most ε 3 (δ 1e-08) a calendar month of it. All purposes together may spend at "
        "most ε 3 (δ 1e-08) a calendar month on `baskets`. Ana may spend at most ε 3 (δ 1e-08) a calendar month, over all "
        "purposes."
    ) in explain_purpose(changed, "range-planning").split("\n\n")


def test_a_minimum_of_people_is_explained(sound: Policy) -> None:
    planning = sound.purposes["range-planning"]
    rule = replace(planning.release, minimum_group=50)
    changed = replace(sound, purposes={"range-planning": replace(planning, release=rule)})

    assert (
        "Figures of groups with fewer than 50 people, by a blurred count of these, are not shown: a group of about that "
        "size may be shown or not."
    ) in explain_purpose(changed, "range-planning").split("\n\n")


def test_an_unknown_purpose_cannot_be_explained(sound: Policy) -> None:
    with pytest.raises(
        NameUnknown, match=r"^There is no purpose 'curiosity'\. Known: loyalty-offers, range-planning\.$"
    ):
        explain_purpose(sound, "curiosity")


def test_every_module_of_the_package_says_what_it_is_for() -> None:
    folder = Path(pellucid.policy.__file__).parent
    silent = [path.name for path in folder.rglob("*.py") if not path.read_text().startswith('"""')]

    assert silent == []
