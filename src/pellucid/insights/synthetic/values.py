"""One made-up value for one column, from its type, domain, bounds and links; and how a mask shows it.

Texts begin with `synthetic-`, and made-up numbers for keys are very large, so that nobody takes them for somebody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import floor

from pellucid.insights.synthetic.draw import Draw
from pellucid.policy.model import Bound, Column, ColumnType, Mask, MaskKind, Policy, ReleaseRule

Value = str | int | float | bool | Decimal | date | datetime | None

FIRST_KEY = 9_000_000_001
"""The first made-up key where keys are whole numbers."""
LARGEST = 100
"""Numbers without a declared bound lie below it."""
LONGEST_BACK = 365
"""Days that instants reach back at most, however long rows are kept."""
FIRST_BIRTH, BIRTHS = 1940, 60
ONE_MISSING_IN = 12
VULNERABLE_ONE_IN = 20
TEXTS = 8
"""Different made-up texts in a column."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What values are made from besides their own column: the policy, and the day (UTC) that instants end on."""

    policy: Policy
    today: date
    days: int | None
    """For how many days rows are kept."""


def key_value(column: Column, kind: str, number: int) -> Value:
    """Return the made-up key number `number` (from 0) of a kind of thing; the same wherever that kind is named."""
    if column.type is ColumnType.TEXT:
        return f"synthetic-{kind}-{number + 1:04}"
    if column.type is ColumnType.MONEY:
        return Decimal(number).scaleb(-column.scale)
    return float(number) if column.type is ColumnType.REAL else FIRST_KEY + number


def choices(setting: Setting, column: Column) -> Sequence[Value] | None:
    """Return every value that a column of a key can take, if the policy leaves it only so many; None: any number."""
    if column.domain:
        return column.domain
    if column.type is ColumnType.BOOLEAN:
        return (False, True)
    if column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        return [_at(column, day) for day in _days(setting)]
    return None


def value(setting: Setting, column: Column, draw: Draw) -> Value:
    """Return a made-up value of a column that leads nowhere."""
    if column.domain:
        return draw.one_of(column.domain)
    if column.type is ColumnType.TEXT:
        return f"synthetic-{column.name}-{draw.below(TEXTS) + 1}"
    if column.type is ColumnType.BOOLEAN:
        return draw.below(2) == 1
    if column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        return _moment(setting, column, draw)
    return _number(setting, column, draw)


def place(setting: Setting, draw: Draw) -> Value:
    """Return one of the places that the policy's laws name."""
    return draw.one_of(sorted({place for law in setting.policy.regimes.values() for place in law.jurisdictions}))


def birth_year(draw: Draw) -> Value:
    """Return a year in which a grown-up or nearly grown-up person was born."""
    return FIRST_BIRTH + draw.below(BIRTHS)


def vulnerable(draw: Draw) -> Value:
    """Return whether somebody needs special care: few do."""
    return draw.below(VULNERABLE_ONE_IN) == 0


def may_be_missing(column: Column, draw: Draw) -> bool:
    """Return whether the value is missing here: now and then, where the policy says that it may be."""
    return column.nullable and draw.at("missing").below(ONE_MISSING_IN) == 0


def shown(mask: Mask, found: Value) -> Value:
    """Return what a mask makes of a value, as the engine would."""
    if found is None or mask.kind is MaskKind.NULL:
        return None
    if isinstance(found, str):
        return found[: mask.size]
    if isinstance(found, date):
        moment = found if isinstance(found, datetime) else datetime(found.year, found.month, found.day)
        start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return start.replace(month=1) if mask.kind is MaskKind.YEAR else start
    return float(floor(found / mask.size) * mask.size)


def _days(setting: Setting) -> list[date]:
    """Return the days before today that are within retention all of today; today itself if rows are kept for one."""
    back = LONGEST_BACK if setting.days is None else min(LONGEST_BACK, setting.days - 1)
    return [setting.today - timedelta(days=number) for number in range(1, back + 1)] or [setting.today]


def _at(column: Column, day: date, minutes: int = 0) -> Value:
    if column.type is ColumnType.DATE:
        return day
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # UTC, as engines keep it


def _moment(setting: Setting, column: Column, draw: Draw) -> Value:
    day = draw.one_of(_days(setting))
    return _at(column, day, draw.at("minute").below(24 * 60) if day < setting.today else 0)


def _number(setting: Setting, column: Column, draw: Draw) -> Value:
    scale = column.scale if column.type is not ColumnType.REAL else column.scale or 2
    lower, upper = _range(setting.policy, column.name)
    units = max(1, int((upper - lower).scaleb(scale)) + 1)
    found = lower + Decimal(draw.below(units)).scaleb(-scale)
    if column.type is ColumnType.INTEGER:
        return int(found)
    return float(found) if column.type is ColumnType.REAL else found.quantize(Decimal(1).scaleb(-scale))


def _range(policy: Policy, column: str) -> tuple[Decimal, Decimal]:
    """Return what no purpose's bound would clip: a bound per group as it is, of a norm a tenth."""
    bounds = [rule.columns[column] for rule in _rules(policy) if column in rule.columns]
    if not bounds:
        return Decimal(0), Decimal(LARGEST)
    return max(Decimal(bound.lower) for bound in bounds), min(_most(bound) for bound in bounds)


def _rules(policy: Policy) -> Sequence[ReleaseRule]:
    return [purpose.release for purpose in policy.purposes.values()]


def _most(bound: Bound) -> Decimal:
    return Decimal(bound.per_group) if bound.per_group is not None else Decimal(bound.norm or 0) / 10
