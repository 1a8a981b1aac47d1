"""Our words as terms of the W3C Data Privacy Vocabulary 2.3, and the JSON-LD context of a receipt.

Only what a receipt needs. The terms were checked against w3c/dpv of 2026-02-28; the shape is that of its guide "Consent
Records and Receipts as per ISO/IEC TS 27560:2023 using DPV" (2026-02-15). Kinds of data have their terms in
`policy.categories`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.consent.record import By
from pellucid.policy.categories import CATEGORIES
from pellucid.policy.model import LegalBasis

DPV = "https://w3id.org/dpv#"
PD = "https://w3id.org/dpv/pd#"
OURS = "urn:pellucid:receipt:v1#"
RECEIPT_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt"
RECORD_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record"

CONTEXT: Mapping[str, object] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": DPV,
    "pd": PD,
    "pellucid": OURS,
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "signature": "pellucid:signature",
    "evidence": {"@id": "pellucid:evidence", "@type": "@json"},
    "pellucid:choice": {"@type": "@json"},
    "pellucid:log": {"@type": "@json"},
    "dct:conformsTo": {"@type": "@id"},
    "dct:created": {"@type": "xsd:dateTime"},
    "dpv:hasDuration": {"@type": "xsd:duration"},
    "dpv:hasLegalBasis": {"@type": "@id"},
    "dpv:hasStatus": {"@type": "@id"},
    "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
    "dpv:isIndicatedBy": {"@type": "@id"},
    "schema:recipient": {"@type": "@id"},
    "skos:broader": {"@type": "@id"},
}
"""Every prefix and typed member of a receipt, spelled out in it: reading one needs nothing from the network."""

BASES: Mapping[LegalBasis, str] = {
    LegalBasis.CONSENT: "dpv:Consent",
    LegalBasis.CONTRACT: "dpv:ContractPerformance",
    LegalBasis.LEGAL_OBLIGATION: "dpv:LegalObligation",
    LegalBasis.VITAL_INTERESTS: "dpv:VitalInterest",
    LegalBasis.PUBLIC_INTEREST: "dpv:PublicInterest",
    LegalBasis.LEGITIMATE_INTERESTS: "dpv:LegitimateInterest",
}
EXPLICIT_CONSENT = "dpv:ExplicitlyExpressedConsent"

OBJECTED: Mapping[LegalBasis, str] = {
    LegalBasis.LEGITIMATE_INTERESTS: "dpv:LegitimateInterestObjected",
    LegalBasis.PUBLIC_INTEREST: "dpv:PublicInterestObjected",
    LegalBasis.VITAL_INTERESTS: "dpv:VitalInterestObjected",
}
"""The state of a legal basis after an objection to it, besides the state of consent."""

INDICATED_BY: Mapping[By, str] = {
    By.SELF: "dpv:DataSubject",
    By.GUARDIAN: "dpv:GuardianOfDataSubject",
    By.AGENT: "dpv:Agent",
}


PURPOSES: Mapping[str, str] = {
    "own_analytics": "dpv:ServiceUsageAnalytics",
    "marketing_email_sms": "dpv:DirectMarketing",
    "marketing_automated_calls": "dpv:DirectMarketing",
    "marketing_phone": "dpv:DirectMarketing",
    "marketing_other": "dpv:Marketing",
    "targeted_advertising": "dpv:TargetedAdvertising",
    "sale": "dpv:SellDataToThirdParties",
    "share": "dpv:TargetedAdvertising",
}
"""A purpose's kinds, in the laws' words, to the DPV purpose that is broader; kinds that are no purpose are left out."""

RECIPIENTS: Mapping[str, str] = {"processor": "dpv:DataProcessor", "third_party": "dpv:ThirdParty"}
OTHER_RECIPIENT = "dpv:Recipient"


def data_term(category: str) -> str | None:
    """Return the DPV term of a kind of data, or of the nearest kind above it that has one; None if none has."""
    parts = category.split(".")
    for length in range(len(parts), 0, -1):
        known = CATEGORIES.get(".".join(parts[:length]))
        if known is not None and known.dpv is not None:
            return known.dpv
    return None


def iri(term: str) -> str:
    """Return the whole IRI of a term with one of our prefixes; others as they are."""
    prefix, colon, name = term.partition(":")
    base = CONTEXT.get(prefix) if colon else None
    return f"{base}{name}" if isinstance(base, str) else term
