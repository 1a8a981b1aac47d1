from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pellucid.audit.keys import (
    SigningKey,
    create_signing_key,
    load_signing_key,
    load_verifier_key,
    public_path,
)
from pellucid.audit.note import COSIGNATURE, ED25519, Note, NoteSignature, VerifierKey, parse_note, signed_by
from pellucid.errors import InputInvalid, VerificationFailed, WorkspaceUnusable

# The example of c2sp.org/signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
# The example of golang.org/x/mod/sumdb/note.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_example_of_the_specification_verifies_and_reads_back() -> None:
    key = VerifierKey.parse(VKEY)
    note = parse_note(NOTE)
    assert signed_by(note, (key,)) == {key: 0}
    assert (note.text, note.as_bytes(), str(key)) == (b"This is an example message.\n", NOTE, VKEY)


def test_a_note_is_signed_as_go_signs_it(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    path.write_text(f"{GO_SECRET}\n")
    path.chmod(0o600)
    key = load_signing_key(path)
    assert (str(key.verifier), key.sign(GO_TEXT).line()) == (GO_VKEY, GO_LINE)


@given(st.integers(0, len(NOTE) * 8 - 1))
def test_any_flipped_bit_of_a_note_is_found(bit: int) -> None:
    changed = bytearray(NOTE)
    changed[bit // 8] ^= 1 << bit % 8
    key = VerifierKey.parse(VKEY)
    try:
        assert signed_by(parse_note(bytes(changed)), (key,)) == {}
    except VerificationFailed as error:
        assert error.code in ("note-malformed", "signature-invalid")


@given(st.binary(max_size=200))
@example(NOTE)
def test_what_is_parsed_is_written_back_byte_for_byte(data: bytes) -> None:
    try:
        note = parse_note(data)
    except VerificationFailed as error:
        assert error.code == "note-malformed"
    else:
        assert note.as_bytes() == data


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "no blank line"),
        (NOTE[:-1], "no blank line"),
        (NOTE + b"\n", "no blank line"),
        (NOTE.replace(b"\n\n", b"\n"), "no blank line"),
        (NOTE.replace(b"message", b"mess\tge"), "control character"),
        (NOTE.replace(b"message", b"mess\xffge"), "not UTF-8"),
        (NOTE.replace("—".encode(), b"-"), "em dash"),
        (NOTE.replace(b"example.com/foo", b"example.com+foo"), "em dash"),
        (NOTE.replace(b"aQM=", b"aQM"), "base64"),
        (NOTE.replace(b"aQM=", b"aQN="), "base64"),
        ("x\n\n— name AAAAAA==\n".encode(), "em dash"),
        (NOTE + NOTE[29:] * 100, "more than 100"),
        (b"x" * 1_000_001, "more than 1000000"),
    ],
)
def test_what_is_not_exactly_a_note_is_refused(data: bytes, match: str) -> None:
    with pytest.raises(VerificationFailed, match=match):
        parse_note(data)


def test_signatures_of_unknown_keys_are_passed_over_and_bad_ones_of_known_keys_reject_the_note(tmp_path: Path) -> None:
    note, key = parse_note(NOTE), VerifierKey.parse(VKEY)
    mallory = create_signing_key(tmp_path / "mallory.key", "example.com/foo")
    assert signed_by(note.with_signature(mallory.sign(note.text)), (key,)) == {key: 0}
    forged = NoteSignature(key.name, key.key_id, mallory.sign(note.text).blob)
    with pytest.raises(VerificationFailed, match=r"The signature by example\.com/foo does not verify"):
        signed_by(Note(note.text, (*note.signatures, forged)), (key,))
    with pytest.raises(VerificationFailed, match="does not verify"):
        signed_by(Note(note.text + b"More.\n", note.signatures), (key,))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no text of three parts"),
        ("example.com/foo+530d903a", "no text of three parts"),
        (VKEY.replace("530d903a", "530d903b"), "belongs to another key"),
        (VKEY.replace("530d903a", "530D903A"), "belongs to another key"),
        (VKEY.replace("example.com/foo", "example.com/bar"), "belongs to another key"),
        (VKEY.replace("AekyeRrm", "AukyeRrm"), "a key of kind 0x02"),
        (VKEY[:-4], "with 29 bytes"),
        (VKEY[:-1], "not base64"),
        (VKEY.replace("example.com/foo", "a b"), "cannot name a key"),
    ],
)
def test_what_is_not_exactly_a_verifier_key_is_refused(text: str, match: str) -> None:
    with pytest.raises(InputInvalid, match=match):
        VerifierKey.parse(text)


def test_a_key_is_kept_for_its_owner_only_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    key = create_signing_key(path, "grocer.example/log")
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    assert load_signing_key(path) == key
    assert load_verifier_key(str(public_path(path))) == load_verifier_key(str(key.verifier)) == key.verifier
    assert repr(key) == "SigningKey(name='grocer.example/log', kind=1)"


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    create_signing_key(tmp_path / "log.key", "a")
    before = (tmp_path / "log.key").read_bytes()
    with pytest.raises(InputInvalid, match="never overwritten"):
        create_signing_key(tmp_path / "log.key", "a")
    assert (tmp_path / "log.key").read_bytes() == before


def test_a_key_that_others_may_read_or_that_is_damaged_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    create_signing_key(path, "a")
    path.chmod(0o640)
    with pytest.raises(WorkspaceUnusable, match=r"log\.key may be read by other users"):
        load_signing_key(path)
    path.chmod(0o600)
    whole = path.read_text()
    for damaged in ("", whole[:-9], whole.replace("+a+", "+b+"), whole.replace("PRIVATE", "PUBLIC")):
        path.write_text(damaged)
        with pytest.raises(WorkspaceUnusable, match=r"log\.key is damaged"):
            load_signing_key(path)
    with pytest.raises(WorkspaceUnusable, match=r"none\.key is missing"):
        load_signing_key(tmp_path / "none.key")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "a\u2003b"])
def test_names_that_would_break_a_note_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputInvalid, match="cannot name a key"):
        create_signing_key(tmp_path / "log.key", name)
    assert list(tmp_path.iterdir()) == []


def test_a_key_signs_only_what_its_kind_is_for() -> None:
    with pytest.raises(InputInvalid, match="is of kind 0x01, not 0x04"):
        SigningKey("a", ED25519, bytes(32)).cosign(b"x\n", 5)
    with pytest.raises(InputInvalid, match="is of kind 0x04, not 0x01"):
        SigningKey("a", COSIGNATURE, bytes(32)).sign(b"x\n")
    with pytest.raises(InputInvalid, match="must lie after 1970"):
        SigningKey("a", COSIGNATURE, bytes(32)).cosign(b"x\n", 0)
