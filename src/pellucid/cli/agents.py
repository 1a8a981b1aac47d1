"""`pellucid agents ...`: who may file requests for people by the Data Rights Protocol, and with which key they sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table
from pellucid.errors import InputInvalid

app = typer.Typer(help="Agents that file people's requests by the Data Rights Protocol.", no_args_is_help=True)

LARGEST_FILE = 1024


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The agent's name.")],
    id: Annotated[str, typer.Option("--id", help="Its id in the service directory.")],
    key: Annotated[Path, typer.Option("--key", help="File with its verify_key: base64 of an Ed25519 public key.")],
    callback_host: Annotated[
        str | None,
        typer.Option("--callback-host", metavar="HOST[:PORT]", help="The only host that its status callbacks go to."),
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Register an agent.

    Make sure that the key is its own: whoever has the other half may file requests in its name.
    """
    read = _key(key)
    with opened(workspace) as found:
        made = found.agents.add(id, name, read, actor=found.actor(actor_name(actor)), callback_host=callback_host)
    typer.echo(f"Registered the agent {made.id}: {made.name}.")


@app.command()
def callback(
    id: Annotated[str, typer.Argument(help="The agent's id.")],
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST[:PORT]", help="The only host that its callbacks go to.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Send it no callbacks any more.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say where an agent may be told of its requests, or that it is not; what waits for another host is stopped."""
    if (host is None) is not none:
        raise InputInvalid("Give --host or --none.", remedy="Give one of them, and not both.", code="options-clash")
    with opened(workspace) as found:
        done = found.agents.set_callback_host(id, host, actor=found.actor(actor_name(actor)))
    where = f"go to {done.callback_host}" if done.callback_host else "are not sent"
    typer.echo(f"Callbacks of the agent {done.id} {where}.")


@app.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the agents there are and were."""
    with opened(workspace) as found:
        kept = found.agents.list(actor=found.actor(actor_name(actor)))
    rows = [
        [
            each.id,
            each.name,
            "revoked" if each.revoked_at is not None else "has a token" if each.has_token else "registered",
            each.callback_host or "none",
            instant(each.made_at),
            each.made_by,
        ]
        for each in kept
    ]
    typer.echo(plain_table(["id", "name", "state", "callbacks", "since", "made by"], rows) if rows else "No agent yet.")


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The agent's id.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """End an agent's registration, at once and for good; requests that it filed go on."""
    with opened(workspace) as found:
        done = found.agents.revoke(id, actor=found.actor(actor_name(actor)))
    typer.echo(f"Revoked the agent {done.id}.")


def _key(file: Path) -> bytes:
    from pellucid.audit.note import strict_base64  # noqa: PLC0415  -- `--help` need not wait for it

    try:
        with file.open("rb") as opened_file:
            text = opened_file.read(LARGEST_FILE).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    key = strict_base64(text)
    if not key:
        raise InputInvalid(
            "The file does not hold a key in base64.", code="agent-key", remedy="Save the agent's verify_key there."
        )
    return key
