"""The grocer, and the grocer's analysts, served in this process with a post office beside it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pellucid.governance import waits
from pellucid.settings import Settings
from pellucid.workspace import Workspace
from tests.delivery.post_office import HOST, open_post_office
from tests.web.analysts import make_analysts, served
from tests.web.conftest import serving
from tests.web.provider import Provider, running_provider, with_provider
from tests.web.visitors import Grocer, make_grocer


@pytest.fixture(scope="session")
def grocer_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grocer") / "workspace"
    make_grocer(folder)
    return folder


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def grocer(grocer_made: Path, tmp_path: Path, settings: Settings) -> Iterator[Grocer]:
    shutil.copytree(grocer_made, tmp_path / "workspace")
    with open_post_office() as office:
        mail = {"smtp_host": HOST, "smtp_port": office.port, "smtp_from": "privacy@shop.example", "smtp_tls": "none"}
        with (
            Workspace(tmp_path / "workspace", settings.model_copy(update=mail)) as workspace,
            serving(workspace) as address,
        ):
            yield Grocer(workspace, office, address)


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have whoever has to wait wait for an hour the first time too: seconds are over before a busy machine is there."""
    monkeypatch.setattr(waits, "FIRST", waits.LONGEST)


@pytest.fixture(scope="session")
def analysts_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysts") / "workspace"
    make_analysts(folder)
    return folder


@pytest.fixture
def shop(analysts_made: Path, tmp_path: Path, settings: Settings) -> Iterator[Grocer]:
    """The grocer whose analysts ask in the browser."""
    shutil.copytree(analysts_made, tmp_path / "analysts")
    with served(tmp_path / "analysts", settings) as found:
        yield found


@contextmanager
def served_with_provider(made: Path, folder: Path, provider: Provider, **changed: object) -> Iterator[Grocer]:
    """Serve the grocer with a provider at both doors, at an address that is known beforehand, as it is in the world."""
    shutil.copytree(made, folder / "workspace")
    with socket.socket() as kept, open_post_office() as office:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # so that the server may listen there beside it
        kept.bind(("127.0.0.1", 0))  # for as long as it is served: else another process could take it before
        port = kept.getsockname()[1]
        found = Settings.model_validate(with_provider(provider, f"http://127.0.0.1:{port}") | changed)
        mail = {"smtp_host": HOST, "smtp_port": office.port, "smtp_from": "privacy@shop.example", "smtp_tls": "none"}
        with (
            Workspace(folder / "workspace", found.model_copy(update=mail)) as workspace,
            serving(workspace, port) as address,
        ):
            yield Grocer(workspace, office, address)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as found:
        yield found


@pytest.fixture
def company(grocer_made: Path, tmp_path: Path, provider: Provider) -> Iterator[Grocer]:
    """The grocer, with a provider at both doors."""
    with served_with_provider(grocer_made, tmp_path, provider) as found:
        yield found
