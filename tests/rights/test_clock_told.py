"""Whoever waits for an answer is told that it takes longer, or what it waits for, when that is decided (Art. 12(3))."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy import update

from pellucid.errors import InputInvalid, NotPermitted
from pellucid.governance import laws
from pellucid.records.rights_tables import deliveries
from pellucid.regulations.load import shipped
from pellucid.rights import messages
from tests.rights.counter import ALICE, Counter, counter, counter_made

__all__ = ["counter", "counter_made"]

REASON = "Your purchases fill 40 volumes.\nWe copy them."


def sign_off(counter: Counter, law: str) -> None:
    room = counter.workspace.room
    laws.sign_off(room.database, shipped()[law], room.policy(), counter.pia, "read by counsel", counter.time[0])


def in_london(counter: Counter) -> None:
    """Let the shop be one whose clock may be stopped while it waits for the person."""
    path = counter.workspace.folder / "policy" / "policy.yaml"
    text = path.read_text().replace("country: DE, contact", "country: GB, contact")
    path.write_text(text.replace("jurisdictions: [DE, FR]", "jurisdictions: [DE, FR], establishment: GB"))
    counter.workspace.policy.activate(actor=counter.pia)
    sign_off(counter, "uk-gdpr")


@dataclass
class Held:
    """The address that is held of whomever it is asked for, and of whom it was."""

    address: str | None = "alice@home.example"
    asked_of: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, space: str, subject: int) -> str | None:
        self.asked_of.append((space, subject))
        return self.address


def held(counter: Counter, address: str | None = "alice@home.example") -> Held:
    found = Held(address)
    object.__setattr__(counter.workspace.requests, "mail_address", found)
    return found


def asked(counter: Counter) -> str:
    return counter.file("access", ALICE, without_sensitive=True)


def extend(counter: Counter, request: str, reason: str = REASON) -> None:
    counter.workspace.requests.extend(request, reason=reason, actor=counter.pia)


def pause(counter: Counter, request: str, reason: str) -> None:
    counter.workspace.requests.pause(request, reason=reason, actor=counter.pia)


def mails(counter: Counter) -> list[tuple[str, dict[str, str]]]:
    return [(about, content) for kind, about, content in counter.sent() if kind == "mail"]


def test_an_extension_is_mailed_once_with_its_day_and_its_reasons(counter: Counter) -> None:
    sign_off(counter, "eu-gdpr")
    held(counter)
    request = asked(counter)
    assert mails(counter) == []
    extend(counter, request)
    with pytest.raises(InputInvalid, match="cannot be extended"):
        extend(counter, request)
    ((about, mail),) = mails(counter)
    assert (about, mail["to"], mail["subject"]) == (
        f"{request}:time-extended:1",
        "alice@home.example",
        f"Your request {request}",
    )
    assert mail["text"].split("\n\n") == [
        "We need longer to answer your request than the time that we named at first.",
        "We answer by 1 September 2026.",
        f"Our reasons: {REASON}",
        f"Your request {request}. You can write to us: privacy@grocer.example",
        "Grocer\n",
    ]
    assert counter.request(request).due == "2026-09-01"
    assert counter.events(request, "telling") == [{"message": "time-extended", "by": "mail"}]


def test_an_extension_is_told_in_the_language_of_the_person(counter: Counter) -> None:
    sign_off(counter, "eu-gdpr")
    held(counter)
    counter.workspace.consent.record(
        "give", ALICE, purpose="offers", actor=counter.pia, notice_version="1", language="de-AT"
    )
    request = asked(counter)
    extend(counter, request)
    ((_, mail),) = mails(counter)
    assert mail["text"].split("\n\n")[:2] == [
        "Für die Antwort auf Ihre Anfrage brauchen wir länger, als wir zuerst gesagt haben.",
        "Wir antworten bis zum 1. September 2026.",
    ]


def test_each_time_that_the_clock_is_stopped_the_person_is_told_what_it_waits_for(counter: Counter) -> None:
    in_london(counter)
    held(counter)
    request = asked(counter)
    pause(counter, request, "Which shop was it?")
    with pytest.raises(InputInvalid, match="is paused already"):
        pause(counter, request, "Which shop was it?")
    counter.workspace.requests.resume(request, actor=counter.pia)
    pause(counter, request, "Which year?")
    assert [about for about, _ in mails(counter)] == [f"{request}:clock-stopped:1", f"{request}:clock-stopped:2"]
    assert [mail["text"].split("\n\n")[:2] for _, mail in mails(counter)] == [
        [
            "To go on with your request, we need something of you. Until we have it, the time to answer stands still.",
            f"What we need: {needed}",
        ]
        for needed in ("Which shop was it?", "Which year?")
    ]


def test_a_later_pause_is_not_told_by_the_mail_of_an_earlier_one(counter: Counter) -> None:
    in_london(counter)
    held(counter)
    request = asked(counter)
    pause(counter, request, "Which shop was it?")
    assert is_told(counter, request) == [False, False]
    with counter.workspace.room.database.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.kind == "mail").values(state="sent"))
    assert is_told(counter, request) == [False, True]
    counter.workspace.requests.resume(request, actor=counter.pia)
    held(counter, None)
    pause(counter, request, "Which year?")
    assert is_told(counter, request) == [False, False]
    counter.tell(request, "clock-stopped")
    assert is_told(counter, request) == [False, True]
    assert counter.events(request, "telling")[-1] == {"message": "clock-stopped", "by": "staff"}


def is_told(counter: Counter, request: str) -> list[bool]:
    found = counter.request(request)
    with counter.workspace.room.database.read() as connection:
        return [messages.is_told(connection, found, each) for each in ("time-extended", "clock-stopped")]


def test_a_pause_without_a_reason_is_refused(counter: Counter) -> None:
    in_london(counter)
    request = asked(counter)
    with pytest.raises(InputInvalid, match="A pause needs a reason"):
        pause(counter, request, " ")
    assert counter.events(request, "paused") == []


def test_nobody_is_mailed_who_did_not_show_who_they_are_and_the_staff_has_to_tell_them(counter: Counter) -> None:
    sign_off(counter, "eu-gdpr")
    looked = held(counter)
    unproven = counter.workspace.requests.file("access", ALICE, actor=counter.pia).request.id
    stranger = counter.workspace.requests.file("access", "nobody", actor=counter.pia).request.id
    for request in (unproven, stranger):
        extend(counter, request)
        assert counter.events(request, "telling") == [{"message": "time-extended", "by": "staff"}]
        counter.tell(request, "time-extended")
        assert counter.events(request, "told") == [{"message": "time-extended", "how": "letter"}]
    assert (looked.asked_of, mails(counter)) == ([], [])


def test_what_may_not_be_done_is_told_to_nobody_and_looks_no_address_up(counter: Counter) -> None:
    looked = held(counter)
    request = asked(counter)
    with pytest.raises(NotPermitted, match="request-approve"):
        counter.workspace.requests.extend(request, reason=REASON, actor=counter.workspace.actor("ana"))
    assert looked.asked_of == []
    with pytest.raises(InputInvalid, match="No law lets the request"):
        extend(counter, request)
    assert (mails(counter), counter.events(request, "telling"), counter.events(request, "extended")) == ([], [], [])


def test_the_log_tells_that_it_was_extended_and_no_reason_or_address(counter: Counter) -> None:
    sign_off(counter, "eu-gdpr")
    held(counter)
    request = asked(counter)
    extend(counter, request)
    (entry,) = counter.log("request.extended")
    assert (entry["body"]["request"], entry["body"]["before"], entry["body"]["due"]["date"]) == (
        request,
        "2026-07-01",
        "2026-09-01",
    )
    assert [str(entry).count(each) for each in ("volumes", "home.example")] == [0, 0]
