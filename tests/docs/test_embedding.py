"""The page on embedding passes on, in every proxy's words, exactly what is served to visitors."""

from __future__ import annotations

import re
from pathlib import Path

from pellucid.web.kinds import is_for_visitors
from pellucid.web.static_files import EMBEDDED, PREFIX

PAGE = (Path(__file__).parents[2] / "docs/how-to/embed-the-consent-widget.md").read_text()
SERVED = ("/privacy/visitor", "/privacy/visitor/choices/offers", "/privacy/api/visitor", f"{PREFIX}/{EMBEDDED[0]}")
NOT_SERVED = ("/privacy", "/privacy/sign-in", "/privacy/visitors", "/privacy/choices", "/privacy/apis", "/staff", "/")


def test_nginx_passes_on_what_visitors_are_served() -> None:
    pattern = re.search(r"location ~ (\S+) \{", PAGE)
    assert pattern is not None
    passed_on = [path for path in (*SERVED, *NOT_SERVED) if re.search(pattern.group(1), path)]

    assert passed_on == list(SERVED)


def test_caddy_passes_on_what_visitors_are_served() -> None:
    line = re.search(r"@visitors path (.+)", PAGE)
    assert line is not None
    patterns = [re.escape(each).replace(r"\*", ".*") for each in line.group(1).split()]
    passed_on = [path for path in (*SERVED, *NOT_SERVED) if any(re.fullmatch(each, path) for each in patterns)]

    assert passed_on == list(SERVED)


def test_pellucid_serves_them_and_nothing_else_there() -> None:
    assert [path for path in (*SERVED, *NOT_SERVED) if is_for_visitors(path)] == list(SERVED)


def test_the_page_embeds_what_is_served() -> None:
    assert re.findall(r'<script src="([^"]+)" defer>', PAGE) == [f"{PREFIX}/{EMBEDDED[0]}"]
