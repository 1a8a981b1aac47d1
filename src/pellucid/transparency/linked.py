"""A notice as linked data: JSON-LD in the terms of the W3C Data Privacy Vocabulary, as receipts use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid.consent.receipts import terms
from pellucid.policy.model import Authority, LegalBasis, Purpose
from pellucid.transparency import rights
from pellucid.transparency.choices import Group
from pellucid.transparency.maker import Maker

CONTEXT: Mapping[str, object] = {
    name: terms.CONTEXT[name]
    for name in ("dct", "dpv", "pd", "skos", "xsd", "dpv:hasDuration", "dpv:hasLegalBasis", "skos:broader")
}
"""Every prefix and typed member, spelled out: reading a notice needs nothing from the network."""


def linked(maker: Maker) -> dict[str, Any]:
    """Return the JSON-LD of a notice in one language, without its version, which is the hash of all languages."""
    policy, declared = maker.policy, maker.policy.controller.authorities
    return {
        "@context": dict(CONTEXT),
        "@type": "dpv:PrivacyNotice",
        "dct:language": maker.words.language,
        "dct:title": maker.words.say("Privacy notice of {controller}", controller=policy.controller.name),
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dpv:hasName": policy.controller.name,
            "dpv:hasContact": policy.controller.contact,
            "dpv:hasLocation": policy.controller.country,
        },
        "dpv:hasProcess": [
            _process(maker, purpose, group, group.choice.basis)
            for purpose in policy.purposes.values()
            for group in maker.choices[purpose.name]
            if group.choice.basis is not None
        ],
        "dpv:hasRight": [_right(maker, name, text) for name, text in _rights(maker)],
        **({"dpv:hasAuthority": [_authority(each) for each in declared]} if declared else {}),
    }


def _process(maker: Maker, purpose: Purpose, group: Group, basis: LegalBasis) -> dict[str, Any]:
    """Return a purpose as it is done in some places: of others it has another process, with another basis."""
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": _purpose(maker, purpose),
        "dpv:hasLegalBasis": terms.EXPLICIT_CONSENT if group.choice.explicit else terms.BASES[basis],
        "dpv:hasJurisdiction": _places(maker, group),
        "dpv:hasPersonalData": [_data(maker, each) for each in maker.kinds_read(purpose)],
        "dpv:hasRecipient": [_recipient(maker, each) for each in purpose.recipients],
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageDuration",
                "dct:title": maker.text("datasets", dataset.name),
                "dpv:hasDuration": f"P{days}D",
            }
            for dataset in maker.reads(purpose)
            if (days := maker.days_needed(dataset, purpose) or maker.days_kept(dataset)) is not None
        ],
    }


def _purpose(maker: Maker, purpose: Purpose) -> dict[str, Any]:
    return {
        "@type": "dpv:Purpose",
        "dct:identifier": purpose.name,
        "dct:title": maker.text("purposes", purpose.name),
        "dct:description": maker.text("purposes", purpose.name, "notice"),
        "dct:hasVersion": purpose.notice.version,
        "skos:broader": list(dict.fromkeys(terms.PURPOSES[each] for each in purpose.kinds if each in terms.PURPOSES)),
    }


def _places(maker: Maker, group: Group) -> list[str]:
    held = (place for name in group.regimes for place in maker.policy.regimes[name].jurisdictions)
    return list(dict.fromkeys((*held, *group.rest)))


def _data(maker: Maker, category: str) -> dict[str, Any]:
    term = terms.data_term(category)
    return {
        "@type": "dpv:PersonalData",
        "dct:identifier": category,
        "dct:title": maker.category(category),
        "skos:broader": [] if term is None else [term],
    }


def _recipient(maker: Maker, name: str) -> dict[str, Any]:
    recipient = maker.policy.recipients[name]
    return {
        "@type": terms.RECIPIENTS.get(recipient.kind, terms.OTHER_RECIPIENT),
        "dpv:hasName": maker.text("recipients", name),
        "dpv:hasLocation": recipient.country,
    }


def _rights(maker: Maker) -> list[tuple[str, str]]:
    return [(regime.name, text) for regime in maker.policy.regimes.values() for text in rights.given(maker, regime)]


def _right(maker: Maker, regime: str, text: str) -> dict[str, Any]:
    return {
        "@type": "dpv:DataSubjectRight",
        "dct:description": maker.words.say(text),
        "dpv:hasJurisdiction": list(maker.policy.regimes[regime].jurisdictions),
    }


def _authority(authority: Authority) -> dict[str, Any]:
    return {
        "@type": "dpv:DataProtectionAuthority",
        "dpv:hasName": authority.name,
        "dpv:hasContact": list(authority.reached),
        "dpv:hasJurisdiction": list(authority.jurisdictions),
    }
