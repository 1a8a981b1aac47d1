"""Retention by itself: only by rules that somebody looked at, once a day, whoever works and whatever kills them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import pellucid
from pellucid.audit import log
from pellucid.errors import DataRefused, InputInvalid, NotPermitted
from pellucid.failpoints import VARIABLE
from pellucid.holdings import ground
from pellucid.records import jobs
from pellucid.rights import retention, schedule
from pellucid.worker import Worker
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, DAY, rows_of
from tests.rights.erasure.test_retention import activate, total
from tests.shop import Shop

ROOT = Path(__file__).parents[3]


def turn_on(shop: Workspace) -> str:
    """Turn the schedule on by the rules that a preview shows; return them."""
    pia = shop.actor("pia")
    return shop.retention.turn_on(shop.retention.preview(actor=pia).rules, actor=pia).rules


def actions(shop: Workspace, start: str = "retention.", also: str = "data.retired") -> Counter[str]:
    with shop.room.database.read() as connection:
        return Counter(each for each in log.actions(connection) if each.startswith(start) or each == also)


def work(shop: Workspace) -> Counter[str]:
    return Worker(shop.work).run_until_idle()


def start(folder: Path, dies_at: str | None = None) -> subprocess.Popen[bytes]:
    armed = {} if dies_at is None else {VARIABLE: dies_at}
    source = str(Path(pellucid.__file__).parents[1])
    environment = {**os.environ, "PELLUCID_WORKSPACE": str(folder), "PYTHONPATH": f"{source}:{ROOT}", **armed}
    environment |= {"PELLUCID_WORK_SECONDS": "1", "PELLUCID_CHECKPOINT_MINUTES": "0"}
    command = [sys.executable, "-m", "pellucid", "work", "--until-idle"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_nothing_goes_by_itself_before_it_is_turned_on_and_after_it_was_turned_off(shop: Workspace) -> None:
    activate(shop, rows=1)
    before = total(shop)
    assert (work(shop), shop.retention.scheduled(actor=shop.actor("pia"))) == (Counter(), (None, False))
    turn_on(shop)
    assert shop.retention.turn_off(actor=shop.actor("pia")) is True
    assert shop.retention.turn_off(actor=shop.actor("pia")) is False
    assert (work(shop), total(shop)) == (Counter(), before)


def test_what_is_over_goes_once_a_day(shop: Workspace) -> None:
    activate(shop, rows=1)
    rules = turn_on(shop)
    found, in_force = shop.retention.scheduled(actor=shop.actor("pia"))
    assert found is not None
    assert (found.rules, found.made_by, in_force) == (rules, "pia", True)
    assert (work(shop), work(shop), total(shop)) == (Counter(done=1), Counter(), (0, 0))
    assert actions(shop) == Counter({"retention.scheduled": 1, "data.retired": 1, "retention.run": 1})
    later = shop.room.clock() + DAY
    with Workspace(shop.folder, shop.settings, clock=lambda: later) as then:
        assert work(then) == Counter(done=1)
        assert actions(then) == Counter({"retention.scheduled": 1, "data.retired": 1, "retention.run": 2})


def test_other_rules_than_those_that_were_looked_at_let_nothing_go(shop: Workspace) -> None:
    activate(shop, rows=3649)
    turn_on(shop)
    activate(shop, rows=1)
    before = total(shop)
    assert (work(shop), total(shop)) == (Counter({"given-up": 1}), before)
    (job,) = shop.work.list(actor=shop.actor("pia"))
    assert (job.kind, job.state, job.error) == (schedule.JOB, "given-up", "retention-rules-changed")
    assert shop.retention.scheduled(actor=shop.actor("pia"))[1] is False
    turn_on(shop)
    shop.work.retry(job.id, actor=shop.actor("pia"))
    assert (work(shop), total(shop)) == (Counter(done=1), (0, 0))


def test_it_is_turned_on_by_the_rules_in_force_and_by_whoever_may(shop: Workspace) -> None:
    with pytest.raises(InputInvalid, match="These are not the rules of retention that are in force: got 'abc'"):
        shop.retention.turn_on("abc", actor=shop.actor("pia"))
    with pytest.raises(NotPermitted, match="retention"):
        shop.retention.turn_on(shop.retention.preview(actor=shop.actor("pia")).rules, actor=shop.actor("ana"))
    assert shop.retention.scheduled(actor=shop.actor("pia")) == (None, False)


def test_a_job_of_a_schedule_that_was_turned_off_meanwhile_lets_nothing_go(shop: Workspace) -> None:
    activate(shop, rows=1)
    before = total(shop)
    turn_on(shop)
    shop.work.plan()
    shop.retention.turn_off(actor=shop.actor("pia"))
    assert (work(shop), total(shop)) == (Counter(done=1), before)


def test_who_restricts_their_data_while_rows_are_written_anew_keeps_them(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate(shop, rows=1)
    before, alice = total(shop), rows_of(shop, ALICE)
    surveyed = ground.survey

    def restricted_then(*given: object) -> object:
        shop.consent.record("restrict", ALICE, purpose=None, actor=shop.actor("pia"))
        monkeypatch.setattr(retention, "survey", surveyed)
        return surveyed(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "survey", restricted_then)
    with pytest.raises(DataRefused, match="Somebody's data in 'purchases' were held or restricted meanwhile"):
        shop.retention.run(actor=shop.actor("pia"))
    assert total(shop) == before
    shop.retention.run(actor=shop.actor("pia"))
    assert (total(shop)[0], rows_of(shop, ALICE)) == (alice, alice)


def test_a_worker_whose_claim_ran_out_claims_nothing_that_another_does(shop: Workspace) -> None:
    activate(shop, rows=1)
    turn_on(shop)
    shop.work.plan()
    now = shop.room.clock()
    with shop.room.database.write() as connection:
        job = jobs.claim(connection, [schedule.JOB], "slow", now, 1)
    assert job is not None
    late = now + 5_000_000
    with Workspace(shop.folder, shop.settings, clock=lambda: late) as then:
        assert work(then) == Counter(done=1)
    claim = jobs.Claim(shop.room.database, job, shop.room.clock, 1)
    with pytest.raises(Exception, match="ran out"):
        shop.retention.work(claim, shop.actor("pia"))
    assert (actions(shop)["retention.run"], total(shop)) == (1, (0, 0))


@pytest.mark.slow
def test_two_workers_let_go_of_it_once(shop: Workspace) -> None:
    activate(shop, rows=1)
    turn_on(shop)
    workers = [start(shop.folder) for _ in range(2)]
    told = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    assert actions(shop) == Counter({"retention.scheduled": 1, "data.retired": 1, "retention.run": 1})
    assert total(shop) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["work.claimed", "sweep.draft-written", "sweep.before-commit", "sweep.after-commit", "work.settled"]
)
def test_a_worker_that_was_killed_is_followed_by_one_that_does_the_rest(point: str, shop: Workspace) -> None:
    activate(shop, rows=1)
    turn_on(shop)
    killed = start(shop.folder, dies_at=point)
    killed.communicate(timeout=300)
    assert killed.returncode == -9
    later = shop.room.clock() + 2_000_000  # when the claim of the dead has run out
    with Workspace(shop.folder, shop.settings, clock=lambda: later) as then:
        work(then)
    assert actions(shop) == Counter({"retention.scheduled": 1, "data.retired": 1, "retention.run": 1})
    assert total(shop) == (0, 0)


@pytest.mark.slow
def test_it_is_looked_at_turned_on_and_told_on_the_command_line(shop: Workspace) -> None:
    activate(shop, rows=1)
    line = Shop(shop.folder)
    shown = line.run("retention", "preview", "--as", "pia").out
    rows = total(shop)[0]
    rules = shown.split()[-1].rstrip(".")
    assert shown == (
        f"purchases: {rows:,} rows would go, older than the 1 days of the dataset.\nBy the rules {rules}.\n"
    )
    assert line.run("retention", "schedule", "show", "--as", "pia").out == "Off: nothing goes by itself.\n"
    assert line.run("retention", "schedule", "on", "--rules", "x", "--as", "pia").code == 2
    assert line.run("retention", "schedule", "on", "--rules", rules, "--as", "pia").out == (
        f"On, by the rules {rules}: once a day, while `pellucid work` runs.\n"
    )
    assert line.run("retention", "schedule", "show", "--as", "pia").out.startswith(f"On, by the rules {rules}: pia, ")
    activate(shop, rows=2)
    assert line.run("retention", "schedule", "show", "--as", "pia").out.splitlines()[1:] == [
        "The rules have changed since, so nothing goes by itself until it is turned on again."
    ]
    assert line.run("retention", "schedule", "off", "--as", "pia").out == "Off.\n"
    assert line.run("retention", "schedule", "off", "--as", "pia").out == "It was off.\n"
