"""What holds for every test: in CI (`CI=true`) a skipped test is a failure, since nobody would notice it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from tests.promises import PROMISES

Tried = Callable[[int, str], None]
"""Says how often something was tried in a test, and what came of it."""

# What lands must not hang on luck: CI draws the same examples every time, a developer's machine new ones.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
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
