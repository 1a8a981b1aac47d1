"""`pellucid regulations ...`: the laws as data, and which of them decide. Not legal advice."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import plain_table, wrapped
from pellucid.errors import InputInvalid

if TYPE_CHECKING:
    from pellucid.governance.laws import LawsChanged
    from pellucid.regulations.model import Figure, Law, Value
    from pellucid.workspace import Workspace

app = typer.Typer(help="The laws as data: which decide, what they say. Not legal advice.", no_args_is_help=True)

LawArgument = Annotated[str, typer.Argument(metavar="LAW", help="Id of a law, e.g. eu-gdpr.")]
FieldArgument = Annotated[str, typer.Argument(metavar="FIELD", help="Name of a field, e.g. consent.sale.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the log.")]
ADVICE = "Not legal advice. Only laws that were signed off decide; drafts inform. Figures marked ? were not verified:"
UNSURE = "they can tighten a decision, never permit anything or lengthen a time."


@app.command("list")
def list_(workspace: WorkspaceOption = None) -> None:
    """List the laws there are, and which of them decide."""
    with opened(workspace) as found:
        marks = {(mark.law, mark.field): mark for mark in found.laws.marks()}
        packs = found.laws.shipped()
    rows = []
    for name, law in packs.items():
        figures = [figure for named in law.fields for figure in named.figures]
        verified = sum(figure.verified for figure in figures)
        mark = marks.get((name, ""))
        decides = "no" if mark is None or mark.state != "signed-off" else f"yes: {mark.made_by}"
        if mark is not None and mark.state == "signed-off" and mark.version != law.version:
            decides += " (an earlier version)"
        rows.append([name, law.name, "draft" if law.draft else "in depth", f"{verified} of {len(figures)}", decides])
    typer.echo(plain_table(["law", "name", "state", "verified", "decides"], rows))
    _say_overrides([mark for (_, field), mark in marks.items() if field and mark.state == "overridden"])
    typer.echo(wrapped(f"{ADVICE} {UNSURE}"))


@app.command()
def show(
    law: LawArgument,
    field: Annotated[str | None, typer.Argument(help="Only fields that begin so, e.g. consent.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what a law says, figure by figure, with citations."""
    with opened(workspace) as found:
        pack = _deciding_or_shipped(found, law)
    rows = [
        [named.name, _told(figure.value), _when(figure), figure.cite, "" if figure.verified else "?"]
        for named in pack.fields
        for figure in named.figures
        if field is None or named.name.startswith(field)
    ]
    if not rows:
        names = sorted({named.name.split(".")[0] for named in pack.fields})
        remedy = f"Its sections: {', '.join(names)}."
        raise InputInvalid(f"{law!r} says nothing of {field!r}.", code="law-field-unknown", remedy=remedy)
    typer.echo(f"{pack.name} ({pack.id}, version {pack.version[:12]})")
    typer.echo(plain_table(["field", "value", "when", "citation", ""], rows))
    typer.echo(wrapped(f"{ADVICE} {UNSURE}"))


@app.command()
def beside(field: FieldArgument, workspace: WorkspaceOption = None) -> None:
    """Show one field of all laws side by side."""
    from pellucid.regulations.compare import beside as laws_beside  # noqa: PLC0415  -- as little as needed

    with opened(workspace) as found:
        rows = laws_beside(found.laws.shipped().values(), field)
    table = [[row.law, row.name, _told(row.value), row.cite, "" if row.verified else "?"] for row in rows]
    if not table:
        remedy = "See `pellucid regulations show LAW`."
        raise InputInvalid(f"No law says anything of {field!r}.", code="law-field-unknown", remedy=remedy)
    typer.echo(plain_table(["law", "field", "value", "citation", ""], table))


@app.command()
def compare(
    law: LawArgument,
    file: Annotated[Path | None, typer.Argument(help="A pack of one's own.", show_default="the one shipped")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show what a new version of a law would change against the one that decides."""
    from pellucid.regulations.compare import compare as laws_compare  # noqa: PLC0415

    with opened(workspace) as found:
        old = _deciding_or_shipped(found, law)
        new = _read(file) if file is not None else found.laws.pack(law)
    changes = laws_compare(old, new)
    for change in changes:
        was, now = (", ".join(_told(each.value) for each in part) or "nothing" for part in (change.old, change.new))
        typer.echo(wrapped(f"{change.field} {change.effect.value}: {was} -> {now}", bullet="- "))
    typer.echo(f"{len(changes)} fields differ." if changes else "Nothing differs.")


@app.command("sign-off")
def sign_off(
    law: Annotated[str, typer.Argument(help="Id of a law, or a YAML file of one's own.")],
    reason: ReasonOption,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a law decide from now on, as it is now; everybody's permission is made anew."""
    with opened(workspace) as found:
        pack = _read(Path(law)) if law.endswith((".yaml", ".yml")) else found.laws.pack(law)
        done = found.laws.sign_off(pack, reason, actor=found.actor(actor_name(actor)))
    _say(done, f"{pack.id} decides from now on")
    unsure = sum(not figure.verified for named in pack.fields for figure in named.figures)
    if unsure:
        typer.echo(f"{unsure} of its figures are not verified: these only tighten. See `regulations show {pack.id}`.")


@app.command()
def withdraw(
    law: LawArgument, reason: ReasonOption, actor: ActorOption = None, workspace: WorkspaceOption = None
) -> None:
    """Let a law decide no more."""
    with opened(workspace) as found:
        _say(found.laws.withdraw(law, reason, actor=found.actor(actor_name(actor))), f"{law} decides no more")


@app.command()
def override(
    law: LawArgument,
    field: FieldArgument,
    value: Annotated[str, typer.Argument(help="The controller's own figure.")],
    cite: Annotated[str, typer.Option("--cite", help="What it rests on.")],
    reason: ReasonOption,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Day on which it holds no more.")] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a figure of the controller's stand in place of a law's: dated, logged, answered for."""
    from pellucid.regulations.model import Override  # noqa: PLC0415

    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        said = Override(law, field, _value(value), cite, _date(since), _date(until), reason, acting.name)
        _say(found.laws.override(said, actor=acting), f"{field} of {law} is {value}")


@app.command()
def restore(
    law: LawArgument,
    field: FieldArgument,
    reason: ReasonOption,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a law's own figure stand again."""
    with opened(workspace) as found:
        done = found.laws.restore(law, field, reason, actor=found.actor(actor_name(actor)))
    _say(done, f"{field} of {law} is the law's own again")


@app.command()
def due(
    kind: Annotated[str, typer.Argument(help="What is due, e.g. respond, opt_out_sale_share, breach.authority.")],
    received: Annotated[str, typer.Option("--received", metavar="DATE", help="Day on which it came in.")],
    place: Annotated[list[str], typer.Option("--place", help="Where the person lives (ISO 3166); several: unknown.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Work out when something is due by the laws that were signed off; the earliest date counts."""
    from pellucid.regulations.deadlines import dues  # noqa: PLC0415  -- as little as needed
    from pellucid.regulations.ruling import applying  # noqa: PLC0415

    day = _date(received) or date.min
    with opened(workspace) as found:
        laws = applying(found.laws.in_force(), place, None, day)
    rows = [
        [each.date.isoformat(), each.law, each.rule, each.cite, "" if each.verified else "?"]
        for each in dues(laws, kind, day)
    ]
    if not rows:
        remedy = "See `pellucid regulations list`, and `pellucid regulations show LAW deadlines`."
        raise InputInvalid(f"No law that was signed off says when {kind!r} is due there.", code="no-due", remedy=remedy)
    typer.echo(plain_table(["due", "law", "counted", "citation", ""], rows))


def _deciding_or_shipped(found: Workspace, law: str) -> Law:
    deciding = {each.id: each for each in found.laws.in_force()}
    return deciding.get(law) or found.laws.pack(law)


def _say(done: LawsChanged, what: str) -> None:
    typer.echo(f"{what} (log entry {done.log.leaf}).")
    typer.echo(f"Everybody's permission was made anew: register version {done.register_version}.")


def _say_overrides(marks: list[object]) -> None:
    for mark in marks:
        said = mark.override  # type: ignore[attr-defined]
        when = f"from {said.since or 'the beginning'} to {said.until or 'further notice'}"
        what = f"{said.law}: {said.field} is {_told(said.value)} {when}"
        typer.echo(wrapped(f"{what} ({said.cite}; {said.by}: {said.reason})", bullet="! "))


def _told(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "none" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _when(figure: Figure) -> str:
    parts = [f"from {figure.since}" if figure.since else "", f"to {figure.until}" if figure.until else ""]
    return " ".join(part for part in parts if part)


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() else text


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputInvalid(f"{text!r} is no date.", code="date-invalid", remedy="Write it like 2027-01-01.") from None


def _read(file: Path) -> Law:
    from pellucid.regulations.load import read  # noqa: PLC0415  -- YAML

    try:
        return read(file.read_bytes(), file.name)
    except OSError:
        raise InputInvalid("The pack cannot be read.", code="file-unreadable", remedy="Give a YAML file.") from None
