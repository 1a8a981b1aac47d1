"""Telling those whom data were given to that they are to be erased, rectified or restricted there too (GDPR Art. 19).

A recipient with an address is told by mail; for any other a signed file waits in the folder `outbox` of the workspace.
Whether a recipient was told, and what it answered, is kept; silence is never taken for an answer.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from pellucid.delivery import outbox
from pellucid.delivery.outbox import Delivery
from pellucid.errors import DeliveryFailed, InputInvalid
from pellucid.policy.model import Controller, Recipient
from pellucid.records.columns import from_instant

OUTBOX = "outbox"
SIGNED = b"pellucid notice to a recipient v1\n"
"""What stands before the signed bytes, so that no signature over anything else can pass for one of a notice."""

ACTS = {
    "erasure": "Erase what you hold of this person, in copies and links too, and tell us when it is done.",
    "rectification": "Correct what you hold of this person as stated, and tell us when it is done.",
    "restriction": "Use what you hold of this person no further, but keep it, and tell us that you do.",
    "lift-restriction": "What you hold of this person may be used again as before.",
}
"""What recipients are told of, and what each is asked to do."""

LONGEST_ANSWER = 2_000


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened to whom: `about` names the request or erasure; `keys` are the person's keys with the recipient.

    `changed` holds, for a rectification, the new values by field.
    """

    act: str
    about: str
    namespace: str
    keys: tuple[str, ...] = field(repr=False)
    changed: Mapping[str, str | None] = field(default_factory=dict, repr=False)


def tell(
    connection: Connection, controller: Controller, recipients: Iterable[Recipient], notice: Notice, now: int
) -> tuple[str, ...]:
    """Put a delivery for each recipient, in the transaction of what happened, and return their ids.

    Safe to repeat: whoever is to be told, or was told, of the same act for the same thing is left out.
    """
    if notice.act not in ACTS:
        raise InputInvalid(
            f"Recipients are not told of {notice.act!r}.", remedy=f"Known: {', '.join(ACTS)}.", code="act-unknown"
        )
    told = {each.recipient for each in outbox.about(connection, _subject_of(notice)) if each.kind == outbox.RECIPIENT}
    return tuple(
        outbox.put(
            connection,
            secrets.token_hex(16),
            outbox.RECIPIENT,
            recipient.name,
            _subject_of(notice),
            _content(controller, recipient, notice, now),
            now,
        )
        for recipient in recipients
        if recipient.name not in told
    )


def write_file(folder: Path, delivery: Delivery, content: Mapping[str, Any], sign: Callable[[bytes], str]) -> Path:
    """Write the signed notice of a delivery where the recipient fetches it; the same bytes however often it is done.

    `sign` returns the signature, as text, of bytes. Raises DeliveryFailed if the disk does not take it.
    """
    notice = {"id": delivery.id, "recipient": delivery.recipient, **content["notice"]}
    signed = {"notice": notice, "signature": sign(signed_bytes(notice))}
    path = file_of(folder, delivery)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_through(draft, f"{json.dumps(signed, indent=2, ensure_ascii=False, sort_keys=True)}\n".encode())
        draft.replace(path)
    except OSError:
        raise DeliveryFailed(
            "The file for a recipient could not be written.",
            remedy="Check the space and the permissions of the folder `outbox` of the workspace.",
            code="outbox-unwritable",
        ) from None
    return path


def file_of(folder: Path, delivery: Delivery) -> Path:
    """Return where the file of a delivery waits; `folder` is the workspace's."""
    return folder / OUTBOX / delivery.recipient / f"{delivery.id}.json"


def signed_bytes(notice: Mapping[str, Any]) -> bytes:
    """Return the bytes that a file's signature is over: SIGNED, then the notice as JSON, sorted and without blanks."""
    return SIGNED + json.dumps(notice, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def take_away(folder: Path, delivery: Delivery) -> None:
    """Delete the file of a delivery that was answered, if there is one: it names a person. Safe to repeat."""
    file_of(folder, delivery).unlink(missing_ok=True)


def record_answer(connection: Connection, id: str, words: str, now: int) -> Delivery:
    """Record what a recipient answered, and return the delivery as it was before; then `take_away` its file.

    Raises NameUnknown, InputInvalid for an empty or endless answer, and RecordingFailed for a delivery that is not
    sent, or answered already.
    """
    if not words.strip() or len(words) > LONGEST_ANSWER:
        raise InputInvalid(
            f"An answer has 1 to {LONGEST_ANSWER:,} characters: got {len(words):,}.",
            remedy="Say what the recipient answered, without anything about the person.",
            code="answer-invalid",
        )
    delivery = outbox.find(connection, id)
    if delivery.kind != outbox.RECIPIENT:
        raise InputInvalid(
            f"The delivery {id} went to no declared recipient, so none answers it.",
            remedy="See `pellucid recipient list`.",
            code="answer-to-mail",
        )
    outbox.answer(connection, id, words, now)
    return delivery


def _subject_of(notice: Notice) -> str:
    return f"{notice.act}:{notice.about}"


def _content(controller: Controller, recipient: Recipient, notice: Notice, now: int) -> dict[str, Any]:
    said = {
        "act": notice.act,
        "about": notice.about,
        "at": from_instant(now).isoformat(),
        "controller": controller.name,
        "answer_to": controller.contact,
        "namespace": notice.namespace,
        "keys": list(notice.keys),
        "changed": dict(notice.changed),
        "asked": ACTS[notice.act],
    }
    subject = f"{controller.name}: {notice.act} of personal data ({notice.about})"
    subject = "".join(letter if letter.isprintable() else " " for letter in subject)
    return {"notice": said, "to": recipient.address, "subject": subject, "text": _text(said), "html": ""}


def _text(said: Mapping[str, Any]) -> str:
    lines = [
        f"{said['controller']} gave you data of a person. You are told under GDPR Art. 19 of: {said['act']}.",
        "",
        said["asked"],
        "",
        f"Person ({said['namespace']}): {', '.join(said['keys'])}",
        *(f"  {name}: {'(removed)' if value is None else value}" for name, value in said["changed"].items()),
        f"Our reference: {said['about']}",
        f"Please answer to: {said['answer_to']}",
    ]
    return "\n".join(lines) + "\n"


def _write_through(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
