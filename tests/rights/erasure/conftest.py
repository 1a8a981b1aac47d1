"""The corner shop, made once, and a copy of it for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.settings import Settings
from pellucid.workspace import Workspace
from tests.shop import make_shop


@pytest.fixture(scope="session")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rights") / "shop"
    make_shop(folder)
    return folder


@pytest.fixture
def shop(made_shop: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made_shop, tmp_path / "shop")
    with Workspace(tmp_path / "shop", Settings(checkpoint_minutes=0)) as workspace:
        yield workspace
