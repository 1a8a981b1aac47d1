"""What is read equals what is filtered by hand: whoever is permitted, whatever changes, however the rows lie."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.conformance.harness import DATASET, MEETINGS, NAMESPACE, PURPOSE
from pellucid.engines.base import Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb import DuckDBEngine
from pellucid.engines.duckdb_layout import VECTOR, rows_a_block
from pellucid.engines.members import Members
from pellucid.engines.readable import Replica
from tests.engines.conftest import PAIRS, SENSITIVE, VISITS, governed, instant, write_generation

PEOPLE = 12
SUBJECT = st.sampled_from([None, -1, PEOPLE, *range(PEOPLE)])
INSTANT = st.sampled_from([None, None, 0, 50, 100])


@dataclass
class Register:
    """Who may be read, kept by hand: bits, and instants that count where the bit is off."""

    plain: set[int] = field(default_factory=set)
    sensitive: set[int] = field(default_factory=set)
    since: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)

    def take(self, change: PermittedChange) -> None:
        for people, on in ((self.plain, change.plain), (self.sensitive, change.sensitive)):
            people.discard(change.subject)
            people.update({change.subject} if on else ())
        self.since[change.subject] = change.not_before, change.sensitive_not_before

    def may_read(self, subjects: Sequence[int | None], at: int, sensitive: bool) -> bool:
        permitted = self.sensitive if sensitive else self.plain
        return all(
            subject is not None
            and (subject in permitted or at >= (10**9 if (since := self._since(subject, sensitive)) is None else since))
            for subject in subjects
        )

    def _since(self, subject: int, sensitive: bool) -> int | None:
        return self.since.get(subject, (None, None))[sensitive]


CHANGE = st.builds(
    lambda subject, plain, sensitive, since, later: PermittedChange(
        PURPOSE, subject, plain, sensitive, None if plain else since, None if sensitive else later, NAMESPACE
    ),
    st.integers(0, PEOPLE - 1),
    st.booleans(),
    st.booleans(),
    INSTANT,
    INSTANT,
)
# Runs of up to two blocks, so that some blocks hold one person, some a few, and some people more than one block.
RUNS = st.lists(st.tuples(SUBJECT, SUBJECT, st.integers(1, 2 * VECTOR), st.sampled_from([0, 60, 120])), max_size=6)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(runs=RUNS, first=st.lists(CHANGE, max_size=20), batches=st.lists(st.lists(CHANGE, max_size=10), max_size=4))
@pytest.mark.promise("rows", "random generations, registers and changes, compared with filtering by hand")
def test_what_is_read_equals_what_is_filtered_by_hand(
    runs: list[tuple[int | None, int | None, int, int]],
    first: list[PermittedChange],
    batches: list[list[PermittedChange]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        engine = opened(Path(folder), runs)
        stack.callback(engine.close)
        register = Register()
        for change in first:
            register.take(change)
        engine.load_permitted([as_set(register)], version=0)
        for version, batch in enumerate([[], *batches], start=1):
            engine.permit(batch, version=version)
            for change in batch:
                register.take(change)
            assert read(engine) == by_hand(register, runs)


def opened(folder: Path, runs: list[tuple[int | None, int | None, int, int]]) -> DuckDBEngine:
    visits = [(one, instant(at), "nothing" if rows % 2 else "shop") for one, _, rows, at in runs for _ in range(rows)]
    meetings = [(one, other, instant(at)) for one, other, rows, at in runs for _ in range(rows)]
    files = [
        Holding(DATASET, 1, str(write_generation(folder / "visits.duckdb", VISITS, visits))),
        Holding(MEETINGS, 1, str(write_generation(folder / "meetings.duckdb", PAIRS, meetings))),
    ]
    return DuckDBEngine(files, temp_directory=folder / "spill", memory_limit="500MB", spill_limit="0B", threads=1)


def as_set(register: Register) -> PermittedSet:
    def packed(people: set[int]) -> bytes:
        return np.packbits([n in people for n in range(PEOPLE)], bitorder="little").tobytes()

    partial = [
        PermittedChange(PURPOSE, who, who in register.plain, who in register.sensitive, *since, NAMESPACE)
        for who, since in register.since.items()
    ]
    return PermittedSet(PURPOSE, NAMESPACE, PEOPLE, packed(register.plain), packed(register.sensitive), partial)


def read(engine: DuckDBEngine) -> list[dict[tuple[object, ...], int]]:
    sql = "SELECT time, _subject, count(*) AS n FROM ({}) AS _g GROUP BY ALL"
    parts = {"plain": VISITS, "sensitive": SENSITIVE, "pairs": PAIRS}
    statements = [Statement(name, sql.format(governed(PURPOSE, dataset))) for name, dataset in parts.items()]
    answer = engine.run(statements, purpose=PURPOSE, seconds=60)
    return [{(row["time"], row["_subject"]): row["n"] for row in answer.table(name).to_pylist()} for name in parts]


def by_hand(
    register: Register, runs: list[tuple[int | None, int | None, int, int]]
) -> list[dict[tuple[object, ...], int]]:
    found: list[dict[tuple[object, ...], int]] = [{}, {}, {}]
    for one, other, rows, at in runs:
        allowed = (
            register.may_read([one], at, False),
            register.may_read([one], at, bool(rows % 2)),
            register.may_read([one, other], at, False),
        )
        for counts, may in zip(found, allowed, strict=True):
            if may:
                counts[instant(at), one] = counts.get((instant(at), one), 0) + rows
    return found


def test_blocks_of_people_who_are_alike_are_settled_and_others_are_told_person_by_person() -> None:
    everybody = range(4 * 100)
    members = crowd()
    replica = Replica({DATASET: members})
    replica.load([as_bits([n for n in everybody if n >= 100])], 1)
    assert shape(replica) == ("0111", 0)
    replica.change([PermittedChange(PURPOSE, 150, False, False, namespace=NAMESPACE)], 2)
    assert shape(replica) == ("0011", 2)  # a hundred people are two words
    replica.change([PermittedChange(PURPOSE, 150, True, False, namespace=NAMESPACE)], 3)
    assert shape(replica) == ("0111", 0)


def test_a_question_under_way_keeps_the_state_it_began_with() -> None:
    replica = Replica({DATASET: crowd()})
    replica.load([as_bits(range(400))], 1)
    version, before = replica.shown(PURPOSE, [DATASET])
    replica.change([PermittedChange(PURPOSE, 0, False, False, namespace=NAMESPACE)], 2)
    replica.load([as_bits([])], 3)
    assert (version, before[DATASET].open, before[DATASET].words.num_rows) == (1, "1111", 0)
    assert replica.shown(PURPOSE, [DATASET])[1][DATASET].open == "0000"


def crowd() -> Members:
    """Return four blocks of a hundred people each, two words a block."""
    ids = np.arange(400, dtype=np.int32)
    rank = ids % 100
    word = (ids // 100 * 2 + rank // 64).astype(np.int32)
    return Members((NAMESPACE,), (ids,), (ids // 100).astype(np.int32), word, (rank % 64).astype(np.int32))


def as_bits(people: Sequence[int]) -> PermittedSet:
    flags = np.zeros(400, np.bool_)
    flags[list(people)] = True
    bits = np.packbits(flags, bitorder="little").tobytes()
    return PermittedSet(PURPOSE, NAMESPACE, 400, bits, bytes(len(bits)))


def shape(replica: Replica) -> tuple[str, int]:
    found = replica.shown(PURPOSE, [DATASET])[1][DATASET]
    return found.open, found.words.num_rows


@pytest.mark.parametrize(
    ("rows", "block"),
    [(0, 2048), (1, 2048), (67_108_864, 2048), (67_108_865, 4096), (10**9, 30_720), (10**10, 307_200)],
)
def test_blocks_are_whole_vectors_and_never_more_than_32768(rows: int, block: int) -> None:
    assert (rows_a_block(rows), -(-rows // block) <= 32_768) == (block, True)
