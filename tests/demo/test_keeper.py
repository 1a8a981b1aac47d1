"""How long the pages of the worked example run: so many minutes after the story, however long that takes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pellucid.demo import keeper


def test_the_time_counts_from_the_end_of_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(keeper, "time", SimpleNamespace(monotonic=lambda: now[0]))
    clock, told = keeper._Clock(60), []
    for now[0] in (0, 61, 3_000):
        told.append(clock.is_over())
    clock.begin(keeper.TOLD, None)
    for now[0] in (3_059, 3_060):
        told.append(clock.is_over())

    assert told == [False, False, False, False, True]


def test_it_ends_at_last_where_nobody_says_that_the_story_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(keeper, "time", SimpleNamespace(monotonic=lambda: now[0]))
    clock = keeper._Clock(60)
    now[0] = keeper.STORY + 60

    assert clock.is_over()
