"""The page of a package: everything escaped, nothing run or fetched, and readable by people and their machines."""

from __future__ import annotations

import base64
import csv
import io
import re
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from pellucid.rights.request import Right
from pellucid.rights.row_files import csv_field
from pellucid.workspace import Workspace
from tests.rights.packages.conftest import Package

VOID = {"meta", "br", "link", "img", "input"}


class Seen(HTMLParser):
    """What tags there are, with their attributes, and whether they close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=[Right.ACCESS, Right.PORTABILITY])
def page(request: pytest.FixtureRequest, package: Package) -> str:
    return (package("alice", request.param) / "index.html").read_text("utf-8")


def test_it_is_well_formed_and_says_its_language(page: str) -> None:
    seen = Seen(page)
    assert (seen.open, seen.named("html")) == ([], [{"lang": "en"}])
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_nothing_runs_and_nothing_comes_from_elsewhere(page: str) -> None:
    seen = Seen(page)
    assert {tag for tag, _ in seen.tags} & {
        "script",
        "img",
        "link",
        "iframe",
        "form",
        "object",
        "embed",
        "base",
    } == set()
    attributes = {name for _, each in seen.tags for name in each}
    assert {name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")} == set()
    assert [each["href"] for each in seen.named("a") if not str(each["href"]).startswith("#")] == []
    # The address of an authority is there to be read; there is no link to it, as the line above says.
    assert re.findall(r"url\(|@import|https?://[\w.]*", page) in ([], ["https://watch.example"])


def test_its_policy_allows_its_own_style_sheet_and_nothing_else(page: str) -> None:
    (policy,) = [each["content"] for each in Seen(page).named("meta") if "http-equiv" in each]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_headings_follow_one_another_and_every_table_has_its_caption(page: str) -> None:
    seen = Seen(page)
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(seen.named("caption")) == len(seen.named("table")) > 0
    assert {each.get("scope") for each in seen.named("th")} == {"col"}
    regions = [each for each in seen.named("div") if each.get("class") == "scroll"]
    labels = {attributes.get("id") for _, attributes in seen.tags}
    assert len(regions) == len(seen.named("table"))
    assert all(each["tabindex"] == "0" and each["aria-labelledby"] in labels for each in regions)


def test_what_rows_and_notices_hold_is_shown_and_never_markup(shop: Workspace, package: Package) -> None:
    page = (package("alice") / "index.html").read_text("utf-8")
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in page
    assert "<p>We write to you &lt;b&gt;often&lt;/b&gt;.</p>" in page
    assert "<td>somebody else&#x27;s</td>" in page
    assert page.count("<b>") == page.count("<script") == 0


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
        ("+1", '"\'+1"'),
        ("-1", '"\'-1"'),
        ("@SUM(A1)", '"\'@SUM(A1)"'),
        ("\tx", '"\'\tx"'),
        ("＝1", '"\'＝1"'),
        ("'x", "\"''x\""),
        ("a;=cmd|' /C calc'!A0;b", "\"a;'=cmd|' /C calc'!A0;b\""),
        ("a\n=1\t+1\r\n-1", "\"a\n'=1\t'+1\r\n'-1\""),
        ("a;'x\n\nb; c", "\"a;''x\n\nb; c\""),
        ("\t=1", "\"'\t'=1\""),
        ('a"b', '"a""b"'),
        ("", '""'),
        (None, ""),
        (-1, "-1"),
        (True, "true"),
    ],
)
def test_no_spreadsheet_runs_a_text_and_every_text_can_be_had_back(value: object, field: str) -> None:
    assert csv_field(value) == field
    if isinstance(value, str):
        (given,) = next(csv.reader(io.StringIO(field, newline="")))
        assert re.sub(r"(^|(?<=[;\t\r\n]))'", "", given) == value


def test_a_spreadsheet_that_splits_at_semicolons_runs_nothing_either() -> None:
    texts = ["x", "a;=cmd|' /C calc'!A0;b", "a\n@SUM(A1)\nb", 'a";=1+1;"', "a\t+1\tb"]
    line = ",".join(csv_field(each) for each in texts)
    cells = [cell.strip('" ') for part in line.split("\n") for cell in re.split("[;\t]", part)]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_a_long_dataset_is_shown_in_part_and_says_where_all_of_it_is(shop: Workspace, package: Package) -> None:
    rows = "".join(f"alice,p{number},1.00,2026-05-20T10:00:00Z\n" for number in range(120))
    file: Path = shop.folder / "many.csv"
    file.write_text("who,product,price,bought\n" + rows)
    shop.data.add("purchases", file, actor=shop.actor("pia"), replace=True)
    folder = package("alice")
    page = (folder / "index.html").read_text("utf-8")
    assert "Purchases: the first 50 of 120 rows; all of it is in data/purchases.csv" in page
    shown = re.findall(r"<td>p[0-9]+</td>", page)
    assert (len(shown), (folder / "data/purchases.csv").read_bytes().count(b"\r\n")) == (50, 121)
