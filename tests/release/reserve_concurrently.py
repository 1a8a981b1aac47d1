"""Run as processes of their own by test_accountant_processes: many reservations at once against one database."""

from __future__ import annotations

import time
from multiprocessing.synchronize import Barrier

from pellucid.errors import BudgetExhausted, RecordingFailed
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.release.accountant import charge, reserve

_together: list[Barrier] = []


def wait_for_all(barrier: Barrier) -> None:
    """Keep the barrier at which the processes of a pool wait for one another (a pool's initializer)."""
    _together.append(barrier)


def reserve_many(
    url: str, policy: Policy, times: int, rho: int, now: int, datasets: tuple[str, ...] | None
) -> tuple[int, int]:
    """Reserve `times` times; return how many were granted and how many failed to be recorded."""
    database = Database(url)
    granted = failed = 0
    _together[-1].wait(timeout=300)
    for turn in range(times):
        try:
            with database.write() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM charges").scalar()  # an old snapshot would show here
                reservation = reserve(
                    connection,
                    policy,
                    "planning",
                    ["household"],
                    rho=rho,
                    delta=0,
                    actor="ana",
                    now=now,
                    datasets=datasets,
                )
                time.sleep(0.005)  # hold the transaction open, so that the others meet it
            granted += 1
            if turn % 2:
                with database.write() as connection:
                    charge(connection, reservation, now)
        except BudgetExhausted:
            continue
        except RecordingFailed:
            failed += 1
    database.close()
    return granted, failed
