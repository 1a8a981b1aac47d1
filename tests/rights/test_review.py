"""A contested decision waits for a person, with what may have led to it, and is decided by nobody who filed it."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.records.web_tables import staff_invitations
from pellucid.rights.review import DecidingUse
from tests.rights.counter import ALICE, BOB, Counter, counter, counter_made

__all__ = ["counter", "counter_made"]

ASKED = {"decision": "I got no credit.", "statement": "I have always paid."}


def filed(counter: Counter, member: str = ALICE, **more: object) -> str:
    return counter.file("human-review", member, {**ASKED, **more})


def decide(counter: Counter, request: str, outcome: str = "changed", name: str = "omar") -> None:
    actor = counter.workspace.actor(name)
    counter.workspace.remedies.review(request, outcome, reasons="An invoice was missed.", actor=actor)


def test_the_queue_tells_which_deciding_uses_read_the_persons_datasets_and_how_often(counter: Counter) -> None:
    counter.counted("planning")
    counter.counted("scoring")
    counter.counted("scoring")
    request = filed(counter)
    (found,) = counter.workspace.remedies.reviews(actor=counter.pia)
    (asked,) = [entry["at"] for entry in counter.log("query.released") if entry["purpose"] == "scoring"][-1:]
    assert (found.request.id, found.decision, found.statement) == (request, *ASKED.values())
    assert found.uses == (DecidingUse("scoring", "scoring", ("profiling",), ("members", "purchases"), (), 2, asked),)
    (entry,) = counter.log("request.reviews-shown")
    assert entry["body"] == {"requests": [request]}


def test_only_datasets_with_rows_of_the_person_count_and_only_the_purposes_that_they_name(counter: Counter) -> None:
    path = counter.workspace.folder / "more.csv"
    path.write_text("member,city,country,born,note\nm99,Bonn,DE,1980,x\n")
    counter.workspace.data.add("members", path, actor=counter.pia)
    requests = [filed(counter, "m99"), filed(counter, BOB, purposes=["planning"])]
    found = {each.request.id: each.uses for each in counter.workspace.remedies.reviews(actor=counter.pia)}
    assert found == {
        requests[0]: (DecidingUse("scoring", "scoring", ("profiling",), ("members",)),),
        requests[1]: (),
    }


def test_nothing_waits_and_nothing_is_logged_where_nobody_asked(counter: Counter) -> None:
    counter.file("restriction", ALICE)
    assert counter.workspace.remedies.reviews(actor=counter.pia) == ()
    assert counter.log("request.reviews-shown") == []


def test_a_review_is_done_once_it_was_decided_and_the_person_knows(counter: Counter) -> None:
    request = filed(counter)
    with pytest.raises(InputInvalid, match="Nobody has reviewed yet"):
        counter.carry_out(request)
    decide(counter, request)
    with pytest.raises(InputInvalid, match=r"not been told yet \(decision-changed\)"):
        counter.carry_out(request)
    counter.tell(request, "decision-changed")
    assert counter.carry_out(request) == "fulfilled"
    assert counter.events(request, "fulfilled") == [{"outcome": "changed"}]
    assert counter.workspace.remedies.reviews(actor=counter.pia) == ()


def test_whoever_filed_it_does_not_decide_it(counter: Counter) -> None:
    request = filed(counter)
    with pytest.raises(NotPermitted, match="'pia' filed the request"):
        decide(counter, request, name="pia")
    (entry,) = counter.log("access.refused")
    assert entry["body"] == {"action": "request-decide", "reasons": ["review-own-request"], "outcome": "refused"}
    assert counter.events(request, "decided") == []


def test_whoever_was_invited_lately_decides_nothing_that_who_invited_them_filed(counter: Counter) -> None:
    request, erasure = filed(counter), counter.workspace.requests.file("erasure", BOB, actor=counter.pia).request.id
    counter.workspace.requests.verify(erasure, evidence="file 7", actor=counter.pia)
    omar, now = counter.workspace.actor("omar"), counter.workspace.room.clock()
    told = {"id": "i", "digest": b"i", "person": "omar", "made_by": "pia", "made_at": now, "ends_at": now}
    with counter.workspace.room.database.write() as connection:
        connection.execute(insert(staff_invitations).values(told | {"used_at": now}))
    why = "'pia' filed the request .*, and who made an account counts at first as whom it lets in"
    with pytest.raises(NotPermitted, match=why):
        decide(counter, request)
    with pytest.raises(NotPermitted, match=why):
        counter.workspace.requests.approve(erasure, actor=omar)
    assert [each["body"]["reasons"] for each in counter.log("access.refused")] == [
        ["review-own-request"],
        ["request-own"],
    ]


def test_an_outcome_is_one_of_two_and_is_given_once(counter: Counter) -> None:
    request = filed(counter)
    with pytest.raises(NameUnknown, match=r"There is no outcome 'overruled'\. Known: changed, upheld"):
        decide(counter, request, "overruled")
    decide(counter, request, "upheld")
    with pytest.raises(InputInvalid, match="was decided already"):
        decide(counter, request, "changed")


def test_what_is_not_approved_is_not_decided(counter: Counter) -> None:
    requests = counter.workspace.requests
    request = requests.file("human-review", ALICE, actor=counter.pia).request.id
    requests.verify(request, evidence="file 7", actor=counter.pia)
    with pytest.raises(InputInvalid, match="in_progress and not approved"):
        decide(counter, request)
