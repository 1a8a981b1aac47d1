"""The options that many commands share, and opening the workspace that they name.

Heavy imports wait for the command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pellucid.workspace import Workspace

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder of the workspace.", show_default="PELLUCID_WORKSPACE, or here"),
]
ActorOption = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who acts: a label, not a login.", show_default="the system's user"),
]
PurposeOption = Annotated[str, typer.Option("--purpose", "-p", help="The declared purpose.")]


class Chosen:
    """What was said before the command: `pellucid --workspace W --as ana query ...`."""

    workspace: Path | None = None
    actor: str | None = None


@contextmanager
def opened(workspace: Path | None) -> Iterator[Workspace]:
    """Open the workspace that was named after the command, before it, or in the environment; else the folder here."""
    from pellucid.settings import Settings  # noqa: PLC0415  -- pydantic: `--help` need not wait for it
    from pellucid.workspace import Workspace  # noqa: PLC0415  -- the whole product

    settings = Settings()
    with Workspace(workspace or Chosen.workspace or settings.workspace, settings) as found:
        yield found


def actor_name(named: str | None) -> str | None:
    """Return who acts, as said after the command or before it."""
    return named or Chosen.actor
