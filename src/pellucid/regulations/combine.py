"""How one field of several laws becomes one answer; small pure functions, one for each combiner but `per_law`.

`per_law` has none on purpose: such a field is never merged, so its readers go through the laws one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pellucid.regulations.model import ConsentDefault, Figure
from pellucid.regulations.vocabulary import CONDITIONAL


def strictest(defaults: Iterable[ConsentDefault]) -> ConsentDefault | None:
    """Return the most protective default (`lattice`); None if there is none.

    >>> strictest([ConsentDefault.OPT_OUT, ConsentDefault.OPT_IN]).value
    'opt_in'
    """
    return min(defaults, key=lambda default: default.rank, default=None)


def earliest(dates: Iterable[date]) -> date | None:
    """Return the first of the dates that each law computed for itself (`earliest_date`); None if there is none."""
    return min(dates, default=None)


def union(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return every item of every law once (`union`), in the order met.

    >>> union([["access"], ["access", "delete"]])
    ('access', 'delete')
    """
    return tuple(dict.fromkeys(item for items in lists for item in items))


def floor_beats_ceiling(floors: Iterable[int], ceilings: Iterable[int]) -> int | None:
    """Return how long to keep a record (`floor_beats_ceiling`): the longest minimum, else the shortest maximum.

    Both in the same unit. None if no law gives a figure.

    >>> floor_beats_ceiling([24], [6, 12])
    24
    """
    return max(floors, default=min(ceilings, default=None))


def protecting_age(verified: Iterable[int], unverified: Iterable[int]) -> int:
    """Return the age one law protects up to: its verified one, or an unverified one that protects more; 0 for none.

    >>> protecting_age([16], [13])
    16
    """
    return max([*verified, *unverified], default=0)


def counts_as(figure: Figure) -> ConsentDefault:
    """Return the default that a figure of `consent` counts as.

    A conditional one counts as its fallback, or opt_in; an unverified one never as less than opt_in; what is no default
    at all as prohibited.
    """
    said = figure.value
    if said == CONDITIONAL:
        said = figure.detail("fallback") or ConsentDefault.OPT_IN.value
    try:
        default = ConsentDefault(said)
    except ValueError:
        return ConsentDefault.PROHIBITED
    if not figure.verified and default.rank > ConsentDefault.OPT_IN.rank:
        return ConsentDefault.OPT_IN
    return default
