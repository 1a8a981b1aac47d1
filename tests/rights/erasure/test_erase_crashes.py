"""kill -9 at every numbered step of an erasure: it goes on to the same end, and claims nothing twice."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.audit import log
from pellucid.failpoints import POINTS, VARIABLE
from pellucid.records.rights_tables import erasure_people, kept_evidence, tombstones
from pellucid.records.tables import subject_keys
from pellucid.workspace import Workspace
from tests import forking

ON_THE_WAY = tuple(point for point in POINTS if point.startswith(("erase.", "sweep.")))
QUICK = {"sweep.before-commit"}


def run(folder: Path, *words: str, dies_at: str | None = None) -> int:
    armed = {} if dies_at is None else {VARIABLE: dies_at}
    environment = {**os.environ, "PELLUCID_WORKSPACE": str(folder), **armed}
    return forking.run(["erase", "run", *words, "--as", "pia"], environment)[0]


def end_state(folder: Path) -> dict[str, object]:
    """Return what an erasure comes to, but for its id and instants."""
    with Workspace(folder) as workspace:
        pia = workspace.actor("pia")
        (erasure,) = workspace.erasures.list(actor=pia)
        parts = workspace.erasures.show(erasure.id, actor=pia)[1]
        with workspace.room.database.read() as connection:
            actions = Counter(each for each in log.actions(connection) if each.startswith(("erasure.", "data.erased")))
            found = {
                "tombstones": len(connection.execute(select(tombstones)).all()),
                "evidence": len(connection.execute(select(kept_evidence)).all()),
                "keys": len(connection.execute(select(subject_keys)).all()),
                "texts": connection.scalars(select(erasure_people.c.natural_key)).all(),
            }
        return found | {
            "state": (erasure.state, erasure.step, erasure.people),
            "parts": sorted((each.part.kind, each.part.target, each.part.decision, each.state) for each in parts),
            "log": dict(actions),
            "rows": {each.dataset: each.rows for each in workspace.data.list(actor=workspace.actor("dan"))},
            "files": sorted(file.name.split(".")[0] for file in (folder / "data").glob("*.duckdb*")),
        }


@pytest.fixture(scope="module")
def smooth(made_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("smooth") / "shop"
    shutil.copytree(made_shop, folder)
    assert run(folder, "c000") == 0
    return end_state(folder)


@pytest.mark.promise("whole", "kill -9 at each named point of an erasure")
@pytest.mark.parametrize(
    "point", [pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in ON_THE_WAY]
)
def test_an_erasure_that_was_killed_goes_on_to_the_same_end(
    point: str, made_shop: Path, tmp_path: Path, smooth: dict[str, object]
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(made_shop, folder)
    assert run(folder, "c000", dies_at=point) == -9
    again = ("c000",) if point == "erase.begun" else ()  # nothing was begun yet
    assert run(folder, *again) == 0
    assert end_state(folder) == smooth
