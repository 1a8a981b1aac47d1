"""Days as people type and read them, and instants as the rest of pellucid has them (UTC µs)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pellucid.errors import InputInvalid

SECOND = 1_000_000


def day_of(instant: int) -> str:
    """Return the day of an instant."""
    return f"{datetime.fromtimestamp(instant / SECOND, UTC):%Y-%m-%d}"


def instant_of(written: str | None) -> int | None:
    """Return the beginning of a day; raises InputInvalid."""
    if written is None:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise InputInvalid(f"This is no day: {written!r}.", remedy="Write it as YYYY-MM-DD.", code="day") from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
