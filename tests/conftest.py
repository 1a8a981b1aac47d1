"""What holds for every test: in CI (`CI=true`) a skipped test is a failure, since nobody would notice it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings

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
