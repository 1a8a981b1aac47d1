"""`pellucid data ...`: bring data in, list what is held, sort it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, progress_line

app = typer.Typer(help="Data in, and what is held.", no_args_is_help=True)


@app.command()
def add(
    dataset: Annotated[str, typer.Argument(help="A dataset of the policy in force.")],
    file: Annotated[Path, typer.Argument(help="Parquet or CSV file, or a folder of Parquet files.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace the rows held before by these.")] = False,
    accept_rejected: Annotated[
        float,
        typer.Option(
            "--accept-rejected", metavar="SHARE", min=0, max=1, help="Import although up to this share is rejected."
        ),
    ] = 0.05,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Import a file into a dataset.

    It becomes the dataset's next generation; every rejected row is listed with its reason.
    """
    with opened(workspace) as found:
        report = found.data.add(
            dataset,
            file,
            actor=found.actor(actor_name(actor)),
            replace=replace,
            max_rejected_share=accept_rejected,
            progress=progress_line(),
        )
    typer.echo(
        f"{report.dataset}: {report.rows_kept:,} of {report.rows_in:,} rows taken, generation {report.generation}."
    )
    if report.subjects:
        typer.echo(f"They are about {report.subjects:,} people, {report.new_subjects:,} of them new.")
    for reason, count in sorted(report.rejected.items()):
        typer.echo(f"Rejected: {count:,} rows, {reason}.")
    if report.rejected_file is not None:
        typer.echo(f"Each rejected row is listed in {report.rejected_file}.")
    if report.not_taken:
        typer.echo(f"Not declared, so not stored: {', '.join(report.not_taken)}.")


@app.command()
def sort(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(metavar="DATASET", help="Datasets about people; without one, all that profit."),
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Sort rows anew by what people say now.

    No answer changes, only what it costs: do it when much of a dataset is mixed (`pellucid data list`).
    """
    with opened(workspace) as found:
        done = found.data.sort(*(datasets or ()), actor=found.actor(actor_name(actor)), progress=progress_line())
    for report in done:
        typer.echo(f"{report.dataset}: {report.rows:,} rows sorted anew, generation {report.generation}.")
    if not done:
        typer.echo("No dataset would profit, so none was sorted.")


@app.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List what is held of each dataset."""
    with opened(workspace) as found:
        held = found.data.list(actor=found.actor(actor_name(actor)))
    rows = [
        [
            each.dataset,
            str(each.generation),
            f"{each.rows:,}",
            ", ".join(f"{count:,} {namespace}s" for namespace, count in each.subjects.items()) or "public",
            instant(each.published_at),
            each.mixed,
        ]
        for each in held
    ]
    heads = ["dataset", "generation", "rows", "about", "published", "mixed"]
    shown = len(heads) if any(each.mixed for each in held) else len(heads) - 1
    typer.echo(plain_table(heads[:shown], [row[:shown] for row in rows], right={1, 2}))
