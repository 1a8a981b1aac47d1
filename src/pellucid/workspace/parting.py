"""What ends when it changes who somebody certainly is: nothing that was had as one person holds as another.

A code may have gone to a contact that is another's, a copy may hold another's rows, and a page may tell of less than
its button would do now. So, after a split, codes, links, copies, and what was shown for open requests hold no longer;
after a link, approvals are given anew. Either signs out whoever is signed in as one of them, or acts for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox
from pellucid.governance import sessions
from pellucid.policy.model import Actor
from pellucid.rights import packages, sign_in, stored
from pellucid.rights.book import Book
from pellucid.rights.challenges import forget_shown
from pellucid.rights.messages import leave_to_staff
from pellucid.rights.request import Request
from pellucid.rights.self_served import is_begun
from pellucid.subjects import ids
from pellucid.subjects.links import Identity, split_since
from pellucid.transparency import messages
from pellucid.workspace.duties import terms_of
from pellucid.workspace.room import Room

LINKED, SPLIT = "identities-linked", "identities-split"


def after_link(room: Room, connection: Connection, identities: Sequence[Identity], actor: Actor, now: int) -> None:
    """End what was begun while these identities were less than one person, in the transaction that links them."""
    _sign_out(room, connection, identities, actor, LINKED, now)
    book = _book(room, connection, actor, now)
    for found in _changeable(connection, identities):
        if found.approved_at is not None:
            book.take_approval_back(found.id)


def after_split(room: Room, connection: Connection, identities: Sequence[Identity], actor: Actor, now: int) -> None:
    """End what these identities had as one person, in the transaction that splits them."""
    _sign_out(room, connection, identities, actor, SPLIT, now)
    people = [room.subject_keys.pseudonym(connection, *each) for each in _held(connection, identities)]
    messages.recall(connection, people, now)
    book = _book(room, connection, actor, now)
    for namespace, subject in identities:
        sign_in.end_all(connection, namespace, subject, now)
        packages.remove_made(connection, room.folder, namespace, subject, SPLIT, now)
    for found in _changeable(connection, identities):
        forget_shown(connection, found.id, now)
        _stop_mails(connection, found, actor, now)
        if found.verified_strength or found.approved_at is not None:
            book.doubt(found.id)


def after_restore(room: Room, connection: Connection, since: int, now: int) -> None:
    """Let no message of a backup go to the address of whom its person was split from since; nor its link open anything.

    All else that ends with a split ended with the restore, or came with the requests' own rows.
    """
    concerned = _held(connection, split_since(connection, since))
    messages.recall(connection, [room.subject_keys.pseudonym(connection, *each) for each in concerned], now)


def _book(room: Room, connection: Connection, actor: Actor, now: int) -> Book:
    return Book(connection, room.subject_keys, room.policy_of(connection), terms_of(room), actor, now)


def _sign_out(
    room: Room, connection: Connection, identities: Sequence[Identity], actor: Actor, why: str, now: int
) -> None:
    for each in _held(connection, identities):
        ended = sessions.end_showing(connection, *each, now)
        if ended:
            name = room.subject_keys.pseudonym(connection, *each)
            body = {"sessions": ended, "because": why}
            append(connection, AuditEntry("sign-in.ended", actor, now, subject=name, body=body))


def _held(connection: Connection, identities: Sequence[Identity]) -> list[Identity]:
    """Return those who were not erased: the others have neither a session nor a key left."""
    return [each for each in identities if ids.natural_key(connection, *each) is not None]


def _changeable(connection: Connection, identities: Sequence[Identity]) -> list[Request]:
    """Return their open requests, but for those that are being carried out, which look at who it is themselves."""
    found = [each for identity in identities for each in stored.open_about(connection, *identity)]
    return [each for each in found if not is_begun(connection, each.id)]


def _stop_mails(connection: Connection, found: Request, actor: Actor, now: int) -> None:
    """Let no mail about a request go out that waits: its address may be the other's. The staff has to tell it."""
    for each in outbox.beginning(connection, f"{found.id}:"):
        if each.kind == outbox.MAIL and each.state == outbox.DUE:
            outbox.give_up(connection, each.id, now)
            leave_to_staff(connection, each.about, actor.name, now)
            body = {"delivery": each.id, "kind": each.kind, "about": each.about}
            append(connection, AuditEntry("delivery.stopped", actor, now, body=body))
