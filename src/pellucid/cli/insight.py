"""`pellucid insight ...`: exact figures that one person proposes, another approves, and then may be run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.formats import Format, demand_writable
from pellucid.cli.options import ActorOption, PurposeOption, WorkspaceOption, actor_name, opened
from pellucid.cli.query import sql_of, write_release
from pellucid.cli.render import instant, plain_table, wrapped
from pellucid.errors import InputInvalid
from pellucid.plain import plain

if TYPE_CHECKING:
    from pellucid.insights.approvals import Proposal

app = typer.Typer(help="Exact figures that a second person approves.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Name of the insight.")]


@app.command()
def propose(
    name: NameArgument,
    sql: Annotated[str, typer.Option("--sql", help="One SELECT; `-` reads the input, `@FILE` a file.")],
    purpose: PurposeOption,
    title: Annotated[str, typer.Option("--title", help="What it tells, in plain words.")] = "",
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Propose SQL for somebody else to approve.

    It is run inside the gate and attacked; no figure is shown.
    """
    text = sql_of(sql)
    with opened(workspace) as found:
        proposal = found.insights.propose(
            name, text, purpose=purpose, actor=found.actor(actor_name(actor)), title=title
        )
    _show(proposal)
    typer.echo(wrapped(f"Somebody else may now approve it: pellucid insight approve {name} --as NAME"))


@app.command()
def show(
    name: NameArgument,
    written: Annotated[Format, typer.Option("--format", "-f", help="table or json.")] = Format.TABLE,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what was proposed: SQL, plan, and the attacks that were tried on it."""
    with opened(workspace) as found:
        proposal = found.insights.show(name, actor=found.actor(actor_name(actor)))
    if written is Format.JSON:
        typer.echo(json.dumps(proposal.to_json(), ensure_ascii=False))
    else:
        _show(proposal)


@app.command()
def approve(
    name: NameArgument,
    fingerprint: Annotated[
        str, typer.Option("--fingerprint", help="Of what you looked at, as `insight show` tells it.")
    ] = "",
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Approve what somebody else proposed: this SQL, for this purpose, under this policy.

    Without a fingerprint it shows what is proposed and, at a terminal, asks about that.
    """
    with opened(workspace) as found:
        who = found.actor(actor_name(actor))
        seen = fingerprint.strip() or _looked_at(found.insights.show(name, actor=who))
        receipt = found.insights.approve(name, seen=seen, actor=who)
    typer.echo(f"Approved (log entry {receipt.leaf}). A change of the policy or of the SQL makes this void.")
    typer.echo(f"Fingerprint: {seen}")


@app.command()
def reject(
    name: NameArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Reject what was proposed, or end an approval."""
    with opened(workspace) as found:
        receipt = found.insights.reject(name, reason=reason, actor=found.actor(actor_name(actor)))
    typer.echo(f"Rejected (log entry {receipt.leaf}).")


@app.command()
def run(
    name: NameArgument,
    written: Annotated[Format, typer.Option("--format", "-f", help="How to write the figures.")] = Format.TABLE,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Run an approved insight.

    Cells that tell of too few people are withheld.
    """
    demand_writable(written)
    with opened(workspace) as found:
        release = found.insights.run(name, actor=found.actor(actor_name(actor)))
    write_release(release, written)


@app.command(name="list")
def list_all(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """List proposed and approved insights."""
    with opened(workspace) as found:
        proposals = found.insights.list(actor=found.actor(actor_name(actor)))
    if not proposals:
        typer.echo("No insight was proposed yet.")
        return
    rows = [
        [each.name, each.purpose, each.state.value, each.proposed_by, each.decided_by or "", each.title]
        for each in proposals
    ]
    typer.echo(plain_table(["insight", "purpose", "state", "proposed by", "decided by", "title"], rows))


def _looked_at(proposal: Proposal) -> str:
    """Show a proposal, and return its fingerprint once somebody at a terminal said yes to it; raises InputInvalid."""
    _show(proposal)
    if not sys.stdin.isatty():
        raise InputInvalid(
            "What is approved is named by its fingerprint: got none, and there is nobody at a terminal to ask.",
            remedy=f"Look at what is proposed, then: pellucid insight approve {proposal.name} "
            f"--fingerprint {proposal.fingerprint}",
            code="fingerprint-missing",
        )
    typer.confirm(f"Approve {proposal.name}, as it is shown above?", abort=True)
    return proposal.fingerprint


def _show(proposal: Proposal) -> None:
    typer.echo(wrapped(f"{proposal.name}: {proposal.title or 'no title'} [{proposal.state}]"))
    typer.echo(
        wrapped(f"Proposed by {proposal.proposed_by}, {instant(proposal.proposed_at)} UTC, for {proposal.purpose}.")
    )
    if proposal.decided_by is not None and proposal.decided_at is not None:
        why = f" Reason: {proposal.reason}" if proposal.reason else ""
        typer.echo(wrapped(f"Decided by {proposal.decided_by}, {instant(proposal.decided_at)} UTC.{why}"))
    typer.echo(f"\n{plain(proposal.sql.strip())}\n")
    for sentence in proposal.plan:
        typer.echo(wrapped(sentence, bullet="- "))
    rows = [[str(each["title"]), str(each["over"]), "held" if each["held"] else "broken"] for each in proposal.attempts]
    typer.echo("\n" + plain_table(["attack tried on the exact answer", "over", "result"], rows))
    typer.echo(f"\nFingerprint: {proposal.fingerprint}")
    typer.echo(wrapped("It stands for SQL, purpose and policy."))
