"""`pellucid recipient ...`: what those whom data were given to were told of erasures, and what they answered."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table

app = typer.Typer(help="What recipients were told, and answered.", no_args_is_help=True)


@app.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List what recipients were told, and what they answered; without what it says of whom."""
    with opened(workspace) as found:
        told = found.recipients.list(actor=found.actor(actor_name(actor)))
    rows = [
        [each.id, each.recipient, each.about, each.state, instant(each.settled_at or each.made_at), each.answer or ""]
        for each in told
    ]
    heads = ["delivery", "recipient", "about", "state", "since", "answer"]
    typer.echo(plain_table(heads, rows) if rows else "No recipient was told anything yet.")


@app.command()
def answer(
    delivery: Annotated[str, typer.Argument(help="The delivery's id.")],
    words: Annotated[str, typer.Argument(help="What they answered, without anything about the person.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Record what a recipient answered; a file that waited for it is deleted."""
    with opened(workspace) as found:
        found.recipients.record_answer(delivery, words, actor=found.actor(actor_name(actor)))
    typer.echo("Recorded.")
