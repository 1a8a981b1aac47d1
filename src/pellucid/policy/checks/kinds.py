"""What a purpose is in the laws' words: the laws that are signed off can say nothing of a purpose that has no kind."""

from __future__ import annotations

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Default, Purpose
from pellucid.policy.nodes import suggestion
from pellucid.regulations.vocabulary import KINDS, SIGNAL_KINDS

OWN_CUSTOMERS = "marketing_email_sms"
"""The kind of which ePrivacy Directive Art. 13(2) speaks."""

SIGNALLED = (*SIGNAL_KINDS, "profiling")
"""Kinds against which a browser's signal may speak."""


def check(purpose: Purpose, findings: Findings) -> None:
    """Check the kinds of a purpose, and what may be said only of some kinds."""
    at = ("purposes", purpose.name)
    for index, kind in enumerate(purpose.kinds):
        _check_kind(purpose, index, kind, findings)
    if not purpose.kinds and any(basis.default is not Default.NO_CHOICE for basis in purpose.bases.values()):
        message = f"`{purpose.name}` has no kind, so the laws that are signed off can say nothing of it."
        findings.warn("purpose-without-kinds", at, message, f"Add `kinds:` with some of: {', '.join(KINDS)}.")
    if purpose.soft_opt_in and OWN_CUSTOMERS not in purpose.kinds:
        message = f"`soft_opt_in` is about mail to one's own customers, and `{OWN_CUSTOMERS}` is not among its kinds."
        remedy = f"Add `{OWN_CUSTOMERS}` to `kinds`, or take `soft_opt_in` out."
        findings.error("soft-opt-in-kind", (*at, "soft_opt_in"), message, remedy)
    if purpose.loyalty and not set(SIGNALLED).intersection(purpose.kinds):
        message = f"No signal can speak against `{purpose.name}`, so `loyalty` changes nothing."
        remedy = f"Take it out, or add to `kinds` what it is of: {', '.join(SIGNALLED)}."
        findings.warn("loyalty-kind", (*at, "loyalty"), message, remedy)


def _check_kind(purpose: Purpose, index: int, kind: str, findings: Findings) -> None:
    at = ("purposes", purpose.name, "kinds", index)
    if kind not in KINDS:
        message = f"`{kind}` is no kind of purpose that a law knows (known: {', '.join(KINDS)})."
        findings.error("unknown-kind", at, message, suggestion(kind, KINDS))
    elif kind in purpose.kinds[:index]:
        findings.error("kind-twice", at, f"`{kind}` is listed twice.", "Keep one of the two.")
