"""`pellucid messages ...`: which messages to people are due, and sending them."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import plain_table

app = typer.Typer(help="Messages to people about their data.", no_args_is_help=True)


@app.command()
def plan(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Count the messages that are due by kind, sent already or not; nobody is named, and nothing is sent."""
    with opened(workspace) as found:
        counted = found.messages.due(actor=found.actor(actor_name(actor)))
    typer.echo(plain_table(["kind", "due"], [[kind, f"{count:,}"] for kind, count in counted.items()]))


@app.command()
def send(
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind; repeat it.", show_default="those that are set")
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put the messages that are due into the outbox; `pellucid work` hands them over. Each is logged."""
    with opened(workspace) as found:
        outcomes = found.messages.send(kinds or None, actor=found.actor(actor_name(actor)))
    for outcome, count in outcomes.items():
        typer.echo(f"{outcome}: {count:,}")
    if not outcomes:
        typer.echo("Nothing is due.")
