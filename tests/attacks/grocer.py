"""A small seeded grocer with secrets planted in it, in a workspace and, ungoverned, in a plain DuckDB.

Household h900 objected to everything and must not be found in any answer; h718 did not, and must not be found either:
its only visit to shop `casino` is what inference attacks are after. Some rows belong to nobody.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb

from pellucid.settings import Settings
from pellucid.workspace import Workspace, create

WITHDRAWN, TARGET = "h900", "h718"
SECRETS = ("zoe.hidden@example.org", "alice.private@example.org", "98765.43", "4321.09", "9876543", "432109")
"""Texts and amounts that only the two households have; no answer, error or log body may hold one."""

POLICY = """\
controller: {name: Grocer, country: DE, contact: privacy@grocer.example, officer: pia}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE]}
namespaces:
  household: {title: Household, cap: {epsilon: 99, delta: 1.0e-6, period: year}}
recipients: {}
roles:
  analyst: {title: Analyst, may: [query, preview, budget-show]}
  engineer: {title: Engineer, may: [data-add, data-list]}
  officer: {title: Officer, may: [policy-activate, policy-check, consent-record, audit-read, audit-export]}
people:
  mallory: {title: Mallory, roles: [analyst]}
  dan: {title: Dan, roles: [engineer]}
  pia: {title: Pia, roles: [officer]}
purposes:
  planning:
    title: Planning
    description: What sells.
    notice: {version: "1", text: We count what is bought.}
    basis: {eu: {basis: legitimate_interests, default: opt_out}}
    unknown: {place: eu, age: adult}
    categories: [user.behavior.purchase_history, user.financial, user.demographic]
    roles: [analyst]
    release:
      {rule: private, epsilon: {default: 0.05, max: 3}, allowance: {epsilon: 98, delta: 1.0e-6, period: month},
       max_groups: 4, rows: {per_group: 50}, columns: {value: {norm: 400, values: [0, 100]}, quantity: {per_group: 50}},
       threshold_delta: 1.0e-10, clipping_share: 0.1}
  forbidden:
    title: Forbidden
    description: Nobody's purpose here.
    notice: {version: "1", text: We do nothing.}
    basis: {eu: {basis: legitimate_interests, default: opt_out}}
    unknown: {place: eu, age: adult}
    categories: [user.contact]
    roles: [officer]
    release:
      {rule: private, epsilon: {default: 1, max: 1}, allowance: {epsilon: 2, delta: 1.0e-7, period: month},
       max_groups: 1, rows: {per_group: 5}, threshold_delta: 1.0e-8}
datasets:
  products:
    title: The range
    public: true
    key: [product_id]
    columns:
      product_id: {type: text, category: public.product, nullable: false}
      department: {type: text, category: public.product}
      size: {type: text, category: public.product}
  orders:
    title: Orders
    subjects: [{namespace: household, column: household_id}]
    time: bought
    rank: {since: 2024-01, until: 2026-12, by: [week]}
    retention_days: 3650
    determines_subject: [basket_id]
    columns:
      household_id: {type: text, category: user.unique_id}
      basket_id: {type: text, category: user.unique_id}
      product_id: {type: text, category: user.behavior.purchase_history}
      shop: {type: text, category: user.behavior.purchase_history}
      note: {type: text, category: user.behavior.purchase_history}
      week: {type: integer, category: user.behavior.purchase_history, domain: [1, 2, 3]}
      quantity: {type: integer, category: user.behavior.purchase_history}
      value: {type: money, scale: 2, category: user.financial}
      bought: {type: timestamp, category: user.behavior.purchase_history}
      email: {type: text, category: user.contact}
  members:
    title: Members
    key: [household_id]
    subjects: [{namespace: household, column: household_id}]
    columns:
      household_id: {type: text, category: user.unique_id}
      income: {type: text, category: user.demographic, domain: [low, high]}
      town: {type: text, category: user.demographic, mask: {kind: prefix, size: 1}}
      email: {type: text, category: user.contact}
"""

NOW = datetime(2026, 6, 1, 12)
MOMENT = int((NOW - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
Row = tuple[object, ...]
HEADS = {
    "products": ("product_id", "department", "size"),
    "orders": (
        "household_id",
        "basket_id",
        "product_id",
        "shop",
        "note",
        "week",
        "quantity",
        "value",
        "bought",
        "email",
    ),
    "members": ("household_id", "income", "town", "email"),
}


def made_rows(*, without: Sequence[str] = (), seed: int = 5) -> dict[str, list[Row]]:
    """Return the rows of every dataset; `without` leaves households out."""
    pick = random.Random(seed)
    products: list[Row] = [(f"p{n}", ["DAIRY", "BREAD", "FRUIT"][n % 3], "1 KG" if n % 2 else str(n)) for n in range(6)]
    orders = [_order(pick, f"h{n}") for n in range(60) for _ in range(5)]
    members: list[Row] = [(f"h{n}", "high" if n % 3 else "low", "Bonn", f"h{n}@example.org") for n in range(60)]
    at = (NOW - timedelta(days=40)).isoformat(sep=" ")
    secret: list[Row] = [
        (WITHDRAWN, "b900", "p1", "casino", "zoe.hidden@example.org", 2, 9876543, "98765.43", at, "zoe@x.org"),
        (TARGET, "b718", "p2", "casino", "alice.private@example.org", 3, 432109, "4321.09", at, "alice@x.org"),
        (None, "b000", "p2", "casino", "nobody", 1, 7, "7.00", at, None),
    ]
    members += [(WITHDRAWN, "high", "Zurich", "zoe@x.org"), (TARGET, "low", "Aachen", "alice@x.org")]
    rows: dict[str, list[Row]] = {"products": products, "orders": orders + secret, "members": members}
    return {name: [row for row in found if row[0] not in without] for name, found in rows.items()}


def _order(pick: random.Random, household: str) -> Row:
    at = NOW - timedelta(days=pick.randint(1, 200), minutes=pick.randint(0, 1400))
    shop, note = pick.choice(["north", "south", "west"]), pick.choice(["", "12", "gift", None])
    product, basket = f"p{pick.randrange(6)}", f"{household}-b{pick.randrange(3)}"
    value = f"{pick.randint(100, 4000) / 100:.2f}"
    week, quantity = pick.choice([1, 2, 3]), pick.randint(1, 9)
    return household, basket, product, shop, note, week, quantity, value, at.isoformat(sep=" "), f"{household}@x.org"


TABLES = (
    "CREATE TABLE products (product_id VARCHAR, department VARCHAR, size VARCHAR)",
    "CREATE TABLE orders (household_id VARCHAR, basket_id VARCHAR, product_id VARCHAR, shop VARCHAR, note VARCHAR, "
    "week BIGINT, quantity BIGINT, value DECIMAL(18, 2), bought TIMESTAMP, email VARCHAR)",
    "CREATE TABLE members (household_id VARCHAR, income VARCHAR, town VARCHAR, email VARCHAR)",
)


@cache
def _filling(without: tuple[str, ...]) -> str:
    return filling(made_rows(without=without))


def filling(rows: dict[str, list[Row]]) -> str:
    """Return the statements that put rows into a plain database."""
    return ";".join(
        [*TABLES, *(f"INSERT INTO {name} VALUES {', '.join(_values(row) for row in rows[name])}" for name in rows)]
    )


def _values(row: Row) -> str:
    return f"({', '.join('NULL' if value is None else repr(value) for value in row)})"


def plain(without: tuple[str, ...] = ()) -> duckdb.DuckDBPyConnection:
    """Return an ungoverned database with the rows under their own names: what pellucid stands in front of."""
    connection = duckdb.connect()
    connection.execute(_filling(without))
    return connection


def opened(
    folder: Path,
    rows: dict[str, list[Row]],
    *,
    policy: str = POLICY,
    clock: Callable[[], int] = lambda: MOMENT,
    settings: Settings | None = None,
    before: dict[str, list[Row]] | None = None,
) -> Workspace:
    """Return a workspace with the rows imported and, where h900 is among them, its objection recorded.

    With rows that were there `before`, people have the ids that they got then.
    """
    create(folder).close()
    workspace = Workspace(folder, settings, clock=clock)
    (folder / "policy" / "policy.yaml").write_text(policy)
    workspace.policy.activate(actor=workspace.actor("pia"))
    for name, found in [*(before or {}).items(), *rows.items()]:
        path = folder / f"{name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADS[name])
            writer.writerows([["" if value is None else value for value in row] for row in found])
        dan = workspace.actor("dan")
        workspace.data.add(name, path, actor=dan, max_rejected_share=0.5, replace=before is not None)
    consents = folder / "said.csv"
    heads = "subject,purpose,verb,covers,explicit,notice_version,channel,at"
    if not any(row[0] == WITHDRAWN for row in rows["orders"]):
        return workspace
    consents.write_text(f"{heads}\n{WITHDRAWN},planning,object,from_now,false,1,web,2026-05-01T00:00:00Z\n")
    workspace.consent.import_records(consents, actor=workspace.actor("pia"))
    return workspace
