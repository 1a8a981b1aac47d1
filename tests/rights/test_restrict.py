"""A restriction is honoured by the very next query, and lifted only once the person was told that it will be."""

from __future__ import annotations

import pytest

from pellucid.consent.record import ConsentVerb
from pellucid.errors import InputInvalid, RecordingFailed
from pellucid.rights.choice import ChoiceParts, record_once
from pellucid.rights.request import Right
from tests.rights.counter import ALICE, BOB, MEMBERS, Counter, counter, counter_made, counter_on_server, either_counter

__all__ = ["counter", "counter_made", "counter_on_server", "either_counter"]

LIFTED = "restriction-to-be-lifted"


def test_a_restricted_person_is_in_no_answer_until_it_is_lifted(either_counter: Counter) -> None:
    counter = either_counter
    assert counter.counted() == MEMBERS
    assert counter.carry_out(counter.file("restriction", ALICE)) == "fulfilled"
    assert counter.counted() == MEMBERS - 1
    lift = counter.file("lift-restriction", ALICE)
    with pytest.raises(InputInvalid, match="The person has not been told yet"):
        counter.carry_out(lift)
    assert counter.counted() == MEMBERS - 1
    counter.tell(lift, LIFTED)
    assert counter.carry_out(lift) == "fulfilled"
    assert counter.counted() == MEMBERS
    assert counter.said(ALICE) == [("restrict", None), ("lift", None)]


def test_what_art_18_2_permits_goes_on_while_the_rest_is_restricted(counter: Counter) -> None:
    counter.carry_out(counter.file("restriction", ALICE))
    assert [name for name, permitted in counter.may(ALICE).items() if permitted] == ["claims"]
    assert (counter.counted("claims"), counter.counted("delivery")) == (MEMBERS, MEMBERS - 1)


def test_a_request_that_is_carried_out_again_records_nothing_again(counter: Counter) -> None:
    request = counter.file("restriction", ALICE)
    found, fulfil = counter.request(request), counter.workspace.remedies.fulfillers()[Right.RESTRICTION]
    assert fulfil(found, counter.omar, counter.time[0]) == {"recorded": 1}
    assert fulfil(found, counter.omar, counter.time[0]) == {"recorded": 0}
    assert counter.carry_out(request) == "fulfilled"
    assert counter.said(ALICE) == [("restrict", None)]


def test_of_two_who_carry_a_request_out_at_once_one_records(either_counter: Counter) -> None:
    """The other looked before the first had committed, and comes to record it after."""
    counter = either_counter
    found = counter.request(counter.file("restriction", ALICE))
    first: ChoiceParts = counter.workspace.remedies._parts(found, counter.omar, counter.time[0])

    def overtaken(records: object, beside: object) -> object:
        counter.workspace.remedies.fulfillers()[Right.RESTRICTION](found, counter.pia, counter.time[0])
        return first.record(records, beside)  # type: ignore[arg-type]

    parts = ChoiceParts(first.database, overtaken, first.tell_person, first.is_told, first.tell_recipients)  # type: ignore[arg-type]
    with pytest.raises(RecordingFailed, match="was carried out meanwhile"):
        record_once(parts, found, [(ConsentVerb.RESTRICT, None)], counter.time[0])
    assert counter.said(ALICE) == [("restrict", None)]


def test_a_record_names_its_request_and_nobody_else_may_claim_one(counter: Counter) -> None:
    request = counter.file("restriction", ALICE)
    counter.carry_out(request)
    (entry,) = counter.log("consent.restrict")
    assert (entry["body"]["method"], entry["actor"]["name"]) == (f"request:{request}", "omar")
    with pytest.raises(InputInvalid, match="pellucid's own"):
        counter.workspace.consent.record("restrict", BOB, purpose=None, actor=counter.pia, method=f"request:{request}")


def test_where_nothing_is_restricted_nothing_is_lifted_or_told(counter: Counter) -> None:
    lift = counter.file("lift-restriction", ALICE)
    with pytest.raises(InputInvalid, match="No use of this person's data is restricted"):
        counter.carry_out(lift)
    assert (counter.said(ALICE), counter.events(lift, "telling")) == ([], [])


def test_recipients_are_told_of_a_restriction_and_of_its_lifting(counter: Counter) -> None:
    counter.carry_out(counter.file("restriction", ALICE))
    lift = counter.file("lift-restriction", ALICE)
    with pytest.raises(InputInvalid, match="not been told"):
        counter.carry_out(lift)
    counter.tell(lift, LIFTED)
    counter.carry_out(lift)
    told = [(kind, content["notice"]["act"], content["notice"]["keys"]) for kind, _, content in counter.sent()]
    assert told == [("recipient", "restriction", [ALICE]), ("recipient", "lift-restriction", [ALICE])]


def test_a_message_is_noted_as_told_once_and_only_if_it_is_due(counter: Counter) -> None:
    counter.carry_out(counter.file("restriction", ALICE))
    lift = counter.file("lift-restriction", ALICE)
    with pytest.raises(InputInvalid, match="is not to be told"):
        counter.tell(lift, LIFTED)
    for _ in range(2):
        with pytest.raises(InputInvalid, match="not been told"):
            counter.carry_out(lift)
    assert counter.events(lift, "telling") == [{"message": LIFTED, "by": "staff"}]
    with pytest.raises(InputInvalid, match="There is no way to tell somebody 'pigeon'"):
        counter.workspace.remedies.told(lift, LIFTED, how="pigeon", actor=counter.pia)
    counter.tell(lift, LIFTED)
    counter.tell(lift, LIFTED)
    assert counter.events(lift, "told") == [{"message": LIFTED, "how": "letter"}]
    assert [entry["body"]["message"] for entry in counter.log("request.told")] == [LIFTED]
