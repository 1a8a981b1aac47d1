"""`pellucid policy compare`: what a change of policy means before it is made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import plain_table, wrapped

if TYPE_CHECKING:
    from pellucid.consent.gains import UseGains
    from pellucid.policy.compare import Comparison

FOUND = 9
"""Exit code when a comparison found what --fail-on names: nothing failed, so no error has it."""


class CompareFormat(StrEnum):
    """How a comparison is written."""

    TABLE = "table"
    JSON = "json"


class FailOn(StrEnum):
    """What ends the command with exit code 9."""

    WIDENING = "widening"
    CHANGE = "change"


def compare(
    old: Annotated[str, typer.Argument(help="A policy folder, `active`, or a version that was in force.")],
    new: Annotated[str, typer.Argument(help="The same.")],
    exact: Annotated[
        bool, typer.Option("--exact", help="How many people gain or lose which use: an officer's, and logged.")
    ] = False,
    written: Annotated[CompareFormat, typer.Option("--format", "-f", help="How to write it.")] = CompareFormat.TABLE,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="End with exit code 9 if there is one.", show_default="never")
    ] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say what a change of policy means.

    Every difference is wider, narrower or neutral. Two folders need no workspace, and nobody's data are touched.
    """
    found, gains = _compared(old, new, exact, actor, workspace)
    if written is CompareFormat.JSON:
        told = found.to_json() | ({} if gains is None else {"people": [each.to_json() for each in gains]})
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(comparison_text(found))
        if gains is not None:
            typer.echo(f"\n{gains_text(gains)}")
    if _is_found(found, fail_on):
        raise typer.Exit(FOUND)


def _compared(
    old: str, new: str, exact: bool, actor: str | None, workspace: Path | None
) -> tuple[Comparison, tuple[UseGains, ...] | None]:
    from pellucid.policy.load import load_policy, names_folder  # noqa: PLC0415  -- pydantic

    both_folders = all([names_folder(old), names_folder(new)])
    if both_folders and not exact:
        from pellucid.policy.compare import compare as compare_policies  # noqa: PLC0415

        return compare_policies(load_policy(Path(old)), load_policy(Path(new))), None
    with opened(workspace) as found:
        if exact:
            return found.policy.compare_exact(old, new, actor=found.actor(actor_name(actor)))
        return found.policy.compare(old, new), None


def _is_found(found: Comparison, wanted: FailOn | None) -> bool:
    if wanted is FailOn.WIDENING:
        return found.counts()["widening"] > 0
    return wanted is FailOn.CHANGE and bool(found.changes)


def comparison_text(found: Comparison) -> str:
    """Return every change, by what it is about, with its kind, its code and who should look."""
    lines = [f"From version {found.old[:12]} to {found.new[:12]}: {found.summary()}."]
    for (part, name), changes in groupby(found.changes, key=lambda change: (change.part, change.name)):
        lines += ["", f"{part.upper()} {name}".strip()]
        for change in changes:
            told = f"{change.kind}: {change.sentence} [{change.code}; for: {change.look}]"
            lines.append(wrapped(told, bullet="- ", indent="  "))
    return "\n".join(lines)


def gains_text(gains: Sequence[UseGains]) -> str:
    """Return how many people gain or lose which use, as a table."""
    rows = [
        [
            each.purpose,
            each.namespace,
            *(f"{number:,}" for number in (each.before, each.after, each.gain, each.lose)),
            f"{each.sensitive_gain:,}",
            f"{each.sensitive_lose:,}",
        ]
        for each in gains
    ]
    header = ["purpose", "people", "before", "after", "gain", "lose", "sensitive: gain", "lose"]
    table = plain_table(header, rows, right=set(range(2, len(header))))
    told = (
        "Counted are the people of the register of whom some rows may be read, before and after, and of whom more "
        "(gain) or fewer (lose) may be read. One person may do both. Nothing was changed, and the log says who counted."
    )
    return f"{table}\n{wrapped(told)}"
