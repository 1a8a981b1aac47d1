"""What uses are called when people are told of them: plain words, the same for everybody."""

from __future__ import annotations

from pellucid.transparency import use_entry as entry

TITLES: dict[str, str] = {
    entry.RELEASED: "Figures about many people were worked out, blurred, and told.",
    entry.REPEATED: "Figures that had been worked out before were told again.",
    entry.CAPS: "How far one person may weigh in figures was worked out, blurred.",
    entry.FAILED: "Figures were being worked out; none were told.",
    entry.INSIGHT: "Figures about many people, approved by somebody else, were told.",
    entry.PROPOSED: "Figures about many people were tried out, so that somebody else could decide about them.",
    entry.BUILT: "A table was worked out that says something of each person in it.",
    entry.ATTACKED: "Answers that had been told were attacked as a test: do they give anybody away?",
    entry.FEED: "What people allow and forbid was passed on to a program that has to respect it.",
    entry.EXPORT: "What people allow and forbid was written to a file.",
    entry.REFUSED: "A question was asked and refused. Nobody's data were read.",
}
"""Kinds of use by the action in the log."""
ESTIMATE = "How large figures are was worked out, blurred, so that the next answer could be planned."

FORMS: dict[str, str] = {
    entry.RELEASED: "with random noise, so that no single person shows",
    entry.REPEATED: "with random noise, so that no single person shows",
    entry.CAPS: "not at all; with random noise it stayed with the program",
    entry.FAILED: "not at all",
    entry.INSIGHT: "as exact figures, each about many people; the others were withheld",
    entry.PROPOSED: "not at all",
    entry.BUILT: "not at all; it is kept like the data it is made of",
    entry.ATTACKED: "not at all",
    entry.FEED: "as it was said, with your key",
    entry.EXPORT: "as it was said, with your key",
    entry.REFUSED: "not at all",
}
"""In which form it left."""
ESTIMATE_FORM = "not at all; with random noise it stayed with the program"

KNOWN: dict[str, str] = {
    "were": "What you said was in it.",
    "could": "Your rows could have been counted.",
    "unknown": "Whether you had rows in the data as they were then is no longer known.",
}
"""How much is known of whether somebody's data were in a use."""
FILE_KNOWN = "What you said was probably in it."
ABOUT_YOU = "This is about you alone."
NOBODYS = "Nobody's data were in it."

REFUSALS: tuple[tuple[str, str], ...] = (
    ("budget", "So many questions had been asked that one more could have told of single people."),
    ("purpose", "The purpose does not allow it, or is not for those who asked."),
    ("dataset", "The purpose does not allow these data."),
    ("column", "The purpose does not allow these data."),
    ("action", "Those who asked are not allowed to."),
    ("person", "Those who asked are not allowed to."),
    ("sql", "The question was not one that can be answered safely."),
)
"""Why uses are refused, by how the code of the reason begins; codes are for staff."""
REFUSED_OTHERWISE = "The rules did not allow it as it was asked."

ABOUT: tuple[tuple[str, str], ...] = (
    ("consent.shown", "Somebody looked at what you allow and forbid."),
    ("consent.receipt-issued", "A receipt of what you said was made."),
    ("consent.", "What you said was recorded."),
    ("signal.", "A signal of your browser or device was recorded."),
    ("subject.held-shown", "Somebody looked up which data there are about you."),
    ("subject.data-shown", "The data held about you were shown."),
    ("subject.data-counted", "The rows held about you were counted."),
    ("subject.data-refused", "Data held about you were asked for, and not shown."),
    ("subject.uses-shown", "How your data were used was shown."),
    ("subject.recipients-shown", "Who receives something of your data was shown."),
    ("subject.", "Your identifiers were looked up or changed."),
    ("access.package-made", "A package of everything held about you was made."),
    ("access.package-fetched", "A package of everything held about you was handed over."),
    ("access.", "Something was done about a package of your data."),
    ("identity.", "Who you are was checked."),
    ("request.shown", "Somebody looked at a request of yours."),
    ("request.", "Something was done about a request of yours."),
    ("data.corrected", "Data about you were corrected."),
    ("message.", "A message was made for you."),
    ("sign-in.pass-made", "A link was made that lets into the privacy centre in your name."),
    ("sign-in.done", "Somebody came into the privacy centre in your name."),
    ("sign-in.", "Something was done about signing in in your name."),
    ("visitor.", "What was chosen in a browser before joined your account."),
    ("delegation.", "It was noted, changed or looked up who may act for you."),
)
"""Entries about one person, by how the action begins; the first that fits."""
ABOUT_OTHERWISE = "Something was done that is about you alone."
YOURSELF = "you"
ROLELESS = {"staff": "staff", "system": "a program of ours", "program": "a program", "customer": YOURSELF}


def refusal(codes: list[str]) -> str:
    """Return in plain words why a use was refused."""
    found = (words for code in codes for start, words in REFUSALS if code.startswith(start))
    return next(found, REFUSED_OTHERWISE)


def about(action: str) -> str:
    """Return in plain words what an entry about one person says."""
    return next((words for start, words in ABOUT if action.startswith(start)), ABOUT_OTHERWISE)
