"""`pellucid subject uses`: how a person's data were used, grouped by month, the newest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import wrapped
from pellucid.cli.when import day_of, instant_of

if TYPE_CHECKING:
    from pellucid.transparency.told_uses import Group, UsesPage

SubjectArgument = Annotated[str, typer.Argument(help="The person's key in the data.")]
SinceOption = Annotated[str | None, typer.Option(metavar="DAY", help="Leave out what was before.", show_default="all")]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="PLACE", help="Go on from where a page ended.", show_default="newest")
]
LimitOption = Annotated[int, typer.Option(help="Groups on a page.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
NamespaceOption = Annotated[str | None, typer.Option(help="Kind of subject.", show_default="the only one")]


def uses(
    subject: SubjectArgument,
    since: SinceOption = None,
    cursor: FromOption = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
    namespace: NamespaceOption = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show how a person's data were used, as far as it is known; asking is logged."""
    beginning = instant_of(since) or 0
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        page = found.uses.of(subject, actor=acting, namespace=namespace, since=beginning, cursor=cursor, limit=limit)
    if as_json:
        typer.echo(json.dumps(page.to_json(), ensure_ascii=False))
    else:
        _say(page)


def _say(page: UsesPage) -> None:
    for group in page.groups:
        _say_group(group)
    if not page.groups:
        typer.echo("No uses are known.")
    if page.left_out:
        typer.echo(wrapped(f"Their own no kept their rows out of {page.left_out:,} more."))
    for each in page.given:
        purposes = each["purposes"]
        assert isinstance(purposes, list)  # noqa: S101  -- for the type checker
        typer.echo(wrapped(f"Answers are given to {each['recipient']} ({each['country']}) for: {', '.join(purposes)}."))
    for each in page.told:
        typer.echo(wrapped(f"{each['recipient']} was told of a {each['of']}: {each['state']}."))
    if page.next is not None:
        typer.echo(f"There is more: --from {page.next}")


def _say_group(group: Group) -> None:
    alike = group.alike
    times = "once" if group.times == 1 else f"{group.times:,} times"
    when = f"{day_of(group.first)} to {day_of(group.last)}" if group.times > 1 else day_of(group.last)
    typer.echo(wrapped(f"{alike.month}  {alike.what} ({times}, {when})", indent="         "))
    told = {
        "for": alike.purpose,
        "by": alike.by,
        "columns": ", ".join(alike.columns),
        "it left": alike.form,
        "people": "; ".join(f"{data}: {people}" for data, people in alike.others),
        "known": alike.known,
    }
    for name, words in told.items():
        if words:
            typer.echo(wrapped(f"{name}: {words}", bullet="         ", indent="         "))
