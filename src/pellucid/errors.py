"""Every error pellucid raises on purpose, with a stable code and a remedy.

    PellucidError
    ├── InputInvalid          what was typed or handed in cannot be used as it is
    │   ├── PolicyInvalid     the policy folder has findings; carries all of them
    │   └── NameUnknown       no such purpose, dataset, subject, person, ...
    ├── UseRefused            the gate decided against a use; carries every reason
    ├── NotPermitted          this actor may not do this at all
    ├── BudgetExhausted       asked, left, renews
    ├── ConsentInFlux         the register kept changing while the answer was made
    ├── QueryFailed           the engine stopped: time, memory, or an error kept back on purpose
    ├── DataRefused           an import that would publish nothing or break a promise
    ├── WorkspaceUnusable     no workspace there, or one that needs something done first
    ├── DeliveryFailed        mail or a file for somebody outside could not be handed over
    ├── VerificationFailed    the log, a proof or a checkpoint does not hold
    └── RecordingFailed       what could not be recorded was not done
        └── NotJournaled      what was recorded, but not in the journal outside the workspace too

This module knows nothing of HTTP, exit codes or rendering: `cli` maps errors to exit codes.
Messages never hold engine text or personal data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One coded reason for a refusal, a sentence for staff, and what to do about it."""

    code: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class PellucidError(Exception):
    """Root of all errors; `code` is stable, `remedy` says what to do next.

    A message may have `places` (`%(name)s`), so that its `sentence` can be said in other languages.
    """

    code = "pellucid"

    def __init__(
        self, message: str, *, remedy: str = "", code: str | None = None, places: Mapping[str, object] | None = None
    ) -> None:
        self.sentence, self.places = message, dict(places or {})
        self.message = message % self.places if self.places else message
        super().__init__(self.message)
        self.remedy = remedy
        if code is not None:
            self.code = code

    def diagnostics(self) -> str:
        """Return the message and the remedy as a person should read them."""
        return f"{self.message}\n{self.remedy}".strip()


class InputInvalid(PellucidError):
    """What was handed in cannot be used: the message states what was got and what is allowed."""

    code = "input-invalid"


class NameUnknown(InputInvalid):
    """A name that is not declared; states the kind, what was got and what there is."""

    code = "name-unknown"

    def __init__(self, kind: str, got: str, allowed: Sequence[str] = (), *, remedy: str = "") -> None:
        known = f" Known: {', '.join(sorted(allowed))}." if allowed else ""
        super().__init__(f"There is no {kind} {got!r}.{known}", remedy=remedy)
        self.kind = kind
        self.got = got


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding in a policy folder, placed so that an editor can jump to it (1-based line and column)."""

    code: str
    path: str
    line: int
    column: int
    message: str
    remedy: str
    severity: str = "error"

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}"
        return f"{place}: {self.severity} [{self.code}] {self.message} {self.remedy}".strip()


class PolicyInvalid(InputInvalid):
    """The policy folder has errors; `findings` holds every one of them."""

    code = "policy-invalid"

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity == "error"]
        count = f"{len(errors)} error{'s' if len(errors) != 1 else ''}"
        super().__init__(f"The policy has {count}.", remedy="Mend each finding, then run `pellucid policy check`.")
        self.findings = tuple(findings)

    def diagnostics(self) -> str:
        """Return the message, every finding on a line of its own, and the remedy."""
        return "\n".join([self.message, *(str(finding) for finding in self.findings), self.remedy])


class UseRefused(PellucidError):
    """The gate decided against a use of data; no data were touched. `reasons` holds every reason."""

    code = "use-refused"

    def __init__(self, reasons: Sequence[Reason], *, message: str = "This use is refused.") -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)

    def diagnostics(self) -> str:
        """Return the message and every reason on a line of its own."""
        return "\n".join([self.message, *(f"- [{reason.code}] {reason}" for reason in self.reasons)])


class NotPermitted(PellucidError):
    """Whoever acts may not do this, whatever the data."""

    code = "not-permitted"


class BudgetExhausted(PellucidError):
    """The privacy budget does not cover the question; states asked, left (both epsilon) and when it renews."""

    code = "budget-exhausted"

    def __init__(self, allowance: str, *, asked: float, left: float, renews: datetime | None) -> None:
        when = f"It renews on {renews:%Y-%m-%d}." if renews else "It does not renew."
        super().__init__(
            f"The privacy budget {allowance} does not cover this question: "
            f"asked ε {asked:.4g}, left ε {left:.4g}. {when}",
            remedy="Ask a coarser question, ask with a smaller --epsilon, reuse an earlier release, "
            "or wait for the renewal.",
        )
        self.allowance = allowance
        self.asked = asked
        self.left = left
        self.renews = renews


class ConsentInFlux(PellucidError):
    """People's choices kept changing while the answer was made, so it was not released."""

    code = "consent-in-flux"


class QueryFailed(PellucidError):
    """The engine stopped. What it said is kept back on purpose: it may describe a row."""

    code = "query-failed"


class DataRefused(PellucidError):
    """An import or a sort was refused as a whole; nothing was published."""

    code = "data-refused"


class WorkspaceUnusable(PellucidError):
    """The folder is not a workspace, or the workspace needs something done before it can serve."""

    code = "workspace-unusable"


class DeliveryFailed(PellucidError):
    """What should go out could not be handed over; it is tried again, unless it failed `for_good`."""

    code = "delivery-failed"

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None, for_good: bool = False) -> None:
        super().__init__(message, remedy=remedy, code=code)
        self.for_good = for_good


class VerificationFailed(PellucidError):
    """A log, proof, checkpoint or cosignature does not hold."""

    code = "verification-failed"


class RecordingFailed(PellucidError):
    """A thing could not be recorded, so it was not done."""

    code = "recording-failed"


class NotJournaled(RecordingFailed):
    """A change was made, but did not reach the journal outside the workspace: it is acknowledged to nobody."""

    code = "not-journaled"
