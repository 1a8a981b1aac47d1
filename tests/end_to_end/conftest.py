"""A workspace made once a session, copied for each test, and commands run in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pellucid.cli import main as entry
from pellucid.cli.options import Chosen
from tests.shop import Said, Shop, make_shop


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "shop"
    make_shop(folder)
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Shop:
    shutil.copytree(made, tmp_path / "shop")
    return Shop(tmp_path / "shop")


Run = Callable[..., Said]


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run the command line in this process, as `main` does, in the shop's workspace."""
    monkeypatch.setenv("PELLUCID_WORKSPACE", str(shop.folder))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(entry, "without_pandas", lambda: None)  # other tests in this process may need it

    def runner(*words: str) -> Said:
        monkeypatch.setattr("sys.argv", ["pellucid", *words])
        with pytest.raises(SystemExit) as ended:
            entry.main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    yield runner
    Chosen.workspace = Chosen.actor = None
