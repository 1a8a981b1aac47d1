"""The lease rule as a small model, every interleaving of which is walked: questions, withdrawals, and time.

One purpose. A withdrawal is a number, the register version it made; a question's bits are those of a version. The
rules can be taken out one by one, so that a test can show that each is needed. It says nothing of the code: that is
walked by `interleaving`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

RERUNS = 2


class Rule(Enum):
    """The rules by which the promise is kept."""

    COMMIT_LOOKS_FOR_CHANGES = auto()
    COMMIT_LOOKS_FOR_ITS_LEASE = auto()
    LEASE_BEFORE_BITS = auto()
    WRITER_WAITS = auto()
    WRITER_LOOKS_AFTER_COMMIT = auto()
    WRITER_DELETES_WHAT_EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class Question:
    """A question: what it does next, how often it ran, the version of its bits, and whether it means to hold a lease.

    Next is one of lease, bits, commit, released, gave-up.
    """

    next: str = "bits"
    attempt: int = 0
    bits: int = 0
    leased: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody's withdrawal: next is look-early, record, look, wait, acknowledged. `awaits` are questions by number."""

    next: str = "record"
    version: int = 0
    awaits: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """Everything: the register's version, whose leases are there, which of them have expired."""

    questions: tuple[Question, ...]
    writers: tuple[Writer, ...]
    version: int = 0
    leases: frozenset[int] = frozenset()
    expired: frozenset[int] = frozenset()
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk over all interleavings found."""

    states: int
    broken: bool
    stuck: int
    releases_under_lease: bool
    gave_up: bool


def walk(questions: int, writers: int, rules: frozenset[Rule]) -> Walked:
    """Walk every interleaving under these rules, up to the first that breaks the promise."""
    looks = "record" if Rule.WRITER_LOOKS_AFTER_COMMIT in rules else "look-early"
    first = World((Question(),) * questions, (Writer(looks),) * writers)
    seen, left = {first}, [first]
    broken = under_lease = gave_up = False
    stuck = 0
    while left and not broken:
        world = left.pop()
        broken |= world.broken
        under_lease |= any(each.next == "released" and each.leased for each in world.questions)
        gave_up |= any(each.next == "gave-up" for each in world.questions)
        following = set(_steps(world, rules))
        stuck += not following and not _finished(world)
        new = following - seen
        seen |= new
        left.extend(new)
    return Walked(len(seen), broken, stuck, under_lease, gave_up)


def _finished(world: World) -> bool:
    return all(each.next in ("released", "gave-up") for each in world.questions) and all(
        each.next == "acknowledged" for each in world.writers
    )


def _steps(world: World, rules: frozenset[Rule]) -> Iterator[World]:
    for number, question in enumerate(world.questions):
        after = _ask(world, number, question, rules)
        if after is not None:
            yield after
        if number in world.leases and number not in world.expired:
            yield replace(world, expired=world.expired | {number})  # time passes
    for number, writer in enumerate(world.writers):
        after = _write(world, number, writer, rules)
        if after is not None:
            yield after


def _ask(world: World, number: int, question: Question, rules: frozenset[Rule]) -> World | None:
    """Take a question's next step: each is one transaction."""
    last = question.attempt == RERUNS + 1
    early = Rule.LEASE_BEFORE_BITS in rules
    match question.next:
        case "lease":
            world = replace(world, leases=world.leases | {number})
            return _asked(world, number, replace(question, next="bits" if early else "commit", leased=True))
        case "bits":
            then = "commit" if early or not last else "lease"
            return _asked(world, number, replace(question, next=then, bits=world.version))
        case "commit":
            return _commit(world, number, question, rules)
    return None


def _commit(world: World, number: int, question: Question, rules: frozenset[Rule]) -> World:
    overtaken = world.version > question.bits and Rule.COMMIT_LOOKS_FOR_CHANGES in rules
    if question.leased:
        overtaken = number not in world.leases and Rule.COMMIT_LOOKS_FOR_ITS_LEASE in rules
    if not overtaken:
        late = any(each.next == "acknowledged" and each.version > question.bits for each in world.writers)
        world = replace(world, broken=world.broken or late, leases=world.leases - {number})
        return _asked(world, number, replace(question, next="released"))
    if question.attempt == RERUNS + 1:
        return _asked(world, number, replace(question, next="gave-up"))
    attempt = question.attempt + 1
    leads = attempt == RERUNS + 1 and Rule.LEASE_BEFORE_BITS in rules
    return _asked(world, number, replace(question, next="lease" if leads else "bits", attempt=attempt))


def _write(world: World, number: int, writer: Writer, rules: frozenset[Rule]) -> World | None:
    """Take a withdrawal's next step."""
    match writer.next:
        case "look-early":
            return _written(world, number, replace(writer, next="record", awaits=world.leases))
        case "record":
            world = replace(world, version=world.version + 1)
            then = "look" if Rule.WRITER_LOOKS_AFTER_COMMIT in rules else "wait"
            then = then if Rule.WRITER_WAITS in rules else "wait"
            return _written(world, number, replace(writer, next=then, version=world.version))
        case "look":
            return _written(world, number, replace(writer, next="wait", awaits=world.leases))
        case "wait":
            return _wait(world, number, writer, rules)
    return None


def _wait(world: World, number: int, writer: Writer, rules: frozenset[Rule]) -> World | None:
    still = writer.awaits & world.leases
    expired = still & world.expired
    if expired:
        if Rule.WRITER_DELETES_WHAT_EXPIRED in rules:
            world = replace(world, leases=world.leases - expired)
        return _written(world, number, replace(writer, awaits=still - expired))
    return None if still else _written(world, number, replace(writer, next="acknowledged", awaits=frozenset()))


def _asked(world: World, number: int, question: Question) -> World:
    questions = (*world.questions[:number], question, *world.questions[number + 1 :])
    return replace(world, questions=questions)


def _written(world: World, number: int, writer: Writer) -> World:
    writers = (*world.writers[:number], writer, *world.writers[number + 1 :])
    # Writers are alike: worlds that differ only in which of them did what are one.
    return replace(
        world, writers=tuple(sorted(writers, key=lambda each: (each.next, each.version, sorted(each.awaits))))
    )
