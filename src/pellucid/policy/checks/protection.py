"""Whom a purpose spares: minors without a guardian, vulnerable people, those whose data are restricted."""

from __future__ import annotations

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import LegalBasis, Policy, Purpose, RestrictedUse, VulnerableUse


def check(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    """Check that what a purpose says of minors, vulnerable people and restricted data can be so."""
    _check_guardian(purpose, findings)
    _check_vulnerable(policy, purpose, findings)
    _check_restricted(purpose, findings)
    _check_accepted(purpose, findings)


def _check_guardian(purpose: Purpose, findings: Findings) -> None:
    if purpose.guardian and purpose.minimum_age == 0:
        message = f"`{purpose.name}` takes people of any age, so there is nobody for whom a guardian could say yes."
        remedy = "Write a `minimum_age`, or take `guardian` out."
        findings.error("guardian-without-age", ("purposes", purpose.name, "guardian"), message, remedy)


def _check_vulnerable(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    if purpose.vulnerable is VulnerableUse.MAY or findings.any_broken("datasets"):
        return
    if any(dataset.vulnerable_column is not None for dataset in policy.datasets.values()):
        return
    follows = "nobody is permitted" if purpose.vulnerable is VulnerableUse.NEVER else "nobody is left out by it"
    message = f"No dataset tells who is vulnerable, so {follows}."
    remedy = "Write `facts: {vulnerable: COLUMN}` with the dataset that knows, or `vulnerable: may`."
    findings.warn("vulnerable-unknown", ("purposes", purpose.name, "vulnerable"), message, remedy)


def _check_restricted(purpose: Purpose, findings: Findings) -> None:
    if purpose.while_restricted is RestrictedUse.NONE:
        return
    asking = [name for name, basis in purpose.bases.items() if basis.basis is LegalBasis.CONSENT]
    if asking:
        message = (
            f"It goes on while use is restricted ({purpose.while_restricted}), and rests on consent under "
            f"{', '.join(f'`{name}`' for name in asking)}: it must rest on a duty or a claim (GDPR Art. 18(2))."
        )
        remedy = "Write `while_restricted: none`: who consents may do so for the restriction too."
        findings.error("restricted-on-consent", ("purposes", purpose.name, "while_restricted"), message, remedy)


def _check_accepted(purpose: Purpose, findings: Findings) -> None:
    notice = purpose.notice
    for index, version in enumerate(notice.accepts):
        location = ("purposes", purpose.name, "notice", "accepts", index)
        if version == notice.version:
            message = f"`{version}` is the version of this notice itself."
            findings.error("accepts-itself", location, message, "List earlier versions only.")
        elif version in notice.accepts[:index]:
            findings.error("accepts-twice", location, f"`{version}` is listed twice.", "Keep one of the two.")
