"""`pellucid subject ...`: which identifiers are one person's, and what is held; `cli.subject_rights` files requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant
from pellucid.cli.subject_people import add_to as add_people_to
from pellucid.cli.subject_rights import add_to
from pellucid.cli.subject_uses import uses

if TYPE_CHECKING:
    from pellucid.workspace import Workspace

app = typer.Typer(help="What a person asks for, and which identifiers are theirs.", no_args_is_help=True)
add_to(app)
add_people_to(app)
app.command("uses")(uses)

OneArgument = Annotated[str, typer.Argument(help="A person's key, or NAMESPACE:KEY.")]
OtherArgument = Annotated[str, typer.Argument(help="Another key of the same person, or NAMESPACE:KEY.")]
EvidenceOption = Annotated[str, typer.Option("--evidence", help="How it is known.")]


@app.command()
def link(
    one: OneArgument,
    other: OtherArgument,
    evidence: EvidenceOption,
    likely: Annotated[bool, typer.Option("--likely", help="Inferred, not shown: takes away, never gives.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Link two identifiers of one person: the strictest decides for both."""
    with opened(workspace) as found:
        confidence = "likely" if likely else "certain"
        acting = found.actor(actor_name(actor))
        pair = named(found, one), named(found, other)
        done = found.identities.link(*pair, evidence=evidence, actor=acting, confidence=confidence)
    typer.echo(f"Linked ({confidence}), register version {done.register_version}, log entry {done.log.leaf}.")


@app.command()
def split(
    one: OneArgument,
    other: OtherArgument,
    evidence: EvidenceOption,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Split two identifiers that are not one person's: neither gains by it."""
    with opened(workspace) as found:
        done = found.identities.split(
            named(found, one), named(found, other), evidence=evidence, actor=found.actor(actor_name(actor))
        )
    typer.echo(f"Split, register version {done.register_version}, log entry {done.log.leaf}.")
    if done.closed:
        typer.echo(f"{done.closed} uses stay closed that one of them would have gained: ask again.")


@app.command()
def links(one: OneArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show a person's other identifiers; asking is logged."""
    with opened(workspace) as found:
        others = found.identities.links(named(found, one), actor=found.actor(actor_name(actor)))
    for namespace, key in others:
        typer.echo(f"{namespace}:{key}")
    if not others:
        typer.echo("No other identifiers are known.")


@app.command()
def package(
    request: Annotated[str, typer.Argument(help="A request for access or portability.")],
    to: Annotated[Path, typer.Option("--to", help="A new folder for the package.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make the package that a request asks for, and hand it over.

    Who asks has to be verified before. Making it and handing it over are logged.
    """
    with opened(workspace) as found:
        told = found.access.package(request, to, actor=found.actor(actor_name(actor)))
    typer.echo(f"Package {told['package']} is in {to}: begin with index.html.")
    typer.echo(f"It can be fetched until {instant(int(str(told['expires_at'])))}; manifest SHA-256 {told['manifest']}.")


@app.command()
def held(one: OneArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Name the datasets in which a person has rows; none is read, and asking is logged."""
    with opened(workspace) as found:
        namespace, key = named(found, one)
        datasets = found.access.held(key, actor=found.actor(actor_name(actor)), namespace=namespace or None)
    for name in datasets:
        typer.echo(name)
    if not datasets:
        typer.echo("No rows are held about this person.")


def named(workspace: Workspace, text: str) -> tuple[str, str]:
    """Return namespace and key; a key may hold colons, so only a declared namespace before the first one is one."""
    namespace, colon, key = text.partition(":")
    return (namespace, key) if colon and namespace in workspace.policy.active().namespaces else ("", text)
