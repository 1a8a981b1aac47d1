"""`pellucid policy ...`: check drafts, explain a purpose, compare policies, put one into force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.compare import compare
from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import wrapped
from pellucid.errors import Finding, PolicyInvalid

app = typer.Typer(help="What the controller declares.", no_args_is_help=True)


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Policy folder.", show_default="the workspace's")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Report every finding of a policy folder.

    Each has file:line:column and a remedy; all are reported at once. Of the workspace's own folder also where laws that
    were signed off ask for more.
    """
    from pellucid.policy.load import load_folder  # noqa: PLC0415  -- pydantic

    asked: tuple[Finding, ...] = ()
    if folder is None:
        with opened(workspace) as found:
            folder, asked = found.policy.folder, found.policy.check()
    loaded = load_folder(folder)
    if loaded.policy is None:
        raise PolicyInvalid(loaded.findings)
    for finding in dict.fromkeys((*loaded.findings, *asked)):
        typer.echo(str(finding))
    typer.echo(f"No errors. Version {loaded.policy.version}.")


@app.command()
def explain(
    purpose: Annotated[str, typer.Argument(help="A purpose of the policy in force.")], workspace: WorkspaceOption = None
) -> None:
    """Say in plain sentences what a purpose may do."""
    with opened(workspace) as found:
        text = found.policy.explain(purpose)
    for paragraph in text.splitlines():
        typer.echo(wrapped(paragraph))


app.command("compare")(compare)


@app.command()
def activate(
    folder: Annotated[Path | None, typer.Argument(help="Policy folder.", show_default="the workspace's")] = None,
    replacing: Annotated[
        list[str] | None, typer.Option("--replacing", metavar="DATASET", help="Take its rows out of use.")
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put the drafts into force, all or nothing.

    Every question from now on is judged by them.
    """
    with opened(workspace) as found:
        done = found.policy.activate(actor=found.actor(actor_name(actor)), folder=folder, replacing=replacing or ())
    for finding in done.warnings:
        typer.echo(str(finding), err=True)
    typer.echo(f"Policy {done.version} is in force (log entry {done.log.leaf}).")
    typer.echo(f"Everybody's permission was made anew: register version {done.register_version}.")
    if done.previous is not None and done.comparison is not None:
        typer.echo(f"Compared with the policy before: {done.comparison.summary()}.")
        if done.comparison.changes:
            typer.echo(f"Each is told by: pellucid policy compare {done.previous[:12]} {done.version[:12]}")
    for dataset in done.retired:
        typer.echo(f"The rows of {dataset} are out of use: import it anew.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of policy files, for editors."""
    from pellucid.policy.load import json_schema  # noqa: PLC0415  -- pydantic

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
