"""Removing what lies in files about people: packages that nobody fetched, and what engines spilt and left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pellucid.engines.spill import clear
from pellucid.errors import VerificationFailed
from pellucid.holdings.drafts import clear_drafts
from pellucid.holdings.publish import DATA_FOLDER
from pellucid.rights import traces
from pellucid.rights.draft import alone_in
from pellucid.rights.means import Means
from pellucid.rights.packages import remove_forsaken
from pellucid.rights.people import Person

ENGINE_FOLDER = ".engine"


def remove_spilt(means: Means) -> None:
    """Remove what engines and builds that died left in the workspace; those that live remove their own.

    Raises DataRefused while an import runs or a derived table is being built: what they hold may be of these people.
    """
    with means.place.locked():  # empties the spill folder of imports and sorts
        clear(means.place.folder / DATA_FOLDER / ENGINE_FOLDER)
    clear_drafts(means.place.folder)


def remove_packages(means: Means, people: Sequence[Person]) -> None:
    """Remove the access packages of these people; a path that leads out of the workspace is left alone.

    Folders of no package that is there go too. Raises WorkspaceUnusable (`package-busy`) while one is being made,
    since what is removed would be written again, and VerificationFailed for what cannot be removed.
    """
    folder = means.place.folder
    with means.place.database.write() as connection:
        found = traces.packages_of(connection, people)
        for _name, path in found:
            place = (folder / path).resolve()
            if place.is_relative_to(folder) and place != folder:
                _remove(place)
        with _removing():
            remove_forsaken(connection, folder)
        traces.note_packages_gone(connection, [name for name, _ in found], means.clock())


def _remove(place: Path) -> None:
    if place.is_dir():
        with alone_in(place), _removing():
            shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


@contextmanager
def _removing() -> Iterator[None]:
    """Let nothing pass for removed that the operating system kept: it is packed, so that no search would see it."""
    try:
        yield
    except OSError:
        raise VerificationFailed(
            "An access package of somebody who is erased cannot be removed.",
            remedy="Check the permissions of the folder `exports`, then run it again: pellucid erase run.",
            code="erasure-incomplete",
        ) from None
