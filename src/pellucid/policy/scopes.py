"""What a program may be let do: scopes, which a token carries in place of a role. Pure.

A scope permits exactly its actions, whatever roles a policy declares; nothing permits a program to erase, or to approve
or carry out what people request, and only `consent:changes` tells of people nobody asked about. What an officer's
programs see (`request:list`, `consent:coverage`, `audit:read`) names nobody; entries as they were hashed
(`audit:export`) hold pseudonyms. Questions are asked, and exact figures proposed, as a person of the policy, whom the
token is for: scope and role both have to permit them. Nothing permits a program to approve exact figures, and whoever
made the token that proposed them approves them no more than its person does (`audit.four_eyes`). Who may give a token
its scopes is the action `tokens-manage`.
"""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = "program"
"""The kind of actor that acts by scopes."""
BEARER = "token:"
"""What stands before a token's id where it is said how an actor was known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a scope lets a program do, in plain words, and the actions that it permits."""

    title: str
    actions: frozenset[str]
    as_person: bool = False
    """Whether it is used as a person of the policy, whom the token is for, and whose roles have to permit it too."""


SCOPES: dict[str, Scope] = {
    "consent:write": Scope(
        "record what a person says: give, refuse, withdraw, object, opt out, limit, restrict",
        frozenset({"consent-record"}),
    ),
    "consent:lift": Scope(
        "record that a restriction is lifted, or a yes while it stands", frozenset({"consent-record"})
    ),
    "consent:show": Scope("see what stands for one person, and what they said", frozenset({"consent-show"})),
    "consent:why": Scope(
        "see every reason why one person's data may or may not be used", frozenset({"consent-show", "consent-why"})
    ),
    "consent:changes": Scope("follow everybody's choices as they are recorded", frozenset({"consent-changes"})),
    "insights:ask": Scope(
        "ask questions as the person whom it is for, and see what these would cost",
        frozenset({"query", "preview"}),
        as_person=True,
    ),
    "insights:run": Scope(
        "see and run approved insights as the person whom it is for",
        frozenset({"insight-list", "insight-run"}),
        as_person=True,
    ),
    "insights:propose": Scope(
        "propose insights as the person whom it is for; somebody else has to approve them",
        frozenset({"insight-propose"}),
        as_person=True,
    ),
    "budget:show": Scope(
        "see what is left of the privacy budgets, as the person whom it is for",
        frozenset({"budget-show"}),
        as_person=True,
    ),
    "holdings:show": Scope(
        "see which kinds of data are held about one person, and what was concluded about them, without any value",
        frozenset({"holdings-show"}),
    ),
    "delegation:manage": Scope(
        "note and end who may act for somebody else in the privacy centre", frozenset({"delegation-manage"})
    ),
    "erasure:preview": Scope(
        "see what erasing one person would do; it deletes nothing", frozenset({"erasure-preview"})
    ),
    "request:fetch": Scope(
        "fetch the packages of requests that it filed itself, once the person showed who they are",
        frozenset({"request-fetch"}),
    ),
    "request:file": Scope(
        "file people's requests, and take back those it filed itself", frozenset({"request-hand-in"})
    ),
    "request:read": Scope("see how the requests stand that it filed itself", frozenset({"request-follow"})),
    "request:verify": Scope(
        "have people sent codes for the requests that it filed itself, and hand in their answers",
        frozenset({"request-identify"}),
    ),
    "request:list": Scope(
        "see by when everybody's requests are due and what they wait for, without whom they are about",
        frozenset({"request-list"}),
    ),
    "consent:coverage": Scope(
        "see exactly how many people each purpose may use, and how many yes and no were recorded",
        frozenset({"consent-coverage-exact"}),
    ),
    "audit:read": Scope(
        "see refused uses and the log, without whom entries are about, and have it verified",
        frozenset({"audit-read"}),
    ),
    "audit:export": Scope(
        "take the log or entries of it as they were hashed, with pseudonyms, and the proofs that they are in it",
        frozenset({"audit-export", "audit-read"}),
    ),
    "audit:checkpoint": Scope("have the present head of the log signed", frozenset({"audit-checkpoint"})),
    "uses:show": Scope(
        "see how one person's data were used, and who receives something of them", frozenset({"subject-uses"})
    ),
    "request:look": Scope(
        "see the data about people who showed who they are for a request for access that it filed itself",
        frozenset({"request-look"}),
    ),
    "signals:write": Scope(
        "hand in the opt-out signals of browsers and devices, and answers to questions about them",
        frozenset({"signal-apply"}),
    ),
}
"""Every scope there is."""


def scopes_for(action: str) -> tuple[str, ...]:
    """Return the scopes that permit an action."""
    return tuple(name for name, scope in SCOPES.items() if action in scope.actions)
