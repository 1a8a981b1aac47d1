"""How many people would gain or lose which use if one policy took another's place: for an officer, never by name.

Both policies' permitted sets are worked out from the register as it is now, and nothing is kept of them. It counts the
people of the register, whether or not they have rows in a dataset; coverage counts those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.bulk_read import People, all_records, people
from pellucid.consent.decider import Decider
from pellucid.consent.facts import all_others
from pellucid.consent.record import ConsentRecord
from pellucid.consent.replica import current
from pellucid.consent.sets import Flags, StoredSet
from pellucid.consent.voices import Voice
from pellucid.consent.whole import everybody
from pellucid.policy.model import Actor, Policy
from pellucid.subjects import ids

_Reach = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UseGains:
    """Exact counts of people for one purpose and kind of subject.

    `before` and `after` count those of whom at least some rows may be read. `gain` and `lose` count those of whom more,
    or fewer, rows may be read than before; with `sensitive_`, sensitive rows only.
    """

    purpose: str
    namespace: str
    before: int
    after: int
    gain: int
    lose: int
    sensitive_gain: int
    sensitive_lose: int

    def to_json(self) -> dict[str, object]:
        """Return the counts as JSON, their shape stable."""
        return asdict(self)


def gains(connection: Connection, old: Policy, new: Policy, now: int) -> tuple[UseGains, ...]:
    """Return the counts for each purpose and namespace that either policy declares, by name; reads only."""
    found = []
    for namespace in sorted({*old.namespaces, *new.namespaces}):
        crowd = people(connection, namespace, 0, ids.count(connection, namespace))
        said, others = all_records(connection, namespace), all_others(connection, namespace)
        sides = [_Side(policy, namespace, crowd, said, others, now) for policy in (old, new)]
        for purpose in sorted({*old.purposes, *new.purposes}):
            found.append(_counted(purpose, namespace, *(side.permitted(purpose) for side in sides)))
    return tuple(found)


def gains_logged(connection: Connection, old: Policy, new: Policy, actor: Actor, now: int) -> tuple[UseGains, ...]:
    """Return the counts as a use with its own log entry, in a write transaction's last call.

    Who may is the caller's to check. The counts stand in the entry's erasable details only.
    """
    counted = gains(connection, old, new, now)
    entry = AuditEntry(
        "policy.compared-exact",
        actor,
        now,
        body={"old": old.version, "new": new.version, "register_version": current(connection)[0]},
        details={"gains": [each.to_json() for each in counted]},
    )
    append(connection, entry)
    return counted


class _Side:
    """One policy's view of the people of one namespace."""

    def __init__(
        self,
        policy: Policy,
        namespace: str,
        crowd: People,
        said: Mapping[int, Sequence[ConsentRecord]],
        others: Mapping[int, Sequence[Voice]],
        now: int,
    ) -> None:
        self._policy = policy
        self._namespace = namespace
        self._crowd = crowd
        self._said = said
        self._others = others
        self._decider = Decider(policy, now)

    def permitted(self, purpose: str) -> StoredSet:
        """Return who would be permitted: nobody for what the policy does not declare."""
        if purpose not in self._policy.purposes or self._namespace not in self._policy.namespaces:
            return StoredSet.nobody(len(self._crowd.group))
        return everybody(self._decider, purpose, self._namespace, self._crowd, self._said, self._others)[0]


def _counted(purpose: str, namespace: str, old: StoredSet, new: StoredSet) -> UseGains:
    plain = _plain_reach(old), _plain_reach(new)
    sensitive = _sensitive_reach(old), _sensitive_reach(new)
    return UseGains(
        purpose=purpose,
        namespace=namespace,
        before=_number(plain[0] < np.inf),
        after=_number(plain[1] < np.inf),
        gain=_number(plain[1] < plain[0]),
        lose=_number(plain[1] > plain[0]),
        sensitive_gain=_number(sensitive[1] < sensitive[0]),
        sensitive_lose=_number(sensitive[1] > sensitive[0]),
    )


def _plain_reach(found: StoredSet) -> _Reach:
    return _reach(found.plain, {subject: effect.not_before for subject, effect in found.partial.items()})


def _sensitive_reach(found: StoredSet) -> _Reach:
    return _reach(found.sensitive, {subject: effect.sensitive_not_before for subject, effect in found.partial.items()})


def _reach(whole: Flags, since: Mapping[int, int | None]) -> _Reach:
    """Return from which instant on each person's rows may be read: -inf for all of them, inf for none."""
    reach: _Reach = np.where(whole, -np.inf, np.inf)
    for subject, instant in since.items():
        if instant is not None and not whole[subject]:
            reach[subject] = instant
    return reach


def _number(flags: Flags) -> int:
    return int(flags.sum())
