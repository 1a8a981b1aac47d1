"""`pellucid data ...`: bring data in, list what is held."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table

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
            progress=_progress(),
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
        ]
        for each in held
    ]
    typer.echo(plain_table(["dataset", "generation", "rows", "about", "published"], rows, right={1, 2}))


def _progress() -> Callable[[str, float], None] | None:
    if not sys.stderr.isatty():
        return None

    def show(step: str, share: float) -> None:
        typer.echo(f"\r\033[K{share:4.0%} {step}", err=True, nl=share >= 1)

    return show
