"""People of the corner shop get exactly the rows of its file that are theirs, on either control database."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import insert

from pellucid.audit.package import verify_package
from pellucid.records.rights_tables import rights_requests
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, create
from tests.records.postgresql import drop_database, new_database
from tests.rights.packages.conftest import lines, request_id
from tests.shop import EXAMPLE, make_shop

CUSTOMERS = ("c000", "c001", "c017", "c059", "c120")
KEY = re.compile(rb"\bc[0-9]{3}\b")


def file_request(workspace: Workspace, who: str, right: str = "access") -> str:
    with workspace.room.database.write() as connection:
        values = {
            "id": request_id(right),
            "right": right,
            "namespace": "customer",
            "by_whom": "self",
            "channel": "web",
            "subject": find(connection, "customer", who),
            "state": "in_progress",
            "reason": "",
            "due": "",
            "verification": "shown",
            "strength": 1,
            "verified_strength": 1,
            "received_at": 1,
            "acknowledged_at": 1,
        }
        connection.execute(insert(rights_requests).values(values))
    return request_id(right)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "shop"
    make_shop(folder)
    return folder


@pytest.fixture
def corner(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made, tmp_path / "shop")
    with Workspace(tmp_path / "shop") as workspace:
        yield workspace


def rows_by_hand(who: str) -> list[dict[str, Any]]:
    with (EXAMPLE / "purchases.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["customer"] == who]
    for row in rows:
        row["price"] = f"{Decimal(row['price']):.2f}"
        row["bought"] = row["bought"].replace("+00:00", "Z").replace(" ", "T")
    return sorted(rows, key=json.dumps)


def demand_theirs(folder: Path, who: str) -> None:
    """Raise AssertionError unless a package has this customer's rows, each once, and nobody else's key."""
    given = lines(folder / "data/purchases.jsonl")
    assert sorted(given, key=json.dumps) == rows_by_hand(who) != []
    named = {key for path in folder.rglob("*") if path.is_file() for key in KEY.findall(path.read_bytes())}
    assert named == {who.encode()}


@pytest.mark.parametrize("who", CUSTOMERS)
def test_a_customers_package_has_their_rows_and_nobody_elses_key(who: str, corner: Workspace, tmp_path: Path) -> None:
    corner.access.package(file_request(corner, who), tmp_path / "out", actor=corner.actor("pia"))
    demand_theirs(tmp_path / "out", who)
    told = verify_package(tmp_path / "out", corner.audit.verifier).manifest
    assert {each["name"]: each["rows"] for each in told["files"] if "rows" in each} == {
        f"data/purchases.{kind}": len(rows_by_hand(who)) for kind in ("csv", "jsonl")
    }


@pytest.mark.parametrize("right", ["access", "portability"])
def test_every_line_is_as_the_json_schema_says(right: str, corner: Workspace, tmp_path: Path) -> None:
    corner.access.package(file_request(corner, "c001", right), tmp_path / "out", actor=corner.actor("pia"))
    schema = json.loads((tmp_path / "out/schema.json").read_text())
    validator = jsonschema_rs.validator_for({**schema["$defs"]["purchases"], "$schema": schema["$schema"]})
    given = lines(tmp_path / "out/data/purchases.jsonl")
    assert [row for row in given if not validator.is_valid(row)] == []
    assert not validator.is_valid({**given[0], "price": 3})


def test_it_is_the_same_where_control_records_are_on_a_server(postgresql: str, tmp_path: Path) -> None:
    url = new_database(postgresql)
    try:
        with create(tmp_path / "served", name="test/served", database_url=url) as served:
            served.policy.activate(actor=served.actor(), folder=EXAMPLE / "policy")
            dan, pia = served.actor("dan"), served.actor("pia")
            served.data.add("products", EXAMPLE / "products.csv", actor=dan)
            served.data.add("purchases", EXAMPLE / "purchases.csv", actor=dan)
            served.consent.record("give", "c001", purpose="newsletter", actor=pia)
            told = served.access.package(file_request(served, "c001"), tmp_path / "out", actor=pia)
            link = served.access.link(str(told["package"]))
            assert served.access.fetch(link.package, link.secret).is_file()
            assert [each.address for each in served.access.contacts("customer", 0)] == []
        demand_theirs(tmp_path / "out", "c001")
    finally:
        drop_database(postgresql, url)
