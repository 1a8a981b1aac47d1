"""What callers hand in to be recorded, and passing it through the door: each submission as a whole, apart from others.

Pure but for looking up what is known of the people concerned. Recording is `consent.register`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from pellucid.consent.admit import admit
from pellucid.consent.facts import facts_of, others_of, records_of
from pellucid.consent.person import SubjectFacts
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.consent.screens import NO_DOUBT, Screens, screens
from pellucid.consent.voices import Voice
from pellucid.errors import InputInvalid, NameUnknown, PellucidError, RecordingFailed
from pellucid.policy.model import Actor, Policy

Beside = Callable[[Connection, tuple[ConsentReceipt, ...]], None]
"""What writes more in the transaction that records a submission, given its receipts, not yet acknowledged."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Records that one caller hands in together: all are recorded, or none.

    `policy` is the one by which the caller was permitted to. With `said_now` the records are dated where they are
    recorded, and not when the caller asked: in between others may record, and the clock be set. What `beside` writes is
    there if and only if the records are; what it raises refuses this submission and no other, at the cost of recording
    all who share the transaction again, each alone: it is for what hardly ever happens.
    """

    policy: Policy
    records: tuple[ConsentRecord, ...]
    actor: Actor
    said_now: bool = False
    beside: Beside | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the people concerned, by namespace and id: their facts, what they said, in order, and their
    other identities; and what was found out about screens.
    """

    facts: dict[str, dict[int, SubjectFacts]] = field(default_factory=dict)
    said: dict[str, dict[int, list[ConsentRecord]]] = field(default_factory=dict)
    others: dict[str, dict[int, tuple[Voice, ...]]] = field(default_factory=dict)
    screens: Screens = field(default_factory=Screens)


def known_of(connection: Connection, namespace: str, ids: Collection[int]) -> Known:
    """Read what is known of people in one namespace."""
    return Known(
        {namespace: facts_of(connection, namespace, ids)},
        {namespace: records_of(connection, namespace, ids)},
        {namespace: others_of(connection, namespace, ids)},
    )


def look_up(connection: Connection, policy: Policy, records: Iterable[ConsentRecord]) -> Known:
    """Read what is known of everybody in these records; nothing for namespaces that the policy does not declare."""
    items = tuple(records)
    known = Known(screens=screens(connection) if any(item.screen for item in items) else NO_DOUBT)
    ids: dict[str, set[int]] = {}
    for item in items:
        if item.namespace in policy.namespaces:
            ids.setdefault(item.namespace, set()).add(item.subject)
    for namespace, wanted in ids.items():
        found = known_of(connection, namespace, wanted)
        known.facts.update(found.facts)
        known.said.update(found.said)
        known.others.update(found.others)
    return known


def admit_each(
    policy: Policy, submissions: Sequence[Submission], known: Known, now: int
) -> list[tuple[ConsentRecord, ...] | PellucidError]:
    """Return for each submission its records as they are to be kept, or why it is refused under the policy in force.

    What was handed in earlier and is kept counts as said before, and is added to `known`.
    """
    outcomes: list[tuple[ConsentRecord, ...] | PellucidError] = []
    for submission in submissions:
        try:
            if submission.policy.in_force != policy.in_force:
                raise policy_overtaken()
            outcomes.append(_admitted(policy, submission.records, known, now))
        except PellucidError as error:
            outcomes.append(error)
    return outcomes


def policy_overtaken() -> RecordingFailed:
    """Return the refusal of what was permitted by a policy that is in force no longer."""
    return RecordingFailed(
        "Another policy came into force meanwhile, so this was not recorded.",
        remedy="Do it again: it will then be judged by the policy in force.",
        code="policy-overtaken",
    )


def _admitted(policy: Policy, records: Sequence[ConsentRecord], known: Known, now: int) -> tuple[ConsentRecord, ...]:
    if not records:
        raise InputInvalid("There is nothing to record.", remedy="Hand in at least one record.")
    said: dict[tuple[str, int], list[ConsentRecord]] = {}
    kept: list[ConsentRecord] = []
    for item in records:
        namespace, subject = item.namespace, item.subject
        if namespace not in policy.namespaces:
            raise NameUnknown("subject namespace", namespace, tuple(policy.namespaces))
        earlier = said.setdefault((namespace, subject), list(known.said[namespace].get(subject, ())))
        others = known.others.get(namespace, {}).get(subject, ())
        admitted = admit(policy, item, known.facts[namespace].get(subject), earlier, now, others)
        admitted = replace(
            admitted, screen_state=known.screens.state_of(item.screen, None)
        )  # now, whatever the clock says
        earlier.append(admitted)
        kept.append(admitted)
    for (namespace, subject), everything in said.items():
        known.said[namespace][subject] = everything
    return tuple(kept)
