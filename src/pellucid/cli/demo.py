"""`pellucid demo`: the worked example, told by the very commands it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.quick import with_pandas


def demo(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Keep it here.", show_default="a temporary folder")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.0, max=1440, help="How long its pages run afterwards.")] = 60,
) -> None:
    """Watch the main job run on simulated data.

    A grocer's story in the very commands that it prints; it fails if a step's numbers are not as it says. At its
    end the privacy centre and the console run for a while, with links to sign in.
    """
    with_pandas()
    from pellucid.demo.story import tell  # noqa: PLC0415  -- slow

    tell(folder, minutes)
