"""`pellucid build ...`: derived tables, made of other datasets by the questions that the policy declares."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="DATASET", help="Derived tables of the policy.", show_default=False),
]


def build(
    datasets: NamesArgument = None,
    stale: Annotated[bool, typer.Option("--stale", help="Build those that may be true no more.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Build derived tables anew; without a name, list them.

    A derived table holds rows of permitted people, each of one person: it has a subject path as every dataset has, so
    their choices, their rights and erasure reach it. It takes the place of the one before.
    """
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        names = list(datasets or ())
        if stale:
            names += [each.dataset for each in found.derived.all(actor=acting) if each.stale]
        if names or stale:
            for name in dict.fromkeys(names):
                report = found.derived.build(name, actor=acting)
                people = f" of {report.subjects:,} people" if report.subjects else ""
                typer.echo(f"{name}: {report.rows_kept:,} rows{people}, generation {report.generation}.")
            if not names:
                typer.echo("Nothing is stale.")
            return
        states = found.derived.all(actor=acting)
    if json_:
        typer.echo(json.dumps([asdict(each) for each in states], indent=2))
        return
    if not states:
        typer.echo("The policy declares no derived table.")
        return
    rows = [
        [
            each.dataset,
            each.purpose,
            "" if each.generation is None else str(each.generation),
            f"{each.rows:,}",
            "never" if each.built_at is None else instant(each.built_at),
            "; ".join(each.stale) or "up to date",
        ]
        for each in states
    ]
    typer.echo(plain_table(["dataset", "purpose", "generation", "rows", "built", "state"], rows, right={2, 3}))
