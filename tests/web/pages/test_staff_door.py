"""Signing in as staff: by an account with password and code, with the roles of the policy; nobody is kept out."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import pytest

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.governance import totp, waits
from pellucid.governance.passwords import demand_strong
from pellucid.governance.sessions import digest
from pellucid.governance.staff_accounts import Enrolled
from pellucid.records.web_tables import staff_accounts, staff_invitations, staff_sessions
from pellucid.web import cookies
from pellucid.workspace import Workspace
from tests.web.enrolling import PASSWORD, code_of, enrolled_by
from tests.web.visitors import Browser, Grocer, Page

SIGN_IN = "/staff/sign-in"
WRONG = "Name, password and code do not fit together."
CLOCK = 1_000_000_000_000_000


def enrolled(grocer: Grocer, name: str = "pia") -> Enrolled:
    return enrolled_by(grocer.workspace, name)


def tried(grocer: Grocer, name: str, password: str, code: str) -> Page:
    return grocer.browser().submit(SIGN_IN, SIGN_IN, name=name, password=password, code=code)


def test_password_and_code_let_in_with_the_roles_of_the_policy(grocer: Grocer) -> None:
    page = grocer.staff("ana").get("/staff")

    assert page.status == 200
    assert page.words.startswith("Ana Lyst Signed in as ana. Roles: Analyst.")


def test_whatever_is_wrong_is_told_the_same(grocer: Grocer) -> None:
    made = enrolled(grocer)
    right = code_of(made.authenticator, grocer.workspace)
    near = {code_of(made.authenticator, grocer.workspace, later) for later in range(-5, 6)}
    pages = [
        tried(grocer, "pia", "another password", right),
        tried(grocer, "pia", PASSWORD, min({f"{each:06}" for each in range(12)} - near)),
        tried(grocer, "pia", PASSWORD, ""),
        tried(grocer, "nobody", PASSWORD, right),
        tried(grocer, "ana", PASSWORD, right),
    ]

    assert {(page.status, page.words) for page in pages} == {(403, pages[0].words)}
    assert pages[0].words.count(WRONG) == 1


def test_a_code_lets_in_once_and_so_does_a_recovery_code(grocer: Grocer) -> None:
    made = enrolled(grocer)
    code, recovery = code_of(made.authenticator, grocer.workspace), made.recovery[3]
    statuses = [tried(grocer, "pia", PASSWORD, each).status for each in (code, code, recovery, recovery)]

    assert statuses == [303, 403, 303, 403]
    assert grocer.workspace.staff.list(actor=grocer.workspace.actor("pia"))[0].recovery_left == 7


@pytest.mark.usefixtures("long_waits")
def test_who_guesses_waits_and_keeps_nobody_else_out(grocer: Grocer) -> None:
    staff, made = grocer.workspace.staff, enrolled(grocer)
    for _ in range(5):
        with pytest.raises(NotPermitted, match=WRONG):
            staff.sign_in("pia", "guess", "000000", address="203.0.113.7")
    code = code_of(made.authenticator, grocer.workspace)

    with pytest.raises(NotPermitted, match="There were too many wrong answers from here"):
        staff.sign_in("pia", PASSWORD, code, address="203.0.113.7")
    assert staff.sign_in("pia", PASSWORD, code, address="198.51.100.1").session.who == {"person": "pia"}


def test_who_has_the_password_guesses_no_codes_from_many_addresses(grocer: Grocer) -> None:
    """Nor do they learn that they have it: while the account waits, even the right code is told to be wrong."""
    made, now = enrolled(grocer), grocer.now()
    right = totp.code_at(made.secret, now // totp.STEP)
    with Workspace(grocer.workspace.room.folder, clock=lambda: now) as at_once:
        with grocer.workspace.room.database.write() as connection:
            for _ in range(waits.FREE):
                waits.failed(connection, digest(grocer.workspace.doors.key, "wait for codes", "pia"), now)
        for number, code in enumerate(("", right)):
            with pytest.raises(NotPermitted, match=WRONG):
                at_once.staff.sign_in("pia", PASSWORD, code, address=f"2001:db8:0:{number}::/64")
    with Workspace(grocer.workspace.room.folder, clock=lambda: now + waits.FIRST) as later:
        assert later.staff.sign_in("pia", PASSWORD, right, address="2001:db8:0:2::/64").session.who == {"person": "pia"}


def test_who_guesses_twice_at_once_gains_nothing_by_it(grocer: Grocer) -> None:
    """Both find at first that nobody has to wait."""
    now, address, together = grocer.now(), "203.0.113.7", Barrier(2)
    with grocer.workspace.room.database.write() as connection:
        for _ in range(waits.FREE):
            waits.failed(connection, digest(grocer.workspace.doors.key, "wait", address, "pia"), now)

    def guess(password: str) -> str:
        together.wait()
        with pytest.raises(NotPermitted) as refused:
            at_once.staff.sign_in("pia", password, "000000", address=address)
        return refused.value.code

    with Workspace(grocer.workspace.room.folder, clock=lambda: now) as at_once, ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(guess, ("one guess", "another guess")))

    assert told == ["sign-in-wait", "sign-in-wrong"]


def test_waiting_doubles_up_to_an_hour_and_is_forgotten(grocer: Grocer) -> None:
    with grocer.workspace.room.database.write() as connection:
        left = []
        for _ in range(20):
            waits.failed(connection, b"x", CLOCK)
            left.append(waits.wait(connection, b"x", CLOCK))
        later = CLOCK + waits.FORGOTTEN
        waits.failed(connection, b"x", later)
        assert waits.wait(connection, b"x", later) == 0

    assert left[:6] == [0, 0, 0, 0, 15_000_000, 30_000_000]
    assert (max(left), all(one <= other for one, other in pairwise(left))) == (waits.LONGEST, True)


def test_who_the_policy_declares_no_more_is_let_in_no_more(grocer: Grocer) -> None:
    browser = grocer.known_staff("mallory")
    assert browser.get("/staff").status == 200
    path = grocer.workspace.folder / "policy" / "policy.yaml"
    path.write_text(path.read_text().replace("  mallory: {title: Mallory, roles: []}\n", ""))
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))

    assert browser.get("/staff").place == SIGN_IN


def test_the_two_doors_know_nothing_of_each_other(grocer: Grocer) -> None:
    staff, customer = grocer.known_staff("pia"), grocer.known("h0001")
    crossed = {
        cookies.CENTRE: staff.cookies[cookies.CONSOLE],
        cookies.CONSOLE: customer.cookies[cookies.CENTRE],
    }

    assert [Browser(grocer.address, crossed).get(path).status for path in ("/staff", "/privacy")] == [303, 303]


def test_a_removed_or_reset_account_ends_its_sessions(grocer: Grocer) -> None:
    pia, browser = grocer.workspace.actor("pia"), grocer.staff("pia")
    grocer.workspace.staff.invite("pia", actor=pia, anew=True)
    reset, other = browser.get("/staff").place, grocer.known_staff("pia")
    grocer.workspace.staff.remove("pia", actor=pia)

    assert (reset, other.get("/staff").place) == (SIGN_IN, SIGN_IN)


def test_who_came_in_by_a_provider_and_has_no_account_is_put_out_too(grocer: Grocer) -> None:
    pia, browser = grocer.workspace.actor("pia"), grocer.known_staff("ana")
    before = browser.get("/staff").status
    grocer.workspace.staff.remove("ana", actor=pia)

    assert (before, browser.get("/staff").place) == (200, SIGN_IN)
    assert grocer.actions()[-1] == "staff.account-removed"
    with pytest.raises(NameUnknown, match="There is no account of the staff"):
        grocer.workspace.staff.remove("ana", actor=pia)


def test_leaving_ends_the_session_on_the_server(grocer: Grocer) -> None:
    browser = grocer.known_staff("pia")
    stolen = dict(browser.cookies)
    browser.submit("/staff", "/staff/sign-out")

    assert Browser(grocer.address, stolen).get("/staff").place == SIGN_IN


def test_the_log_names_who_came_in_and_never_what_a_stranger_typed(grocer: Grocer) -> None:
    grocer.staff("ana")
    tried(grocer, "my password is swordfish", "x", "0")
    tried(grocer, "ana", "x", "0")
    grocer.workspace.doors.refusals.flush_all()
    entries = [each for each in grocer.entries() if each["action"].startswith(("sign-in", "staff"))]

    assert [(each["action"], each["actor"]["name"]) for each in entries] == [
        ("staff.invited", "pia"),
        ("staff.invitation-taken", "ana"),
        ("staff.account-made", "ana"),
        ("sign-in.done", "ana"),
        ("sign-in.ended", "ana"),
        ("sign-in.done", "ana"),
        ("sign-in.refused", "unknown"),
        ("sign-in.refused", "ana"),
    ]
    assert str(entries).count("swordfish") == 0


def test_secrets_are_kept_as_hashes_and_sealed(grocer: Grocer) -> None:
    made = enrolled(grocer)
    with grocer.workspace.room.database.read() as connection:
        row = connection.execute(staff_accounts.select()).one()
    kept = f"{row}"
    written = re.search(r"secret=(\w+)", made.authenticator)
    assert written is not None

    assert row.password.startswith("$argon2id$")
    assert [each for each in (PASSWORD, written.group(1), *made.recovery) if each in kept] == []


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "password12345", "i am pia and that is me", "x" * 300], ids=str
)
def test_a_weak_password_is_refused_and_not_quoted(password: str) -> None:
    with pytest.raises(InputInvalid, match="too weak") as refused:
        demand_strong(password, "pia")
    assert password not in refused.value.diagnostics()


def test_who_may_not_manage_accounts_makes_none(grocer: Grocer) -> None:
    with pytest.raises(NotPermitted, match="`ana` may not do `staff-manage`"):
        grocer.workspace.staff.invite("mallory", actor=grocer.workspace.actor("ana"))
    with grocer.workspace.room.database.read() as connection:
        assert connection.execute(staff_invitations.select()).all() == []
    assert grocer.actions()[-1] == "access.refused"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, their last six digits."""
    assert totp.code_at(b"12345678901234567890", seconds // 30) == code


def test_a_code_of_a_neighbouring_step_counts_and_no_older_one(grocer: Grocer) -> None:
    secret = b"12345678901234567890"
    found = [totp.step_of(secret, totp.code_at(secret, 100 + off), 0, 100 * totp.STEP) for off in (-2, -1, 0, 1, 2)]

    assert found == [None, 99, 100, 101, None]
    assert totp.step_of(secret, totp.code_at(secret, 100), 100, 100 * totp.STEP) is None


def command(grocer: Grocer, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pellucid", "-w", str(grocer.workspace.folder), "--as", "pia", "staff", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_people_are_invited_listed_and_removed_at_the_command_line(grocer: Grocer) -> None:
    invited, other = command(grocer, "invite", "ana", "--address", grocer.address), command(grocer, "invite", "mallory")
    link = invited.stdout.strip().removeprefix(grocer.address)
    browser = grocer.browser()
    assert browser.submit(link, link, password=PASSWORD, again=PASSWORD).place == link
    page = browser.get(link)
    address = re.search(r'href="(otpauth:[^"]+)"', page.text)
    assert address is not None
    code = code_of(html.unescape(address.group(1)), grocer.workspace)
    inside = browser.post(f"{link}/code", {"_token": page.token, "code": code})
    listed, again, renewed = command(grocer, "list"), command(grocer, "invite", "ana"), command(grocer, "renew", "ana")
    removed = [command(grocer, "remove", name).stdout for name in ("ana", "mallory")]

    assert (invited.returncode, inside.place, other.stdout[:21]) == (0, "/staff", "http://127.0.0.1:8700")
    rows = [line.split() for line in listed.stdout.splitlines()[-2:]]
    assert [(row[0], row[-1]) for row in rows] == [("ana", "8"), ("mallory", "pia")]
    assert (again.returncode, again.stderr[:22], renewed.returncode) == (2, "error [account-exists]", 0)
    assert browser.get("/staff").place == SIGN_IN
    assert removed == ["Removed the account of ana.\n", "Removed the account of mallory.\n"]
    assert command(grocer, "list").stdout == "No account yet.\n"


def test_a_session_is_one_row_and_its_cookie_is_not_in_it(grocer: Grocer) -> None:
    browser = grocer.known_staff("pia")
    with grocer.workspace.room.database.read() as connection:
        rows = connection.execute(staff_sessions.select()).all()

    assert (len(rows), str(rows).count(browser.cookies[cookies.CONSOLE])) == (1, 0)
