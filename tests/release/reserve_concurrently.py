"""Run as processes of their own by test_accountant_processes: many reservations at once against one database."""

from __future__ import annotations

from pellucid.errors import BudgetExhausted, RecordingFailed
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.release.accountant import charge, reserve


def reserve_many(url: str, policy: Policy, times: int, rho: int, now: int, read_first: bool) -> tuple[int, int]:
    """Reserve `times` times; return how many were granted and how many failed to be recorded."""
    database = Database(url)
    granted = failed = 0
    for turn in range(times):
        try:
            with database.write() as connection:
                if read_first:  # an old snapshot must fail rather than overspend
                    connection.exec_driver_sql("SELECT count(*) FROM charges").scalar()
                reservation = reserve(
                    connection, policy, "planning", ["household"], rho=rho, delta=0, actor="ana", now=now
                )
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
