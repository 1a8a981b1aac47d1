"""What the page of help calls spans of time, by the unit that a law counts in: one of it, and several."""

from __future__ import annotations

from collections.abc import Mapping

SPANS: Mapping[str, tuple[str, str]] = {
    "hours": ("%(num)s hour", "%(num)s hours"),
    "calendar_days": ("%(num)s day", "%(num)s days"),
    "business_days": ("%(num)s working day", "%(num)s working days"),
    "calendar_month": ("%(num)s month", "%(num)s months"),
}
