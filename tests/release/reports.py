"""A shop whose purpose `care` lets exact figures leave (3 people, half of a figure), with rows that a test chooses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from pellucid.engines.base import Statement
from pellucid.policy.canonical import with_version
from pellucid.policy.model import Policy, SuppressedRule
from pellucid.release.suppress import KeptCell, Suppressed, suppress
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import GovernedQuery
from pellucid.rewrite.pipeline import govern
from tests.rewrite.shop import ANA, LONG, NOW, Row, Shop, Stock, load_policy

RULE = SuppressedRule(3, "0.5", 10_000, conditional=True)
SECRET = "secret"


def policy_of(folder: Path, rule: SuppressedRule = RULE) -> Policy:
    policy = load_policy(folder)
    may = ("query", "preview", "insight-propose", "insight-run")
    purposes = {**policy.purposes, "care": replace(policy.purposes["care"], suppressed=rule)}
    roles = {**policy.roles, "analyst": replace(policy.roles["analyst"], may=may)}
    visits = replace(policy.datasets["visits"], private_only=True)
    made = replace(policy, purposes=purposes, roles=roles, datasets={**policy.datasets, "visits": visits})
    return with_version(made)


def bought(
    household: int,
    value: float | None,
    *,
    week: int = 1,
    product: str = "p0",
    quantity: int | None = 1,
    shelf: str = "top",
    paid: bool | None = True,
    basket: str | None = None,
) -> tuple[tuple[int], Row]:
    """Return a purchase of a household."""
    amount = None if value is None else Decimal(str(value))
    day = NOW - dt.timedelta(days=3)
    row = (f"h{household}", basket, product, week, quantity, amount, 1.0, paid, shelf, day.date(), day, "card")
    return (household,), row


@dataclass
class Reports:
    """The shop with some purchases; every household may be read."""

    policy: Policy
    shop: Shop

    @classmethod
    def of(cls, policy: Policy, purchases: Iterable[tuple[tuple[int], Row]], folder: Path) -> Reports:
        stock = Stock.made(purchases=0)
        stock.rows["purchases"] = list(purchases)
        return cls(policy, Shop(policy, stock, folder))

    def govern(self, sql: str) -> GovernedQuery:
        return govern(sql, Context(self.policy, ANA, "care", action="insight-run"))

    def exact(self, governed: GovernedQuery) -> pa.Table:
        return self.shop.exact(governed, salt=SECRET)[governed.blocks[0].name]

    def suppressed(self, sql: str, earlier: Mapping[str, Sequence[KeptCell]] | None = None) -> Suppressed:
        governed = self.govern(sql)
        return suppress(self.exact(governed), governed.blocks[0], self.rule, earlier or {}, SECRET)

    def ask(self, sql: str, earlier: Mapping[str, Sequence[KeptCell]] | None = None) -> list[dict[str, Any]]:
        """Return the rows that leave."""
        governed = self.govern(sql)
        found = suppress(self.exact(governed), governed.blocks[0], self.rule, earlier or {}, SECRET)
        values = self.shop.cells.run(Statement("post", governed.post_sql, {}), {"r0": found.table}, seconds=LONG)
        names = [output.name for output in governed.outputs] + ["withheld"] * (governed.withheld_column is not None)
        rows: list[dict[str, Any]] = pa.table(values.columns, names).to_pylist()
        return rows

    @property
    def rule(self) -> SuppressedRule:
        rule = self.policy.purposes["care"].suppressed
        assert rule is not None
        return rule

    def plain(self, sql: str) -> list[Row]:
        """Return what the SQL says where nothing stands in front of the rows."""
        return self.shop.plain(sql, "care")

    def close(self) -> None:
        self.shop.close()


def kept_of(*answers: Suppressed) -> dict[str, list[KeptCell]]:
    """Return what earlier answers left to be compared with."""
    found: dict[str, list[KeptCell]] = {}
    for answer in answers:
        for cell in answer.kept:
            found.setdefault(cell.cell, []).append(cell)
    return found
