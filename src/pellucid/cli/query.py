"""`pellucid query`: ask a question for a declared purpose."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.formats import Format, demand_writable, write_rows
from pellucid.cli.options import ActorOption, PurposeOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import preview_text, release_text
from pellucid.errors import InputInvalid
from pellucid.insights.parameters import parameter_of

if TYPE_CHECKING:
    from pellucid.release.result import Release


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; `-` reads it from the input, `@FILE` from a file.")],
    purpose: PurposeOption,
    epsilon: Annotated[float | None, typer.Option(help="Privacy loss.", show_default="the purpose's")] = None,
    accuracy: Annotated[
        str | None,
        typer.Option(
            help="Largest 95 % error of each figure, or with % a share of it; spends what that needs.",
            show_default="none",
        ),
    ] = None,
    written: Annotated[Format, typer.Option("--format", "-f", help="How to write the answer.")] = Format.TABLE,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say what it would cost and how exact it would be.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Make a new answer even where an earlier one may be shown again.")
    ] = False,
    bounding: Annotated[
        str, typer.Option(help="How one person's part is bounded: auto (what needs less noise), groups or rank.")
    ] = "auto",
    param: Annotated[list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Value of $NAME.")] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask a question. Answers are totals over groups with their errors, never rows about people."""
    demand_writable(written)
    text, values = sql_of(sql), dict(parameter_of(each) for each in param or ())
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        if preview:
            told = found.preview(
                text,
                purpose=purpose,
                actor=acting,
                epsilon=epsilon,
                parameters=values,
                accuracy=accuracy,
                bounding=bounding,
            )
            typer.echo(json.dumps(told.to_json()) if written is Format.JSON else preview_text(told))
            return
        release = found.query(
            text,
            purpose=purpose,
            actor=acting,
            epsilon=epsilon,
            parameters=values,
            accuracy=accuracy,
            fresh=fresh,
            bounding=bounding,
        )
    write_release(release, written)


def write_release(release: Release, written: Format) -> None:
    """Write an answer in a format."""
    if written is Format.TABLE:
        typer.echo(release_text(release))
    elif written is Format.JSON:
        typer.echo(json.dumps(release.to_json(), ensure_ascii=False))
    else:
        write_rows(release.values, written)


def sql_of(argument: str) -> str:
    """Return the SQL that an argument names; raises InputInvalid for a file that cannot be read."""
    try:
        if argument == "-":
            return sys.stdin.read()
        return Path(argument[1:]).read_text(encoding="utf-8") if argument.startswith("@") else argument
    except (OSError, UnicodeDecodeError):
        raise InputInvalid(
            "The question's file cannot be read.", code="file-unreadable", remedy="Give a UTF-8 text file."
        ) from None
