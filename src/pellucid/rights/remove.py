"""Removing what lies in files about people: access packages that nobody fetched."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from pellucid.rights import traces
from pellucid.rights.means import Means
from pellucid.rights.people import Person


def remove_packages(means: Means, people: Sequence[Person]) -> None:
    """Remove the access packages of these people; a path that leads out of the workspace is left alone."""
    folder = means.place.folder
    with means.place.database.write() as connection:
        found = traces.packages_of(connection, people)
        for _name, path in found:
            place = (folder / path).resolve()
            if place.is_relative_to(folder) and place != folder:
                shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
        traces.note_packages_gone(connection, [name for name, _ in found], means.clock())
