# ruff: noqa: E501, RUF005  # a grammar reads best a rule a line
"""Draws questions of DuckDB's grammar over the tables of a test's shop; most have the right types, some have not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

Tables = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True)
class Words:
    """What questions are about: columns by table and kind, the tables that `members` and `products` are joined to, and
    a column of money in each.
    """

    tables: Tables
    amounts: Mapping[str, str]


TABLES: Tables = {
    "orders": {
        "text": ["household_id", "basket_id", "product_id", "shop", "note"],
        "number": ["week", "quantity", "value"],
        "instant": ["bought"],
    },
    "members": {"text": ["household_id", "income", "town"], "number": [], "instant": []},
    "products": {"text": ["product_id", "department", "size"], "number": [], "instant": []},
}
GROCER = Words(TABLES, {"orders": "value"})
TEXTS = ["'casino'", "''", "'12'", "'x''y'", "'%'", "'2026-05-01'", "'ß\\'"]
NUMBERS = ["0", "1", "5", "-3", "2.5", "1e3", "9223372036854775807", "432109", "1e308", "NULL"]
INSTANTS = ["TIMESTAMP '2026-05-01 00:00:00'", "DATE '2026-05-01'", "now()", "CAST('never' AS DATE)"]


class Grammar:
    """One draw for each seed, or for each state of a source of chance."""

    def __init__(self, seed: int | random.Random, words: Words = GROCER, *, settled: bool = False) -> None:
        """`settled`: rows that a window's order ties are told apart, so that its answer does not hang on their places."""
        self.pick = random.Random(seed) if isinstance(seed, int) else seed
        self.words = words
        mains = sorted(words.amounts)
        self.main = mains[0] if len(mains) == 1 else self.pick.choice(mains)
        self.sources: list[tuple[str, str]] = []
        self.settled = settled

    def statement(self) -> str:
        """Return a question, sometimes with a CTE, a union or a per-household subquery below it."""
        kind = self.pick.random()
        if kind < 0.15:
            return f"WITH c AS ({self.rows()}) {self.over('c')}"
        if kind < 0.3:
            return f"SELECT {self.pick.choice(['COUNT(*)', 'COUNT(a)', 'COUNT(DISTINCT k)'])} FROM ({self.rows()}) AS x"
        if kind < 0.36:
            return f"{self.aggregate()} UNION ALL {self.aggregate()}"
        return self.aggregate()

    def over(self, name: str) -> str:
        condition = self.pick.choice(["a IS NOT NULL", "k = k", "a = 'casino'", "a > 1", "TRUE"])
        return f"SELECT COUNT(*) AS n FROM {name} WHERE {condition}"

    def rows(self) -> str:
        start = f"SELECT o.household_id AS k, {{}} AS a {self.sourced('o')}"
        if self.pick.random() < 0.4:
            function = self.pick.choice(
                ["MAX", "MIN", "SUM", "COUNT", "AVG", "MEDIAN", "STDDEV", "ANY_VALUE", "VARIANCE"]
            )
            return start.format(f"{function}({self.value(2)})") + f"{self.where()} GROUP BY o.household_id"
        if self.pick.random() < 0.3:
            function = self.pick.choice(["ROW_NUMBER()", f"SUM({self.number(1)})", f"LAG({self.value(1)})", "NTILE(2)"])
            window = f"{function} OVER (PARTITION BY o.household_id ORDER BY {self.value(1)}{self.ties()})"
            return start.format(window) + self.where()
        return start.format(self.value(2)) + self.where()

    def ties(self) -> str:
        columns = [
            f", {alias}.{name}"
            for alias, table in self.sources
            for kind in self.words.tables[table].values()
            for name in kind
        ]
        return "".join(columns) if self.settled else ""

    def aggregate(self) -> str:
        source = self.sourced(self.pick.choice(["o", "t"]))
        keys = [self.value(2) for _ in range(self.pick.choice([0, 0, 1, 1, 2]))]
        measures = [self.measure() for _ in range(self.pick.choice([1, 1, 2]))]
        if not keys:
            return f"SELECT {', '.join(measures)} {source}{self.where()}"
        having = f" HAVING {self.measure()} > {self.pick.choice(NUMBERS)}" if self.pick.random() < 0.15 else ""
        order = f" ORDER BY {self.pick.randint(1, len(keys) + 1)}" if self.pick.random() < 0.3 else ""
        limit = f" LIMIT {self.pick.choice(['3', '0', '1 OFFSET 1'])}" if self.pick.random() < 0.2 else ""
        return f"SELECT {', '.join(keys + measures)} {source}{self.where()} GROUP BY {', '.join(keys)}{having}{order}{limit}"

    def sourced(self, alias: str) -> str:
        self.sources = [(alias, self.main)]
        text = f"FROM {self.main} AS {alias}"
        join = self.pick.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN", "CROSS JOIN"])
        if self.pick.random() < 0.3:
            text += f" {join} members AS m" + (
                "" if join == "CROSS JOIN" else f" ON {alias}.household_id = m.household_id"
            )
            self.sources.append(("m", "members"))
        if self.pick.random() < 0.3:
            text += f" JOIN products AS p ON {alias}.product_id = p.product_id"
            self.sources.append(("p", "products"))
        return text

    def where(self) -> str:
        return f" WHERE {self.condition(2)}" if self.pick.random() < 0.6 else ""

    def measure(self) -> str:
        body = self.pick.choice(
            ["COUNT(*)", f"COUNT({self.value(2)})", f"SUM({self.number(2)})", f"AVG({self.number(2)})"]
            + [f"SUM({self.words.amounts[self.main]})"]
            + [
                f"COUNT(DISTINCT {self.sources[0][0]}.household_id)",
                f"MAX({self.value(1)})",
                f"COUNT_IF({self.condition(1)})",
                f"COUNT(DISTINCT {self.value(1)})",
                self.spread(),
            ]
        )
        return f"{body} FILTER (WHERE {self.condition(1)})" if self.pick.random() < 0.15 else body

    def spread(self) -> str:
        share = self.pick.choice(["0.5", "0.9", "0.0001", "0.25", "1.5", "0"])
        function = self.pick.choice(["MEDIAN({})", "STDDEV({})", "VAR_POP({})", f"QUANTILE_CONT({{}}, {share})",
                                     f"PERCENTILE_DISC({share}) WITHIN GROUP (ORDER BY {{}} DESC)"])  # fmt: skip
        return function.format(self.pick.choice([self.words.amounts[self.main], self.column("number")]))

    def column(self, kind: str) -> str:
        places = [f"{alias}.{name}" for alias, table in self.sources for name in self.words.tables[table][kind]]
        return self.pick.choice(places) if places else "NULL"

    def value(self, depth: int) -> str:
        return self.pick.choice([self.text, self.number, self.instant, self.condition])(depth)

    def text(self, depth: int) -> str:
        if depth <= 0 or self.pick.random() < 0.4:
            return self.pick.choice([self.column("text"), self.column("text"), self.pick.choice(TEXTS)])
        a, b, n = self.text(depth - 1), self.text(depth - 1), self.number(depth - 1)
        return self.pick.choice(
            [f"UPPER({a})", f"LOWER({a})", f"({a} || {b})", f"SUBSTRING({a}, 2, 3)", f"LEFT({a}, 2)", f"TRIM({a})"]
            + [f"COALESCE({a}, {b})", f"NULLIF({a}, {b})", f"CASE WHEN {self.condition(0)} THEN {a} ELSE {b} END"]
            + [f"CAST({n} AS TEXT)", f"CONCAT({a}, {b})", f"MIN({a})", f"DAYNAME({self.instant(0)})"]
        )

    def number(self, depth: int) -> str:
        if depth <= 0 or self.pick.random() < 0.4:
            return self.pick.choice([self.column("number"), self.column("number"), self.pick.choice(NUMBERS)])
        a, b = self.number(depth - 1), self.number(depth - 1)
        return self.pick.choice(
            [f"({a} {sign} {b})" for sign in ("+", "-", "*", "/", "//", "%")]
            + [
                f"ABS({a})",
                f"ROUND({a}, 1)",
                f"CAST({self.text(0)} AS {self.pick.choice(['INT', 'DOUBLE', 'DECIMAL(10, 2)'])})",
            ]
            + [
                f"LENGTH({self.text(0)})",
                f"EXTRACT(MONTH FROM {self.instant(0)})",
                f"SQRT({a})",
                f"LN({a})",
                f"EXP({a})",
            ]
            + [
                f"POWER({a}, {b})",
                f"GREATEST({a}, {b})",
                f"CASE WHEN {self.condition(0)} THEN {a} ELSE {b} END",
                f"-({a})",
            ]
            + [f"FLOOR({a})", f"DATE_DIFF('day', {self.instant(0)}, {self.instant(0)})", f"COALESCE({a}, {b})"]
        )

    def instant(self, depth: int) -> str:
        if depth <= 0 or self.pick.random() < 0.5:
            return self.pick.choice([self.column("instant"), self.pick.choice(INSTANTS)])
        a = self.instant(depth - 1)
        return self.pick.choice(
            [f"DATE_TRUNC('month', {a})", f"({a} + INTERVAL '3' DAY)", f"CAST({a} AS DATE)", f"LAST_DAY({a})"]
            + [f"CAST({self.text(0)} AS TIMESTAMP)", f"({a} - INTERVAL '300000' YEAR)"]
        )

    def condition(self, depth: int) -> str:
        kind = self.pick.choice(["text", "number", "instant", "mixed", "and", "null", "in", "like", "sub"])
        if depth > 0 and kind == "and":
            return f"({self.condition(depth - 1)} {self.pick.choice(['AND', 'OR'])} NOT {self.condition(depth - 1)})"
        if kind == "null":
            return f"{self.column('text')} IS NULL"
        if kind == "in":
            return f"{self.text(0)} IN ({self.pick.choice(TEXTS)}, {self.pick.choice([*TEXTS, *NUMBERS])})"
        if kind == "like":
            return f"{self.text(0)} LIKE {self.pick.choice(TEXTS)}"
        if kind == "sub" and self.sources[0][1] == self.main:
            key = f"{self.sources[0][0]}.household_id"
            inner = f"FROM members AS s WHERE s.household_id = {key}"
            return self.pick.choice(
                [
                    f"EXISTS (SELECT 1 {inner})",
                    f"(SELECT COUNT(*) {inner}) > 0",
                    f"(SELECT MAX(s.town) {inner}) = {self.text(0)}",
                ]
                + [f"{self.text(0)} IN (SELECT s.income {inner})", f"{key} IN (SELECT household_id FROM members)"]
                + [f"(SELECT s.town {inner} LIMIT 1) = {self.text(0)}", f"(SELECT s.town {inner}) = {self.text(0)}"]
            )
        sign = self.pick.choice(["=", "<>", "<", ">=", "IS DISTINCT FROM"])
        if kind == "mixed":
            return (
                f"{self.value(0)} {self.pick.choice(['=', 'IS DISTINCT FROM'])} {self.value(0)}"
                if depth > 0
                else "TRUE"
            )
        draw = {"text": self.text, "number": self.number, "instant": self.instant}.get(kind, self.number)
        return f"{draw(depth - 1)} {sign} {draw(depth - 1)}"
