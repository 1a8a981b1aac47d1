"""`pellucid requests decide-objection|reviews|review|told`: what people decide about requests, and tell who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, wrapped
from pellucid.rights.message_words import OF_THE_CLOCK

if TYPE_CHECKING:
    from pellucid.rights.review import DecidingUse, Review

RequestArgument = Annotated[str, typer.Argument(help="Id of the request.")]
ReasonsOption = Annotated[str, typer.Option("--reasons", help="Why, in words for the person: they are told.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands that decide about requests."""
    app.command("decide-objection")(_decide_objection)
    app.command("reviews")(_reviews)
    app.command("review")(_review)
    app.command("told")(_told)


def _decide_objection(
    request: RequestArgument,
    outcome: Annotated[str, typer.Argument(help="upheld or overruled.")],
    reasons: ReasonsOption,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Uphold an objection, or overrule it for compelling grounds.

    Carry the request out again afterwards.
    """
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        found.remedies.decide_objection(request, outcome, reasons=reasons, actor=acting)
    typer.echo(wrapped(f"Decided: {outcome}. The person has to be told; then carry {request} out again."))


def _reviews(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the automated decisions that wait for a person, and what may have led to them.

    Asking is logged.
    """
    with opened(workspace) as found:
        waiting = found.remedies.reviews(actor=found.actor(actor_name(actor)))
    for each in waiting:
        _say(each)
    if not waiting:
        typer.echo("No decision waits for review.")


def _review(
    request: RequestArgument,
    outcome: Annotated[str, typer.Argument(help="upheld or changed.")],
    reasons: ReasonsOption,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what came of looking again at an automated decision.

    Somebody else than who filed the request.
    """
    with opened(workspace) as found:
        found.remedies.review(request, outcome, reasons=reasons, actor=found.actor(actor_name(actor)))
    typer.echo(wrapped(f"Decided: {outcome}. The person has to be told; then carry {request} out."))


def _told(
    request: RequestArgument,
    message: Annotated[str, typer.Argument(help="Which message, as `requests show` names it.")],
    how: Annotated[str, typer.Option("--how", help="account, in-person, letter, mail or phone.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Note that you told the person what they have to know of a request."""
    with opened(workspace) as found:
        found.remedies.told(request, message, how=how, actor=found.actor(actor_name(actor)))
    waits = "" if message in OF_THE_CLOCK else f" Carry {request} out again."
    typer.echo(wrapped(f"Noted: told by {how}.{waits}"))


def _say(waiting: Review) -> None:
    one = waiting.request
    typer.echo(wrapped(f"Request {one.id}, due {one.due}: {waiting.decision or 'no decision is described'}"))
    if waiting.statement:
        typer.echo(wrapped(f"The person says: {waiting.statement}", bullet="  "))
    for use in waiting.uses:
        typer.echo(wrapped(_use(use), bullet="  - "))
    if not waiting.uses:
        typer.echo("  No use declared as profiling or deciding reads data of this person.")


def _use(use: DecidingUse) -> str:
    last = "" if use.last_at is None else f", the last at {instant(use.last_at)}"
    insights = f"; approved insights: {', '.join(use.insights)}" if use.insights else ""
    about = f"{use.title} ({', '.join(use.kinds)}) may read {', '.join(use.datasets)}"
    return f"{about}; {use.answers} answers left{last}{insights}."
