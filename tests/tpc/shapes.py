"""Which TPC queries the whole gate lets leave privately, and why the others are refused: `docs/explanation/shapes.md`.

python -m tests.tpc.shapes            write the page
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pellucid.errors import UseRefused
from pellucid.rewrite.context import Context
from pellucid.rewrite.pipeline import govern
from tests.tpc import policies
from tests.tpc.data import empty_tables_of, queries_of

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "shapes.md"
PURPOSE = "care"
ASKED = {
    1: "lines by return flag and status: sums and averages",
    2: "the cheapest supplier of a part in a region",
    3: "the ten largest orders not yet shipped",
    4: "orders by priority that had a late line",
    5: "revenue by nation where customer and supplier share it",
    6: "revenue that small discounts cost",
    7: "revenue between two nations by year",
    8: "a nation's share of a market by year",
    9: "profit by nation and year",
    10: "the twenty customers who returned most",
    11: "the most valuable stock of a nation",
    12: "late lines by ship mode and priority",
    13: "how many customers have how many orders",
    14: "the share of revenue from promoted parts",
    15: "the supplier with the highest revenue",
    16: "how many suppliers can deliver a kind of part",
    17: "revenue lost if small orders of a part were not taken",
    18: "the hundred largest orders and their customers",
    19: "revenue of three kinds of parts",
    20: "suppliers with too much of a part",
    21: "suppliers who kept orders waiting",
    22: "customers without orders and with money, by country",
}
WHY = {
    "aggregate-not-private": "asks for a minimum, maximum or spread over people, which one person can decide",
    "distinct-not-subject": "counts distinct things other than people, which one person can add to without a limit",
    "grouping-sets-refused": "asks for totals at several levels (`ROLLUP`) in one answer",
    "join-not-linked": "joins rows about people by something that does not say they are the same person's, "
    "or that the policy does not say so of",
    "limit-below-refused": "cuts rows about people off at a number, so that each row depends on the others",
    "released-beside-people": "puts a total over people beside the rows of single people",
    "released-inside-exact": "compares single people's rows to a total over all people",
    "rows-refused": "its answer would be rows about people",
    "set-operation-refused": "removes duplicates across people below the aggregate",
    "several-subjects-a-row": "reads rows about two people at once: who pays and who receives, "
    "who returns and who is refunded",
    "subquery-not-linked": "looks other people's rows up for each person's row",
    "subquery-many-rows": "looks one value up where several rows might be found",
    "sum-without-bound": "sums a column of which the purpose does not say how much one person may add",
    "spread-not-of-a-column": "asks for the spread of something worked out, for which no range of values is known",
    "types-differ": "compares values whose types cannot be told to be one, so that an error could tell about a row",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a query: how many blocks it is released in, or the codes of the refusal."""

    blocks: int = 0
    codes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.codes:
            return "refused"
        return "released" if self.blocks else "released: public tables only"


def outcomes(name: str) -> dict[int, Outcome]:
    """Return what the gate says to each query of a benchmark, over tables of which it knows the columns only."""
    choice = policies.tpch() if name == "tpch" else policies.tpcds()
    with tempfile.TemporaryDirectory() as folder:
        policy = policies.load(choice, policies.types_of(empty_tables_of(name)), Path(folder))
    context = Context(policy, policies.ANA, PURPOSE)
    return {number: _outcome(sql, context) for number, sql in sorted(queries_of(name).items())}


def _outcome(sql: str, context: Context) -> Outcome:
    try:
        return Outcome(blocks=len(govern(sql, context).blocks))
    except UseRefused as error:
        return Outcome(codes=tuple(sorted({reason.code for reason in error.reasons})))


def page() -> str:
    """Return the text of the page."""
    tpch, tpcds = outcomes("tpch"), outcomes("tpcds")
    rows = [f"| {n} | {ASKED[n]} | {found} | {_codes(found.codes)} |" for n, found in tpch.items()]
    used = sorted({code for found in [*tpch.values(), *tpcds.values()] for code in found.codes})
    return "\n".join(
        [
            "<!-- Made by `python -m tests.tpc.shapes` from a run of the gate: do not edit. -->",
            "",
            "# Which questions can be answered privately",
            "",
            *_OPENING,
            "",
            "## TPC-H",
            "",
            _counted(tpch),
            "",
            "| Query | Asks for | Outcome | Reasons |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "## TPC-DS",
            "",
            _counted(tpcds),
            "",
            "| Outcome | Queries | Which |",
            "| --- | --- | --- |",
            *_grouped((str(found), n) for n, found in tpcds.items()),
            "",
            "A refused query can have several reasons; all that were found are given.",
            "",
            "| Reason | Queries | Which |",
            "| --- | --- | --- |",
            *_grouped((f"`{code}`", n) for n, found in tpcds.items() for code in found.codes),
            "",
            "## Why",
            "",
            "| Reason | The query |",
            "| --- | --- |",
            *(f"| `{code}` | {WHY[code]} |" for code in used),
            "",
        ]
    )


_OPENING = [
    "TPC-H and TPC-DS are what databases are compared by: 22 and 99 queries of a wholesaler and of a shop with three",
    "channels. They were written for people who may see every row, so they show well which shapes of question leave",
    "through the [private release](promise.md) and which do not. A refusal is not a fault of the query: it asks for",
    "something that would say too much about single people, or for something this version cannot bound.",
    "",
    "What is declared: customers are the subjects; suppliers, parts and all dimensions are public. In TPC-DS a sale by",
    "catalogue or web is about whoever pays *and* whoever receives. Each refusal's words and remedy are among the",
    "[reasons](../reference/reasons.md).",
    "",
    "That the *rows* are right is another matter and holds for all 121: over permitted, masked rows each query gives",
    "what the same query gives over tables filtered by hand, whether or not its answer may leave privately.",
]


def _counted(found: Mapping[int, Outcome]) -> str:
    refused = sum(1 for each in found.values() if each.codes)
    public = sum(1 for each in found.values() if not each.codes and not each.blocks)
    private = len(found) - refused - public
    return (
        f"Of {len(found)} queries {private} are released with noise, {public} read public tables only "
        f"and are answered as they are, and {refused} are refused."
    )


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _grouped(pairs: Iterable[tuple[str, int]]) -> list[str]:
    groups: dict[str, list[int]] = defaultdict(list)
    for name, number in pairs:
        groups[name].append(number)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [f"| {name} | {len(numbers)} | {', '.join(map(str, numbers))} |" for name, numbers in ordered]


if __name__ == "__main__":
    PAGE.write_text(page())
