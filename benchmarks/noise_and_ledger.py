"""How long do planning, noise and the ledger take, next to a query? Noise is compared with NumPy's unsafe normal."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from pellucid.policy.model import (
    Allowance,
    Bound,
    Controller,
    Notice,
    Period,
    Policy,
    PrivacyUnit,
    Purpose,
    ReleaseRule,
    Unknown,
)
from pellucid.records.database import Database
from pellucid.release import accountant, budget, mechanisms

RHO = budget.rho_of(1.0, 10**9)
YEAR = Allowance(100.0, 2e-6, Period.YEAR)


def milliseconds(run: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - start))
    return median(taken)


def show_noise() -> None:
    start = time.perf_counter()
    mechanisms.gaussian([0], sensitivity=1.0, rho=RHO)
    print(f"first draw, with the import of OpenDP {1000 * (time.perf_counter() - start):28.1f} ms")
    for cells in (1, 30, 1_000, 10_000, 100_000):
        times = 3 if cells > 10_000 else 15
        values = [1000] * cells
        discrete = milliseconds(lambda v=values: mechanisms.gaussian(v, sensitivity=100.0, rho=RHO), times)
        chosen = milliseconds(
            lambda v=values: mechanisms.threshold_counts(v, max_groups=10, rho=RHO, delta=10**7), times
        )
        unsafe = milliseconds(lambda n=cells: np.random.default_rng().normal(size=n), times)
        print(
            f"{cells:>7,} cells: discrete Gaussian {discrete:9.2f} ms  threshold {chosen:9.2f} ms  "
            f"NumPy {unsafe:7.3f} ms  ratio {discrete / unsafe:7.0f}"
        )


def show_conversion() -> None:
    epsilons = iter(np.linspace(0.1, 5, 300))
    print(
        f"epsilon -> rho, not cached {milliseconds(lambda: budget.rho_of(float(next(epsilons)), 10**9), 200):39.3f} ms"
    )


def show_ledger() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.at(Path(folder) / "control.sqlite")
        database.create()
        policy = one_purpose_policy()
        for entries in (100, 1_000):
            fill(database, policy, entries)
            taken = milliseconds(lambda: spend(database, policy), 30)
            print(f"reserve + charge, {entries:>5,} more entries {taken:32.2f} ms")
        database.close()


def spend(database: Database, policy: Policy) -> None:
    now = time.time_ns() // 1000
    with database.write() as connection:
        charge = accountant.reserve(connection, policy, "planning", ["household"], rho=1, delta=0, actor="ana", now=now)
    with database.write() as connection:
        accountant.charge(connection, charge, now)


def fill(database: Database, policy: Policy, entries: int) -> None:
    now = time.time_ns() // 1000
    with database.write() as connection:
        for _ in range(entries):
            accountant.reserve(connection, policy, "planning", ["household"], rho=1, delta=0, actor="ana", now=now)


def one_purpose_policy() -> Policy:
    rule = ReleaseRule(epsilon_default=1.0, epsilon_max=5.0, allowance=YEAR, max_groups=10, rows=Bound(per_group="50"))
    planning = Purpose(
        name="planning",
        title="Planning",
        description="",
        notice=Notice("1", "We look at what people buy."),
        bases={},
        categories=(),
        roles=(),
        release=rule,
        unknown_place="refuse",
        unknown_age=Unknown.REFUSE,
    )
    return Policy(
        controller=Controller("Grocer", "NL", "privacy@example.org"),
        regimes={},
        namespaces={"household": PrivacyUnit("household", "households", YEAR)},
        purposes={"planning": planning},
        datasets={},
        recipients={},
        roles={},
        people={},
        version="0" * 64,
    )


if __name__ == "__main__":
    show_noise()
    show_conversion()
    show_ledger()
