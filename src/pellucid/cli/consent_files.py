"""`pellucid consent import | export | changes`: what people said in bulk, in and out; registered by `cli.consent`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, progress_line
from pellucid.errors import DataRefused

if TYPE_CHECKING:
    from pellucid.policy.model import Actor
    from pellucid.workspace import Workspace
    from pellucid.workspace.consent_files import Imported

NamespaceOption = Annotated[str | None, typer.Option(help="Kind of subject.", show_default="the only one")]

REJECTED = 1
"""Exit code when some rows were rejected; all others are recorded."""


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet: subject, purpose, verb, covers, explicit, notice_version, channel, at; and, if they "
            "are there, by, proof, member, screen, language, method, while_restricted, namespace."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would come of it.")] = False,
    rejected: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Write rejected rows there, each with its line and why.")
    ] = None,
    namespace: NamespaceOption = None,
    no_sort: Annotated[bool, typer.Option("--no-sort", help="Leave the data in their order.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Record a file of what people said.

    Each row is recorded, known already or rejected; if any is rejected, the exit code is 1, and all others are
    recorded. Data that the file leaves mostly mixed are sorted anew, if the actor may add data.
    """
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        done = found.consent.import_records(file, actor=acting, namespace=namespace, dry_run=dry_run, rejected=rejected)
        _tell(done, rejected)
        if not (no_sort or dry_run) and done.recorded:
            _sort_touched(found, namespace, acting)
    if done.rejected:
        raise typer.Exit(REJECTED)


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT.csv|OUT.parquet", help="A new file.")],
    namespace: NamespaceOption = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", help="What concerns it alone.", show_default="all purposes")
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write everything people said, with their keys, to a file that imports again.

    Logged as a use. Of erased people nothing is left to name them by, so they are not in it.
    """
    with opened(workspace) as found:
        count = found.consent.export(out, actor=found.actor(actor_name(actor)), namespace=namespace, purpose=purpose)
    typer.echo(f"Wrote {count:,} choices to {out}.")


def changes(
    since: Annotated[int, typer.Option(min=0, help="The place to go on from; 0: from the start.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: changes, and the `next` place.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what people said in the order in which it was recorded, for other systems to follow."""
    with opened(workspace) as found:
        rows, after = found.consent.changes(since, limit, actor=found.actor(actor_name(actor)))
    if as_json:
        typer.echo(json.dumps({"changes": [row.to_json() for row in rows], "next": after}, ensure_ascii=False))
        return
    told = [
        [
            f"{row.sequence}",
            instant(row.at),
            row.verb,
            row.purpose or "all purposes",
            row.namespace,
            "(erased)" if row.subject is None else row.subject,
        ]
        for row in rows
    ]
    if told:
        typer.echo(plain_table(["place", "said", "verb", "purpose", "kind", "subject"], told, right={0}))
    typer.echo(f"Go on with --since {after}.")


def _tell(done: Imported, rejected: Path | None) -> None:
    """Tell what became of the rows; the rejected on standard error."""
    would = "It would record" if done.dry_run else "Recorded"
    typer.echo(f"{would} {done.recorded:,} choices.")
    if done.known:
        typer.echo(f"Known already: {done.known:,}.")
    if not done.rejected:
        return
    typer.echo(f"Rejected: {done.rejected:,} rows{f', written to {rejected}' if rejected else ''}.", err=True)
    for code, count in sorted(done.codes.items()):
        typer.echo(f"- [{code}] {count:,}", err=True)
    for each in done.examples:
        typer.echo(f"Line {each.line}: {each.why.message} {each.why.remedy}", err=True)
    if rejected is None:
        typer.echo("Import the file again with --rejected OUT.csv to have all of them written down.", err=True)


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
