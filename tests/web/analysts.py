"""A grocer whose analysts ask in the browser: forty people buy each week; an officer, and somebody without a role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pellucid.settings import Settings
from pellucid.workspace import Workspace, create
from tests.delivery.post_office import open_post_office
from tests.insights.conftest import POLICY as PRIVATE
from tests.insights.conftest import _write as write_csv
from tests.web.conftest import serving
from tests.web.visitors import Grocer

POLICY = (
    PRIVATE.replace(
        "may: [query, preview, budget-show]",
        "may: [query, preview, budget-show, insight-propose, insight-run, insight-list]",
    )
    .replace("audit-read,", "audit-read, insight-approve, insight-list,")
    .replace("domain: [1, 2]", "domain: [1, 2, 3, 4]")
    .replace(
        "      max_cells: 6\n  offers:",
        "      max_cells: 6\n    suppressed: {minimum: 10, largest_share: 0.5, guarantee: conditional}\n  offers:",
    )
    .replace("people:\n", "people:\n  ari: {title: Ari, roles: [analyst]}\n")
)
CANARY = "canary-7c1f"
"""A value of the data that no page, log or file may show."""
MARKUP = "<b>D1</b>"
"""A public value with what a browser would read as markup."""
PRODUCT = "product~"
"""How every product's key begins: with a sign that no token, digest or id holds, so that no page has it by chance."""
BY_WEEK = "SELECT week, COUNT(*) AS n, SUM(sales_value) AS s FROM purchases GROUP BY week ORDER BY week"
BY_DEPARTMENT = (
    "SELECT department, COUNT(*) AS n FROM purchases JOIN products USING (product_id) "
    "GROUP BY department ORDER BY department"
)
TOTAL = "SELECT COUNT(*) AS n FROM purchases"
COLUMNS = ["household_id", "product_id", "week", "sales_value", "card_number", "bought"]
PURCHASES = [
    (f"h{n}", f"{PRODUCT}{n % 4}", 1 + week, f"{20 + n % 7}.50", CANARY, "2026-05-20T10:00:00Z")
    for n in range(40)
    for week in range(4)
]


def make_analysts(folder: Path) -> None:
    """Make the workspace."""
    with create(folder, name="test/analysts", actor_name="pia") as workspace:
        (folder / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))
        pia = workspace.actor("pia")
        products = [(f"{PRODUCT}{n}", MARKUP if n % 2 else "D0") for n in range(4)]
        write_csv(folder / "products.csv", ["product_id", "department"], products)
        workspace.data.add("products", folder / "products.csv", actor=pia)
        write_csv(folder / "purchases.csv", COLUMNS, PURCHASES)
        workspace.data.add("purchases", folder / "purchases.csv", actor=pia)


@contextmanager
def served(folder: Path, settings: Settings | None = None) -> Iterator[Grocer]:
    """Serve it."""
    with (
        open_post_office() as office,
        Workspace(folder, settings or Settings()) as workspace,
        serving(workspace) as address,
    ):
        yield Grocer(workspace, office, address)
