"""Each law counts its own way; the first date holds, and what one law allows never moves another's date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import InputInvalid
from pellucid.regulations.combine import floor_beats_ceiling
from pellucid.regulations.counting import add_business_days, add_months, check_calendar
from pellucid.regulations.deadlines import Circumstances, Pause, due, due_at, dues, earliest, longest_wait
from pellucid.regulations.duties import months_to_keep_requests
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Combine, Laws

from .conftest import TODAY, figure, law, packs

EU, UK, CA = shipped()["eu-gdpr"], shipped()["uk-gdpr"], shipped()["us-ca-ccpa"]
DAYS = st.dates(date(2026, 3, 1), date(2035, 1, 1))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
        (date(2026, 9, 3), 1, date(2026, 10, 3)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 31), 0, date(2026, 1, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_a_month_ends_on_the_same_date_or_on_the_last_day(start: date, months: int, end: date) -> None:
    assert add_months(start, months) == end


@given(DAYS, st.integers(0, 60))
def test_months_never_skip_one(day: date, months: int) -> None:
    later = add_months(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


def test_business_days_leave_out_thanksgiving_and_the_day_after() -> None:
    wednesday = date(2026, 11, 25)

    assert add_business_days(wednesday, 1, "US-CA") == date(2026, 11, 30)
    assert add_business_days(wednesday, 15, "US-CA") == date(2026, 12, 18)
    assert add_business_days(wednesday, 1, None) == date(2026, 11, 26)
    assert add_business_days(date(2026, 7, 2), 1, "US-CA") == date(2026, 7, 6)


@given(DAYS, st.integers(1, 30))
def test_holidays_never_make_a_limit_shorter_than_weekends_alone(day: date, count: int) -> None:
    plain = add_business_days(day, count, None)

    assert plain <= add_business_days(day, count, "US-CA")
    assert plain.weekday() < 5


def test_a_place_without_known_holidays_is_refused() -> None:
    with pytest.raises(InputInvalid, match="public holidays of 'QQ-XX' are not known"):
        check_calendar("QQ-XX")
    with pytest.raises(InputInvalid, match="public holidays of 'US-XX' are not known"):
        check_calendar("US-XX")


@pytest.mark.parametrize("name", shipped())
def test_every_calendar_of_a_pack_is_known(name: str) -> None:
    for held in shipped()[name].figures("deadlines.calendar"):
        if held.value is not None:
            check_calendar(str(held.value))


def test_each_law_has_its_own_date_and_the_first_holds() -> None:
    received = date(2026, 11, 25)

    found = dues((EU, UK, CA), "respond", received)

    assert [(one.law, one.date) for one in found] == [
        ("eu-gdpr", date(2026, 12, 25)),
        ("uk-gdpr", date(2026, 12, 25)),
        ("us-ca-ccpa", date(2027, 1, 9)),
    ]
    assert earliest((CA, EU), "respond", received) == found[0]
    assert (found[0].cite, found[0].rule) == ("Art. 12(3)", "1 month from 2026-11-25")
    assert earliest((EU, UK), "opt_out_sale_share", received) is None


def test_california_acknowledges_in_business_days() -> None:
    found = due(CA, "acknowledge", date(2026, 11, 25))

    assert found is not None
    assert (found.date, found.verified) == (date(2026, 12, 11), False)
    assert found.rule == "10 business days from 2026-11-25, holidays of US-CA"
    assert due(CA, "acknowledge", date(2026, 11, 25), Circumstances(right="opt_out")) is None


def test_an_extension_of_one_law_does_not_move_another() -> None:
    received = date(2026, 11, 30)
    extended = Circumstances(extended=True)
    unextendable = law("other", ("DE",), deadlines__respond=figure(45, details=(("unit", "calendar_days"),)))

    assert [(one.law, one.date) for one in dues((EU, CA, unextendable), "respond", received, extended)] == [
        ("other", date(2027, 1, 14)),
        ("eu-gdpr", date(2027, 2, 28)),
        ("us-ca-ccpa", date(2027, 2, 28)),
    ]
    one = due(EU, "respond", received, extended)
    assert one is not None
    assert one.rule == "3 months from 2026-11-30, 2 of them an extension (Art. 12(3))"
    assert due(EU, "refusal_notice", received, extended) == due(EU, "refusal_notice", received)


def test_an_unverified_extension_is_not_taken() -> None:
    received = date(2026, 11, 30)

    assert due(shipped()["us-co-cpa"], "respond", received, Circumstances(extended=True)) == due(
        shipped()["us-co-cpa"], "respond", received
    )


def test_an_extension_never_goes_beyond_the_whole_time_allowed() -> None:
    days = (("unit", "calendar_days"),)
    extension = figure(60, details=(("max_total", 75), *days))
    one = law("one", ("DE",), deadlines__respond=figure(30, details=days), deadlines__extension=extension)

    found = due(one, "respond", date(2026, 11, 1), Circumstances(extended=True))

    assert found is not None
    assert found.date == date(2026, 11, 1) + timedelta(days=75)


def test_an_unverified_start_or_a_pause_that_is_doubted_moves_nothing() -> None:
    starts = (("starts_on", "identity_or_fee"), ("unit", "calendar_days"))
    later = law("later", ("DE",), deadlines__respond=figure(30, verified=False, details=starts))
    days = (("unit", "calendar_days"),)
    respond = figure(30, details=days)
    doubted = law("doubted", ("DE",), deadlines__respond=respond, deadlines__pause=figure(True, verified=False))
    denied = law("denied", ("DE",), deadlines__respond=respond, deadlines__pause=(figure(True), figure(False)))
    moved = Circumstances(identity_shown=date(2026, 11, 20), pauses=(Pause(date(2026, 11, 3), date(2026, 11, 9)),))

    found = dues((later, doubted, denied), "respond", date(2026, 11, 1), moved)

    assert {one.date for one in found} == {date(2026, 12, 1)}
    assert len(found) == 3


def test_only_british_access_requests_pause_and_only_once_a_day() -> None:
    received = date(2026, 11, 2)
    pauses = (
        Pause(date(2026, 11, 10), date(2026, 11, 14)),
        Pause(date(2026, 11, 12), date(2026, 11, 16)),
        Pause(TODAY),
    )
    asked = Circumstances(right="access", pauses=pauses)

    assert [(one.law, one.date) for one in dues((EU, UK, CA), "respond", received, asked)] == [
        ("eu-gdpr", date(2026, 12, 2)),
        ("uk-gdpr", date(2026, 12, 8)),
        ("us-ca-ccpa", date(2026, 12, 17)),
    ]
    other = due(UK, "respond", received, Circumstances(right="erasure", pauses=pauses))
    assert other is not None
    assert other.date == date(2026, 12, 2)


def test_identity_and_fee_move_the_start_in_britain_only() -> None:
    received = date(2026, 11, 2)
    shown = Circumstances(identity_shown=date(2026, 11, 9), fee_paid=date(2026, 11, 11))

    assert [(one.law, one.date) for one in dues((EU, UK, CA), "respond", received, shown)] == [
        ("eu-gdpr", date(2026, 12, 2)),
        ("uk-gdpr", date(2026, 12, 11)),
        ("us-ca-ccpa", date(2026, 12, 17)),
    ]
    early = due(UK, "respond", received, Circumstances(identity_shown=date(2026, 10, 1)))
    assert early is not None
    assert early.date == date(2026, 12, 2)


def test_the_figure_in_force_on_receipt_counts() -> None:
    before = due(UK, "respond", date(2026, 2, 4), Circumstances(identity_shown=date(2026, 2, 20)))
    after = due(UK, "respond", date(2026, 2, 5), Circumstances(identity_shown=date(2026, 2, 20)))

    assert before is not None
    assert after is not None
    assert (before.date, after.date) == (date(2026, 3, 4), date(2026, 3, 20))
    assert due(UK, "complaint_acknowledge", date(2026, 6, 18)) is None


def test_the_day_of_a_british_complaint_is_day_one() -> None:
    found = due(UK, "complaint_acknowledge", date(2026, 11, 1))

    assert found is not None
    assert found.date == date(2026, 11, 30)


def test_hours_are_a_moment_and_as_a_date_the_last_day_within_them() -> None:
    aware = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)

    assert due_at(EU, "breach.authority", aware) == datetime(2026, 11, 26, 15, 30, tzinfo=UTC)
    assert due_at(EU, "respond", aware) is None
    found = due(EU, "breach.authority", aware.date())
    assert found is not None
    assert found.date == date(2026, 11, 25)


def test_of_waits_the_longest_holds() -> None:
    short = law("short", ("US-CA",), deadlines__re_ask_after_opt_out=figure(30, details=(("unit", "calendar_days"),)))

    found = longest_wait((short, CA), "re_ask_after_opt_out", date(2026, 2, 28))

    assert found is not None
    assert (found.law, found.date) == ("us-ca-ccpa", date(2027, 2, 28))


def test_of_several_figures_of_a_law_the_first_date_holds() -> None:
    days, months = (("unit", "calendar_days"),), (("unit", "calendar_month"),)
    both = law(
        "both", ("DE",), deadlines__respond=(figure(1, details=months), figure(29, details=days, verified=False))
    )

    found = due(both, "respond", date(2026, 12, 1))

    assert found is not None
    assert (found.date, found.verified) == (date(2026, 12, 30), False)


@given(DAYS, st.booleans(), st.sampled_from(["respond", "acknowledge", "refusal_notice", "breach.authority"]))
def test_another_law_never_makes_the_first_date_later(received: date, extended: bool, kind: str) -> None:
    facts = Circumstances(extended=extended)
    laws = list(shipped().values())

    for count in range(1, len(laws)):
        fewer, more = earliest(laws[:count], kind, received, facts), earliest(laws[: count + 1], kind, received, facts)
        assert fewer is None or (more is not None and more.date <= fewer.date)


def test_a_minimum_for_records_beats_a_maximum() -> None:
    months = {"combine": Combine.FLOOR_BEATS_CEILING, "details": (("unit", "calendar_month"),)}
    short = law("short", ("US-CA",), records__requests=figure(6, **months))
    laws = Laws((CA, short))
    doubted = law(
        "doubted", ("US-CA",), records__requests=replace(CA.current("records.requests", TODAY)[0], verified=False)
    )

    assert months_to_keep_requests(laws, ["US-CA"], TODAY) == 24
    assert months_to_keep_requests(Laws((short,)), ["US-CA"], TODAY) == 6
    assert months_to_keep_requests(Laws((doubted,)), ["US-CA"], TODAY) is None
    assert months_to_keep_requests(packs("eu-gdpr"), ["DE"], TODAY) is None
    assert floor_beats_ceiling([], []) is None
