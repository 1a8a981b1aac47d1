"""What laws call the rights that people exercise here: in lists of rights, in what a deadline is for, among bases."""

from __future__ import annotations

from pellucid.policy.model import LegalBasis
from pellucid.rights.request import Right

GIVEN_AS: dict[Right, frozenset[str]] = {
    Right.ACCESS: frozenset(
        {
            *("access", "access_copy", "access_summary", "confirm_access", "confirm_access_with_inferences"),
            *("confirm_and_access", "confirmation", "disclosure", "know_access"),
        }
    ),
    Right.PORTABILITY: frozenset({"portability"}),
    Right.RECTIFICATION: frozenset(
        {"completion", "correct", "correction", "correction_deletion", "rectification", "update"}
    ),
    Right.ERASURE: frozenset(
        {
            *("anonymise_block_delete_excess", "cease_use_or_erase", "correction_deletion", "delete"),
            *("delete_consent_data", "erasure", "object_block_delete"),
        }
    ),
    Right.RESTRICTION: frozenset(
        {"anonymise_block_delete_excess", "object_block_delete", "restrict_or_refuse", "restriction", "suspension"}
    ),
    Right.LIFT_RESTRICTION: frozenset(),
    Right.OBJECTION: frozenset(
        {
            *("cease_use_or_erase", "object", "object_block_delete", "object_direct_marketing", "oppose"),
            *("opt_out_direct_marketing", "restrict_or_refuse"),
        }
    ),
    Right.OPT_OUT: frozenset(
        {
            *("admt_opt_out_and_access", "cease_third_party_provision", "opt_out", "opt_out_profiling"),
            *("opt_out_sale", "opt_out_sale_share", "opt_out_targeted_ads"),
        }
    ),
    Right.LIMIT: frozenset({"limit_sensitive"}),
    Right.HUMAN_REVIEW: frozenset(
        {
            *("admt_opt_out_and_access", "automated_decision_protection", "automated_decision_review"),
            *("automated_decision_safeguards", "contest_profiling_decision", "explanation"),
            *("information_on_automated_decision", "no_solely_automated_decision", "refuse_automated_decision"),
            *("refuse_or_explain_automated_decision", "review_automated_decision"),
        }
    ),
}
"""Under which names laws give each right."""

ELSEWHERE = frozenset(
    {
        *("anonymity_pseudonymity", "appeal", "challenge_compliance", "choice_on_consent", "complain"),
        *("complain_to_authority", "complain_to_controller", "damages", "deindexation"),
        *("disclosure_of_third_party_records", "grievance", "information", "information_on_refusing_consent"),
        *("information_on_sharing", "know_and_decide", "know_marketing_source", "list_of_third_parties"),
        *("no_retaliation", "nominate", "non_discrimination", "notification", "notification_of_purpose"),
        *("notify_recipients", "petition_authority", "private_action_breach", "relatives_of_the_deceased"),
        *("revoke_consent", "statutory_tort", "withdraw_consent"),
    }
)
"""Rights of the laws that nobody exercises by such a request: notices, complaints, and consent and its withdrawal."""

MARKETING_ONLY = frozenset({"object_direct_marketing", "opt_out_direct_marketing"})
"""Rights that reach marketing, whatever it rests on, and nothing else."""

ON_BASES: dict[Right, str] = {Right.PORTABILITY: "portability", Right.OBJECTION: "object", Right.ERASURE: "erasure"}
"""Rights that a law may give on some legal bases only, in the words of `rules.rights_on_...`."""

BASIS_WORDS: dict[LegalBasis, str] = {basis: basis.value for basis in LegalBasis} | {
    LegalBasis.PUBLIC_INTEREST: "public_task"
}
"""What laws call the legal bases."""

MARKETING_KINDS = frozenset(
    {
        *("marketing_automated_calls", "marketing_email_sms", "marketing_other", "marketing_phone"),
        "targeted_advertising",
    }
)
"""Kinds of purposes that are direct marketing."""

Clock = tuple[str, str]
"""A member of `deadlines`, and the word of `applies_to` under which it is asked for; no word: whatever it says."""

ANSWERED_BY: dict[Right, tuple[Clock, ...]] = {
    Right.ACCESS: (("respond", "access"),),
    Right.PORTABILITY: (("respond", "portability"),),
    Right.RECTIFICATION: (("respond", "rectification"), ("correction", "")),
    Right.ERASURE: (("respond", "erasure"),),
    Right.RESTRICTION: (("respond", "restriction"),),
    Right.LIFT_RESTRICTION: (("respond", "restriction"),),
    Right.OBJECTION: (("respond", "object"),),
    Right.OPT_OUT: (("opt_out_sale_share", ""), ("opt_out", ""), ("admt_opt_out", ""), ("respond", "object")),
    Right.LIMIT: (("limit_sensitive", ""), ("respond", "object")),
    Right.HUMAN_REVIEW: (("respond", "automated_decision"), ("automated_decision", ""), ("admt_opt_out", "")),
}
"""By when a request has to be answered. Where a law knows no opt-out or limit, they are objections to it."""

AT_ONCE: tuple[Clock, ...] = (("marketing_objection", ""), ("marketing_opt_out", ""))
"""By when marketing has to end besides."""

ACKNOWLEDGED_BY: dict[Right, tuple[Clock, ...]] = {
    right: tuple(("acknowledge", word) for member, word in clocks if member == "respond")
    for right, clocks in ANSWERED_BY.items()
} | {Right.ACCESS: (("acknowledge", "access"), ("confirm", ""))}
"""By when it has to be said that a request came in."""
