"""HEAD is answered as GET is, to the same callers, without a body; what GET would note or use up is left alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from pellucid.settings import Settings
from pellucid.web import app
from pellucid.web.static_files import FOLDER
from pellucid.workspace import Workspace
from tests.web.conftest import API, NO_TLS, SCOPE_NAMES, Shop, bearer, serving
from tests.web.test_authorisation import NAMED, ROWS
from tests.web.test_protocol import statuses
from tests.web.visitors import Page

OF_ITS_TIME = ("content-length", "date", "set-cookie")
"""Headers whose values differ from one answer to the next."""
REFUSED = (401, 403)
READ = [(path, ROWS[method, path][0]) for method, path in ROWS if method == "GET"]
TRACED = {
    "/api/v1/consents/totals",
    "/api/v1/insights/saved",
    "/api/v1/insights/saved/{insight}",
    "/api/v1/refusals",
}
"""What leaves a trace when it is asked for, as far as it is answered here."""
Ask = Callable[[str, str], Any]


def compared(folder: Path, entries: Callable[[], list[dict[str, Any]]], ask: Ask, paths: Iterable[str]) -> set[str]:
    """Ask for each path by HEAD, then by GET; return where GET only is answered, since it leaves a trace.

    Asserts that HEAD is as GET else, has no body, and writes nothing but that somebody was refused.
    """
    traced = set()
    with closing(sqlite3.connect(folder / "control.sqlite")) as database:

        def version() -> int:
            """Return what changes once another connection has written."""
            return int(database.execute("PRAGMA data_version").fetchone()[0])

        for path in paths:
            before, known = version(), len(entries())
            head = ask("HEAD", path)
            between, noted = version(), entries()[known:]
            got = ask("GET", path)
            assert (path, [each["body"].get("outcome") for each in noted]) == (path, ["refused"] * len(noted))
            assert (path, between != before) == (path, bool(noted))
            if head.status != 405:
                assert (path, version() != between and got.status not in REFUSED, head.raw) == (path, False, b"")
                assert (path, head.status, lasting(head.headers)) == (path, got.status, lasting(got.headers))
                continue
            assert (path, head.headers["allow"].split(", ")[0], head.raw) == (path, "GET", b"")
            traced.add(path)
    return traced


def lasting(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Return the headers that are the same each time."""
    return sorted((name, value) for name, value in headers.multi_items() if name not in OF_ITS_TIME)


UNLIMITED = Settings(serve_requests_per_second=1e6, serve_failures_per_minute=1e6, serve_visits_per_minute=1e6)
"""Two requests a route by nobody are more than an address may make: the clock would say which of them has to wait."""


@pytest.fixture(scope="module")
def served(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, httpx.Client]]:
    folder = shutil.copytree(made, tmp_path_factory.mktemp("head") / "workspace")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "TIDY_SECONDS", 1e6)  # nothing is noted by itself while HEAD and GET are compared
        with (
            Workspace(folder, UNLIMITED) as workspace,
            serving(workspace) as address,
            httpx.Client(base_url=address, verify=NO_TLS) as client,
        ):
            yield Shop(workspace), client


@pytest.mark.parametrize(
    "who",
    [
        pytest.param("whoever has the scope", marks=pytest.mark.slow),
        pytest.param("whoever has another", marks=pytest.mark.slow),
        "nobody",
    ],
)
def test_it_is_answered_as_get_is_unless_get_leaves_a_trace(served: tuple[Shop, httpx.Client], who: str) -> None:
    shop, client = served
    needed = {path: scope if scope in SCOPE_NAMES else SCOPE_NAMES[0] for path, scope in READ}
    others = {path: next(each for each in SCOPE_NAMES if each != scope) for path, scope in needed.items()}
    shown = {"whoever has the scope": needed, "whoever has another": others}.get(who, {})
    secrets = {path: shop.token(scope) for path, scope in shown.items()}  # made first: each is an entry

    def ask(method: str, path: str) -> Page:
        headers = bearer(secrets[path]) if path in secrets else {}
        answer = client.request(method, path.format(**NAMED), headers=headers)
        return Page(answer.status_code, answer.text, answer.headers, answer.content)

    traced = compared(shop.folder, shop.entries, ask, needed)

    assert (TRACED if who == "whoever has the scope" else set()) <= traced


def test_it_says_how_long_the_body_would_be(served: tuple[Shop, httpx.Client]) -> None:
    head, got = (served[1].request(method, "/api/v1/help") for method in ("HEAD", "GET"))

    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


def test_a_request_that_waits_behind_it_in_the_connection_may_write(served: tuple[Shop, httpx.Client]) -> None:
    shop, client = served
    body = json.dumps({"subject": "h0001", "purpose": "offers", "verb": "withdraw"})
    head = "HEAD /api/v1/help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    post = f"POST {API} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {shop.token('consent:write')}\r\n"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"

    assert statuses(str(client.base_url), head + head + post + kind) == [200, 200, 201]
    assert shop.said("h0001") == ["withdraw"]


def test_what_takes_no_get_takes_no_head(served: tuple[Shop, httpx.Client]) -> None:
    answers = [served[1].request(method, "/api/v1/consents/show") for method in ("HEAD", "GET")]

    assert [(each.status_code, each.headers["allow"]) for each in answers] == [(405, "POST")] * 2


def test_a_static_file_answers_it_with_how_long_it_is_and_may_be_kept(served: tuple[Shop, httpx.Client]) -> None:
    head = served[1].head("/privacy/static/consent.js")

    assert (head.status_code, head.headers["content-length"], head.headers["cache-control"], head.content) == (
        200,
        str(len((FOLDER / "consent.js").read_bytes())),
        "public, max-age=600",
        b"",
    )
