"""Kinds of data as a dotted tree: what a column holds and what a purpose may read.

Keys are fideslang's where it has one; ours are marked. `public` is for dimension tables that hold nothing about people.
DPV IRIs (https://w3id.org/dpv/pd) stand only where the concept is the same. No rule about use lives here.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

_PD = "https://w3id.org/dpv/pd#"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of data: plain title, DPV concept if one means the same, and whether fideslang has the key."""

    title: str
    dpv: str | None = None
    fideslang: bool = True


def _ours(title: str, dpv: str | None = None) -> Category:
    return Category(title, dpv, fideslang=False)


CATEGORIES: dict[str, Category] = {
    "user": Category("anything about a person"),
    "user.account": Category("account details"),
    "user.account.settings": Category("account settings"),
    "user.account.username": Category("user names", _PD + "Username"),
    "user.account.loyalty": _ours("loyalty membership"),
    "user.authorization": Category("permissions a person was given"),
    "user.behavior": Category("behaviour", _PD + "Behavioral"),
    "user.behavior.browsing_history": Category("pages and products looked at"),
    "user.behavior.campaign_response": _ours("reactions to campaigns and coupons"),
    "user.behavior.media_consumption": Category("media watched, heard or read"),
    "user.behavior.opinion": _ours("ratings, reviews and survey answers"),
    "user.behavior.purchase_history": Category("purchases"),
    "user.behavior.search_history": Category("searches"),
    "user.behavior.service_contact": _ours("contacts with customer care"),
    "user.biometric": Category("biometric data", _PD + "Biometric"),
    "user.childrens": Category("data about children"),
    "user.contact": Category("contact details", _PD + "Contact"),
    "user.contact.address": Category("postal addresses", _PD + "PhysicalAddress"),
    "user.contact.address.city": Category("city of residence"),
    "user.contact.address.country": Category("country of residence"),
    "user.contact.address.postal_code": Category("postal codes"),
    "user.contact.address.state": Category("state or province of residence"),
    "user.contact.address.street": Category("street addresses"),
    "user.contact.email": Category("e-mail addresses", _PD + "EmailAddress"),
    "user.contact.phone_number": Category("telephone numbers", _PD + "TelephoneNumber"),
    "user.content": Category("things a person wrote or made"),
    "user.credentials": Category("credentials"),
    "user.criminal_history": Category("criminal history"),
    "user.demographic": Category("demographic details", _PD + "Demographic"),
    "user.demographic.age_range": Category("age bands", _PD + "AgeRange"),
    "user.demographic.date_of_birth": Category("dates of birth", _PD + "BirthDate"),
    "user.demographic.gender": Category("gender", _PD + "Gender"),
    "user.demographic.home_ownership": _ours("whether the home is owned or rented"),
    "user.demographic.household": _ours("who lives in the household"),
    "user.demographic.income": _ours("income", _PD + "Income"),
    "user.demographic.language": Category("languages", _PD + "Language"),
    "user.demographic.marital_status": Category("marital status", _PD + "MaritalStatus"),
    "user.demographic.political_opinion": Category("political opinions", _PD + "PoliticalOpinion"),
    "user.demographic.profile": Category("demographic profiles"),
    "user.demographic.race_ethnicity": Category("race and ethnic origin"),
    "user.demographic.religious_belief": Category("religious beliefs", _PD + "ReligiousBelief"),
    "user.demographic.sexual_orientation": Category("sexual orientation"),
    "user.device": Category("devices"),
    "user.device.cookie": Category("cookies"),
    "user.device.cookie_id": Category("cookie identifiers"),
    "user.device.device_id": Category("device identifiers"),
    "user.device.ip_address": Category("IP addresses", _PD + "IPAddress"),
    "user.device.telemetry": Category("device telemetry"),
    "user.financial": Category("financial details", _PD + "Financial"),
    "user.financial.account_number": Category("account numbers"),
    "user.financial.credit_card": Category("payment cards"),
    "user.financial.discount": _ours("discounts received"),
    "user.financial.purchase": _ours("amounts paid"),
    "user.government_id": Category("government identifiers"),
    "user.health_and_medical": Category("health", _PD + "MedicalHealth"),
    "user.health_and_medical.genetic": Category("genetic data", _PD + "Genetic"),
    "user.inferred": _ours("conclusions drawn about a person"),
    "user.location": Category("location", _PD + "Location"),
    "user.location.imprecise": Category("rough location"),
    "user.location.precise": Category("precise location"),
    "user.location.visited_shop": _ours("shops visited"),
    "user.name": Category("names", _PD + "Name"),
    "user.name.first": Category("first names"),
    "user.name.last": Category("last names"),
    "user.payment": Category("payment details"),
    "user.privacy_preferences": Category("privacy choices"),
    "user.sensor": Category("sensor readings"),
    "user.social": Category("social connections", _PD + "Social"),
    "user.telemetry": Category("telemetry"),
    "user.unique_id": Category("identifiers of a person or household"),
    "user.unique_id.pseudonymous": Category("pseudonyms"),
    "user.workplace": Category("workplace"),
    "system": Category("data about systems"),
    "system.authentication": Category("authentication of systems"),
    "system.operations": Category("running of systems"),
    "public": _ours("data about nobody"),
    "public.calendar": _ours("the calendar"),
    "public.campaign": _ours("campaigns and offers"),
    "public.place": _ours("places and shops"),
    "public.price": _ours("price lists"),
    "public.product": _ours("products"),
}

SPECIAL: tuple[str, ...] = (
    "user.biometric",
    "user.criminal_history",
    "user.demographic.political_opinion",
    "user.demographic.race_ethnicity",
    "user.demographic.religious_belief",
    "user.demographic.sexual_orientation",
    "user.health_and_medical",
)
"""Categories whose every value is special under GDPR Art. 9(1) or Art. 10."""

REVEALED: tuple[str, ...] = (
    "biometric",
    "criminal",
    "ethnicity",
    "genetic",
    "health",
    "politics",
    "religion",
    "sexuality",
    "trade_union",
)
"""What a `sensitive_when` value may reveal about a person (GDPR Art. 9(1) and Art. 10)."""


@cache
def is_within(child: str, parent: str) -> bool:
    """Return whether `child` is `parent` or lies below it in the tree."""
    return child == parent or child.startswith(parent + ".")


def title(key: str) -> str:
    """Return the plain title; raises KeyError for a key that is not in the tree."""
    return CATEGORIES[key].title


def nearest(key: str) -> str | None:
    """Return the known key most like `key`, or None if none is close: first by spelling, then by last part."""
    close = get_close_matches(key, CATEGORIES, n=1, cutoff=0.75)
    if close:
        return close[0]
    last = key.rsplit(".", 1)[-1]
    ends = {known.rsplit(".", 1)[-1]: known for known in CATEGORIES}
    matched = get_close_matches(last, ends, n=1, cutoff=0.75)
    return ends[matched[0]] if matched else None
