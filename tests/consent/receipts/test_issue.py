"""Receipts as they are issued from a control database: what stands in them, of whom there are none."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.receipt import verify_receipt
from pellucid.consent import register
from pellucid.consent.receipts import terms
from pellucid.consent.receipts.issue import as_bytes
from pellucid.consent.record import By, ConsentRecord, ConsentVerb
from pellucid.errors import NameUnknown, VerificationFailed
from pellucid.policy.model import Notice, Policy, Recipient
from pellucid.records.tables import consent_records, log_details
from tests.consent.conftest import ALICE, BOB, CUSTOMER, INTERESTS_EU, NOW, PIA
from tests.consent.receipts.conftest import LOG_KEY, MINUTE, TRUST, WITNESSED, Shop

ALL = ("give", "refuse", "withdraw", "object", "opt_out", "limit", "restrict")


def record_of(receipt: dict[str, Any]) -> dict[str, Any]:
    found = receipt["dpv:hasRecordOfActivity"]
    assert isinstance(found, dict)
    return found


def test_a_receipt_holds_at_once_and_names_the_witness(shop: Shop, alices_leaf: int) -> None:
    found = verify_receipt(as_bytes(shop.receipt(ALICE, alices_leaf)), WITNESSED)
    assert found.leaf == alices_leaf
    assert found.checkpoint.size == 2
    assert [name for name, _ in found.witnessed] == ["witness.example/w1"]
    assert [step.outcome for step in found.steps] == ["held"] * 7


def test_what_was_chosen_stands_in_it_as_it_was_recorded(shop: Shop, alices_leaf: int) -> None:
    record = record_of(shop.receipt(ALICE, alices_leaf))
    assert record["pellucid:choice"] == {
        "verb": "give",
        "purpose": "care",
        "covers": "held_data",
        "explicit": True,
        "notice_version": "1",
        "channel": "web",
        "method": "Yes button",
        "by": "self",
        "proof": "",
        "member": "",
        "screen": "consent-3",
        "language": "de",
        "while_restricted": False,
        "without_choice": [],
        "said_at": NOW + MINUTE - 1,
        "recorded_at": NOW + MINUTE,
        "register_version": 1,
    }


def test_the_rest_is_told_in_dpvs_words(shop: Shop, alices_leaf: int) -> None:
    receipt = shop.receipt(ALICE, alices_leaf, rights_url="https://grocer.example/rights", withdrawal="In your account")
    record = record_of(receipt)
    assert receipt["@type"] == "dpv:ConsentReceipt"
    assert receipt["dct:conformsTo"] == "https://w3id.org/dpv/schema/dpv-27560#receipt"
    assert record["dpv:hasDataController"] == {
        "@type": "dpv:DataController",
        "dpv:hasName": "Grocer",
        "dpv:hasContact": "privacy@grocer.example",
        "dpv:hasLocation": "DE",
        "dpv:isExercisedAt": "https://grocer.example/rights",
    }
    assert record["dpv:hasConsentStatus"] == {
        "@type": "dpv:ConsentGiven",
        "dpv:isIndicatedAtTime": "2026-06-01T12:00:59.999999Z",
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "dpv:hasIndicationMethod": "Yes button, web",
        "dpv:hasDuration": "P365D",
    }
    assert record["dpv:hasLegalBasis"] == ["dpv:ExplicitlyExpressedConsent"]
    assert record["dpv:hasJurisdiction"] == "DE"
    assert record["dpv:hasApplicableLaw"] == ["GDPR"]
    assert record["dpv:hasConsentControl"] == {"@type": "dpv:WithdrawConsent", "dct:description": "In your account"}
    assert record["dpv:hasNotice"] == {
        "@type": "dpv:ConsentNotice",
        "dct:hasVersion": "1",
        "dct:language": "de",
        "dct:description": "We use your purchases.",
        "pellucid:screen": "consent-3",
    }


def test_the_purpose_says_which_data_go_to_whom_and_how_long_they_are_kept(shop: Shop, alices_leaf: int) -> None:
    shop.policy = replace(
        shop.policy,
        purposes={**shop.policy.purposes, "care": replace(shop.policy.purposes["care"], categories=("user",))},
        recipients={"hosting": Recipient("hosting", "Hosting Ltd", "DE", "processor")},
    )
    (process,) = record_of(shop.receipt(ALICE, alices_leaf))["dpv:hasProcess"]
    assert process["dpv:hasPurpose"] == {
        "@type": "dpv:Purpose",
        "dct:identifier": "care",
        "dct:title": "Better care",
        "dct:description": "We find out which goods you need.",
        "skos:broader": ["dpv:DirectMarketing"],
    }
    assert process["dpv:hasRecipient"] == [
        {"@type": "dpv:DataProcessor", "dpv:hasName": "Hosting Ltd", "dpv:hasLocation": "DE"}
    ]
    assert process["dpv:hasStorageCondition"] == [
        {"@type": "dpv:StorageDuration", "dct:title": "Baskets", "dpv:hasDuration": "P730D"}
    ]
    assert process["dpv:hasPersonalData"] == [
        {
            "@type": "dpv:PersonalData",
            "dct:identifier": "user",
            "dct:title": "anything about a person",
            "skos:broader": [],
        }
    ]


def test_a_kind_of_data_without_a_dpv_term_is_told_by_the_kind_above_it() -> None:
    assert terms.data_term("user.contact.email") == "https://w3id.org/dpv/pd#EmailAddress"
    assert terms.data_term("user.contact.address.city") == "https://w3id.org/dpv/pd#PhysicalAddress"
    assert terms.data_term("user") is None


@pytest.mark.parametrize("verb", ALL)
def test_every_choice_has_a_receipt_that_holds(shop: Shop, verb: str) -> None:
    said = shop.say(ALICE, ConsentVerb(verb))
    shop.checkpoint()
    found = verify_receipt(as_bytes(shop.receipt(ALICE, said.log.leaf)), WITNESSED)
    about = "all purposes" if verb == "restrict" else "'care'"  # a restriction is of everything (GDPR Art. 18)
    assert found.steps[6].message.startswith(f"{verb} about {about}, said 2026-06-01T")


def test_a_choice_about_all_purposes_and_one_about_a_purpose_that_is_gone_have_receipts(shop: Shop) -> None:
    everything = shop.say(ALICE, ConsentVerb.WITHDRAW, None)
    gone = shop.say(ALICE, ConsentVerb.REFUSE)
    shop.checkpoint()
    shop.policy = replace(shop.policy, purposes={"loyalty": shop.policy.purposes["loyalty"]})
    for said, named in ((everything, ["loyalty"]), (gone, ["care"])):
        receipt = shop.receipt(ALICE, said.log.leaf)
        verify_receipt(as_bytes(receipt), TRUST)
        processes = record_of(receipt)["dpv:hasProcess"]
        assert [each["dpv:hasPurpose"]["dct:identifier"] for each in processes] == named


def changed(policy: Policy) -> Policy:
    """The policy, with another title, notice and basis of care, another recipient, controller and place to turn to."""
    care = replace(
        policy.purposes["care"],
        title="Something else",
        notice=Notice("2", "We look at more."),
        bases={INTERESTS_EU.regime: INTERESTS_EU},
        recipients=("brokers",),
        consent_days=30,
    )
    recipients = {"brokers": Recipient("brokers", "Brokers Inc", "US", "third_party")}
    controller = replace(policy.controller, contact="elsewhere@grocer.example")
    purposes = {**policy.purposes, "care": care}
    return replace(policy, purposes=purposes, recipients=recipients, controller=controller)


def test_a_receipt_tells_the_policy_as_it_was_when_the_person_chose(shop: Shop, alices_leaf: int) -> None:
    before = record_of(shop.receipt(ALICE, alices_leaf))
    shop.change(changed(shop.policy))
    issued = shop.receipt(ALICE, alices_leaf)
    verify_receipt(as_bytes(issued), WITNESSED)

    turning = ("dpv:hasDataController", "dpv:hasConsentControl")
    after = record_of(issued)
    assert {name: said for name, said in after.items() if name not in turning} == {
        name: said for name, said in before.items() if name not in turning
    }
    assert after["dpv:hasDataController"]["dpv:hasContact"] == "elsewhere@grocer.example"
    assert after["dpv:hasConsentControl"]["dct:description"] == "elsewhere@grocer.example"


def test_a_choice_made_after_a_policy_changed_tells_the_new_one(shop: Shop, alices_leaf: int) -> None:
    shop.change(changed(shop.policy))
    said = shop.say(ALICE, ConsentVerb.OBJECT)
    shop.checkpoint()
    (process,) = record_of(shop.receipt(ALICE, said.log.leaf))["dpv:hasProcess"]
    assert process["dpv:hasPurpose"]["dct:title"] == "Something else"


def test_of_a_choice_from_before_its_purpose_was_declared_the_policy_it_was_recorded_under_is_told(shop: Shop) -> None:
    whole = shop.policy
    shop.policy = replace(whole, purposes={"loyalty": whole.purposes["loyalty"]})
    shop.now += MINUTE
    shop.change(whole)
    said = shop.say(ALICE, ConsentVerb.REFUSE)
    old = ConsentRecord(CUSTOMER, BOB, "care", ConsentVerb.REFUSE, at=NOW - MINUTE)
    with shop.database.write() as connection:
        (imported,) = register.record(connection, shop.keys, shop.policy, [old], PIA, shop.now)
    shop.checkpoint()
    shop.now += MINUTE
    shop.change(changed(whole))
    for subject, leaf in ((ALICE, said.log.leaf), (BOB, imported.log.leaf)):
        (process,) = record_of(shop.receipt(subject, leaf))["dpv:hasProcess"]
        assert process["dpv:hasPurpose"]["dct:title"] == "Better care"


def test_a_receipt_issued_before_the_policy_changed_still_holds(shop: Shop, alices_leaf: int) -> None:
    issued = as_bytes(shop.receipt(ALICE, alices_leaf))
    shop.change(changed(shop.policy))
    assert verify_receipt(issued, WITNESSED).leaf == alices_leaf


def test_an_objection_tells_the_state_of_the_legal_basis_as_well(shop: Shop) -> None:
    said = shop.say(ALICE, ConsentVerb.OBJECT, "loyalty")
    shop.checkpoint()
    record = record_of(shop.receipt(ALICE, said.log.leaf))
    assert record["dpv:hasStatus"] == ["dpv:LegitimateInterestObjected"]
    assert record["dpv:hasConsentStatus"]["@type"] == "dpv:ConsentRefused"
    assert record["dpv:hasLegalBasis"] == ["dpv:LegitimateInterest"]


def test_the_subject_stands_in_it_by_an_id_of_their_own(shop: Shop, alices_leaf: int) -> None:
    with shop.database.write() as connection:
        pseudonym = shop.keys.pseudonym(connection, CUSTOMER, ALICE)
    receipt = shop.receipt(ALICE, alices_leaf)
    text = json.dumps({name: value for name, value in receipt.items() if name != "evidence"})
    subject = record_of(receipt)["dpv:hasDataSubject"]["dct:identifier"]
    assert re.fullmatch(r"[0-9a-f]{64}", subject)
    assert pseudonym in json.dumps(receipt)  # in the entry, which is evidence: there is something that could leak
    assert pseudonym not in text
    assert "key-0" not in json.dumps(receipt)


def test_two_receipts_of_one_person_name_the_same_subject_and_those_of_another_another(
    shop: Shop, alices_leaf: int
) -> None:
    again = shop.say(ALICE, ConsentVerb.WITHDRAW)
    shop.checkpoint()
    receipts = [shop.receipt(ALICE, alices_leaf), shop.receipt(ALICE, again.log.leaf), shop.receipt(BOB, 1)]
    first, second, bobs = [record_of(each)["dpv:hasDataSubject"]["dct:identifier"] for each in receipts]
    assert first == second != bobs
    assert len({each["@id"] for each in receipts}) == 3


def test_the_same_choice_has_the_same_receipt_but_for_the_day(shop: Shop, alices_leaf: int) -> None:
    first = shop.receipt(ALICE, alices_leaf)
    assert shop.receipt(ALICE, alices_leaf) == first
    shop.now += MINUTE
    later = shop.receipt(ALICE, alices_leaf)
    assert {name for name in first if first[name] != later[name]} == {"dct:created", "signature"}


@pytest.mark.parametrize("leaf", [1, 2, 99, -1])
def test_there_is_no_receipt_of_anothers_entry_nor_of_one_that_is_no_choice(
    shop: Shop, alices_leaf: int, leaf: int
) -> None:
    with shop.database.write() as connection:
        pseudonym = shop.keys.pseudonym(connection, CUSTOMER, ALICE)
        append(connection, AuditEntry("rights.received", PIA, shop.now, subject=pseudonym))
    shop.checkpoint()
    with pytest.raises(NameUnknown, match=f"choice of this person at log entry '{leaf}'") as caught:
        shop.receipt(ALICE, leaf)
    assert caught.value.remedy


def test_an_entry_about_the_person_that_only_shows_their_consents_is_no_choice(shop: Shop, alices_leaf: int) -> None:
    with shop.database.write() as connection:
        pseudonym = shop.keys.pseudonym(connection, CUSTOMER, ALICE)
        append(connection, AuditEntry("consent.shown", PIA, shop.now, subject=pseudonym))
    shop.checkpoint()
    with pytest.raises(NameUnknown, match="choice of this person at log entry '2'"):
        shop.receipt(ALICE, 2)


def test_before_a_checkpoint_covers_the_choice_there_is_no_receipt(shop: Shop, alices_leaf: int) -> None:
    late = shop.say(ALICE, ConsentVerb.WITHDRAW)
    with pytest.raises(NameUnknown, match="log entry below the latest checkpoint"):
        shop.receipt(ALICE, late.log.leaf)


def test_a_receipt_stands_under_the_newest_witnessed_checkpoint(shop: Shop, alices_leaf: int) -> None:
    shop.say(BOB, ConsentVerb.WITHDRAW)
    shop.checkpoint(witnessed=False)
    assert verify_receipt(as_bytes(shop.receipt(ALICE, alices_leaf)), WITNESSED).checkpoint.size == 2


def test_of_an_erased_person_there_is_no_new_receipt_and_no_new_key_and_the_old_one_still_holds(
    shop: Shop, alices_leaf: int
) -> None:
    kept = as_bytes(shop.receipt(ALICE, alices_leaf))
    with shop.database.write() as connection:
        shop.keys.destroy(connection, CUSTOMER, ALICE)
    for _ in range(2):
        with pytest.raises(NameUnknown, match="no key of a subject in 'household' with the id '0'"):
            shop.receipt(ALICE, alices_leaf)
    assert verify_receipt(kept, WITNESSED).receipt == json.loads(kept)


def test_a_receipt_can_be_made_where_nothing_may_be_written(shop: Shop, alices_leaf: int) -> None:
    before = shop.receipt(ALICE, alices_leaf)
    assert shop.receipt(ALICE, alices_leaf, key=LOG_KEY) == before


def names(value: object) -> set[str]:
    """Return every member, type and reference with a prefix that a receipt uses outside its plain JSON parts."""
    if isinstance(value, dict):
        inner = [names(each) for name, each in value.items() if name not in ("@context", "evidence", "pellucid:choice")]
        keys = {name for name in value if not name.startswith("@")}
        return keys.union({value["@type"]} if "@type" in value else set(), *inner)
    if isinstance(value, list):
        return set[str]().union(*(names(each) for each in value))
    return {value} if isinstance(value, str) and re.fullmatch(r"[a-z]+:[A-Z]\w+", value) else set()


def test_every_prefix_that_a_receipt_uses_is_in_its_own_context(shop: Shop, alices_leaf: int) -> None:
    receipt = shop.receipt(ALICE, alices_leaf)
    used = {name for name in names(receipt) if ":" in name}
    context = receipt["@context"]
    assert isinstance(context, dict)
    assert {name.split(":")[0] for name in used} - {"pellucid"} <= context.keys()
    assert all(terms.iri(name).startswith(("http", "urn:pellucid:")) for name in used)


def say_together(shop: Shop, *said: dict[str, Any]) -> list[int]:
    """Record Alice's refusals of one instant together, so in one register version; return their leaves."""
    records = [ConsentRecord(CUSTOMER, ALICE, "care", ConsentVerb.REFUSE, at=NOW, **each) for each in said]
    with shop.database.write() as connection:
        done = register.record(connection, shop.keys, shop.policy, records, PIA, shop.now)
    shop.checkpoint()
    return [each.log.leaf for each in done]


ANN: dict[str, Any] = {"member": "ann", "by": By.GUARDIAN, "proof": "court file 77"}


def test_of_several_choices_alike_each_receipt_tells_its_own(shop: Shop) -> None:
    said: list[dict[str, Any]] = [
        ANN,
        {"member": "bert"},
        {"screen": "s1"},
        {"language": "de"},
        {"method": "Yes button"},
        {},
    ]
    wanted = ("member", "by", "proof", "screen", "language", "method")
    told = []
    for leaf in say_together(shop, *said):
        receipt = shop.receipt(ALICE, leaf)
        verify_receipt(as_bytes(receipt), WITNESSED)
        choice = record_of(receipt)["pellucid:choice"]
        told.append({name: choice[name] for name in wanted})
    none = {"member": "", "by": "self", "proof": "", "screen": "", "language": "", "method": ""}
    assert told == [none | each for each in said]


def test_when_details_are_gone_nobody_elses_name_is_guessed(shop: Shop) -> None:
    anns, berts, carls = say_together(shop, ANN, {"member": "bert"}, {"member": "carl"})
    with shop.database.write() as connection:
        connection.execute(delete(log_details))
    assert record_of(shop.receipt(ALICE, anns))["pellucid:choice"]["member"] == "ann"  # by a guardian there is one only
    for leaf in (berts, carls):
        with pytest.raises(VerificationFailed, match="say different things of this choice") as caught:
            shop.receipt(ALICE, leaf)
        assert caught.value.code == "receipt-unfounded"


@pytest.mark.parametrize(
    "altered", [{"member": "bert"}, {"by_whom": "self"}, {"screen": "s1"}, {"while_restricted": True}]
)
def test_of_a_record_that_says_else_than_its_entry_there_is_no_receipt(shop: Shop, altered: dict[str, object]) -> None:
    (leaf,) = say_together(shop, ANN)
    with shop.database.write() as connection:
        connection.execute(update(consent_records).values(altered))
    with pytest.raises(VerificationFailed, match="say different things of this choice") as caught:
        shop.receipt(ALICE, leaf)
    assert caught.value.code == "receipt-unfounded"


def test_of_details_that_are_not_those_of_the_entry_there_is_no_receipt(shop: Shop) -> None:
    (leaf,) = say_together(shop, ANN)
    with shop.database.write() as connection:
        connection.execute(update(log_details).values(details=b'{"member":"bert"}'))
    with pytest.raises(VerificationFailed, match="say different things of this choice"):
        shop.receipt(ALICE, leaf)


def test_free_text_about_a_choice_is_in_the_receipt_and_not_in_its_entry(shop: Shop) -> None:
    (leaf,) = say_together(shop, {"channel": "anna@example.com called", "notice_version": "the one of June"})
    receipt: dict[str, Any] = shop.receipt(ALICE, leaf)
    verify_receipt(as_bytes(receipt), WITNESSED)
    choice = record_of(receipt)["pellucid:choice"]
    assert (choice["channel"], choice["notice_version"]) == ("anna@example.com called", "the one of June")
    body = json.loads(receipt["evidence"]["entry"])["body"]
    assert sorted(body) == ["covers", "explicit", "register_version", "said_at"]
