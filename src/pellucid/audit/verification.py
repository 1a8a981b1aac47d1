"""What a verification from within found, as the log keeps it: up to which entry, under which key, how each step went.

Whoever can alter the server can alter this too: it tells of an accident or a clumsy hand. Who must not trust the server
verifies an export with a key from elsewhere (`audit.read`). Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from pellucid.audit.verify import TITLES, Step, VerificationReport

ACTION = "audit.verified"
LONGEST = 500_000
"""Entries that are judged while a page waits: some five seconds of a processor's work."""
LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class FoundStep:
    """How one step went: its number, what it checks, its outcome and what there is to tell."""

    number: int
    title: str
    outcome: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification by the place of its entry: when and by whom, what was judged, and what was found.

    `read` entries were read, of which the first `signed` are below the head that the key signed.
    """

    leaf: int
    at: int
    by: str
    holds: bool
    read: int
    signed: int
    key: str
    milliseconds: int
    steps: tuple[FoundStep, ...]


def as_body(report: VerificationReport, read: int, key: str, milliseconds: int) -> dict[str, object]:
    """Return what the log is told of a verification."""
    return {
        "holds": report.holds,
        "read": read,
        "signed": 0 if report.checkpoint is None else report.checkpoint.size,
        "key": key,
        "milliseconds": milliseconds,
        "steps": [
            {"number": step.number, "outcome": step.outcome, "message": step.message[:LONGEST_MESSAGE]}
            for step in report.steps
        ],
    }


def with_end(report: VerificationReport, there: int, expected: int) -> VerificationReport:
    """Return what was found of the first entries of a log, and that its end is missing if it is: a log that was cut
    holds nowhere.
    """
    if there >= expected:
        return report
    cut = Step(3, "failed", f"only {there} of the {expected} entries that were appended or signed are there.")
    return replace(report, steps=tuple(cut if step.number == cut.number else step for step in report.steps))


def of_entry(leaf: int, entry: bytes) -> Verification:
    """Return the verification that an entry tells of."""
    told: dict[str, Any] = json.loads(entry)
    body = told["body"]
    steps = tuple(
        FoundStep(step["number"], TITLES[step["number"]], step["outcome"], step["message"]) for step in body["steps"]
    )
    return Verification(
        leaf,
        told["at"],
        told["actor"]["name"],
        body["holds"],
        body["read"],
        body["signed"],
        body["key"],
        body["milliseconds"],
        steps,
    )
