"""`pellucid messages ...`: which messages to people are due, and sending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, wrapped

if TYPE_CHECKING:
    from pellucid.workspace.messages import NoticeTold

app = typer.Typer(help="Messages to people about their data.", no_args_is_help=True)


@app.command()
def plan(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Count the messages that are due by kind, sent already or not; nobody is named, and nothing is sent.

    And tell how far everybody was told of the notice that was published last.
    """
    with opened(workspace) as found:
        who = found.actor(actor_name(actor))
        counted, told = found.messages.due(actor=who), found.messages.told(actor=who)
    typer.echo(plain_table(["kind", "due"], [[kind, f"{count:,}"] for kind, count in counted.items()]))
    if told is not None:
        _tell(told)


def _tell(told: NoticeTold) -> None:
    sent = f"{told.told:,} of {told.people:,} people were sent a message about it"
    typer.echo(wrapped(f"Notice published {instant(told.at)}: {sent}."))
    for each in told.rounds:
        if each.again_at is None:
            goes_on = "everybody was looked at."
        else:
            goes_on = f"{each.place:,} of {each.people:,} were looked at; it goes on from {instant(each.again_at)}."
        typer.echo(wrapped(f"{each.namespace}: {goes_on}", bullet="- "))


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
