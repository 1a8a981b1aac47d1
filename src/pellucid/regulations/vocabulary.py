"""The words a pack may use: kinds of purposes, sections, units, and what a figure may say besides its value."""

from __future__ import annotations

KINDS: tuple[str, ...] = (
    "own_analytics",
    "device_storage",
    "marketing_email_sms",
    "marketing_automated_calls",
    "marketing_phone",
    "marketing_other",
    "targeted_advertising",
    "sale",
    "share",
    "sensitive_data",
    "profiling",
    "significant_decisions",
)
"""What a purpose may be, as far as laws tell purposes apart."""

SIGNAL_KINDS: tuple[str, ...] = ("sale", "share", "targeted_advertising")
"""What an opt-out signal opts out of under every law that demands it; a law's `also` adds to it."""

CONDITIONAL = "conditional"
"""A consent default that depends on facts a pack cannot know; its `fallback` counts, or else opt_in."""

BASIS_WORDS: dict[str, str] = {
    "contract": "necessary_for_a_contract",
    "legal_obligation": "authorised_by_law_with_safeguards",
}
"""What a legal basis is called among the `alternatives` of a consent default: who relies on it needs no yes."""

AGES: tuple[str, ...] = ("guardian_below", "opt_in_below", "prohibited_below")
"""The ages that decide; other members of `ages` inform."""

ESTABLISHED = "territory.established"
RESIDENTS = "territory.residents"

SECTIONS: dict[str, str] = {
    "status": "since when the law is in force, in which steps",
    "territory": "whose data it covers: `residents` and `established`",
    "scope": "whom it protects and binds",
    "consent": "what silence means, by kind of purpose",
    "rules": "what makes consent valid, and how it ends",
    "bases": "legal bases",
    "rights": "rights of a person",
    "deadlines": "time limits, with unit and start",
    "ages": "ages that protect minors",
    "sensitive": "kinds of data with more protection",
    "signals": "opt-out signals that must be honoured",
    "breach": "clocks and contents of breach notices",
    "notice": "what a notice must say",
    "access": "what an answer to an access request must hold",
    "records": "records to keep",
    "assessments": "when to assess risks, audit, or appoint somebody",
    "decisions": "automated decisions",
    "identity": "checking who asks, and agents",
    "fees": "what may be charged",
    "fairness": "no retaliation, no dark patterns",
    "penalties": "what a breach of the law may cost",
    "pending": "changes that are not law yet",
}
"""The sections of a pack, each with what it holds."""

LISTED: dict[str, tuple[str, ...]] = {
    "territory": ("residents", "established"),
    "consent": KINDS,
}
"""Sections whose members are these and no others."""

UNITS: tuple[str, ...] = ("calendar_days", "business_days", "calendar_month", "hours")
"""What the value of a deadline counts."""

STARTS: tuple[str, ...] = (
    "receipt",
    "identity_or_fee",
    "awareness",
    "determination",
    "discovery",
    "assessment",
    "notice_to_consumers",
    "collection",
    "withdrawal",
)
"""When a deadline starts; `identity_or_fee` is the latest of receipt, identity shown and fee paid."""

DETAILS: tuple[str, ...] = (
    "also",
    "alternatives",
    "applies_to",
    "by",
    "condition",
    "content",
    "currency",
    "except_when",
    "fallback",
    "first_day",
    "floor",
    "form",
    "keep_months",
    "kinds",
    "lower_fixed",
    "lower_percent",
    "max_total",
    "mode",
    "must_state",
    "notice_due",
    "only_when",
    "replaced_in",
    "review",
    "separate",
    "standard",
    "starts_on",
    "text",
    "threshold",
    "times",
    "to_whom",
    "turnover_percent",
    "unit",
    "when",
    "who",
)
"""What a figure may say besides value, cite, verified, from, to and note."""
