"""The server as a process: it ends without cutting anything off, and shares the workspace with the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from pellucid.consent.leases import drop_lease, take_lease
from pellucid.workspace import create
from tests.web.conftest import API, PEOPLE, Client, Shop, Start, bearer, recorded, serving, until

CHOICE = {"subject": "h0001", "purpose": "offers", "verb": "withdraw"}


def command(shop: Shop, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pellucid", "-w", str(shop.folder), "--as", "pia", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def lease(shop: Shop, seconds: float) -> str:
    room = shop.workspace.room
    with room.database.write() as connection:
        return take_lease(connection, "offers", room.clock(), seconds)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_answers_what_is_under_way(shop: Shop, start: Start, number: int) -> None:
    held, server = lease(shop, 600), start()
    sent = {**bearer(shop.token("consent:write")), "Idempotency-Key": "0123456789"}
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(httpx.post, server.address + API, json=CHOICE, headers=sent, timeout=60)
        until(lambda: shop.said("h0001") == ["withdraw"])
        server.process.send_signal(number)
        until(lambda: not _listens(server.address))
        assert (answer.done(), server.process.poll()) == (False, None)
        with shop.workspace.room.database.write() as connection:
            drop_lease(connection, held)

        assert answer.result().status_code == 201
    assert server.process.wait(60) == 0
    again = httpx.post(start().address + API, json=CHOICE, headers=sent, timeout=60)
    assert (recorded(again), shop.said("h0001")) == (recorded(answer.result()), ["withdraw"])


def test_a_server_that_is_to_end_says_first_that_it_is_not_ready_and_answers_on(shop: Shop, start: Start) -> None:
    held, server = lease(shop, 600), start(PELLUCID_SERVE_DRAIN_SECONDS="600")
    headers = bearer(shop.token("consent:write"))
    assert httpx.get(server.address + "/readyz", timeout=60).status_code == 204
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(httpx.post, server.address + API, json=CHOICE, headers=headers, timeout=60)
        until(lambda: shop.said("h0001") == ["withdraw"])
        server.process.send_signal(signal.SIGTERM)
        until(lambda: httpx.get(server.address + "/readyz", timeout=60).status_code != 204)
        asked = httpx.get(server.address + "/readyz", timeout=60)
        assert (asked.status_code, asked.json()["code"], asked.headers["retry-after"]) == (503, "ending", "1")
        assert httpx.get(server.address + "/healthz", timeout=60).status_code == 204

        server.process.send_signal(signal.SIGTERM)  # who tells it twice does not wait for the rest of the ten minutes
        until(lambda: not _listens(server.address))
        assert (answer.done(), server.process.poll()) == (False, None)  # what is under way is still answered
        with shop.workspace.room.database.write() as connection:
            drop_lease(connection, held)
        assert answer.result().status_code == 201
    assert server.process.wait(60) == 0


def test_a_server_that_drains_ends_by_itself(start: Start) -> None:
    server = start(PELLUCID_SERVE_DRAIN_SECONDS="0.3")

    assert server.end(signal.SIGTERM) == 0


def test_a_server_that_is_told_twice_does_not_drain(shop: Shop, start: Start) -> None:
    server = start(PELLUCID_SERVE_DRAIN_SECONDS="600")
    server.process.send_signal(signal.SIGTERM)
    until(lambda: httpx.get(server.address + "/readyz", timeout=60).status_code != 204)

    assert server.end(signal.SIGTERM) == 0


def test_a_server_that_ends_leaves_the_database_whole_and_without_a_rest(shop: Shop, start: Start) -> None:
    server, headers = start(), bearer(shop.token("consent:write"))
    assert httpx.post(server.address + API, json=CHOICE, headers=headers, timeout=60).status_code == 201
    shop.workspace.close()
    assert server.end(signal.SIGTERM) == 0

    assert [each.name for each in shop.folder.glob("control.sqlite-*")] == []


def _listens(address: str) -> bool:
    """Return whether connections are taken; one that was taken and is not answered still is."""
    try:
        httpx.get(address + "/healthz", timeout=60)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        pass
    return True


def test_a_withdrawal_is_acknowledged_only_when_no_lease_is_left(client: Client, shop: Shop) -> None:
    began = time.monotonic()
    lease(shop, 1.0)
    assert client("consent:write").post(API, json=CHOICE).status_code == 201

    assert time.monotonic() - began >= 0.99  # the lease goes by the wall clock, which may run a little differently


def test_what_was_only_counted_is_logged_at_the_end(shop: Shop) -> None:
    with serving(shop.workspace) as address:
        for _ in range(3):
            httpx.get(f"{address}{API}/changes", timeout=60)
    refused = [each["body"]["number"] for each in shop.entries() if each["action"] == "token.refused"]

    assert refused == [1, 2]


@pytest.mark.slow
def test_the_command_line_and_the_server_write_at_once(shop: Shop, start: Start, tmp_path: Path) -> None:
    server, headers = start(), bearer(shop.token("consent:write"))
    rows = "".join(f"h{n:04},offers,refuse,,false,1,web,\n" for n in range(PEOPLE))
    file = tmp_path / "said.csv"
    file.write_text("subject,purpose,verb,covers,explicit,notice_version,channel,at\n" + rows)
    imported = threading.Thread(target=lambda: done.append(command(shop, "consent", "import", str(file), "--no-sort")))
    done: list[subprocess.CompletedProcess[str]] = []
    imported.start()

    def withdraw(number: int) -> int:
        body = {**CHOICE, "subject": f"h{number % PEOPLE:04}"}
        return httpx.post(server.address + API, json=body, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(withdraw, range(3 * PEOPLE)))
    imported.join()

    assert (set(statuses), [each.returncode for each in done]) == ({201}, [0])
    assert sorted(shop.said("h0003")) == ["refuse"] + ["withdraw"] * 3
    assert command(shop, "consent", "why", "h0003", "-p", "offers").stdout.startswith("Not permitted.")


def test_a_token_that_the_command_line_revokes_is_refused_within_a_second(client: Client, shop: Shop) -> None:
    secret = shop.token("consent:changes")
    following = client("consent:changes")
    assert following.get(f"{API}/changes").status_code == 200
    assert command(shop, "serve", "token", "revoke", secret.split("_")[1]).returncode == 0

    time.sleep(1.1)
    answer = following.get(f"{API}/changes")
    assert (answer.status_code, answer.json()["code"]) == (401, "token-revoked")


def test_a_server_without_a_policy_runs_and_is_not_ready(tmp_path: Path) -> None:
    with create(tmp_path / "empty", name="test/empty", actor_name="pia") as workspace, serving(workspace) as address:
        answers = [httpx.get(f"{address}/{path}", timeout=60) for path in ("healthz", "readyz", ".well-known/gpc.json")]

    assert [each.status_code for each in answers] == [204, 503, 503]
    assert answers[1].json()["code"] == "policy-missing"


def test_without_the_extra_the_command_says_what_to_install(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('x', name='uvicorn')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    line = [sys.executable, "-m", "pellucid", "-w", str(shop.folder), "serve"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 8
    assert done.stderr.startswith("error [server-missing]: What serves HTTP is not installed.")
    assert "pip install 'pellucid[serve]'" in done.stderr
