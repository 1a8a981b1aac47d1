"""`pellucid budget ...`: what is left of the privacy budgets."""

from __future__ import annotations

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import plain_table, wrapped

app = typer.Typer(help="Privacy budgets.", no_args_is_help=True)


@app.command()
def show(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show what is spent, what is left, and when it renews."""
    with opened(workspace) as found:
        state = found.budget(actor=found.actor(actor_name(actor)))
    rows = [
        [
            f"{row.namespace}, {row.purpose or 'everything'}",
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
