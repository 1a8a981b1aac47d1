"""Messages that stand for a word of the policy or of a law: bases, choices, rights, recipients, kinds. No grammar here.

Each is a whole sentence, or a noun that is only listed: languages do not put sentences together in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.policy.model import Default, LegalBasis
from pellucid.regulations.duties import TO_AUTHORITY
from pellucid.transparency.choices import NOT_DONE
from pellucid.transparency.words import message

BASES: Mapping[LegalBasis, str] = {
    LegalBasis.CONSENT: message("The legal basis is your consent."),
    LegalBasis.CONTRACT: message("The legal basis is our contract with you."),
    LegalBasis.LEGAL_OBLIGATION: message("The legal basis is a duty that the law lays on us."),
    LegalBasis.VITAL_INTERESTS: message("The legal basis is the protection of somebody's life."),
    LegalBasis.PUBLIC_INTEREST: message("The legal basis is a task in the public interest."),
    LegalBasis.LEGITIMATE_INTERESTS: message("The legal basis is our legitimate interest in this purpose."),
}

CHOICES: Mapping[str, str] = {
    Default.OPT_IN.value: message("We do this only if you say yes. You can take your yes back at any time."),
    Default.OPT_OUT.value: message("We do this unless you say no. You can say no at any time."),
    Default.NO_CHOICE.value: message("This is part of what we owe you or the law, so there is no choice to make."),
    NOT_DONE: message("We do not do this there."),
}
EXPLICIT = message("We do this only if you say yes explicitly. You can take your yes back at any time.")

SHORT_CHOICES: Mapping[str, str] = {
    Default.OPT_IN.value: message("only if you say yes"),
    Default.OPT_OUT.value: message("unless you say no"),
    Default.NO_CHOICE.value: message("no choice to make"),
    NOT_DONE: message("not done"),
}

RECIPIENTS: Mapping[str, str] = {
    "processor": message("It works for us, on our instructions only."),
    "third_party": message("It decides itself what it does with what it receives."),
}
"""By `kind`; of other kinds nothing more is said."""

KINDS: Mapping[str, str] = {
    "own_analytics": message("our own statistics"),
    "device_storage": message("storing or reading something on your device"),
    "marketing_email_sms": message("advertising by e-mail or text message"),
    "marketing_automated_calls": message("advertising by automated calls"),
    "marketing_phone": message("advertising by telephone"),
    "marketing_other": message("other advertising"),
    "targeted_advertising": message("targeted advertising"),
    "sale": message("selling data"),
    "share": message("sharing data for advertising"),
    "sensitive_data": message("use of sensitive data"),
    "profiling": message("profiling"),
    "significant_decisions": message("automated decisions with serious effects"),
}

REVEALED: Mapping[str, str] = {
    "biometric": message("biometric features"),
    "criminal": message("offences"),
    "ethnicity": message("ethnic origin"),
    "genetic": message("genetic features"),
    "health": message("health"),
    "politics": message("political opinions"),
    "religion": message("religion or belief"),
    "sexuality": message("sexuality"),
    "trade_union": message("membership of a trade union"),
}

ACCESS = message("You can ask whether we hold data about you, and have a copy of them.")
CORRECT = message("You can have data about you corrected or completed.")
ERASE = message("You can have data about you erased, as far as no law makes us keep them.")
ANONYMISE = message("You can have data that are not needed made anonymous, blocked or erased.")
RESTRICT = message("You can have the use of your data restricted or stopped.")
PORT = message("You can have the data that you gave us in a form that machines can read, and take them elsewhere.")
OBJECT = message("You can object to the use of your data for reasons of your own situation.")
NO_MARKETING = message("You can object to direct marketing at any time; no reason is needed.")
OPT_OUT = message("You can opt out of the sale of your data, of their sharing, and of targeted advertising.")
OPT_OUT_PROFILING = message("You can opt out of profiling.")
LIMIT = message("You can limit the use of sensitive data about you.")
WITHDRAW = message("You can withdraw a consent at any time; what was done before stays lawful.")
HUMAN = message(
    "You can have a person look at decisions that a machine alone made about you, or refuse such decisions."
)
INFORMED = message("You can ask to be told what is done with your data; this notice tells you too.")
RECEIVERS = message("You can ask who received data about you.")
PASSED_ON = message("We tell those who received your data when you have them corrected, erased or restricted.")
AUTHORITY = message("You can complain to the data protection authority.")
COMPLAIN = message("You can complain to us, and we have to answer.")
APPEAL = message("If we turn a request down, you can ask us to look at it again.")
NO_WORSE = message("We may not treat you worse because you use your rights.")
DAMAGES = message("You can go to court if your data were not protected as the law demands.")
AFTER_DEATH = message("You can name somebody who uses your rights for you; after a death, relatives may have rights.")
ANONYMOUS = message("You can deal with us anonymously or under another name, where that is possible.")
SOURCES = message("You can ask where we got data from that are used for marketing.")
SEARCH = message("You can ask that links to data about you be taken down or not be found under your name.")

RIGHTS: Mapping[str, str] = {
    **dict.fromkeys(
        ("access", "access_copy", "access_summary", "confirm_access", "confirm_access_with_inferences"), ACCESS
    ),
    **dict.fromkeys(("confirm_and_access", "confirmation", "disclosure", "know_access"), ACCESS),
    **dict.fromkeys(("correct", "correction", "rectification", "completion", "update"), CORRECT),
    **dict.fromkeys(("delete", "erasure", "cease_use_or_erase", "delete_consent_data", "correction_deletion"), ERASE),
    "anonymise_block_delete_excess": ANONYMISE,
    "object_block_delete": ANONYMISE,
    **dict.fromkeys(("restriction", "restrict_or_refuse", "suspension", "cease_third_party_provision"), RESTRICT),
    "portability": PORT,
    **dict.fromkeys(("object", "oppose"), OBJECT),
    **dict.fromkeys(("object_direct_marketing", "opt_out_direct_marketing"), NO_MARKETING),
    **dict.fromkeys(("opt_out", "opt_out_sale", "opt_out_sale_share", "opt_out_targeted_ads"), OPT_OUT),
    "opt_out_profiling": OPT_OUT_PROFILING,
    "limit_sensitive": LIMIT,
    **dict.fromkeys(("withdraw_consent", "revoke_consent", "choice_on_consent"), WITHDRAW),
    **dict.fromkeys(("admt_opt_out_and_access", "automated_decision_protection", "automated_decision_review"), HUMAN),
    **dict.fromkeys(("automated_decision_safeguards", "contest_profiling_decision", "explanation"), HUMAN),
    **dict.fromkeys(("information_on_automated_decision", "no_solely_automated_decision"), HUMAN),
    **dict.fromkeys(("refuse_automated_decision", "refuse_or_explain_automated_decision"), HUMAN),
    "review_automated_decision": HUMAN,
    **dict.fromkeys(("information", "information_on_refusing_consent", "know_and_decide", "notification"), INFORMED),
    "notification_of_purpose": INFORMED,
    **dict.fromkeys(
        ("information_on_sharing", "list_of_third_parties", "disclosure_of_third_party_records"), RECEIVERS
    ),
    "notify_recipients": PASSED_ON,
    **dict.fromkeys(sorted(TO_AUTHORITY), AUTHORITY),
    **dict.fromkeys(("complain_to_controller", "grievance", "challenge_compliance"), COMPLAIN),
    "appeal": APPEAL,
    **dict.fromkeys(("no_retaliation", "non_discrimination"), NO_WORSE),
    **dict.fromkeys(("damages", "private_action_breach", "statutory_tort"), DAMAGES),
    **dict.fromkeys(("nominate", "relatives_of_the_deceased"), AFTER_DEATH),
    "anonymity_pseudonymity": ANONYMOUS,
    "know_marketing_source": SOURCES,
    "deindexation": SEARCH,
}
"""What each right of the packs comes to, in a sentence."""

SHORT_RIGHTS: Mapping[str, str] = {
    ACCESS: message("see what we hold about you"),
    CORRECT: message("have it corrected"),
    ERASE: message("have it erased"),
    RESTRICT: message("have its use restricted"),
    PORT: message("take it elsewhere"),
    OBJECT: message("object to its use"),
    OPT_OUT: message("opt out of its sale and sharing"),
    LIMIT: message("limit the use of what is sensitive"),
    AUTHORITY: message("complain to the authority"),
}
"""The rights that the short layer names, in its order."""

NEW: Mapping[str, str] = {
    "purpose": message("New purpose: {fact}."),
    "recipient": message("New recipient: {fact}."),
    "kind": message("{of}: we now use {fact} too."),
    "dataset": message("New data: {fact}."),
    "needed": message("{of}: now only entries of the last {fact} are used."),
    "right": message("New right ({of}): {fact}"),
}
GONE: Mapping[str, str] = {
    "purpose": message("No longer a purpose: {fact}."),
    "recipient": message("No longer a recipient: {fact}."),
    "kind": message("{of}: we do not use {fact} any more."),
    "dataset": message("No longer among the data: {fact}."),
    "needed": message("{of}: there is no limit of {fact} of its own any more."),
    "right": message("No longer named as a right ({of}): {fact}"),
}
CHANGED: Mapping[str, str] = {
    "kept": message("{of}: kept for {fact} instead of {before}."),
    "needed": message("{of}: only entries of the last {fact} are used, instead of {before}."),
    "lasts": message("{of}: a yes now ends after {fact} instead of {before}."),
    "country": message("{of}: country {fact} instead of {before}."),
    "age": message("{of}: now from {fact} years on instead of {before}."),
    "contact": message("Write to {fact} instead of {before}."),
    "dataset": message("The data “{before}” are now called “{fact}”."),
    "purpose": message("The purpose “{before}” is now called “{fact}”."),
    "recipient": message("The recipient “{before}” is now called “{fact}”."),
}
"""What a comparison says of a sentence that is new, gone or changed, by its topic."""
WHOLE = frozenset({"purpose", "recipient", "dataset"})
"""Topics of things that have a section of their own."""
SAID_NEW = message("New: {text}")
SAID_NO_MORE = message("No longer said: {text}")
SAID_OTHERWISE = message("“{text}” instead of “{before}”")
