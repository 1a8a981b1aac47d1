"""`pellucid staff`: accounts by which members of the staff sign in to the console; who they are is the policy's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table
from pellucid.errors import InputInvalid

if TYPE_CHECKING:
    from pellucid.governance.staff_accounts import Enrolled

app = typer.Typer(help="Accounts by which staff sign in to the console.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Who it is for, as the policy calls them.")]
StandardInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the standard input.")]


@app.command()
def add(
    name: NameArgument,
    password_stdin: StandardInput = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make an account for a person of the policy; what their authenticator needs is shown once."""
    _enrol(name, password_stdin, actor, workspace, anew=False)


@app.command()
def reset(
    name: NameArgument,
    password_stdin: StandardInput = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Give an account a new password and new codes, and end its sessions: for who lost theirs."""
    _enrol(name, password_stdin, actor, workspace, anew=True)


@app.command()
def remove(name: NameArgument, actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Remove an account and end its sessions, at once."""
    with opened(workspace) as found:
        found.staff.remove(name, actor=found.actor(actor_name(actor)))
    typer.echo(f"Removed the account of {name}.")


@app.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the accounts there are."""
    with opened(workspace) as found:
        kept = found.staff.list(actor=found.actor(actor_name(actor)))
    rows = [[each.name, instant(each.made_at), each.made_by, str(each.recovery_left)] for each in kept]
    typer.echo(plain_table(["name", "made", "made by", "recovery codes left"], rows) if rows else "No account yet.")


def _enrol(name: str, from_input: bool, actor: ActorOption, workspace: WorkspaceOption, *, anew: bool) -> None:
    password = sys.stdin.readline().rstrip("\r\n") if from_input else _asked()
    with opened(workspace) as found:
        made = found.staff.add(name, password, actor=found.actor(actor_name(actor)), anew=anew)
    _tell(made)


def _asked() -> str:
    password: str = typer.prompt("Password", hide_input=True, err=True)
    if password != typer.prompt("Once more", hide_input=True, err=True):
        raise InputInvalid("The two passwords differ.", remedy="Try again.", code="password-differs")
    return password


def _tell(made: Enrolled) -> None:
    typer.echo(f"The account of {made.name}. None of this is shown again.", err=True)
    typer.echo(f"authenticator  {made.authenticator}")
    for code in made.recovery:
        typer.echo(f"recovery code  {code}")
