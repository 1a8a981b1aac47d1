"""What the consent widget says, in each language of notices. It asks, and does not persuade."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.transparency.words import Words, message

WIDGET: Mapping[str, str] = {
    "title": message("May we use your data for this?"),
    "intro": message("It is up to you. A no costs you nothing, and you can change your mind at any time."),
    "yes": message("Yes"),
    "no": message("No"),
    "yes_all": message("Yes to all"),
    "no_all": message("No to all"),
    "save": message("Save my choices"),
    "later": message("Not now"),
    "signal": message("Your browser said no for you (Global Privacy Control)."),
    "saved": message("Your choices are saved in this browser."),
    "failed": message("Your choices could not be saved. Nothing is used that takes a yes."),
    "more": message("More about this"),
}


def widget(language: str) -> dict[str, str]:
    """Return the words of the widget in a language."""
    words = Words(language)
    return {name: words.say(text) for name, text in WIDGET.items()}
