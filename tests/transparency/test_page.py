"""The how-to page shows the worked example's notice as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pellucid.transparency.notices import make
from pellucid.transparency.shown import text

from .conftest import NOW, grocer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "publish-a-notice.md"


@pytest.mark.parametrize(("place", "language"), [(0, "en"), (1, "de")])
def test_the_page_shows_the_short_notice_word_for_word(place: int, language: str) -> None:
    shown = re.findall(r"```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[place]

    assert shown.split() == text(make(grocer(), NOW).telling(language).layer("short")).split()
