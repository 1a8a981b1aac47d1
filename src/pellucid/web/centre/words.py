"""What the pages of the privacy centre call things: what somebody said, what they can ask for, and how that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SAID: Mapping[str, str] = {
    "give": "You agreed",
    "refuse": "You said no",
    "withdraw": "You withdrew your consent",
    "object": "You objected",
    "opt_out": "You opted out",
    "limit": "You limited the use of sensitive data",
    "restrict": "You had the use of your data restricted",
    "lift": "The restriction of your data was lifted",
}

SENT: Mapping[str, str] = {
    "notice-changed": "What we tell you about your data had changed",
    "consent-expiring": "Something that you allowed was about to end",
    "yearly": "What we held about you, and how it was used",
    "request-answered": "A request of yours was answered",
}
"""What a message was about, by its kind."""


@dataclass(frozen=True, slots=True)
class Askable:
    """A right that can be asked for on a page: what the button says, and what happens then."""

    right: str
    title: str
    then: str


ASKABLE = (
    Askable("access", "A copy of my data", "You get all that we hold about you, and how it was used, as a file."),
    Askable("portability", "My data, to take elsewhere", "You get the data that you gave us in a form for machines."),
)
"""What can be asked for with one button; what needs more said has forms or pages of its own."""

RIGHTS: Mapping[str, str] = {each.right: each.title for each in ASKABLE} | {
    "erasure": "Erase my data",
    "restriction": "Pause all use of my data",
    "lift-restriction": "End the pause",
    "rectification": "Correct my data",
    "objection": "Object to a use",
    "opt-out": "Opt out of a use",
    "limit": "Limit the use of sensitive data",
    "human-review": "Have a decision looked at by a person",
}
STATES: Mapping[str, str] = {
    "open": "Received",
    "in_progress": "We work on it",
    "fulfilled": "Done",
    "denied": "Not done",
    "revoked": "Taken back",
    "expired": "Closed, since nobody showed who asked",
}
