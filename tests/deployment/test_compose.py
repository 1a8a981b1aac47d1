"""`compose.yaml` and `Dockerfile` say only what there is, and their own commands run as processes on this machine."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main
import yaml

from pellucid.cli.main import app as command_line
from pellucid.settings import Settings
from pellucid.web import workers
from pellucid.web.app import PARTS
from tests.delivery.post_office import HOST, open_post_office
from tests.records.postgresql import drop_database, new_database
from tests.web.test_authorisation import routes
from tests.web.visitors import MAIL, POLICY, Browser

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("prepare", "serve", "work")


def settings_of(service: str) -> dict[str, str]:
    """Return what a service sets of ours, by the names of settings."""
    found = SERVICES[service].get("environment", {})
    return {name[9:].lower(): value for name, value in found.items() if name.startswith("PELLUCID_")}


@pytest.mark.parametrize("service", OURS)
def test_every_setting_is_one_that_there_is_and_has_a_value_that_it_takes(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings_of(service)
    assert len(found) >= 6
    assert found.keys() <= Settings.model_fields.keys()

    for name, value in found.items():
        monkeypatch.setenv(f"PELLUCID_{name.upper()}", value)
    assert str(Settings().serve_shutdown_seconds) == found["serve_shutdown_seconds"]


def test_what_the_image_sets_is_a_setting_too() -> None:
    found = re.findall(r"\bPELLUCID_(\w+)=", DOCKERFILE)

    assert [name for name in found if name.lower() not in Settings.model_fields] == []
    assert found == ["WORKSPACE"]


def commands() -> Iterator[list[str]]:
    """Return every command of ours that the files run, without `pellucid` itself."""
    for service in OURS:
        command = SERVICES[service]["command"]
        if command[0] == "pellucid":
            yield command[1:]
        else:
            lines = [line.strip() for line in command[-1].splitlines()]
            yield from (shlex.split(line)[1:] for line in lines if line.startswith("pellucid "))
    image = re.search(r"^CMD \[(.*)\]$", DOCKERFILE, re.MULTILINE)
    assert image is not None
    yield [each.strip('" ') for each in image[1].split(",")][1:]


@pytest.mark.parametrize("words", list(commands()), ids=lambda words: " ".join(words[:2]))
def test_every_command_and_option_is_one_that_there_is(words: list[str]) -> None:
    found: Any = typer.main.get_command(command_line)
    while words and words[0] in getattr(found, "commands", {}):
        found, words = found.commands[words[0]], words[1:]
    options = {option for each in found.params for option in each.opts}

    assert [each for each in words if each.startswith("--") and each not in options] == []


def test_health_is_asked_where_it_is_told() -> None:
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", " ".join(SERVICES["serve"]["healthcheck"]["test"]))
    command = SERVICES["serve"]["command"]
    declared = {path for part in PARTS for _, path in routes(part.router.routes)}

    assert asked is not None
    assert asked[2] in declared
    assert asked[1] == command[command.index("--port") + 1]
    assert SERVICES["serve"]["ports"] == [f"127.0.0.1:{asked[1]}:{asked[1]}"]


def test_nobody_is_killed_while_something_is_under_way() -> None:
    found = settings_of("serve")
    needed = sum(float(found[f"serve_{name}_seconds"]) for name in ("drain", "shutdown")) + workers.CLOSING_SECONDS

    assert float(SERVICES["serve"]["stop_grace_period"].rstrip("s")) > needed


def test_the_database_is_ready_only_once_others_reach_it() -> None:
    """While it is being made its server answers at the socket, and then ends: ask by an address."""
    asked = SERVICES["database"]["healthcheck"]["test"]

    assert asked[1:4] == ["pg_isready", "--host", "127.0.0.1"]


def test_who_stands_in_another_s_network_is_restarted_with_it() -> None:
    """Its network is made anew with every start, and who stood in the one before would be heard by nobody."""
    within = {name: each["network_mode"] for name, each in SERVICES.items() if "network_mode" in each}

    assert within == {"mail": "service:work"}
    assert SERVICES["mail"]["depends_on"]["work"]["restart"] is True


def test_every_name_in_it_leads_somewhere() -> None:
    for name, service in SERVICES.items():
        needs = service.get("depends_on", {})
        assert set(needs) <= SERVICES.keys(), name
        for each, how in needs.items() if isinstance(needs, dict) else ():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[each], (name, each)
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"], name
        assert (service.get("network_mode") or "service:work").partition(":")[2] in SERVICES


def test_nothing_runs_as_root_or_may_change_its_image() -> None:
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["pellucid"]
    assert SERVICES.keys() > set(OURS)
    for name, found in SERVICES.items():
        assert (found["read_only"], found["cap_drop"], found["security_opt"]) == (
            True,
            ["ALL"],
            ["no-new-privileges:true"],
        )
        assert name in OURS or found["user"].partition(":")[0] not in ("", "0", "root")


def test_no_secret_stands_in_it_or_in_what_is_told_of_a_container_and_every_port_is_this_machine_s() -> None:
    """A secret is a file: `docker inspect` tells the environment, and every command would ask for a variable."""
    text = (ROOT / "compose.yaml").read_text()

    assert re.findall(r"PASS\w*: (.*)", text) == [
        "/data/database.password # `prepare` writes it: `inspect` tells no password",
        "/run/secrets/database",
        "/run/secrets/database",
    ]
    assert text.replace("$$", "").count("$") == 0
    assert COMPOSE["secrets"] == {"database": {"file": "./secrets/database"}}
    assert {name for name, found in SERVICES.items() if "secrets" in found} == {"prepare", "database"}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    for service in SERVICES.values():
        assert [each for each in service.get("ports", ()) if not each.startswith("127.0.0.1:")] == []


def test_an_image_is_built_of_what_there_is_and_of_nothing_private() -> None:
    copied = [each.split()[:-1] for each in re.findall(r"^COPY (?!--)(.*)$", DOCKERFILE, re.MULTILINE)]
    sources = {name for each in copied for name in each}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert sources == let_in == {"pyproject.toml", "README.md", "LICENSE", "src"}
    assert [name for name in sources if not (ROOT / name).exists()] == []
    extras = re.search(r'"\.\[([\w,]+)\]"', DOCKERFILE)
    assert extras is not None
    for each in extras[1].split(","):
        assert re.search(rf"^{each} = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE) is not None


@contextmanager
def running(command: list[str], environment: dict[str, str], errors: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service's command until the block ends, and end it as a container is ended."""
    with errors.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stderr=file)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0, errors.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_its_processes_let_somebody_sign_in_by_mail(postgresql: str, tmp_path: Path) -> None:
    """PostgreSQL, two workers, the worker of jobs and a mail catcher, by the commands that the file holds."""
    url = new_database(postgresql).replace("postgresql+psycopg://", "postgresql://", 1)
    folder, ours = tmp_path / "workspace", tmp_path / "bin"
    ours.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("for-the-database\n")
    (ours / "pellucid").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pellucid "$@"\n')
    (ours / "pellucid").chmod(0o700)
    with open_post_office() as office, ExitStack() as stack:
        stack.callback(drop_database, postgresql, url.replace("postgresql://", "postgresql+psycopg://", 1))
        here = {
            "PATH": f"{ours}{os.pathsep}{os.environ['PATH']}",
            "DATABASE": url,
            "PASSWORD": str(secret),
            "PGPASSFILE": str(tmp_path / "database.password"),
            "PELLUCID_WORKSPACE": str(folder),
            "PELLUCID_SMTP_HOST": HOST,
            "PELLUCID_SMTP_PORT": str(office.port),
            "PELLUCID_SERVE_DRAIN_SECONDS": "0",
        }
        environment = os.environ | SERVICES["serve"]["environment"] | here
        prepare = [each.replace("$$", "$") for each in SERVICES["prepare"]["command"]]
        for _ in range(2):  # a second `up` changes nothing
            subprocess.run(prepare, env=environment, check=True, capture_output=True)
        kept = tmp_path / "database.password"
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("*:*:*:pellucid:for-the-database\n", 0o600)
        assert not folder.with_name("workspace.begun").exists()
        people(folder, environment)

        port = stack.enter_context(_kept_port())
        serve = [port if each == "8700" else each for each in SERVICES["serve"]["command"]]
        stack.enter_context(running(serve, environment, tmp_path / "serve.err"))
        stack.enter_context(running(SERVICES["work"]["command"], environment, tmp_path / "work.err"))
        address = f"http://127.0.0.1:{port}"
        _until(lambda: _status(f"{address}/readyz") == 204)
        browser = Browser(address)
        assert browser.submit("/privacy/sign-in", "/privacy/sign-in", key="h0001").status == 303
        _until(lambda: any(MAIL["h0001"] in str(mail["To"]) for mail in office.taken))
        code = re.search(r"give this code: (\d{4}) (\d{4})", office.taken[-1].get_content())
        assert code is not None
        done = browser.submit("/privacy/sign-in/code", "/privacy/sign-in/code", code=code[1] + code[2])
        assert (done.status, done.place) == (303, "/privacy")

        # Each request is a connection of its own, and comes to either worker.
        assert {browser.get("/privacy").status for _ in range(12)} == {200}
        chosen = browser.submit("/privacy/choices", "/privacy/choices/planning", choice="no", notice="2026-11")
        assert chosen.status == 303
        assert {"Not in use You objected" in browser.get("/privacy/choices").words for _ in range(12)} == {True}


def people(folder: Path, environment: dict[str, str]) -> None:
    """Give the workspace the grocer of the tests, with somebody who has a mail address."""
    for each in (folder / "policy").iterdir():
        each.unlink()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    rows = folder / "members.csv"
    rows.write_text(f"household_id,email,second,place\nh0001,{MAIL['h0001']},,DE\n")
    for words in (["policy", "activate"], ["data", "add", "members", str(rows)]):
        done = subprocess.run(["pellucid", *words, "--as", "pia"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@contextmanager
def _kept_port() -> Iterator[str]:
    """Find a free port, and keep it from everybody but a server that shares it, as those that restart do."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield str(kept.getsockname()[1])


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0


def _until(so: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
