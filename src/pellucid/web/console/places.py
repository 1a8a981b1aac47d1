"""The pages of the console, as its navigation offers them: each to those whose roles let them do something there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConsolePlace:
    """A page of the console: the name by which a template says that it is `here`, its path, its title, and the actions
    of which one is needed to use it.
    """

    name: str
    path: str
    title: str
    actions: tuple[str, ...]


ASK = ConsolePlace("ask", "/staff/ask", "Ask", ("query", "preview"))
INSIGHTS = ConsolePlace("insights", "/staff/insights", "Insights", ("insight-list",))
BUDGET = ConsolePlace("budget", "/staff/budget", "Budget", ("budget-show",))
REQUESTS = ConsolePlace("requests", "/staff/requests", "Requests", ("request-list",))
CONSENTS = ConsolePlace("consents", "/staff/consents", "Consents", ("consent-coverage-exact",))
REFUSALS = ConsolePlace("refusals", "/staff/refusals", "Refused uses", ("audit-read",))
LOG = ConsolePlace("log", "/staff/log", "Log", ("audit-read",))
PLACES: tuple[ConsolePlace, ...] = (ASK, INSIGHTS, BUDGET, REQUESTS, CONSENTS, REFUSALS, LOG)
"""In the order in which they are offered."""


def places_for(able: frozenset[str], *, asks: bool) -> tuple[ConsolePlace, ...]:
    """Return the pages to offer to somebody who may do these actions; `asks`: for at least one purpose."""
    found = (each for each in PLACES if not able.isdisjoint(each.actions))
    return tuple(each for each in found if asks or each is not ASK)
