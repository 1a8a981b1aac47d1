"""Logs of several chunks: judged in one process or several, the findings are the same, wherever the damage is."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from pellucid.audit import merkle
from pellucid.audit.chunk import CHUNK
from pellucid.audit.note import Note
from pellucid.audit.read import verify_folder
from pellucid.audit.spread import FEW
from pellucid.audit.treehead import Checkpoint
from pellucid.audit.verify import VerificationReport
from tests.audit.conftest import NOON
from tests.audit.evidence import LOG, WITHOUT_WITNESS, failed_steps

SIZE = (FEW + 2) * CHUNK + 77
OLDER = (1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 4711, (FEW + 1) * CHUNK + 1)
NONCE = bytes(32)
SHAPE = (
    '{"action":"a","actor":{"authenticated":"","kind":"staff","name":"pia","roles":[]},"at":%d,"body":{},'
    '"commitment":%s,"purpose":null,"stamp":null,"subject":null,"v":1}'
)


def details_of(leaf: int) -> bytes:
    return b'{"n":%d}' % leaf


def body_of(leaf: int) -> bytes:
    commitment = "null" if leaf % 5 else f'"{sha256(NONCE + details_of(leaf)).hexdigest()}"'
    return (SHAPE % (NOON + leaf, commitment)).encode()


def signed(size: int, root: bytes) -> bytes:
    text = Checkpoint(LOG.name, size, root).text()
    return Note(text, (LOG.sign(text),)).as_bytes()


def write(folder: Path, bodies: list[bytes]) -> Path:
    """Write an export of these entries, with details and older checkpoints, all of it signed by the true key."""
    folder.mkdir()
    hashes, frontier, notes = [], [], []
    for size, body in enumerate(bodies):
        hashes.append(merkle.leaf_hash(body))
        merkle.extend_frontier(frontier, size, hashes[-1])
        if size + 1 in OLDER:
            notes.append(signed(size + 1, merkle.root_from_frontier(frontier)))
    (folder / "checkpoint").write_bytes(signed(len(bodies), merkle.root_from_leaves(hashes)))
    (folder / "checkpoints.txt").write_bytes(b"".join(b64encode(note) + b"\n" for note in notes))
    (folder / "entries.jsonl").write_bytes(b"".join(body + b"\n" for body in bodies))
    (folder / "leaf_hashes.txt").write_text("".join(f"{hashed.hex()}\n" for hashed in hashes))
    lines = (b"%d %s %s\n" % (n, b64encode(NONCE), b64encode(details_of(n))) for n in range(0, len(bodies), 5))
    (folder / "details.txt").write_bytes(b"".join(lines))
    return folder


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    return [body_of(leaf) for leaf in range(SIZE)]


@pytest.fixture(scope="module")
def long_log(bodies: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("long") / "log", bodies)


def test_a_log_of_many_chunks_is_judged_alike_in_one_process_and_in_two(long_log: Path) -> None:
    one, two = (verify_folder(long_log, WITHOUT_WITNESS, processes=processes) for processes in (1, 2))
    assert one == two
    assert one.holds
    assert [step.message for step in one.steps[2:5]] == [
        f"{SIZE} entries have the root that was signed.",
        f"continues {len(OLDER)} older checkpoints. None came from outside, so a log rolled back as a whole is not "
        "found by this step.",
        f"{SIZE // 5 + 1} match their commitments; 0 are erased or held back.",
    ]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_logs_around_the_size_of_a_chunk_hold(bodies: list[bytes], tmp_path: Path, size: int) -> None:
    report = verify_folder(write(tmp_path / "log", bodies[:size]), WITHOUT_WITNESS)
    assert report.steps[2].message == f"{size} entries have the root that was signed."
    assert report.holds


def exchange(folder: Path, name: str, place: int, line: bytes) -> Callable[[], object]:
    """Put another line into a file; return what puts the file back."""
    path = folder / name
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:place], line, *lines[place + 1 :]]))
    return lambda: path.write_bytes(whole)


def attacks_on(bodies: list[bytes], leaf: int) -> dict[tuple[str, int, bytes], int]:
    """Return (file, line, what is put there) and the first step that has to fail."""
    return {
        ("entries.jsonl", leaf, bodies[leaf].replace(b"pia", b"eve") + b"\n"): 3,
        ("entries.jsonl", leaf, b""): 3,
        ("leaf_hashes.txt", leaf, b"0" * 64 + b"\n"): 3,
        ("leaf_hashes.txt", leaf, b"A" * 64 + b"\n"): 3,
        ("details.txt", leaf // 5, b"%d AA== AA==\n" % (leaf // 5 * 5)): 5,
        ("details.txt", leaf // 5, b"no details\n"): 5,
    }


@pytest.mark.parametrize("leaf", [0, CHUNK - 1, CHUNK, CHUNK + 76])
@pytest.mark.promise("log", "damage anywhere in a long log")
def test_damage_is_found_in_every_chunk(bodies: list[bytes], tmp_path: Path, leaf: int) -> None:
    log = write(tmp_path / "log", bodies[: CHUNK + 77])
    for (name, place, line), step in attacks_on(bodies, leaf).items():
        restore = exchange(log, name, place, line)
        assert failed_steps(verify_folder(log, WITHOUT_WITNESS))[0] == step, (name, line)
        restore()
    assert verify_folder(log, WITHOUT_WITNESS).holds


@pytest.mark.slow
@pytest.mark.parametrize("leaf", [4 * CHUNK + 5, (FEW + 1) * CHUNK, SIZE - 1])
@pytest.mark.promise("log", "damage anywhere in a long log")
def test_damage_is_told_alike_by_one_process_and_by_two(long_log: Path, bodies: list[bytes], leaf: int) -> None:
    for (name, place, line), step in attacks_on(bodies, leaf).items():
        restore = exchange(long_log, name, place, line)
        try:
            one, two = (verify_folder(long_log, WITHOUT_WITNESS, processes=processes) for processes in (1, 2))
        finally:
            restore()
        assert one == two
        assert failed_steps(one)[0] == step, (name, line)


def judged_with_time(bodies: list[bytes], folder: Path, leaf: int, time: int) -> VerificationReport:
    changed = [*bodies[: 2 * CHUNK + 9]]
    changed[leaf] = (SHAPE % (time, "null")).encode()
    (log := write(folder, changed)).joinpath("details.txt").unlink()
    return verify_folder(log, WITHOUT_WITNESS)


def test_times_are_followed_from_chunk_to_chunk(bodies: list[bytes], tmp_path: Path) -> None:
    hour = 3600 * 1_000_000
    last = NOON + CHUNK - 1
    assert judged_with_time(bodies, tmp_path / "fine", CHUNK, last - hour).holds
    back = judged_with_time(bodies, tmp_path / "back", CHUNK, last - hour - 1_000_000)
    assert (failed_steps(back), back.steps[5].message) == ([6], f"leaf {CHUNK} is dated 3601 s back.")
    ahead = judged_with_time(bodies, tmp_path / "ahead", CHUNK - 1, NOON + 3 * hour)
    assert ahead.steps[5].message.startswith(f"leaf {CHUNK} is dated 10799 s back. leaf {CHUNK + 1} is dated")
    assert ahead.steps[5].message.endswith(f"And {CHUNK + 9 - 5} more.")


ENDED = """
import os, sys
from pathlib import Path
from pellucid.audit import chunk
from pellucid.audit.read import verify_place
if __name__ == "__main__":
    verify_place(Path(sys.argv[1]), log_key=sys.argv[2], processes=2)
else:
    os.kill(os.getpid(), 9)
"""


def test_a_process_that_is_ended_ends_the_verification(long_log: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(ENDED)
    ended = subprocess.run(
        [sys.executable, str(program), str(long_log), str(LOG.verifier)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    said = (
        "pellucid.errors.VerificationFailed: A process that was judging entries was ended, so nothing is established."
    )
    assert ended.stderr.splitlines()[-1] == said
