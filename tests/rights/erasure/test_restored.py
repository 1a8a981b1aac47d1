"""Backup, erase, restore: the person stays erased, in rows and in bytes."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.errors import NameUnknown
from pellucid.records.rights_tables import tombstones
from pellucid.records.tables import subjects
from pellucid.workspace import Workspace, restore
from tests.rights.erasure.scan import Scan
from tests.rights.erasure.test_canary import PREFIX
from tests.rights.erasure.test_erase import rows_of
from tests.shop import EXAMPLE


def make_known(shop: Workspace, tmp_path: Path, key: str) -> None:
    """Bring rows of a person in, and have the log and the register tell of them."""
    rows = (EXAMPLE / "purchases.csv").read_text().splitlines()
    path = tmp_path / "more.csv"
    path.write_text("\n".join([*rows, f"{key},bread,1.00,2026-10-17T01:45:00+00:00"]) + "\n")
    shop.data.add("purchases", path, actor=shop.actor("dan"), replace=True)
    path.unlink()
    pia = shop.actor("pia")
    shop.consent.record("object", key, purpose="range-planning", actor=pia, by="agent", proof=f"file of {key}")


@pytest.mark.promise("erased", "a backup from before the erasure is restored")
@pytest.mark.parametrize("survivor", ["journal", "workspace"])
def test_who_was_erased_after_a_backup_stays_erased_once_it_is_restored(
    survivor: str, shop: Workspace, tmp_path: Path
) -> None:
    key, journal = f"{PREFIX}{secrets.token_hex(8)}", tmp_path / "journal"
    make_known(shop, tmp_path, key)
    pia = shop.actor("pia")
    shop.backup(tmp_path / "backup", actor=pia, keys=tmp_path / "keys", journal=journal)
    scan = Scan([key], PREFIX)
    assert set(scan.found(tmp_path / "backup")) == {"control.sqlite", f"data/{_file(tmp_path / 'backup')}"}
    done = shop.erasures.run([("", key)], actor=pia)
    decisions = {each.part.kind: each.part.decision for each in shop.erasures.show(done.id, actor=pia)[1]}
    assert (decisions["backup"], decisions["journal"]) == ("unreachable", "unreachable")
    shop.close()

    since = journal if survivor == "journal" else shop.folder
    restore(tmp_path / "backup", tmp_path / "new", keys=tmp_path / "keys", since=[since], actor_name="pia")
    assert scan.found(tmp_path / "new") == {}
    with Workspace(tmp_path / "new") as again:
        assert rows_of(again, key) == 0
        assert rows_of(again, "c001") > 0
        with pytest.raises(NameUnknown):
            again.consent.history(key, actor=again.actor("pia"))
        with again.room.database.read() as connection:
            assert len(connection.execute(select(tombstones)).all()) == 1
            assert len(connection.execute(select(subjects).where(subjects.c.natural_key.is_(None))).all()) == 1
        assert [each.id for each in again.erasures.list(actor=again.actor("pia"))] == [done.id]


def _file(backup: Path) -> str:
    (found,) = (backup / "data").glob("purchases.*.duckdb")
    return found.name
