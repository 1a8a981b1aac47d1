"""The words for changes in what laws ask of a purpose, and in whom it spares: for `changes.catalogue`."""

from __future__ import annotations

from pellucid.policy.changes.words import Words, listed, neutral, opposed, ordered

OFFICER = "privacy officer"
WRITER = "whoever writes the notices"
CARE = "privacy officer; customer care, for whoever said no"

PROTECTION: Words = {
    **listed(
        "notice-accepted",
        "A yes to version {value} of its notice counts as a yes to this one.",
        "A yes to version {value} of its notice does not count as a yes to this one any more.",
        f"{OFFICER}; {WRITER}",
    ),
    **listed(
        "kind",
        "In the laws' words it is `{value}`: what the laws that were signed off ask of that counts for it.",
        "In the laws' words it is `{value}` no more: what the laws that were signed off ask of that stops counting.",
        OFFICER,
        wider="removed",
    ),
    **opposed(
        "guardian-opened",
        "A guardian's yes opens it for whoever is too young; what somebody too young said alone opens nothing later.",
        "guardian-closed",
        "No guardian's yes opens it for whoever is too young.",
        f"{OFFICER}; customer care, for guardians",
    ),
    **opposed(
        "vulnerable-opened",
        "Of people who need special care, {new} (before: {old}).",
        "vulnerable-closed",
        "Of people who need special care, {new} (before: {old}).",
        OFFICER,
    ),
    **opposed(
        "while-restricted-opened",
        "It goes on with data whose use is restricted, {new}.",
        "while-restricted-closed",
        "It stops with data whose use is restricted (before, it went on {old}).",
        CARE,
    ),
    **neutral("while-restricted", "With data whose use is restricted it goes on {new} (before: {old}).", OFFICER),
    **opposed(
        "soft-opt-in-opened",
        "It is said to meet all conditions of mail to one's own customers (ePrivacy Directive Art. 13(2)): where a law "
        "says so, it includes whoever has said nothing.",
        "soft-opt-in-closed",
        "It is not said any more to meet all conditions of mail to one's own customers: where a law asks for a yes, "
        "whoever has said nothing is left out.",
        CARE,
    ),
    **ordered(
        "purpose-retention",
        "Rows of {dataset} may be used for it for {new} (before: {old}).",
        OFFICER,
        wider="lengthened",
        narrower="shortened",
    ),
    **opposed(
        "loyalty-opened",
        "Taking part is rewarded: whoever takes part is asked about a browser's signal, before it closes it for them.",
        "loyalty-closed",
        "Taking part is not rewarded any more: a browser's signal closes it without being asked about.",
        CARE,
    ),
}
"""Whom a purpose takes, besides what silence means."""
