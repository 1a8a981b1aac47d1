"""What somebody says who files a request, in plain words, and what becomes of it: the asking that the book files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pellucid.consent.record import By
from pellucid.errors import NameUnknown
from pellucid.rights.asking import CHANGES, DECISION, MEMBER, NAMED, PURPOSES, STATEMENT, WITHOUT_SENSITIVE, Asking
from pellucid.rights.request import Right
from pellucid.subjects import ids


@dataclass(frozen=True, slots=True)
class Wanted:
    """A right as it is named, whose it is (a natural key), who speaks, and what in detail; see `rights.asking`.

    `changes` are {dataset, column, value} to correct, or {statement} to keep. `received_at` (UTC µs) is None for now.
    """

    right: str
    subject: str = field(repr=False)
    by: str = "self"
    proof: str = field(default="", repr=False)
    channel: str = "staff"
    purposes: Sequence[str] = ()
    changes: Sequence[Mapping[str, object]] = field(default=(), repr=False)
    decision: str = ""
    statement: str = field(default="", repr=False)
    member: str = field(default="", repr=False)
    without_sensitive: bool = False
    received_at: int | None = None

    def asking(
        self,
        connection: Connection,
        namespace: str,
        now: int,
        *,
        agent: str | None = None,
        agent_request: str | None = None,
    ) -> Asking:
        """Return what is filed; about nobody we know if the key is nobody's. Raises NameUnknown for right or speaker.

        `agent` names the program or agent that hands it in, `agent_request` what that calls it.
        """
        found = ids.find(connection, namespace, self.subject)
        said: dict[str, object] = {
            PURPOSES: list(self.purposes),
            CHANGES: [dict(each) for each in self.changes],
            DECISION: self.decision,
            STATEMENT: self.statement,
            MEMBER: self.member,
            WITHOUT_SENSITIVE: self.without_sensitive,
            NAMED: self.subject if found is None else "",
        }
        return Asking(
            right=_right(self.right),
            namespace=namespace,
            subject=found,
            received_at=now if self.received_at is None else self.received_at,
            by=_by(self.by),
            proof=self.proof,
            channel=self.channel,
            asked={key: value for key, value in said.items() if value},
            agent=agent,
            agent_request=agent_request,
        )


def _right(text: str) -> Right:
    try:
        return Right(text.replace("_", "-"))
    except ValueError:
        raise NameUnknown("right", text, [each.value for each in Right]) from None


def _by(text: str) -> By:
    try:
        return By(text)
    except ValueError:
        raise NameUnknown("speaker", text, [each.value for each in By]) from None
