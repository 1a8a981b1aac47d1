"""Receipts judged offline: whatever is altered, exchanged or signed by somebody else is found, and said by its code."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.keys import SigningKey
from pellucid.audit.merkle import inclusion_proof, leaf_hash, root_from_leaves
from pellucid.audit.note import COSIGNATURE, ED25519, Note
from pellucid.audit.proof import LogProof, format_proof
from pellucid.audit.receipt import STATES, instant_text, signed_content, verify_receipt
from pellucid.audit.treehead import Checkpoint, TrustKeys
from pellucid.errors import VerificationFailed
from tests.conftest import Tried

KEY = SigningKey("grocer.example/log", ED25519, b"\1" * 32)
MALLORY = SigningKey("grocer.example/log", ED25519, b"\3" * 32)
WITNESS = SigningKey("witness.example/w1", COSIGNATURE, b"\2" * 32)
TRUST = TrustKeys(KEY.verifier)
WITNESSED = TrustKeys(KEY.verifier, (WITNESS.verifier,))
AT = 1_780_315_200_000_000
LEAF, SIZE = 2, 5


def entry(number: int, action: str = "consent.withdraw", purpose: str | None = "care") -> bytes:
    body = {
        "notice_version": "2",
        "channel": "web",
        "method": "button",
        "covers": "from_now",
        "explicit": False,
        "said_at": AT + number,
        "register_version": number,
    }
    actor = {"kind": "customer", "name": "self", "roles": (), "authenticated": "session"}
    return canonical_bytes(
        {
            "v": 1,
            "action": action,
            "actor": actor,
            "at": AT + number + 5,
            "purpose": purpose,
            "subject": f"{number:064x}",
            "stamp": None,
            "body": body,
            "commitment": None,
        }
    )


def log_of(entries: list[bytes], key: SigningKey = KEY, *, witnessed: bool = True) -> bytes:
    """Return the note of the head over some entries."""
    text = Checkpoint(key.name, len(entries), root_from_leaves([leaf_hash(each) for each in entries])).text()
    signatures = (key.sign(text), *((WITNESS.cosign(text, AT // 1_000_000),) if witnessed else ()))
    return Note(text, signatures).as_bytes()


def proof_of(entries: list[bytes], leaf: int, note: bytes) -> str:
    path = inclusion_proof([leaf_hash(each) for each in entries], leaf, len(entries))
    return format_proof(LogProof(leaf, path, note)).decode()


def unsigned(leaf: int, entries: list[bytes], note: bytes) -> dict[str, Any]:
    fields = json.loads(entries[leaf])
    verb = fields["action"].removeprefix("consent.")
    return {
        "@type": "dpv:ConsentReceipt",
        "dpv:hasRecordOfActivity": {
            "dpv:hasConsentStatus": {
                "@type": STATES.get(verb, "dpv:ConsentUnknown"),
                "dpv:isIndicatedAtTime": instant_text(fields["body"]["said_at"]),
            },
            "dpv:hasNotice": {"dct:hasVersion": "2", "dct:language": "de"},
            "dpv:hasProcess": [{"dpv:hasPurpose": {"dct:identifier": fields["purpose"], "dct:title": "Pflege ❤"}}],
            "pellucid:choice": {
                **fields["body"],
                "verb": verb,
                "purpose": fields["purpose"],
                "recorded_at": fields["at"],
            },
        },
        "pellucid:log": {"origin": KEY.name, "leaf": leaf, "leaf_hash": leaf_hash(entries[leaf]).hex()},
        "evidence": {"entry": entries[leaf].decode(), "proof": proof_of(entries, leaf, note)},
    }


def signed(receipt: dict[str, Any], key: SigningKey = KEY) -> dict[str, Any]:
    return {**receipt, "signature": key.sign(signed_content(receipt)).line().removesuffix("\n")}


def as_bytes(receipt: dict[str, Any]) -> bytes:
    return json.dumps(receipt, ensure_ascii=False).encode()


ENTRIES = [entry(number) for number in range(SIZE)]
NOTE = log_of(ENTRIES)
RECEIPT = signed(unsigned(LEAF, ENTRIES, NOTE))
DATA = as_bytes(RECEIPT)


def refused(receipt: dict[str, Any] | bytes, trust: TrustKeys = WITNESSED) -> str:
    """Return the code of the error that a receipt ends in."""
    data = receipt if isinstance(receipt, bytes) else as_bytes(receipt)
    with pytest.raises(VerificationFailed, match=r".") as caught:
        verify_receipt(data, trust)
    return caught.value.code


def changed(receipt: dict[str, Any], *path: str, to: object) -> dict[str, Any]:
    made = copy.deepcopy(receipt)
    where = made
    for name in path[:-1]:
        where = where[name]
    where[path[-1]] = to
    return made


def test_a_receipt_holds_step_by_step() -> None:
    found = verify_receipt(DATA, WITNESSED)
    assert (found.leaf, found.checkpoint.size, found.receipt) == (LEAF, SIZE, RECEIPT)
    assert [str(step) for step in found.steps] == [
        "1. held    form: a consent receipt with evidence.",
        f"2. held    signature: by grocer.example/log+{KEY.verifier.key_id.hex()}.",
        "3. held    entry: its bytes have the hash that was signed for.",
        "4. held    checkpoint: the head of 5 entries of grocer.example/log is signed.",
        "5. held    inclusion: the entry is leaf 2 of that log.",
        "6. held    witnesses: cosigned by witness.example/w1 on 2026-06-01 12:00:00 UTC.",
        "7. held    agreement: withdraw about 'care', said 2026-06-01T12:00:00.000002Z, is what the log says.",
    ]


def test_without_a_witness_key_the_step_is_absent_and_says_what_that_means() -> None:
    (step,) = [step for step in verify_receipt(DATA, TRUST).steps if step.number == 6]
    assert step.outcome == "absent"
    assert "only the operator vouches" in step.message


@pytest.mark.slow
def test_every_flipped_bit_is_found_or_changes_nothing_that_is_said(tried: Tried) -> None:
    harmless = 0
    for place in range(len(DATA)):
        for bit in range(8):
            altered = bytearray(DATA)
            altered[place] ^= 1 << bit
            try:
                verify_receipt(bytes(altered), WITNESSED)
            except VerificationFailed:
                continue
            harmless += 1
            assert json.loads(bytes(altered)) == RECEIPT  # as another blank between members
    tried(8 * len(DATA), f"all found but {harmless}, after which the receipt says the very same")


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_verdict(data: bytes) -> None:
    with pytest.raises(VerificationFailed, match=r"."):
        verify_receipt(data, TRUST)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    ("signature",),
    ("evidence",),
    ("evidence", "entry"),
    ("evidence", "proof"),
    ("pellucid:log",),
    ("pellucid:log", "leaf"),
    ("pellucid:log", "origin"),
    ("pellucid:log", "leaf_hash"),
    ("dpv:hasRecordOfActivity",),
    ("dpv:hasRecordOfActivity", "pellucid:choice"),
    ("dpv:hasRecordOfActivity", "dpv:hasProcess"),
    ("dpv:hasRecordOfActivity", "dpv:hasNotice"),
    ("dpv:hasRecordOfActivity", "dpv:hasConsentStatus"),
    ("dpv:hasRecordOfActivity", "pellucid:choice", "said_at"),
]


@given(st.sampled_from(PLACES), JSON)
def test_a_member_exchanged_for_anything_else_is_found_even_where_the_operator_signs_it(
    place: tuple[str, ...], value: object
) -> None:
    receipt = changed(RECEIPT, *place, to=value)
    if receipt != RECEIPT:
        refused(receipt)
        if place[0] != "signature":
            try:
                again = signed(receipt)
            except VerificationFailed:
                return  # an integer that has no exact spelling
            refused(again)


def test_laid_out_in_another_way_it_says_the_same_and_holds() -> None:
    pretty = json.dumps(RECEIPT, indent=4, sort_keys=True, ensure_ascii=True).encode()
    assert verify_receipt(pretty, WITNESSED).receipt == RECEIPT


def test_another_key_is_refused() -> None:
    other = TrustKeys(SigningKey("other.example/log", ED25519, b"\4" * 32).verifier)
    assert refused(RECEIPT, other) == "signature-missing"


def test_mallorys_key_of_the_same_name_is_refused() -> None:
    assert refused(signed(RECEIPT, MALLORY)) == "signature-missing"
    forged = unsigned(LEAF, ENTRIES, log_of(ENTRIES, MALLORY))
    assert refused(signed(forged, MALLORY), TRUST) == "signature-missing"


def test_mallorys_signature_under_the_id_of_the_key_is_refused() -> None:
    honest, forged = RECEIPT["signature"], signed(RECEIPT, MALLORY)["signature"]
    assert honest.rsplit(" ", 1)[0] == forged.rsplit(" ", 1)[0]
    swapped = KEY.sign(b"something else\n").line().removesuffix("\n")
    assert refused(changed(RECEIPT, "signature", to=swapped)) == "signature-invalid"


def test_a_signature_of_a_checkpoint_is_none_of_a_receipt() -> None:
    checkpoint = NOTE.decode().split("\n")[4]
    assert refused(changed(RECEIPT, "signature", to=checkpoint)) == "signature-invalid"
    assert b" " in signed_content(RECEIPT).split(b"\n")[0]  # no log can have such an origin


def test_a_receipt_of_another_log_of_the_same_key_is_refused() -> None:
    others = [entry(number + 10) for number in range(SIZE)]
    moved = changed(RECEIPT, "evidence", "proof", to=proof_of(others, LEAF, log_of(others)))
    assert refused(moved) == "proof-invalid"
    assert refused(signed(changed(RECEIPT, "pellucid:log", "origin", to="other.example/log"))) == "origin-mismatch"


def test_a_checkpoint_that_mallory_signed_is_refused() -> None:
    forged = proof_of(ENTRIES, LEAF, log_of(ENTRIES, MALLORY))
    assert refused(changed(RECEIPT, "evidence", "proof", to=forged)) == "signature-missing"


def test_the_proof_and_the_entry_of_another_leaf_are_refused() -> None:
    proof = proof_of(ENTRIES, 3, NOTE)
    assert refused(changed(RECEIPT, "evidence", "proof", to=proof)) == "receipt-entry"
    both = changed(RECEIPT, "evidence", to={"entry": ENTRIES[3].decode(), "proof": proof})
    assert refused(both) == "receipt-entry"
    leaf = changed(both, "pellucid:log", to={"origin": KEY.name, "leaf": 3, "leaf_hash": leaf_hash(ENTRIES[3]).hex()})
    assert refused(leaf) == "signature-invalid"
    assert refused(signed(leaf)) == "receipt-disagrees"


def test_an_entry_that_is_not_in_the_log_is_refused_although_all_else_fits() -> None:
    made_up = [*ENTRIES[:LEAF], entry(77), *ENTRIES[LEAF + 1 :]]
    assert refused(signed(unsigned(LEAF, made_up, NOTE))) == "proof-invalid"


def test_a_missing_witness_is_told() -> None:
    alone = signed(unsigned(LEAF, ENTRIES, log_of(ENTRIES, witnessed=False)))
    assert refused(alone) == "witness-missing"
    assert verify_receipt(as_bytes(alone), TRUST).witnessed == ()


def test_evidence_can_be_renewed_without_a_new_signature() -> None:
    more = [*ENTRIES, entry(6), entry(7)]
    renewed = changed(RECEIPT, "evidence", "proof", to=proof_of(more, LEAF, log_of(more)))
    assert verify_receipt(as_bytes(renewed), WITNESSED).checkpoint.size == SIZE + 2


SAYS_OTHERWISE = [
    (("pellucid:choice", "verb"), "give"),
    (("pellucid:choice", "purpose"), "loyalty"),
    (("pellucid:choice", "purpose"), None),
    (("pellucid:choice", "said_at"), AT),
    (("pellucid:choice", "recorded_at"), AT),
    (("pellucid:choice", "notice_version"), "1"),
    (("pellucid:choice", "explicit"), True),
    (("pellucid:choice", "explicit"), 0),
    (("pellucid:choice", "covers"), "held_data"),
    (("pellucid:choice", "channel"), "shop"),
    (("pellucid:choice", "register_version"), 9),
    (("dpv:hasConsentStatus", "@type"), "dpv:ConsentGiven"),
    (("dpv:hasConsentStatus", "dpv:isIndicatedAtTime"), instant_text(AT)),
    (("dpv:hasNotice", "dct:hasVersion"), "1"),
    (("dpv:hasProcess",), [{"dpv:hasPurpose": {"dct:identifier": "loyalty"}}]),
    (("dpv:hasProcess",), []),
]


@pytest.mark.parametrize(("place", "value"), SAYS_OTHERWISE)
def test_the_operator_cannot_sign_what_the_log_does_not_say(place: tuple[str, ...], value: object) -> None:
    assert refused(signed(changed(RECEIPT, "dpv:hasRecordOfActivity", *place, to=value))) == "receipt-disagrees"


@pytest.mark.parametrize("name", ["said_at", "explicit", "channel", "recorded_at", "verb"])
def test_what_the_entry_says_cannot_be_left_out(name: str) -> None:
    receipt = copy.deepcopy(RECEIPT)
    del receipt["dpv:hasRecordOfActivity"]["pellucid:choice"][name]
    assert refused(signed(receipt)) == "receipt-disagrees"


def test_an_entry_that_is_no_choice_has_no_receipt() -> None:
    entries = [*ENTRIES[:LEAF], entry(LEAF, "consent.shown"), *ENTRIES[LEAF + 1 :]]
    assert refused(signed(unsigned(LEAF, entries, log_of(entries)))) == "receipt-disagrees"
    entries[LEAF] = entry(LEAF, "withdraw")
    assert refused(signed(unsigned(LEAF, entries, log_of(entries)))) == "receipt-disagrees"


def test_a_choice_about_all_purposes_may_name_them_all() -> None:
    entries = [*ENTRIES[:LEAF], entry(LEAF, purpose=None), *ENTRIES[LEAF + 1 :]]
    found = verify_receipt(as_bytes(signed(unsigned(LEAF, entries, log_of(entries)))), WITNESSED)
    assert found.steps[6].message.startswith("withdraw about all purposes, said ")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"signature": 1}',
        b"\xff",
        DATA[:-1],
        DATA.replace(b'"@type"', b'"@type": "x", "@type"', 1),
        DATA.replace(b'"register_version": 2', b'"register_version": 2.0'),
        DATA.replace(b'"register_version": 2', b'"register_version": NaN'),
        DATA.replace(b'"button"', b'"\\ud800"'),
        DATA.replace(b'"button"', b"9" * 5_000),
        DATA.replace(b'"button"', b"[" * 100_000),
        b" " * 1_000_001,
    ],
)
def test_what_is_no_receipt_is_told_as_such(data: bytes) -> None:
    assert refused(data) == "receipt-malformed"


ALONE = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("sqlalchemy", "duckdb", "pydantic", "numpy", "pyarrow", "typer", "yaml", "sqlglot"):
            raise ImportError(name)

sys.meta_path.insert(0, Without())
from pellucid.audit.__main__ import main
sys.exit(main())
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ALONE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_command_verifies_with_nothing_else_of_the_product_installed(tmp_path: Path) -> None:
    file, key = tmp_path / "receipt.json", tmp_path / "log.pub"
    file.write_bytes(DATA)
    key.write_text(f"{KEY.verifier}\n")
    done = run("receipt", str(file), "--key", str(key), "--witness", str(WITNESS.verifier))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "The receipt holds."
    assert len(done.stdout.splitlines()) == 8


def test_the_command_says_what_is_wrong_and_ends_with_7(tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_bytes(DATA.replace(b"Pflege", b"Pflegs"))
    done = run("receipt", str(file), "--key", str(KEY.verifier))
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.startswith("error [signature-invalid]: ")


def test_a_receipt_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    done = run("receipt", str(tmp_path / "none.json"), "--key", str(KEY.verifier))
    assert done.returncode == 2
    assert done.stderr.startswith("error [file-unreadable]: The file of the receipt cannot be read.\n")


def of_entry(changes: dict[str, Any], left_out: str = "", **choice: object) -> dict[str, Any]:
    """Return a receipt of an entry with these fields and without one member, whose choice says besides what is told."""
    fields = json.loads(ENTRIES[LEAF]) | changes
    fields["body"].pop(left_out, None)
    entries = [*ENTRIES[:LEAF], canonical_bytes(fields), *ENTRIES[LEAF + 1 :]]
    receipt = unsigned(LEAF, entries, log_of(entries))
    receipt["dpv:hasRecordOfActivity"]["pellucid:choice"].update(choice)
    return signed(receipt)


@pytest.mark.parametrize(
    ("name", "default", "other"),
    [
        ("by", "self", "guardian"),
        ("member", "", "ann"),
        ("proof", "", "court file 77"),
        ("screen", "", "s1"),
        ("language", "", "de"),
        ("while_restricted", False, True),
        ("while_restricted", False, 0),
    ],
)
def test_what_the_entry_leaves_out_is_in_the_receipt_as_its_default_or_not_at_all(
    name: str, default: Any, other: Any
) -> None:
    verify_receipt(as_bytes(of_entry({}, **{name: default})), WITNESSED)
    assert refused(of_entry({}, **{name: other})) == "receipt-disagrees"


def test_what_may_stand_in_an_entrys_details_is_not_compared_and_the_rest_is() -> None:
    kept: dict[str, Any] = {"commitment": "0" * 64}
    verify_receipt(as_bytes(of_entry(kept, "method", method="Yes button", member="ann")), WITNESSED)
    verify_receipt(as_bytes(of_entry(kept, "notice_version", notice_version="2")), WITNESSED)
    assert refused(of_entry(kept, "notice_version", notice_version="3")) == "receipt-disagrees"  # in words it is 2
    assert refused(of_entry(kept, method="Yes button")) == "receipt-disagrees"  # the entry tells the method
    assert refused(of_entry(kept, by="guardian")) == "receipt-disagrees"
    assert refused(of_entry({}, "notice_version", notice_version="2")) == "receipt-disagrees"
