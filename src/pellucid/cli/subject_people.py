"""`pellucid subject appoint | delegations | dismiss`: who may act for whom in the privacy centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.when import day_of, instant_of

if TYPE_CHECKING:
    from pellucid.workspace import Workspace

PersonArgument = Annotated[str, typer.Argument(help="For whom, by key or NAMESPACE:KEY.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `pellucid subject`."""
    app.command("appoint")(appoint)
    app.command("delegations")(delegations)
    app.command("dismiss")(dismiss)


def appoint(
    kind: Annotated[str, typer.Argument(help="guardian | agent")],
    person: PersonArgument,
    by: Annotated[str, typer.Argument(help="Who acts, by key or NAMESPACE:KEY.")],
    evidence: Annotated[str, typer.Option("--evidence", help="Where the proof lies, e.g. the number of the file.")],
    until: Annotated[str | None, typer.Option("--until", help="Last day, YYYY-MM-DD.")] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Note that somebody may act for somebody else in the privacy centre."""
    with opened(workspace) as found:
        made = found.people.appoint(
            kind,
            _named(found, person),
            _named(found, by),
            evidence=evidence,
            actor=found.actor(actor_name(actor)),
            until=instant_of(until),
        )
    typer.echo(f"Noted as {made.id}.")


def delegations(person: PersonArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show who may act for a person, and for whom they may; asking is logged."""
    with opened(workspace) as found:
        held = found.people.list(_named(found, person), actor=found.actor(actor_name(actor)))
    for each in held:
        until = "no end" if each.until is None else f"until {day_of(each.until)}"
        typer.echo(f"{each.id}  {each.kind}, since {day_of(each.made_at)}, {until} [{each.evidence}]")
    if not held:
        typer.echo("There is none.")


def dismiss(
    delegation: Annotated[str, typer.Argument(help="Its id.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """End that somebody may act for somebody else, at once."""
    with opened(workspace) as found:
        found.people.end(delegation, actor=found.actor(actor_name(actor)))
    typer.echo("Ended.")


def _named(workspace: Workspace, text: str) -> tuple[str, str]:
    """Return namespace and key; only a declared namespace before the first colon is one."""
    namespace, colon, key = text.partition(":")
    return (namespace, key) if colon and namespace in workspace.policy.active().namespaces else ("", text)
