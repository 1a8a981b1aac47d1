"""The folder in which a package is made: files under their names once whole, and what they rest on, for going on.

One process works in it at a time. What is in it is as private as the data: 0700, files 0600.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pellucid.errors import WorkspaceUnusable
from pellucid.policy.model import Policy
from pellucid.rights.gather import Gathered
from pellucid.rights.row_files import Parts, whole_file
from pellucid.rights.sections import Section
from pellucid.subjects.links import Identity

FILES = "files"
STATE = "draft.json"


@dataclass(frozen=True, slots=True)
class Draft:
    """A package that is being made, in a folder of its own."""

    place: Path

    @property
    def files(self) -> Path:
        """Where the files lie that go into the package."""
        return self.place / FILES

    def rows_of(self, section: Section) -> Parts:
        """Return the two files of a dataset's rows."""
        return Parts(self.files, f"data/{section.dataset.name}")

    def keep(self, gathered: Gathered) -> None:
        """Keep what the files rest on; from then on a run that died is gone on with."""
        with whole_file(self.place / STATE) as file:
            json.dump(gathered.as_json(), file, ensure_ascii=False)

    def kept(self, policy: Policy, identities: Sequence[Identity], *, since: int) -> Gathered | None:
        """Return what an earlier run gathered about these identities under this policy, if that is not too old."""
        try:
            stored = json.loads((self.place / STATE).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        found = Gathered.from_json(stored, policy)
        fits = found is not None and found.identities == tuple(identities) and found.stamp().as_of >= since
        return found if fits else None


@contextmanager
def alone(folder: Path, under: str, id: str) -> Iterator[Path]:
    """Give the folder of one package, to this process only; raises WorkspaceUnusable if another one is at it."""
    place = folder / under / id
    for each in (folder / under.partition("/")[0], folder / under, place):
        each.mkdir(mode=0o700, exist_ok=True)
        each.chmod(0o700)
    with alone_in(place):
        yield place


@contextmanager
def alone_in(place: Path) -> Iterator[None]:
    """Hold the folder of a package that is there; raises WorkspaceUnusable if another process is at it."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a lock dies with its process
        yield
    except BlockingIOError:
        raise WorkspaceUnusable(
            "This package is being made by another process.", remedy="Wait for it.", code="package-busy"
        ) from None
    finally:
        os.close(descriptor)


def clear(place: Path, *, keep: str = "") -> None:
    """Remove everything in the folder of a package but one file."""
    for each in sorted(place.iterdir()) if place.is_dir() else ():
        if each.name == keep:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
