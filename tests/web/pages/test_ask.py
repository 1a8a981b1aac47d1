"""Asking in the browser: who may, what is told before anything is spent, what is shown, and asked once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.records.tables import charges
from pellucid.settings import Settings
from tests.web import analysts
from tests.web.analysts import BY_DEPARTMENT, BY_WEEK, TOTAL
from tests.web.visitors import Browser, Grocer, Page

ASK = "/staff/ask"


@pytest.fixture(scope="module")
def made_analysts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysts") / "workspace"
    analysts.make_analysts(folder)
    return folder


@pytest.fixture
def shop(made_analysts: Path, tmp_path: Path, settings: Settings) -> Iterator[Grocer]:
    shutil.copytree(made_analysts, tmp_path / "workspace")
    with analysts.served(tmp_path / "workspace", settings) as found:
        yield found


def number_in(page: Page) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page.text)
    assert found is not None, page.words
    return found.group(1)


def fields_of(page: Page, sql: str, purpose: str = "planning", **more: str) -> dict[str, str]:
    return {"_token": page.token, "once": number_in(page), "sql": sql, "purpose": purpose, **more}


def asked(browser: Browser, sql: str = TOTAL, path: str = ASK, **more: str) -> Page:
    return browser.post(path, fields_of(browser.get(ASK), sql, **more))


def previewed(browser: Browser, sql: str = TOTAL, **more: str) -> Page:
    return asked(browser, sql, f"{ASK}/preview", **more)


def charged(shop: Grocer) -> list[str]:
    with shop.workspace.room.database.read() as connection:
        return list(connection.scalars(select(charges.c.state)))


def test_a_preview_tells_all_before_anything_is_spent(shop: Grocer) -> None:
    page = previewed(shop.known_staff("ana"), BY_WEEK)
    print(page.text)
    assert page.status == 200
    assert charged(shop) == []


def test_an_answer_is_shown(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    page = asked(ana, BY_WEEK)
    print(page.words)
    print(ana.follow(page).text)
    page = ana.follow(asked(ana, BY_DEPARTMENT))
    print(page.text)
    assert 0
