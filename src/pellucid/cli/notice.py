"""`pellucid notice ...`: what people are told, in every language: check, publish, show and compare it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, wrapped

if TYPE_CHECKING:
    from pellucid.workspace.notices import NoticeCheck

app = typer.Typer(help="What people are told about the use of their data.", no_args_is_help=True)

DIGITS = 16


class Layer(StrEnum):
    """The layers of a notice."""

    SHORT = "short"
    FULL = "full"
    CHILD = "child"


class Written(StrEnum):
    """How a notice is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSONLD = "jsonld"


LanguageOption = Annotated[str | None, typer.Option(help="en, de, es or fr.", show_default="the policy's own")]


@app.command("list")
def list_(workspace: WorkspaceOption = None) -> None:
    """List what was published, the oldest first.

    The last one is what people are shown now.
    """
    with opened(workspace) as found:
        kept = found.notices.list()
    rows = [[each.notice[:DIGITS], instant(each.at), each.policy[:12], ", ".join(each.languages)] for each in kept]
    header = ["notice", "published", "policy", "languages"]
    typer.echo(plain_table(header, rows) if rows else "No notice was published yet: see `pellucid notice publish`.")


@app.command()
def show(
    version: Annotated[
        str, typer.Option("--version", help="A published notice by its first digits, `current`, or `draft`.")
    ] = "current",
    language: LanguageOption = None,
    layer: Annotated[Layer, typer.Option(help="One screen, everything, or for a reader of twelve.")] = Layer.SHORT,
    written: Annotated[Written, typer.Option("--format", help="jsonld has no layers.")] = Written.TEXT,
    workspace: WorkspaceOption = None,
) -> None:
    """Show a notice, as it was or would be shown.

    `draft` is the one that the policy in force makes now.
    """
    from pellucid.transparency.shown import markdown, text  # noqa: PLC0415  -- only here

    with opened(workspace) as found:
        whole, content = found.notices.named(version)
        told = content.telling(language or found.policy.active().controller.language)
    if written is Written.JSONLD:
        typer.echo(json.dumps({**told.linked, "dct:identifier": whole}, ensure_ascii=False, indent=2))
        return
    sections = told.layer(layer.value)
    if written is Written.MARKDOWN:
        typer.echo(markdown(sections), nl=False)
        return
    for line in text(sections).splitlines():
        typer.echo(wrapped(line.removeprefix("- "), bullet="- " if line.startswith("- ") else ""))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="The notice before.")] = "current",
    new: Annotated[str, typer.Argument(help="The notice after.")] = "draft",
    language: LanguageOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say in plain words what differs from one notice to another.

    By default, what publishing would change.
    """
    with opened(workspace) as found:
        told = found.notices.compare(old, new, language)
    for sentence in told:
        typer.echo(wrapped(sentence, bullet="- "))
    if not told:
        typer.echo("Nothing differs.")


@app.command()
def check(workspace: WorkspaceOption = None) -> None:
    """Say whether what is shown is what the policy in force says.

    Reading grades are school years, by a published formula for each language.
    """
    with opened(workspace) as found:
        checked = found.notices.check()
    _tell_check(checked)


@app.command()
def publish(actor: ActorOption = None, workspace: WorkspaceOption = None) -> None:
    """Show people the notice of the policy in force from now on.

    It is kept for good, by the hash of its content.
    """
    with opened(workspace) as found:
        done = found.notices.publish(actor=found.actor(actor_name(actor)))
    if done.log is None:
        typer.echo(f"Notice {done.version[:DIGITS]} is shown already.")
        return
    typer.echo(f"Notice {done.version[:DIGITS]} is shown from now on (log entry {done.log.leaf}).")
    for sentence in done.changes:
        typer.echo(wrapped(sentence, bullet="- "))
    if done.told:
        typer.echo("A message about it is due to everybody: see `pellucid messages plan`.")


def _tell_check(checked: NoticeCheck) -> None:
    rows = [
        [each.language, each.layer, "too short" if each.grade is None else f"{each.grade:g}", f"{each.most:g}"]
        for each in checked.grades
    ]
    typer.echo(plain_table(["language", "layer", "reads like year", "at most"], rows, right=(2, 3)))
    for each in checked.grades:
        if each.grade is not None and each.grade > each.most:
            typer.echo(wrapped(f"The {each.layer} layer in {each.language} is too hard to read.", bullet="! "))
    for regime in checked.lawless:
        typer.echo(wrapped(f"No law of `{regime}` is signed off, so the notice names no rights there.", bullet="! "))
    if checked.is_shown:
        typer.echo(f"Notice {checked.version[:DIGITS]} is what people are shown.")
    elif checked.shown is None:
        typer.echo("Nothing was published yet: `pellucid notice publish`.")
    else:
        typer.echo(f"People are shown {checked.shown[:DIGITS]}; publishing {checked.version[:DIGITS]} would change:")
        for sentence in checked.changes:
            typer.echo(wrapped(sentence, bullet="- "))
        material = "is material: a message would be due to everybody" if checked.tells else "is not material to anybody"
        typer.echo(f"That {material}.")
