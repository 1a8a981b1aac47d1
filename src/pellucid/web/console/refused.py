"""Why something was refused or failed, as the console tells it: every reason, what to do about each, and the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pellucid.errors import PellucidError, Reason, UseRefused
from pellucid.web.errors import problem_of

REMEDIES: Mapping[str, str] = {
    "budget-exhausted": "Ask a coarser question, ask with a smaller epsilon or a larger error, use an answer that was "
    "released before, or wait for the renewal.",
    "query-timeout": "Ask for fewer groups or a shorter period.",
    "query-memory": "Ask for fewer groups or a shorter period.",
    "reason-missing": "Say why.",
    "insight-not-approved": "Somebody else than the proposer has to approve it.",
}
"""What to do, by code, where an error tells it for the command line."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused or failed: in a sentence, with its reasons if the gate decided, and the status of the page."""

    message: str
    remedy: str
    code: str
    status: int
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, error: PellucidError) -> Refused:
        """Return how an error is told. Only whoever asked sees it: it may quote what they typed, and no more."""
        problem = problem_of(error, frozenset())
        reasons = error.reasons if isinstance(error, UseRefused) else ()
        return cls(problem.detail, REMEDIES.get(error.code, problem.remedy), problem.code, problem.status, reasons)
