"""Cookies are read by their very names: by the first signs of a name browsers know what `__Host-` cookies ask for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from starlette.requests import Request

from pellucid.web import cookies, language

OWN, PLANTED = "o" * 43, "p" * 43
DISGUISES = ["\xa0", "\x85", "\x1c", "\x1f", "\x0b", "\x0c", "=", '"', "$Version=1; =", "x"]
"""What stands before the name in a cookie that another host of the company's domain may set."""


def request(*lines: str) -> Request:
    headers = [(b"cookie", each.encode("latin-1")) for each in lines]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


@pytest.mark.parametrize("before", DISGUISES, ids=ascii)
def test_a_name_that_only_looks_like_ours_is_none_of_ours(before: str) -> None:
    own, planted = f"{cookies.CENTRE}={OWN}", f"{before}{cookies.CENTRE}={PLANTED}"
    trailing = f"{cookies.CENTRE}\xa0={PLANTED}"

    assert [cookies.shown(request(each), cookies.CENTRE) for each in (planted, trailing)] == ["", ""]
    for line in (f"{own}; {planted}", f"{planted}; {own}", f"{own}; {trailing}"):
        assert cookies.shown(request(line), cookies.CENTRE) == OWN


@pytest.mark.parametrize(
    "lines",
    [
        (f"{cookies.CENTRE}={OWN}",),
        (f"a=b;{cookies.CENTRE}={OWN};c",),
        (f"a=b; {cookies.CENTRE}={OWN} ; c=d",),
        ("a=b", f"{cookies.CENTRE}={OWN}"),
        (f"{cookies.CENTRE}={OWN}; {cookies.CENTRE}={OWN}",),
    ],
)
def test_a_cookie_of_ours_is_found_wherever_it_stands(lines: Sequence[str]) -> None:
    assert cookies.shown(request(*lines), cookies.CENTRE) == OWN


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("",),
        (cookies.CENTRE,),
        (f"{cookies.CENTRE}=",),
        (f'{cookies.CENTRE}="{OWN}"',),
        (f"{cookies.CENTRE}={OWN}x",),
        (f"{cookies.CENTRE}={OWN}\xa0",),
        (f"{cookies.CENTRE.lower()}={OWN}",),
        (f"{cookies.CENTRE}={OWN}; {cookies.CENTRE}={PLANTED}",),
        (f"{cookies.CENTRE}={OWN}", f"{cookies.CENTRE}={PLANTED}"),
    ],
)
def test_what_is_no_secret_or_is_two_shows_nobody(lines: Sequence[str]) -> None:
    assert cookies.shown(request(*lines), cookies.CENTRE) == ""


def test_another_host_chooses_no_language_either() -> None:
    own, planted = f"{language.COOKIE}=de", f"\xa0{language.COOKIE}=fr"

    assert [language.language_of(request(each)) for each in (own, planted, f"{own}; {planted}")] == ["de", "en", "de"]
