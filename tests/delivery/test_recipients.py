"""Recipients are told once each, by mail or by a signed file, and what they answered is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from pellucid.audit.keys import create_signing_key
from pellucid.audit.note import parse_signature_line
from pellucid.delivery import outbox, recipients
from pellucid.delivery.recipients import Notice, tell
from pellucid.errors import DeliveryFailed, InputInvalid, NameUnknown, RecordingFailed
from pellucid.policy.model import Controller, Recipient
from pellucid.records import jobs
from pellucid.records.database import Database
from pellucid.records.rights_tables import deliveries

NOW = 1_760_000_000_000_000
SHOP = Controller("Shop", "DE", "privacy@shop.example")
HOSTING = Recipient("hosting", "our hosting company", "DE", "processor")
MAILED = Recipient("mailed", "our mailing house", "DE", "processor", "privacy@mailed.example")
NOTICE = Notice("erasure", "e1", "customer", ("alice-17",))


def told(control: Database, notice: Notice = NOTICE) -> tuple[str, ...]:
    with control.write() as connection:
        return tell(connection, SHOP, [HOSTING, MAILED], notice, NOW)


def test_each_recipient_is_told_once_however_often_it_is_said(control: Database) -> None:
    first = told(control)
    assert (len(first), told(control)) == (2, ())
    assert len(told(control, Notice("rectification", "e1", "customer", ("alice-17",)))) == 2
    with control.read() as connection:
        assert {each.recipient for each in outbox.about(connection, "erasure:e1")} == {"hosting", "mailed"}
        assert jobs.known(connection, outbox.JOB, first) == set(first)


def test_what_they_are_told_names_the_act_the_person_and_what_to_do(control: Database) -> None:
    changed = {"mail": "new@home.example", "phone": None}
    ids = told(control, Notice("rectification", "e1", "customer", ("alice-17",), changed))
    with control.read() as connection:
        content = outbox.content_of(connection, ids[1])
        mail = outbox.mail_of(outbox.find(connection, ids[1]), content or {})
    assert (mail.to, mail.subject) == ("privacy@mailed.example", "Shop: rectification of personal data (e1)")
    assert mail.text == (
        "Shop gave you data of a person. You are told under GDPR Art. 19 of: rectification.\n\n"
        "Correct what you hold of this person as stated, and tell us when it is done.\n\n"
        "Person (customer): alice-17\n  mail: new@home.example\n  phone: (removed)\n"
        "Our reference: e1\nPlease answer to: privacy@shop.example\n"
    )
    assert "alice" not in mail.subject


def test_a_name_with_line_ends_slips_nothing_into_the_headers(control: Database) -> None:
    with control.write() as connection:
        (id,) = tell(connection, Controller("Shop\r\nBcc: eve@x.example", "DE", "c"), [MAILED], NOTICE, NOW)
        content = outbox.content_of(connection, id)
        assert outbox.mail_of(outbox.find(connection, id), content or {}).subject.startswith("Shop  Bcc: eve@x")


def test_an_act_that_nobody_is_told_of_is_refused(control: Database) -> None:
    with pytest.raises(InputInvalid, match="Recipients are not told of 'access'"):
        told(control, Notice("access", "e1", "customer", ("alice-17",)))


def test_a_file_is_signed_private_and_the_same_each_time(control: Database, tmp_path: Path) -> None:
    key = create_signing_key(tmp_path / "keys" / "log.key", "test/shop")
    id = told(control)[0]
    with control.read() as connection:
        delivery, content = outbox.find(connection, id), outbox.content_of(connection, id)
    assert content is not None
    paths = {
        recipients.write_file(tmp_path, delivery, content, lambda text: key.sign(text).line().rstrip("\n"))
        for _ in range(2)
    }
    (path,) = paths
    assert path == tmp_path / "outbox" / "hosting" / f"{id}.json"
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    said = json.loads(path.read_text())
    signature = parse_signature_line(said["signature"])
    assert key.verifier.verify(recipients.signed_bytes(said["notice"]), signature) == 0
    assert (said["notice"]["keys"], said["notice"]["recipient"]) == (["alice-17"], "hosting")
    from pellucid.errors import VerificationFailed

    with pytest.raises(VerificationFailed, match="does not verify"):
        key.verifier.verify(recipients.signed_bytes(said["notice"] | {"keys": ["bob"]}), signature)


def test_a_file_that_cannot_be_written_is_tried_again(control: Database, tmp_path: Path) -> None:
    id = told(control)[0]
    (tmp_path / "outbox").write_text("in the way")
    with control.read() as connection:
        delivery, content = outbox.find(connection, id), outbox.content_of(connection, id)
    with pytest.raises(DeliveryFailed, match="The file for a recipient could not be written") as failed:
        recipients.write_file(tmp_path, delivery, content or {}, lambda text: "")
    assert not failed.value.for_good


@pytest.mark.parametrize("settle", [outbox.sent, outbox.give_up])
def test_what_a_delivery_says_is_gone_once_it_is_settled_and_it_is_settled_once(
    control: Database, settle: Callable[[Connection, str, int], None]
) -> None:
    id = told(control)[0]
    with control.write() as connection:
        settle(connection, id, NOW + 1)
    with control.read() as connection:
        assert (outbox.content_of(connection, id), outbox.find(connection, id).settled_at) == (None, NOW + 1)
        others = [bytes(each) for each in connection.scalars(select(deliveries.c.content)) if each]
        assert len(others) == 1
    with pytest.raises(RecordingFailed, match="is not due"), control.write() as connection:
        outbox.sent(connection, id, NOW + 2)
    with control.write() as connection:
        outbox.give_up(connection, id, NOW + 3)
        assert outbox.find(connection, id).settled_at == NOW + 1


def test_an_answer_is_kept_once_and_only_of_what_was_sent(control: Database) -> None:
    id = told(control)[0]
    with control.write() as connection:
        with pytest.raises(RecordingFailed, match="is not sent"):
            recipients.record_answer(connection, id, "done", NOW)
        outbox.sent(connection, id, NOW)
        recipients.record_answer(connection, id, "done", NOW + 1)
        with pytest.raises(RecordingFailed, match="is not sent"):
            recipients.record_answer(connection, id, "again", NOW + 2)
        with pytest.raises(NameUnknown, match="There is no delivery"):
            recipients.record_answer(connection, "none", "done", NOW)
        assert (outbox.find(connection, id).state, outbox.find(connection, id).answer) == ("answered", "done")


@pytest.mark.parametrize("words", ["", "  ", "x" * 2_001])
def test_an_empty_or_endless_answer_is_refused(control: Database, words: str) -> None:
    with pytest.raises(InputInvalid, match="An answer has 1 to 2,000 characters"), control.write() as connection:
        recipients.record_answer(connection, "x", words, NOW)


def test_a_mail_that_went_to_no_recipient_has_no_answer(control: Database) -> None:
    with control.write() as connection:
        id = outbox.put_mail(connection, "x", "alice@home.example", "s", "t", NOW)
        outbox.sent(connection, id, NOW)
        with pytest.raises(InputInvalid, match="went to no declared recipient"):
            recipients.record_answer(connection, id, "done", NOW)


def test_a_mail_that_could_not_be_sent_is_refused_when_it_is_put(control: Database) -> None:
    with pytest.raises(InputInvalid, match="is no mail address"), control.write() as connection:
        outbox.put_mail(connection, "x", "nobody", "s", "t", NOW)
    with control.read() as connection:
        assert jobs.unsettled(connection) == ()
