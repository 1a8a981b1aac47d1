"""The work of sending a challenge: which contact it goes to, and what the mail says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery.mail import Mail
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import from_instant
from pellucid.records.jobs import Claim
from pellucid.records.rights_tables import identity_challenges
from pellucid.rights import challenges
from pellucid.rights.challenge_words import ASKED, SENTENCES
from pellucid.rights.challenged import SIGN_IN, Challenged, challenged
from pellucid.rights.challenges import LINK, Contact, Contacts
from pellucid.rights.corrected_contacts import trusted
from pellucid.subjects.links import Identity

SIGN_IN_LINK = "/privacy/sign-in/link/"
"""Where the link of a mail leads by which somebody signs in."""


@dataclass(frozen=True, slots=True)
class ChallengeSender:
    """Sends one challenge for each job, to a contact that `contacts` reads from the data; safe to repeat."""

    key: bytes = field(repr=False)
    contacts: Contacts
    send: Callable[[Mail], None]
    policy: Callable[[], Policy]
    actor: Actor
    per_hour: int
    language: Callable[[Connection, Identity], str]
    """In which language somebody is written to; empty where that is not known: then it is the company's."""
    public_url: str = ""

    def __call__(self, claim: Claim) -> None:
        """Send the challenge that a job is about, if it still holds and there is whom to send it to."""
        chosen = self._prepare(claim)
        if chosen is not None:
            reach("challenge.noted")
            self.send(self._mail(claim, *chosen))
            reach("challenge.handed-over")
        body = {"challenge": claim.job.about, "sent": chosen is not None}
        details = {} if chosen is None else {"column": chosen[2].column}
        with claim.database.write() as connection:
            claim.done(connection)
            challenge, _ = _found(connection, claim.job.about, claim.clock())
            if chosen is None and challenge.request.startswith(SIGN_IN):
                return  # anybody can ask to be let in as anybody: what reaches nobody must not fill the log
            entry = AuditEntry("identity.challenge", self.actor, claim.clock(), body=body, details=details)
            append(connection, entry)

    def _prepare(self, claim: Claim) -> tuple[Row[Any], Challenged, Contact] | None:
        """Choose the contact, and note it before anything goes out: an answer may come at once."""
        with claim.database.read() as connection:
            challenge, asked = _found(connection, claim.job.about, claim.clock())
        if asked is None or asked.subject is None or not _is_wanted(challenge, asked, claim.clock()):
            return None
        held, policy = self.contacts(asked.namespace, asked.subject), self.policy()
        with claim.database.write() as connection:
            now = claim.clock()
            challenge, asked = _found(connection, claim.job.about, now)
            if asked is None or not _is_wanted(challenge, asked, now):
                return None
            usable = trusted(connection, policy, asked, held, now)
            chosen = challenges.choose(connection, self.key, challenge, asked, usable, self.per_hour, now)
            if chosen is None:
                return None
            noted = update(identity_challenges).where(identity_challenges.c.id == challenge.id)
            connection.execute(noted.values(contact=chosen[1], sent_at=challenge.sent_at or now))
        return challenge, asked, chosen[0]

    def _mail(self, claim: Claim, challenge: Row[Any], asked: Challenged, contact: Contact) -> Mail:
        controller, language = self.policy().controller, self._spoken(claim, asked)
        says, id = SENTENCES[language], challenge.id
        secret = challenges.secret_of(self.key, id, challenge.kind)
        both = asked.is_sign_in and bool(self.public_url)
        if challenge.kind == LINK:
            # Behind the #, so that neither servers' logs nor programs that fetch links from mails get hold of it.
            shown = [says["link"].format(link=f"{self.public_url.rstrip('/')}/verify/{asked.id}#{secret}")]
        else:
            shown = [says["code"].format(code=f"{secret[:4]} {secret[4:]}")]
        if both:
            # In the path, so that no script is needed: it opens nothing but in the browser that asked.
            link = challenges.secret_of(self.key, id, LINK)
            shown.append(says["or-link"].format(link=f"{self.public_url.rstrip('/')}{SIGN_IN_LINK}{link}"))
        where = says["browser" if asked.is_sign_in or asked.is_of_session else "request"].format(id=asked.id)
        text = [
            says["asked"].format(controller=controller.name, what=ASKED[language][asked.asked]),
            *shown,
            says["both-hold" if both else "one-holds"].format(where=where),
            says["otherwise"].format(contact=controller.contact),
        ]
        written = from_instant(challenge.made_at)
        return Mail(id, contact.address, says["subject"], "\n\n".join(text) + "\n", written)

    def _spoken(self, claim: Claim, asked: Challenged) -> str:
        """Return the language to write in: the person's, or the company's where theirs is not known."""
        known = ""
        if asked.subject is not None:
            with claim.database.read() as connection:
                known = self.language(connection, (asked.namespace, asked.subject))
        return self.policy().controller.spoken_to(known)


def _found(connection: Connection, id: str, now: int) -> tuple[Row[Any], Challenged | None]:
    challenge = connection.execute(select(identity_challenges).where(identity_challenges.c.id == id)).one()
    return challenge, challenged(connection, challenge.request, now)


def _is_wanted(challenge: Row[Any], asked: Challenged, now: int) -> bool:
    return asked.subject is not None and not asked.over and challenge.used_at is None and now < challenge.expires_at
