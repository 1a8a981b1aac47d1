"""Help for everybody: how to ask, whom to talk to, by when each law has people answered, how to complain."""

from __future__ import annotations

import re
from datetime import date

import pytest

from pellucid.regulations.load import shipped
from pellucid.rights.expected import Span, Way, expected
from pellucid.web.centre.help import link_of
from tests.web.told import publish
from tests.web.visitors import Grocer, Page

HELP = "/privacy/help"
TODAY = date(2026, 11, 29)
SIGNED_OFF = ("eu-gdpr", "us-ca-ccpa")


def sign_off(grocer: Grocer) -> None:
    publish(grocer)
    for law in SIGNED_OFF:
        grocer.workspace.laws.sign_off(shipped()[law], "read by counsel", actor=grocer.workspace.actor("pia"))


def name_authorities(grocer: Grocer) -> None:
    """Have the policy name two authorities: one where people live, one elsewhere."""
    written = grocer.workspace.folder / "policy" / "policy.yaml"
    told = (
        "authorities: [{name: The Watch, web: https://watch.example/complain, jurisdictions: [DE], "
        "address: Square 1, phone: '+49 1'}, {name: La Garde, web: https://garde.example, jurisdictions: [FR]}]"
    )
    written.write_text(written.read_text().replace("officer: pia}", f"officer: pia, {told}}}"))
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))


def named(page: Page) -> list[tuple[str, str]]:
    """Return the links to authorities in the main part of a page."""
    return re.findall(r'<a href="(https://[^"]+)" rel="external noreferrer" translate="no">([^<]+)</a>', page.text)


WATCH, GARDE = ("https://watch.example/complain", "The Watch"), ("https://garde.example", "La Garde")


def laws(page: Page) -> list[str]:
    return re.findall(r'<(?:summary|h3 id="law-[a-z-]+") lang="en">([^<]+)<', page.text)


def test_everybody_is_told_how_to_ask_and_whom(grocer: Grocer) -> None:
    page = grocer.browser().get(HELP)

    assert (page.status, page.text.count('href="mailto:privacy@grocer.example"')) == (200, 3)
    assert page.words.count("Privacy officer Pia Vacy") == 1
    assert page.words.count("We answer within 30 days.") == 1


def test_a_law_that_was_signed_off_tells_by_when_and_to_whom_to_complain(grocer: Grocer) -> None:
    sign_off(grocer)
    page = grocer.browser().get(HELP)

    assert [name[:17] for name in laws(page)] == ["EU General Data P"]  # nobody here lives in California
    assert page.words.count("within 1 month (Art. 12(3))") == 1
    assert page.words.count("Where the person lives or works, or where it happened. (Art. 77)") == 1


def test_whoever_is_signed_in_is_told_first_what_protects_them(grocer: Grocer) -> None:
    sign_off(grocer)
    words = grocer.known().get(HELP).words

    assert (words.count("By where you live, this protects you:"), words.count("It depends on where you live:")) == (
        1,
        0,
    )
    assert grocer.browser().get(HELP).words.count("By where you live, this protects you:") == 0


def test_authorities_are_named_to_everybody_with_how_they_are_reached(grocer: Grocer) -> None:
    name_authorities(grocer)
    page = grocer.browser().get(f"{HELP}?language=de")

    assert named(page) == [WATCH, GARDE]
    assert page.words.count("The Watch (Deutschland) Per Post: Square 1 Telefonisch: +49 1 La Garde (Frankreich)") == 1


def test_whoever_is_signed_in_is_told_first_the_authority_of_where_they_live(grocer: Grocer) -> None:
    name_authorities(grocer)
    page = grocer.known().get(HELP)

    assert named(page) == [WATCH, GARDE]
    assert page.text.index("The Watch") < page.text.index("Authorities elsewhere") < page.text.index("La Garde")
    assert "Authorities elsewhere" not in grocer.browser().get(HELP).text


def test_a_request_that_was_denied_says_whom_to_complain_to_where_the_person_lives(grocer: Grocer) -> None:
    name_authorities(grocer)
    request = grocer.filed("access")
    page = f"/privacy/requests/{request}"
    assert named(grocer.known().get(page)) == []  # while it is open there is nothing to complain of
    grocer.workspace.requests.deny(request, why="claim_not_covered", actor=grocer.workspace.actor("pia"))
    shown = grocer.known().get(page)

    assert named(shown) == [WATCH]
    assert shown.words.count("If you do not agree Write to us, and we look at it again.") == 1


def test_a_request_that_was_taken_back_says_nothing_of_complaints(grocer: Grocer) -> None:
    name_authorities(grocer)
    request = grocer.filed("access")
    browser = grocer.known()
    browser.submit(f"/privacy/requests/{request}", f"/privacy/requests/{request}/revoke")

    assert named(browser.get(f"/privacy/requests/{request}")) == []


def test_what_a_law_says_is_told_with_where_it_says_so() -> None:
    (texas,) = expected([shipped()["us-tx-tdpsa"]], TODAY)

    assert (texas.answered, texas.longer) == (
        Span(45, "calendar_days", "541.052(b)"),
        Span(45, "calendar_days", "541.052(b)"),
    )
    assert (texas.appeal, texas.appeal_answered) == (
        Way("541.051-541.053, 541.101", ""),
        Span(60, "calendar_days", "541.053(d)"),
    )
    assert (texas.acknowledged, texas.authority, texas.controller) == (None, None, None)


def test_of_several_times_the_shortest_is_told_and_no_longer_one_that_nobody_read() -> None:
    found = {each.law: each for each in expected(shipped().values(), TODAY)}

    assert found["us-ca-ccpa"].acknowledged == Span(10, "business_days", found["us-ca-ccpa"].acknowledged.cite)  # type: ignore[union-attr]
    assert [law for law, each in found.items() if each.answered is None] == ["jp-appi"]
    assert found["us-co-cpa"].longer is None


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("privacy@shop.example", "mailto:privacy@shop.example"),
        ("https://shop.example/privacy", "https://shop.example/privacy"),
        ("javascript:alert(1)", ""),
        ("Market Square 1, Berlin", ""),
        ("a@b.example?bcc=c@d.example", ""),
    ],
)
def test_a_contact_is_a_link_where_it_is_mail_or_a_page_and_nothing_else(contact: str, link: str) -> None:
    assert link_of(contact) == link
