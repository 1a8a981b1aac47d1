"""What a program takes out of the log: entries, proofs, all of it, a signed head; each verifies elsewhere."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pellucid.audit.proof import verify_proof
from pellucid.audit.read import verify_folder
from pellucid.audit.treehead import TrustKeys, open_checkpoint
from pellucid.web import log_archive
from tests.web.conftest import Client, Shop

LOG = "/api/v1/log"


def test_an_entry_is_given_as_it_was_hashed_with_a_proof_that_holds(client: Client, shop: Shop) -> None:
    taking, trusted = client("audit:export"), TrustKeys(shop.workspace.audit.verifier)
    unsigned = [taking.get(f"{LOG}/entries/1{rest}") for rest in ("", "/proof", "/bytes")]
    shop.workspace.audit.checkpoint(actor=shop.workspace.actor("pia"))
    told, proof, file = (taking.get(f"{LOG}/entries/1{rest}") for rest in ("", "/proof", "/bytes"))
    body = shop.workspace.audit.entry(1, actor=shop.workspace.actor("pia"))[1]

    assert [each.status_code for each in unsigned] == [404, 404, 200]
    assert (unsigned[0].json()["code"], unsigned[2].content) == ("name-unknown", body)
    assert (told.json()["entry"], told.json()["body"].encode(), file.content) == (1, body, body)
    assert told.json()["proof"].encode() == proof.content
    assert verify_proof(proof.content, file.content, trusted).index == 1
    assert [each.headers["content-disposition"] for each in (proof, file)] == [
        'attachment; filename="entry-1.tlog-proof"',
        'attachment; filename="entry-1.json"',
    ]
    assert [each.headers["content-type"] for each in (proof, file)] == ["application/octet-stream"] * 2


def test_an_export_verifies_offline_with_the_key_and_is_logged(client: Client, shop: Shop, tmp_path: Path) -> None:
    answer = client("audit:export").post(f"{LOG}/exports", json={})
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "out")
    report = verify_folder(tmp_path / "out", TrustKeys(shop.workspace.audit.verifier))
    entry = shop.entries()[-1]

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert (report.holds, list((tmp_path / "out").glob("details*"))) == (True, [])
    assert (entry["action"], entry["actor"]["kind"], entry["body"]) == ("audit.exported", "program", {"details": False})


def test_a_log_that_is_too_long_to_hand_over_is_neither_exported_nor_signed(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporting = client("audit:export")
    monkeypatch.setattr(log_archive, "LONGEST", len(shop.entries()) - 1)
    before = shop.actions()
    answer = exporting.post(f"{LOG}/exports", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "log-too-long")
    assert shop.actions() == before
    assert shop.workspace.audit.head(actor=shop.workspace.actor("pia")).note is None


def test_a_head_is_signed_with_the_logs_key_and_once(client: Client, shop: Shop) -> None:
    signing = client("audit:checkpoint")
    before = shop.actions()
    first, again = (signing.post(f"{LOG}/checkpoints", json={}) for _ in range(2))
    told = first.json()
    checkpoint, _ = open_checkpoint(told["checkpoint"].encode(), shop.workspace.audit.verifier)

    assert (first.status_code, again.status_code, again.json()) == (201, 201, told)
    assert (checkpoint.size, checkpoint.root.hex()) == (told["signed"], told["root"])
    assert (told["signed"], shop.actions()) == (len(before), before)
