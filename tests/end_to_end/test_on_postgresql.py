"""A workspace whose control records are on a PostgreSQL server, through the commands that people use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Run
from tests.records.postgresql import drop_database, new_database, run_on
from tests.shop import EXAMPLE


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    made = new_database(postgresql)
    yield made
    drop_database(postgresql, made)


@pytest.fixture
def served(url: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that was made on the server and has the corner shop's policy, data and consents."""
    folder = tmp_path / "served"
    assert run("init", str(folder), "--database", url, "--origin", "test/served").code == 0
    monkeypatch.setenv("PELLUCID_WORKSPACE", str(folder))
    for words in (
        ("policy", "activate", str(EXAMPLE / "policy")),
        ("data", "add", "products", str(EXAMPLE / "products.csv"), "--as", "dan"),
        ("data", "add", "purchases", str(EXAMPLE / "purchases.csv"), "--as", "dan"),
        ("consent", "import", str(EXAMPLE / "said.csv"), "--as", "pia"),
    ):
        said = run(*words)
        assert said.code == 0, said.err
    return folder


def test_a_workspace_lives_on_a_server_from_its_making_to_its_verification(
    served: Path, run: Run, tmp_path: Path
) -> None:
    assert sorted(path.name for path in served.iterdir()) == ["control.url", "data", "keys", "policy"]
    assert (served / "control.url").stat().st_mode & 0o777 == 0o600
    key = (served / "keys" / "log.key.pub").read_text()
    question = "SELECT COUNT(*) AS bought FROM purchases"
    assert re.search(r"bought", run("query", question, "--purpose", "range-planning", "--as", "ana").out)
    withdrawn = run("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "pia")
    assert withdrawn.code == 0, withdrawn.err
    assert run("query", "SELECT 1; SELECT 2", "--purpose", "range-planning", "--as", "ana").code == 3
    witness = tmp_path / "witness"
    assert run("witness", "init", str(witness), "--log-key", key).code == 0
    assert run("witness", "cosign", str(witness), "--as", "pia").code == 0
    assert run("audit", "export", str(tmp_path / "out"), "--details", "--as", "pia").code == 0
    for place in (served, tmp_path / "out"):
        held = run("audit", "verify", str(place), "--key", key, "--witness-key", str(witness / "witness.key.pub"))
        assert (held.code, held.out.splitlines()[-1]) == (0, "The log holds."), held.err
    assert run("upgrade").out == "The workspace is current.\n"


@pytest.mark.promise("log", "altering the control database below the product")
def test_tampering_on_the_server_is_found(served: Path, run: Run, url: str) -> None:
    assert run("audit", "checkpoint", "--as", "pia").code == 0
    key = (served / "keys" / "log.key.pub").read_text()
    run_on(
        url, r"UPDATE log_entries SET body = replace(convert_from(body, 'UTF8'), 'pia', 'eve')::bytea WHERE leaf = 5"
    )
    said = run("audit", "verify", "--key", key)
    assert said.code == 7
    assert said.err.startswith(
        "error [verification-failed]: 3. failed  entries and their root: leaf 5 does not have the hash"
    )
    run_on(url, "DROP TABLE log_entries")
    assert run("audit", "verify", "--key", key).err.splitlines()[0] == (
        "error [log-unreadable]: The log tables of the control database cannot be read."
    )


def test_a_database_that_holds_a_workspace_is_not_taken_for_another(
    served: Path, run: Run, url: str, tmp_path: Path
) -> None:
    said = run("init", str(tmp_path / "second"), "--database", url)
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "error [workspace-exists]: That database holds the records of a workspace already.",
    )
    (served / "control.sqlite").touch()
    both = run("data", "list", "--as", "pia")
    assert (both.code, both.err.splitlines()[0]) == (
        8,
        "error [workspace-ambiguous]: The workspace has both control.sqlite and control.url.",
    )


SECRET = "open-sesame"


@pytest.mark.parametrize(
    ("address", "code", "error"),
    [
        ("mysql://u@h/d", 2, "database-url-invalid"),
        ("sqlite:///x", 2, "database-url-invalid"),
        ("nonsense", 2, "database-url-invalid"),
        (f"postgresql://ana:{SECRET}@127.0.0.1:1/none?connect_timeout=2", 8, "database-unreadable"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    run: Run, tmp_path: Path, address: str, code: int, error: str
) -> None:
    said = run("init", str(tmp_path / "w"), "--database", address)
    assert (said.code, said.err.partition("]")[0]) == (code, f"error [{error}")
    assert SECRET not in said.out + said.err
    assert not (tmp_path / "w" / "control.url").exists()


def test_a_server_that_is_gone_is_a_clear_refusal(served: Path, run: Run) -> None:
    (served / "control.url").write_text(f"postgresql://ana:{SECRET}@127.0.0.1:1/none?connect_timeout=2\n")
    said = run("data", "list", "--as", "pia")
    assert (said.code, said.err.splitlines()[0]) == (
        8,
        "error [database-unreadable]: The control database cannot be read.",
    )
    assert SECRET not in said.out + said.err
