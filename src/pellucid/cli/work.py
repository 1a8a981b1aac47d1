"""`pellucid work`: does what is due, and tells what waits or was given up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant
from pellucid.errors import InputInvalid

if TYPE_CHECKING:
    from pellucid.workspace import Workspace
    from pellucid.workspace.work import Worked


def work(
    once: Annotated[bool, typer.Option("--once", help="Do one job, and end.")] = False,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Do what is due, and end.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show what waits or was given up, and why.")] = False,
    retry: Annotated[
        str | None, typer.Option("--retry", metavar="JOB", help="Let a job that was given up begin anew.")
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Do the work that is due: mail, reminders, clearing up.

    Without an option it goes on until stopped; SIGTERM lets the current job end first. Several may run.
    """
    if sum((once, until_idle, list_, retry is not None)) > 1:
        raise InputInvalid(
            "--once, --until-idle, --list and --retry do not go together.",
            remedy="Give one of them, or none to go on until stopped.",
            code="options-clash",
        )
    with opened(workspace) as found:
        if list_:
            _list(found, actor_name(actor))
        elif retry is not None:
            begun = found.work.retry(retry, actor=found.actor(actor_name(actor)))
            typer.echo(f"The {begun.kind} job {begun.id} is due again.")
        else:
            _run(found, once, until_idle)


def _run(workspace: Workspace, once: bool, until_idle: bool) -> None:
    from pellucid.worker import Worker  # noqa: PLC0415  -- mail and TLS: `--help` need not wait for them

    worker = Worker(workspace.work, tell=_tell)
    with worker.stopping():
        if once:
            ended = worker.run_once()
        elif until_idle:
            ended = worker.run_until_idle()
        else:
            typer.echo("Working. Stop it with Ctrl-C or SIGTERM.", err=True)
            ended = worker.run()
    typer.echo(_summary(ended))


def _tell(worked: Worked) -> None:
    """Say what did not go well, by its code."""
    if worked.state == "due":
        typer.echo(f"{worked.kind} {worked.id}: [{worked.error}], tried again {instant(worked.due_at or 0)}.", err=True)
    elif worked.state != "done":
        typer.echo(f"{worked.kind} {worked.id}: [{worked.error}], {worked.state}.", err=True)


def _summary(ended: Counter[str]) -> str:
    told = f"{ended['done']:,} done, {ended['due']:,} to be tried again, {ended['given-up']:,} given up."
    return told if ended.total() else "Nothing was due."


def _list(workspace: Workspace, name: str | None) -> None:
    listed = workspace.work.list(actor=workspace.actor(name))
    for each in listed:  # a line each, however wide: an id that is cut in two is none
        why = f", {each.error}" if each.error else ""
        told = f"{each.state}, due {instant(each.due_at)}, tried {each.attempts} times{why}"
        typer.echo(f"{each.id}  {each.kind}  {each.about}: {told}")
    if not listed:
        typer.echo("Nothing waits, and nothing was given up.")
