"""Removing what lies in files about people: packages that nobody fetched, and what engines spilt and left behind."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pellucid.engines.spill import clear
from pellucid.holdings.drafts import clear_drafts
from pellucid.holdings.publish import DATA_FOLDER
from pellucid.rights import traces
from pellucid.rights.draft import alone_in
from pellucid.rights.means import Means
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

    Raises WorkspaceUnusable (`package-busy`) while one is being made: what is removed would be written again.
    """
    folder = means.place.folder
    with means.place.database.write() as connection:
        found = traces.packages_of(connection, people)
        for _name, path in found:
            place = (folder / path).resolve()
            if place.is_relative_to(folder) and place != folder:
                _remove(place)
        traces.note_packages_gone(connection, [name for name, _ in found], means.clock())


def _remove(place: Path) -> None:
    if place.is_dir():
        with alone_in(place):
            shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
