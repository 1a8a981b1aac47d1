"""The attacks that are tried before an approval tell when a rule is missing, and hold when none is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.release import suppress as suppressing
from pellucid.release.attempts import Attempt, attempts
from pellucid.release.suppress import Change
from tests.release.reports import Reports, bought, policy_of

ROWS = [
    *(
        bought(n, 20 + n, week=week, shelf=shelf)
        for n in range(1, 10)
        for week in (1, 2, 3)
        for shelf in ("top", "mid")
    ),
    *(bought(n, 5, shelf="low", quantity=n % 3) for n in range(5)),
    bought(0, 7.77, week=2, shelf="low", quantity=None),
]
SQL = (
    "SELECT week, shelf, COUNT(*) AS n, COUNT(quantity) AS q, SUM(CASE WHEN paid THEN sales_value END) AS s"
    " FROM purchases GROUP BY week, shelf"
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    folder: Path = tmp_path_factory.mktemp("reports")
    found = Reports.of(policy_of(folder / "policy"), ROWS, folder / "data")
    yield found
    found.close()


def tried(reports: Reports) -> dict[str, Attempt]:
    answer, block = reports.suppressed(SQL), reports.govern(SQL).blocks[0]
    return {each.name: each for each in attempts(answer, block, reports.rule)}


def test_every_attack_is_tried_and_holds(reports: Reports) -> None:
    found = tried(reports)
    assert {name: each.held for name, each in found.items()} == dict.fromkeys(
        ["largest-contributor", "leave-one-out", "conditions", "differences", "totals"], True
    )
    assert all(each.tried > 0 for each in found.values())


def test_a_withheld_cell_that_follows_from_totals_is_found(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressing, "_complements", lambda *given: [])
    assert tried(reports)["totals"].broken > 0


def test_cells_that_nobody_judged_are_found(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressing, "judge", lambda *given: None)
    found = tried(reports)
    assert found["largest-contributor"].broken > 0
    assert found["conditions"].broken > 0
    assert found["differences"].broken > 0


def test_changes_that_nobody_counts_are_found(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.release.attempts.changed", lambda *given: Change())
    assert tried(reports)["leave-one-out"].broken > 0
