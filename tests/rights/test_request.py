"""What a request may do, and what none may."""

from __future__ import annotations

import pytest

from pellucid.errors import InputInvalid
from pellucid.rights.request import STRENGTHS, Denial, Request, RequestState, Right, Verification

NOW, LATER, KEEP = 1_000, 2_000, 9_000


def asked(right: Right = Right.ACCESS, **more: object) -> Request:
    return Request("r1", right, "people", 7, NOW, "2026-12-01", strength=STRENGTHS[right], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("right", [right for right in Right if STRENGTHS[right] > 0])
def test_nothing_is_fulfilled_for_somebody_who_did_not_show_who_they_are(right: Right) -> None:
    request = asked(right).acknowledge(NOW)
    with pytest.raises(InputInvalid, match="not known well enough"):
        request.fulfil(LATER, KEEP)
    with pytest.raises(InputInvalid, match="not known well enough"):
        request.approve(LATER)


def test_a_weaker_proof_does_not_do_and_two_of_them_do_not_add_up() -> None:
    request = asked(Right.ERASURE).acknowledge(NOW).show("code", 1, NOW).show("code", 1, NOW)
    with pytest.raises(InputInvalid, match="strength 1 was shown, 2 is needed"):
        request.approve(LATER)


def test_an_erasure_is_approved_before_it_is_fulfilled() -> None:
    request = asked(Right.ERASURE).acknowledge(NOW).show("staff", 2, NOW)
    assert not request.ready
    with pytest.raises(InputInvalid, match="before it is approved"):
        request.fulfil(LATER, KEEP)
    assert request.approve(LATER).fulfil(LATER, KEEP).state is RequestState.FULFILLED


def test_what_only_ends_a_use_asks_for_no_proof() -> None:
    assert asked(Right.OPT_OUT).acknowledge(NOW).fulfil(LATER, KEEP).state is RequestState.FULFILLED


def test_a_duplicate_does_not_inherit_verification_and_is_done_only_with_the_other() -> None:
    first = asked().acknowledge(NOW).show("code", 1, NOW)
    second = Request("r2", Right.ACCESS, "people", 7, LATER, "", strength=1).acknowledge(LATER).join(first, LATER)
    assert second.verification is Verification.NONE
    with pytest.raises(InputInvalid, match="cannot be fulfilled"):
        second.fulfil(LATER, KEEP)
    with pytest.raises(InputInvalid, match="another that is not"):
        second.fulfil_with(first, LATER, KEEP)
    done = first.fulfil(LATER, KEEP)
    with pytest.raises(InputInvalid, match="strength 0 was shown, 1 is needed"):
        second.fulfil_with(done, LATER, KEEP)
    assert second.show("code", 1, LATER).fulfil_with(done, LATER, KEEP).state is RequestState.FULFILLED


def test_of_another_person_or_right_none_is_joined() -> None:
    first = asked().acknowledge(NOW)
    for right, subject in ((Right.ACCESS, 8), (Right.ERASURE, 7)):
        with pytest.raises(InputInvalid, match="cannot be joined"):
            Request("r2", right, "people", subject, NOW, "").join(first, NOW)


@pytest.mark.parametrize("close", ["deny", "revoke"])
def test_what_is_closed_stays_closed_and_keeps_nothing_of_what_was_asked(close: str) -> None:
    request = asked(asked={"email": "new"})
    done = request.deny(Denial.NO_MATCH, NOW, KEEP) if close == "deny" else request.revoke(NOW, KEEP)
    assert (done.asked, done.keep_until, done.closed) == ({}, KEEP, True)
    with pytest.raises(InputInvalid, match=f"it is {done.state.value}"):
        done.acknowledge(LATER)
    with pytest.raises(InputInvalid, match=f"it is {done.state.value}"):
        done.deny(Denial.OTHER, LATER, KEEP)
    with pytest.raises(InputInvalid, match=f"it is {done.state.value}"):
        done.show("staff", 2, LATER)


def test_a_clock_that_goes_back_dates_no_step_before_the_one_it_follows() -> None:
    request = asked().acknowledge(NOW - 500).show("code", 1, NOW - 900)
    assert (request.acknowledged_at, request.verified_at) == (NOW, NOW)


def test_it_is_extended_once_with_a_reason_and_never_shortened() -> None:
    longer = asked().extend("Many records", "2027-02-01", NOW)
    assert longer.due == "2027-02-01"
    for why, due, request in (("", "2027-03-01", asked()), ("x", "2026-11-01", asked()), ("x", "2027-03-01", longer)):
        with pytest.raises(InputInvalid, match="cannot be extended"):
            request.extend(why, due, NOW)


def test_who_failed_to_show_who_they_are_is_not_known_even_where_no_proof_is_needed() -> None:
    request = asked().acknowledge(NOW).ask_verification(NOW).fail_verification(NOW)
    assert not request.known
    assert request.show("staff", 2, NOW).known
