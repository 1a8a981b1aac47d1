"""What the page of recipients calls things: kinds of recipients, what they were told, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.delivery.outbox import ANSWERED, DUE, GIVEN_UP, SENT

KINDS: Mapping[str, str] = {
    "processor": "It works for us, on our instructions only.",
    "third_party": "It decides itself what it does with what it receives.",
}
"""By `kind`; of other kinds nothing more is said."""
ACTS: Mapping[str, str] = {
    "erasure": "To erase what it holds of you",
    "rectification": "To correct what it holds of you",
    "restriction": "To use what it holds of you no further",
    "lift-restriction": "That what it holds of you may be used again as before",
}
STATES: Mapping[str, str] = {
    DUE: "on its way",
    SENT: "sent, not answered yet",
    ANSWERED: "answered",
    GIVEN_UP: "could not be delivered; our staff look after it",
}
