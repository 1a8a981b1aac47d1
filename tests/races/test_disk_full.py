"""A disk that is full: what cannot be recorded is refused in our own words, and nothing of it has happened."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.errors import RecordingFailed, WorkspaceUnusable
from pellucid.records.database import Database
from pellucid.records.tables import generation_leases
from pellucid.workspace import Workspace, wall_clock
from tests.conftest import Tried
from tests.races.kiosk import PURCHASES, READERS, TOTAL, command, make_kiosk, run
from tests.races.soundness import demand_sound, state_of

WITHDRAW = command("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "pia")
ASK = command("query", TOTAL, "--purpose", "range-planning", "--epsilon", "0.2", "--as", "ana")
CHECKPOINT = command("audit", "checkpoint", "--as", "pia")
IMPORT = command("data", "add", "purchases", str(PURCHASES), "--replace", "--as", "dan")
SORT = command("data", "sort", "purchases", "--as", "dan")
ACTIVATE = command("policy", "activate", "--as", "pia")
EXPORT = command("audit", "export", "{folder}/exported", "--as", "pia")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "kiosk"
    make_kiosk(folder)
    return folder


@pytest.fixture
def kiosk(made: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(made, tmp_path / "kiosk")
    yield tmp_path / "kiosk"


def run_limited(words: tuple[str, ...], folder: Path, most: int) -> tuple[int, str]:
    """Run a command that can make no file longer than so many bytes; return its code and what it said."""
    launch = (
        "import resource, signal, runpy, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}));"
        "sys.argv = ['pellucid', *sys.argv[1:]]; runpy.run_module('pellucid', run_name='__main__')"
    )
    ended = run(("-B", "-c", launch, *words[2:]), folder)
    return ended.code, ended.err


COMMANDS = {
    "withdraw": (WITHDRAW, "records"),
    "ask": (ASK, "released"),
    "checkpoint": (CHECKPOINT, "checkpoints"),
    "import": (IMPORT, "generation"),
    "sort": (SORT, "generation"),
    "activate": (ACTIVATE, "activations"),
    "export": (EXPORT, "checkpoints"),
}
LIMITS = [0, 40_000, 200_000]
"""No byte at all; too few for most commits; enough for these, too few for a generation's file or none."""

QUICK = {("withdraw", 40_000), ("ask", 40_000), ("import", 40_000), ("sort", 200_000)}
CASES = [
    pytest.param(name, most, id=f"{name}-{most}", marks=() if (name, most) in QUICK else pytest.mark.slow)
    for name in COMMANDS
    for most in LIMITS
]
REFUSED = {
    ("import", 200_000): "disk-full",
    ("import", 40_000): "disk-full",
    ("sort", 200_000): "disk-full",
    ("sort", 40_000): "disk-full",
    ("export", 40_000): "folder-unwritable",
    **{(name, 40_000): "disk-full" for name in ("withdraw", "ask", "activate")},
    **{(name, 0): "database-unreadable" for name in COMMANDS},
}
"""What must be refused, and with which code; all else must be done."""


@pytest.mark.slow
@pytest.mark.promise("whole", "a full disk (RLIMIT_FSIZE) for every command that writes")
@pytest.mark.parametrize(("name", "most"), CASES)
def test_with_no_room_a_command_is_refused_in_our_words_and_nothing_of_it_has_happened(
    name: str, most: int, kiosk: Path
) -> None:
    words, counts = COMMANDS[name]
    words = tuple(word.replace("{folder}", str(kiosk)) for word in words)
    if name == "export":
        _lengthen_the_log(kiosk)
    before = state_of(kiosk)
    code, said = run_limited(words, kiosk, most)
    wanted = REFUSED.get((name, most))
    assert re.findall(r"error \[([^]]*)\]", said) == ([] if wanted is None else [wanted]), said
    assert (code == 0) == (wanted is None)
    assert "Traceback" not in said
    between = state_of(kiosk)
    done = getattr(between, counts) - getattr(before, counts)
    assert done == (wanted is None) or (name, most) == ("export", 40_000)
    demand_sound(kiosk, now=wall_clock())
    shutil.rmtree(kiosk / "exported", ignore_errors=True)
    assert run(words, kiosk).code == 0
    assert getattr(state_of(kiosk), counts) > getattr(before, counts)
    demand_sound(kiosk, now=wall_clock(), swept=name in ("import", "sort"))


def _lengthen_the_log(kiosk: Path) -> None:
    """Record so much that the exported log is longer than what has room."""
    said = kiosk / "said.csv"
    rows = [f"c{number:03},newsletter,give,held_data,false,1,till,\n" for number in range(100)]
    said.write_text("subject,purpose,verb,covers,explicit,notice_version,channel,at\n" + "".join(rows))
    with Workspace(kiosk) as workspace:
        workspace.consent.import_records(said, actor=workspace.actor("pia"))


@pytest.fixture
def page_limit(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Return a function that lets the control database grow by so many pages at most, from now on."""
    limit: list[int | None] = [None]
    connect = Database.connect_sqlite

    def connect_limited(database: Database) -> sqlite3.Connection:
        connection = connect(database)
        if limit[0] is not None:
            ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
            connection.execute(f"PRAGMA max_page_count = {pages + limit[0]}")
        return connection

    monkeypatch.setattr(Database, "connect_sqlite", connect_limited)

    def allow(pages: int | None) -> None:
        limit[0] = pages

    return allow


@pytest.mark.promise("whole", "a full control database (SQLite's page limit), until nothing goes any more")
def test_a_full_control_database_refuses_what_it_cannot_hold_and_keeps_all_it_acknowledged(
    kiosk: Path, page_limit: Callable[[int | None], None], tried: Tried
) -> None:
    acknowledged: list[int] = []
    page_limit(2)
    with Workspace(kiosk) as workspace:
        pia = workspace.actor("pia")
        with pytest.raises(RecordingFailed, match="The disk did not take the change") as full:
            for turn in range(500):
                verb = "withdraw" if turn % 2 == 0 else "give"
                receipt = workspace.consent.record(verb, READERS[turn % 30], purpose="newsletter", actor=pia)
                acknowledged.append(receipt.log.leaf)
        assert full.value.code == "disk-full"
        for refused in (
            lambda: workspace.query(TOTAL, purpose="range-planning", actor="ana", epsilon=0.2),
            lambda: workspace.policy.activate(actor=pia),
            lambda: workspace.data.add("purchases", PURCHASES, actor=workspace.actor("dan"), replace=True),
        ):
            with pytest.raises(RecordingFailed, match="The disk did not take the change"):
                for _ in range(20):  # where one table has no room left, another's last page may have some
                    refused()
    assert acknowledged
    demand_sound(kiosk, now=wall_clock())
    page_limit(None)
    with Workspace(kiosk) as workspace:
        pia = workspace.actor("pia")
        bodies = [entry.fields() for entry in workspace.audit.entries(actor=pia)]
        assert [bodies[leaf]["action"] for leaf in acknowledged] == [
            "consent.withdraw" if turn % 2 == 0 else "consent.give" for turn in range(len(acknowledged))
        ]
        workspace.consent.record("withdraw", READERS[0], purpose="newsletter", actor=pia)
        workspace.query(TOTAL, purpose="range-planning", actor="ana", epsilon=0.2)
        workspace.data.add("purchases", PURCHASES, actor=workspace.actor("dan"), replace=True)
    demand_sound(kiosk, now=wall_clock(), swept=True)
    tried(len(acknowledged) + 4, f"{len(acknowledged)} records acknowledged, and there; 4 refused, and not there")


@pytest.mark.promise("whole", "a full disk (RLIMIT_FSIZE) for every command that writes")
def test_an_engine_without_a_folder_is_refused_in_our_words_and_costs_nothing(kiosk: Path) -> None:
    (kiosk / "data" / ".engine").write_text("in the way")
    before = state_of(kiosk)
    with Workspace(kiosk) as workspace:
        with pytest.raises(WorkspaceUnusable, match="cannot make its folder") as refused:
            workspace.query(TOTAL, purpose="range-planning", actor="ana", epsilon=0.2)
        assert refused.value.code == "engine-folder"
        with workspace.room.database.read() as connection:
            assert connection.execute(select(generation_leases)).all() == []
    assert state_of(kiosk).spent == before.spent
