"""When something is due under each law, computed by that law's own rule as a date, and the first of these dates.

An extension or a pause of one law never moves the date of another, and counts only where it is verified.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pellucid.regulations.counting import add_business_days, add_months, whole_days
from pellucid.regulations.model import Figure, Law

_UNITS = {"calendar_days": "calendar day", "business_days": "business day", "calendar_month": "month", "hours": "hour"}


@dataclass(frozen=True, slots=True)
class Pause:
    """The controller asked the person for something it needs, and got an answer (None: not yet)."""

    asked: date
    answered: date | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What may move a date, where a law lets it; `right` is the right exercised, in the packs' words (`access`)."""

    right: str = ""
    identity_shown: date | None = None
    fee_paid: date | None = None
    pauses: tuple[Pause, ...] = ()
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The last day under one law; `rule` says in words how it was counted, `verified` whether every figure was."""

    date: date
    law: str
    cite: str
    rule: str
    verified: bool


NOTHING = Circumstances()
"""Nothing moves any date."""


def due(law: Law, kind: str, received: date, circumstances: Circumstances = NOTHING) -> Due | None:
    """Return when something is due under the law; None where the law gives no figure, or none for the right.

    `kind` is a member of `deadlines` (`respond`, `acknowledge`, `opt_out_sale_share`) or a whole name
    (`breach.authority`). Figures are those in force on the day of receipt. Hours count as the days that lie wholly
    within them; `due_at` gives the moment. Raises InputInvalid for a calendar that is not known.
    """
    name = kind if "." in kind else f"deadlines.{kind}"
    figures = [figure for figure in law.current(name, received) if _is_amount(figure)]
    found = [_due(law, name, figure, received, circumstances) for figure in figures if _meant(figure, circumstances)]
    return min(found, key=lambda one: one.date, default=None)


def dues(laws: Iterable[Law], kind: str, received: date, circumstances: Circumstances = NOTHING) -> tuple[Due, ...]:
    """Return when something is due under each of the laws, the first date first."""
    found = [due(law, kind, received, circumstances) for law in laws]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.date, one.law)))


def earliest(laws: Iterable[Law], kind: str, received: date, circumstances: Circumstances = NOTHING) -> Due | None:
    """Return the first of the dates on which something is due under the laws; None where none gives a figure."""
    return next(iter(dues(laws, kind, received, circumstances)), None)


def longest_wait(laws: Iterable[Law], kind: str, received: date) -> Due | None:
    """Return the last of the dates before which something may not be done, such as asking again after an opt-out.

    Those are fields whose combiner is `lattice`, such as `re_ask_after_opt_out`: the longest wait protects most.
    """
    return max(dues(laws, kind, received), key=lambda one: one.date, default=None)


def due_at(law: Law, kind: str, since: datetime) -> datetime | None:
    """Return the moment until which a limit in hours runs, from a moment (with its time zone); None without one."""
    name = kind if "." in kind else f"deadlines.{kind}"
    figures = [figure for figure in law.current(name, since.date()) if _is_amount(figure)]
    hours = [_amount(figure) for figure in figures if figure.detail("unit") == "hours"]
    return since + timedelta(hours=min(hours)) if hours else None


def may_pause(law: Law, received: date, right: str) -> bool:
    """Return whether the law stops the clock while the controller waits for what it needs; only where verified."""
    figures = law.current("deadlines.pause", received)
    if any(figure.value is False for figure in figures):
        return False
    granted = [figure for figure in figures if figure.value is True and figure.verified]
    return any(not figure.words("only_when") or right in figure.words("only_when") for figure in granted)


def _due(law: Law, name: str, figure: Figure, received: date, circumstances: Circumstances) -> Due:
    start = _start(figure, received, circumstances)
    unit, amount = str(figure.detail("unit")), _amount(figure)
    extension = _extension(law, name, received, unit) if circumstances.extended else None
    total = amount if extension is None else _extended(amount, extension)
    paused = _paused(law, name, received, circumstances)
    day = _count(law, unit, total - _counts_first_day(figure), start, received) + timedelta(days=paused)
    calendar = _calendar(law, received) if unit == "business_days" else None
    said = [f"{total} {_UNITS[unit]}{'s' * (total != 1)} from {start}"]
    said += [f"{_amount(extension)} of them an extension ({extension.cite})"] if extension is not None else []
    said += [f"{paused} days paused"] if paused else []
    said += [f"holidays of {calendar.value}"] if calendar is not None else []
    verified = figure.verified and (calendar is None or calendar.verified)
    return Due(day, law.id, figure.cite, ", ".join(said), verified)


def _count(law: Law, unit: str, amount: int, start: date, received: date) -> date:
    if unit == "calendar_month":
        return add_months(start, amount)
    if unit == "business_days":
        calendar = _calendar(law, received)
        return add_business_days(start, amount, None if calendar is None else str(calendar.value))
    return start + timedelta(days=whole_days(amount) if unit == "hours" else amount)


def _start(figure: Figure, received: date, circumstances: Circumstances) -> date:
    """Return the day counting starts from: receipt, or later where a verified figure lets identity or a fee move it."""
    if figure.detail("starts_on") != "identity_or_fee" or not figure.verified:
        return received
    moved = (circumstances.identity_shown, circumstances.fee_paid)
    return max(received, *(day for day in moved if day is not None), received)


def _extension(law: Law, name: str, received: date, unit: str) -> Figure | None:
    """Return the law's verified extension in the same unit; only the answer itself can be extended."""
    if name != "deadlines.respond":
        return None
    figures = [figure for figure in law.current("deadlines.extension", received) if _is_amount(figure)]
    usable = [figure for figure in figures if figure.verified and figure.detail("unit") == unit]
    return min(usable, key=_amount, default=None)


def _extended(amount: int, extension: Figure) -> int:
    most = extension.detail("max_total")
    total = amount + _amount(extension)
    return min(total, most) if isinstance(most, int) else total


def _paused(law: Law, name: str, received: date, circumstances: Circumstances) -> int:
    """Return the days that do not count; the day of the answer does, which is a day on the safe side."""
    if name != "deadlines.respond" or not may_pause(law, received, circumstances.right):
        return 0
    spans = [(pause.asked, pause.answered) for pause in circumstances.pauses if pause.answered is not None]
    days = {asked + timedelta(days=n) for asked, answered in spans for n in range((answered - asked).days)}
    return len(days)


def _calendar(law: Law, received: date) -> Figure | None:
    return next((figure for figure in law.current("deadlines.calendar", received) if figure.value is not None), None)


def _meant(figure: Figure, circumstances: Circumstances) -> bool:
    rights = figure.words("applies_to")
    return not rights or not circumstances.right or circumstances.right in rights


def _is_amount(figure: Figure) -> bool:
    return isinstance(figure.value, int) and not isinstance(figure.value, bool) and figure.detail("unit") in _UNITS


def _amount(figure: Figure) -> int:
    return figure.value if isinstance(figure.value, int) else 0


def _counts_first_day(figure: Figure) -> int:
    return int(figure.detail("first_day") == "receipt")
