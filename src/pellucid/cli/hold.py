"""`pellucid hold ...`: what may not be erased for a while, because a legal claim or a law needs it."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.subject import named
from pellucid.cli.when import day_of, instant_of

app = typer.Typer(help="Legal holds: place, list, release.", no_args_is_help=True)


@app.command()
def place(
    reason: Annotated[str, typer.Option("--reason", help="Which claim or law needs the data.")],
    person: Annotated[str | None, typer.Option("--person", help="A key, or NAMESPACE:KEY.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="All of it, or the person's rows of it.")] = None,
    basis: Annotated[str, typer.Option("--basis", help="legal_claims or legal_obligation.")] = "legal_claims",
    until: Annotated[str | None, typer.Option("--until", help="Last day, YYYY-MM-DD.")] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Keep data of a person, or a dataset, from being erased and from expiring."""
    with opened(workspace) as found:
        hold = found.erasures.hold(
            person=None if person is None else named(found, person),
            dataset=dataset,
            reason=reason,
            basis=basis,
            until=instant_of(until),
            actor=found.actor(actor_name(actor)),
        )
    typer.echo(f"Placed hold {hold.id}.")


@app.command("list")
def list_all(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the holds that stand; of people, only that there is one."""
    with opened(workspace) as found:
        standing = found.erasures.holds(actor=found.actor(actor_name(actor)))
    for each in standing:
        what = "a person" if each.identity is not None else "everybody"
        until = "until released" if each.until is None else f"until {day_of(each.until)}"
        typer.echo(f"{each.id}  {what} in {each.dataset or 'all datasets'}, {until}: {each.reason} [{each.basis}]")
    if not standing:
        typer.echo("Nothing is held.")


@app.command()
def release(
    hold: Annotated[str, typer.Argument(help="Id of the hold.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Release a hold; what it kept of erased people goes with the next `pellucid erase run`."""
    with opened(workspace) as found:
        found.erasures.release(hold, actor=found.actor(actor_name(actor)))
    typer.echo("Released.")
