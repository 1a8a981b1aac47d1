"""Objections, opt-outs and limits close their purposes in the next query; what is weighed is restricted meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.policy.model import Authority
from pellucid.records.rights_tables import deliveries
from pellucid.rights import messages
from tests.rights.counter import ALICE, BOB, MEMBERS, Counter, counter, counter_made, counter_on_server, either_counter

__all__ = ["counter", "counter_made", "counter_on_server", "either_counter"]

WEIGHED = {"purposes": ["planning"]}


def undecided(counter: Counter, member: str = ALICE, asked: dict[str, object] | None = None) -> str:
    """File an objection and carry it out as far as it goes."""
    request = counter.file("objection", member, WEIGHED if asked is None else asked)
    with pytest.raises(InputInvalid, match="has to be weighed"):
        counter.carry_out(request)
    return request


def decide(counter: Counter, request: str, outcome: str, reasons: str = "The stock would run out.") -> None:
    counter.workspace.remedies.decide_objection(request, outcome, reasons=reasons, actor=counter.pia)


def test_an_objection_to_direct_marketing_counts_at_once(either_counter: Counter) -> None:
    counter = either_counter
    assert counter.counted("mailing") == MEMBERS
    assert counter.carry_out(counter.file("objection", ALICE, {"purposes": ["mailing"]})) == "fulfilled"
    assert (counter.counted("mailing"), counter.counted("planning")) == (MEMBERS - 1, MEMBERS)
    assert counter.said(ALICE) == [("object", "mailing")]


def test_nothing_is_used_while_an_objection_is_weighed_and_upheld_it_closes_its_purpose_alone(
    either_counter: Counter,
) -> None:
    counter = either_counter
    request = undecided(counter)
    assert (counter.counted("planning"), counter.counted("scoring")) == (MEMBERS - 1, MEMBERS - 1)
    decide(counter, request, "upheld")
    with pytest.raises(InputInvalid, match=r"not been told yet \(objection-upheld\)"):
        counter.carry_out(request)
    assert counter.counted("scoring") == MEMBERS - 1
    counter.tell(request, "objection-upheld")
    assert counter.carry_out(request) == "fulfilled"
    assert (counter.counted("planning"), counter.counted("scoring")) == (MEMBERS - 1, MEMBERS)
    assert counter.said(ALICE) == [("restrict", None), ("object", "planning"), ("lift", None)]


@pytest.mark.parametrize(
    ("message", "stated"), [("objection-overruled", 1), ("decision-upheld", 1), ("objection-upheld", 0)]
)
def test_a_message_that_states_the_right_to_complain_names_the_authority(
    counter: Counter, message: str, stated: int
) -> None:
    request = counter.request(counter.file("objection", ALICE, WEIGHED))
    controller = counter.workspace.policy.active().controller
    watch = Authority("The Watch", "https://watch.example", ("DE",), "Square 1")
    with counter.workspace.room.database.write() as connection:
        messages.tell(
            connection,
            controller,
            request,
            message,
            "Because.",
            to="alice@home.example",
            authorities=(watch,),
            actor="pia",
            now=counter.time[0],
        )
    text = [content["text"] for kind, _, content in counter.sent() if kind == "mail"][-1]

    assert text.count("An authority that you may complain to: The Watch\nhttps://watch.example\nSquare 1") == stated


def test_overruled_it_ends_the_restriction_once_the_person_knows_the_reasons(counter: Counter) -> None:
    request = undecided(counter)
    decide(counter, request, "overruled", "Canary reasons.")
    counter.tell(request, "objection-overruled")
    assert counter.carry_out(request) == "fulfilled"
    assert counter.said(ALICE) == [("restrict", None), ("lift", None)]
    assert counter.counted() == MEMBERS
    (entry,) = counter.log("request.decided")
    assert entry["body"] == {
        "request": request,
        "right": "objection",
        "outcome": "overruled",
        "about": {"closed": [], "contested": ["planning"]},
    }
    assert entry["commitment"] is not None


def test_the_reasons_go_to_the_person_by_mail_where_an_address_is_held_and_its_way_is_waited_for(
    counter: Counter,
) -> None:
    request = undecided(counter)
    object.__setattr__(counter.workspace.remedies, "mail_address", lambda *_: "alice@example.org")
    decide(counter, request, "overruled", "Because of the contract.")
    (mail,) = [content for kind, about, content in counter.sent() if kind == "mail"]
    assert mail["to"] == "alice@example.org"
    assert mail["text"].splitlines().count("Our reasons: Because of the contract.") == 1
    with pytest.raises(InputInvalid, match="not been told"):
        counter.carry_out(request)
    _settle(counter, "given-up")
    with pytest.raises(InputInvalid, match="not been told"):
        counter.carry_out(request)
    _settle(counter, "sent")
    assert counter.carry_out(request) == "fulfilled"


@pytest.mark.parametrize(
    ("language", "subject", "lang"),
    [("de-AT", "Ihre Anfrage {}", "de"), ("nl", "Your request {}", "en"), ("", "Your request {}", "en")],
)
def test_the_person_is_told_in_the_language_of_their_last_choice_or_else_in_the_companys(
    counter: Counter, language: str, subject: str, lang: str
) -> None:
    counter.workspace.consent.record(
        "give", ALICE, purpose="offers", actor=counter.pia, notice_version="1", language=language
    )
    request = undecided(counter)
    object.__setattr__(counter.workspace.remedies, "mail_address", lambda *_: "alice@example.org")
    decide(counter, request, "upheld")
    (mail,) = [content for kind, about, content in counter.sent() if kind == "mail"]

    assert (mail["subject"], mail["html"].count(f'<html lang="{lang}">')) == (subject.format(request), 1)


def _settle(counter: Counter, state: str) -> None:
    with counter.workspace.room.database.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.kind == "mail").values(state=state))


def test_another_restriction_of_the_person_outlives_the_objection(counter: Counter) -> None:
    counter.carry_out(counter.file("restriction", ALICE))
    request = undecided(counter)
    decide(counter, request, "overruled")
    counter.tell(request, "objection-overruled")
    assert counter.carry_out(request) == "fulfilled"
    assert counter.said(ALICE) == [("restrict", None), ("restrict", None)]
    assert counter.counted() == MEMBERS - 1


def test_a_restriction_is_not_lifted_while_an_objection_is_weighed(counter: Counter) -> None:
    undecided(counter)
    lift = counter.file("lift-restriction", ALICE)
    with pytest.raises(InputInvalid, match="is not decided yet, and restricts"):
        counter.carry_out(lift)
    assert counter.said(ALICE) == [("restrict", None)]


def test_an_objection_to_everything_withdraws_no_consent_and_names_what_has_no_such_right(counter: Counter) -> None:
    counter.workspace.consent.record("give", ALICE, purpose="offers", actor=counter.pia, covers="held_data")
    request = undecided(counter, asked={})
    assert counter.said(ALICE) == [("give", "offers"), ("object", "mailing"), ("restrict", None)]
    decide(counter, request, "upheld")
    counter.tell(request, "objection-upheld")
    counter.carry_out(request)
    assert [name for name, permitted in counter.may(ALICE).items() if permitted] == ["delivery", "offers"]


def test_what_was_agreed_to_is_withdrawn_at_once_if_the_objection_names_it(counter: Counter) -> None:
    counter.workspace.consent.record("give", ALICE, purpose="offers", actor=counter.pia, covers="held_data")
    assert counter.carry_out(counter.file("objection", ALICE, {"purposes": ["offers"]})) == "fulfilled"
    assert counter.may(ALICE)["offers"] is False


def test_what_a_contract_needs_may_not_be_objected_to(counter: Counter) -> None:
    request = counter.file("objection", ALICE, {"purposes": ["delivery"]})
    with pytest.raises(InputInvalid, match="may be objected to"):
        counter.carry_out(request)
    assert counter.said(ALICE) == []


def test_a_decision_is_made_once_with_reasons_and_by_who_may(counter: Counter) -> None:
    fresh = counter.file("objection", BOB, WEIGHED)
    with pytest.raises(InputInvalid, match="was not carried out yet"):
        decide(counter, fresh, "upheld")
    request = undecided(counter)
    with pytest.raises(NameUnknown, match="There is no outcome 'perhaps'"):
        decide(counter, request, "perhaps")
    with pytest.raises(InputInvalid, match="needs its reasons"):
        decide(counter, request, "overruled", "  ")
    with pytest.raises(NotPermitted, match="may not"):
        counter.workspace.remedies.decide_objection(
            request, "upheld", reasons="x", actor=counter.workspace.actor("ana")
        )
    decide(counter, request, "upheld")
    with pytest.raises(InputInvalid, match="was decided already"):
        decide(counter, request, "overruled")
    assert [event["outcome"] for event in counter.events(request, "decided")] == ["upheld"]


def test_a_request_of_another_right_is_not_decided_as_an_objection(counter: Counter) -> None:
    with pytest.raises(InputInvalid, match="is one of restriction"):
        decide(counter, counter.file("restriction", ALICE), "upheld")


def test_an_opt_out_closes_sale_and_profiling_also_where_a_programme_rewards_taking_part(
    either_counter: Counter,
) -> None:
    counter = either_counter
    assert counter.carry_out(counter.file("opt-out", ALICE)) == "fulfilled"
    assert counter.said(ALICE) == [("opt_out", "resale"), ("opt_out", "scoring")]
    assert (counter.counted("scoring"), counter.counted("planning")) == (MEMBERS - 1, MEMBERS)


def test_an_opt_out_that_names_its_purpose_closes_that_one(counter: Counter) -> None:
    counter.carry_out(counter.file("opt-out", ALICE, {"purposes": ["resale"]}))
    assert counter.said(ALICE) == [("opt_out", "resale")]


def test_a_limit_is_about_sensitive_data_of_all_purposes_or_of_those_named(counter: Counter) -> None:
    counter.carry_out(counter.file("limit", ALICE))
    counter.carry_out(counter.file("limit", BOB, {"purposes": ["planning"]}))
    assert (counter.said(ALICE), counter.said(BOB)) == ([("limit", None)], [("limit", "planning")])
    assert counter.counted() == MEMBERS


@pytest.mark.parametrize("asked", [{"purposes": "planning"}, {"purposes": [1]}, {"purposes": ["planning", None]}])
def test_purposes_that_are_no_list_of_names_are_refused(counter: Counter, asked: dict[str, object]) -> None:
    with pytest.raises(InputInvalid, match="otherwise than as a list of names"):
        counter.carry_out(counter.file("opt-out", ALICE, asked))


def test_a_purpose_that_is_gone_since_is_named(counter: Counter) -> None:
    with pytest.raises(NameUnknown, match="There is no purpose 'gone'"):
        counter.carry_out(counter.file("limit", ALICE, {"purposes": ["gone"]}))
