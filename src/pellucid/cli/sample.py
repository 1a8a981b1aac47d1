"""`pellucid sample`: made-up rows of a dataset, to write SQL with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.formats import Format, demand_writable, write_rows
from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import plain_table, wrapped

if TYPE_CHECKING:
    from pellucid.insights.sample import Sample


def sample(
    dataset: Annotated[str, typer.Argument(help="A dataset of the policy in force.")],
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", help="As this purpose is shown it.", show_default="all columns, unmasked"),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", "-n", help="How many rows.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows, and keys that join.")] = 0,
    written: Annotated[Format, typer.Option("--format", "-f", help="How to write the rows.")] = Format.TABLE,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make up rows of a dataset.

    They are to write SQL with: in its shape, made from the policy alone, about nobody. Public tables show their own.
    """
    demand_writable(written)
    with opened(workspace) as found:
        made = found.sample(dataset, purpose=purpose, rows=rows, seed=seed, actor=actor_name(actor))
    if written is Format.TABLE:
        typer.echo(sample_text(made))
    elif written is Format.JSON:
        typer.echo(json.dumps(made.to_json(), ensure_ascii=False))
    else:
        typer.echo(made.label, err=True)
        write_rows(made.to_arrow(), written)


def sample_text(made: Sample) -> str:
    """Return the rows as a table under a line that says what they are, and notes below it."""
    names = made.values.column_names
    rows = [["" if found is None else str(found) for found in record.values()] for record in made.values.to_pylist()]
    lines = [wrapped(made.label), plain_table(names, rows)]
    if made.notes:
        lines += ["", *(wrapped(note, indent="  ") for note in made.notes)]
    return "\n".join(lines)
