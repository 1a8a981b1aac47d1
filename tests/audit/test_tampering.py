"""What mallory can do to an exported log, and that each of it is found; what cannot be found is listed with its reason.

The operator is the attacker that matters: whoever has the signing key can write another history, so the last word is a
checkpoint or a witness from elsewhere.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest

from pellucid.audit.keys import SigningKey
from pellucid.audit.merkle import consistency_proof, leaf_hash, root_from_leaves
from pellucid.audit.note import COSIGNATURE, ED25519, Note, VerifierKey, parse_note
from pellucid.audit.treehead import Checkpoint, TrustKeys, parse_checkpoint
from pellucid.audit.verify import verify_bundle
from pellucid.audit.witness import Witness
from pellucid.errors import InputInvalid, PellucidError, VerificationFailed
from tests.audit.conftest import NOON
from tests.audit.evidence import (
    FILES,
    LOG,
    MALLORY,
    SIGNED,
    SIZE,
    TRUST,
    WITHOUT_WITNESS,
    WITNESS,
    Evidence,
    Files,
    altered_from,
    failed_steps,
    judge,
    make_evidence,
)
from tests.conftest import Tried

FORKS = (0, 3, 8, 11)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return make_evidence(tmp_path_factory.mktemp("log"), stops=sorted({*SIGNED, *FORKS}))


@pytest.fixture(scope="module")
def forks(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Evidence]:
    """Logs by the true key that tell another story from an entry on, which the witness was not shown."""
    folder = tmp_path_factory.mktemp("forks")
    return {
        at: make_evidence(folder / str(at), witness=None, write=altered_from(at), begin=(at, evidence.kept[at]))
        for at in FORKS
    }


def test_what_is_attacked_here_holds_untouched(evidence: Evidence) -> None:
    report = judge(evidence.files, against=evidence.at[8]["checkpoint"])
    assert [step.outcome for step in report.steps] == ["held"] * 6
    assert report.steps[1].message == "cosigned by witness.example/w1 on 2026-01-01 12:00:12 UTC."
    assert report.steps[4].message == "6 match their commitments; 0 are erased or held back."
    assert sorted(evidence.files) == sorted([*FILES, "README.md"])
    assert len(evidence.files["entries.jsonl"].splitlines()) == SIZE


# -- every byte ----------------------------------------------------------------------------------------------------


def flips(files: Files, masks: tuple[int, ...]) -> Iterator[tuple[str, int, Files]]:
    for name, whole in files.items():
        for at, mask in product(range(len(whole)), masks):
            yield name, at, {**files, name: whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1 :]}


def stranger_made(files: Files, changed: Files) -> Files | None:
    """Return the files without the cosignature that the change turned into that of an unknown witness, if it did so.

    Signed notes may carry signatures by keys that a verifier does not know, and it passes over them. To make a
    cosignature look like one of those is to take it away, which anybody can do; the witness is asked for it again.
    """
    for name, notes in (("checkpoint", notes_of), ("checkpoints.txt", older_notes_of)):
        was, now = notes(files), notes(changed)
        for place, (one, other) in enumerate(zip(was, now, strict=False)):
            if one != other and one.text == other.text and one.signatures[0] == other.signatures[0]:
                (stranger,) = other.signatures[1:]
                if (stranger.name, stranger.key_id) != (WITNESS.name, WITNESS.verifier.key_id):
                    without = [*was[:place], Note(one.text, one.signatures[:1]), *was[place + 1 :]]
                    lines = [note.as_bytes() for note in without]
                    put = lines[0] if name == "checkpoint" else b"".join(b64encode(line) + b"\n" for line in lines)
                    return {**files, name: put}
    return None


def notes_of(files: Files) -> list[Note]:
    try:
        return [parse_note(files["checkpoint"])]
    except PellucidError:
        return []


def older_notes_of(files: Files) -> list[Note]:
    try:
        return [parse_note(b64decode(line, validate=True)) for line in files["checkpoints.txt"].splitlines()]
    except (PellucidError, ValueError):
        return []


def find_every_flip(evidence: Evidence, masks: tuple[int, ...]) -> tuple[int, int]:
    """Demand that every flip is found; return how many were, and how many were like a missing cosignature."""
    files = {name: evidence.files[name] for name in FILES}
    found = missing = 0
    for name, at, changed in flips(files, masks):
        report = judge(changed)
        if not report.holds:
            found += 1
        else:
            without = stranger_made(files, changed)
            assert without is not None, (name, at)
            assert report == judge(without), (name, at)
            missing += 1
    return found, missing


@pytest.mark.slow
@pytest.mark.promise("log", "flipping a bit in every byte of every file of an export")
def test_every_byte_of_every_file_matters(evidence: Evidence, tried: Tried) -> None:
    found, missing = find_every_flip(evidence, (0x01,))
    assert found + missing == sum(len(evidence.files[name]) for name in FILES) > 5_000
    # The name and the four bytes of the key id in two cosignatures, one of them in base64 once more.
    assert 0 < missing <= 2 * (len(WITNESS.name) + 6) * 4 // 3
    tried(found + missing, f"{found:,} found, {missing} take a cosignature away")


@pytest.mark.slow
@pytest.mark.promise("log", "flipping every bit of every file of an export")
def test_every_bit_of_every_file_matters(evidence: Evidence, tried: Tried) -> None:
    found, missing = find_every_flip(evidence, tuple(1 << bit for bit in range(8)))
    assert found + missing == 8 * sum(len(evidence.files[name]) for name in FILES)
    assert found > 39_000
    tried(found + missing, f"{found:,} found, {missing} take a cosignature away")


def test_the_prose_beside_the_files_is_never_read(evidence: Evidence) -> None:
    opened: set[str] = set()

    def open_file(name: str) -> BytesIO | None:
        opened.add(name)
        return BytesIO(evidence.files[name]) if name in evidence.files else None

    assert verify_bundle(open_file, TRUST).holds
    assert opened == set(FILES)  # README.md is for people, and tells them to take the key from elsewhere


@pytest.mark.promise("log", "forging or hiding cosignatures")
def test_a_cosignature_made_to_look_like_a_strangers_is_a_missing_one(evidence: Evidence) -> None:
    files = evidence.files
    other = files["checkpoint"].replace(b" witness.example/w1 ", b" witness.example/w2 ")
    assert judge({**files, "checkpoint": other}).steps[1].message == (
        "the first 8 entries were cosigned by witness.example/w1 on 2026-01-01 12:00:08 UTC; the last 4 NOT YET."
    )


@pytest.mark.promise("log", "forging or hiding cosignatures")
def test_a_false_cosignature_on_an_older_checkpoint_is_found(evidence: Evidence) -> None:
    files = evidence.files
    lines = files["checkpoints.txt"].splitlines()
    note = parse_note(b64decode(lines[1]))
    cosignature = note.signatures[1]
    forged = replace(cosignature, blob=cosignature.blob[:-1] + bytes([cosignature.blob[-1] ^ 1]))
    lines[1] = b64encode(note.with_signature(forged).as_bytes())
    report = judge({**files, "checkpoints.txt": b"\n".join([*lines, b""])})
    assert (failed_steps(report), report.steps[3].message) == (
        [4],
        "an older checkpoint cannot be believed: The signature by witness.example/w1 does not verify.",
    )


# -- whole lines and files -----------------------------------------------------------------------------------------


def lines_of(whole: bytes) -> list[bytes]:
    return whole.splitlines(keepends=True)


@pytest.mark.parametrize("name", ["entries.jsonl", "leaf_hashes.txt", "entries and hashes"])
@pytest.mark.promise("log", "taking away, doubling, exchanging and moving lines of an export")
def test_entries_taken_away_doubled_or_exchanged_are_found(evidence: Evidence, name: str, tried: Tried) -> None:
    files = evidence.files
    names = ("entries.jsonl", "leaf_hashes.txt") if name == "entries and hashes" else (name,)

    def holds(change: Callable[[list[bytes]], list[bytes]]) -> bool:
        return judge({**files, **{each: b"".join(change(lines_of(files[each]))) for each in names}}).holds

    for at in range(SIZE):
        assert not holds(lambda lines, at=at: lines[:at] + lines[at + 1 :])
        for there in range(SIZE):
            assert not holds(lambda lines, at=at, there=there: [*lines[:there], lines[at], *lines[there:]])
            if at != there:
                assert not holds(lambda lines, at=at, there=there: exchanged(lines, at, there))
                assert not holds(lambda lines, at=at, there=there: moved(lines, at, there))
    assert holds(lambda lines: lines)
    tried(SIZE + SIZE * SIZE + 2 * SIZE * (SIZE - 1), "found; erased details and missing old checkpoints are counted")


def exchanged(lines: list[bytes], one: int, other: int) -> list[bytes]:
    changed = list(lines)
    changed[one], changed[other] = lines[other], lines[one]
    return changed


def moved(lines: list[bytes], source: int, target: int) -> list[bytes]:
    changed = lines[:source] + lines[source + 1 :]
    changed.insert(target, lines[source])
    return changed


@pytest.mark.promise("log", "taking away, doubling, exchanging and moving lines of an export")
def test_details_taken_away_are_counted_and_doubled_or_exchanged_ones_are_found(evidence: Evidence) -> None:
    files = evidence.files
    lines = lines_of(files["details.txt"])
    assert len(lines) == 6
    for at in range(6):
        report = judge({**files, "details.txt": b"".join(lines[:at] + lines[at + 1 :])})
        assert (report.holds, report.steps[4].message) == (
            True,
            "5 match their commitments; 1 are erased or held back.",
        )
        for there in range(6):
            doubled = [*lines[:there], lines[at], *lines[there:]]
            assert failed_steps(judge({**files, "details.txt": b"".join(doubled)})) == [5]
            if at != there:
                assert failed_steps(judge({**files, "details.txt": b"".join(exchanged(lines, at, there))})) == [5]


@pytest.mark.promise("log", "taking away, doubling, exchanging and moving lines of an export")
def test_older_checkpoints_doubled_or_exchanged_are_found_and_missing_ones_counted(evidence: Evidence) -> None:
    files = evidence.files
    first, second = lines_of(files["checkpoints.txt"])
    for lines in ([second, first], [first, first, second], [first, second, second]):
        assert failed_steps(judge({**files, "checkpoints.txt": b"".join(lines)})) == [4]
    newest = b64encode(evidence.note) + b"\n"
    assert judge({**files, "checkpoints.txt": first + second + newest}).holds  # says nothing that is not so
    for lines, count in (([first], 1), ([second], 1)):
        report = judge({**files, "checkpoints.txt": b"".join(lines)})
        assert report.steps[3].message.startswith(f"continues {count} older checkpoints. None came from outside")


@pytest.mark.promise("log", "cutting files short or leaving them out")
def test_a_missing_file_is_found_but_for_details_which_may_be_held_back(evidence: Evidence) -> None:
    files = evidence.files
    for name in FILES:
        report = judge({other: whole for other, whole in files.items() if other != name})
        assert report.holds is (name == "details.txt"), name
    del files["details.txt"]
    assert judge(files).steps[4].message == "no details were handed over; 6 entries commit to some."
    for name in ("checkpoint", "entries.jsonl", "leaf_hashes.txt"):
        assert not judge({**files, name: b""}).holds, name


@pytest.mark.promise("log", "cutting files short or leaving them out")
def test_every_cut_of_every_file_is_found(evidence: Evidence) -> None:
    files = evidence.files
    whole_lines = {name: {0} for name in FILES}
    for name in ("details.txt", "checkpoints.txt"):  # whole lines may be missing there, and the report counts them
        for line in lines_of(files[name]):
            whole_lines[name].add(max(whole_lines[name]) + len(line))
    for name in FILES:
        for length in range(0, len(files[name]), 7):
            report = judge({**files, name: files[name][:length]})
            assert report.holds is (name in ("details.txt", "checkpoints.txt") and length in whole_lines[name]), (
                name,
                length,
            )
        for more in (b"\n", b" ", b"\0", b"x\n"):
            assert not judge({**files, name: files[name] + more}).holds, (name, more)
            assert not judge({**files, name: more + files[name]}).holds, (name, more)


# -- another history -----------------------------------------------------------------------------------------------


@pytest.mark.promise("log", "cutting the log back to an older valid checkpoint")
def test_a_log_cut_back_to_an_older_checkpoint_holds_alone_and_fails_against_a_newer_one(evidence: Evidence) -> None:
    for size in (4, 8):
        older = evidence.at[size]
        trust = TRUST if size == 8 else WITHOUT_WITNESS
        assert judge(older, trust).holds  # it was the log once
        report = judge(older, trust, evidence.note)
        assert (failed_steps(report), report.steps[3].message) == (
            [4],
            f"the log shrank: it had 12 entries once, now {size}.",
        )
        assert judge(evidence.files, TRUST, older["checkpoint"]).holds


@pytest.mark.parametrize("at", FORKS)
@pytest.mark.promise("log", "a fork signed with the true key")
def test_a_fork_signed_by_the_true_key_holds_alone_and_fails_against_what_others_saw(
    evidence: Evidence, forks: dict[int, Evidence], at: int
) -> None:
    fork = forks[at].files
    assert judge(fork, WITHOUT_WITNESS).holds  # whoever has the key can write any history
    witnessed = judge(fork, TRUST)
    if at < 8:
        assert failed_steps(witnessed) == [2]
    else:  # the witness saw the eight entries before the fork, and is said to have seen no more
        assert (witnessed.holds, witnessed.steps[1].message[-19:]) == (True, "the last 4 NOT YET.")
    for size in (4, 8, 12):
        report = judge(fork, WITHOUT_WITNESS, evidence.at[size]["checkpoint"])
        assert failed_steps(report) == ([4] if at < size else []), size


@pytest.mark.parametrize("at", FORKS)
@pytest.mark.promise("log", "a fork signed with the true key")
def test_a_fork_is_not_cosigned_by_a_witness_that_saw_the_log(
    evidence: Evidence, forks: dict[int, Evidence], at: int, tmp_path: Path
) -> None:
    witness = Witness.create(tmp_path / "witness", WITNESS.name)
    witness.trust(LOG.verifier)
    hashes = [bytes.fromhex(line) for line in evidence.files["leaf_hashes.txt"].decode().split()]
    forked = [bytes.fromhex(line) for line in forks[at].files["leaf_hashes.txt"].decode().split()]
    witness.cosign(evidence.note, (), NOON)
    for proof in ((), consistency_proof(hashes, 12, 12), consistency_proof(forked, 8, 12)):
        with pytest.raises(VerificationFailed, match="does not hold the log of 12 entries unchanged"):
            witness.cosign(forks[at].note, proof, NOON)
    for size in (4, 8):
        with pytest.raises(VerificationFailed, match="entries were taken back"):
            witness.cosign(evidence.at[size]["checkpoint"], (), NOON)


@pytest.mark.promise("log", "forging or hiding cosignatures")
def test_a_cosignature_moved_to_another_checkpoint_is_found(evidence: Evidence, forks: dict[int, Evidence]) -> None:
    cosignature = parse_note(evidence.note).signatures[1]
    for files in (forks[3].files, evidence.at[4], evidence.at[8]):
        moved = parse_note(files["checkpoint"]).with_signature(cosignature).as_bytes()
        report = judge({**files, "checkpoint": moved})
        assert (failed_steps(report), report.steps[1].message) == (
            [2],
            "The signature by witness.example/w1 does not verify.",
        )


@pytest.mark.promise("log", "mixing the files of two logs")
def test_files_of_two_logs_do_not_mix(
    evidence: Evidence, forks: dict[int, Evidence], tmp_path: Path, tried: Tried
) -> None:
    others = {
        "another log's": make_evidence(tmp_path / "other", key=replace(MALLORY, name="other.example/log")).files,
        "the same entries written again": make_evidence(tmp_path / "again").files,
        "mallory's": make_evidence(tmp_path / "mallory", key=MALLORY).files,
        **{f"a fork at {at}": fork.files for at, fork in forks.items()},
    }
    ours = {name: evidence.files[name] for name in FILES}
    tries = 0
    for whose, other in others.items():
        theirs = {name: other[name] for name in FILES}
        sound = [ours, *([theirs] if judge(theirs).holds else [])]
        for taken in product((False, True), repeat=len(FILES)):
            mixed = {name: (theirs if take else ours)[name] for name, take in zip(FILES, taken, strict=True)}
            assert judge(mixed).holds is (mixed in sound), (whose, taken)
            tries += 1
    assert tries == len(others) * 2 ** len(FILES)
    tried(tries, "only whole exports hold")


# -- other keys and names ------------------------------------------------------------------------------------------


@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_a_log_signed_anew_by_another_key_of_the_same_name_is_found(tmp_path: Path) -> None:
    theirs = make_evidence(tmp_path / "mallory", key=MALLORY).files
    assert judge(theirs, TrustKeys(MALLORY.verifier, (WITNESS.verifier,))).holds
    report = judge(theirs)
    assert ([step.outcome for step in report.steps], report.checkpoint) == (["failed"] + ["skipped"] * 5, None)
    assert (
        report.steps[0].message
        == f"The checkpoint is not signed by the key {LOG.verifier.name}+{LOG.verifier.key_id.hex()}."
    )


@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_a_note_cannot_borrow_the_id_of_the_true_key(evidence: Evidence, tmp_path: Path) -> None:
    theirs = make_evidence(tmp_path / "mallory", key=MALLORY).files
    note = parse_note(theirs["checkpoint"])
    borrowed = replace(note.signatures[0], key_id=LOG.verifier.key_id)
    for signatures in ((borrowed, *note.signatures[1:]), (borrowed, *note.signatures), (*note.signatures, borrowed)):
        report = judge({**theirs, "checkpoint": Note(note.text, signatures).as_bytes()})
        assert report.steps[0].message == f"The signature by {LOG.name} does not verify."
    both = Note(note.text, (parse_note(evidence.note).signatures[0], *note.signatures)).as_bytes()
    assert failed_steps(judge({**theirs, "checkpoint": both})) == [1]


@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_another_witness_than_the_trusted_one_does_not_count(tmp_path: Path) -> None:
    friend = SigningKey(WITNESS.name, COSIGNATURE, b"a friend of mallory's, 32 bytes ")
    files = make_evidence(tmp_path / "log", witness=friend).files
    assert judge(files, TrustKeys(LOG.verifier, (friend.verifier,))).holds
    assert (failed_steps(judge(files)), judge(files).steps[1].message) == (
        [2],
        "0 of the 1 witnesses needed cosigned the checkpoint; not: witness.example/w1.",
    )


@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_the_log_cannot_be_its_own_witness(tmp_path: Path) -> None:
    own = SigningKey("witness.example/own", COSIGNATURE, LOG.seed)
    with pytest.raises(InputInvalid, match="must each have a key of their own"):
        TrustKeys(LOG.verifier, (own.verifier,))
    with pytest.raises(InputInvalid, match="must each have a key of their own"):
        TrustKeys(LOG.verifier, (WITNESS.verifier, replace(WITNESS, name="witness.example/w2").verifier))


@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_a_checkpoint_that_names_another_origin_is_found(evidence: Evidence) -> None:
    head = parse_checkpoint(parse_note(evidence.note).text)
    text = replace(head, origin="other.example/log").text()
    signed = Note(text, (LOG.sign(text), WITNESS.cosign(text, 5))).as_bytes()
    report = judge({**evidence.files, "checkpoint": signed})
    assert (
        report.steps[0].message == "The checkpoint is of the log 'other.example/log', the key of 'grocer.example/log'."
    )
    renamed = VerifierKey("other.example/log", ED25519, LOG.verifier.public)
    assert failed_steps(judge(evidence.files, TrustKeys(renamed))) == [1]
    assert failed_steps(judge({**evidence.files, "checkpoint": signed}, TrustKeys(renamed))) == [1]


WEAK = [
    "00" * 32, "00" * 31 + "80", "01" + "00" * 31, "01" + "00" * 30 + "80",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ff" * 32,
]  # fmt: skip


@pytest.mark.parametrize("point", WEAK)
@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_a_key_under_which_anybody_can_sign_is_no_key(point: str) -> None:
    with pytest.raises(InputInvalid, match="a point under which anybody can sign"):
        VerifierKey(LOG.name, ED25519, bytes.fromhex(point))


# -- entries that say two things -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (b'"action":"consent.withdraw"', b'"action":"consent.give","action":"consent.withdraw"'),
        (b'"number":0', b'"number":1,"number":0'),
        (b'"name":"pia"', b'"name":"mallory","name":"pia"'),
        (b'"number":0', b'"number":NaN'),
        (b'"number":0', b'"number": 0'),
        (b'"v":1}', b'"v":1} '),
        (b'"v":1}', b'"v":true}'),
        (b'"v":1}', b'"v":1.0}'),
        (b'"v":1}', b'"v":1,"w":1}'),
        (b'"at":1767268800000000', b'"at":9223372036854775808'),
        (b'"at":1767268800000000', b'"at":-9223372036854775808'),
        (b'"pia"', b'"\xff"'),
        (b'"number":0', b'"number":' + b"[" * 100_000 + b"]" * 100_000),
    ],
    ids=lambda case: case[:40].decode("latin-1"),
)
@pytest.mark.promise("log", "entries that two readers read differently")
def test_an_entry_that_two_readers_could_read_differently_is_none(tmp_path: Path, true: bytes, false: bytes) -> None:
    whole = make_evidence(tmp_path, witness=None, stops=(4,)).at[4]
    body = whole["entries.jsonl"].splitlines()[0]
    changed = body.replace(true, false)
    assert changed != body
    report = judge(signed_anew(changed), WITHOUT_WITNESS)
    expected = [] if false == b'"number": 0' else [6]  # blanks inside cannot be misread, and cost too much to look for
    assert failed_steps(report) == expected
    assert failed_steps(judge(signed_anew(body), WITHOUT_WITNESS)) == []


def signed_anew(body: bytes) -> Files:
    hashed = leaf_hash(body)
    text = Checkpoint(LOG.name, 1, root_from_leaves([hashed])).text()
    return {
        "checkpoint": Note(text, (LOG.sign(text),)).as_bytes(),
        "checkpoints.txt": b"",
        "entries.jsonl": body + b"\n",
        "leaf_hashes.txt": f"{hashed.hex()}\n".encode(),
    }
