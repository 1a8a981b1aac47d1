"""What a customer asks for beyond choices: an objection with its reasons, a person's look at a decision, a limit.

What nobody has to weigh is carried out at once, by the person's own word; what has to be weighed keeps their data out
of use until the staff decided it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pellucid.consent.record import ConsentVerb
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Purpose
from pellucid.workspace.centre import CentreDesk
from pellucid.workspace.doors import Visitor
from pellucid.workspace.own_requests import OwnRequest, OwnRequestDesk
from pellucid.workspace.remedies import RemedyDesk
from pellucid.workspace.requests import RequestDesk

UNDECIDED = "objection-undecided"


@dataclass(frozen=True)
class OwnObjectionDesk:
    """`workspace.own_objections`."""

    centre: CentreDesk
    own: OwnRequestDesk
    requests: RequestDesk
    remedies: RemedyDesk

    def objectable(self, visitor: Visitor) -> tuple[Purpose, ...]:
        """Return the uses that the person may object to: those against which a no is an objection."""
        found = self.centre.standings(visitor).purposes
        return tuple(each.purpose for each in found if each.no is ConsentVerb.OBJECT)

    def object(self, visitor: Visitor, purpose: str, reasons: str) -> OwnRequest:
        """File an objection to one use; all use is restricted until it is decided, unless it counts at once.

        Raises NameUnknown for a use that there is no objection to.
        """
        known = {each.name for each in self.objectable(visitor)}
        if purpose not in known:
            raise NameUnknown("use that you may object to", purpose, tuple(sorted(known)))
        return self._done(visitor, self.own.file(visitor, "objection", purposes=[purpose], statement=reasons))

    def limit(self, visitor: Visitor) -> OwnRequest:
        """Limit the use of the person's sensitive data, for every use and at once."""
        return self._done(visitor, self.own.file(visitor, "limit"))

    def review(self, visitor: Visitor, decision: str, statement: str) -> OwnRequest:
        """Ask for a person to look again at a decision that was made by machine. Raises InputInvalid for none."""
        if not decision.strip():
            raise InputInvalid(
                "We have to know which decision you mean.", remedy="Say it in your words.", code="decision-missing"
            )
        return self.own.file(visitor, "human-review", decision=decision.strip(), statement=statement.strip())

    def _done(self, visitor: Visitor, made: OwnRequest) -> OwnRequest:
        """Carry a request out at once, as far as nobody has to weigh it."""
        try:
            self.requests.carry_out_for(made.status.request, visitor.actor, self.remedies.fulfillers())
        except InputInvalid as error:
            if error.code not in (UNDECIDED, "request-state"):  # the latter: it joined one that is open already
                raise
        return replace(self.own.one(visitor, made.status.request), again=made.again)
