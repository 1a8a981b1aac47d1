"""`pellucid consent ...`: record what people say, and show who may be used for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, PurposeOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, progress_line, wrapped
from pellucid.errors import DataRefused, InputInvalid

if TYPE_CHECKING:
    from pellucid.policy.model import Actor
    from pellucid.workspace import Workspace

app = typer.Typer(help="What people say about the use of their data.", no_args_is_help=True)

SubjectArgument = Annotated[str, typer.Argument(help="The person's key in the data.")]
NamespaceOption = Annotated[str | None, typer.Option(help="Kind of subject.", show_default="the only one")]

_VERBS = {
    "give": "consent.",
    "refuse": "a refusal when asked for consent.",
    "withdraw": "that consent is withdrawn.",
    "object": "an objection to a use on legitimate interests.",
    "opt-out": "an opt-out of sale, sharing, targeted advertising or profiling.",
    "limit": "a limit on the use of sensitive data.",
    "restrict": "that all use of one's data is restricted.",
    "lift": "that the restriction is lifted.",
}


def _command(verb: str) -> Callable[..., None]:
    def record(
        subject: SubjectArgument,
        purpose: Annotated[
            str | None, typer.Option("--purpose", "-p", help="For one purpose.", show_default="all purposes")
        ] = None,
        covers: Annotated[str, typer.Option(help="from-now or held-data (give).")] = "from-now",
        explicit: Annotated[bool, typer.Option("--explicit", help="Explicitly, for sensitive data (give).")] = False,
        notice: Annotated[str, typer.Option(help="Version of the notice shown.", show_default="current")] = "",
        channel: Annotated[str, typer.Option(help="How it was said.")] = "staff",
        namespace: NamespaceOption = None,
        actor: ActorOption = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        with opened(workspace) as found:
            receipt = found.consent.record(
                verb,
                subject,
                purpose=purpose,
                actor=found.actor(actor_name(actor)),
                namespace=namespace,
                covers=covers,
                explicit=explicit,
                notice_version=notice,
                channel=channel,
            )
            typer.echo(receipt.text())

    record.__doc__ = f"Record {_VERBS[verb]}"
    return record


for _verb in _VERBS:
    app.command(_verb)(_command(_verb))


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: subject, purpose, verb, covers, explicit, notice_version, channel, at.")
    ],
    namespace: NamespaceOption = None,
    no_sort: Annotated[bool, typer.Option("--no-sort", help="Leave the data in their order.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a file of what people said.

    Data that it leaves mostly mixed are sorted anew, if the actor may add data.
    """
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        count = found.consent.import_records(file, actor=acting, namespace=namespace)
        typer.echo(f"Recorded {count:,} choices.")
        if not no_sort and count:
            _sort_touched(found, namespace, acting)


def _sort_touched(found: Workspace, namespace: str | None, actor: Actor) -> None:
    """Sort what the choices mixed; they are recorded, so a refusal to sort is told and no more."""
    try:
        done = found.data.sort_touched(namespace=namespace, actor=actor, progress=progress_line())
    except DataRefused as error:
        typer.echo(
            f"The choices are recorded, but the data were not sorted by them: {error.message} "
            "Later: `pellucid data sort`.",
            err=True,
        )
        return
    if done:
        typer.echo(f"Sorted anew, since they were mostly mixed: {', '.join(report.dataset for report in done)}.")


@app.command()
def show(
    subject: SubjectArgument,
    namespace: NamespaceOption = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show everything a person said, the oldest first."""
    with opened(workspace) as found:
        kept = found.consent.history(subject, actor=found.actor(actor_name(actor)), namespace=namespace)
    rows = [
        [
            instant(each.record.at),
            each.record.verb.value,
            each.record.purpose or "all purposes",
            each.record.covers.value if each.record.verb.value == "give" else "",
            each.record.notice_version,
            each.record.channel,
        ]
        for each in kept
    ]
    typer.echo(
        plain_table(["said", "verb", "purpose", "covers", "notice", "channel"], rows) if rows else "Nothing said yet."
    )


@app.command()
def why(
    subject: SubjectArgument,
    purpose: PurposeOption,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="ISO 8601.", show_default="now")] = None,
    namespace: NamespaceOption = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say whether, and why, a person's rows may be read.

    Reasons are told to those who may see them, others hear yes or no; asking is logged.
    """
    when = None if at is None else _instant(at)
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        told = found.consent.why(subject, purpose=purpose, actor=acting, namespace=namespace, at=when)
    typer.echo("Permitted." if told.permitted else "Not permitted.")
    for sentence in told.sentences:
        if sentence not in ("Permitted.", "Not permitted."):
            typer.echo(wrapped(sentence, bullet="- "))


@app.command()
def coverage(
    dataset: Annotated[str, typer.Argument(help="A dataset about people.")],
    purpose: PurposeOption,
    exact: Annotated[
        bool, typer.Option("--exact", help="Exact counts: an officer's use, with its own log entry.")
    ] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show how many of a dataset's people may be used.

    In a band; exactly, and logged, to an officer.
    """
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        if not exact:
            typer.echo(f"{dataset}: {found.consent.coverage(dataset, purpose=purpose, actor=acting)} of people.")
            return
        counted = found.consent.coverage_exact(dataset, purpose=purpose, actor=acting)
    typer.echo(f"{dataset}: {counted.permitted:,} of {counted.total:,} people may be used for {purpose},")
    typer.echo(f"{counted.partial:,} more from an instant on; sensitive rows of {counted.permitted_sensitive:,}.")


def _instant(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is no instant.", code="instant-invalid", remedy="Write it like 2026-11-24T09:00:00+00:00."
        ) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
