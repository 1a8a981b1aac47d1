"""`pellucid consent screen ...`: screens on which people chose, doubted, cleared or invalidated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table

app = typer.Typer(help="Screens on which people chose: doubt, clear, invalidate.", no_args_is_help=True)

_SAID = {
    "doubt": "Freeze what is agreed to through a screen from now on.",
    "clear": "Let what was agreed to through a doubted screen count again.",
    "propose": "Propose that nothing agreed to through a screen ever counted.",
    "invalidate": "Let nothing agreed to through a screen count, as somebody else proposed.",
}


def _command(verb: str) -> Callable[..., None]:
    def mark(
        screen: Annotated[str, typer.Argument(help="Version of the screen.")],
        reason: Annotated[str, typer.Option("--reason", help="What was found.")],
        actor: ActorOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        with opened(workspace) as found:
            done = getattr(found.screens, verb)(screen, reason, actor=found.actor(actor_name(actor)))
        typer.echo(f"Noted (log entry {done.log.leaf}); {done.people:,} people were decided anew.")
        typer.echo(f"Register version {done.register_version}: the next question knows.")

    mark.__doc__ = _SAID[verb]
    return mark


for _verb in _SAID:
    app.command(_verb)(_command(_verb))


@app.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the screens that anything was found out about."""
    with opened(workspace) as found:
        marks = found.screens.all(actor=found.actor(actor_name(actor)))
    rows = [[name, mark.state, instant(mark.at), mark.made_by, mark.reason] for name, mark in marks.items()]
    typer.echo(plain_table(["screen", "state", "since", "by", "reason"], rows) if rows else "No screen is doubted.")
