"""Identity checks over both databases, or over SQLite where that makes no difference."""

from __future__ import annotations

import pytest

from pellucid.policy.model import Policy
from pellucid.records.database import Database
from tests.policy.conftest import SOUND
from tests.records.sqlite import new_control
from tests.rights.identity.checking import Desk
from tests.rights.requests import put_request


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    from pellucid.policy.load import load_policy

    folder = tmp_path_factory.mktemp("policy")
    (folder / "policy.yaml").write_text(SOUND)
    return load_policy(folder)


@pytest.fixture
def desk(control: Database, policy: Policy) -> Desk:
    put_request(control)
    return Desk(control, policy)


@pytest.fixture
def plain(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Desk:
    database = new_control(tmp_path_factory.mktemp("plain") / "control.sqlite")
    put_request(database)
    return Desk(database, policy)
