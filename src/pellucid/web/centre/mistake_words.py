"""What people are told of what went wrong in the privacy centre, by the code of the error.

The errors' own sentences are for programs and the staff: they may quote what was sent, or name things as the policy or
a command does. These quote nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

_CHANGED = (
    "What you are told about this use has changed since you loaded the page, so your yes was not recorded.",
    "Load the page anew, read what it says now, and choose again.",
)
MISTAKES: Mapping[str, tuple[str, str]] = {
    "choice-none": (
        "There is no choice to make about this use.",
        "If you think that there should be one, write to us.",
    ),
    "choice-signalled": (
        "Your browser says no to this use for you (Global Privacy Control).",
        "Switch the signal off for this site first, if you want to say yes.",
    ),
    "choice-unclear": ("A choice is yes or no.", "Press one of the two buttons."),
    "column-identifies": (
        "This value tells rows or people apart, or is somebody else's, so it is not corrected here.",
        "Say in your words what is wrong: our staff mend it where it comes from.",
    ),
    "decision-missing": ("We have to know which decision you mean.", "Say it in your words."),
    "delegation-guardian": (
        "Who looks after you can be changed by our staff only.",
        "Write to us, or ask the person who looks after you.",
    ),
    "notice-language": _CHANGED,
    "notice-not-current": _CHANGED,
    "notice-of-other-purposes": _CHANGED,
    "notice-unpublished": _CHANGED,
    "pause-unclear": ("A pause is on or off.", "Press one of the two buttons."),
    "policy-overtaken": (
        "What we declare about your data changed at this very moment, so nothing was recorded.",
        "Load the page anew, and choose again.",
    ),
    "recording-interrupted": (
        "This was interrupted, so it is not certain that it was recorded.",
        "Do it again: what is said twice counts once.",
    ),
    "request-state": (
        "This request is over, or we are carrying it out right now, so nothing was changed.",
        "Look under your requests how it stands.",
    ),
    "request-too-long": ("You wrote more than we can take at once.", "Say it in fewer words."),
    "session-over": ("You were signed out meanwhile.", "Sign in again."),
    "statement-length": (
        "There is nothing written, or too much.",
        "Write what you want to say, in fewer words if it was long.",
    ),
}
"""What is wrong, and what to do."""

OUT_OF_ORDER = ("Something of ours does not work at the moment.", "Try again in some minutes.")
"""What is told of everything that failed at our end, whatever failed."""
