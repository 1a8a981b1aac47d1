"""`pellucid retention ...`: what may be kept no longer, and whether it goes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant
from pellucid.policy.phrases import listed

if TYPE_CHECKING:
    from pellucid.rights.retention import Due, Retired

app = typer.Typer(help="Rows and values whose time is over.", no_args_is_help=True)
schedule = typer.Typer(help="Whether the worker lets go of them by itself.", no_args_is_help=True)
app.add_typer(schedule, name="schedule")


@app.command()
def preview(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show what would go, and by which rules; change nothing."""
    with opened(workspace) as found:
        shown = found.retention.preview(actor=found.actor(actor_name(actor)))
    _tell(shown.due, "would go", "would be emptied")
    typer.echo(f"By the rules {shown.rules}.")


@app.command()
def run(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Let go of what may be kept no longer; never what is held or restricted."""
    with opened(workspace) as found:
        _tell(found.retention.run(actor=found.actor(actor_name(actor))), "went", "were emptied")


@schedule.command()
def on(
    rules: Annotated[str, typer.Option("--rules", help="The rules by which it goes, as the preview shows them.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let the worker do so once a day, as long as these rules are in force."""
    with opened(workspace) as found:
        made = found.retention.turn_on(rules, actor=found.actor(actor_name(actor)))
    typer.echo(f"On, by the rules {made.rules}: once a day, while `pellucid work` runs.")


@schedule.command()
def off(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Let nothing go by itself any more."""
    with opened(workspace) as found:
        was = found.retention.turn_off(actor=found.actor(actor_name(actor)))
    typer.echo("Off." if was else "It was off.")


@schedule.command()
def show(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show whether it is on, by which rules, and who turned it on."""
    with opened(workspace) as found:
        made, in_force = found.retention.scheduled(actor=found.actor(actor_name(actor)))
    if made is None:
        typer.echo("Off: nothing goes by itself.")
        return
    typer.echo(f"On, by the rules {made.rules}: {made.made_by}, {instant(made.at)}.")
    if not in_force:
        typer.echo("The rules have changed since, so nothing goes by itself until it is turned on again.")


def _tell(found: Sequence[Retired], go: str, emptied: str) -> None:
    for each in found:
        for due in each.due:
            typer.echo(f"{each.dataset}: {_what(due, go, emptied)}, {_why(due)}.")
        if each.erased:
            typer.echo(f"{each.dataset}: {each.erased:,} rows of erased people {go}.")
    if not found:
        typer.echo(f"Nothing {go}.")


def _what(due: Due, go: str, emptied: str) -> str:
    if due.rule.column is None:
        return f"{due.count:,} rows {go}"
    return f"{due.count:,} values of {due.rule.column} {emptied}"


def _why(due: Due) -> str:
    days, because = f"{due.rule.days:,} days", due.rule.because.value
    if due.rule.purposes:
        return (
            f"older than the {days} for which any purpose that may read them needs them ({listed(due.rule.purposes)})"
        )
    return f"older than the {days} of the {because}"
