"""What the page of help calls spans of time, and what packs of laws say of complaints, as far as it is translated."""

from __future__ import annotations

from collections.abc import Mapping

SPANS: Mapping[str, tuple[str, str]] = {
    "hours": ("%(num)s hour", "%(num)s hours"),
    "calendar_days": ("%(num)s day", "%(num)s days"),
    "business_days": ("%(num)s working day", "%(num)s working days"),
    "calendar_month": ("%(num)s month", "%(num)s months"),
}
"""By the unit that a law counts in: one of it, and several."""
PARTICULAR = ("Where the person lives or works, or where it happened.",)
"""What is particular about complaining to an authority, in the words of the packs; what is not here stays English."""
