"""A workspace over the orders, and the ways pellucid is measured. A new way of bounding is one more `Variant`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pellucid
from pellucid.engines.base import Statement
from pellucid.release.choose import choose
from pellucid.release.result import Release
from pellucid.rewrite.context import Context
from pellucid.workspace import Workspace, create

from .data import CATEGORIES, COUNTRIES, names

QUESTIONS = {
    "Q1": "SELECT country, COUNT(*) AS n, SUM(amount) AS total FROM orders GROUP BY country",
    "Q2": "SELECT country, category, COUNT(*) AS n, SUM(amount) AS total FROM orders GROUP BY country, category",
    "Q3": "SELECT country, COUNT(DISTINCT customer) AS people FROM orders GROUP BY country",
    "Q4": "SELECT AVG(amount) AS mean FROM orders",
}


@dataclass(frozen=True)
class Variant:
    """One way to bound what a customer adds: part of a purpose's release rule, and what is asked with it.

    `questions` replaces the SQL of some questions, `options` goes to `workspace.query`, `only` names the questions that
    it is meant for (all, if empty). `engine`: its block is timed by itself too.
    """

    name: str
    rule: Mapping[str, object]
    questions: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    engine: bool = True

    @property
    def purpose(self) -> str:
        """Return the name of its purpose."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())

    def sql(self, question: str) -> str:
        """Return the SQL it asks."""
        return self.questions.get(question, QUESTIONS[question])


def _caps(max_groups: int, rows: int, amount: int) -> dict[str, object]:
    return {
        "max_groups": max_groups,
        "rows": {"per_group": rows},
        "columns": {"amount": {"per_group": amount}},
    }


EQUAL = [Variant("pellucid", _caps(10, 10, 500))]
"""The caps that every peer gets too: 10 groups a customer, and in each 10 rows and an amount of 500."""

BEST = [
    Variant("best Q1", _caps(5, 50, 3000), only=("Q1",)),
    Variant("best Q2", _caps(50, 3, 200), only=("Q2",)),
    Variant("best Q3", _caps(20, 10, 500), only=("Q3",)),
    Variant("best Q4", _caps(1, 100, 6000), only=("Q4",)),
]
"""The best fixed caps known for these data: chosen by somebody who knew the data, so a bound and no promise."""

REPORTED = [Variant("pellucid, with clipping", {**_caps(10, 10, 500), "clipping_share": 0.1}, only=("Q1", "Q2"))]
"""The same with a tenth of the budget for the fraction of customers that were clipped."""

BY_NORM = [
    Variant(
        "pellucid, norms",
        {"max_groups": 10, "rows": {"per_group": 10}, "columns": {"amount": {"norm": 5000}}},
        only=("Q1", "Q2", "Q4"),
    )
]
"""Amounts bounded as Qrlew bounds them with these caps: a customer's norm over groups, at 10 rows times 500."""

DRAWN = [
    Variant(
        "pellucid, norms drawn",
        {
            "max_groups": 1000,
            "rows": {"norm": 100000, "drawn": True},
            "columns": {"amount": {"norm": 10000000, "drawn": True}},
        },
        engine=False,
    )
]
"""Norms that nobody chose: a private quantile of what customers bring, drawn at the first ask and then used again."""

BY_RANK = [
    Variant(
        "pellucid, rank",
        {
            **_caps(1000, 10, 500),
            "rank": {"rows": 30},
            "columns": {"amount": {"per_group": 500, "values": [0, 200]}},
        },
        options={"bounding": "rank"},
        only=("Q1", "Q2", "Q4"),
    ),
    Variant(
        "pellucid, rank by country",
        {
            **_caps(1000, 10, 500),
            "rank": {"rows": 0, "each": 10},
            "columns": {"amount": {"per_group": 500, "values": [0, 200]}},
        },
        options={"bounding": "rank"},
        only=("Q1",),
    ),
]
"""A stored rank: 30 rows of a customer and month, or 10 of a customer, month and country; no row over 200."""

VARIANTS = [*EQUAL, *BY_NORM, *REPORTED, *DRAWN, *BY_RANK, *BEST]


def policy_of(variants: list[Variant]) -> dict[str, object]:
    """Return a policy with one purpose for each way of bounding; everybody is permitted, as nobody objected."""
    cap = {"epsilon": 100, "delta": 2.0e-6, "period": "year"}
    return {
        "controller": {"name": "Shop", "country": "DE", "contact": "privacy@shop.example", "officer": "pia"},
        "regimes": {"eu": {"title": "the GDPR", "jurisdictions": ["DE"]}},
        "namespaces": {"customer": {"title": "Customer", "cap": cap}},
        "recipients": {},
        "roles": {
            "analyst": {"title": "Analyst", "may": ["query", "preview"]},
            "engineer": {"title": "Engineer", "may": ["data-add"]},
            "officer": {"title": "Officer", "may": ["policy-activate"]},
        },
        "people": {
            "ana": {"title": "Ana", "roles": ["analyst"]},
            "dan": {"title": "Dan", "roles": ["engineer"]},
            "pia": {"title": "Pia", "roles": ["officer"]},
        },
        "purposes": {each.purpose: _purpose(each, cap) for each in variants},
        "datasets": {
            "orders": {
                "title": "Orders",
                "subjects": [{"namespace": "customer", "column": "customer"}],
                "time": "day",
                "rank": {"since": "2024-01", "until": "2024-12", "by": ["country"]},
                "columns": {
                    "customer": {"type": "integer", "category": "user.unique_id", "nullable": False},
                    "country": {
                        "type": "text",
                        "category": "user.behavior.purchase_history",
                        "domain": names("N", COUNTRIES),
                    },
                    "category": {
                        "type": "text",
                        "category": "user.behavior.purchase_history",
                        "domain": names("c", CATEGORIES),
                    },
                    "day": {"type": "date", "category": "user.behavior.purchase_history"},
                    "amount": {"type": "money", "scale": 2, "category": "user.financial"},
                },
            }
        },
    }


def _purpose(variant: Variant, cap: dict[str, object]) -> dict[str, object]:
    return {
        "title": variant.name,
        "description": variant.name,
        "notice": {"version": "1", "text": "We count what is bought. You may object."},
        "basis": {"eu": {"basis": "legitimate_interests", "default": "opt_out"}},
        "unknown": {"place": "eu", "age": "adult"},
        "categories": ["user.unique_id", "user.behavior.purchase_history", "user.financial"],
        "roles": ["analyst"],
        "release": {"rule": "private", "epsilon": {"default": 1, "max": 1}, "allowance": cap, **variant.rule},
    }


def make_workspace(folder: Path, orders: Path, variants: list[Variant]) -> float:
    """Make a workspace that holds the orders; return the seconds that the import took."""
    (folder / "policy").mkdir(parents=True)
    (folder / "policy" / "policy.yaml").write_text(json.dumps(policy_of(variants), indent=1))
    with create(folder / "shop") as workspace:
        workspace.policy.activate(folder=folder / "policy", actor=workspace.actor("pia"))
        started = time.perf_counter()
        workspace.data.add("orders", orders, actor=workspace.actor("dan"))
        return time.perf_counter() - started


class Ours:
    """An open workspace in which each variant asks each question; the first ask opens the engine."""

    def __init__(self, folder: Path) -> None:
        self.workspace: Workspace = pellucid.open(folder / "shop")

    def close(self) -> None:
        """Close the workspace."""
        self.workspace.close()

    def ask(self, variant: Variant, question: str) -> Release:
        """Ask as an analyst does: the whole way, from the gate to the log."""
        return self.workspace.query(
            variant.sql(question), purpose=variant.purpose, actor="ana", epsilon=1.0, fresh=True, **variant.options
        )

    def run_block(self, variant: Variant, question: str) -> list[tuple[object, ...]]:
        """Run the block's SQL alone, as the engine is given it; return keys and bounded figures, without noise."""
        parts = self.workspace._parts
        context = Context(parts.replica.policy(), self.workspace.actor("ana"), variant.purpose)
        governed = parts.gate.govern(variant.sql(question), context)
        cells = {governed.blocks[0].name: COUNTRIES * (CATEGORIES if question == "Q2" else 1)}
        wanted = str(variant.options.get("bounding", "auto"))
        (block,) = choose(governed, wanted, cells=cells, ranked={"orders"}).blocks
        bound = {"_salt": "0" * 32} if "_salt" in block.parameters else {}
        engine = parts.replica.fresh(parts.clock()).engine
        table = engine.run([Statement("block", block.sql, bound)], purpose=variant.purpose, seconds=600.0).table(
            "block"
        )
        keys = [key.name for key in block.keys]
        found = []
        for row in table.to_pylist():
            if row["_row"] == 0:
                figures = [row[each.name] / 10**each.scale for each in block.measures]
                mean = question == "Q4"  # a sum and a count there
                values = [figures[0] / max(1, figures[1])] if mean else figures
                found.append((*(row[key] for key in keys), *values))
        return found
