"""What a visitor is offered, what of their word counts, and what their browser's signal takes away."""

from __future__ import annotations

import pytest

from pellucid.consent.screens import Mark, Screens
from pellucid.consent.signals import SignalReading, gpc_reading
from pellucid.consent.visitors import Offered, VisitorChoice, Wish, chosen, offered, with_noes
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Policy, Unknown
from tests.consent.conftest import CONSENT_EU, CONTRACT_EU, DAY, INTERESTS_EU, NOW, make_policy, make_purpose

QUIET, GPC = SignalReading("gpc"), gpc_reading("1")
LIKE_ANYBODY = {"unknown_place": "gdpr", "unknown_age": Unknown.ADULT}


def policy() -> Policy:
    return make_policy(
        make_purpose("offers", CONSENT_EU, consent_days=30, kinds=("targeted_advertising",), **LIKE_ANYBODY),
        make_purpose("planning", INTERESTS_EU, **LIKE_ANYBODY),
        make_purpose("delivery", CONTRACT_EU, **LIKE_ANYBODY),
        make_purpose("abroad", CONSENT_EU, unknown_age=Unknown.ADULT),
        make_purpose("for-adults", CONSENT_EU, unknown_place="gdpr"),
    )


def said(*, reading: SignalReading = QUIET, now: int = NOW, **choices: VisitorChoice) -> dict[str, bool | None]:
    return {each.purpose.name: each.said for each in offered(policy(), choices, reading, now)}


def said_of(choices: dict[str, VisitorChoice]) -> dict[str, bool | None]:
    return {each.purpose.name: each.said for each in offered(policy(), choices, QUIET, NOW)}


def choose(
    wishes: dict[str, Wish], reading: SignalReading = QUIET, **before: VisitorChoice
) -> dict[str, VisitorChoice]:
    return chosen(policy(), before, wishes, reading, NOW, screen="widget", language="en")


def test_a_visitor_is_offered_what_a_yes_of_somebody_unknown_would_open_and_nothing_is_chosen() -> None:
    """Not what offers no choice, nor what takes knowing where or how old somebody is."""
    assert said() == {"offers": None, "planning": None}


@pytest.mark.parametrize("yes", [True, False])
def test_what_a_visitor_said_is_their_word(yes: bool) -> None:
    assert said(offers=VisitorChoice(yes, NOW, "1")) == {"offers": yes, "planning": None}


def test_a_yes_ends_with_its_days_and_with_its_notice_and_a_no_does_not() -> None:
    after, yes, no = NOW + 30 * DAY, VisitorChoice(True, NOW, "1"), VisitorChoice(False, NOW, "1")

    assert said(offers=yes, now=after - 1)["offers"] is True
    assert said(offers=yes, now=after)["offers"] is None
    assert said(offers=VisitorChoice(True, NOW, "0"))["offers"] is None
    assert said(offers=no, now=100 * after)["offers"] is False


def test_a_signal_is_a_no_to_what_it_concerns_and_to_nothing_else() -> None:
    found = offered(policy(), {}, GPC, NOW)

    assert found == (
        Offered(policy().purposes["offers"], False, signalled=True, blocked=True),
        Offered(policy().purposes["planning"], None),
    )


def test_a_signal_takes_a_yes_away_as_long_as_it_is_sent() -> None:
    yes = VisitorChoice(True, NOW, "1")

    assert said(offers=yes, reading=GPC)["offers"] is False
    assert said(offers=yes)["offers"] is True


def test_choosing_keeps_what_was_shown_and_what_else_was_chosen() -> None:
    no = VisitorChoice(False, NOW - DAY, "1", "page", "de")

    assert choose({"offers": Wish(True, "1")}, planning=no) == {
        "offers": VisitorChoice(True, NOW, "1", "widget", "en"),
        "planning": no,
    }


def test_what_a_signal_closes_stays_closed_when_it_is_gone_until_a_yes_without_it() -> None:
    kept = choose({"planning": Wish(False)}, GPC, offers=VisitorChoice(True, NOW - DAY, "1"))

    assert kept["offers"] == VisitorChoice(False, NOW, "1", "widget", "en", signalled=True)
    assert said_of(kept) == {"offers": False, "planning": False}
    assert said_of(choose({"offers": Wish(True, "1")}, QUIET, **kept))["offers"] is True


def test_a_no_of_their_own_stays_theirs_under_a_signal() -> None:
    own = VisitorChoice(False, NOW - DAY, "1")

    assert choose({}, GPC, offers=own) == {"offers": own}


def test_a_yes_against_the_signal_is_refused() -> None:
    with pytest.raises(InputInvalid, match="Your browser says no to 'Offers' for you") as refused:
        choose({"offers": Wish(True, "1")}, GPC)
    assert refused.value.code == "choice-signalled"


def test_a_yes_needs_the_notice_in_force_and_a_no_needs_none() -> None:
    with pytest.raises(InputInvalid, match="needs its current notice: got version '', allowed '1'"):
        choose({"offers": Wish(True)})
    assert choose({"offers": Wish(False)})["offers"].notice_version == "1"


@pytest.mark.parametrize("name", ["delivery", "abroad", "nothing"])
def test_what_is_not_offered_cannot_be_chosen(name: str) -> None:
    with pytest.raises(NameUnknown, match=name):
        choose({name: Wish(False)})


def test_a_purpose_that_is_gone_is_forgotten_at_the_next_choice() -> None:
    assert choose({}, gone=VisitorChoice(True, NOW, "1")) == {}


@pytest.mark.parametrize("state", ["doubtful", "invalidated"])
def test_a_yes_through_a_screen_found_wanting_does_not_count_and_a_no_does(state: str) -> None:
    doubted = Screens({"dark": Mark(state, "the no is grey on grey", "pia", NOW, NOW - DAY)})
    choices = {
        "offers": VisitorChoice(True, NOW, "1", "dark"),
        "planning": VisitorChoice(False, NOW, "1", "dark"),
    }
    found = {each.purpose.name: each.said for each in offered(policy(), choices, QUIET, NOW, doubted)}

    assert found == {"offers": None, "planning": False}


def test_a_yes_of_before_the_doubt_counts_until_the_screen_is_void() -> None:
    choices = {"offers": VisitorChoice(True, NOW - 2 * DAY, "1", "dark")}
    found = [
        offered(policy(), choices, QUIET, NOW, Screens({"dark": Mark(state, "", "pia", NOW, NOW - DAY)}))[0].said
        for state in ("doubtful", "invalidated")
    ]

    assert found == [True, None]


def test_every_no_of_two_browsers_counts_and_a_yes_only_of_the_one_that_goes_on() -> None:
    yes, no, later = VisitorChoice(True, NOW), VisitorChoice(False, NOW), VisitorChoice(False, NOW + 1)

    assert with_noes({"a": yes, "b": no, "c": yes}, {"a": no, "b": later, "d": no, "e": yes}) == {
        "a": no,
        "b": no,
        "c": yes,
        "d": no,
    }
