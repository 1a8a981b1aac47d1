"""What becomes of every choice of a visitor at every standing of an account: a table, and what holds for all of it."""

from __future__ import annotations

from itertools import product

import pytest

from pellucid.consent.effect import NOTHING, Effect
from pellucid.consent.permitted import decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.standing import Standing
from pellucid.consent.visitor_join import Fate, afterwards, joined
from pellucid.consent.visitors import VisitorChoice
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose, Unknown
from tests.consent.conftest import CONSENT_EU, CONTRACT_EU, INTERESTS_EU, NOW, make_policy, make_purpose

EARLIER = NOW - 1_000
GIVE, WITHDRAW, OBJECT = ConsentVerb.GIVE, ConsentVerb.WITHDRAW, ConsentVerb.OBJECT
KNOWN = SubjectFacts("DE", 1980)
YES, NO = VisitorChoice(True, EARLIER, "1"), VisitorChoice(False, EARLIER, "1")
BY_SIGNAL = VisitorChoice(False, EARLIER, "1", signalled=True)
BASES = {"opt-in": CONSENT_EU, "opt-out": INTERESTS_EU, "no-choice": CONTRACT_EU}
NOES = {"opt-in": WITHDRAW, "opt-out": OBJECT, "no-choice": None}

TABLE: dict[tuple[str, VisitorChoice, bool | None], tuple[Fate, ConsentVerb | None]] = {
    ("opt-in", YES, True): (Fate.SAME, None),
    ("opt-in", YES, False): (Fate.REFUSED, None),
    ("opt-in", YES, None): (Fate.ASKS, None),
    ("opt-in", NO, True): (Fate.CLOSES, WITHDRAW),
    ("opt-in", NO, False): (Fate.SAME, None),
    ("opt-in", NO, None): (Fate.CLOSES, WITHDRAW),
    ("opt-in", BY_SIGNAL, True): (Fate.CLOSES, WITHDRAW),
    ("opt-in", BY_SIGNAL, False): (Fate.SAME, None),
    ("opt-in", BY_SIGNAL, None): (Fate.CLOSES, WITHDRAW),
    ("opt-out", YES, True): (Fate.SAME, None),
    ("opt-out", YES, False): (Fate.REFUSED, None),
    ("opt-out", YES, None): (Fate.ASKS, None),
    ("opt-out", NO, True): (Fate.CLOSES, OBJECT),
    ("opt-out", NO, False): (Fate.SAME, None),
    ("opt-out", NO, None): (Fate.CLOSES, OBJECT),
    ("opt-out", BY_SIGNAL, True): (Fate.CLOSES, OBJECT),
    ("opt-out", BY_SIGNAL, False): (Fate.SAME, None),
    ("opt-out", BY_SIGNAL, None): (Fate.CLOSES, OBJECT),
    ("no-choice", YES, True): (Fate.NOTHING, None),
    ("no-choice", YES, False): (Fate.NOTHING, None),
    ("no-choice", YES, None): (Fate.NOTHING, None),
    ("no-choice", NO, True): (Fate.NOTHING, None),
    ("no-choice", NO, False): (Fate.NOTHING, None),
    ("no-choice", NO, None): (Fate.NOTHING, None),
    ("no-choice", BY_SIGNAL, True): (Fate.NOTHING, None),
    ("no-choice", BY_SIGNAL, False): (Fate.NOTHING, None),
    ("no-choice", BY_SIGNAL, None): (Fate.NOTHING, None),
}
"""What silence means, the visitor's choice, the account's word: what becomes of the choice."""


def purpose(default: str, *, loyalty: bool = False) -> Purpose:
    return make_purpose("offers", BASES[default], loyalty=loyalty, unknown_age=Unknown.ADULT)


def policy(default: str) -> Policy:
    return make_policy(purpose(default))


def standing(default: str, said: bool | None, *, loyalty: bool = False) -> Standing:
    no = NOES[default]
    return Standing(
        purpose=purpose(default, loyalty=loyalty),
        basis=LegalBasis.CONSENT,
        default=Default.OPT_IN,
        used=False,
        why=(),
        said=said,
        yes=None if no is None else GIVE,
        no=no,
        asks_explicitly=False,
        signalled=False,
        since=None,
    )


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(product(BASES, (YES, NO, BY_SIGNAL), (True, False, None)))


@pytest.mark.parametrize("row", TABLE)
def test_what_becomes_of_a_choice(row: tuple[str, VisitorChoice, bool | None]) -> None:
    default, choice, said = row
    (found,) = joined({"offers": choice}, [standing(default, said)])

    assert (found.purpose, found.choice, found.fate, found.verb) == ("offers", choice, *TABLE[row])


@pytest.mark.parametrize("row", TABLE)
def test_joining_never_opens_anything_and_a_no_always_closes(row: tuple[str, VisitorChoice, bool | None]) -> None:
    """By what the register then decides, not by the table."""
    default, choice, said = row
    verb = {True: GIVE, False: NOES[default] or WITHDRAW, None: None}[said]
    earlier = [] if verb is None else [ConsentRecord("household", 0, "offers", verb, notice_version="1", at=EARLIER)]
    (found,) = joined({"offers": choice}, [standing(default, said)])
    new = [] if found.verb is None else [ConsentRecord("household", 0, "offers", found.verb, at=NOW)]

    before, after = (_effect(default, records) for records in (earlier, earlier + new))

    assert not before.narrows(after)  # nothing is readable after that was not before
    assert (after == NOTHING) or choice.yes or default == "no-choice"
    assert {each.verb for each in new} <= {WITHDRAW, OBJECT}


def _effect(default: str, records: list[ConsentRecord]) -> Effect:
    found = policy(default)
    return decide_subject(found, found.purposes["offers"], KNOWN, records, NOW).effect


@pytest.mark.parametrize("row", TABLE)
def test_no_yes_goes_on_in_the_browser_that_the_account_refused(row: tuple[str, VisitorChoice, bool | None]) -> None:
    default, choice, said = row
    goes_on = afterwards(joined({"offers": choice}, [standing(default, said)]), NOW)["offers"]

    refused = choice.yes and said is False and default != "no-choice"
    assert goes_on == (VisitorChoice(False, NOW, "1") if refused else choice)


def test_a_signal_does_not_override_a_programme_that_somebody_takes_part_in() -> None:
    """11 CCR 7025(c)(4): it is asked, by `consent.honour`."""
    fates = {
        (choice, said): joined({"offers": choice}, [standing("opt-in", said, loyalty=True)])[0].fate
        for choice, said in product((BY_SIGNAL, NO), (True, None))
    }

    assert fates == {
        (BY_SIGNAL, True): Fate.ASKS,
        (BY_SIGNAL, None): Fate.CLOSES,
        (NO, True): Fate.CLOSES,
        (NO, None): Fate.CLOSES,
    }


def test_a_purpose_that_is_gone_is_told_as_nothing() -> None:
    (found,) = joined({"gone": YES}, [standing("opt-in", None)])

    assert (found.fate, found.verb) == (Fate.NOTHING, None)
