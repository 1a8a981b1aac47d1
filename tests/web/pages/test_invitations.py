"""Somebody of the staff makes their own account: by a link that holds once, with secrets that nobody else is shown."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import update

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.governance.invitations import NewInvitation
from pellucid.governance.passwords import LONGEST, SHORTEST, WEAK
from pellucid.records.web_tables import staff_accounts, staff_invitations
from tests.web.enrolling import PASSWORD, code_of, enrolled_by
from tests.web.visitors import Browser, Grocer, Page

REFUSED = "This invitation does not hold."


def invited(grocer: Grocer, name: str = "ana", *, anew: bool = False) -> NewInvitation:
    return grocer.workspace.staff.invite(name, actor=grocer.workspace.actor("pia"), anew=anew)


def link_of(made: NewInvitation) -> str:
    return f"/staff/invitation/{made.secret}"


def taken(grocer: Grocer, link: str) -> tuple[Browser, Page]:
    """Return a browser that chose a password, and the page that it is led to."""
    browser = grocer.browser()
    done = browser.submit(link, link, password=PASSWORD, again=PASSWORD)
    assert (done.status, done.place) == (303, link)
    return browser, browser.get(link)


def authenticator_on(page: Page) -> str:
    found = re.search(r'href="(otpauth:[^"]+)"', page.text)
    assert found is not None
    return html.unescape(found.group(1))


def kept(grocer: Grocer) -> list[str]:
    """Return all that is kept of invitations and accounts, as text."""
    with grocer.workspace.room.database.read() as connection:
        return [
            str(tuple(row))
            for table in (staff_invitations, staff_accounts)
            for row in connection.execute(table.select())
        ]


def test_a_password_and_a_code_make_the_account_and_let_in(grocer: Grocer) -> None:
    link = link_of(invited(grocer))
    first = grocer.browser().get(link)
    browser, page = taken(grocer, link)
    code = code_of(authenticator_on(page), grocer.workspace)
    done = browser.post(f"{link}/code", {"_token": page.token, "code": code})
    home = browser.get("/staff")

    assert (first.status, first.text.count("otpauth:"), first.text.count('value="ana"')) == (200, 0, 1)
    assert (page.status, len(re.findall(r"<li><code[^>]*>[0-9a-f]{20}</code>", page.text))) == (200, 8)
    assert (done.status, done.place, home.words[:32]) == (303, "/staff", "Ana Lyst Signed in as ana. Roles")
    assert [grocer.browser().get(link).status, browser.get(link).status] == [403, 403]


def test_the_log_names_who_invited_and_who_made_the_account(grocer: Grocer) -> None:
    made = invited(grocer)
    browser, page = taken(grocer, link_of(made))
    code = code_of(authenticator_on(page), grocer.workspace)
    browser.post(f"{link_of(made)}/code", {"_token": page.token, "code": code})

    told = [(each["action"], each["actor"]["name"], each["body"]) for each in grocer.entries()[-4:-1]]
    body = {"person": "ana", "invitation": made.id}
    assert told == [
        ("staff.invited", "pia", {**body, "anew": False}),
        ("staff.invitation-taken", "ana", body),
        ("staff.account-made", "ana", {**body, "invited_by": "pia"}),
    ]
    assert grocer.actions()[-1] == "sign-in.done"


def test_only_the_browser_that_chose_the_password_is_shown_what_goes_with_it(grocer: Grocer) -> None:
    link = link_of(invited(grocer))
    browser, page = taken(grocer, link)
    other = grocer.browser()
    tried = other.submit("/staff/sign-in", link, password=PASSWORD, again=PASSWORD)
    code = code_of(authenticator_on(page), grocer.workspace)
    stolen = other.submit("/staff/sign-in", f"{link}/code", code=code)

    assert {(each.status, each.text.count(REFUSED)) for each in (other.get(link), tried, stolen)} == {(403, 1)}
    assert (browser.get(link).text.count("otpauth:"), other.get("/staff").place == "/staff") == (1, False)


def test_nobody_signs_in_before_the_code_was_given(grocer: Grocer) -> None:
    link = link_of(invited(grocer))
    _, page = taken(grocer, link)
    code = code_of(authenticator_on(page), grocer.workspace)

    with pytest.raises(NotPermitted, match="do not fit together"):
        grocer.workspace.staff.sign_in("ana", PASSWORD, code, address="here")
    assert grocer.workspace.staff.list(actor=grocer.workspace.actor("pia")) == ()


@pytest.mark.parametrize(
    ("password", "again", "told"),
    [
        ("short", "short", WEAK),
        ("ana and the long words", "ana and the long words", WEAK),
        (PASSWORD, "another", "The two passwords differ. Nothing was kept."),
    ],
)
def test_a_password_that_does_not_do_takes_nothing(grocer: Grocer, password: str, again: str, told: str) -> None:
    link = link_of(invited(grocer))
    page = grocer.browser().submit(link, link, password=password, again=again)

    assert (page.status, page.words.count(told), page.text.count(password)) == (422, 1, 0)
    assert taken(grocer, link)[1].status == 200


def test_what_is_told_of_weak_passwords_is_what_is_refused() -> None:
    assert re.findall(r"\d+", WEAK) == [str(SHORTEST), str(LONGEST)]


def test_a_wrong_code_makes_no_account_and_may_be_mended(grocer: Grocer) -> None:
    link = link_of(invited(grocer))
    browser, page = taken(grocer, link)
    wrong = browser.post(f"{link}/code", {"_token": page.token, "code": "none"})
    early = grocer.browser().submit(link_of(invited(grocer, "mallory")), f"{link}/code", code="none")
    code = code_of(authenticator_on(wrong), grocer.workspace)

    assert (wrong.status, wrong.words.count("This is not the code that your authenticator shows now.")) == (403, 1)
    assert early.text.count(REFUSED) == 1
    assert browser.post(f"{link}/code", {"_token": page.token, "code": code}).place == "/staff"


@pytest.mark.parametrize(
    "why", ["made up", "over", "another was made", "removed", "not of the policy", "not chosen yet"]
)
def test_every_invitation_that_does_not_hold_is_told_of_the_same(grocer: Grocer, why: str) -> None:
    link, pia = link_of(invited(grocer, "mallory")), grocer.workspace.actor("pia")
    if why == "made up":
        link = f"/staff/invitation/{'x' * 43}"
    elif why == "over":
        with grocer.workspace.room.database.write() as connection:
            connection.execute(update(staff_invitations).values(ends_at=grocer.now()))
    elif why == "another was made":
        invited(grocer, "mallory")
    elif why == "removed":
        grocer.workspace.staff.remove("mallory", actor=pia)
    elif why == "not of the policy":
        path = grocer.workspace.folder / "policy" / "policy.yaml"
        path.write_text(path.read_text().replace("  mallory: {title: Mallory, roles: []}\n", ""))
        grocer.workspace.policy.activate(actor=pia)
    browser = grocer.browser()
    pages = [browser.submit("/staff/sign-in", f"{link}/code", code="000000")]
    if why != "not chosen yet":
        pages += [browser.get(link), browser.submit("/staff/sign-in", link, password=PASSWORD, again=PASSWORD)]

    assert {(each.status, each.words) for each in pages} == {(403, pages[0].words)}
    assert pages[0].words.count(REFUSED) == 1


def test_renewing_ends_account_and_sessions_at_once_and_only_the_new_secrets_let_in(grocer: Grocer) -> None:
    old, browser = enrolled_by(grocer.workspace, "ana"), grocer.known_staff("ana")
    with pytest.raises(InputInvalid, match="has an account already"):
        invited(grocer)
    link, staff = link_of(invited(grocer, anew=True)), grocer.workspace.staff
    assert browser.get("/staff").place == "/staff/sign-in"
    _, page = taken(grocer, link)
    new = authenticator_on(page)

    assert new != old.authenticator
    for code in (code_of(old.authenticator, grocer.workspace), old.recovery[0], code_of(new, grocer.workspace)):
        with pytest.raises(NotPermitted, match="do not fit together"):
            staff.sign_in("ana", PASSWORD, code, address="here")


def test_who_has_no_account_is_not_renewed_and_who_is_not_of_the_policy_not_invited(grocer: Grocer) -> None:
    with pytest.raises(NameUnknown, match="There is no account of the staff 'ana'"):
        invited(grocer, anew=True)
    with pytest.raises(NameUnknown, match="There is no person 'udo'"):
        invited(grocer, "udo")
    assert kept(grocer) == []


def test_secrets_are_kept_as_hashes_and_sealed_and_not_beyond_the_account(grocer: Grocer) -> None:
    made = invited(grocer)
    browser, page = taken(grocer, link_of(made))
    address = authenticator_on(page)
    secret = re.search(r"secret=(\w+)", address)
    recovery = re.findall(r"<code[^>]*>([0-9a-f]{20})</code>", page.text)
    assert secret is not None and len(recovery) == 8
    plain = (PASSWORD, made.secret, secret.group(1), *recovery)
    before = kept(grocer)
    browser.post(f"{link_of(made)}/code", {"_token": page.token, "code": code_of(address, grocer.workspace)})
    after = kept(grocer)

    assert [each for each in plain for text in (*before, *after) if each in text] == []
    with grocer.workspace.room.database.read() as connection:
        (row,) = connection.execute(staff_invitations.select()).all()
    assert (row.password, row.secrets, row.used_at is None) == (None, None, False)


def test_what_was_taken_and_never_finished_is_forgotten_once_it_is_over(grocer: Grocer) -> None:
    taken(grocer, link_of(invited(grocer)))
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(staff_invitations).values(ends_at=grocer.now()))
    grocer.workspace.doors.tidy()

    with grocer.workspace.room.database.read() as connection:
        (row,) = connection.execute(staff_invitations.select()).all()
    assert (row.password, row.secrets) == (None, None)


def test_another_site_cannot_take_an_invitation_up(grocer: Grocer) -> None:
    link, browser = link_of(invited(grocer)), grocer.browser()
    token = browser.get(link).token
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    fields = {"password": PASSWORD, "again": PASSWORD}
    pages = [browser.post(link, {"_token": token, **fields}, foreign), browser.post(link, {"_token": "x", **fields})]

    assert [each.status for each in pages] == [403, 403]
    assert grocer.browser().get(link).status == 200
