"""A workspace with a policy and no data, on both databases, and a mail server beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.delivery import outbox
from pellucid.settings import Settings
from pellucid.workspace import Workspace, create
from tests.delivery.post_office import HOST, PostOffice, open_post_office
from tests.records.postgresql import drop_database, new_database
from tests.shop import EXAMPLE, Shop

ALICE = "alice@home.example"


def server(office: PostOffice) -> dict[str, str]:
    """Return the environment in which mail goes to a post office."""
    settings = {"HOST": HOST, "PORT": str(office.port), "FROM": "privacy@shop.example", "TLS": "none"}
    return {f"PELLUCID_SMTP_{name}": value for name, value in settings.items()}


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_post_office() as opened:
        yield opened


@pytest.fixture
def shop(dialect: str, request: pytest.FixtureRequest, tmp_path: Path, office: PostOffice) -> Iterator[Shop]:
    """A workspace on each database, whose commands send mail to the office."""
    folder, url = tmp_path / "shop", None
    if dialect == "postgresql":
        url = new_database(request.getfixturevalue("postgresql"))
    with create(folder, name="test/shop", database_url=url) as made:
        made.policy.activate(actor=made.actor(), folder=EXAMPLE / "policy")
    yield Shop(folder, server(office))
    if url is not None:
        drop_database(request.getfixturevalue("postgresql"), url)


@pytest.fixture
def workspace(tmp_path: Path, office: PostOffice) -> Iterator[Workspace]:
    """One on SQLite, whose mail goes to the office."""
    with create(tmp_path / "one", name="test/one") as made:
        made.policy.activate(actor=made.actor(), folder=EXAMPLE / "policy")
    settings = Settings(smtp_host=HOST, smtp_port=office.port, smtp_from="privacy@shop.example", smtp_tls="none")
    with Workspace(tmp_path / "one", settings) as opened:
        yield opened


def put_mails(workspace: Workspace, number: int = 1) -> list[str]:
    """Put mails that are due; return their deliveries' ids."""
    now = workspace.room.clock()
    with workspace.room.database.write() as connection:
        return [outbox.put_mail(connection, "test", ALICE, f"Mail {n}", "Hello\n", now) for n in range(number)]
