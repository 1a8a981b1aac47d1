"""`pellucid witness ...`: a witness in a folder of its own, best on another machine, that cosigns the log's head."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened

app = typer.Typer(help="Witnesses of the log.", no_args_is_help=True)


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="New or empty folder, outside the workspace.")],
    log_key: Annotated[str, typer.Option("--log-key", help="The log's public key, or its file.")],
    name: Annotated[str, typer.Option("--name", help="The witness's name, without spaces.")] = "pellucid-witness",
) -> None:
    """Make a witness that takes on the log with this key."""
    from pellucid.workspace.audit import create_witness  # noqa: PLC0415  -- slow

    typer.echo(f"Made the witness {name} in {folder}. Its public key:\n{create_witness(folder, name, log_key=log_key)}")


@app.command()
def cosign(
    folder: Annotated[Path, typer.Argument(help="The witness's folder.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Have the witness cosign the head of the log.

    A fork or a rollback is refused.
    """
    with opened(workspace) as found:
        done = found.audit.witness(folder, actor=found.actor(actor_name(actor)))
    typer.echo(f"The witness cosigned {done.size:,} entries of {done.origin}.")


@app.command()
def seen(
    folder: Annotated[Path, typer.Argument(help="The witness's folder.")],
    log: Annotated[
        str | None, typer.Option("--log", help="Name of the log.", show_default="the only one it knows")
    ] = None,
) -> None:
    """Print the checkpoint that the witness cosigned last.

    Verify a log against it (`audit verify --against`) to find one that was rolled back as a whole.
    """
    from pellucid.workspace.audit import seen_by_witness  # noqa: PLC0415  -- slow

    typer.echo(seen_by_witness(folder, log).decode(), nl=False)
