"""Spill folders: one for each engine, 0700, emptied of what a killed process left behind. Nothing here reads them."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pellucid.errors import WorkspaceUnusable


class SpillFolder:
    """A folder that belongs to one engine for as long as it lives; abandoned siblings are removed on the way in.

    Raises WorkspaceUnusable where it cannot be made.
    """

    def __init__(self, parent: Path) -> None:
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            parent.chmod(0o700)
            with _alone_in(parent):
                _remove_abandoned(parent)
                self.path = parent / secrets.token_hex(8)
                self.path.mkdir(mode=0o700)
                self._owner = _lock(self.path)
        except OSError:
            raise WorkspaceUnusable(
                "The engine cannot make its folder in the workspace.",
                remedy="Check the permissions of the workspace's data folder, and the free space on its disk.",
                code="engine-folder",
            ) from None

    def remove(self) -> None:
        """Delete the folder with all that was spilt; may be called again."""
        if self._owner is None:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._owner)
        self._owner = None


@contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    descriptor = os.open(parent / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds the folder, or None if a living process has it. A lock dies with its process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def clear(parent: Path) -> None:
    """Remove what engines that are gone left behind, if there is anything; raises OSError."""
    if parent.is_dir():
        with _alone_in(parent):
            _remove_abandoned(parent)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.iterdir():
        if not folder.is_dir() or folder.is_symlink():
            continue
        descriptor = _lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
