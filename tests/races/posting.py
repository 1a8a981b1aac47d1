"""Work that sends mail, for crash tests: what is put, and a worker beside a mail server that notes what it took."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory

from sqlalchemy import insert, select

from pellucid.delivery import outbox
from pellucid.records.rights_tables import agents, rights_requests
from pellucid.rights import challenges
from pellucid.rights.callbacks import ABOUT
from pellucid.rights.challenges import Contact
from pellucid.settings import Settings
from pellucid.worker import Worker
from pellucid.workspace import Workspace, wall_clock
from pellucid.workspace.callbacks import Callbacks
from pellucid.workspace.sending import Sending
from pellucid.workspace.tasks import WORKER, Task, challenge_key, challenge_task
from pellucid.workspace.work import WorkDesk
from tests.delivery.listener import NAME, listening
from tests.delivery.post_office import HOST, open_post_office

SHORT_CLAIMS = {"PELLUCID_WORK_SECONDS": "0.05"}
"""What a killed worker claimed is free again when the next process has started."""
ALICE = "alice@home.example"
NOTED = "mailed.txt"
CALLED = "r0123456789ab"


def put_mail(folder: Path) -> None:
    """Put one mail that is to go out."""
    with Workspace(folder) as workspace, workspace.room.database.write() as connection:
        outbox.put_mail(connection, "test", ALICE, "Hello", "Hello\n", wall_clock())


def put_challenge(folder: Path) -> None:
    """Put a request that is under way, and a challenge of it."""
    with Workspace(folder) as workspace:
        key, now = challenge_key(workspace.room), wall_clock()
        row = {"id": "r1", "right": "access", "namespace": "customer", "subject": 0, "by_whom": "self", "reason": ""}
        row |= {"channel": "web", "state": "in_progress", "verification": "asked", "due": "", "verified_strength": 0}
        row["strength"] = 1
        with workspace.room.database.write() as connection:
            connection.execute(insert(rights_requests).values(row | {"received_at": now}))
            challenges.put(connection, key, "r1", challenges.CODE, now)


def put_callback(folder: Path) -> None:
    """Put a request of an agent that was denied, which it is to be told."""
    place = f"{NAME}:{_port()}"
    now = wall_clock()
    agent = {"id": "AGENT", "name": "An agent", "key": bytes(32), "made_by": "pia", "made_at": now}
    row = {"id": CALLED, "right": "access", "namespace": "customer", "by_whom": "agent", "reason": "other"}
    row |= {"channel": "drp", "state": "denied", "verification": "none", "agent": "agent:AGENT", "due": "2100-01-01"}
    numbers = {"strength": 1, "verified_strength": 0, "received_at": now, "closed_at": now}
    with Workspace(folder) as workspace, workspace.room.database.write() as connection:
        connection.execute(insert(agents).values(agent | {"callback_host": place}))
        connection.execute(insert(rights_requests).values(row | numbers))
        content = {"to": f"https://{place}/"}
        outbox.put(connection, "d1", outbox.CALLBACK, "AGENT", f"{ABOUT}{CALLED}", content, now)


def call_back(folder: Path) -> None:
    """Do what is due with the agent's server beside, and append the hash of each text that it took to NOTED."""
    with Workspace(folder) as workspace:
        with workspace.room.database.read() as connection:
            place = connection.scalar(select(agents.c.callback_host)) or ""
        port = int(place.rpartition(":")[2])
        with (
            TemporaryDirectory() as own,
            listening(Path(own), lambda taken: _note(folder, sha256(taken.body).hexdigest()), port) as listener,
        ):
            sending = Sending(workspace.room, WORKER, Callbacks(workspace.room, listener.poster()))
            desk = WorkDesk(workspace.room, {outbox.JOB: Task(sending, sending.given_up)}, ())
            ended = Worker(desk).run_until_idle()
    print(dict(ended))


def deliver(folder: Path) -> None:
    """Do what is due with a mail server beside, and append each Message-ID that it took to NOTED."""
    _work(folder, with_challenges=False)


def challenge(folder: Path) -> None:
    """Do the same where challenges can be sent."""
    _work(folder, with_challenges=True)


def noted(folder: Path) -> list[str]:
    """Return the Message-ID of each mail that was taken, in order."""
    path = folder / NOTED
    return path.read_text().split() if path.exists() else []


def _port() -> int:
    """Return a port that is free, and stays so: below those that the system gives to whoever asks for any."""
    for port in random.sample(range(10_000, 32_000), 100):
        with suppress(OSError), create_server((HOST, port)):
            return port
    raise AssertionError("there is no free port")


def _held(_namespace: str, _subject: int) -> Sequence[Contact]:
    return [Contact("email", ALICE, "members.mail")]


def _work(folder: Path, *, with_challenges: bool) -> None:
    with open_post_office(on_mail=lambda mail: _note(folder, str(mail["Message-ID"]))) as office:
        settings = Settings(smtp_host=HOST, smtp_port=office.port, smtp_from="privacy@shop.example", smtp_tls="none")
        with Workspace(folder, settings) as workspace:
            desk = workspace.work
            tasks = dict(desk.tasks)
            if with_challenges:
                tasks[challenges.JOB] = challenge_task(workspace.room, _held)
            ended = Worker(WorkDesk(workspace.room, tasks, desk.plans)).run_until_idle()
    print(dict(ended))


def _note(folder: Path, id: str) -> None:
    with (folder / NOTED).open("a") as file:
        file.write(f"{id}\n")
        file.flush()
        os.fsync(file.fileno())
