"""Judging somebody's log offline, in six numbered steps: an exported bundle, or what was read from a live workspace.

Pure, and independent of the product being well: it imports neither the database nor anything that signs, and reads a
bundle only through the function handed in. Whom to believe (`TrustKeys`) comes apart from what is judged. Reading
folders and databases is in `audit.read`, the form of a bundle in `audit.bundle`.

    1 signature    the checkpoint is signed by the log's key
    2 witness      enough of the trusted witnesses cosigned it, or an earlier head of it: then up to where is told
    3 entries      the bytes of the entries lead to the root that was signed
    4 append-only  older checkpoints are heads of this very log
    5 details      details that are present are those committed to
    6 order        entries are well-formed, none is missing, times do not run backwards
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from pellucid.audit import bundle, merkle
from pellucid.audit.bundle import BundleOpener
from pellucid.audit.chunk import HEIGHT, NO_TIME, Findings, Judged, SealedChunk, judge_chunk
from pellucid.audit.note import signed_by
from pellucid.audit.proof import cosignatures
from pellucid.audit.treehead import Checkpoint, TrustKeys, open_checkpoint
from pellucid.errors import VerificationFailed

TITLES = {
    1: "signature of the log",
    2: "cosignatures of witnesses",
    3: "entries and their root",
    4: "append-only since older checkpoints",
    5: "details and their commitments",
    6: "form and order of entries",
}

CLOCK_SLACK = 3600 * 1_000_000
"""How far (µs) an entry's time may lie before an earlier entry's: several machines write, long imports commit late."""

Judge = Callable[[SealedChunk], Judged]
Spread = Callable[[Judge, Iterable[SealedChunk]], Iterator[Judged]]
"""Judges chunks and gives the findings in the chunks' order: `map`, or something that uses several processes."""


@dataclass(frozen=True, slots=True)
class Step:
    """How one numbered step went: `held`, `failed`, `absent` (nothing to check), `skipped` (step 1 failed)."""

    number: int
    outcome: str
    message: str

    def __str__(self) -> str:
        return f"{self.number}. {self.outcome:7} {TITLES[self.number]}: {self.message}"


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """Every step of a verification, and the checkpoint that it rests on (None if none could be believed)."""

    steps: tuple[Step, ...]
    checkpoint: Checkpoint | None

    @property
    def holds(self) -> bool:
        """Return whether no step failed; read step 2 and 4 for what could not be checked."""
        return self.checkpoint is not None and all(step.outcome in ("held", "absent") for step in self.steps)

    def demand(self) -> None:
        """Raise VerificationFailed, telling the first step that failed, unless everything held."""
        if self.holds:
            return
        failed = next((str(step) for step in self.steps if step.outcome == "failed"), "Nothing was verified.")
        raise VerificationFailed(failed, remedy="Keep this log as evidence, and compare it with what the witness saw.")


@dataclass(frozen=True, slots=True)
class LogMaterial:
    """All that is judged. `older` are notes from inside the material; a `live` log may go on after its checkpoint."""

    checkpoint: bytes | None
    chunks: Iterable[SealedChunk]
    has_details: bool
    older: tuple[bytes, ...] = ()
    live: bool = False
    stated_head: tuple[int, bytes] | None = None


@dataclass(slots=True)
class _Walk:
    """What was found about the entries so far."""

    wanted: frozenset[int]
    slack: int
    size: int = 0
    frontier: list[bytes] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=lambda: {0: merkle.EMPTY_ROOT})
    latest: int = NO_TIME
    committed: int = 0
    present: int = 0
    wrong_bytes: Findings = field(default_factory=Findings)
    wrong_details: Findings = field(default_factory=Findings)
    wrong_order: Findings = field(default_factory=Findings)


def verify_bundle(
    open_file: BundleOpener,
    trust: TrustKeys,
    against: bytes | None = None,
    *,
    slack: int = CLOCK_SLACK,
    spread: Spread = map,
) -> VerificationReport:
    """Judge an exported bundle; `against` is the note of an older checkpoint from outside. Failures are in the report.

    `slack` is in microseconds.
    """
    try:
        material = LogMaterial(
            checkpoint=bundle.read_checkpoint(open_file),
            chunks=bundle.read_chunks(open_file),
            has_details=bundle.has_details(open_file),
            older=bundle.read_older_checkpoints(open_file),
        )
    except VerificationFailed as error:
        return VerificationReport((Step(3, "failed", error.message),), None)
    return verify_log(material, trust, against, slack=slack, spread=spread)


def verify_log(
    material: LogMaterial,
    trust: TrustKeys,
    against: bytes | None = None,
    *,
    slack: int = CLOCK_SLACK,
    spread: Spread = map,
) -> VerificationReport:
    """Judge a log, one pass over its entries, in constant memory. Failures are in the report.

    `slack` is in microseconds.
    """
    # 1 signature
    try:
        if material.checkpoint is None:
            raise VerificationFailed("there is no signed checkpoint.", code="checkpoint-missing")
        checkpoint, _ = open_checkpoint(material.checkpoint, trust.log)
    except VerificationFailed as error:
        return _stopped(error)
    signed = f"{trust.log.name} signed a head of {checkpoint.size} entries."
    # 2 witness
    witnessed = _witness_step(material, material.checkpoint, checkpoint, trust)
    # 3 entries (and what the same pass finds for 5 and 6)
    older, wrong_older = _open_older(material.older, against, trust, checkpoint)
    wanted = frozenset({checkpoint.size, *(known.size for known in older)})
    walk = _walk(material, wanted, slack, spread)
    # 4 append-only
    append_only = _append_only_step(older, wrong_older, walk, outside=against is not None)
    return VerificationReport(
        (
            Step(1, "held", signed),
            witnessed,
            _entries_step(material, checkpoint, walk),
            append_only,
            # 5 details
            _details_step(material, walk),
            # 6 order
            _step(6, walk.wrong_order, f"{walk.size} entries, none missing, times within {slack // 1_000_000} s."),
        ),
        checkpoint,
    )


def _witness_step(material: LogMaterial, newest: bytes, checkpoint: Checkpoint, trust: TrustKeys) -> Step:
    if not trust.witnesses:
        return Step(
            2,
            "absent",
            "no witness key was given, so only the operator vouches that this is the log that others see.",
        )
    try:
        return Step(2, "held", f"cosigned by {_seen_by(newest, trust)}.")
    except VerificationFailed as error:
        # Entries are logged between two visits of a witness. What it saw of them is told, and how much it did not see.
        earlier = None if error.code != "witness-missing" else _newest_witnessed(material.older, checkpoint, trust)
        if earlier is None:
            return Step(2, "failed", error.message)
    size, seen = earlier
    later = checkpoint.size - size
    return Step(2, "held", f"the first {size} entries were cosigned by {seen}; the last {later} NOT YET.")


def _newest_witnessed(notes: Iterable[bytes], checkpoint: Checkpoint, trust: TrustKeys) -> tuple[int, str] | None:
    found: list[tuple[int, str]] = []
    for note in notes:
        try:
            older, _ = open_checkpoint(note, trust.log)
            found.append((older.size, _seen_by(note, trust)))
        except VerificationFailed:
            continue  # step 4 tells what is wrong with an older checkpoint
    return max((item for item in found if 0 < item[0] <= checkpoint.size), default=None)


def _seen_by(note: bytes, trust: TrustKeys) -> str:
    found = cosignatures(note, trust)
    return ", ".join(f"{key.name} on {_moment(seconds)}" for key, seconds in found.items())


def _moment(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"second {seconds} since 1970"


def _open_older(
    notes: tuple[bytes, ...], against: bytes | None, trust: TrustKeys, checkpoint: Checkpoint
) -> tuple[list[Checkpoint], Findings]:
    found: list[Checkpoint] = []
    wrong = Findings()
    for place, note in enumerate(notes if against is None else (*notes, against)):
        try:
            older, opened = open_checkpoint(note, trust.log)
            signed_by(opened, trust.witnesses)  # what claims to be by a witness has to be
        except VerificationFailed as error:
            wrong.add(f"an older checkpoint cannot be believed: {error.message}")
            continue
        if older.size > checkpoint.size:
            wrong.add(f"the log shrank: it had {older.size} entries once, now {checkpoint.size}.")
        elif 0 < place < len(notes) and found and older.size <= found[-1].size:
            wrong.add(f"the older checkpoint of {older.size} entries is there twice or out of order.")
        else:
            found.append(older)
    return found, wrong


def _walk(material: LogMaterial, wanted: frozenset[int], slack: int, spread: Spread) -> _Walk:
    walk = _Walk(wanted, slack)
    for judged in spread(partial(judge_chunk, wanted=wanted), material.chunks):
        _take_chunk(walk, judged)
        if judged.broken is not None:
            break
    return walk


def _take_chunk(walk: _Walk, judged: Judged) -> None:
    first = walk.size
    for size, frontier in judged.marks.items():
        walk.roots[size] = merkle.root_from_frontier([*walk.frontier, *frontier])
    if judged.size == 1 << HEIGHT:
        merkle.extend_frontier(walk.frontier, walk.size >> HEIGHT, judged.frontier[0])
    else:  # the last chunk: its subtrees are all smaller than those before it
        walk.frontier.extend(judged.frontier)
    walk.size += judged.size
    walk.committed += judged.committed
    walk.present += judged.present
    walk.wrong_bytes.join(judged.wrong_bytes)
    walk.wrong_details.join(judged.wrong_details)
    walk.wrong_order.join(judged.wrong_order)
    _take_times(walk, first, judged.times)
    if judged.broken is not None:
        number, sentence = judged.broken
        (walk.wrong_bytes if number == 3 else walk.wrong_order).add(sentence)


def _take_times(walk: _Walk, first: int, times: Sequence[int]) -> None:
    if not times:
        return
    latest = max(walk.latest, max(times))
    if min(times) < latest - walk.slack:  # perhaps one is too early: look at each
        for leaf, time in enumerate(times, start=first):
            if NO_TIME < time < walk.latest - walk.slack:
                walk.wrong_order.add(f"leaf {leaf} is dated {(walk.latest - time) // 1_000_000} s back.")
            walk.latest = max(walk.latest, time)
    walk.latest = latest


def _entries_step(material: LogMaterial, checkpoint: Checkpoint, walk: _Walk) -> Step:
    wrong = walk.wrong_bytes
    if walk.size < checkpoint.size:
        wrong.add(f"only {walk.size} of the {checkpoint.size} entries that were signed are there.")
    elif walk.roots.get(checkpoint.size) != checkpoint.root:
        wrong.add(f"the first {checkpoint.size} entries do not have the root that was signed.")
    later = walk.size - checkpoint.size
    if later > 0 and not material.live:
        wrong.add(f"{later} entries follow that nobody signed, from leaf {checkpoint.size} on.")
    if material.stated_head is not None and material.stated_head != (
        walk.size,
        merkle.root_from_frontier(walk.frontier),
    ):
        wrong.add("the head kept in the database is not that of its entries.")
    tail = f" {later} later entries are not signed yet." if later > 0 else ""
    return _step(3, wrong, f"{checkpoint.size} entries have the root that was signed.{tail}")


def _append_only_step(older: list[Checkpoint], wrong: Findings, walk: _Walk, *, outside: bool) -> Step:
    for known in older:
        if walk.roots.get(known.size) != known.root:
            wrong.add(
                f"the checkpoint of {known.size} entries is of another log: something before leaf {known.size} was "
                "altered."
            )
    without = "" if outside else " None came from outside, so a log rolled back as a whole is not found by this step."
    if not older and not wrong.count:
        return Step(4, "absent", f"there is no older checkpoint to compare with.{without}")
    return _step(4, wrong, f"continues {len(older)} older checkpoints.{without}")


def _details_step(material: LogMaterial, walk: _Walk) -> Step:
    if not material.has_details and not walk.wrong_details.count:
        return Step(5, "absent", f"no details were handed over; {walk.committed} entries commit to some.")
    gone = walk.committed - walk.present
    return _step(5, walk.wrong_details, f"{walk.present} match their commitments; {gone} are erased or held back.")


def _step(number: int, wrong: Findings, held: str) -> Step:
    if not wrong.count:
        return Step(number, "held", held)
    rest = wrong.count - len(wrong.told)
    return Step(number, "failed", " ".join(wrong.told) + (f" And {rest} more." if rest else ""))


def _stopped(error: VerificationFailed) -> VerificationReport:
    rest = tuple(Step(number, "skipped", "nothing can be believed without step 1.") for number in range(2, 7))
    return VerificationReport((Step(1, "failed", error.message), *rest), None)
