"""A policy that is translated throughout reads whole in German: no page of a customer says any of its English texts.

Each English text of the policy begins with a snowman, each German one with an umbrella: nothing else on a page does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pellucid.policy.model import TEXTS
from tests.web.pages.test_data import known_better
from tests.web.pages.test_inferences import MORE
from tests.web.pages.test_who_may import NAMES, ROWS
from tests.web.told import SUM, ask, refuse
from tests.web.visitors import POLICY, Browser, Grocer

ENGLISH, GERMAN = "\u2603", "\u2602"
FILES = {"/privacy/static/{name}", "/privacy/history/{sequence}/receipt", "/privacy/erased/{token}/receipt"}
PLACES = {"notice": ("notice", "text"), "child": ("notice", "child"), "keep": ("keep", "reason")}
"""Where texts stand that are in a part of a part."""


def of_each_kind() -> dict[str, Any]:
    """Return the grocer's policy with every sort of text in it: conclusions, estimates, what a law has kept."""
    text = POLICY.replace("may: [query, preview,", "may: [query, preview, data-build,") + MORE
    text = text.replace("categories: [user.beh", "categories: [user.unique_id, user.beh")
    text = text.replace("    consent_days: 365\n", "    consent_days: 365\n    kinds: [profiling]\n")
    policy: dict[str, Any] = yaml.safe_load(text)
    policy["controller"] |= {"languages": ["de"]}
    policy["recipients"]["post"] |= {"safeguard": "what the post's own law says"}
    policy["datasets"]["purchases"]["keep"] = {"days": 9999, "basis": "legal_obligation", "reason": "the tax law"}
    policy["roles"]["officer"]["may"] += ["notice-publish", "laws-decide"]
    return policy


def parts(policy: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every part of a policy that has texts, with its section and name."""
    for section in TEXTS.keys() - {"columns"}:
        yield from ((section, name, part) for name, part in policy[section].items())
    for dataset in policy["datasets"].values():
        yield from (("columns", name, part) for name, part in dataset["columns"].items())


def mark(policy: dict[str, Any]) -> dict[str, set[str]]:
    """Mark all texts, and say them in German too; return the German ones by section."""
    marked: dict[str, set[str]] = {}
    for section, name, part in parts(policy):
        part.setdefault("title", name)
        german = {}
        for text in TEXTS[section]:
            inner, key = PLACES.get(text, ("", text))
            holder = part.get(inner, {}) if inner else part
            if key in holder:
                german[text] = f"{GERMAN} {holder[key]}"
                holder[key] = f"{ENGLISH} {holder[key]}"
        part["translations"] = {"de": german}
        marked.setdefault(section, set()).update(german.values())
    return marked


@pytest.fixture
def marked(grocer: Grocer, tmp_path: Path) -> dict[str, set[str]]:
    """Have the grocer's policy marked, and everything happen that pages tell of; return its German texts."""
    workspace, pia = grocer.workspace, grocer.workspace.actor("pia")
    policy = of_each_kind()
    found = mark(policy)
    (workspace.folder / "policy" / "policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
    workspace.policy.activate(actor=pia)
    workspace.notices.publish(actor=pia)
    rows = tmp_path / "scores.csv"
    rows.write_text("household_id,segment,born\nh0001,bargain hunter,1980\n")
    workspace.data.add("scores", rows, actor=pia)
    workspace.derived.build("habits", actor=workspace.actor("ana"))
    ask(grocer, SUM)
    ask(grocer)
    refuse(grocer)
    workspace.people.appoint("guardian", ("", "h0003"), ("", "h0001"), evidence="file 7", actor=pia)
    return found


def paths(browser: Browser) -> Iterator[str]:
    """Yield the address of every page of a customer, and of data, the request and the visitor's choices in JSON."""
    browser.submit("/privacy/choices", "/privacy/choices/planning", choice="no", notice="2026-11", language="de")
    request = browser.submit("/privacy/requests", "/privacy/requests", right="access").place.split("?")[0]
    names = NAMES | {"request_id": request.rpartition("/")[2]}
    for method, path in ROWS:
        if method == "GET" and path.startswith("/privacy") and path not in FILES:
            yield path.format(**names)
    yield from (f"/privacy/data/{each}" for each in ("purchases", "habits", "scores"))
    yield "/privacy/data/purchases/1/0"
    yield "/privacy/notice?layer=full"
    yield "/api/v1/visitor?language=de"


@pytest.mark.slow
def test_no_page_of_a_customer_says_what_is_translated_in_another_language(
    grocer: Grocer, marked: dict[str, set[str]]
) -> None:
    browser = known_better(grocer)
    browser.get("/privacy/sign-in?language=de")
    told = {path: browser.get(path) for path in paths(browser)}
    act = re.search(r"/privacy/people/[0-9a-f]{12}/act", told["/privacy/people"].text)
    assert act is not None
    browser.submit("/privacy/pause", "/privacy/pause", pause="on")
    told["/privacy/recipients, later"] = browser.get("/privacy/recipients")
    browser.submit("/privacy/people", act.group())
    told["/privacy, for another"] = browser.get("/privacy")
    told["the door"] = grocer.browser().get("/privacy/sign-in", {"Accept-Language": "de"})

    assert [path for path, page in told.items() if ENGLISH in page.text] == []
    assert [path for path, page in told.items() if page.status == 200 and 'lang="en" dir=' in page.text] == []
    said = "".join(page.text for page in told.values())
    assert {section for section, texts in marked.items() if any(text in said for text in texts)} == set(TEXTS)
    assert f"Sie handeln für {GERMAN} Household: h0003" in told["/privacy, for another"].text


def test_a_title_that_is_not_translated_is_said_as_it_is_and_marked_with_its_language(grocer: Grocer) -> None:
    policy: dict[str, Any] = yaml.safe_load(POLICY)
    policy["controller"] |= {"languages": ["de"]}
    mark(policy)
    for part in (policy["namespaces"]["household"], policy["datasets"]["members"]["columns"]["place"]):
        del part["translations"]
    (grocer.workspace.folder / "policy" / "policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))
    browser = grocer.known()
    browser.get("/privacy/sign-in?language=de")

    assert f'<span lang="en" dir="ltr">{ENGLISH} Household</span>: h0001' in browser.get("/privacy").text
    assert re.findall(r"<h2 id=\"column-\d\">(.*)</h2>", browser.get("/privacy/data/members/1/0").text) == [
        f"{GERMAN} household_id",
        f"{GERMAN} email",
        f"{GERMAN} second",
        f'<span lang="en" dir="ltr">{ENGLISH} place</span>',
    ]
