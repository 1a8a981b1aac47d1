"""Budgets and bounds: positive, in order, exact, and small enough that no sum can overflow."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite

from pellucid.policy.checks import rank
from pellucid.policy.checks.dataset import NUMERIC
from pellucid.policy.checks.findings import Findings
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Allowance, Bound, Column, Period, Policy, PrivacyUnit, Purpose, ReleaseRule

LARGEST_BOUND = 10**12
"""In units of the column's last decimal place: nine million subjects at this bound still sum to less than 2**63."""
_LARGEST_EXPONENT = 20
_LONGEST_AMOUNT = 40
LARGEST_EPSILON = 100.0
SMALLEST_DELTA = 2e-15
SMALLEST_THRESHOLD_DELTA = 1e-12
"""What `release.budget` and `release.mechanisms` can count and calibrate; a test holds them together."""
MOST_GROUPS = 1_000_000
MOST_CELLS = 100_000
MOST_HOURS = 8_760
"""A year."""

_Location = tuple[str | int, ...]
_DAYS = {Period.DAY: 1, Period.MONTH: 28, Period.YEAR: 365}


def check(policy: Policy, findings: Findings) -> None:
    """Check the caps of all namespaces and the release rules of all purposes."""
    for unit in policy.namespaces.values():
        check_allowance(unit.cap, ("namespaces", unit.name, "cap"), findings)
    for purpose in policy.purposes.values():
        at = ("purposes", purpose.name, "release")
        check_allowance(purpose.release.allowance, (*at, "allowance"), findings)
        _check_order(purpose.release, at, findings)
        _check_caps(policy, purpose, at, findings)
        _check_limits(purpose.release, at, findings)
        _check_rows(purpose.release.rows, (*at, "rows"), findings)
        for name, bound in purpose.release.columns.items():
            _check_column_bound(policy, purpose, name, bound, findings)
        rank.check_bound(policy, purpose, findings)


def check_allowance(allowance: Allowance, location: _Location, findings: Findings) -> None:
    """Check that the amounts can be counted and protect anybody."""
    _check_epsilon(allowance.epsilon, (*location, "epsilon"), findings)
    _check_positive(allowance.delta, (*location, "delta"), findings)
    if 0 < allowance.delta < SMALLEST_DELTA:
        message = f"A delta of {allowance.delta:g} is too small to count; allowed: {SMALLEST_DELTA:g} or more."
        findings.error("delta-range", (*location, "delta"), message, "Take one like 1.0e-6.")
    if allowance.delta >= 1e-3:
        message = f"A delta of {allowance.delta:g} lets whole records leave; allowed: below 0.001."
        findings.error("delta-range", (*location, "delta"), message, "Take one far below 1 / number of people.")


def _check_epsilon(value: float, location: _Location, findings: Findings) -> None:
    _check_positive(value, location, findings)
    if value > LARGEST_EPSILON:
        message = f"An epsilon of {value:g} hides nobody; allowed: at most {LARGEST_EPSILON:g}."
        findings.error("epsilon-range", location, message, "Take one of a few units.")


def _check_positive(value: float, location: _Location, findings: Findings) -> None:
    if not (isfinite(value) and value > 0):
        findings.error("not-positive", location, f"Got {value:g}; allowed: more than 0.", "Write a positive number.")


def _check_order(rule: ReleaseRule, at: _Location, findings: Findings) -> None:
    _check_epsilon(rule.epsilon_default, (*at, "epsilon", "default"), findings)
    _check_epsilon(rule.epsilon_max, (*at, "epsilon", "max"), findings)
    _check_positive(rule.threshold_delta, (*at, "threshold_delta"), findings)
    if 0 < rule.threshold_delta < SMALLEST_THRESHOLD_DELTA:
        message = f"Got {rule.threshold_delta:g}; allowed: {SMALLEST_THRESHOLD_DELTA:g} or more."
        findings.error("delta-range", (*at, "threshold_delta"), message, "Take one like 1.0e-8.")
    if rule.epsilon_default > rule.epsilon_max:
        message = (
            f"A question's default epsilon ({rule.epsilon_default:g}) is above its maximum ({rule.epsilon_max:g})."
        )
        findings.error(
            "epsilon-order", (*at, "epsilon", "default"), message, "Lower the default, or raise the maximum."
        )
    if rule.epsilon_max > rule.allowance.epsilon:
        message = (
            f"One question may ask for {rule.epsilon_max:g}, more than the allowance of {rule.allowance.epsilon:g}."
        )
        findings.error("epsilon-order", (*at, "epsilon", "max"), message, "Lower the maximum, or raise the allowance.")
    if rule.threshold_delta >= rule.allowance.delta:
        message = f"One release spends a delta of {rule.threshold_delta:g}; the allowance is {rule.allowance.delta:g}."
        findings.error("delta-order", (*at, "threshold_delta"), message, "Take one well below the allowance.")


def _check_caps(policy: Policy, purpose: Purpose, at: _Location, findings: Findings) -> None:
    for unit in _units(policy, purpose):
        check_within(purpose.release.allowance, unit.cap, f"the cap of `{unit.name}`", (*at, "allowance"), findings)


def check_within(allowance: Allowance, wider: Allowance, whose: str, at: _Location, findings: Findings) -> None:
    """Check that an allowance is no larger than the limit around it, so that it says something."""
    renewals = _renewals(allowance.period, wider.period)
    for name, asked, most in (
        ("epsilon", allowance.epsilon, wider.epsilon * renewals),
        ("delta", allowance.delta, wider.delta * renewals),
    ):
        if asked > most:
            message = f"The allowance of {asked:g} a {allowance.period} is above {whose} ({most:g})."
            remedy = "Lower the allowance: what stands around it binds anyway."
            findings.error("above-cap", (*at, name), message, remedy)


def _units(policy: Policy, purpose: Purpose) -> list[PrivacyUnit]:
    """Return the namespaces whose people this purpose can touch."""
    touched = {
        path.namespace
        for dataset in policy.datasets.values()
        for path in dataset.subjects
        if permitted_columns(policy, purpose.name, dataset.name)
    }
    return [unit for name, unit in policy.namespaces.items() if name in touched]


def _renewals(allowance: Period, cap: Period) -> int:
    """Return how often a cap renews within an allowance's period; at least once."""
    return max(1, _DAYS[allowance] // _DAYS[cap])


def _check_limits(rule: ReleaseRule, at: _Location, findings: Findings) -> None:
    for name, value, most in (("max_groups", rule.max_groups, MOST_GROUPS), ("max_cells", rule.max_cells, MOST_CELLS)):
        if not 1 <= value <= most:
            message = f"Got {value}; allowed: 1 to {most:,}."
            findings.error("limit-range", (*at, name), message, "Write a whole number in that range.")
    if not 0 <= rule.max_age_hours <= MOST_HOURS:
        message = f"Got {rule.max_age_hours}; allowed: 0 to {MOST_HOURS:,}."
        findings.error("limit-range", (*at, "max_age_hours"), message, "0 shows no answer again; 24 is a day.")
    if not 0.01 <= rule.caps_share <= 0.5:
        message = f"Got {rule.caps_share:g}; allowed: 0.01 to 0.5."
        findings.error("limit-range", (*at, "caps_share"), message, "0.1 is usual.")
    if not 0 <= rule.minimum_group <= MOST_GROUPS:
        message = f"Got {rule.minimum_group}; allowed: 0 to {MOST_GROUPS:,}."
        findings.error("limit-range", (*at, "minimum_group"), message, "0 sets no minimum; 50 is usual.")
    if not 0 <= rule.clipping_share <= 0.5:
        message = f"Got {rule.clipping_share:g}; allowed: 0 to 0.5."
        findings.error("limit-range", (*at, "clipping_share"), message, "0 tells nothing; 0.1 is usual.")


def _check_rows(bound: Bound, location: _Location, findings: Findings) -> None:
    _check_bound(bound, location, 0, "rows", findings)
    lower = _decimal(bound.lower)
    if lower is not None and lower != 0:
        findings.error("bound-lower", (*location, "lower"), "Nobody adds fewer than 0 rows.", "Take `lower` out.")
    if bound.values is not None:
        message = "A count of rows has no values."
        findings.error("bound-values", (*location, "values"), message, "Write them with a column.")


def _check_column_bound(policy: Policy, purpose: Purpose, name: str, bound: Bound, findings: Findings) -> None:
    location = ("purposes", purpose.name, "release", "columns", name)
    held = [dataset.columns[name] for dataset in policy.datasets.values() if name in dataset.columns]
    numeric = [column for column in held if column.type in NUMERIC]
    if not held and not findings.any_broken("datasets"):
        findings.error("unknown-column", location, f"No dataset has a column `{name}`.", "Correct the name.")
    if held and not numeric:
        message = f"`{name}` is {held[0].type}: only numbers can be summed."
        findings.error("bound-type", location, message, "Name a column of type integer, money or real.")
    if numeric and not _reads(policy, purpose, name):
        message = f"`{purpose.name}` may not read `{name}`, so the bound is never used."
        findings.warn("bound-unused", location, message, "Take it out, or add the column's category.")
    _check_bound(bound, location, _scale(numeric), f"`{name}`", findings)
    _check_values(bound, (*location, "values"), _scale(numeric), f"`{name}`", findings)


def _check_values(bound: Bound, location: _Location, scale: int | None, what: str, findings: Findings) -> None:
    ends = [_amount(written, location, scale, what, findings) for written in bound.values or ()]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None and ends[0] >= ends[1]:
        message = f"Got {ends[0]} to {ends[1]}; the first must be less than the second."
        findings.error("bound-values", location, message, "Write the least and the largest value that a row has.")


def _reads(policy: Policy, purpose: Purpose, name: str) -> bool:
    return any(
        column.name == name
        for dataset in policy.datasets
        for column in permitted_columns(policy, purpose.name, dataset)
    )


def _scale(columns: list[Column]) -> int | None:
    """Return the decimal places that every column of this name has; None if there is no column to compare with."""
    return min((column.scale for column in columns), default=None)


def _check_bound(bound: Bound, location: _Location, scale: int | None, what: str, findings: Findings) -> None:
    if (bound.per_group is None) == (bound.norm is None):
        message = f"The bound has {'both' if bound.norm is not None else 'neither'} of `per_group` and `norm`."
        findings.error("bound-form", location, message, "Write exactly one of the two.")
        return
    kind = "norm" if bound.per_group is None else "per_group"
    upper = _amount(
        bound.norm if bound.per_group is None else bound.per_group, (*location, kind), scale, what, findings
    )
    lower = _amount(bound.lower, (*location, "lower"), scale, what, findings)
    if upper is not None and upper <= 0:
        findings.error("bound-range", (*location, kind), f"Got {upper}; allowed: more than 0.", "Raise it.")
    if lower and bound.norm is not None:
        message = "`lower` means nothing beside `norm`, which bounds both signs."
        findings.error("bound-lower", (*location, "lower"), message, "Take `lower` out.")
    if bound.drawn and bound.norm is None:
        message = "Only a norm can be drawn; `per_group` is what it says."
        findings.error("bound-drawn", (*location, "drawn"), message, "Write `norm` in place of `per_group`.")
    most = None if bound.most is None else _amount(bound.most, (*location, "most"), scale, what, findings)
    if most is not None and upper is not None and most < upper:
        message = f"Got {most}, less than the bound of {upper}: then nobody is ever clipped."
        findings.error("bound-most", (*location, "most"), message, "Write what one subject's rows sum to at most.")
    if bound.norm is None and lower is not None and upper is not None and lower > 0:
        message = f"Got a lower end of {lower}; whoever has no rows adds 0, so it must be 0 or less."
        findings.error("bound-lower", (*location, "lower"), message, "Write 0, or a negative number.")


def _amount(
    written: str | None, location: _Location, scale: int | None, what: str, findings: Findings
) -> Decimal | None:
    """Return the amount, exact; None, with a finding, if it is none or cannot be held."""
    value = _decimal(written or "")
    if value is None:
        findings.error("bound-number", location, f"`{written}` is not a number.", 'Write it like "500.00".')
        return None
    places = _places(value)
    if scale is not None and places > scale:
        message = f"`{written}` has {places} decimal places; {what} has {scale}."
        findings.error("bound-scale", location, message, "Round it.")
        return None
    if value.adjusted() > _LARGEST_EXPONENT or abs(value).scaleb(scale or 0) > LARGEST_BOUND:
        message = (
            f"`{written}` is so large that a sum could overflow; allowed: {LARGEST_BOUND:,} units of the last place."
        )
        findings.error("bound-range", location, message, "Lower it.")
        return None
    return value


def _places(value: Decimal) -> int:
    """Return the decimal places in use, without rounding as Decimal.normalize would."""
    _, digits, exponent = value.as_tuple()
    zeros = len(digits) - len(str(int("".join(map(str, digits)))).rstrip("0")) if any(digits) else -int(exponent)
    return max(0, -int(exponent) - zeros)


def _decimal(written: str) -> Decimal | None:
    if len(written) > _LONGEST_AMOUNT:
        return None
    try:
        value = Decimal(written)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
