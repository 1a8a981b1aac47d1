"""Messages over the whole product: planned, sent by real SMTP, their links opened, and what people choose then."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.audit import log
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.records.rights_tables import deliveries
from pellucid.records.transparency_tables import messages_sent
from pellucid.settings import Settings
from pellucid.worker import Worker
from pellucid.workspace import Workspace, restore
from tests.delivery.post_office import HOST, PostOffice, open_post_office
from tests.rights.packages.conftest import make_shop
from tests.shop import Shop

NOTICE, YEARLY, KIND = "notice-changed", "yearly", ["notice-changed"]


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_post_office() as opened:
        yield opened


@pytest.fixture(scope="module")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which Alice and Bob said yes to letters, and the notice about them is another one now.

    Of Alice two addresses are held, so that nobody knows which is hers.
    """
    folder = tmp_path_factory.mktemp("messages") / "shop"
    make_shop(folder)
    with Workspace(folder) as workspace:
        pia = workspace.actor("pia")
        workspace.consent.record("give", "bob", purpose="letters", actor=pia, namespace="customer", covers="held_data")
    draft = folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace('version: "7"', 'version: "8"'))
    with Workspace(folder) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
    return folder


@pytest.fixture
def shop(made_shop: Path, tmp_path: Path, office: PostOffice) -> Iterator[Workspace]:
    shutil.copytree(made_shop, tmp_path / "shop")
    settings = Settings(
        smtp_host=HOST,
        smtp_port=office.port,
        smtp_from="privacy@shop.example",
        smtp_tls="none",
        public_url="https://shop.example/",
        messages=("notice-changed",),
    )
    with Workspace(tmp_path / "shop", settings) as workspace:
        yield workspace


def work(shop: Workspace) -> Counter[str]:
    return Worker(shop.work).run_until_idle()


def token_in(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain",))
    assert part is not None
    page, link = (word for word in part.get_content().split() if word.startswith("https://"))
    assert page == "https://shop.example/privacy/notice"
    assert link.startswith("https://shop.example/privacy/messages/")
    return str(link).rpartition("/")[2]


def actions(shop: Workspace) -> Counter[str]:
    with shop.room.database.read() as connection:
        return Counter(log.actions(connection))


def test_the_worker_sends_what_is_due_once_in_text_and_html(shop: Workspace, office: PostOffice) -> None:
    assert shop.messages.due(actor=shop.actor("pia"))[NOTICE] == 2
    work(shop)
    work(shop)
    (mail,) = office.taken
    assert (mail["To"], mail["Subject"]) == ("bob@mail.example", "What we tell you about your data has changed")
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert shop.messages.send(KIND, actor=shop.actor("pia")) == {"done before": 1, "no address": 1}
    assert (actions(shop)["message.put"], actions(shop)["delivery.sent"]) == (1, 1)


def test_a_link_shows_and_changes_what_one_is_sent_and_nothing_else(shop: Workspace, office: PostOffice) -> None:
    work(shop)
    token = token_in(office.taken[0])
    assert shop.messages.preferences(token) == {"consent-expiring": True, NOTICE: True, YEARLY: True}
    shop.messages.prefer(token, YEARLY, wanted=False)
    assert shop.messages.preferences(token) == {"consent-expiring": True, NOTICE: True, YEARLY: False}
    assert actions(shop)["message.chosen"] == 1
    with pytest.raises(NameUnknown, match=r"^There is no kind of messages"):
        shop.messages.prefer(token, "request-answered", wanted=False)
    with pytest.raises(NotPermitted, match=r"^This link opens nothing\.$"):
        shop.messages.prefer(token.replace(".", "0.", 1), YEARLY, wanted=True)


def test_a_message_that_waits_is_not_handed_over_once_its_person_restricts_all_use(
    shop: Workspace, office: PostOffice
) -> None:
    pia = shop.actor("pia")
    assert shop.messages.send(KIND, actor=pia) == {"no address": 1, "put": 1}
    shop.consent.record("restrict", "bob", purpose=None, actor=pia, namespace="customer")
    work(shop)
    assert (office.taken, actions(shop)["delivery.stopped"]) == ([], 1)
    with shop.room.database.read() as connection:
        rows = connection.execute(select(deliveries.c.state, deliveries.c.content)).all()
    assert [tuple(row) for row in rows] == [("given-up", None)]


def test_the_log_holds_no_address_and_nobodys_key(shop: Workspace, office: PostOffice) -> None:
    work(shop)
    assert len(office.taken) == 1
    with shop.room.database.read() as connection:
        bodies = b"\n".join(each.body for each in log.entries(connection))
    assert [bodies.count(word) for word in (b"mail.example", b"alice", b"bob")] == [0, 0, 0]


@pytest.mark.slow
def test_it_is_done_on_the_command_line(shop: Workspace) -> None:
    run = Shop(shop.folder).run
    planned = run("messages", "plan", "--as", "pia")
    assert (planned.code, [line.split() for line in planned.out.splitlines() if NOTICE in line]) == (0, [[NOTICE, "2"]])
    sent = run("messages", "send", "--kind", NOTICE, "--as", "pia")
    assert (sent.code, sent.out) == (0, "no address: 1\nput: 1\n")
    refused = run("messages", "send", "--as", "ana")
    assert (refused.code, refused.err.split("\n")[0].startswith("error [not-permitted]")) == (3, True)


@pytest.mark.slow
def test_everybody_is_told_of_a_notice_that_changed_and_the_officer_sees_how_many_were(
    shop: Workspace, office: PostOffice
) -> None:
    pia, draft = shop.actor("pia"), shop.folder / "policy" / "policy.yaml"

    def publish(old: str, new: str) -> bool:
        draft.write_text(draft.read_text().replace(old, new))
        shop.policy.activate(actor=shop.actor("pia"))
        return shop.notices.publish(actor=pia).told

    draft.write_text(draft.read_text().replace("messages-send,", "messages-send, notice-publish,"))
    assert (publish("", ""), shop.messages.told(actor=pia)) == (False, None)
    assert publish("We count what is bought.", "We count what is bought and brought back.")
    found = shop.messages.told(actor=pia)
    assert found is not None
    assert (found.told, found.people) == (0, sum(each.people for each in found.rounds))
    work(shop)
    told = shop.messages.told(actor=pia)
    assert told is not None
    assert told.told == len(office.taken) > 1
    mails = {mail["To"]: mail.get_body(("plain",)) for mail in office.taken}
    words = {to: body.get_content() for to, body in mails.items() if body is not None}
    new = "We count what is bought and brought back."
    assert [to for to, text in words.items() if new not in text] == []
    assert [to for to, text in words.items() if "You said yes to" in text] == ["bob@mail.example"]
    run = Shop(shop.folder).run("messages", "plan", "--as", "pia")
    sent = f"{told.told:,} of {told.people:,} people were sent a message about it."
    assert (run.code, " ".join(run.out.split()).count(sent)) == (0, 1)


@pytest.mark.slow
def test_whoever_was_sent_a_message_after_a_backup_is_not_sent_it_again_by_what_was_restored(
    shop: Workspace, office: PostOffice
) -> None:
    outside, draft = shop.folder.parent, shop.folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("messages-send,", "messages-send, backup, restore,"))
    shop.policy.activate(actor=shop.actor("pia"))
    pia = shop.actor("pia")
    places = {"keys": outside / "keys", "journal": outside / "journal"}
    shop.backup(outside / "backup", actor=pia, **places)
    assert shop.messages.send(KIND, actor=pia)["put"] == 1
    since = [outside / "journal"]
    restored = restore(outside / "backup", outside / "again", keys=outside / "keys", since=since, actor_name="pia")
    assert restored is not None
    with Workspace(outside / "again") as again:
        assert again.messages.send(KIND, actor=again.actor("pia")) == {"done before": 1, "no address": 1}


@pytest.mark.slow
def test_no_message_in_a_backup_goes_to_whom_its_person_was_split_from_since(shop: Workspace) -> None:
    outside, draft = shop.folder.parent, shop.folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("messages-send,", "messages-send, backup, restore, subject-link,"))
    shop.policy.activate(actor=shop.actor("pia"))
    pia, two = shop.actor("pia"), (("customer", "bob"), ("customer", "alice"))
    assert shop.messages.send(KIND, actor=pia)["put"] == 1
    shop.identities.link(*two, evidence="file 7", actor=pia)
    places = {"keys": outside / "keys", "journal": outside / "journal"}
    shop.backup(outside / "backup", actor=pia, **places)
    shop.identities.split(*two, evidence="two people", actor=pia)
    since = [outside / "journal"]
    assert restore(outside / "backup", outside / "again", keys=outside / "keys", since=since, actor_name="pia")
    with Workspace(outside / "again") as again, again.room.database.read() as connection:
        assert connection.scalars(select(messages_sent.c.link).where(messages_sent.c.who != b"")).all() == []
        assert list(connection.scalars(select(deliveries.c.state))) == ["due"]
