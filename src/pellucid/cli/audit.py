"""`pellucid audit ...`: read, sign, hand on and verify the log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, Chosen, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, wrapped

app = typer.Typer(help="The tamper-evident log.", no_args_is_help=True)


@app.command()
def log(
    last: Annotated[int | None, typer.Option(help="Only the last so many entries.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON entry a line, as it was hashed.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Read the log."""
    with opened(workspace) as found:
        entries = found.audit.entries(actor=found.actor(actor_name(actor)), last=last)
    if as_json:
        for entry in entries:
            typer.echo(entry.body.decode())
        return
    rows = []
    for entry in entries:
        fields = entry.fields()
        who = fields["actor"]
        name = who["name"] if isinstance(who, dict) else ""
        rows.append(
            [
                str(entry.leaf),
                _when(fields["at"]),
                str(fields["action"]),
                str(name),
                _gist(fields),
            ]
        )
    typer.echo(plain_table(["entry", "at", "action", "who", "what"], rows, right={0}))


@app.command()
def checkpoint(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Sign the head of the log and print it.

    The note is a C2SP tlog-checkpoint.
    """
    with opened(workspace) as found:
        typer.echo(found.audit.checkpoint(actor=found.actor(actor_name(actor))).decode(), nl=False)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")],
    details: Annotated[bool, typer.Option("--details", help="With the erasable details.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the log and its signed head into a folder.

    It holds all that is needed to verify the log but the key, which is handed over apart.
    """
    with opened(workspace) as found:
        done = found.audit.export(folder, actor=found.actor(actor_name(actor)), with_details=details)
        key = str(found.audit.verifier)
    typer.echo(f"Exported {done.size:,} entries of {done.origin} into {folder}.")
    typer.echo(f"Give the key apart from the folder: {key}")


@app.command()
def prove(
    entry: Annotated[int, typer.Argument(help="Number of the entry.", min=0)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the entry and its proof.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write one entry and the proof that it is in the log.

    The proof is of the form c2sp.org/tlog-proof@v1.
    """
    with opened(workspace) as found:
        body, proof = found.audit.proof(entry, actor=found.actor(actor_name(actor)))
    out.mkdir(parents=True, exist_ok=True)
    (out / f"entry-{entry}.json").write_bytes(body)
    (out / f"entry-{entry}.tlog-proof").write_bytes(proof)
    typer.echo(f"Wrote entry {entry} and its proof into {out}.")


@app.command()
def verify(
    place: Annotated[
        Path | None, typer.Argument(help="Exported folder, or workspace.", show_default="workspace")
    ] = None,
    key: Annotated[str, typer.Option("--key", help="The log's public key, or its file, taken from elsewhere.")] = ...,  # type: ignore[assignment]
    witness_key: Annotated[
        list[str] | None, typer.Option("--witness-key", metavar="KEY", help="A witness's public key.")
    ] = None,
    against: Annotated[Path | None, typer.Option("--against", help="An older checkpoint or export.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Verify the log offline, step by step. Needs neither a healthy workspace nor anybody's permission."""
    from pellucid.audit.read import verify_place  # noqa: PLC0415  -- slow; and nothing else of the product is loaded

    report = verify_place(
        place or workspace or Chosen.workspace or Path(),
        log_key=key,
        witness_keys=witness_key or (),
        against=against,
        processes=os.cpu_count() or 1,
    )
    for step in report.steps:
        typer.echo(wrapped(str(step)))
    report.demand()
    typer.echo("The log holds.")


def _when(value: object) -> str:
    return instant(value) if isinstance(value, int) else ""


def _gist(fields: dict[str, object]) -> str:
    """Say in a few words what the entry is about: its purpose, and what of its body a reader looks for first."""
    body = fields.get("body")
    told = [fields["purpose"]] if fields.get("purpose") else []
    if isinstance(body, dict):
        told += [body[name] for name in ("dataset", "action", "reasons", "datasets", "code", "verb") if name in body]
    return "; ".join(", ".join(map(str, each)) if isinstance(each, list) else str(each) for each in told)
