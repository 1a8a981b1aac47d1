"""Customers' requests on the command line: filed, listed, checked, decided; and whatever else is typed."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_bad_input import is_clear


def file(pellucid: Command, verb: str, *more: str, who: str = "1") -> str:
    said = pellucid("subject", verb, who, "--namespace", "household", "--as", "carl", *more)
    assert said.code == 0, said.err
    found = re.match(r"Request (r[0-9a-f]{12}): ", said.out)
    assert found is not None
    return found[1]


def looked_at_within_a_day(pellucid: Command, *words: str) -> tuple[date, str]:
    """Return what is printed, and the day (UTC) on which it was: midnight may come while a command runs."""
    while True:
        day, out = datetime.now(UTC).date(), pellucid(*words).out
        if datetime.now(UTC).date() == day:
            return day, out


def test_a_request_is_filed_with_its_day_and_what_is_missing(pellucid: Command, grocer: Path) -> None:
    said = pellucid("subject", "erase", "1", "--namespace", "household", "--as", "carl")
    lines = re.sub(r"r[0-9a-f]{12}|\d{4}-\d\d-\d\d", "…", " ".join(said.out.split()))
    assert lines == (
        "Request …: erasure, open. About: 1 (household), asked by self. "
        "Due: … (30 days): 30 calendar days from …, the controller's own limit. "
        "Missing: acknowledgement. Missing: verification of strength 2. Missing: approval."
    )


@pytest.mark.parametrize(
    ("verb", "more", "right"),
    [
        ("access", ["--without-sensitive"], "access"),
        ("port", [], "portability"),
        ("erase", ["--by", "agent", "--proof", "file 7"], "erasure"),
        ("rectify", ["--set", "households.birth_year=1970"], "rectification"),
        ("restrict", [], "restriction"),
        ("lift", [], "lift-restriction"),
        ("object", ["--purpose", "range-planning"], "objection"),
        ("opt-out", [], "opt-out"),
        ("limit", [], "limit"),
        ("review", [], "human-review"),
    ],
)
def test_every_right_can_be_asked_for(pellucid: Command, grocer: Path, verb: str, more: list[str], right: str) -> None:
    said = pellucid("subject", verb, "1", "--namespace", "household", "--as", "carl", "--format", "json", *more)
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["right"], told["state"], told["known_person"], told["key"]) == (right, "open", True, "1")


def test_a_request_is_checked_approved_and_shown_with_all_that_happened(pellucid: Command, grocer: Path) -> None:
    request = file(pellucid, "erase")
    for words in (("verify", "--evidence", "file 12", "--as", "carl"), ("approve", "--as", "pia")):
        said = pellucid("requests", words[0], request, *words[1:])
        assert said.code == 0, said.err
    assert "Missing" not in said.out
    shown = json.loads(pellucid("requests", "show", request, "--format", "json", "--as", "pia").out)
    assert [each["kind"] for each in shown["events"]] == ["filed", "acknowledged", "verified", "approved"]
    assert "About: 1 (household)" in pellucid("requests", "show", request, "--as", "pia").out
    assert "file 12" not in pellucid("audit", "log", "--as", "pia").out


def test_the_list_tells_what_is_due_first_and_what_is_overdue(pellucid: Command, grocer: Path) -> None:
    assert pellucid("requests", "list", "--as", "pia").out == "There are no open requests.\n"
    later = file(pellucid, "access")
    late = file(pellucid, "port", "--received", "2024-02-01")
    told = json.loads(pellucid("requests", "list", "--format", "json", "--as", "pia").out)
    assert [(each["id"], each["overdue"]) for each in told] == [(late, True), (later, False)]
    day, out = looked_at_within_a_day(pellucid, "requests", "list", "--as", "pia")
    rows = [line.split()[:5] for line in out.splitlines()]
    first, second = [row for row in rows if row and row[0] in (late, later)]
    left = (date.fromisoformat(second[3]) - day).days
    assert [(row[0], row[4]) for row in (first, second)] == [(late, "OVERDUE"), (later, str(left))]


def test_a_request_is_denied_or_taken_back_and_then_stays_closed(pellucid: Command, grocer: Path) -> None:
    denied, revoked = file(pellucid, "access"), file(pellucid, "port")
    said = pellucid("requests", "deny", denied, "--why", "no_match", "--as", "pia")
    assert said.out == f"Request {denied}: access, denied, no_match.\n"
    assert pellucid("requests", "revoke", revoked, "--as", "carl").out == f"Request {revoked}: portability, revoked.\n"
    again = pellucid("requests", "approve", denied, "--as", "pia")
    is_clear(again)
    assert (again.code, again.err.split(":")[0]) == (2, "error [request-state]")
    assert pellucid("requests", "list", "--as", "pia").out == "There are no open requests.\n"
    assert denied in pellucid("requests", "list", "--closed", "--as", "pia").out
    assert pellucid("requests", "forget", "--as", "pia").out == "Forgot 0 closed requests.\n"


def test_who_is_unknown_is_filed_all_the_same(pellucid: Command, grocer: Path) -> None:
    request = file(pellucid, "access", who="nobody@example.org")
    shown = json.loads(pellucid("requests", "show", request, "--format", "json", "--as", "pia").out)
    assert (shown["known_person"], shown["key"]) == (False, "nobody@example.org")
    verified = pellucid("requests", "verify", request, "--evidence", "file 12", "--as", "pia")
    assert (verified.code, verified.err.split(":")[0]) == (2, "error [request-state]")


def test_nothing_carries_out_what_nothing_was_registered_for(pellucid: Command, grocer: Path) -> None:
    from pellucid.workspace import Workspace

    with Workspace(grocer) as workspace:
        held = set(workspace.requests.fulfillers)
    request = file(pellucid, "limit")
    said = pellucid("requests", "carry-out", request, "--as", "pia")
    assert (said.code == 0) == ("limit" in held)
    assert "limit" in held or said.err.startswith("error [request-no-fulfiller]")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("requests", "show", "r0"), "name-unknown"),
        (("requests", "approve", "r0123456789ab"), "name-unknown"),
        (("requests", "deny", "REQUEST", "--why", "dislike"), "name-unknown"),
        (("requests", "verify", "REQUEST", "--evidence", " "), "evidence-missing"),
        (("requests", "extend", "REQUEST", "--reason", "Many records"), "request-no-extension"),
        (("requests", "extend", "REQUEST", "--reason", ""), "request-state"),
        (("requests", "pause", "REQUEST", "--reason", "Which shop?"), "request-no-pause"),
        (("requests", "resume", "REQUEST"), "request-state"),
        (("requests", "expire", "REQUEST"), "request-state"),
        (("requests", "carry-out", "REQUEST"), None),
        (("subject", "erase", "1", "--namespace", "household", "--by", "agent"), "proof-missing"),
        (("subject", "erase", "1", "--namespace", "household", "--by", "mallory"), "name-unknown"),
        (("subject", "erase", "1", "--namespace", "planet"), "name-unknown"),
        (("subject", "object", "1", "--namespace", "household", "--purpose", "none"), "name-unknown"),
        (("subject", "rectify", "1", "--namespace", "household", "--set", "x"), "change-invalid"),
        (("subject", "access", "1", "--namespace", "household", "--received", "soon"), "instant-invalid"),
        (("subject", "access", "1", "--namespace", "household", "--received", "2999-01-01"), "request-received"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_to_do(
    pellucid: Command, grocer: Path, words: tuple[str, ...], code: str | None
) -> None:
    request = file(pellucid, "access")
    before = pellucid("requests", "show", request, "--as", "pia").out
    said = pellucid(*(request if word == "REQUEST" else word for word in words), "--as", "pia")
    is_clear(said)
    assert said.code == 2
    assert code is None or said.err.split(":")[0] == f"error [{code}]"
    if words[1] != "carry-out":  # which acknowledges it
        assert pellucid("requests", "show", request, "--as", "pia").out == before


def test_each_step_is_for_whose_role_may_take_it(pellucid: Command, grocer: Path) -> None:
    request = file(pellucid, "erase")
    assert pellucid("requests", "verify", request, "--evidence", "file 12", "--as", "carl").code == 0
    for words in (("approve", request), ("deny", request, "--why", "other"), ("carry-out", request), ("forget",)):
        said = pellucid("requests", *words, "--as", "carl")
        is_clear(said)
        assert said.code == 3
    own = file(pellucid, "erase", who="2")
    pellucid("requests", "verify", own, "--evidence", "file 13", "--as", "pia")
    mine = pellucid("subject", "erase", "3", "--namespace", "household", "--as", "pia").out.split()[1].rstrip(":")
    pellucid("requests", "verify", mine, "--evidence", "file 14", "--as", "pia")
    said = pellucid("requests", "approve", mine, "--as", "pia")
    assert (said.code, said.err.split(":")[0]) == (3, "error [request-own]")
    assert pellucid("requests", "approve", mine, "--as", "omar").code == 0
