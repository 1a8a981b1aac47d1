"""Who receives something of one person's data: what went out about them, and who may be given answers.

Answers are figures about many people, and go to those whom the policy declares. About the person alone goes out what
they said, to programs that have to respect it, and word of a correction, a restriction or an erasure. Nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pellucid.policy.model import Policy, Recipient
from pellucid.transparency.full import is_abroad
from pellucid.transparency.told_uses import Group, handed_on, told_to_recipients
from pellucid.transparency.uses import Uses


@dataclass(frozen=True, slots=True)
class ReceivedFor:
    """A purpose for which somebody may be given answers: whether the person's data are used for it now, and were."""

    purpose: str
    title: str
    used_now: bool
    could_have_been_counted: bool


@dataclass(frozen=True, slots=True)
class Receiver:
    """A declared recipient; `abroad` is outside the European Economic Area, where the controller is within.

    `safeguard` says what protects data there; it may be empty.
    """

    recipient: str
    title: str
    kind: str
    country: str
    abroad: bool
    safeguard: str
    purposes: tuple[ReceivedFor, ...]

    def to_json(self) -> dict[str, object]:
        """Return it as JSON, its shape stable."""
        named = ("recipient", "title", "kind", "country", "abroad", "safeguard")
        purposes = [{name: getattr(each, name) for name in ReceivedFor.__slots__} for each in self.purposes]
        return {name: getattr(self, name) for name in named} | {"purposes": purposes}


@dataclass(frozen=True, slots=True)
class Receivers:
    """`handed_on` and `told` went out about the person alone; `declared` may be given answers about many people."""

    declared: tuple[Receiver, ...]
    handed_on: tuple[Group, ...]
    told: tuple[Mapping[str, object], ...]

    @property
    def in_person(self) -> bool:
        """Whether anything about the person alone went, or probably went, to anybody."""
        return bool(self.handed_on or self.told)

    def to_json(self) -> dict[str, object]:
        """Return it as JSON, its shape stable."""
        return {
            "recipients": [each.to_json() for each in self.declared],
            "handed_on": [each.to_json() for each in self.handed_on],
            "recipients_told": list(self.told),
            "in_person": self.in_person,
        }


def receivers(uses: Uses, used_now: Mapping[str, bool]) -> Receivers:
    """Return who receives something of a person's data; `used_now` says of each purpose whether it may use them."""
    counted = {kind.told["purpose"] for _, kind in uses.of_data()}
    found = (_receiver(uses.policy, each, used_now, counted) for each in uses.policy.recipients.values())
    declared = tuple(each for each in found if each.purposes)
    return Receivers(declared, handed_on(uses), tuple(told_to_recipients(uses)))


def _receiver(policy: Policy, recipient: Recipient, used_now: Mapping[str, bool], counted: set[str]) -> Receiver:
    theirs = (each for each in policy.purposes.values() if recipient.name in each.recipients)
    purposes = tuple(
        ReceivedFor(each.name, each.title, used_now.get(each.name, False), each.name in counted) for each in theirs
    )
    place = (recipient.country, is_abroad(policy, recipient), recipient.safeguard)
    return Receiver(recipient.name, recipient.title, recipient.kind, *place, purposes)
