"""`pellucid erase ...`: erasing people, what that would do, what became of it, and its signed receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.subject import named
from pellucid.cli.when import day_of
from pellucid.errors import InputInvalid

if TYPE_CHECKING:
    from pellucid.rights.erasures import Erasure
    from pellucid.rights.plan import Part

app = typer.Typer(help="Erase people, verified, with proof.", no_args_is_help=True)

PeopleArgument = Annotated[list[str] | None, typer.Argument(help="Keys, or NAMESPACE:KEY each.", show_default=False)]
ErasureArgument = Annotated[str, typer.Argument(help="Id of the erasure.")]


@app.command()
def plan(people: PeopleArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show what erasing people would do, and change nothing."""
    with opened(workspace) as found:
        wanted = [named(found, each) for each in people or ()]
        for part in found.erasures.plan(wanted, actor=found.actor(actor_name(actor))):
            typer.echo(_told(part))


@app.command()
def run(people: PeopleArgument = None, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Erase people in one batch; without any, do what is left of erasures that were begun."""
    with opened(workspace) as found:
        acting, wanted = found.actor(actor_name(actor)), [named(found, each) for each in people or ()]
        done = [found.erasures.run(wanted, actor=acting)] if wanted else found.erasures.carry_on(actor=acting)
    for each in done:
        typer.echo(_line(each))
    if not done:
        typer.echo("Nothing is left to do.")


@app.command("list")
def list_all(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List erasures and how far they came."""
    with opened(workspace) as found:
        for each in found.erasures.list(actor=found.actor(actor_name(actor))):
            typer.echo(_line(each))


@app.command()
def show(erasure: ErasureArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show what became of each part of an erasure."""
    with opened(workspace) as found:
        about, parts = found.erasures.show(erasure, actor=found.actor(actor_name(actor)))
    typer.echo(_line(about))
    for each in parts:
        typer.echo(f"{each.state:4}  {_told(each.part)}")


@app.command()
def receipt(
    erasure: ErasureArgument,
    file: Annotated[Path, typer.Option("--to", help="New file for the receipt.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the signed receipt of an erasure.

    Anybody verifies it offline: `python -m pellucid.audit receipt FILE --key KEY`.
    """
    with opened(workspace) as found:
        data = found.erasures.receipt(erasure, actor=found.actor(actor_name(actor)))
    try:
        with file.open("xb") as target:
            target.write(data)
    except OSError:
        raise InputInvalid(
            "The receipt cannot be written there.", remedy="Name a new file.", code="file-unwritable"
        ) from None
    typer.echo(f"Wrote the receipt to {file}.")


@app.command("return")
def let_return(
    person: Annotated[str, typer.Argument(help="A key, or NAMESPACE:KEY.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Note that somebody who was erased came back, so that rows without a date may come in again."""
    with opened(workspace) as found:
        known = found.erasures.let_return(named(found, person), actor=found.actor(actor_name(actor)))
    typer.echo("Noted." if known else "Nobody by that key was erased, or they came back already.")


def _line(each: Erasure) -> str:
    end = "" if each.finished_at is None else f" {day_of(each.finished_at)}"
    return f"{each.id}  {each.state}{end}  step {each.step} of 7, {each.people} people, by {each.made_by}"


def _told(part: Part) -> str:
    until = "" if part.until is None else f" until {day_of(part.until)}"
    counts = "".join(f", {name.replace('_', ' ')}: {_plain(value)}" for name, value in part.told.items())
    return f"{part.decision}{until}: {part.kind} {part.target}{counts}. {part.reason} [{part.basis}]"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
