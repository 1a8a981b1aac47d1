"""What left lately, as the log tells it: the question as it was asked, under which policy, at which price.

The figures themselves are kept of nothing but answers that may be shown again, so attacks ask the questions anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pellucid.audit import log
from pellucid.insights.attacks.found import Guarantee, Why
from pellucid.insights.query import InsightQuery
from pellucid.policy.model import Actor
from pellucid.release.budget import PrivacyBudget

_CHUNK = 1_000
_ACTIONS = {"query.released": Guarantee.PRIVATE, "insight.released": Guarantee.SUPPRESSED}


@dataclass(frozen=True, slots=True)
class Released:
    """One answer that left: its log entry, how it left, the question, the policy version then, and what it cost.

    `by_size`: its epsilon followed from how large figures were found to be.
    """

    leaf: int
    at: int
    guarantee: Guarantee
    query: InsightQuery
    policy: str
    cost: PrivacyBudget
    by_size: bool = False


def recent(
    connection: Connection, *, since: int, purpose: str | None, last: int
) -> tuple[list[Released], Counter[Why]]:
    """Return the `last` answers of each guarantee that left since an instant (UTC µs), the newest first.

    What else left since is counted by why it cannot be asked again.
    """
    found: list[Released] = []
    left: Counter[Why] = Counter()
    room = dict.fromkeys(Guarantee, last)
    for entry, fields in _newest_first(connection, since):
        guarantee = _ACTIONS.get(str(fields["action"]))
        if guarantee is None or purpose not in (None, fields["purpose"]):
            continue
        if not fields["body"]["blocks"]:
            left[Why.NOBODY] += 1
        elif room[guarantee] == 0:
            left[Why.EARLIER] += 1
        else:
            held = next(log.details(connection, entry.leaf, entry.leaf + 1), None)
            made = _released(entry.leaf, guarantee, fields, held.fields() if held is not None else None)
            if isinstance(made, Why):
                left[made] += 1
            else:
                found.append(made)
                room[guarantee] -= 1
    return found, left


def _newest_first(connection: Connection, since: int) -> Iterator[tuple[log.StoredEntry, dict[str, Any]]]:
    """Yield entries of released answers since an instant. It stops at a chunk that is older as a whole."""
    stop = log.size(connection)
    while stop > 0:
        start = max(0, stop - _CHUNK)
        chunk = [(entry, entry.fields()) for entry in log.entries(connection, start, stop)]
        recently = [each for each in chunk if isinstance(each[1]["at"], int) and each[1]["at"] >= since]
        for entry, fields in reversed(recently):
            if fields["action"] in _ACTIONS:
                yield entry, fields
        if not recently:
            return
        stop = start


def _released(
    leaf: int, guarantee: Guarantee, fields: Mapping[str, Any], details: Mapping[str, Any] | None
) -> Released | Why:
    if details is None:
        return Why.ERASED
    if details["parameters"]:
        return Why.PARAMETERS
    who, body = fields["actor"], fields["body"]
    actor = Actor(who["kind"], who["name"], tuple(who["roles"]), who["authenticated"])
    by_rank = any(str(block.get("bounding", "")).startswith("rank") for block in body["blocks"])
    bounding = "rank" if by_rank else "groups"
    epsilon, accuracy = (
        None if details.get(name) is None else float(details[name]) for name in ("epsilon", "accuracy")
    )
    query = InsightQuery(details["sql"], fields["purpose"], actor, epsilon, {}, accuracy, bounding=bounding)
    cost = PrivacyBudget(body.get("rho", 0), body.get("delta", 0))
    by_size = "relative" in details
    return Released(leaf, fields["at"], guarantee, query, fields["stamp"]["policy"], cost, by_size)
