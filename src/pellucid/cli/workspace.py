"""`pellucid init` and `pellucid upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, Chosen, WorkspaceOption, actor_name


def init(
    folder: Annotated[Path | None, typer.Argument(help="New or empty folder.", show_default="--workspace")] = None,
    example: Annotated[bool, typer.Option("--example", help="Put the grocer's policy into it.")] = False,
    origin: Annotated[str | None, typer.Option(help="Name of the log, without spaces.")] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Empty PostgreSQL database.", show_default="control.sqlite in the folder"),
    ] = None,
    actor: ActorOption = None,
) -> None:
    """Make a workspace.

    It is a folder with a control database, keys (0600), and folders for drafts of the policy and for data.
    """
    from pellucid.workspace import create  # noqa: PLC0415  -- slow

    place = folder or Chosen.workspace or Path()
    with create(place, name=origin, actor_name=actor_name(actor), database_url=database) as made:
        if example:
            from pellucid.demo.story import put_policy  # noqa: PLC0415  -- slow

            put_policy(made.policy.folder)
        typer.echo(f"Made a workspace in {place}.")
        typer.echo(f"The log's public key, to be given to auditors and witnesses:\n{made.audit.verifier}")
        typer.echo("Embedded, a workspace has a single trusted operator: --as is a label, not a login.")


def upgrade(workspace: WorkspaceOption = None) -> None:
    """Bring an older workspace to this version.

    Back it up first.
    """
    from pellucid.settings import Settings  # noqa: PLC0415  -- slow
    from pellucid.workspace.upgrade import upgrade_workspace  # noqa: PLC0415  -- slow

    steps = upgrade_workspace(workspace or Chosen.workspace or Settings().workspace)
    typer.echo(f"Ran {', '.join(steps)}." if steps else "The workspace is current.")
