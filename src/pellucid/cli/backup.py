"""`pellucid backup` and `pellucid restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import wrapped
from pellucid.errors import InputInvalid


def backup(
    folder: Annotated[Path, typer.Argument(help="New folder, outside the workspace.")],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="New folder for the keys, kept apart.", show_default="not copied"),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", help="New file that every change from now on reaches.", show_default="as before"),
    ] = None,
    no_journal: Annotated[bool, typer.Option("--no-journal", help="End the journal that is kept.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Back up the workspace.

    Others may go on using it. Restoring needs the keys, and what happened since: a journal outside the workspace holds
    it, best on another machine's disk.
    """
    if journal is not None and no_journal:
        raise InputInvalid("A journal is either begun or ended.", code="options-clash", remedy="Leave one option out.")
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        done = found.backup(folder, actor=acting, keys=keys, journal=journal, no_journal=no_journal)
        kept = found.journal
    typer.echo(f"Backup {done.identity}: {done.entries:,} log entries, {done.files} files, {done.size:,} bytes.")
    if keys is not None:
        typer.echo(wrapped(f"The keys are in {keys}. Whoever has both can read and sign everything: keep them apart."))
    told = f"Changes are carried over to {kept}." if kept else "No journal is kept: what comes now can be lost."
    typer.echo(wrapped(told))


def restore(
    backup: Annotated[Path, typer.Argument(help="Folder of the backup.")],
    folder: Annotated[Path, typer.Argument(help="New folder for the workspace.")],
    keys: Annotated[Path, typer.Option("--keys", help="Folder in which the keys were backed up.")],
    since: Annotated[
        list[Path] | None,
        typer.Option("--since", help="Journal, or folder of the broken workspace; repeat for several, in order."),
    ] = None,
    latest: Annotated[
        list[Path] | None,
        typer.Option("--latest", help="Checkpoint, export or witness's folder that must not know more."),
    ] = None,
    accept_loss: Annotated[
        str | None,
        typer.Option("--accept-loss", metavar="REASON", help="Restrict everybody, spend all budgets, begin a new log."),
    ] = None,
    actor: ActorOption = None,
) -> None:
    """Restore a backup and replay what happened since.

    It makes a whole workspace in a new folder, or nothing.
    """
    from pellucid.workspace import restore as restore_workspace  # noqa: PLC0415  -- slow

    done = restore_workspace(
        backup,
        folder,
        keys=keys,
        since=since or (),
        latest=latest or (),
        accept_loss=accept_loss,
        actor_name=actor_name(actor),
    )
    typer.echo(f"Restored {done.entries:,} log entries and replayed {done.replayed:,}, with {done.choices:,} choices.")
    if done.restricted:
        typer.echo(wrapped(f"{done.restricted:,} people are restricted until lifted; all budgets are spent."))
        typer.echo(f"A new log goes on from the old one; its public key:\n{done.log_key}")
    elif done.known is None:
        typer.echo(wrapped("No head from elsewhere was given: that nothing is missing rests on the journal alone."))
    if done.import_again:
        typer.echo(wrapped(f"Import again, for newer rows are gone: {', '.join(done.import_again)}."))
    if done.withheld:
        typer.echo(wrapped(f"Out of use until then, for their rows were replaced: {', '.join(done.withheld)}."))
    if done.invite_again:
        names = ", ".join(done.invite_again)
        typer.echo(wrapped(f"Invite again (`pellucid staff invite NAME`), for these accounts ended: {names}."))
    typer.echo("It keeps no journal: back it up with --journal, and have the witness cosign.")
