"""The controller, its staff and their roles, and who is given something."""

from __future__ import annotations

from pellucid.policy.changes.release import optional_allowance
from pellucid.policy.changes.rules import Notes, Rules, exchanged, listed, text, told_apart, translations
from pellucid.policy.decide import ACTIONS
from pellucid.policy.model import Authority, Person, Recipient, Role
from pellucid.policy.phrases import listed as in_words


def _address(notes: Notes, old: str, new: str) -> None:
    told = (f"at {address}" if address else "by a file that waits for them" for address in (old, new))
    notes.add("recipient-address", **dict(zip(("old", "new"), told, strict=True)))


def _authority(one: Authority) -> str:
    return f"{one.name} (for people in {in_words(one.jurisdictions)}; {'; '.join(one.reached)})"


CONTROLLER: Rules = {
    "name": text("controller-name"),
    "country": text("controller-country"),
    "contact": text("controller-contact"),
    "officer": text("controller-officer"),
    "language": text("controller-language"),
    "languages": listed("controller-languages"),
    "authorities": listed("controller-authority", _authority),
}
ROLE: Rules = {
    "name": told_apart,
    "title": text("role-title"),
    "may": listed("action", lambda action: f"{ACTIONS.get(action, 'do it')} (`{action}`)"),
    "translations": translations,
}
PERSON: Rules = {
    "name": told_apart,
    "title": text("person-title"),
    "roles": listed("person-role"),
    "allowance": optional_allowance("person-allowance"),
    "translations": translations,
}
RECIPIENT: Rules = {
    "name": told_apart,
    "title": text("recipient-title"),
    "country": exchanged("recipient-country"),
    "kind": exchanged("recipient-kind"),
    "address": _address,
    "safeguard": text("recipient-safeguard"),
    "translations": translations,
}


def role_added(notes: Notes, role: Role) -> None:
    """Take down a new role."""
    notes.add("role-added", title=role.title, may=_may(role))


def role_removed(notes: Notes, role: Role) -> None:
    """Take down a role that is gone."""
    notes.add("role-removed", title=role.title, may=_may(role))


def person_added(notes: Notes, person: Person) -> None:
    """Take down a new member of staff."""
    roles = f"with the role {in_words(f'`{role}`' for role in person.roles)}" if person.roles else "without a role"
    notes.add("person-added", title=person.title, roles=roles)


def person_removed(notes: Notes, person: Person) -> None:
    """Take down a member of staff who is none any more."""
    notes.add("person-removed", title=person.title)


def recipient_added(notes: Notes, recipient: Recipient) -> None:
    """Take down a new recipient."""
    notes.add("recipient-added", title=f"{recipient.title} ({recipient.kind}, {recipient.country})")


def recipient_removed(notes: Notes, recipient: Recipient) -> None:
    """Take down a recipient that is declared no more."""
    notes.add("recipient-removed", title=recipient.title)


def _may(role: Role) -> str:
    return in_words(f"`{action}`" for action in role.may) if role.may else "do nothing"
