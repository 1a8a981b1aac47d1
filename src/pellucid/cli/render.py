"""Text for people: tables, values with their errors, what an answer cost. Nothing is computed here but rounding."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pellucid.plain import plain
from pellucid.release.figures import limit_name, rounded
from pellucid.release.shown import shown_table

if TYPE_CHECKING:
    from pellucid.release.preview import BudgetPlan, Preview
    from pellucid.release.result import Release

NARROWEST, NARROWEST_COLUMN, GAP = 40, 8, "  "


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """Return a table that fits the terminal (100 columns where there is none): cells that are too wide are wrapped."""
    printable = [[_printable(cell) for cell in row] for row in rows]
    widths = _fitted([max(map(len, column)) for column in zip(header, *printable, strict=True)])
    lines = [_table_row(header, widths, right)]
    lines += [_table_row(row, widths, right) for row in printable]
    return "\n".join(lines)


def progress_line() -> Callable[[str, float], None] | None:
    """Return what shows how far a long piece of work is, on a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(step: str, share: float) -> None:
        print(f"\r\033[K{share:4.0%} {step}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)

    return show


def wrapped(text: str, *, bullet: str = "", indent: str = "") -> str:
    """Return a paragraph or a bullet wrapped to the terminal; `indent` begins its later lines."""
    found = textwrap.fill(
        _printable(text),
        terminal_width(),
        initial_indent=bullet,
        subsequent_indent=indent or " " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return found or bullet


def terminal_width() -> int:
    """Return how many columns there are to write in."""
    return max(NARROWEST, shutil.get_terminal_size((100, 24)).columns)


def _printable(text: str) -> str:
    """Show what is not seen as escapes, ends of lines too: a value of the data may not steer somebody's terminal."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in plain(text, kept=""))


def _fitted(widths: list[int]) -> list[int]:
    """Narrow the widest columns until the row fits."""
    room = terminal_width() - len(GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > NARROWEST_COLUMN:
        widths[widths.index(max(widths))] -= 1
    return widths


def _table_row(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    parts = [_cell_lines(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for line in range(max(map(len, parts))):
        found = [part[line] if line < len(part) else "" for part in parts]
        placed = [
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(found, widths, strict=True))
        ]
        lines.append(GAP.join(placed).rstrip())
    return "\n".join(lines)


def _cell_lines(cell: str, width: int) -> list[str]:
    return [cell] if len(cell) <= width else textwrap.wrap(cell, width) or [""]


def instant(microseconds: int) -> str:
    """Return an instant as a person reads it."""
    return f"{datetime.fromtimestamp(microseconds / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def release_text(release: Release) -> str:
    """Return an answer as a table, and below it what it cost, whom it covers, and where it is recorded."""
    table = shown_table(release)
    lines = [
        plain_table(table.names, table.rows, right=table.numeric),
        "",
        *(wrapped(fact, indent="  ") for fact in _facts(release)),
    ]
    return "\n".join(lines)


def _facts(release: Release) -> list[str]:
    loss = release.loss
    if release.rule == "suppressed":
        cost = "Cost: no privacy budget; the figures are exact."
    elif not release.receipt.charge and release.clipping:
        cost = "Cost: nothing more: this answer was released before."
    elif not release.receipt.charge:
        cost = "Cost: nothing; only public tables were read."
    else:
        cost = (
            f"Cost: ε {loss.epsilon:.3g} (δ {loss.delta:.1g}); {loss.period_epsilon:.3g} of {loss.period_cap:g} spent "
            f"on each person until {loss.renews:%Y-%m-%d}."
        )
    noisy = release.rule == "private" and bool(release.clipping)
    lines = ["± is the noise's 95 % half-width.", cost] if noisy else [cost]
    lines += [f"Coverage: {band} of the people in {dataset}." for dataset, band in sorted(release.coverage.items())]
    lines += list(dict.fromkeys(item.text for item in release.clipping))
    lines += release.notes
    generations = ", ".join(f"{name} {number}" for name, number in sorted(release.stamp.generations.items()))
    lines.append(
        f"Stamp: register {release.stamp.register}, policy {release.stamp.policy[:12]}, {generations or 'no data'}, "
        f"{instant(release.stamp.as_of)} UTC."
    )
    lines.append(f"Receipt: log entry {release.receipt.leaf}, {release.receipt.leaf_hash[:16]}…")
    return lines


def plan_text(plan: BudgetPlan) -> str:
    """Return what several questions would cost and how exact they would be."""
    rows = [
        [
            f"{number}",
            item.measure,
            item.reason if item.half_width is None else f"± {rounded(item.half_width, 0)}",
            cost,
        ]
        for number, each in enumerate(plan.previews, start=1)
        for item, cost in zip(each.expected, [f"{each.epsilon:.3g}", *[""] * len(each.expected)], strict=False)
    ]
    tables = [plain_table(["question", "measure", "expected error (95 %)", "ε"], rows, right={0, 2, 3})]
    limits = [
        [limit_name(each.limit), f"{each.epsilon:.3g}", f"{each.left_epsilon:.3g}", f"{each.limit.renews:%Y-%m-%d}"]
        for each in plan.spending
    ]
    if limits:
        tables += ["", plain_table(["budget (ε)", "together", "left", "renews"], limits, right={1, 2})]
    facts = [f"Together they would cost ε {plan.epsilon:.3g}; ε {plan.left_epsilon:.3g} is left."]
    if not plan.covered:
        facts.append("That is not enough for all of them: ask fewer, or with a larger error.")
    facts.append("No data were touched and nothing was spent.")
    return "\n".join([*tables, "", *(wrapped(fact, indent="  ") for fact in facts)])


def preview_text(preview: Preview) -> str:
    """Return what a question would cost and how exact it would be."""
    rows = [
        [item.measure, item.reason if item.half_width is None else f"± {rounded(item.half_width, 0)}"]
        for item in preview.expected
    ]
    table = [plain_table(["measure", "expected error (95 %)"], rows, right={1})] if rows else []
    lines = [f"It would cost ε {preview.epsilon:.3g} (δ {preview.delta:.1g}); ε {preview.left_epsilon:.3g} is left."]
    if preview.renews is not None:
        lines.append(f"The budget {preview.left_of} is the tightest; it renews on {preview.renews:%Y-%m-%d}.")
    if preview.fewest_people is not None:
        lines.append(f"Groups with fewer than about {preview.fewest_people:,} people would not be shown.")
    lines += preview.notes
    lines.append("No data were touched and nothing was spent.")
    facts = [wrapped(line, indent="  ") for line in lines]
    return "\n".join([*table, "", *facts] if table else facts)
