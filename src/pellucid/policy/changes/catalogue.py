"""Every change that a comparison can tell, by code: the words for it, and who should look. Add codes here.

Finding out what changed is `changes.purpose`, `changes.dataset` and so on; what an added thing does to privacy ledgers
and to what people said stands in its sentence, because whoever renames a thing sees it removed and added.
"""

from __future__ import annotations

from pellucid.policy.changes.allowances import ALLOWANCES
from pellucid.policy.changes.data import COLUMNS, DATASETS
from pellucid.policy.changes.exact import EXACT
from pellucid.policy.changes.protection import PROTECTION
from pellucid.policy.changes.words import Words, listed, neutral, neutrally_listed, opposed, ordered

OFFICER = "privacy officer"
WRITER = "whoever writes the notices"
ANALYST = "whoever asks under it"
CARE = "privacy officer; customer care, for whoever said no"
OVERSIGHT = "privacy officer; data protection authority, if transfers need it"

PURPOSES: Words = {
    **listed(
        "purpose",
        "A new purpose: {title}. Its privacy ledger starts anew, at nothing spent, and nobody has said anything to it: "
        "neither a yes nor a no to a purpose of another name carries over.{hint}",
        "Nobody may ask under it any more ({title}). What people said about it is kept, but carries over to no purpose "
        "of another name, and neither does what was spent.{hint}",
        f"{OFFICER}; {WRITER}",
    ),
    **neutral("purpose-title", "It is called “{new}” (before: “{old}”).", WRITER),
    **neutral("purpose-description", "It is described otherwise.", WRITER),
    **neutral(
        "notice-version",
        "Its notice has version {new} (before: {old}). {carried}; yeses to {new} from earlier days count again.",
        f"{WRITER}; customer care, for whoever consented",
    ),
    **neutral(
        "notice-text",
        "The words of notice {version} changed and its version did not, so consents to the old words count.",
        f"{OFFICER}; {WRITER}",
    ),
    **neutral("notice-child", "What its notice says to a reader of twelve changed.", WRITER),
    **neutral("notice-text-version", "The notice has other words, under its new version.", WRITER),
    **listed(
        "basis",
        "Under {regime} it may now be done, resting on {basis}. {silence}",
        "Under {regime} it has no basis any more: people there are left out (before, it rested on {basis}).",
        OFFICER,
    ),
    **opposed(
        "silence-opened",
        "Under {regime} it rests on {new} (before: {old}). {silence} Whoever said no stays out until they say yes.",
        "silence-closed",
        "Under {regime} it rests on {new} (before: {old}). {silence} A no counts, also one said before.",
        CARE,
    ),
    **neutral(
        "basis-changed",
        "Under {regime} it rests on {new} (before: {old}); what silence means stays, and so does every no.",
        CARE,
    ),
    **listed("category", "It may read {value}.", "It may not read {value} any more.", OFFICER),
    **listed(
        "purpose-role",
        "Holders of the role `{value}` may ask under it.",
        "Holders of the role `{value}` may not ask under it any more.",
        OFFICER,
    ),
    **opposed(
        "unknown-place-opened",
        "Whoever's place is not known is treated as {new} (before: {old}), where more is allowed.",
        "unknown-place-closed",
        "Whoever's place is not known is treated as {new} (before: {old}), where less is allowed.",
        OFFICER,
    ),
    **neutral("unknown-place", "Whoever's place is not known is treated as {new} (before: {old}).", OFFICER),
    **opposed(
        "unknown-age-opened",
        "Whoever's age is not known counts as an adult: children may be among them.",
        "unknown-age-closed",
        "Whoever's age is not known is left out.",
        OFFICER,
    ),
    **ordered(
        "minimum-age",
        "It takes people from {new} years on (before: {old}).",
        OFFICER,
        wider="lowered",
        narrower="raised",
    ),
    **opposed(
        "sensitive-opened",
        "Rows that reveal something sensitive may be read, of people who consented explicitly.",
        "sensitive-closed",
        "Rows that reveal something sensitive are never read.",
        OFFICER,
    ),
    **ordered(
        "consent-days",
        "A consent to it holds {new} (before: {old}), also one given before.",
        CARE,
        wider="lengthened",
        narrower="shortened",
    ),
    **listed(
        "purpose-recipient",
        "`{value}` is given data or answers.",
        "`{value}` is not given data or answers any more.",
        f"{OFFICER}; {WRITER}",
    ),
    **listed(
        "readable-column",
        "From `{dataset}` it may now read {columns}.",
        "From `{dataset}` it may not read {columns} any more.",
        OFFICER,
    ),
}
"""Why data may be used, by whom, of whom."""

RELEASE: Words = {
    **ordered("epsilon-default", "A question spends ε {new} unless it says otherwise (before: {old}).", OFFICER),
    **ordered("epsilon-max", "A question may ask for ε {new} at most (before: {old}).", OFFICER),
    **ordered("allowance-epsilon", "It may spend ε {new} in a period (before: {old}).", OFFICER),
    **ordered("allowance-delta", "It may spend δ {new} in a period (before: {old}).", OFFICER),
    **ordered(
        "allowance-period",
        "Its allowance renews each {new} (before: each {old}).",
        OFFICER,
        wider="shortened",
        narrower="lengthened",
    ),
    **ordered("max-groups", "One person is counted in at most {new} groups (before: {old}).", OFFICER),
    **ordered("bound", "One person may add up to {new} to {measure} (before: {old}); noise grows alike.", ANALYST),
    **ordered(
        "bound-lower",
        "One person may add as little as {new} to {measure} (before: {old}).",
        ANALYST,
        wider="lowered",
        narrower="raised",
    ),
    **listed(
        "summable",
        "{measure} may now be summed; one person may add {value}.",
        "{measure} may not be summed any more (before, one person might add {value}).",
        f"{OFFICER}; {ANALYST}",
    ),
    **listed(
        "bound-form",
        "What one person may add to {measure} is limited otherwise: now {value}.",
        "What one person may add to {measure} is limited otherwise: before, {value}.",
        f"{OFFICER}; {ANALYST}",
    ),
    **listed(
        "bound-values",
        "Spread, median and quantiles of {measure} may be asked, of values from {value}.",
        "Spread, median and quantiles of {measure} may not be asked of values from {value} any more.",
        f"{OFFICER}; {ANALYST}",
    ),
    **ordered("threshold-delta", "Naming groups that are not public may spend δ {new} (before: {old}).", OFFICER),
    **neutral("clipping-share", "{new} of a question's budget tells how many were clipped (before: {old}).", ANALYST),
    **neutral("caps-share", "{new} of a question's budget draws its norms (before: {old}).", ANALYST),
    **ordered("max-cells", "An answer has at most {new} cells (before: {old}).", OFFICER),
    **neutral(
        "bound-most",
        "One person is said to bring at most {new} of {measure} in all (before: {old}): how much clipping took.",
        f"{OFFICER}; {ANALYST}",
    ),
    **neutrally_listed(
        "bound-drawn",
        "The norm of {measure} is now drawn privately, up to the declared one.",
        "The norm of {measure} is now the declared one, and drawn no more.",
        ANALYST,
    ),
    **ordered("rank-rows", "By rank, {new} rows of one person and month count (before: {old}).", OFFICER),
    **ordered("rank-each", "By rank, {new} rows of one person, month and group count (before: {old}).", OFFICER),
    **ordered(
        "minimum-group",
        "A group needs {new} people, by a noisy count, for its figures to be shown (before: {old}).",
        OFFICER,
        wider="lowered",
        narrower="raised",
    ),
    **ordered("max-age", "An answer may be shown again for {new} hours (before: {old}).", OFFICER),
}
"""In what form answers may leave."""

PEOPLE: Words = {
    **listed("role", "A new role: {title}. It may {may}.", "The role is gone: {title}. It could {may}.", OFFICER),
    **neutral("role-title", "It is called “{new}” (before: “{old}”).", OFFICER),
    **listed("action", "It may {value}.", "It may not {value} any more.", OFFICER),
    **listed("person", "A new member of staff: {title}, {roles}.", "No member of staff any more: {title}.", OFFICER),
    **neutral("person-title", "They are called “{new}” (before: “{old}”).", OFFICER),
    **listed("person-role", "They hold the role `{value}`.", "They hold the role `{value}` no more.", OFFICER),
    **neutrally_listed(
        "recipient",
        "{title} is declared; purposes say what they are given.",
        "{title} is declared no more.",
        OFFICER,
    ),
    **neutral("recipient-title", "They are called “{new}” (before: “{old}”).", WRITER),
    **listed("recipient-country", "They are in {value}.", "They are not in {value} any more.", OVERSIGHT),
    **listed("recipient-kind", "They are a {value}.", "They are not a {value} any more.", OFFICER),
    **neutral(
        "recipient-address",
        "They are told of erasures, rectifications and restrictions {new} (before: {old}).",
        OFFICER,
    ),
    **neutral("recipient-safeguard", "Data there are protected by: “{new}” (before: “{old}”).", OFFICER),
    **neutral("controller-name", "The controller is {new} (before: {old}).", f"{OFFICER}; {WRITER}"),
    **neutral("controller-country", "The controller is in {new} (before: {old}).", OVERSIGHT),
    **neutral("controller-contact", "Customers reach it at {new} (before: {old}).", WRITER),
    **neutral("controller-officer", "The privacy officer is {new} (before: {old}).", f"{OFFICER}; {WRITER}"),
    **neutral("controller-language", "The policy's own texts are in `{new}` (before: `{old}`).", WRITER),
    **neutrally_listed(
        "controller-languages",
        "Notices are made in `{value}` too.",
        "Notices are not made in `{value}` any more.",
        WRITER,
    ),
    **neutrally_listed(
        "controller-authority",
        "Customers are told that they can complain to {value}.",
        "Customers are not told any more that they can complain to {value}.",
        f"{OFFICER}; {WRITER}",
    ),
    **neutral("translation", "Its texts differ in: {languages}.", WRITER),
}
"""Who is responsible, who may do what, who is given what."""

PLACES: Words = {
    **neutrally_listed(
        "regime",
        "A new law: {title}. What it changes stands with places and purposes.",
        "The law is declared no more: {title}. What that changes stands with places and purposes.",
        OFFICER,
    ),
    **neutral("regime-title", "It is called “{new}” (before: “{old}”).", WRITER),
    **neutral(
        "regime-establishment",
        "Its people are served by the establishment in {new} (before: {old}), whose law holds for them too.",
        OVERSIGHT,
    ),
    **opposed(
        "place-opened",
        "Under {new} (before: {old}), more is allowed for {purposes}.",
        "place-closed",
        "Under {new} (before: {old}), less is allowed for {purposes}.",
        CARE,
    ),
    **neutral("place", "It is under {new} (before: {old}); no purpose gets wider or narrower by it.", OFFICER),
    **listed(
        "namespace",
        "A new kind of subject: {title}. Its privacy ledger starts anew, at nothing spent, and nobody of it has said "
        "anything: consents and refusals given under another name do not carry over.{hint}",
        "This kind of subject is declared no more ({title}): none of its data are used. What was spent and what people "
        "said carries over to no other name.{hint}",
        OFFICER,
    ),
    **neutral("namespace-title", "It is called “{new}” (before: “{old}”).", WRITER),
    **ordered("cap-epsilon", "Over everything, ε {new} may be spent on each in a period (before: {old}).", OFFICER),
    **ordered("cap-delta", "Over everything, δ {new} may be spent on each in a period (before: {old}).", OFFICER),
    **ordered(
        "cap-period",
        "The cap renews each {new} (before: each {old}).",
        OFFICER,
        wider="shortened",
        narrower="lengthened",
    ),
    **neutral("written-otherwise", "{what} is written otherwise and means the same.", OFFICER),
}
"""Laws, where they hold, and whose privacy is counted."""

CHANGES: Words = {**PLACES, **PURPOSES, **PROTECTION, **RELEASE, **ALLOWANCES, **EXACT, **DATASETS, **COLUMNS, **PEOPLE}
"""Every code with its words."""
