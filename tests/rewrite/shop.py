"""A small shop with people whose answers are known: its policy, its rows, and what may be read of them.

`Shop.ask` runs a governed question without noise (a test may); `Shop.plain` runs the same question as typed over
tables that were filtered and masked in Python. Nothing here shares code with the gate.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pellucid.engines.base import Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb import DuckDBEngine, DuckDBReleasedCells
from pellucid.engines.duckdb_layout import write_placed
from pellucid.engines.duckdb_ranks import with_ranks, write_rule
from pellucid.errors import UseRefused
from pellucid.policy.load import load_folder
from pellucid.policy.model import Actor, Bound, Dataset, Policy
from pellucid.policy.ranks import rank_columns
from pellucid.release.quantile import scores
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import Block, GovernedQuery, Measure
from pellucid.rewrite.pipeline import govern

ANA = Actor("staff", "ana", ("analyst",), "os-user:test")
NOW = dt.datetime(2026, 6, 1, 12)
LONG = 600
"""Seconds that no question here takes, also where the machine stands still meanwhile."""

HOUSEHOLDS = 10
ALL = frozenset(range(HOUSEHOLDS))

_BOUNDS = "rows: {per_group: 100000}, columns: {sales_value: {norm: 1000000, values: [-5, 50]}, quantity: {per_group: 100000, lower: -100000, values: [-10, 10]}, weight: {norm: 1000000, values: [-2, 15]}, amount: {norm: 1000000}, age: {norm: 1000000}, price: {norm: 1000000, values: [0, 9000000]}}"  # noqa: E501
_TIGHT = "rows: {per_group: 3}, columns: {sales_value: {norm: 20, values: [0, 30]}, quantity: {per_group: 5, lower: -3, values: [-1, 4]}, weight: {norm: 7.5, values: [-1.5, 9.25]}, amount: {per_group: 4.25}, age: {norm: 30}, price: {norm: 9}}"  # noqa: E501
_PURPOSE = """\
  {name}:
    title: {name}
    description: A purpose.
    notice: {{version: "1", text: We count what is bought.}}
    basis: {{eu: {{basis: consent, default: opt_in}}}}
    unknown: {{place: eu, age: adult}}
    sensitive: {sensitive}
    categories: [user.behavior.purchase_history, user.financial, user.demographic]
    roles: [analyst]
    release:
      {{rule: private, epsilon: {{default: 1, max: 3}}, allowance: {{epsilon: 12, delta: 1.0e-7, period: month}},
       max_groups: {groups}, {bounds}, threshold_delta: 1.0e-8, clipping_share: {clipping},
       rank: {{rows: {ranked}, each: {ranked}}}}}
"""

POLICY = (
    """\
controller: {name: Grocer, country: DE, contact: privacy@grocer.example, officer: pia}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE]}
namespaces:
  household: {title: Household, cap: {epsilon: 24, delta: 1.0e-6, period: year}}
  employee: {title: Employee, cap: {epsilon: 24, delta: 1.0e-6, period: year}}
recipients: {}
roles:
  analyst: {title: Analyst, may: [query, preview]}
  outreach: {title: Outreach, may: [query]}
  privacy-officer: {title: Privacy officer, may: [policy-activate]}
people:
  ana: {title: Ana, roles: [analyst]}
  mallory: {title: Mallory, roles: [outreach]}
  pia: {title: Pia, roles: [privacy-officer]}
purposes:
"""
    + _PURPOSE.format(name="planning", sensitive="never", groups=100, bounds=_BOUNDS, clipping=0, ranked=254)
    + _PURPOSE.format(name="care", sensitive="explicit_consent", groups=100, bounds=_BOUNDS, clipping=0, ranked=254)
    + _PURPOSE.format(name="tight", sensitive="explicit_consent", groups=2, bounds=_TIGHT, clipping=0.2, ranked=2)
    + """\
  counting:
    title: Counting
    description: Counts only.
    notice: {version: "1", text: We count what is bought.}
    basis: {eu: {basis: consent, default: opt_in}}
    unknown: {place: eu, age: adult}
    categories: [user.behavior.purchase_history]
    roles: [outreach]
    release:
      {rule: private, epsilon: {default: 1, max: 3}, allowance: {epsilon: 12, delta: 1.0e-7, period: month},
       max_groups: 5, rows: {norm: 10}, threshold_delta: 1.0e-8}
datasets:
  products:
    title: The range
    public: true
    key: [product_id]
    columns:
      product_id: {type: text, category: public.product, nullable: false}
      department: {type: text, category: public.product}
      brand: {type: text, category: public.product}
      price: {type: money, scale: 2, category: public.product}
  baskets:
    title: Baskets
    key: [basket_id]
    subjects: [{namespace: household, column: household_id}]
    columns:
      basket_id: {type: text, category: user.behavior.purchase_history, nullable: false}
      household_id: {type: text, category: user.unique_id, nullable: false}
  purchases:
    title: Purchases
    subjects: [{namespace: household, column: household_id}]
    time: bought
    retention_days: 365
    rank: {since: 2024-01, until: 2026-06, by: [week]}
    determines_subject: [basket_id]
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      basket_id: {type: text, category: user.behavior.purchase_history}
      product_id: {type: text, category: user.behavior.purchase_history}
      week: {type: integer, category: user.behavior.purchase_history, domain: [1, 2, 3, 4]}
      quantity: {type: integer, category: user.behavior.purchase_history}
      sales_value: {type: money, scale: 2, category: user.financial.purchase}
      weight: {type: real, scale: 2, category: user.behavior.purchase_history}
      paid: {type: boolean, category: user.behavior.purchase_history}
      shelf: {type: text, category: user.behavior.purchase_history}
      day: {type: date, category: user.behavior.purchase_history}
      bought: {type: timestamp, category: user.behavior.purchase_history}
      card_number: {type: text, category: user.contact}
  members:
    title: Members
    key: [household_id]
    subjects: [{namespace: household, column: household_id}]
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      income: {type: text, category: user.demographic.income, domain: [low, mid, high]}
      age: {type: integer, category: user.demographic.age_range, mask: {kind: band, size: 10}}
      town: {type: text, category: user.demographic, mask: {kind: prefix, size: 1, unmasked_for: [care]}}
      joined: {type: date, category: user.demographic, mask: {kind: month}}
      secret: {type: text, category: user.demographic, mask: {kind: "null"}}
      email: {type: text, category: user.contact}
      phone: {type: text, category: user.contact}
  returns:
    title: Returns
    subjects: [{namespace: household, column: household_id, via: [{column: of_basket, dataset: baskets, key: basket_id}]}]
    columns:
      of_basket: {type: text, category: user.behavior.purchase_history}
      amount: {type: money, scale: 2, category: user.financial.purchase}
      why: {type: text, category: user.behavior.purchase_history}
  visits:
    title: Visits
    subjects: [{namespace: household, column: household_id}]
    time: seen
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      kind: {type: text, category: user.behavior.purchase_history}
      product_id: {type: text, category: user.behavior.purchase_history}
      seen: {type: timestamp, category: user.behavior.purchase_history}
    sensitive_when:
      - {column: kind, values: [clinic], reveals: health}
      - {column: product_id, lookup: {dataset: products, key: product_id, column: department}, values: [REMEDIES], reveals: health}
  transfers:
    title: Transfers
    subjects: [{namespace: household, column: payer}, {namespace: household, column: payee}]
    columns:
      payer: {type: text, category: user.unique_id}
      payee: {type: text, category: user.unique_id}
      amount: {type: money, scale: 2, category: user.financial}
  staff:
    title: Staff
    subjects: [{namespace: employee, column: employee_id}]
    columns:
      employee_id: {type: text, category: user.unique_id, nullable: false}
      grade: {type: integer, category: user.demographic}
  contacts:
    title: Contacts
    subjects: [{namespace: household, column: household_id}]
    columns:
      household_id: {type: text, category: user.unique_id}
      email: {type: text, category: user.contact}
"""  # noqa: E501
)

TYPES = {
    "products": "product_id VARCHAR, department VARCHAR, brand VARCHAR, price DECIMAL(18,2)",
    "baskets": "basket_id VARCHAR, household_id VARCHAR",
    "purchases": "household_id VARCHAR, basket_id VARCHAR, product_id VARCHAR, week BIGINT, quantity BIGINT, "
    "sales_value DECIMAL(18,2), weight DOUBLE, paid BOOLEAN, shelf VARCHAR, day DATE, bought TIMESTAMP, "
    "card_number VARCHAR",
    "members": "household_id VARCHAR, income VARCHAR, age BIGINT, town VARCHAR, joined DATE, secret VARCHAR, "
    "email VARCHAR, phone VARCHAR",
    "returns": "of_basket VARCHAR, amount DECIMAL(18,2), why VARCHAR",
    "visits": "household_id VARCHAR, kind VARCHAR, product_id VARCHAR, seen TIMESTAMP",
    "transfers": "payer VARCHAR, payee VARCHAR, amount DECIMAL(18,2)",
    "staff": "employee_id VARCHAR, grade BIGINT",
    "contacts": "household_id VARCHAR, email VARCHAR",
}
FORBIDDEN = {("purchases", "card_number"), ("members", "email"), ("members", "phone"), ("contacts", "email")}

Row = tuple[object, ...]


def load_policy(folder: Path) -> Policy:
    """Load the shop's policy; a finding is a defect of this file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY)
    loaded = load_folder(folder)
    errors = [str(finding) for finding in loaded.findings if finding.severity == "error"]
    assert loaded.policy is not None and not errors, errors
    return loaded.policy


@dataclass
class Stock:
    """The rows of every dataset, each with its subjects' ids in front (() for public ones)."""

    rows: dict[str, list[tuple[tuple[int | None, ...], Row]]] = field(default_factory=dict)

    @classmethod
    def made(cls, seed: int = 7, *, odd: bool = False, purchases: int = 90) -> Stock:
        """Make rows; `odd` adds NaN and infinite weights and huge quantities, which plain SQL would choke on."""
        pick = random.Random(seed)
        departments = ["DAIRY", "BREAD", "REMEDIES", "FRUIT", None]
        products: list[Row] = [
            (f"p{n}", departments[n % 5], "own" if n % 2 else "else", Decimal(n * 5 + 1) / 4) for n in range(9)
        ]
        stock = cls({"products": [((), row) for row in products]})
        baskets = [(f"b{n}", n % HOUSEHOLDS) for n in range(3 * HOUSEHOLDS)]
        stock.rows["baskets"] = [((owner,), (basket, f"h{owner}")) for basket, owner in baskets]
        stock.rows["purchases"] = [_purchase(pick, baskets, odd) for _ in range(purchases)]
        stock.rows["members"] = [_member(pick, n) for n in range(HOUSEHOLDS) if n != 3]
        stock.rows["returns"] = [
            ((owner,), (basket, Decimal(pick.randint(-50, 900)) / 100, pick.choice(["broken", "late", None])))
            for basket, owner in pick.choices(baskets, k=25)
        ]
        stock.rows["visits"] = [_visit(pick) for _ in range(40)]
        stock.rows["transfers"] = [
            ((one, other), (f"h{one}", f"h{other}", Decimal(pick.randint(1, 99))))
            for one, other in ((pick.randrange(HOUSEHOLDS), pick.randrange(HOUSEHOLDS)) for _ in range(20))
        ]
        stock.rows["staff"] = [((n,), (f"e{n}", n % 3)) for n in range(4)]
        stock.rows["contacts"] = [((n,), (f"h{n}", f"{n}@example.org")) for n in range(HOUSEHOLDS)]
        return stock


def _purchase(pick: random.Random, baskets: Sequence[tuple[str, int]], odd: bool) -> tuple[tuple[int], Row]:
    basket, owner = pick.choice(baskets)
    bought = NOW - dt.timedelta(days=pick.randint(1, 420), hours=pick.randint(0, 23))
    weights: list[object] = [None, *(pick.randint(-8, 60) / 4 for _ in range(8))]
    quantities: list[object] = [None, *range(-3, 7)]
    if odd:
        weights += [math.nan, math.inf, -math.inf, 1e300]
        quantities += [2**62, -(2**62)]
    row = (
        f"h{owner}",
        pick.choice([basket, basket, basket, None]),
        pick.choice([f"p{pick.randrange(9)}", f"p{pick.randrange(9)}", None, "unknown"]),
        pick.choice([1, 2, 3, 4]),
        pick.choice(quantities),
        pick.choice([None, *(Decimal(pick.randint(-500, 5000)) / 100 for _ in range(8))]),
        pick.choice(weights),
        pick.choice([True, False, None]),
        pick.choice(["top", "low", "12", "x1"]),
        bought.date(),
        bought,
        f"card-{owner}",
    )
    return (owner,), row


def _member(pick: random.Random, owner: int) -> tuple[tuple[int], Row]:
    town = pick.choice(["Aachen", "Bonn", "Berlin", "Celle"])
    joined = dt.date(2020 + owner % 3, 1 + owner, 15)
    income = pick.choice(["low", "mid", "high"])
    return (owner,), (f"h{owner}", income, 18 + 5 * owner, town, joined, f"s{owner}", f"{owner}@example.org", "1")


def _visit(pick: random.Random) -> tuple[tuple[int], Row]:
    owner = pick.randrange(HOUSEHOLDS)
    seen = NOW - dt.timedelta(days=pick.randint(0, 900))
    kind = pick.choice(["shop", "shop", "shop", "clinic", None])
    product = pick.choice([f"p{pick.randrange(9)}", f"p{pick.randrange(9)}", None, "unknown"])
    return (owner,), (f"h{owner}", kind, product, seen)


@dataclass(frozen=True)
class Permitted:
    """Who may be read: everything, everything but sensitive rows, or rows from an instant on."""

    plain: frozenset[int] = ALL
    sensitive: frozenset[int] = frozenset()
    since: Mapping[int, dt.datetime] = field(default_factory=dict)
    sensitive_since: Mapping[int, dt.datetime] = field(default_factory=dict)


class Shop:
    """The shop's data in a real engine and, filtered by hand, in plain tables."""

    def __init__(self, policy: Policy, stock: Stock, folder: Path) -> None:
        self.policy = policy
        self.stock = stock
        folder.mkdir(parents=True, exist_ok=True)
        holdings = [
            Holding(name, 1, str(_write(folder, policy.datasets[name], rows))) for name, rows in stock.rows.items()
        ]
        self.engine = DuckDBEngine(
            holdings, temp_directory=folder / "spill", memory_limit="500MB", spill_limit="0B", threads=1
        )
        self.cells = DuckDBReleasedCells()
        self.version = 0
        self.permitted = Permitted()
        self.permit(Permitted())

    def close(self) -> None:
        self.engine.close()
        self.cells.close()

    def permit(self, permitted: Permitted) -> None:
        """Load who may be read, the same for every purpose."""
        self.permitted = permitted
        self.version += 1
        sets = [
            _permitted_set(purpose, namespace, permitted)
            for purpose in self.policy.purposes
            for namespace in ("household", "employee")
        ]
        self.engine.load_permitted(sets, version=self.version)

    def govern(self, sql: str, purpose: str = "planning", actor: Actor = ANA) -> GovernedQuery:
        return govern(sql, Context(self.policy, actor, purpose))

    def refused(self, sql: str, purpose: str = "planning", actor: Actor = ANA) -> tuple[str, ...]:
        """Return the codes a question is refused with; an answered question is a failure."""
        try:
            self.govern(sql, purpose, actor)
        except UseRefused as error:
            return tuple(reason.code for reason in error.reasons)
        raise AssertionError(f"governed: {sql}")

    def exact(
        self, governed: GovernedQuery, parameters: Mapping[str, object] | None = None, *, salt: str = "salt"
    ) -> dict[str, pa.Table]:
        """Run the exact half: what must never leave."""
        bound = {**(parameters or {}), "_now": NOW, "_salt": salt}
        parts = [*governed.blocks, *governed.tables]
        statements = [
            Statement(p.name, p.sql, {name: bound[name] for name in p.parameters if name in bound}) for p in parts
        ]
        answer = self.engine.run(statements, purpose=governed.purpose, seconds=LONG)
        return {part.name: answer.table(part.name) for part in parts}

    def ask(
        self,
        sql: str,
        purpose: str = "planning",
        parameters: Mapping[str, object] | None = None,
        *,
        bounded: Callable[[GovernedQuery], GovernedQuery] = lambda governed: governed,
    ) -> list[Row]:
        """Answer without noise and without thresholds; empty public cells are left out, as plain SQL would.

        `bounded` may take another of the ways in which blocks can be bounded.
        """
        governed = bounded(self.govern(sql, purpose))
        exact = self.exact(governed, parameters)
        tables = {table.name: exact[table.name] for table in governed.tables}
        tables |= {block.name: _noiseless(exact[block.name], block) for block in governed.blocks}
        bound = {**(parameters or {}), "_now": NOW}
        post = Statement("post", governed.post_sql, {name: bound[name] for name in governed.post_parameters})
        values = self.cells.run(post, tables, seconds=LONG)
        columns = [values.column(place).to_pylist() for place in range(len(governed.outputs))]
        return [tuple(row) for row in zip(*columns, strict=True)] if columns else []

    def plain(self, sql: str, purpose: str = "planning", parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Answer the question as typed over tables filtered and masked by hand."""
        with duckdb.connect() as connection:
            for name, types in TYPES.items():
                connection.execute(f"CREATE TABLE {name} ({types})")
                rows = list(self.readable(name, purpose))
                if rows:
                    _insert(connection, name, rows)
                for dataset, column in FORBIDDEN:
                    if dataset == name:
                        connection.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
            asked = parameters or {}
            return connection.execute(sql, asked).fetchall() if asked else connection.execute(sql).fetchall()

    def readable(self, dataset: str, purpose: str) -> Iterable[Row]:
        """Yield what the purpose may read of a dataset, decided row by row in Python."""
        names = [part.split()[0] for part in TYPES[dataset].replace("(18,2)", "").split(", ")]
        for subjects, row in self.stock.rows[dataset]:
            named = dict(zip(names, row, strict=True))
            if all(self._may_read(subject, dataset, named, purpose) for subject in subjects):
                yield tuple(_masked(dataset, name, value, purpose) for name, value in named.items())

    def _may_read(self, subject: int | None, dataset: str, row: Mapping[str, Any], purpose: str) -> bool:
        moment = row.get("bought") or row.get("seen")
        if dataset == "purchases" and moment < NOW - dt.timedelta(days=365):
            return False
        sensitive = dataset == "visits" and self._is_sensitive(row)
        if sensitive and purpose == "planning":
            return False
        who = self.permitted.sensitive if sensitive else self.permitted.plain
        since = self.permitted.sensitive_since if sensitive else self.permitted.since
        if subject in who:
            return True
        return moment is not None and subject in since and moment >= since[subject]

    def _is_sensitive(self, row: Mapping[str, Any]) -> bool:
        departments = {product[0]: product[1] for _, product in self.stock.rows["products"]}
        department = departments.get(row["product_id"])
        return row["kind"] in (None, "clinic") or department in (None, "REMEDIES")


def with_rows_by_norm(policy: Policy, norm: str) -> Policy:
    """Return a policy whose purpose `tight` bounds a person's rows by their norm over groups."""
    tight = policy.purposes["tight"]
    bounded = replace(tight, release=replace(tight.release, rows=Bound(norm=norm)))
    return replace(policy, purposes={**policy.purposes, "tight": bounded})


def ways(governed: GovernedQuery) -> list[GovernedQuery]:
    """Return a question bounded in each of its ways, by person and cell first: one block changed at a time."""
    others = [(place, other) for place, block in enumerate(governed.blocks) for other in block.others]
    others += [
        (place, block.few) for place, block in enumerate(governed.blocks) if block.few and block.max_groups >= 100
    ]
    made = [
        replace(governed, blocks=(*governed.blocks[:place], other, *governed.blocks[place + 1 :]))
        for place, other in others
    ]
    return [governed, *made]


NAMESPACES = {"products": [], "transfers": ["household", "household"], "staff": ["employee"]}


def _write(folder: Path, dataset: Dataset, rows: Sequence[tuple[tuple[int | None, ...], Row]]) -> Path:
    name, path = dataset.name, folder / f"{dataset.name}.1.duckdb"
    namespaces = NAMESPACES.get(name, ["household"])
    columns = [part.split()[0] for part in TYPES[name].split(", ")]
    subjects = [f"_subject{place}" for place in range(len(namespaces))]
    with duckdb.connect(str(path)) as connection:
        typed = ", ".join([TYPES[name], *(f"{subject} INTEGER" for subject in subjects)])
        connection.execute(f"CREATE TEMP TABLE unplaced ({typed})")
        if rows:
            _insert(connection, "unplaced", [(*row, *ids) for ids, row in rows])
        if namespaces:
            ordered = f"{with_ranks('SELECT * FROM unplaced', dataset, 'key')} ORDER BY _subject0"
            stored = [*columns, *rank_columns(dataset)]
            write_placed(connection.execute, "main", ordered, stored, namespaces, len(rows))
            write_rule(connection.execute, "main", dataset)
        else:
            connection.execute("CREATE TABLE main.rows AS SELECT * FROM unplaced")
    return path


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Insert all rows in one statement, which takes a fraction of the time of one each."""
    row = f"({', '.join('?' * len(rows[0]))})"
    values = [value for each in rows for value in each]
    connection.execute(f"INSERT INTO {table} VALUES {', '.join([row] * len(rows))}", values)


def _permitted_set(purpose: str, namespace: str, permitted: Permitted) -> PermittedSet:
    if namespace == "employee":
        return PermittedSet(purpose, namespace, 8, b"\xff", b"\x00")
    people = sorted({*permitted.since, *permitted.sensitive_since})
    partial = [
        PermittedChange(
            purpose,
            who,
            who in permitted.plain,
            who in permitted.sensitive,
            _micros(permitted.since.get(who)),
            _micros(permitted.sensitive_since.get(who)),
            namespace,
        )
        for who in people
    ]
    return PermittedSet(purpose, namespace, HOUSEHOLDS, _bits(permitted.plain), _bits(permitted.sensitive), partial)


def _micros(instant: dt.datetime | None) -> int | None:
    return None if instant is None else int((instant - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1))


def _bits(people: frozenset[int]) -> bytes:
    found = bytearray((HOUSEHOLDS + 7) // 8)
    for who in people:
        found[who // 8] |= 1 << who % 8
    return bytes(found)


def _masked(dataset: str, name: str, value: Any, purpose: str) -> object:
    if dataset != "members" or value is None:
        return value
    masks: dict[str, Callable[[Any], object]] = {
        "age": lambda age: age // 10 * 10,
        "town": lambda town: town if purpose == "care" else town[:1],
        "joined": lambda joined: joined.replace(day=1),
        "secret": lambda secret: None,
    }
    return masks[name](value) if name in masks else value


def _best(row: Mapping[str, Any], measure: Measure) -> int:
    """Return a quantile without noise: the least value of the grid that splits the weights best."""
    grid = measure.grid
    assert grid is not None
    weights = dict(zip(row[f"h{measure.name[1:]}"] or [], row[f"w{measure.name[1:]}"] or [], strict=True))
    found = scores(weights, grid)
    return grid.lower + round(found.index(max(found)) * (grid.upper - grid.lower) / grid.steps)


def _noiseless(exact: pa.Table, block: Block) -> pa.Table:
    rows = [row for row in exact.to_pylist() if row["_row"] == 0 and (row["_subjects"] > 0 or not block.keys)]
    columns: dict[str, pa.Array] = {}
    for key in block.keys:
        columns[key.name] = pa.array([row[key.name] for row in rows], exact.schema.field(key.name).type)
    for measure in block.measures:
        kind = pa.decimal128(38, measure.scale) if measure.scale else pa.int64()
        whole = [_best(row, measure) if measure.grid else row[measure.name] for row in rows]
        values = [Decimal(value).scaleb(-measure.scale) if measure.scale else value for value in whole]
        columns[measure.name] = pa.array(values, kind)
        if measure.grid is None:
            columns[f"{measure.name}_error"] = pa.array([0.0] * len(rows), pa.float64())
    return pa.table(columns) if columns else pa.table({"_none": [0] * len(rows)})


def comparable(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """Return rows in an order and precision in which two engines' answers can be compared."""
    return sorted(tuple(_printed(value) for value in row) for row in rows)


def _printed(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return f"{float(value):.6g}" if value else "0"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return f"{value} 00:00:00" if isinstance(value, dt.date) else str(value)
