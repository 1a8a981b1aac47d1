"""What holds for every test: a skip fails in CI (`CI=true`); control records are the same on SQLite and PostgreSQL.

A test that asks for `control` runs twice, once on each database.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from pellucid.records.database import Database
from tests.promises import PROMISES
from tests.records.postgresql import TEMPLATE, running_server
from tests.records.recycling import give_back, taken
from tests.records.sqlite import new_control

Tried = Callable[[int, str], None]
"""Says how often something was tried in a test, and what came of it."""

# What lands must not hang on luck: CI draws the same examples every time, a developer's machine new ones.
# Nor on the clock: how long the first examples take to draw says how busy the machine is.
TIMELESS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, print_blob=True, **TIMELESS)  # type: ignore[arg-type]
settings.register_profile("dev", **TIMELESS)  # type: ignore[arg-type]
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


def skipped_reports(config: pytest.Config) -> list[Any]:
    """Return the reports of skipped tests and modules; none in a parallel worker, where nothing is counted."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    return [] if reporter is None else list(reporter.stats.get("skipped", []))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK and skipped_reports(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    skipped = skipped_reports(config)
    if os.environ.get("CI") != "true" or not skipped:
        return
    terminalreporter.section("skipped in CI, which counts as a failure", red=True)
    for report in skipped:
        terminalreporter.line(report.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, for all of it is kept; nor among it ever after."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the promise that a test tries to break, and how, into its record: `docs/evidence.py` reads them."""
    for item in items:
        for mark in item.iter_markers("promise"):
            promise, attack = mark.args
            if promise not in PROMISES:
                raise pytest.UsageError(f"{item.nodeid}: no promise is called {promise!r}")
            item.user_properties.append(("promise", json.dumps([promise, attack])))


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Tried:
    """Return a function that records how often a test tried, and the result; without it a passed test is one try."""

    def record(tries: int, result: str) -> None:
        record_property("tried", json.dumps([tries, result]))

    return record


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, one a session and worker."""
    with running_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on; a test that asks for it runs on both."""
    return str(request.param)


MakeControl = Callable[[], Database]
PATIENCE = 300
"""Seconds that a writer waits for another one, who may stand still with the whole machine."""


@pytest.fixture
def make_control(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeControl]:
    """Make empty control databases; the first on SQLite is `control.sqlite` in the test's folder."""
    made: list[Database] = []
    names = count()

    def make() -> Database:
        if dialect == "sqlite":
            number = next(names)
            made.append(new_control(tmp_path / f"control{number or ''}.sqlite", busy_seconds=PATIENCE))
        else:
            made.append(Database(taken(request.getfixturevalue("postgresql"), TEMPLATE), busy_seconds=PATIENCE))
        return made[-1]

    yield make
    for database in made:
        database.close()
        if not database.is_sqlite:
            give_back(request.getfixturevalue("postgresql"), TEMPLATE, database.url)


@pytest.fixture
def control(make_control: MakeControl) -> Database:
    """An empty control database."""
    return make_control()
