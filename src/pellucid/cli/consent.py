"""`pellucid consent ...`: record what people say, and show who may be used for what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.consent_files import changes, export, import_
from pellucid.cli.consent_screen import app as screen_app
from pellucid.cli.consent_signal import answer, signal
from pellucid.cli.moments import instant_of
from pellucid.cli.options import ActorOption, PurposeOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, wrapped

if TYPE_CHECKING:
    pass

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
        channel: Annotated[str, typer.Option(help="Where it was said.")] = "staff",
        at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="ISO 8601.", show_default="now")] = None,
        by: Annotated[str, typer.Option(help="Who said it: self, guardian or agent.")] = "self",
        proof: Annotated[str, typer.Option(help="Where the proof lies that they may (guardian, agent).")] = "",
        member: Annotated[str, typer.Option(help="Which member of the household.", show_default="all of it")] = "",
        screen: Annotated[str, typer.Option(help="Version of the screen it was chosen on.")] = "",
        language: Annotated[str, typer.Option(help="Language of what was shown, e.g. de.")] = "",
        method: Annotated[str, typer.Option(help="How it was said, e.g. switch or form.")] = "",
        while_restricted: Annotated[
            bool, typer.Option("--while-restricted", help="A yes although all use is restricted (give).")
        ] = False,
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
                at=None if at is None else instant_of(at),
                by=by,
                proof=proof,
                member=member,
                screen=screen,
                language=language,
                method=method,
                while_restricted=while_restricted,
            )
            typer.echo(receipt.text())

    record.__doc__ = f"Record {_VERBS[verb]}"
    return record


for _verb in _VERBS:
    app.command(_verb)(_command(_verb))


app.command("signal")(signal)
app.command("answer")(answer)
app.add_typer(screen_app, name="screen")


app.command("import")(import_)
app.command("export")(export)
app.command("changes")(changes)


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
    when = None if at is None else instant_of(at)
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        told = found.consent.why(subject, purpose=purpose, actor=acting, namespace=namespace, at=when)
    typer.echo("Permitted." if told.permitted else "Not permitted.")
    for sentence in told.sentences:
        if sentence not in ("Permitted.", "Not permitted."):
            typer.echo(wrapped(sentence, bullet="- "))
    for ground in told.laws:
        unsure = "" if ground.verified else "; not verified, so it can only tighten"
        overridden = "; the controller's own figure" if ground.overridden else ""
        typer.echo(
            wrapped(f"{ground.law}: {ground.field}: {ground.value} ({ground.cite}{unsure}{overridden})", bullet="  § ")
        )


@app.command()
def receipt(
    subject: SubjectArgument,
    leaf: Annotated[int, typer.Option("--leaf", help="Place of the choice in the log, as it was told.")],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    namespace: NamespaceOption = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the signed receipt of a choice.

    It verifies offline, by `python -m pellucid.audit receipt`.
    """
    with opened(workspace) as found:
        made = found.consent.receipt(subject, leaf, actor=found.actor(actor_name(actor)), namespace=namespace)
        key = found.audit.verifier
    out.write_bytes(made)
    typer.echo(f"Receipt of log entry {leaf} in {out} ({len(made):,} bytes).")
    typer.echo(f"Verify it: python -m pellucid.audit receipt {out} --key {key}")


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
