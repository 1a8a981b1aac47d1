"""What the officer's pages call things: rights, how requests stand, what happened to them, what was refused and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pellucid.consent.totals import GIVEN, OBJECTED, REFUSED, WITHDRAWN
from pellucid.transparency.use_words import refusal

RIGHTS: Mapping[str, str] = {
    "access": "Access: a copy of what is held",
    "portability": "Portability: data to take elsewhere",
    "rectification": "Correction",
    "erasure": "Erasure",
    "restriction": "Restriction: pause all use",
    "lift-restriction": "End of a restriction",
    "objection": "Objection",
    "opt-out": "Opt-out of sale, sharing or profiling",
    "limit": "Limit on sensitive data",
    "human-review": "Review of a decision by a person",
}
STATES: Mapping[str, str] = {
    "open": "Open",
    "in_progress": "In progress",
    "fulfilled": "Done",
    "denied": "Denied",
    "revoked": "Taken back",
    "expired": "Expired",
}
BY: Mapping[str, str] = {"self": "the person", "guardian": "a guardian", "agent": "an agent"}
STRENGTHS: Mapping[int, str] = {
    0: "no proof",
    1: "one contact that is held",
    2: "two contacts that are held, or a check by the staff",
}
WAITS: Mapping[str, str] = {
    "acknowledgement": "Tell the person that the request came in.",
    "person": "Nobody is known by the key that was given. Deny it as no match, or find out who asks.",
    "proof": "Who asks has to show better who they are.",
    "approval": "Somebody of the staff has to approve it.",
    "answer": "The clock stands still until the person answers.",
    "joined": "It joined an earlier request of the same person and is answered with that one.",
    "nothing": "Nothing: it can be carried out.",
}
DENIALS: Mapping[str, str] = {
    "claim_not_covered": "the law does not give this right here",
    "outside_jurisdiction": "no law that you are under gives this right",
    "insuf_verification": "who asks did not show who they are",
    "no_match": "nobody is known by the key that was given",
    "suspected_fraud": "somebody else seems to ask",
    "too_many_requests": "the same was asked again and again",
    "other": "another reason, which the note says",
}
"""Reasons of the Data Rights Protocol, the lawful ones first."""
EVENTS: Mapping[str, str] = {
    "filed": "Filed",
    "acknowledged": "Acknowledged",
    "asked": "The person was asked to show who they are",
    "verified": "The person showed who they are",
    "failed": "The person could not show who they are",
    "paused": "The clock was stopped",
    "resumed": "The clock goes on",
    "doubted": "Who asks has to be shown anew: the person's identifiers were split",
    "approved": "Approved",
    "approval-over": "To be approved anew: more identifiers are the person's now",
    "extended": "The time was extended",
    "put-off": "The last day was moved on",
    "joined": "Joined an earlier request",
    "parted": "Stands by itself again",
    "begun": "Carrying it out began",
    "stopped": "Carrying it out was stopped",
    "rectified": "A part was corrected",
    "telling": "The person is to be told something",
    "told": "The person was told",
    "decided": "Decided",
    "fulfilled": "Done",
    "denied": "Denied",
    "revoked": "Taken back",
    "expired": "Expired",
}
MESSAGES: Mapping[str, str] = {
    "restriction-to-be-lifted": "that the restriction is about to be lifted",
    "objection-upheld": "that the objection is upheld",
    "objection-overruled": "that the objection is overruled",
    "decision-upheld": "that the decision stands",
    "decision-changed": "that the decision is changed",
    "time-extended": "that the answer takes longer, until when and why",
    "clock-stopped": "what you need of them, and that the time stands still meanwhile",
}
"""What the staff has to tell a person where no address is held: the messages of `rights.messages`."""
WAYS: Mapping[str, str] = {
    "account": "in their account",
    "in-person": "face to face",
    "letter": "by letter",
    "mail": "by mail",
    "phone": "by phone",
}
"""How the staff may have told somebody."""
BECOMES: Mapping[str, str] = {
    "erase": "is erased",
    "anonymise": "is made anonymous",
    "keep": "is kept",
    "unreachable": "cannot be reached",
}
"""What becomes of a part of a plan."""
KINDS: Mapping[str, str] = {
    GIVEN: "Agreed",
    REFUSED: "Refused",
    WITHDRAWN: "Withdrawn",
    OBJECTED: "Objected or opted out",
}
SHARES: Mapping[str, str] = {
    "none": "none",
    "fewer than 20 people": "fewer than 20 people",
    "under 10 %": "under 10 %%",
    "10-25 %": "10-25 %%",
    "25-50 %": "25-50 %%",
    "50-75 %": "50-75 %%",
    "75-90 %": "75-90 %%",
    "90-95 %": "90-95 %%",
    "over 95 %": "over 95 %%",
}
"""Bands of `consent.coverage`, as catalogues hold them: a sign of percent is written twice there."""
SCREENS: Mapping[str, str] = {
    "doubtful": "doubtful: what is agreed to through it waits",
    "cleared": "cleared",
    "to-be-invalidated": "to be invalidated: somebody else has to decide",
    "invalidated": "invalidated: nothing agreed to through it counts",
}
WHO: Mapping[str, str] = {
    "staff": "Staff",
    "program": "A program",
    "customer": "A customer",
    "agent": "An agent of customers",
    "system": "pellucid itself",
}
"""Kinds of those who act."""
FAMILIES: Mapping[str, str] = {
    "access": "packages, and acts that were not permitted",
    "audit": "the log itself",
    "consent": "consents",
    "data": "data",
    "erasure": "erasures",
    "insight": "approved insights",
    "message": "messages to people",
    "notice": "notices",
    "policy": "policies",
    "query": "questions",
    "request": "requests",
    "retention": "retention",
    "sign-in": "signing in",
    "staff": "accounts of the staff",
    "subject": "looking people up",
    "token": "tokens of programs",
}
"""What actions begin with, so that the log can be looked through."""
OUTCOMES: Mapping[str, str] = {
    "held": "held",
    "failed": "failed",
    "absent": "nothing to check against",
    "skipped": "not checked",
}
_REASONS: Mapping[str, str] = {
    "action-not-permitted": "Their roles do not let them do this.",
    "actor-kind": "This is not for such as they are.",
    "actor-suspended": "They are suspended.",
    "person-unknown": "The policy does not declare them.",
    "scope-not-held": "The token has no scope for this.",
    "purpose-unknown": "The policy declares no such purpose.",
    "purpose-not-permitted": "Their roles may not ask for this purpose.",
    "purpose-without-basis": "The purpose has no legal basis.",
    "dataset-unknown": "The policy declares no such dataset.",
    "dataset-not-permitted": "The purpose may not read this dataset.",
    "column-unknown": "The dataset has no such column.",
    "column-not-permitted": "The purpose may not read this column.",
    "key-not-joinable": "This column does not lead to the people whom the data are about.",
    "budget-exhausted": "The privacy budget was used up.",
}


def reason_words(codes: Iterable[str]) -> tuple[str, ...]:
    """Return in words why something was refused, each reason once."""
    return tuple(dict.fromkeys(_REASONS.get(code) or refusal([code]) for code in codes))
