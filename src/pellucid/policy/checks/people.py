"""The controller, its regimes, roles, people and recipients."""

from __future__ import annotations

import re

from pellucid.policy.addresses import is_address, is_web_address
from pellucid.policy.checks.findings import Findings
from pellucid.policy.decide import ACTIONS
from pellucid.policy.model import Authority, Policy, Recipient
from pellucid.policy.nodes import suggestion

_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
OFFICER_ACTION = "policy-activate"
"""What tells an officer's role from others: putting a policy into force."""


def check(policy: Policy, findings: Findings) -> None:
    """Check who is responsible, where, and who may do what."""
    _check_officer(policy, findings)
    _check_places(policy, findings)
    for role in policy.roles.values():
        for index, action in enumerate(role.may):
            if action not in ACTIONS:
                message = f"There is no action `{action}`."
                findings.error(
                    "unknown-action", ("roles", role.name, "may", index), message, suggestion(action, ACTIONS)
                )
    for person in policy.people.values():
        for index, held in enumerate(person.roles):
            findings.known("roles", policy.roles, held, ("people", person.name, "roles", index))


def _check_officer(policy: Policy, findings: Findings) -> None:
    if findings.is_broken("controller"):
        return
    location = ("controller", "officer")
    officer = policy.controller.officer
    if not officer:
        message = "Nobody is named as privacy officer."
        findings.warn("no-officer", location, message, "Add `officer:` with a name that stands under `people`.")
        return
    if not findings.known("people", policy.people, officer, location) or findings.any_broken("roles"):
        return
    held = [policy.roles[role] for role in policy.people[officer].roles if role in policy.roles]
    if not any(OFFICER_ACTION in role.may for role in held):
        message = f"`{officer}` is the privacy officer and holds no role that may `{OFFICER_ACTION}`."
        findings.error("officer-without-role", location, message, f"Give `{officer}` a role that may.")


def _check_places(policy: Policy, findings: Findings) -> None:
    seen: dict[str, str] = {}
    for regime in policy.regimes.values():
        for index, place in enumerate(regime.jurisdictions):
            location = ("regimes", regime.name, "jurisdictions", index)
            _check_place(place, location, findings)
            if place in seen:
                message = f"`{place}` stands in the regime `{seen[place]}` already."
                findings.error("jurisdiction-twice", location, message, "Keep it in one regime.")
            seen.setdefault(place, regime.name)
        if regime.establishment and not _COUNTRY.fullmatch(regime.establishment):
            message = f"`{regime.establishment}` is no country."
            remedy = "Use the ISO 3166 code of a country in capitals, such as IE."
            findings.error("place-invalid", ("regimes", regime.name, "establishment"), message, remedy)
    if not findings.is_broken("controller"):
        _check_place(policy.controller.country, ("controller", "country"), findings)
        _check_authorities(policy, findings)
    for recipient in policy.recipients.values():
        _check_place(recipient.country, ("recipients", recipient.name, "country"), findings)
        _check_address(recipient, findings)


def _check_authorities(policy: Policy, findings: Findings) -> None:
    declared = policy.controller.authorities
    for index, authority in enumerate(declared):
        location = ("controller", "authorities", index)
        if not is_web_address(authority.web):
            message = f"`{authority.web}` is no address of a page."
            remedy = "Write it from https:// on, as it is linked to."
            findings.error("web-address-invalid", (*location, "web"), message, remedy)
        if authority.name in (each.name for each in declared[:index]):
            message = f"The authority `{authority.name}` stands here twice."
            findings.error("authority-twice", location, message, "Keep one, with the `jurisdictions` of both.")
        _check_served(policy, authority, location, findings)


def _check_served(policy: Policy, authority: Authority, location: tuple[str | int, ...], findings: Findings) -> None:
    covered = [place for regime in policy.regimes.values() for place in regime.jurisdictions]
    for place, code in enumerate(authority.jurisdictions):
        _check_place(code, (*location, "jurisdictions", place), findings)
    if not findings.any_broken("regimes") and not any(authority.serves(place) for place in covered):
        message = f"Nobody whom a regime covers can go to `{authority.name}`."
        remedy = "Name the places of a regime under its `jurisdictions`, or take it out."
        findings.warn("authority-of-nobody", location, message, remedy)


def _check_address(recipient: Recipient, findings: Findings) -> None:
    if recipient.address and not is_address(recipient.address):
        message = f"`{recipient.address}` is no mail address."
        remedy = "Write it as name@domain, without a display name; leave it out to have a signed file made instead."
        findings.error("address-invalid", ("recipients", recipient.name, "address"), message, remedy)


def _check_place(place: str, location: tuple[str | int, ...], findings: Findings) -> None:
    if not _PLACE.fullmatch(place):
        remedy = "Use an ISO 3166 code in capitals, such as DE or US-CA."
        findings.error("place-invalid", location, f"`{place}` is no place.", remedy)
