"""A correction reaches the rows of every identity that is certainly the person's: those that they are shown."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from pellucid.errors import InputInvalid, RecordingFailed
from pellucid.rights import rectify as module
from pellucid.rights.challenged import Challenged
from pellucid.rights.challenges import Contact
from pellucid.rights.corrected_contacts import trusted
from pellucid.rights.rectify import commitment_bytes
from pellucid.rights.request import Right
from pellucid.subjects import links
from pellucid.subjects.ids import find
from pellucid.subjects.keys import COMMITMENT_CONTEXT
from pellucid.subjects.links import CERTAIN, LIKELY
from tests.rights.counter import ALICE, BOB, CANARY, Counter, counter, counter_made, counter_on_server, either_counter
from tests.rights.test_rectify import NEW_NOTE, OLD_NOTE, change, correct, file

__all__ = ["counter", "counter_made", "counter_on_server", "either_counter"]


def join(counter: Counter, confidence: str = CERTAIN) -> None:
    one, other = ("member", subject(counter, ALICE)), ("member", subject(counter, BOB))
    with counter.workspace.room.database.write() as connection:
        links.link(connection, one, other, confidence, "signed in", "pia", counter.time[0])


def part(counter: Counter) -> None:
    one, other = ("member", subject(counter, ALICE)), ("member", subject(counter, BOB))
    with counter.workspace.room.database.write() as connection:
        links.split(connection, one, other, "a shared phone", "pia", counter.time[0])


def notes(counter: Counter) -> dict[str, str]:
    return dict(counter.rows("members", ("member", "note")))


def subject(counter: Counter, member: str) -> int:
    with counter.workspace.room.database.read() as connection:
        found = find(connection, "member", member)
    assert found is not None
    return found


def test_a_row_of_another_identity_of_the_person_is_corrected(either_counter: Counter) -> None:
    counter = either_counter
    join(counter)
    before = notes(counter)
    correct(counter, change("note", NEW_NOTE, row={"member": BOB}))
    assert notes(counter) == {**before, BOB: NEW_NOTE}


def test_without_a_row_those_of_all_identities_are_corrected(counter: Counter) -> None:
    join(counter)
    before = notes(counter)
    correct(counter, change("note", NEW_NOTE))
    assert notes(counter) == {**before, ALICE: NEW_NOTE, BOB: NEW_NOTE}


@pytest.mark.parametrize("how", [LIKELY, "split"])
def test_a_row_of_who_is_only_likely_the_person_or_was_split_off_is_not_corrected(counter: Counter, how: str) -> None:
    join(counter, CERTAIN if how == "split" else LIKELY)
    request = file(counter, change("note", NEW_NOTE, row={"member": BOB}))
    if how == "split":
        part(counter)
    before = notes(counter)
    with pytest.raises(InputInvalid, match="No row of this person has the values by which it was picked"):
        counter.carry_out(request)
    assert notes(counter) == before


def test_each_identity_whose_row_was_corrected_has_its_entry_under_its_own_key(counter: Counter) -> None:
    join(counter)
    request = correct(counter, change("note", NEW_NOTE))
    room = counter.workspace.room
    with room.database.write() as connection:
        members = {one: find(connection, "member", one) or 0 for one in (ALICE, BOB)}
        names = {one: room.subject_keys.pseudonym(connection, "member", members[one]) for one in members}
        keys = room.subject_keys._held(connection, "member", list(members.values()))
    old = commitment_bytes("members", "note", "old", [OLD_NOTE, CANARY])
    told = {
        each["subject"]: (each["body"]["request"], each["body"]["columns"]["note"]["old"]) for each in _log(counter)
    }
    assert told == {
        names[one]: (request, hmac.digest(keys[members[one]], COMMITMENT_CONTEXT + old, "sha256").hex())
        for one in members
    }


def test_only_the_identity_whose_row_it_was_is_named_in_the_log_and_to_recipients(counter: Counter) -> None:
    join(counter)
    correct(counter, change("note", NEW_NOTE, row={"member": BOB}))
    found = subject(counter, BOB)
    with counter.workspace.room.database.write() as connection:
        bobs = counter.workspace.room.subject_keys.pseudonym(connection, "member", found)
    assert [each["subject"] for each in _log(counter)] == [bobs]
    assert [content["notice"]["keys"] for _, _, content in counter.sent()] == [[BOB]]


def test_identities_that_are_split_while_the_file_is_written_leave_it_unpublished(counter: Counter) -> None:
    join(counter)
    request = counter.request(file(counter, change("note", NEW_NOTE, row={"member": BOB})))
    fulfil, written = counter.workspace.remedies.fulfillers()[Right.RECTIFICATION], module._write

    def split_meanwhile(*given: Any) -> Any:
        made = written(*given)
        part(counter)
        return made

    before = notes(counter)
    with pytest.MonkeyPatch.context() as patched, pytest.raises(RecordingFailed, match="its person's identities were"):
        patched.setattr(module, "_write", split_meanwhile)
        fulfil(request, counter.omar, counter.time[0])
    assert (notes(counter), _log(counter)) == (before, [])
    assert [each.name for each in (counter.workspace.folder / "data").glob("members*")] == ["members.1.duckdb"]


@pytest.mark.parametrize("split", [False, True])
def test_a_contact_that_another_identity_had_corrected_counts_for_nobody_of_them(counter: Counter, split: bool) -> None:
    join(counter)
    correct(counter, change("note", "bob@else.example", row={"member": BOB}))
    if split:
        part(counter)
    policy = counter.workspace.policy.active()
    asked = Challenged("r1", "member", subject(counter, BOB), True, False, 2, "erasure", "erasure")
    held = [Contact("email", "bob@else.example", "members.note"), Contact("email", "bob@home.example", "a.b")]
    with counter.workspace.room.database.read() as connection:
        assert trusted(connection, policy, asked, held, counter.time[0]) == held[1:]


def _log(counter: Counter) -> list[dict[str, Any]]:
    return counter.log("data.corrected")
