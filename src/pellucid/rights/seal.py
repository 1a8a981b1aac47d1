"""Step 5 of a package: descriptions, the readable page, the signed manifest at last, and one archive of all."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.audit.package import FORMAT, MANIFEST, SIGNATURE, digest_of, signed_content
from pellucid.failpoints import reach
from pellucid.rights.described import APOSTROPHE, csvw, json_schema
from pellucid.rights.draft import Draft
from pellucid.rights.gather import Gathered
from pellucid.rights.packages import ARCHIVE
from pellucid.rights.page import page
from pellucid.rights.row_files import DRAFT, whole_file

if TYPE_CHECKING:
    from pellucid.audit.keys import SigningKey

PREVIEW = 50
"""Rows of a dataset that the page shows."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed: the SHA-256 of the manifest, and the number of rows by dataset."""

    digest: str
    rows: Mapping[str, int]


def seal(draft: Draft, gathered: Gathered, key: SigningKey) -> Sealed:
    """Write everything that follows from the rows, and the archive; the same input makes the same manifest."""
    rows = {
        each.dataset.name: _lines(draft.rows_of(each).folder / draft.rows_of(each).names[0])
        for each in gathered.sections
    }
    told = _with_counts(gathered.account, rows)
    first = {each.dataset.name: _first(draft.files / draft.rows_of(each).names[0]) for each in gathered.sections}
    _write_json(draft.files / "csv-metadata.json", csvw(gathered.sections))
    _write_json(draft.files / "schema.json", json_schema(gathered.sections))
    _write_json(draft.files / "summary.json", told)
    with whole_file(draft.files / "index.html") as file:
        file.writelines(page(told, first))
    manifest = _manifest(draft, told, rows)
    signed = {**manifest, SIGNATURE: key.sign(signed_content(manifest)).line().removesuffix("\n")}
    data = f"{json.dumps(signed, indent=2, ensure_ascii=False)}\n"
    with whole_file(draft.files / MANIFEST) as file:
        file.write(data)
    reach("package.signed")
    _pack(draft, [MANIFEST, *(each["name"] for each in manifest["files"])], gathered.account["stamp"]["as_of"])
    reach("package.zipped")
    return Sealed(sha256(data.encode()).hexdigest(), rows)


def _with_counts(told: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, Any]:
    datasets = [
        {**each, "rows": rows[each["name"]], "files": [f"data/{each['name']}.jsonl", f"data/{each['name']}.csv"]}
        for each in told["datasets"]
    ]
    return {**told, "datasets": datasets, "csv": APOSTROPHE}


def _manifest(draft: Draft, told: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, Any]:
    files = []
    for path in sorted(draft.files.rglob("*")):
        name = path.relative_to(draft.files).as_posix()
        if not path.is_file() or name == MANIFEST or name.endswith(DRAFT):
            continue
        size, digest = digest_of(path)
        listed: dict[str, Any] = {"name": name, "bytes": size, "sha256": digest}
        if name.startswith("data/"):
            listed["rows"] = rows[path.stem]
        files.append(listed)
    about = ("package", "request", "right", "as_of", "stamp")
    return {"format": FORMAT, **{name: told[name] for name in about}, "files": files}


def _pack(draft: Draft, names: list[str], as_of: int) -> None:
    """Write the archive block by block; it gets its name when it is whole."""
    target, part = draft.place / ARCHIVE, draft.place / (ARCHIVE + DRAFT)
    part.unlink(missing_ok=True)
    when = datetime.fromtimestamp(as_of // 1_000_000, UTC).timetuple()[:6]
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                entry = zipfile.ZipInfo(name, max(when, (1980, 1, 1, 0, 0, 0)))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                with (draft.files / name).open("rb") as source, archive.open(entry, "w", force_zip64=True) as packed:
                    while block := source.read(_BLOCK):
                        packed.write(block)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a package of our own into a new folder (0700, files 0600)."""
    folder.mkdir(mode=0o700)
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            target = folder / entry.filename
            target.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with packed.open(entry) as source, os.fdopen(descriptor, "wb") as file:
                while block := source.read(_BLOCK):
                    file.write(block)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


def _first(path: Path) -> list[dict[str, Any]]:
    found = []
    with path.open(encoding="utf-8", newline="\n") as file:
        for line, _ in zip(file, range(PREVIEW), strict=False):
            found.append(json.loads(line))
    return found


def _write_json(path: Path, value: object) -> None:
    with whole_file(path) as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
