"""Real processes against one database: no interleaving may reserve more than the cap."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pellucid.policy.model import Allowance, Dataset, Period, Policy, SubjectPath
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.release.accountant import budget_state
from pellucid.release.budget import granted
from tests.release.conftest import make_policy, make_rule
from tests.release.reserve_concurrently import reserve_many, wait_for_all

NOON = to_instant(datetime(2026, 11, 23, 12, tzinfo=UTC))
CAP = Allowance(4.0, 2e-6, Period.YEAR)
FIT = 21
PROCESSES = 4


def crowd(url: str, policy: Policy, datasets: tuple[str, ...] | None = None) -> list[tuple[int, int]]:
    rho = granted(CAP).rho // FIT
    spawn = multiprocessing.get_context("spawn")
    together = (spawn.Barrier(PROCESSES),)
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn, initializer=wait_for_all, initargs=together) as pool:
        runs = [pool.submit(reserve_many, url, policy, 10, rho, NOON, datasets) for _ in range(PROCESSES)]
        return [run.result() for run in runs]


def spent_fits(url: str, policy: Policy) -> int:
    """Return how many reservations are in the ledger, having checked that they fit into the cap."""
    database = Database(url)
    with database.read() as connection:
        spent = budget_state(connection, policy, NOON)[0].spent
    database.close()
    assert spent.rho <= granted(CAP).rho
    return spent.rho // (granted(CAP).rho // FIT)


@pytest.mark.slow
@pytest.mark.promise("hidden", "overspending the ledger from several processes")
def test_processes_reserve_exactly_up_to_the_cap(control: Database) -> None:
    policy = make_policy(CAP, planning=make_rule(allowance=CAP))
    runs = crowd(control.url, policy)
    assert sum(failed for _, failed in runs) == 0
    assert sum(granted for granted, _ in runs) == spent_fits(control.url, policy) == FIT


@pytest.mark.slow
@pytest.mark.promise("hidden", "overspending the ledger from several processes")
def test_processes_reserve_exactly_up_to_the_allowance_of_a_dataset(control: Database) -> None:
    wide = Allowance(40.0, 2e-6, Period.YEAR)
    visits = Dataset("visits", "visits", {}, (SubjectPath("household", "id"),), allowance=CAP)
    policy = replace(make_policy(wide, planning=make_rule(allowance=wide)), datasets={"visits": visits})
    runs = crowd(control.url, policy, ("visits",))
    with control.read() as connection:
        rows = budget_state(connection, policy, NOON)
    (spent,) = [row.spent.rho for row in rows if row.dataset == "visits"]
    assert spent <= granted(CAP).rho
    assert sum(granted for granted, _ in runs) == spent // (granted(CAP).rho // FIT) == FIT
    assert sum(failed for _, failed in runs) == 0
