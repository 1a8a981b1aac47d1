"""`pellucid requests ...`: customers' requests, from the list of what is due to the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli import remedies
from pellucid.cli.formats import Format
from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, wrapped

if TYPE_CHECKING:
    from pellucid.policy.model import Actor
    from pellucid.rights.showing import View
    from pellucid.workspace.requests import RequestDesk

app = typer.Typer(help="Customers' requests to exercise their rights.", no_args_is_help=True)

RequestArgument = Annotated[str, typer.Argument(help="Id of the request.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="table or json.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in words for the person.")]


@app.command(name="list")
def list_all(
    closed: Annotated[bool, typer.Option("--closed", help="Those that are closed, too.")] = False,
    written: FormatOption = Format.TABLE,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """List open requests, the next one due first."""
    with opened(workspace) as found:
        told = found.requests.list(actor=found.actor(actor_name(actor)), closed=closed)
    if written is Format.JSON:
        typer.echo(json.dumps([each.to_json() for each in told], ensure_ascii=False))
    elif not told:
        typer.echo("There are no open requests.")
    else:
        typer.echo(plain_table(["request", "right", "state", "due", "left", "missing"], list(map(_row, told))))


@app.command()
def show(
    request: RequestArgument,
    written: FormatOption = Format.TABLE,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show a request and all that happened to it.

    Asking is logged.
    """
    with opened(workspace) as found:
        told = found.requests.show(request, actor=found.actor(actor_name(actor)))
    if written is Format.JSON:
        typer.echo(json.dumps(told.to_json(), ensure_ascii=False))
        return
    say(told)
    rows = [[instant(each.at), each.kind, each.made_by, _told(each.told)] for each in told.events]
    typer.echo("\n" + plain_table(["at (UTC)", "what", "by", "told"], rows))


@app.command()
def acknowledge(request: RequestArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Note that the person was told that the request came in."""
    _do(workspace, actor, lambda desk, acting: desk.acknowledge(request, actor=acting))


@app.command()
def ask(
    request: RequestArgument,
    kind: Annotated[str, typer.Option("--kind", help="code, or link (needs PELLUCID_PUBLIC_URL).")] = "code",
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Have a code or link sent to a contact that is held of the person, never to one that was given.

    The worker sends it. What is said is the same whether or not anything is known of the person.
    """
    with opened(workspace) as found:
        typer.echo(found.requests.challenge(request, kind=kind, actor=found.actor(actor_name(actor))))


@app.command()
def answer(
    request: RequestArgument,
    given: Annotated[str, typer.Argument(metavar="CODE", help="What the person was sent.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take the code that the person was sent, which shows who they are."""
    _do(workspace, actor, lambda desk, acting: desk.answer(request, given, actor=acting))


@app.command()
def verify(
    request: RequestArgument,
    evidence: Annotated[str, typer.Option("--evidence", help="Where the evidence lies, e.g. the number of a file.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Note that you made sure who asks."""
    _do(workspace, actor, lambda desk, acting: desk.verify(request, evidence=evidence, actor=acting))


@app.command()
def approve(request: RequestArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Approve a request; an erasure that somebody else filed."""
    _do(workspace, actor, lambda desk, acting: desk.approve(request, actor=acting))


@app.command("carry-out")
def carry_out(request: RequestArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Do what a request asks, and close it.

    Safe to repeat if it was cut off.
    """
    _do(workspace, actor, lambda desk, acting: desk.carry_out(request, actor=acting))


@app.command()
def deny(
    request: RequestArgument,
    why: Annotated[
        str,
        typer.Option(
            "--why",
            help="suspected_fraud, insuf_verification, no_match, claim_not_covered, outside_jurisdiction, "
            "too_many_requests or other.",
        ),
    ],
    note: Annotated[str, typer.Option("--note", help="For the log's erasable part.")] = "",
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Close a request without doing what was asked."""
    _do(workspace, actor, lambda desk, acting: desk.deny(request, why=why, note=note, actor=acting))


@app.command()
def extend(
    request: RequestArgument, reason: ReasonOption, actor: ActorOption = None, workspace: WorkspaceOption = None
) -> None:
    """Take as much longer as the law lets you, once.

    The person is told the reason.
    """
    _do(workspace, actor, lambda desk, acting: desk.extend(request, reason=reason, actor=acting))


@app.command()
def pause(
    request: RequestArgument, reason: ReasonOption, actor: ActorOption = None, workspace: WorkspaceOption = None
) -> None:
    """Stop the clock while you wait for what you need of the person.

    Where the law lets you. The person is told the reason.
    """
    _do(workspace, actor, lambda desk, acting: desk.pause(request, reason=reason, actor=acting))


@app.command()
def resume(request: RequestArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Let the clock go on, since the person answered."""
    _do(workspace, actor, lambda desk, acting: desk.resume(request, actor=acting))


@app.command()
def revoke(request: RequestArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Close a request because the person no longer asks."""
    _do(workspace, actor, lambda desk, acting: desk.revoke(request, actor=acting))


@app.command()
def expire(request: RequestArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Close a request because the person, though asked, never showed who they are."""
    _do(workspace, actor, lambda desk, acting: desk.expire(request, actor=acting))


remedies.add_to(app)


@app.command()
def forget(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Delete the closed requests that need not be kept any longer."""
    with opened(workspace) as found:
        number = found.requests.forget_closed(actor=found.actor(actor_name(actor)))
    typer.echo(f"Forgot {number} closed requests.")


def say(told: View) -> None:
    """Print a request: where it stands, by when it is due under which law, and what is missing."""
    one = told.request
    reason = f", {one.reason}" if one.reason else ""
    typer.echo(wrapped(f"Request {one.id}: {one.right.value}, {one.state.value}{reason}."))
    if told.key is not None:
        typer.echo(wrapped(f"About: {told.key} ({one.namespace}), asked by {one.by_whom}.", bullet="  "))
    if told.days_left is not None:
        law = "" if told.due.get("law") == "own" else f", {told.due.get('law')} {told.due.get('cite')}"
        typer.echo(wrapped(f"Due: {one.due} ({_left(told)}{law}): {told.due.get('rule')}.", bullet="  "))
    for each in told.missing:
        typer.echo(wrapped(f"Missing: {each}.", bullet="  "))


def _do(workspace: object, actor: str | None, step: Callable[[RequestDesk, Actor], View]) -> None:
    with opened(workspace) as found:  # type: ignore[arg-type]
        say(step(found.requests, found.actor(actor_name(actor))))


def _row(told: View) -> list[str]:
    one = told.request
    state = f"{one.state.value} ({one.reason})" if one.reason else one.state.value
    left = f"OVERDUE {-told.days_left}" if told.overdue and told.days_left is not None else _left(told)
    return [one.id, one.right.value, state, one.due, left, "; ".join(told.missing)]


def _left(told: View) -> str:
    if told.days_left is None:
        return "closed"
    days = f"{abs(told.days_left)} day{'s' * (abs(told.days_left) != 1)}"
    return f"overdue by {days}" if told.overdue else days


def _told(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True) if told else ""
