"""`pellucid attack`: what attacks on the workspace's own recent answers gain, beside what was promised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.compare import FOUND
from pellucid.cli.options import ActorOption, WorkspaceOption, actor_name, opened
from pellucid.cli.render import instant, plain_table, progress_line, wrapped
from pellucid.errors import InputInvalid

if TYPE_CHECKING:
    from pellucid.insights.attacks.found import Attacked, AttackReport

NOTHING = 5
"""Exit code when nothing could be attacked: no answer came."""


def attack(
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="From this day on.", show_default="30 days ago")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", help="Only what left for it.", show_default="all")
    ] = None,
    last: Annotated[int, typer.Option(help="Only the last so many answers, by noise and exact.")] = 12,
    trials: Annotated[int, typer.Option(help="Trials an attack: more see smaller leaks.")] = 200,
    people: Annotated[int, typer.Option(help="People drawn at random; they are never told.")] = 6,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Attack what left lately.

    Questions are asked again inside and attacked; no figure is shown and nothing is charged. Ends with 9 if an attack
    gained more than was promised, and with 5 if there was nothing to attack.
    """
    begin = _day(since)
    with opened(workspace) as found:
        report = found.insights.attack(
            actor=found.actor(actor_name(actor)),
            since=begin,
            purpose=purpose,
            last=last,
            trials=trials,
            people=people,
            progress=progress_line(),
        )
    typer.echo(json.dumps(report.to_json()) if as_json else attack_text(report))
    if report.findings:
        raise typer.Exit(FOUND)
    if report.nothing_attacked:
        raise typer.Exit(NOTHING)


def attack_text(report: AttackReport) -> str:
    """Return the report as tables, with what it says of each promise and what could not be attacked."""
    from pellucid.insights.attacks.found import SENTENCES, Guarantee  # noqa: PLC0415  -- `--help` need not wait for it

    about = f" for {report.purpose}" if report.purpose else ""
    lines = [wrapped(f"What left from {instant(report.since)} to {instant(report.at)} UTC{about}.")]
    by_noise = [each for each in report.attacks if each.guarantee is Guarantee.PRIVATE]
    exact = [each for each in report.attacks if each.guarantee is Guarantee.SUPPRESSED]
    lines += ["", f"PRIVATE: {_counted(report.answers['private'], 'answer')} by noise"]
    lines += _private(by_noise) if by_noise else ["Nothing to attack: this says nothing of the promise."]
    lines += ["", f"SUPPRESSED: {_counted(report.answers['suppressed'], 'insight')} with exact figures"]
    lines += _suppressed(exact) if exact else ["Nothing to attack: this says nothing of the promise."]
    if report.not_attacked:
        lines += ["", "NOT ATTACKED"]
        lines += [wrapped(f"{SENTENCES[why]}: {count:,}", bullet="- ") for why, count in report.not_attacked.items()]
    return "\n".join([*lines, "", wrapped(_outcome(report))])


def _private(found: Sequence[Attacked]) -> list[str]:
    rows = [
        [each.attack.value, each.over, f"{each.tried:,}", _gain(each), f"{each.bound:.2f}", _result(each)]
        for each in found
    ]
    header = ["attack", "over", "tries", "gain (95 %)", "bound", "result"]
    shown = max((each.epsilon_shown or 0.0 for each in found), default=0.0)
    promised = max((each.epsilon_promised or 0.0 for each in found), default=0.0)
    seen = max((each.seen_from or 0.0 for each in found), default=0.0)
    told = (
        "A gain of 0 is guessing, 1 is knowing; the bound is what the budget charged allows. A true gain of "
        f"{seen:.2f} would have been told from every bound in nine of ten runs. The attackers' errors prove an ε of "
        f"at least {shown:.2f}; what was charged promises at most {promised:.2f}."
    )
    return [plain_table(header, rows, right={2, 4}), wrapped(told)]


def _suppressed(found: Sequence[Attacked]) -> list[str]:
    rows = [[each.attack.value, each.over, f"{each.tried:,}", f"{each.beyond:,}", _result(each)] for each in found]
    told = (
        "A finding is a figure that tells of fewer people than the minimum. Whoever knows everybody else in an exact "
        "figure learns the rest of it: that is not promised, and not attacked."
    )
    header = ["attack", "over", "tries", "told", "result"]
    return [plain_table(header, rows, right={2, 3}), wrapped(told)]


def _gain(each: Attacked) -> str:
    if not each.bound:
        return f"{each.gain:.2f}"
    return f"{each.gain:.2f} ({each.low:.2f} to {each.high:.2f})"


def _result(each: Attacked) -> str:
    entries = f" (log {', '.join(map(str, each.leaves[:5]))})" if each.leaves else ""
    if not each.held:
        return f"BEYOND{entries}"
    return "held" if each.could_fail else "cannot tell"


def _outcome(report: AttackReport) -> str:
    if report.findings:
        return (
            f"{_counted(len(report.findings), 'attack')} gained more than was promised. Stop releasing such "
            "answers, and please report their shapes from the log, without data."
        )
    if report.nothing_attacked:
        return "Nothing was attacked, so nothing is shown either way. This is not a pass."
    return "No attack gained more than was promised, as far as these tries can tell."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _day(written: str | None) -> int | None:
    if written is None:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise InputInvalid(
            f"--since must be a day, got {written[:40]!r}.",
            code="since-invalid",
            remedy="Write it as YYYY-MM-DD, for example 2026-11-01.",
        ) from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
