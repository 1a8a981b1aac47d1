"""A customer's package is checked offline: every file that was signed for, and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pellucid.audit.keys import SigningKey, create_signing_key
from pellucid.audit.package import FORMAT, MANIFEST, SIGNATURE, signed_content, verify_package
from pellucid.errors import InputInvalid, PellucidError, VerificationFailed

FILES = {"index.html": b"<p>you</p>", "data/rows.csv": b"a\r\n1\r\n"}


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_signing_key(tmp_path / "keys" / "log.key", "test/package")


def listed(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "bytes": len(data), "sha256": sha256(data).hexdigest()}


def sign(folder: Path, key: SigningKey, manifest: Mapping[str, Any]) -> None:
    line = key.sign(signed_content(manifest)).line().removesuffix("\n")
    (folder / MANIFEST).write_text(json.dumps({**manifest, SIGNATURE: line}))


@pytest.fixture
def folder(tmp_path: Path, key: SigningKey) -> Path:
    place = tmp_path / "package"
    for name, data in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    sign(place, key, {"format": FORMAT, "files": [listed(*each) for each in FILES.items()]})
    return place


def test_a_whole_package_holds_and_each_step_is_told(folder: Path, key: SigningKey) -> None:
    told = verify_package(folder, key.verifier)
    assert [step[:6] for step in told.steps] == ["1 held", "2 held", "3 held", "4 held"]
    assert [each["name"] for each in told.manifest["files"]] == list(FILES)


def _longer(folder: Path) -> None:
    (folder / "index.html").write_bytes(FILES["index.html"] + b" ")


def _another_byte(folder: Path) -> None:
    (folder / "data/rows.csv").write_bytes(b"a\r\n2\r\n")


def _linked(folder: Path) -> None:
    (folder / "index.html").rename(folder.parent / "elsewhere")
    (folder / "index.html").symlink_to(folder.parent / "elsewhere")


def _linked_folder(folder: Path) -> None:
    (folder / "data").rename(folder.parent / "data")
    (folder / "data").symlink_to(folder.parent / "data")


ALTERED: dict[str, Callable[[Path], object]] = {
    "the file 'index.html' is another than the one that was signed for": _longer,
    "the file 'data/rows.csv' is another than the one that was signed for": _another_byte,
    "the file 'index.html' is missing, or is no plain file": lambda folder: (folder / "index.html").unlink(),
    "it holds a file that is not listed, 'data/more.csv'": lambda folder: (folder / "data/more.csv").touch(),
    "it holds a file that is not listed, 'data'": _linked_folder,
}


@pytest.mark.parametrize(("why", "alter"), ALTERED.items())
def test_what_was_altered_is_found(why: str, alter: Callable[[Path], object], folder: Path, key: SigningKey) -> None:
    alter(folder)
    with pytest.raises(VerificationFailed) as caught:
        verify_package(folder, key.verifier)
    assert (caught.value.code, caught.value.message) == ("package-altered", f"The package does not hold: {why}.")


def test_a_link_in_place_of_a_file_is_none(folder: Path, key: SigningKey) -> None:
    _linked(folder)
    with pytest.raises(VerificationFailed, match=r"the file 'index\.html' is missing, or is no plain file\.$"):
        verify_package(folder, key.verifier)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a//b", "", ".", "a/./b", "nul\0"])
def test_a_name_that_leads_elsewhere_is_refused_though_it_is_signed(name: str, folder: Path, key: SigningKey) -> None:
    sign(folder, key, {"format": FORMAT, "files": [listed(name, b"")]})
    with pytest.raises(VerificationFailed, match=r"^The manifest of the package cannot be used: it lists the name"):
        verify_package(folder, key.verifier)


def test_every_flipped_byte_of_the_manifest_is_found(folder: Path, key: SigningKey) -> None:
    whole = (folder / MANIFEST).read_bytes()
    for place in range(0, len(whole), 7):
        (folder / MANIFEST).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(PellucidError):
            verify_package(folder, key.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "pellucid package v1"}',
        '{"format": "pellucid package v1", "format": "pellucid package v1", "signature": "x", "files": []}',
        '{"format": "pellucid package v1", "signature": "x", "files": 3}',
        '{"format": "pellucid package v1", "signature": "x", "files": [{}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused(text: str, folder: Path, key: SigningKey) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(VerificationFailed) as caught:
        verify_package(folder, key.verifier)
    assert caught.value.code == "package-malformed"


def test_another_key_and_no_folder_are_refused(folder: Path, tmp_path: Path, key: SigningKey) -> None:
    other = create_signing_key(tmp_path / "other" / "log.key", "test/package")
    with pytest.raises(VerificationFailed, match=r"^The package is not signed by the key test/package\+"):
        verify_package(folder, other.verifier)
    with pytest.raises(InputInvalid, match=r"^There is no such folder\.$"):
        verify_package(tmp_path / "none", key.verifier)


def run(*words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pellucid.audit", "package", *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_it_is_checked_from_the_command_line(folder: Path, key: SigningKey) -> None:
    code, out, err = run(str(folder), "--key", str(key.verifier))
    assert (code, out.splitlines()[-1], err) == (0, "The package holds.", "")
    _longer(folder)
    code, out, err = run(str(folder), "--key", str(key.verifier))
    assert (code, out, err.splitlines()[0][:23]) == (7, "", "error [package-altered]")
    assert run(str(folder / "none"), "--key", str(key.verifier))[0] == 2
