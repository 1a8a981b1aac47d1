"""The log of a whole workspace under attack, through the commands that an officer and an auditor use."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pellucid.audit.keys import load_verifier_key
from pellucid.audit.read import verify_database, verify_place
from pellucid.audit.treehead import TrustKeys
from pellucid.errors import VerificationFailed
from tests.conftest import Tried
from tests.end_to_end.conftest import Run
from tests.shop import Said, Shop

ROLLED_BACK, WRONG = 7, 7
QUESTION = ("query", "SELECT COUNT(*) FROM purchases", "--purpose", "range-planning", "--as", "ana")


def key_of(shop: Shop) -> str:
    return (shop.folder / "keys" / "log.key.pub").read_text().strip()


@pytest.fixture
def witnessed(shop: Shop, run: Run, tmp_path: Path) -> Path:
    """The folder of a witness that has seen the shop's log."""
    folder = tmp_path / "witness"
    assert run("witness", "init", str(folder), "--log-key", key_of(shop)).code == 0
    assert run("witness", "cosign", str(folder), "--as", "pia").code == 0
    return folder


@pytest.mark.promise("log", "rolling the whole workspace back to a copy")
def test_a_rollback_of_the_whole_workspace_is_found_by_the_witness(
    shop: Shop, run: Run, witnessed: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(shop.folder, backup)
    assert run(*QUESTION).code == 0
    assert run("witness", "cosign", str(witnessed), "--as", "pia").code == 0
    newer = run("witness", "seen", str(witnessed))
    (tmp_path / "newer").write_text(newer.out)
    witness_key = str(witnessed / "witness.key.pub")
    shutil.rmtree(shop.folder)
    shutil.copytree(backup, shop.folder)

    verify = ("audit", "verify", "--key", key_of(shop), "--witness-key", witness_key)
    assert run(*verify).code == 0  # the whole of an older state: nothing inside it is wrong
    against = run(*verify, "--against", str(tmp_path / "newer"))
    assert against.code == ROLLED_BACK
    assert "append-only since older checkpoints: the log shrank: it had" in against.err
    refused = run("witness", "cosign", str(witnessed), "--as", "pia")
    assert (refused.code, "entries were taken back" in refused.err) == (ROLLED_BACK, True)
    assert run(*QUESTION).code == 0  # mallory goes on, until there are as many entries as the witness saw
    again = run("witness", "cosign", str(witnessed), "--as", "pia")
    assert (again.code, "does not hold the log of" in again.err) == (ROLLED_BACK, True)
    assert run("witness", "seen", str(witnessed)).out == newer.out


def test_a_witness_says_what_it_saw_last_and_nothing_of_logs_it_does_not_know(
    shop: Shop, run: Run, witnessed: Path, tmp_path: Path
) -> None:
    seen = run("witness", "seen", str(witnessed), "--log", "test/shop")
    assert seen.out == run("witness", "seen", str(witnessed)).out
    assert seen.out.startswith("test/shop\n")
    assert run("witness", "seen", str(witnessed), "--log", "other").err.startswith(
        "error [name-unknown]: There is no log of this witness 'other'. Known: test/shop."
    )
    fresh = tmp_path / "fresh"
    run("witness", "init", str(fresh), "--log-key", key_of(shop))
    assert run("witness", "seen", str(fresh)).err.startswith(
        "error [name-unknown]: There is no cosigned checkpoint of 'test/shop'."
    )


@pytest.mark.promise("log", "swapped keys and names of logs and witnesses")
def test_an_exported_log_is_verified_with_swapped_keys_and_none_is_believed(
    shop: Shop, run: Run, witnessed: Path, tmp_path: Path
) -> None:
    assert run("audit", "export", str(tmp_path / "out"), "--as", "pia").code == 0
    assert run("witness", "cosign", str(witnessed), "--as", "pia").code == 0
    key, witness = key_of(shop), (witnessed / "witness.key.pub").read_text().strip()
    assert run("audit", "verify", str(tmp_path / "out"), "--key", key).code == 0
    for wrong in (witness, key.replace("test/shop", "test/shap"), key[:-4] + "AAA=", "nothing"):
        assert run("audit", "verify", str(tmp_path / "out"), "--key", wrong).code == 2, wrong
    mallory = tmp_path / "mallory"
    assert run("init", str(mallory), "--origin", "test/shop").code == 0
    other = (mallory / "keys" / "log.key.pub").read_text()
    assert run("audit", "verify", str(tmp_path / "out"), "--key", other).code == WRONG
    assert run("audit", "verify", "--key", key, "--witness-key", other).code == 2
    assert run("audit", "verify", str(mallory), "--key", key).code == WRONG


# -- the product is sick -------------------------------------------------------------------------------------------

ONLY = """
import sys
from importlib.abc import MetaPathFinder

ALLOWED = sys.stdlib_module_names | {{"pellucid", "cryptography", "_cffi_backend", "cffi", {more}}}

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] not in ALLOWED and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"not installed here: {{name}}", name=name)

sys.meta_path.insert(0, Missing())
for name in ("duckdb", "opendp", "sqlglot", "sqlalchemy", "pyarrow", "numpy", "alembic", "yaml"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    sys.exit(f"{{name}} could be imported after all")
import runpy
runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""
ALONE = ONLY.format(module="pellucid.audit", more="")
TYPER = ("typer", "annotated_doc", "annotated_types", "click", "pydantic", "pydantic_core", "rich", "shellingham")
MORE = ", ".join(f'"{name}"' for name in (*TYPER, "typing_extensions", "typing_inspection"))
COMMAND = ONLY.format(module="pellucid", more=MORE)


def verify_with(program: str, *words: str, folder: Path) -> Said:
    """Run a verification in a process of its own, in a folder where there is no workspace."""
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        check=False,
        timeout=300,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PELLUCID")},
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def nothing(folder: Path) -> None:
    """Leave the workspace as it is."""


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def garble(folder: Path) -> None:
    (folder / "control.sqlite").write_bytes(b"this was a database once" * 1000)


def strip(folder: Path) -> None:
    for part in ("keys", "policy", "data"):
        shutil.rmtree(folder / part)
    (folder / "control.sqlite").unlink()


@pytest.mark.slow
@pytest.mark.parametrize("damage", [nothing, remove, garble, strip])
@pytest.mark.parametrize("how", [(ALONE,), (COMMAND, "audit", "verify")], ids=["alone", "command"])
@pytest.mark.promise("log", "verifying where the product is sick or not installed")
def test_an_export_is_verified_where_the_product_is_sick_or_not_installed(
    shop: Shop,
    run: Run,
    witnessed: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    how: tuple[str, ...],
) -> None:
    out, key = tmp_path / "out", key_of(shop)
    assert run("audit", "export", str(out), "--details", "--as", "pia").code == 0
    witness_key = (witnessed / "witness.key.pub").read_text()
    damage(shop.folder)
    known = (*how, str(out), "--key", key, "--witness-key", witness_key)
    held = verify_with(*known, folder=tmp_path)
    assert (held.code, held.out.splitlines()[-1], held.err) == (0, "The log holds.", "")
    lines = (out / "entries.jsonl").read_bytes()
    (out / "entries.jsonl").write_bytes(lines.replace(b'"pia"', b'"eve"', 1))
    failed = verify_with(*known, folder=tmp_path)
    assert failed.code == WRONG
    assert failed.err.startswith("error [verification-failed]: 3. failed  entries and their root: leaf 4 does not have")


@pytest.mark.promise("log", "verifying where the product is sick or not installed")
def test_a_workspace_is_verified_where_nothing_but_the_log_is_left_of_it(shop: Shop, tmp_path: Path) -> None:
    key = key_of(shop)
    shop.run("audit", "checkpoint", "--as", "pia")
    with closing(sqlite3.connect(shop.folder / "control.sqlite")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in tables:
            if not name.startswith(("log_", "sqlite_")):
                connection.execute(f"DROP TABLE {name}")
        connection.commit()
    for part in ("keys", "policy", "data"):
        shutil.rmtree(shop.folder / part)
    held = verify_with(ALONE, str(shop.folder), "--key", key, folder=tmp_path)
    assert (held.code, held.out.splitlines()[-1]) == (0, "The log holds.")
    garble(shop.folder)
    broken = verify_with(ALONE, str(shop.folder), "--key", key, folder=tmp_path)
    assert (broken.code, broken.err.splitlines()[0]) == (
        WRONG,
        "error [log-unreadable]: The log tables of the control database cannot be read.",
    )
    for wrong, code in ((("--key", "x"), 2), (("--key", key, "--against", "none"), 2), ((), 2)):
        assert verify_with(ALONE, str(shop.folder), *wrong, folder=tmp_path).code == code


# -- the database is altered below the product ----------------------------------------------------------------------


def _bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


def log_rows(path: Path) -> list[object] | None:
    """Return all that the log's tables hold, texts as their bytes: one flipped bit may call a blob a text, of the same
    content. None if they cannot be read.
    """
    order = {"log_head": "id", "log_entries": "leaf", "log_details": "leaf", "log_checkpoints": "size"}
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = [connection.execute(f"SELECT * FROM {name} ORDER BY {by}").fetchall() for name, by in order.items()]
            return [[tuple(map(_bytes, row)) for row in rows] for rows in found]
    except (sqlite3.Error, UnicodeDecodeError, OverflowError):
        return None


@pytest.mark.promise("log", "altering the control database below the product")
def test_bytes_flipped_in_the_control_database_are_found_or_lie_outside_the_log(
    shop: Shop, run: Run, tmp_path: Path, tried: Tried
) -> None:
    assert run("audit", "checkpoint", "--as", "pia").code == 0
    source = tmp_path / "whole.sqlite"
    with closing(sqlite3.connect(shop.folder / "control.sqlite")) as connection:
        connection.execute(f"VACUUM INTO '{source}'")
    trust = TrustKeys(load_verifier_key(key_of(shop)))
    whole, untouched = source.read_bytes(), log_rows(source)
    assert verify_database(source, trust).holds
    draw = random.Random(20261124)
    path, found = tmp_path / "flipped.sqlite", 0
    for _ in range(400):
        at, bit = draw.randrange(len(whole)), 1 << draw.randrange(8)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        try:
            holds = verify_database(path, trust).holds
        except VerificationFailed:
            holds = False
        found += not holds
        if holds:  # then nothing of the log was touched but what names no entry: when a checkpoint was kept
            rows = log_rows(path)
            assert rows is not None, at
            assert untouched is not None
            assert rows[:3] == untouched[:3], at
            assert [row[:2] for row in rows[3]] == [row[:2] for row in untouched[3]], at
    assert found > 20
    tried(400, "found, or nothing of the log was touched")


ODD_ROWS = [
    "UPDATE log_entries SET leaf = 'one' WHERE leaf = 1",
    "UPDATE log_entries SET leaf = 1.5 WHERE leaf = 1",
    "UPDATE log_entries SET leaf = -1 WHERE leaf = 1",
    "UPDATE log_entries SET body = CAST(body AS TEXT) || ' ' WHERE leaf = 1",
    "UPDATE log_entries SET body = 7 WHERE leaf = 1",
    "UPDATE log_entries SET leaf_hash = 'x' WHERE leaf = 1",
    "UPDATE log_details SET leaf = 'one' WHERE leaf = (SELECT MIN(leaf) FROM log_details)",
    "UPDATE log_details SET leaf = 0 WHERE leaf = (SELECT MAX(leaf) FROM log_details)",
    "UPDATE log_details SET nonce = 'x' WHERE leaf = (SELECT MAX(leaf) FROM log_details)",
    "UPDATE log_checkpoints SET note = 'x'",
    "UPDATE log_checkpoints SET note = CAST(X'ff' AS TEXT)",
    "UPDATE log_head SET size = 'many'",
    "UPDATE log_head SET size = size + 1",
    "UPDATE log_head SET frontier = X''",
    "INSERT INTO log_head SELECT 2, size, frontier FROM log_head",
    "DELETE FROM log_head",
    "DELETE FROM log_entries",
    "DELETE FROM log_checkpoints",
    "DROP TABLE log_entries",
    "DROP TABLE log_head",
    "ALTER TABLE log_entries RENAME COLUMN body TO bodies",
]


@pytest.mark.slow
@pytest.mark.parametrize("statement", ODD_ROWS)
@pytest.mark.promise("log", "altering the control database below the product")
def test_what_sqlite_lets_anybody_write_into_the_log_is_found(shop: Shop, run: Run, statement: str) -> None:
    assert run(*QUESTION).code == 0
    assert run("audit", "checkpoint", "--as", "pia").code == 0
    key = key_of(shop)
    assert verify_place(shop.folder, log_key=key).holds
    with closing(sqlite3.connect(shop.folder / "control.sqlite")) as connection:
        changed = connection.execute(statement).rowcount
        connection.commit()
    assert changed != 0
    said = run("audit", "verify", "--key", key)
    assert said.code == WRONG
    assert said.err.startswith("error [verification-failed]: ") or said.err.startswith("error [log-unreadable]: ")
