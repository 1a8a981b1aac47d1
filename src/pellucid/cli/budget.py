"""`pellucid budget ...`: what is left of the privacy budgets."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pellucid.cli.formats import Format
from pellucid.cli.options import ActorOption, PurposeOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import plain_table, plan_text, wrapped
from pellucid.release.figures import limit_name

FormatOption = Annotated[Format, typer.Option("--format", "-f", help="table or json.")]

app = typer.Typer(help="Privacy budgets.", no_args_is_help=True)


@app.command()
def plan(
    questions: Annotated[list[str], typer.Argument(help="SELECTs to be asked for one purpose.")],
    purpose: PurposeOption,
    epsilon: Annotated[float | None, typer.Option(help="Privacy loss of each.", show_default="the purpose's")] = None,
    accuracy: Annotated[
        str | None,
        typer.Option(help="Largest 95 % error of each figure, or with % a share of it.", show_default="none"),
    ] = None,
    written: FormatOption = Format.TABLE,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what questions would cost, each and together, and how exact they would be. Spends nothing."""
    with opened(workspace) as found:
        told = found.budget_plan(
            questions, purpose=purpose, actor=found.actor(actor_name(actor)), epsilon=epsilon, accuracy=accuracy
        )
    typer.echo(json.dumps(told.to_json(), ensure_ascii=False) if written is Format.JSON else plan_text(told))


@app.command()
def show(written: FormatOption = Format.TABLE, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show what is spent, what is left, and when it renews: over everything, by purpose, dataset and analyst."""
    with opened(workspace) as found:
        state = found.budget(actor=found.actor(actor_name(actor)))
    if written is Format.JSON:
        typer.echo(json.dumps([row.to_json() for row in state], ensure_ascii=False))
        return
    rows = [
        [
            limit_name(row),
            f"{row.cap_epsilon:g} a {row.period.value}",
            f"{row.spent_epsilon:.3g}",
            f"{row.left_epsilon:.3g}",
            f"{row.renews:%Y-%m-%d}",
        ]
        for row in state
    ]
    typer.echo(plain_table(["budget (ε)", "cap", "spent", "left", "renews"], rows, right={2, 3}))
    typer.echo(
        wrapped(
            "Losses add up as ρ, so ε spent and ε left need not add up to the cap; left is the largest next question."
        )
    )
