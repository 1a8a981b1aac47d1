"""A process that dies while choices join an account: all of it is there afterwards, or none, and it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.consent.visitors import Wish
from pellucid.failpoints import VARIABLE
from pellucid.governance import sessions
from pellucid.governance.sessions import CENTRE
from pellucid.subjects import ids
from pellucid.workspace import Workspace
from pellucid.workspace.doors import Visitor

ARRIVE = """
import sys
from pathlib import Path
from pellucid.workspace import Workspace
with Workspace(Path(sys.argv[1])) as workspace:
    workspace.arrivals.arrive(workspace.doors.visitor(sys.argv[2]), sys.argv[3])
"""


def verbs(workspace: Workspace) -> list[str]:
    return [each.record.verb.value for each in workspace.consent.history("h0001", actor=workspace.actor("pia"))]


@pytest.mark.parametrize(
    ("point", "before"),
    [
        ("consent.said", []),
        ("consent.before-commit", []),
        ("consent.after-commit", ["object"]),
        ("consent.acknowledged", ["object"]),
    ],
)
def test_a_join_is_whole_or_was_not_begun(grocer_made: Path, tmp_path: Path, point: str, before: list[str]) -> None:
    folder = tmp_path / "workspace"
    shutil.copytree(grocer_made, folder)
    with Workspace(folder) as workspace:
        secret = workspace.visitors.choose("", {"planning": Wish(False)}, screen="page").secret
        with workspace.room.database.write() as connection:
            who = {"namespace": "household", "subject": ids.find(connection, "household", "h0001"), "address": b""}
            made = sessions.begin(connection, CENTRE, workspace.doors.key, who, "code", 1, workspace.room.clock())
    command = [sys.executable, "-c", ARRIVE, str(folder), made.secret, secret]
    died = subprocess.run(command, env=os.environ | {VARIABLE: point}, capture_output=True, check=False)
    assert died.returncode < 0, died.stderr

    with Workspace(folder) as workspace:
        visitor = Visitor(made.session)
        assert (verbs(workspace), bool(workspace.arrivals.joined(visitor))) == (before, bool(before))
        workspace.arrivals.arrive(visitor, secret)
        assert verbs(workspace) == ["object"]
        assert [each.fate.value for each in workspace.arrivals.joined(visitor)] == ["same"]
