"""What was to go out when a workspace was lost goes out once after the restore; what had gone out does not again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.delivery import outbox
from pellucid.delivery.recipients import Notice, tell
from pellucid.policy.model import Recipient
from pellucid.records.rights_tables import deliveries
from pellucid.settings import Settings
from pellucid.worker import Worker
from pellucid.workspace import Workspace
from tests.backups.conftest import LATER, NOW, Saved
from tests.delivery.post_office import HOST, PostOffice, open_post_office

DAY = 86_400_000_000


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_post_office() as opened:
        yield opened


def opened(folder: Path, office: PostOffice, now: int = NOW) -> Workspace:
    """Open a workspace whose mail goes to the office."""
    mail = Settings(smtp_host=HOST, smtp_port=office.port, smtp_from="privacy@shop.example", smtp_tls="none")
    return Workspace(folder, mail, clock=lambda: now)


def put(workspace: Workspace, number: int) -> str:
    now = workspace.room.clock()
    with workspace.room.database.write() as connection:
        return outbox.put_mail(connection, "test", "alice@home.example", f"Mail {number}", "Hello\n", now)


def subjects(office: PostOffice) -> list[str]:
    return sorted(str(mail["Subject"]) for mail in office.taken)


def states(workspace: Workspace) -> list[tuple[str, bool]]:
    """Return each delivery's state, and whether what it says is kept."""
    with workspace.room.database.read() as connection:
        found = connection.execute(select(deliveries).order_by(deliveries.c.sequence))
        return [(each.state, each.content is not None) for each in found]


@pytest.mark.parametrize("survivor", ["journal", "workspace"])
def test_each_mail_goes_out_once_whenever_it_was_put_and_sent(saved: Saved, office: PostOffice, survivor: str) -> None:
    folder = saved.desk.workspace.folder
    with opened(folder, office) as workspace:
        put(workspace, 1)
        workspace.backup(saved.folder / "b", actor="pia", keys=saved.folder / "k", journal=saved.folder / "j")
        put(workspace, 2)
        assert Worker(workspace.work).run_until_idle() == {"done": 2}
        put(workspace, 3)  # nothing is logged after it
        assert states(workspace) == [("sent", False), ("sent", False), ("due", True)]
    for name, its in (("backup", "b"), ("keys", "k")):
        (saved.folder / name).rename(saved.folder / f"first-{name}")
        (saved.folder / its).rename(saved.folder / name)
    saved.restore(saved.folder / "j" if survivor == "journal" else folder)

    assert subjects(office) == ["Mail 1", "Mail 2"]
    with opened(saved.new, office, LATER + 1) as again:
        assert states(again) == [("sent", False), ("sent", False), ("due", True)]
        Worker(again.work).run_until_idle()
        Worker(again.work).run_until_idle()
        assert states(again) == [("sent", False)] * 3
    assert subjects(office) == ["Mail 1", "Mail 2", "Mail 3"]


def test_a_reminder_that_was_sent_since_is_not_sent_again(saved: Saved, office: PostOffice) -> None:
    with opened(saved.desk.workspace.folder, office, NOW) as workspace:
        request = workspace.requests.file("access", "h8", actor=workspace.actor("pia")).request
        due = workspace.requests.show(request.id, actor=workspace.actor("pia")).request.due
    late = NOW + 29 * DAY
    with opened(saved.desk.workspace.folder, office, late) as workspace:
        Worker(workspace.work).run_until_idle()
    told = subjects(office)
    assert [each for each in told if each.startswith(f"Request {request.id} is ")] == told
    assert len(told) == 1, due
    saved.restore(saved.journal)

    with opened(saved.new, office, late + 1) as again:
        Worker(again.work).run_until_idle()
    assert subjects(office) == told


def test_what_a_recipient_was_told_and_answered_is_known_after_a_restore(saved: Saved, office: PostOffice) -> None:
    hosting = Recipient("hosting", "our hosting company", "DE", "processor")
    with opened(saved.desk.workspace.folder, office) as workspace:
        controller = workspace.policy.active().controller
        with workspace.room.database.write() as connection:
            (id,) = tell(connection, controller, [hosting], Notice("erasure", "e1", "household", ("h9",)), NOW)
        Worker(workspace.work).run_until_idle()
        workspace.recipients.record_answer(id, "all erased", actor=workspace.actor("pia"))
    saved.restore(saved.journal)

    with opened(saved.new, office, LATER + 1) as again, again.room.database.read() as connection:
        found = outbox.find(connection, id)
    assert (found.state, found.answer) == ("answered", "all erased")


def test_a_mail_that_was_given_up_since_is_not_tried_again(saved: Saved, office: PostOffice) -> None:
    office.replies["RCPT"] = "550 no such mailbox"
    with opened(saved.desk.workspace.folder, office) as workspace:
        put(workspace, 1)
        assert Worker(workspace.work).run_until_idle() == {"given-up": 1}
    saved.restore(saved.journal)

    with opened(saved.new, office, LATER + 1) as again:
        assert states(again) == [("given-up", False)]
        assert Worker(again.work).run_until_idle() == {}
