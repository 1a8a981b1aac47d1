"""The command line: parse, call one use case, render. Errors become a message, a remedy and an exit code by their kind.

0 done · 2 what was typed · 3 refused · 4 budget · 5 no answer came · 6 data refused · 7 verification failed ·
8 workspace or recording · 9 found what --fail-on names, or an attack that gained too much · 1 a defect in pellucid, or
nobody read the output to its end · 130 stopped
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pellucid.cli import (
    agents,
    attack,
    audit,
    backup,
    budget,
    build,
    consent,
    data,
    demo,
    erase,
    hold,
    insight,
    messages,
    notice,
    policy,
    query,
    recipient,
    regulations,
    requests,
    retention,
    sample,
    serve,
    staff,
    subject,
    witness,
    work,
    workspace,
)
from pellucid.cli.options import Chosen
from pellucid.cli.quick import collect_rarely, without_pandas
from pellucid.cli.render import wrapped
from pellucid.errors import (
    BudgetExhausted,
    ConsentInFlux,
    DataRefused,
    DeliveryFailed,
    InputInvalid,
    NotPermitted,
    PellucidError,
    PolicyInvalid,
    QueryFailed,
    RecordingFailed,
    UseRefused,
    VerificationFailed,
    WorkspaceUnusable,
)

EXIT_CODES: tuple[tuple[type[PellucidError], int], ...] = (
    (InputInvalid, 2),
    (UseRefused, 3),
    (NotPermitted, 3),
    (BudgetExhausted, 4),
    (QueryFailed, 5),
    (ConsentInFlux, 5),
    (DeliveryFailed, 5),
    (DataRefused, 6),
    (VerificationFailed, 7),
    (WorkspaceUnusable, 8),
    (RecordingFailed, 8),
)
"""Exit codes by kind of error, the first that fits."""

DEFECT = 1
INTERRUPTED = 130

app = typer.Typer(
    name="pellucid",
    help="Insight from customers' data that you could show the customer it came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(workspace.init)
app.add_typer(policy.app, name="policy")
app.add_typer(data.app, name="data")
app.command("build")(build.build)
app.command("query")(query.query)
app.command("sample")(sample.sample)
app.add_typer(insight.app, name="insight")
app.command("attack")(attack.attack)
app.add_typer(budget.app, name="budget")
app.add_typer(consent.app, name="consent")
app.add_typer(notice.app, name="notice")
app.add_typer(regulations.app, name="regulations")
app.add_typer(subject.app, name="subject")
app.add_typer(requests.app, name="requests")
app.add_typer(agents.app, name="agents")
app.add_typer(erase.app, name="erase")
app.add_typer(hold.app, name="hold")
app.add_typer(retention.app, name="retention")
app.add_typer(audit.app, name="audit")
app.add_typer(witness.app, name="witness")
app.add_typer(serve.app, name="serve")
app.add_typer(staff.app, name="staff")
app.command("work")(work.work)
app.add_typer(messages.app, name="messages")
app.add_typer(recipient.app, name="recipient")
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("upgrade")(workspace.upgrade)
app.command("demo")(demo.demo)


@app.callback()
def chosen(
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="Folder of the workspace.", envvar="PELLUCID_WORKSPACE")
    ] = None,
    actor: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who acts: a label, not a login.")] = None,
) -> None:
    """Insight from customers' data that you could show the customer it came from."""
    Chosen.workspace, Chosen.actor = workspace, actor


def main() -> None:
    """Run the command line and exit with a code by the kind of error."""
    collect_rarely()
    without_pandas()
    try:
        app()
    except PellucidError as error:
        _report(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(INTERRUPTED)
    except Exception as error:  # the last resort: a defect, told without its words, which may hold anything
        if os.environ.get("PELLUCID_TRACEBACK") == "1":
            raise
        _say(f"error [defect]: pellucid failed in a way it should not ({type(error).__name__}).")
        _say("Nothing half-done was kept. Please report it, without data; PELLUCID_TRACEBACK=1 shows where.")
        sys.exit(DEFECT)


def exit_code(error: PellucidError) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), DEFECT)


def _report(error: PellucidError) -> None:
    _say(f"error [{error.code}]: {error.message}")
    if isinstance(error, UseRefused):
        for reason in dict.fromkeys(error.reasons):
            _say(f"[{reason.code}] {reason}", bullet="- ")
    if isinstance(error, PolicyInvalid):
        for finding in error.findings:
            typer.echo(str(finding), err=True)  # one line each, as editors read them
    if error.remedy:
        _say(error.remedy)


def _say(line: str, *, bullet: str = "") -> None:
    """Print a line to people as it fits their terminal; into a file as it is, for programs that search it."""
    fits = sys.stderr.isatty() or "COLUMNS" in os.environ
    typer.echo(wrapped(line, bullet=bullet, indent="  ") if fits else bullet + line, err=True)
