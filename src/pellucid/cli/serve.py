"""`pellucid serve`: the server of a workspace, and the tokens by which programs are let in."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table
from pellucid.errors import InputInvalid, WorkspaceUnusable
from pellucid.policy.scopes import SCOPES

app = typer.Typer(invoke_without_command=True)
token = typer.Typer(help="Tokens by which programs are let in.", no_args_is_help=True)
app.add_typer(token, name="token")

_SCOPES = (
    "What it may do; repeat for several. "
    f"With --for: {', '.join(name for name, scope in SCOPES.items() if scope.as_person)}. "
    f"Without: {', '.join(name for name, scope in SCOPES.items() if not scope.as_person)}."
)
LOCAL = ("127.0.0.1", "::1", "localhost")


@app.callback()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.")] = 8700,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; about one a processor.")] = 1,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the workspace to programs and browsers over HTTP, until stopped."""
    if context.invoked_subcommand is not None:
        return
    try:
        from pellucid.web.server import serve as run  # noqa: PLC0415  -- optional, and slow
        from pellucid.web.workers import serve_by_workers  # noqa: PLC0415  -- likewise
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("pellucid"):
            raise
        raise WorkspaceUnusable(
            "What serves HTTP is not installed.", code="server-missing", remedy="Run: pip install 'pellucid[serve]'."
        ) from None
    if host not in LOCAL:
        typer.echo("Tokens and keys of people travel unencrypted: put a proxy with TLS in front.", err=True)
    with opened(workspace) as found:
        if workers == 1:
            run(found, host, port)
            return
        folder, settings = found.folder, found.settings
    serve_by_workers(folder, settings, host, port, workers)  # each opens the workspace for itself


@token.command()
def create(
    name: Annotated[str, typer.Argument(help="The program's name, as the log will tell it.")],
    scope: Annotated[list[str], typer.Option("--scope", help=_SCOPES)],
    days: Annotated[int, typer.Option(help="For how long.")] = 365,
    person: Annotated[
        str | None, typer.Option("--for", metavar="NAME", help="Person of the policy as whom it asks questions.")
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a token; it is shown once."""
    with opened(workspace) as found:
        made = found.tokens.create(name, scope, actor=found.actor(actor_name(actor)), days=days, person=person)
    typer.echo(f"Token {made.token.id} for {name}. Keep it safe, it is not shown again:", err=True)
    typer.echo(made.secret)


@token.command("list")
def list_(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List the tokens there are and were."""
    with opened(workspace) as found:
        kept = found.tokens.list(actor=found.actor(actor_name(actor)))
        now = found.room.clock()
    rows = [
        [
            each.id,
            each.name,
            each.state(now),
            " ".join(each.scopes),
            each.person or "",
            instant(each.expires_at or 0),
            each.made_by,
        ]
        for each in kept
    ]
    header = ["id", "name", "state", "scopes", "for", "until", "made by"]
    typer.echo(plain_table(header, rows) if rows else "No token yet.")


@token.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The token's id.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Revoke a token, at once and for good."""
    with opened(workspace) as found:
        done = found.tokens.revoke(id, actor=found.actor(actor_name(actor)))
    typer.echo(f"Revoked the token {done.id} of {done.name}.")


@app.command()
def link(
    staff: Annotated[str | None, typer.Option("--staff", help="Into the console, as whom.")] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Into the privacy centre, by key or NAMESPACE:KEY.")
    ] = None,
    address: Annotated[str, typer.Option(help="Where the workspace is served.")] = "http://127.0.0.1:8700",
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a link that signs somebody in, once and within the hour: to try out, on this machine only."""
    if (staff is None) == (customer is None):
        raise InputInvalid(
            "A link is for one person of the staff, or for one customer.",
            remedy="Give either --staff or --customer.",
            code="pass-for-whom",
        )
    from pellucid.cli.subject import named  # noqa: PLC0415  -- what serves need not wait for it

    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        if staff is not None:
            path = f"/staff/pass/{found.passes.for_staff(staff, actor=acting)}"
        else:
            namespace, key = named(found, customer or "")
            path = f"/privacy/pass/{found.passes.for_customer(key, actor=acting, namespace=namespace or None)}"
    typer.echo(address.rstrip("/") + path)
