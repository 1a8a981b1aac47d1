"""How data were used is told in plain words, as far as it is known, page by page, and nothing about others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from pellucid.errors import InputInvalid
from pellucid.policy.model import RegimeBasis
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.transparency.told_uses import Group
from pellucid.transparency.use_index import catch_up
from tests.consent.conftest import CONTRACT_EU, INTERESTS_EU, OPT_OUT_US, PIA, make_purpose
from tests.transparency.made_log import FEED_READER, MadeLog

ALICE, BOB, CLEO = range(3)


@pytest.fixture
def made(control: Database) -> MadeLog:
    """Alice and Bob have baskets; Cleo has none."""
    found = MadeLog(control)
    found.publish("baskets", {ALICE, BOB})
    return found


def told(groups: tuple[Group, ...]) -> list[tuple[str, str, int]]:
    return [(group.alike.sort, group.alike.action, group.times) for group in groups]


def test_a_use_is_told_with_purpose_role_columns_form_and_a_band_of_people(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets", "stores", people={"baskets": "between 2,000 and 3,000"})
    (group,) = made.page_of(ALICE).groups
    assert group.to_json() == {
        "sort": "used",
        "month": "2026-06",
        "action": "query.released",
        "what": "Figures about many people were worked out, blurred, and told.",
        "form": "with random noise, so that no single person shows",
        "purpose": "Loyalty",
        "by": "Analyst",
        "known": "Your rows could have been counted.",
        "data": ("Baskets",),
        "columns": ("Baskets: The amount", "Baskets: household"),
        "others": {"Baskets": "between 2,000 and 3,000"},
        "times": 1,
        "first": "2026-06-01T12:02:00Z",
        "last": "2026-06-01T12:02:00Z",
        "entry": 0,
    }


def test_only_columns_of_data_in_which_they_have_rows_are_theirs(made: MadeLog) -> None:
    made.publish("letters", {BOB})
    made.use("insight.released", "loyalty", "baskets", "letters")
    assert [group.alike.data for group in made.page_of(ALICE).groups] == [("Baskets",)]
    assert [group.alike.data for group in made.page_of(BOB).groups] == [("Baskets", "Letters")]
    assert made.page_of(CLEO).groups == ()


def test_who_is_told_something_is_told_nothing_of_what_others_did(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets")
    made.say(ALICE, "object", "loyalty")
    before = made.page_of(ALICE).to_json()
    for leave in (lambda: made.say(BOB, "restrict"), lambda: made.log("consent.shown", subject=BOB)):
        leave()
    made.log("access.package-made", subject=CLEO)
    made.link(BOB, CLEO)
    made.erase(CLEO)
    assert made.page_of(ALICE).to_json() == before


def test_two_people_of_whom_the_same_is_true_are_told_the_same(made: MadeLog) -> None:
    for purpose in ("loyalty", "delivery", "loyalty"):
        made.use("query.released", purpose, "baskets", people={"baskets": "fewer than 20 people"})
        made.use("query.refused", purpose, stamped=False, reasons=["purpose-not-permitted"])
    assert made.page_of(ALICE).to_json() == made.page_of(BOB).to_json()


def test_while_their_no_stood_they_were_left_out_and_before_and_after_not(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets")
    made.say(ALICE, "restrict")
    made.use("insight.released", "loyalty", "baskets")
    made.say(ALICE, "lift")
    made.use("query.failed", "loyalty", "baskets", stamped=False)
    page = made.page_of(ALICE)
    assert (told(page.groups), page.left_out) == (
        [
            ("used", "query.failed", 1),
            ("about-you", "consent.lift", 1),
            ("about-you", "consent.restrict", 1),
            ("used", "query.released", 1),
        ],
        1,
    )


def test_all_identities_that_are_certainly_theirs_count(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets")
    assert told(made.page_of(CLEO).groups) == []
    made.link(BOB, CLEO)
    assert told(made.page_of(CLEO).groups) == [("used", "query.released", 1)]


@pytest.mark.parametrize(("elsewhere", "left_out"), [(CONTRACT_EU, 0), (INTERESTS_EU, 1)])
def test_a_no_that_would_not_have_counted_elsewhere_is_not_said_to_have_kept_them_out(
    control: Database, elsewhere: RegimeBasis, left_out: int
) -> None:
    """They live in the US now; where they lived when the question was asked, nobody knows."""
    made = MadeLog(control)
    purpose = make_purpose("mixed", elsewhere, OPT_OUT_US)
    made.policy = replace(made.policy, purposes={**made.policy.purposes, "mixed": purpose})
    made.publish("baskets", {ALICE})
    made.say(ALICE, "opt_out", "mixed")
    made.use("query.released", "mixed", "baskets")
    with control.write() as connection:  # where the no counts, whatever it did before
        connection.execute(update(subjects).values(jurisdiction="US"))
    assert made.page_of(ALICE).left_out == left_out


def test_figures_that_are_told_again_counted_whom_they_counted_the_first_time(made: MadeLog) -> None:
    first = made.use("query.released", "loyalty", "baskets", people={"baskets": "between 30 and 50"})
    catch_up(made.database)
    made.use("query.repeated", "loyalty", "baskets", of=first)
    again, once = made.page_of(ALICE).groups
    assert (again.alike.action, again.alike.others) == ("query.repeated", once.alike.others)


def test_what_people_said_is_told_when_it_was_in_a_page_of_the_feed(made: MadeLog) -> None:
    made.say(ALICE, "object", "loyalty")
    made.say(BOB, "object", "loyalty")
    made.log("consent.changes-shown", FEED_READER, after=1, until=2, number=1)
    made.log("consent.changes-shown", FEED_READER, after=0, until=1, number=1)
    group = made.page_of(ALICE).groups[0]
    assert (group.alike.sort, group.times, group.alike.known) == ("choices", 1, "What you said was in it.")


def test_refused_uses_are_told_with_a_reason_and_without_anybodys_data(made: MadeLog) -> None:
    made.use("query.refused", "loyalty", stamped=False, reasons=["column-not-permitted"])
    (group,) = made.page_of(CLEO).groups
    assert (group.alike.sort, group.alike.known, group.alike.data) == (
        "refused",
        "The purpose does not allow these data.",
        (),
    )


def test_recipients_are_those_of_purposes_under_which_they_could_have_been_counted(made: MadeLog) -> None:
    made.use("query.released", "delivery", "baskets")
    assert made.page_of(ALICE).given == ()
    made.use("query.released", "loyalty", "baskets")
    assert made.page_of(ALICE).given == (
        {"recipient": "A partner", "country": "FR", "kind": "third_party", "purposes": ["Loyalty"]},
    )


def test_pages_show_everything_once_whatever_happens_meanwhile(made: MadeLog) -> None:
    for number in range(7):
        made.tick(days=31)
        made.use("query.released", ("loyalty", "delivery")[number % 2], "baskets")
    whole, seen, cursor = made.page_of(ALICE).groups, [], None
    while True:
        page = made.page_of(ALICE, cursor=cursor, limit=3)
        seen += [group.entry for group in page.groups]
        made.use("query.released", "loyalty", "baskets")  # a group that was shown grows
        if page.next is None:
            break
        cursor = page.next
    assert seen == [group.entry for group in whole]
    assert made.page_of(ALICE, since=made.now).groups[0].times == 1


@pytest.mark.parametrize("cursor", ["", "7", "x-1", "9999-1", "1-1", "-", "1-2", "٣-١", "1-0-"])
def test_a_cursor_that_was_never_given_opens_nothing(made: MadeLog, cursor: str) -> None:
    made.log("policy.checked", PIA)
    with pytest.raises(InputInvalid, match=r"^This opens no page\."):
        made.page_of(ALICE, cursor=cursor)


def test_a_page_of_no_groups_or_endless_many_is_refused(made: MadeLog) -> None:
    with pytest.raises(InputInvalid, match=r"^A page has 1 to 500 groups: got 0\."):
        made.page_of(ALICE, limit=0)


def test_uses_of_one_purpose_leave_out_all_others_and_count_only_its_own(made: MadeLog) -> None:
    made.use("query.released", "loyalty", "baskets")
    made.use("query.released", "delivery", "baskets")
    made.use("query.refused", "delivery", stamped=False, reasons=["purpose-not-permitted"])
    made.say(ALICE, "object", "loyalty")
    made.use("query.released", "loyalty", "baskets")
    pages = {name: made.page_of(ALICE, purpose=name) for name in ("loyalty", "delivery")}

    assert {name: (sorted(told(page.groups)), page.left_out) for name, page in pages.items()} == {
        "loyalty": ([("about-you", "consent.object", 1), ("used", "query.released", 1)], 1),
        "delivery": ([("refused", "query.refused", 1), ("used", "query.released", 1)], 0),
    }
