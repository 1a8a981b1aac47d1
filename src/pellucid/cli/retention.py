"""`pellucid retention ...`: what may be kept no longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened

if TYPE_CHECKING:
    from pellucid.rights.retention import Retired

app = typer.Typer(help="Rows and values whose time is over.", no_args_is_help=True)


@app.command()
def preview(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show what would go, and change nothing."""
    with opened(workspace) as found:
        _tell(found.erasures.retention_preview(actor=found.actor(actor_name(actor))), "would go")


@app.command()
def run(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Let go of what may be kept no longer; never what is held or restricted."""
    with opened(workspace) as found:
        _tell(found.erasures.retain(actor=found.actor(actor_name(actor))), "went")


def _tell(found: Sequence[Retired], verb: str) -> None:
    for each in found:
        erased = f", {each.erased} rows of erased people" if each.erased else ""
        typer.echo(f"{each.dataset}: {each.rows} rows {verb}, {each.values} values emptied{erased}.")
    if not found:
        typer.echo(f"Nothing {verb}.")
