"""Insights in the browser: proposed by one, approved by another, run by who may, void when something changed."""

from __future__ import annotations

import re

import pytest

from pellucid.web.console.budget import questions_in
from tests.web.analysts import BY_WEEK, TOTAL
from tests.web.pages.test_ask import charged, items, number_in, rows
from tests.web.visitors import Browser, Grocer, Page

INSIGHTS, WEEKS, BUDGET = "/staff/insights", "/staff/insights/weeks", "/staff/budget"
FIELDS = {"name": "weeks", "title": "Sales by week", "purpose": "planning", "sql": BY_WEEK}


def proposed(shop: Grocer, **more: str) -> Page:
    return shop.known_staff("ana").submit(INSIGHTS, INSIGHTS, **(FIELDS | more))


def decided(shop: Grocer, who: str, what: str = "approve", **fields: str) -> Page:
    browser = shop.known_staff(who)
    page = browser.get(WEEKS)
    shown = dict(re.findall(r'name="(fingerprint)" value="([0-9a-f]{64})"', page.text))
    return browser.post(f"{WEEKS}/{what}", {"_token": page.token, **shown, **fields})


def run(browser: Browser) -> Page:
    page = browser.get(WEEKS)
    return browser.post(f"{WEEKS}/run", {"_token": page.token, "once": number_in(page)})


def state_of(shop: Grocer, who: str = "ana") -> str:
    found = re.search(r"How it stands State (.*?) Name", shop.known_staff(who).get(WEEKS).words)
    assert found is not None
    return found.group(1)


def test_figures_leave_once_a_second_person_approved(shop: Grocer) -> None:
    page = proposed(shop)
    waits = state_of(shop)
    approved = decided(shop, "pia")
    ana = shop.known_staff("ana")
    fields = {"_token": ana.get(WEEKS).token, "once": number_in(ana.get(WEEKS))}
    first, second = (ana.post(f"{WEEKS}/run", fields) for _ in range(2))
    shown = ana.follow(first)

    assert [each.place for each in (page, approved)] == [f"{WEEKS}?told=proposed", f"{WEEKS}?told=approved"]
    assert (waits, state_of(shop)) == ("Waits for a second person", "Approved")
    assert (first.place == second.place, shop.actions().count("insight.released")) == (True, 1)
    assert (rows(shown), charged(shop)) == ([(str(week), "40", "935.00", "") for week in (1, 2, 3, 4)], [])


def test_nobody_decides_about_their_own(shop: Grocer) -> None:
    policy = shop.workspace.folder / "policy" / "policy.yaml"
    policy.write_text(
        policy.read_text().replace(
            "ana: {title: Ana, roles: [analyst]}", "ana: {title: Ana, roles: [analyst, officer]}"
        )
    )
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))
    proposed(shop)
    page = shop.known_staff("ana").get(WEEKS)
    own = decided(shop, "ana")

    assert page.words.count("You proposed it, so somebody else decides.") == 1
    assert (page.text.count(f"{WEEKS}/approve"), own.status, state_of(shop)) == (0, 403, "Waits for a second person")
    assert shop.entries()[-3]["body"]["reasons"] == ["insight-own"]


def test_what_was_exchanged_since_the_page_was_read_is_not_approved(shop: Grocer) -> None:
    proposed(shop)
    pia = shop.known_staff("pia")
    page = pia.get(WEEKS)
    fields = {"_token": page.token} | dict(re.findall(r'name="(fingerprint)" value="([0-9a-f]{64})"', page.text))
    proposed(shop, sql=TOTAL)
    late, blind = pia.post(f"{WEEKS}/approve", fields), pia.submit(WEEKS, f"{WEEKS}/approve")

    assert [late.status, blind.status, state_of(shop)] == [409, 409, "Waits for a second person"]
    assert late.words.count("is not what you looked at: its fingerprint is another.") == 1
    assert decided(shop, "pia").place == f"{WEEKS}?told=approved"


def test_who_decides_reads_what_is_there_and_not_what_unseen_signs_make_of_it(shop: Grocer) -> None:
    """CVE-2021-42574: marks of direction have a line read otherwise than it runs; others are letters of nothing."""
    turned = "/*\u202e\u2066only week 1\u2069\u3164\ufe0f*/"
    done = proposed(
        shop, title="Weeks\u202eeno\x1b", sql=f"SELECT week, COUNT(*) AS n {turned}\r\nFROM purchases GROUP BY week"
    )
    pia = shop.known_staff("pia")
    page = pia.get(WEEKS)

    assert done.place == f"{WEEKS}?told=proposed"
    assert page.text.count("<h1>Weeks\\u202eeno\\x1b</h1>") == 1
    assert page.text.count("AS n /*\\u202e\\u2066only week 1\\u2069\\u3164\\ufe0f*/\nFROM purchases") == 1
    assert [sign for sign in "\u202e\u2066\u2069\u3164\ufe0f\x1b" if sign in page.text + pia.get(INSIGHTS).text] == []


@pytest.mark.parametrize(
    ("who", "path", "action"),
    [
        ("pia", INSIGHTS, "insight-propose"),
        ("pia", f"{WEEKS}/run", "insight-run"),
        ("ana", f"{WEEKS}/approve", "insight-approve"),
        ("ana", f"{WEEKS}/reject", "insight-approve"),
        ("mallory", f"{WEEKS}/approve", "insight-approve"),
        ("mallory", f"{BUDGET}/plan", "preview"),
    ],
)
def test_who_may_not_is_refused_and_logged(shop: Grocer, who: str, path: str, action: str) -> None:
    proposed(shop)
    page = shop.known_staff(who).submit("/staff", path, **FIELDS, once="x" * 22, reason="x")
    told = shop.entries()[-1]

    assert (page.status, told["action"], told["actor"]["name"], told["body"]["action"]) == (
        403,
        "access.refused",
        who,
        action,
    )
    assert state_of(shop) == "Waits for a second person"


def test_a_rejection_says_why_and_ends_an_approval(shop: Grocer) -> None:
    proposed(shop)
    decided(shop, "pia")
    without, done = decided(shop, "pia", "reject", reason=" "), decided(shop, "pia", "reject", reason="too fine")
    refused = run_anyway(shop)

    assert (without.status, done.place) == (422, f"{WEEKS}?told=rejected")
    assert (state_of(shop), refused.status) == ("Rejected", 403)
    assert shop.known_staff("ana").get(WEEKS).words.count("Reason too fine") == 1


def run_anyway(shop: Grocer) -> Page:
    return shop.known_staff("ana").submit(INSIGHTS, f"{WEEKS}/run", once="x" * 22)


def test_what_changed_since_an_approval_is_told_and_it_runs_no_more(shop: Grocer) -> None:
    proposed(shop)
    decided(shop, "pia")
    policy = shop.workspace.folder / "policy" / "policy.yaml"
    policy.write_text(policy.read_text().replace("title: The range", "title: The whole range"))
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))
    page = shop.known_staff("ana").get(WEEKS)

    assert (state_of(shop), run_anyway(shop).status) == ("Approved before, void now", 403)
    assert items(page)[0].count("The whole range") == 1
    proposed(shop, sql=TOTAL)
    again = shop.known_staff("pia").get(WEEKS)
    assert again.words.count(f"What was approved under this name before was another question: {BY_WEEK}") == 1


def test_what_is_refused_keeps_what_was_typed(shop: Grocer) -> None:
    page = proposed(shop, sql="SELECT card_number, COUNT(*) FROM purchases GROUP BY 1", title="<i>")

    assert (page.status, page.text.count("SELECT card_number"), page.text.count("&lt;i&gt;")) == (403, 1, 1)
    assert shop.actions()[-2:] == ["query.refused", "insight.listed"]
    assert proposed(shop, name="Not a name").status == 422


def test_an_insight_that_is_not_there_is_no_page(shop: Grocer) -> None:
    assert shop.known_staff("ana").get(f"{INSIGHTS}/none").status == 404


def test_the_budget_tells_what_is_left_and_a_plan_spends_nothing(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    page = ana.get(BUDGET)
    plan = ana.submit(BUDGET, f"{BUDGET}/plan", purpose="planning", questions=f"{BY_WEEK};\r\n{TOTAL}")
    much = ana.submit(BUDGET, f"{BUDGET}/plan", purpose="planning", epsilon="3", questions=";\n".join([TOTAL] * 9))
    wrong = ana.submit(BUDGET, f"{BUDGET}/plan", purpose="planning", questions=f"{TOTAL};\nDROP TABLE x")

    assert [row[:4] for row in rows(page)] == [
        ("household, everything", "24 a year", "0", "24"),
        ("household, offers", "6 a month", "0", "6"),
        ("household, planning", "6 a month", "0", "6"),
    ]
    assert [each.status for each in (plan, much, wrong)] == [200, 200, 403]
    assert plan.words.count("Enough is left Together ε 1.44; ε 6 is left.") == 1
    assert much.words.count("Not enough is left for all of them") == 1
    assert charged(shop) == []


def test_more_questions_than_are_planned_at_once_are_told_and_none_is_left_out(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    most, more = (
        ana.submit(BUDGET, f"{BUDGET}/plan", purpose="planning", epsilon="0.1", questions=";\n".join([TOTAL] * number))
        for number in (20, 21)
    )

    assert [(each.status, "Enough is left" in each.words) for each in (most, more)] == [(200, True), (422, False)]
    assert more.words.count("There are 21 questions, and at most 20 are planned at once.") == 1


def test_the_officer_sees_no_budget_that_their_role_does_not_show(shop: Grocer) -> None:
    page = shop.known_staff("pia").get(BUDGET)

    assert (page.status, shop.entries()[-1]["body"]["action"]) == (403, "budget-show")


def test_questions_of_a_plan_end_with_a_semicolon_at_the_end_of_a_line() -> None:
    assert questions_in("SELECT ';' ;\r\n SELECT 2;\n\n;\nSELECT 3;") == ["SELECT ';'", "SELECT 2", "SELECT 3"]
