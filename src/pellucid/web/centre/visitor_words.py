"""What the page of joined choices says of each: what was chosen before, and how that stands in the account now."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.consent.visitor_join import Fate, JoinedChoice

OUTCOMES: Mapping[str, str] = {
    "same-no": "Your no holds for your account too. It is recorded there, and in force.",
    "same-yes": "Your account says yes too.",
    "closes": "You have chosen otherwise for your account since.",
    "refused": "Your account says no, and so does this browser now: the stricter of the two counts.",
    "asks": "Your account says nothing about this. A yes in a browser does not speak for an account, so we ask you.",
    "asks-member": "You take part in this, and your browser's signal does not end that by itself. It is up to you.",
    "nothing": "Your account has no such choice.",
}
"""By what became of a choice (`consent.visitor_join`), as the account stands when the page is shown."""


def outcome_of(one: JoinedChoice) -> str:
    """Return which of the sentences is true of a choice."""
    if one.fate is Fate.SAME:
        return "same-yes" if one.choice.yes else "same-no"
    return "asks-member" if one.fate is Fate.ASKS and not one.choice.yes else one.fate.value
