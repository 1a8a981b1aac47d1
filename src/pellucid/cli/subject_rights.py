"""The commands of `pellucid subject` that file a person's request to exercise a right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

import typer

from pellucid.cli.formats import Format
from pellucid.cli.moments import instant_of
from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import wrapped
from pellucid.cli.requests import FormatOption, say
from pellucid.errors import InputInvalid

SubjectArgument = Annotated[str, typer.Argument(help="The person's key in the data.")]
NamespaceOption = Annotated[str | None, typer.Option(help="Kind of subject.", show_default="the only one")]
ByOption = Annotated[str, typer.Option(help="Who asks: self, guardian or agent.")]
ProofOption = Annotated[str, typer.Option(help="Where the proof lies that they may (guardian, agent).")]
MemberOption = Annotated[str, typer.Option(help="Which member of the household asks.")]
ChannelOption = Annotated[str, typer.Option(help="Where it was asked.")]
ReceivedOption = Annotated[
    str | None, typer.Option("--received", metavar="TIME", help="When it came, ISO 8601.", show_default="now")
]
PurposesOption = Annotated[
    list[str] | None, typer.Option("--purpose", "-p", help="About one purpose; repeat it.", show_default="all purposes")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="DATASET.COLUMN=VALUE", help="What is right; repeat it.")
]
RowOption = Annotated[
    list[str] | None,
    typer.Option("--row", metavar="COLUMN=VALUE", help="Only in rows with this; repeat it.", show_default="all rows"),
]
StatementOption = Annotated[str, typer.Option("--statement", help="What the person says, in their words.")]
DecisionOption = Annotated[str, typer.Option("--decision", help="Which decision is meant, as the person says it.")]
WithoutOption = Annotated[
    bool, typer.Option("--without-sensitive", help="Leave sensitive data out, so that a weaker proof does.")
]

SHOWN = {
    "access": ("access", "a request to see all that is held about a person."),
    "port": ("portability", "a request to get one's data in a form that machines read."),
}
WHOLE = {
    "erase": ("erasure", "a request to erase all that is held about a person."),
    "restrict": ("restriction", "a request to restrict all use of a person's data."),
    "lift": ("lift-restriction", "a request to lift the restriction of a person's data."),
    "limit": ("limit", "a request to limit the use of sensitive data."),
}
ABOUT_PURPOSES = {
    "object": ("objection", "an objection to uses on legitimate interests, or to marketing."),
    "opt-out": ("opt-out", "an opt-out of sale, sharing, targeted advertising or profiling."),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands that file requests."""
    for name, (right, what) in SHOWN.items():
        app.command(name)(_named(_shown(right), what))
    app.command("rectify")(_named(_rectify, "a request to correct what is wrong about a person."))
    for name, (right, what) in WHOLE.items():
        app.command(name)(_named(_whole(right), what))
    for name, (right, what) in ABOUT_PURPOSES.items():
        app.command(name)(_named(_about_purposes(right), what))
    app.command("review")(_named(_review, "a request that somebody reviews an automated decision."))


def _named(command: Callable[..., None], what: str) -> Callable[..., None]:
    command.__doc__ = f"File {what}"
    return command


def _shown(right: str) -> Callable[..., None]:
    def file(
        subject: SubjectArgument,
        without_sensitive: WithoutOption = False,
        by: ByOption = "self",
        proof: ProofOption = "",
        member: MemberOption = "",
        channel: ChannelOption = "staff",
        received: ReceivedOption = None,
        written: FormatOption = Format.TABLE,
        namespace: NamespaceOption = None,
        actor: ActorOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        said: dict[str, object] = {"by": by, "proof": proof, "member": member, "channel": channel}
        asked: dict[str, object] = {"without_sensitive": without_sensitive}
        _file(right, subject, namespace, received, written, actor, workspace, said | asked)

    return file


def _whole(right: str) -> Callable[..., None]:
    def file(
        subject: SubjectArgument,
        by: ByOption = "self",
        proof: ProofOption = "",
        member: MemberOption = "",
        channel: ChannelOption = "staff",
        received: ReceivedOption = None,
        written: FormatOption = Format.TABLE,
        namespace: NamespaceOption = None,
        actor: ActorOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        said: dict[str, object] = {"by": by, "proof": proof, "member": member, "channel": channel}
        _file(right, subject, namespace, received, written, actor, workspace, said)

    return file


def _about_purposes(right: str) -> Callable[..., None]:
    def file(
        subject: SubjectArgument,
        purposes: PurposesOption = None,
        by: ByOption = "self",
        proof: ProofOption = "",
        member: MemberOption = "",
        channel: ChannelOption = "staff",
        received: ReceivedOption = None,
        written: FormatOption = Format.TABLE,
        namespace: NamespaceOption = None,
        actor: ActorOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        said: dict[str, object] = {"by": by, "proof": proof, "member": member, "channel": channel}
        asked: dict[str, object] = {"purposes": purposes or []}
        _file(right, subject, namespace, received, written, actor, workspace, said | asked)

    return file


def _review(
    subject: SubjectArgument,
    decision: DecisionOption = "",
    statement: StatementOption = "",
    purposes: PurposesOption = None,
    by: ByOption = "self",
    proof: ProofOption = "",
    member: MemberOption = "",
    channel: ChannelOption = "staff",
    received: ReceivedOption = None,
    written: FormatOption = Format.TABLE,
    namespace: NamespaceOption = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    said: dict[str, object] = {"by": by, "proof": proof, "member": member, "channel": channel}
    asked: dict[str, object] = {"purposes": purposes or [], "decision": decision, "statement": statement}
    _file("human-review", subject, namespace, received, written, actor, workspace, said | asked)


def _rectify(
    subject: SubjectArgument,
    changes: SetOption = None,
    rows: RowOption = None,
    statement: StatementOption = "",
    by: ByOption = "self",
    proof: ProofOption = "",
    member: MemberOption = "",
    channel: ChannelOption = "staff",
    received: ReceivedOption = None,
    written: FormatOption = Format.TABLE,
    namespace: NamespaceOption = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    said: dict[str, object] = {"by": by, "proof": proof, "member": member, "channel": channel}
    row = dict(_pair(each, "customers.city=Berlin --row number=7") for each in rows or ())
    wrong: list[dict[str, object]] = [_change(each) | ({"row": row} if row else {}) for each in changes or ()]
    asked: dict[str, object] = {"changes": [*wrong, *([{"statement": statement}] if statement else [])]}
    _file("rectification", subject, namespace, received, written, actor, workspace, said | asked)


def _file(
    right: str,
    subject: str,
    namespace: str | None,
    received: str | None,
    written: Format,
    actor: str | None,
    workspace: object,
    said: dict[str, object],
) -> None:
    came = None if received is None else instant_of(received)
    with opened(workspace) as found:  # type: ignore[arg-type]
        acting = found.actor(actor_name(actor))
        told = found.requests.file(right, subject, actor=acting, namespace=namespace, received_at=came, **said)  # type: ignore[arg-type]
    if written is Format.JSON:
        typer.echo(json.dumps(told.to_json(), ensure_ascii=False))
        return
    say(told)
    filed = told.events[0].told
    if not filed["entitled"]:
        typer.echo(wrapped(f"The law may not give this right: {filed['proposed']} is for you to decide.", bullet="  "))
    if filed.get("left_out"):
        others = f"{filed['left_out']} other identifiers may be the same person's; the request does not reach them."
        typer.echo(wrapped(others, bullet="  "))


def _change(text: str) -> dict[str, object]:
    example = "customers.city=Berlin"
    place, value = _pair(text, example)
    dataset, dot, column = place.partition(".")
    if not (dot and dataset and column):
        raise _unreadable(text, example)
    return {"dataset": dataset, "column": column, "value": value}


def _pair(text: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and name):
        raise _unreadable(text, example)
    return name, value


def _unreadable(text: str, example: str) -> InputInvalid:
    return InputInvalid(
        f"{text[:80]!r} does not say what is to be corrected.",
        remedy=f"Write it like {example}.",
        code="change-invalid",
    )
