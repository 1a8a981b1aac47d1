"""`/staff/consents`: what people said over time, how many each purpose may use now, and what choices rest on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pellucid.consent.totals import KINDS, Total
from pellucid.errors import NameUnknown
from pellucid.web.console import officer_words as words
from pellucid.web.console.consent_chart import Period, bars_of
from pellucid.web.console.working import Here
from pellucid.web.pages import page

router = APIRouter(prefix="/staff/consents", include_in_schema=False)

MONTHS = 12
DAYS = 30
Name = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]*$", max_length=100)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@router.get("")
def shown(
    request: Request,
    working: Here,
    dataset: Name = "",
    purpose: Name = "",
    by: Annotated[str, Query(pattern="^(month|day)$")] = "month",
) -> Response:
    """Show consents over time as chart and table, coverage of a dataset by purpose, doubted screens, notices."""
    working.demand("consent-coverage-exact")
    workspace, actor = working.site.workspace, working.actor
    policy, datasets = workspace.centre.policy(), workspace.oversight.datasets()
    if purpose and purpose not in policy.purposes:
        raise NameUnknown("purpose", purpose, tuple(policy.purposes))
    chosen = dataset or (datasets[0] if datasets else "")
    first = first_day(EPOCH + timedelta(microseconds=workspace.room.clock()), by)
    found, signals = workspace.oversight.consents((first - EPOCH) // timedelta(microseconds=1), actor=actor)
    periods = periods_of(found, first, by, len_of(by), purpose or None)
    return page(
        request,
        "console/consents.html",
        working=working,
        here="consents",
        policy=policy,
        datasets=datasets,
        dataset=chosen,
        purpose=purpose,
        by=by,
        periods=periods,
        chart=bars_of(periods),
        by_purpose=by_purpose(found),
        covered=workspace.oversight.coverage(chosen, actor=actor) if chosen else (),
        screens=workspace.screens.all(actor=actor) if working.may("consent-screens") else None,
        notices=workspace.notices.list(),
        signals=signals,
        words=words,
    )


def len_of(by: str) -> int:
    """Return how many periods are shown."""
    return MONTHS if by == "month" else DAYS


def first_day(now: datetime, by: str) -> datetime:
    """Return where the first period begins that is shown."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if by == "day":
        return today - timedelta(days=DAYS - 1)
    months = today.year * 12 + today.month - 1 - (MONTHS - 1)
    return today.replace(year=months // 12, month=months % 12 + 1, day=1)


def periods_of(found: list[Total], first: datetime, by: str, number: int, purpose: str | None) -> list[Period]:
    """Return every period from the first on, those with nothing too, with how often what was said in it.

    A purpose leaves out what was said about others; what was said about all at once counts for each.
    """
    names = [_name(first, by, place) for place in range(number)]
    counted = {name: dict.fromkeys(dict.fromkeys(KINDS.values()), 0) for name in names}
    for each in found:
        name = f"{EPOCH + timedelta(days=each.day):%Y-%m-%d}"[: 7 if by == "month" else 10]
        if name in counted and (purpose is None or each.purpose in (None, purpose)):
            counted[name][each.kind] += each.number
    return [Period(name, counts) for name, counts in counted.items()]


def by_purpose(found: list[Total]) -> dict[str | None, dict[str, int]]:
    """Return how often what was said about each purpose; None stands for all at once."""
    counted: dict[str | None, dict[str, int]] = {}
    for each in found:
        kinds = counted.setdefault(each.purpose, dict.fromkeys(dict.fromkeys(KINDS.values()), 0))
        kinds[each.kind] += each.number
    return counted


def _name(first: datetime, by: str, place: int) -> str:
    if by == "day":
        return f"{first + timedelta(days=place):%Y-%m-%d}"
    months = first.year * 12 + first.month - 1 + place
    return f"{months // 12:04}-{months % 12 + 1:02}"
