"""What the pages about erasing call the places where data are, and how far each has come. Words only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pellucid.policy.model import Dataset, Recipient
from pellucid.rights.erasures import DONE, Told
from pellucid.rights.plan import ANONYMISE, ERASE, KEEP, UNREACHABLE, Part
from pellucid.workspace.own_erasures import ErasureShown

STORES: Mapping[str, str] = {
    "control": "What we noted about you",
    "words": "Texts in which you are named",
    "package": "A copy that was made for you",
    "evidence": "That you agreed or said no",
    "tombstone": "A mark that keeps old data from coming back",
    "log": "The log of uses",
    "key": "The key by which the log knows you",
    "backup": "Backups",
    "journal": "The journal since the last backup",
    "export": "Files that were taken out before",
    "server": "Archives of the database",
    "search": "What could not be searched for",
    "held": "Kept for a legal claim",
    "kept-rows": "Kept because a law says so",
    "waiting": "Messages on their way",
    "process": "Reading that is under way",
    "file": "Leftovers in a file",
}
"""What a kind of place is called where it has no title of its own."""
OTHER = "Something else about you"
REASONS: Mapping[str, str] = {
    "dataset": "All rows about you.",
    "dataset-shared": "All rows about you. Some are about others too, and go as a whole.",
    "control": "Your number with us and what we knew of you beside your data. An empty number stays, tied to nobody.",
    "words": "Your name or number is taken out of them.",
    "package": "It is deleted, also if you have not fetched it yet.",
    "key": "Without it nobody can tell any more which entries of the log were about you.",
    "evidence": "What you said about uses of your data proves that these were lawful. It is kept under a number, "
    "tied to nobody.",
    "tombstone": "A scrambled form of your number keeps old data about you from being loaded again. If you come back, "
    "it bars nothing.",
    "log": "It still says that data were used, and no longer that they were yours.",
    "recipient": "They are asked to delete what they received, and we note whether they answer.",
    "backup": "A copy that was taken away cannot be changed. Before one is used again, you are taken out of it.",
    "journal": "It tells what happened before you asked. It ends with the next backup.",
    "export": "Files that were taken out of here before lie where somebody put them.",
    "server": "Archives of the database server end as its administrators have set.",
    "waiting": "What a message says is deleted once it has arrived, or was given up.",
    "process": "Somebody may still read from the old rows at this moment, for a day at most.",
    "file": "Traces of what was deleted may be left in a file until it is written over.",
    "mention": "Your number, or another of your details, stands in rows of others; whose these are is not told.",
    "held": "Somebody may need it to make or answer a claim before a court. It is deleted once that is over.",
}
"""What is said to the person of a kind of place; for any other, the reason that the plan gives."""

QUEUED, RUNNING, VERIFIED, KEPT, OUT_OF_REACH = "queued", "running", "verified", "kept", "out-of-reach"
ASKED, ANSWERED = "asked", "answered"
SWEPT, SEARCHED, TOLD = 4, 5, 6
"""The steps of an erasure: datasets are written anew, everything was searched again, recipients are told."""
STAGES: Mapping[str, str] = {
    QUEUED: "Waits its turn",
    RUNNING: "Being done",
    VERIFIED: "Done, and looked at again",
    KEPT: "Kept",
    OUT_OF_REACH: "Out of our reach",
    ASKED: "Asked, and not answered yet",
    ANSWERED: "Asked, and answered",
}
STANDING: Mapping[str, str] = {
    "waiting": "It has not begun yet.",
    "running": "It is being done.",
    "done": "It is done.",
    "closed": "It was not done: the request was taken back or closed.",
}


@dataclass(frozen=True, slots=True)
class Store:
    """One place: its title, why it becomes what it becomes, on which basis and until when (UTC µs), how far it is.

    `own` is the part of the policy whose title it is, if it is one, and `kept` the dataset that declares the reason.
    """

    title: str
    reason: str
    basis: str
    until: int | None
    stage: str = ""
    own: tuple[str, str] | None = None
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """What an erasure does, by what becomes of it."""

    deleted: tuple[Store, ...]
    kept: tuple[Store, ...]
    unreachable: tuple[Store, ...]
    recipients: tuple[Store, ...]


def grouped(parts: Sequence[Part], datasets: Mapping[str, Dataset], recipients: Mapping[str, Recipient]) -> Groups:
    """Return the parts of a plan as people are shown them, each sentence once."""

    def of(*decisions: str, told: bool = False) -> tuple[Store, ...]:
        found = (each for each in parts if each.decision in decisions and (each.kind == "recipient") is told)
        return tuple(dict.fromkeys(_store(each, datasets, recipients) for each in found))

    return Groups(of(ERASE, ANONYMISE), of(KEEP), of(UNREACHABLE), of(ERASE, told=True))


def becoming(
    parts: Sequence[Part], datasets: Mapping[str, Dataset], recipients: Mapping[str, Recipient]
) -> list[tuple[str, Store]]:
    """Return each place of a plan once, with what becomes of it."""
    return list(dict.fromkeys((each.decision, _store(each, datasets, recipients)) for each in parts))


def erased(
    found: ErasureShown, datasets: Mapping[str, Dataset], recipients: Mapping[str, Recipient]
) -> tuple[Store, ...]:
    """Return the parts of an erasure under way, with how far each is."""
    if found.erasure is None:
        return ()
    step = found.erasure.step
    return tuple(dict.fromkeys(_store(each.part, datasets, recipients, stage_of(each, step)) for each in found.parts))


def stage_of(told: Told, step: int) -> str:
    """Return how far a part is in an erasure whose last step that was done is this."""
    if told.part.decision == KEEP:
        return KEPT
    if told.part.decision == UNREACHABLE:
        return OUT_OF_REACH
    if told.part.kind == "recipient" and step >= TOLD:
        return ANSWERED if told.state == DONE else ASKED
    if told.state == DONE:
        return VERIFIED if step >= SEARCHED else RUNNING
    return RUNNING if step >= SWEPT - 1 else QUEUED


def standing(found: ErasureShown) -> str:
    """Return where an erasure is, as a word of STANDING."""
    if found.erasure is not None:
        return "done" if found.receipt is not None else "running"
    return "waiting" if found.state in ("open", "in_progress") else "closed"


def _store(part: Part, datasets: Mapping[str, Dataset], recipients: Mapping[str, Recipient], stage: str = "") -> Store:
    shared = "rows_about_others_too" in part.told
    reason = REASONS.get(f"{part.kind}-shared" if shared else part.kind, part.reason)
    own, title = _owned(part, datasets, recipients)
    kept = part.target if part.kind == "kept-rows" and part.target in datasets else ""
    return Store(title or STORES.get(part.kind, OTHER), reason, part.basis, part.until, stage, own, kept)


def _owned(
    part: Part, datasets: Mapping[str, Dataset], recipients: Mapping[str, Recipient]
) -> tuple[tuple[str, str] | None, str]:
    """Return which part of the policy a part of a plan is about, and its title; None if it is about none."""
    name = part.target.partition(":")[0]
    if name in datasets and datasets[name].title:
        return ("datasets", name), datasets[name].title
    if part.kind == "recipient" and name in recipients:
        return ("recipients", name), recipients[name].title
    return None, ""
