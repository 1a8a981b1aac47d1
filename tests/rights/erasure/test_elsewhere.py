"""What an erasure finds where no question looks: datasets that are declared no more, and rows about nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pellucid.errors import VerificationFailed, WorkspaceUnusable
from pellucid.rights.draft import alone
from pellucid.rights.packages import FOLDER, begin
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB
from tests.rights.erasure.test_words_of_ours import name
from tests.shop import EXAMPLE

MAIL = "alice@wonder.example"


def told(shop: Workspace, erasure: str, *kinds: str) -> list[tuple[str, str, dict[str, object]]]:
    parts = (each.part for each in shop.erasures.show(erasure, actor=shop.actor("pia"))[1])
    return [(each.target, each.decision, each.told) for each in parts if each.kind in kinds]


@pytest.fixture
def forsaken(shop: Workspace, tmp_path: Path) -> Workspace:
    """A shop whose policy declares the table of people no more, though its rows are held."""
    name(shop, tmp_path, f"{ALICE},Alice Liddell,{MAIL}", f"{BOB},Bob Bobson,bob@b.example")
    (shop.policy.folder / "policy.yaml").write_text((EXAMPLE / "policy" / "policy.yaml").read_text())
    shop.policy.activate(actor=shop.actor("pia"))
    return shop


def people(shop: Workspace) -> list[str]:
    (file,) = (shop.folder / "data").glob("people.*.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        return [row[0] for row in connection.execute("SELECT customer FROM rows ORDER BY 1").fetchall()]


@pytest.mark.promise("erased", "their rows are in a dataset that the policy declares no more")
def test_rows_of_a_dataset_that_is_declared_no_more_are_erased_too(forsaken: Workspace) -> None:
    pia = forsaken.actor("pia")
    assert people(forsaken) == [ALICE, BOB]
    assert [each.target for each in forsaken.erasures.plan([("", ALICE)], actor=pia) if each.kind == "dataset"] == [
        "people",
        "purchases",
    ]
    done = forsaken.erasures.run([("", ALICE)], actor=pia)
    assert people(forsaken) == [BOB]
    assert [target for target, _, _ in told(forsaken, done.id, "dataset")] == ["people", "purchases"]


def test_rows_of_a_dataset_that_is_declared_no_more_are_in_a_package(forsaken: Workspace, tmp_path: Path) -> None:
    pia = forsaken.actor("pia")
    assert forsaken.access.held(ALICE, actor=pia) == ("people", "purchases")
    request = forsaken.requests.file("access", ALICE, actor=pia).request.id
    forsaken.requests.verify(request, evidence="file 7", actor=pia)
    forsaken.access.package(request, tmp_path / "package", actor=pia)
    rows = (tmp_path / "package" / "data" / "people.csv").read_text().splitlines()
    assert rows[1:] == [f'"{ALICE}","Alice Liddell","{MAIL}"']


def test_an_identifier_in_rows_about_nobody_is_told(shop: Workspace, tmp_path: Path) -> None:
    name(shop, tmp_path, f"{ALICE},Alice Liddell,{MAIL}")
    products = tmp_path / "products.csv"
    products.write_text(f"product,department\nthe book of {MAIL},bakery\n")
    shop.data.add("products", products, actor=shop.actor("dan"))
    done = shop.erasures.run([("", ALICE)], actor=shop.actor("pia"))
    assert told(shop, done.id, "mention") == [("products", "unreachable", {"identifiers": 1})]
    assert told(shop, done.id, "file") == []


@pytest.mark.promise("erased", "a package of theirs is being made while they are erased")
def test_a_package_that_is_being_made_is_awaited_and_then_gone(shop: Workspace) -> None:
    pia = shop.actor("pia")
    request = shop.requests.file("access", ALICE, actor=pia).request.id
    shop.requests.verify(request, evidence="file 7", actor=pia)
    with shop.room.database.write() as connection:
        package = begin(connection, request, 7, shop.room.clock())
    with alone(shop.folder, FOLDER, package.id) as place:
        (place / "rows.csv").write_text("what another process writes")
        with pytest.raises(WorkspaceUnusable, match="being made by another process"):
            shop.erasures.run([("", ALICE)], actor=pia)
        assert [each.state for each in shop.erasures.list(actor=pia)] == ["running"]
    (done,) = shop.erasures.carry_on(actor=pia)
    assert (done.state, place.exists()) == ("done", False)


def test_a_folder_that_a_dead_maker_of_a_package_left_goes_whomever_it_is_about(shop: Workspace) -> None:
    left, pia = shop.folder / FOLDER / "of-no-package", shop.actor("pia")
    left.mkdir(parents=True)
    (left / "package.zip").write_bytes(b"packed, so that no search sees what is in it")
    shop.erasures.run([("", ALICE)], actor=pia)
    assert not left.exists()


def test_a_package_that_cannot_be_removed_is_not_said_to_be_gone(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pia = shop.actor("pia")
    request = shop.requests.file("access", ALICE, actor=pia).request.id
    shop.requests.verify(request, evidence="file 7", actor=pia)
    shop.requests.carry_out(request, actor=pia)
    (archive,) = (shop.folder / FOLDER).glob("*/package.zip")
    real = shutil.rmtree

    def refuse(place: Path, ignore_errors: bool = False) -> None:
        if "access" not in Path(place).parts:
            real(place, ignore_errors=ignore_errors)
        elif not ignore_errors:
            raise PermissionError

    with monkeypatch.context() as system:
        system.setattr(shutil, "rmtree", refuse)
        with pytest.raises(VerificationFailed, match="cannot be removed"):
            shop.erasures.run([("", ALICE)], actor=pia)
    assert ([each.state for each in shop.erasures.list(actor=pia)], archive.exists()) == (["running"], True)
    shop.erasures.carry_on(actor=pia)
    assert ([each.state for each in shop.erasures.list(actor=pia)], archive.exists()) == (["done"], False)
