"""Calendar arithmetic of time limits: months, business days, hours. The start's own day is not counted."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache

import holidays

from pellucid.errors import InputInvalid


def add_months(day: date, months: int) -> date:
    """Return the same date of a later month, or that month's last day if it has no such date.

    No shift off weekends and holidays, though Reg. 1182/71 Art. 3(4) would allow one: earlier is safe.

    >>> add_months(date(2027, 1, 31), 1)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_business_days(day: date, count: int, place: str | None) -> date:
    """Return the day so many business days later; `place` (US-CA, BR) gives the holidays, without one only weekends.

    Raises InputInvalid for a place whose holidays are not known.

    >>> add_business_days(date(2026, 11, 25), 1, "US-CA")
    datetime.date(2026, 11, 30)
    """
    for _ in range(count):
        day += timedelta(days=1)
        while not _is_business_day(day, place):
            day += timedelta(days=1)
    return day


def whole_days(hours: int) -> int:
    """Return how many days later the last day ends that lies wholly within so many hours of a moment on a day."""
    return max(hours // 24 - 1, 0)


def check_calendar(place: str) -> None:
    """Raise InputInvalid unless the holidays of the place are known."""
    _holidays(place)


def _is_business_day(day: date, place: str | None) -> bool:
    return day.weekday() < 5 if place is None else _holidays(place).is_working_day(day)


@lru_cache(maxsize=64)
def _holidays(place: str) -> holidays.HolidayBase:
    country, _, part = place.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise InputInvalid(
            f"The public holidays of {place!r} are not known.",
            code="calendar-unknown",
            remedy="Name a country or one of its parts by its ISO 3166 code, or leave the calendar out.",
        ) from None
