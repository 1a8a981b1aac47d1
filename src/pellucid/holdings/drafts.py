"""Where the rows of a derived table lie on their way into a generation: one build at a time, gone when it is there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pellucid.errors import DataRefused
from pellucid.holdings.publish import DATA_FOLDER

DRAFTS = ".built"


@contextmanager
def drafts(workspace: Path) -> Iterator[Path]:
    """Make a folder (0700) below the data folder for one build at a time; what a dead one left there goes first.

    Raises DataRefused (`build-running`) while another build lives.
    """
    place = workspace / DATA_FOLDER / DRAFTS
    place.mkdir(mode=0o700, exist_ok=True)
    with _alone_in(place):
        folder = place / "rows"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def clear_drafts(workspace: Path) -> None:
    """Remove what a build that died left behind; raises DataRefused (`build-running`) while one lives."""
    place = workspace / DATA_FOLDER / DRAFTS
    if place.is_dir():
        with _alone_in(place):
            shutil.rmtree(place / "rows", ignore_errors=True)


@contextmanager
def _alone_in(place: Path) -> Iterator[None]:
    descriptor = os.open(place / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # releases the lock


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataRefused(
            "A derived table is being built in this workspace.",
            remedy="Wait until it is done, then run this again.",
            code="build-running",
        ) from None
