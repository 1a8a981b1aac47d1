"""`pellucid staff`: inviting members of the staff to sign in to the console; who they are is the policy's."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table

app = typer.Typer(help="Accounts by which staff sign in to the console.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Who it is for, as the policy calls them.")]
AddressOption = Annotated[
    str, typer.Option(help="Where people reach the workspace; PELLUCID_PUBLIC_URL if that is set.")
]
HERE = "http://127.0.0.1:8700"


@app.command()
def invite(
    name: NameArgument, address: AddressOption = "", actor: ActorOption = None, workspace: WorkspaceOption = None
) -> None:
    """Invite a person of the policy to make their account: show the link for them, once."""
    _invite(name, address, actor, workspace, anew=False)


@app.command()
def renew(
    name: NameArgument, address: AddressOption = "", actor: ActorOption = None, workspace: WorkspaceOption = None
) -> None:
    """End somebody's account and its sessions at once, and invite them anew: for who lost what they sign in by."""
    _invite(name, address, actor, workspace, anew=True)


@app.command()
def remove(name: NameArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Remove an account or an invitation and end the person's sessions, at once."""
    with opened(workspace) as found:
        found.staff.remove(name, actor=found.actor(actor_name(actor)))
    typer.echo(f"Removed the account of {name}.")


@app.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the accounts there are, and the invitations that hold."""
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        kept, invited = found.staff.list(actor=acting), found.staff.invitations(actor=acting)
    rows = [[each.name, instant(each.made_at), each.made_by, str(each.recovery_left)] for each in kept]
    rows += [[each.person, f"invited, until {instant(each.ends_at)}", each.made_by, ""] for each in invited]
    typer.echo(plain_table(["name", "made", "invited by", "recovery codes left"], rows) if rows else "No account yet.")


def _invite(name: str, address: str, actor: ActorOption, workspace: WorkspaceOption, *, anew: bool) -> None:
    with opened(workspace) as found:
        made = found.staff.invite(name, actor=found.actor(actor_name(actor)), anew=anew)
        place = (address or found.settings.public_url or HERE).rstrip("/")
    typer.echo(f"For {name} alone, once, until {instant(made.ends_at)}. It is not shown again.", err=True)
    typer.echo(f"{place}/staff/invitation/{made.secret}")
