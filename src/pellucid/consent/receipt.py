"""What a customer is given for a choice they made: what was recorded, when, and where it stands in the log.

No reasons and no decisions: those are `consent.show`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.audit.entry import LogReceipt
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.records.columns import from_instant

_WORDS = {
    ConsentVerb.GIVE: "You agreed",
    ConsentVerb.REFUSE: "You said no",
    ConsentVerb.WITHDRAW: "You withdrew your consent",
    ConsentVerb.OBJECT: "You objected",
    ConsentVerb.OPT_OUT: "You opted out",
    ConsentVerb.LIMIT: "You limited the use of sensitive data",
    ConsentVerb.RESTRICT: "You had the use of your data restricted",
    ConsentVerb.LIFT: "The restriction of your data was lifted",
}


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """One record as kept, the register version it made, who it is about in the log, its place there.

    `acknowledged_at` (UTC µs) is set once no answer that was under way can still be released without it.
    """

    record: ConsentRecord
    register_version: int
    pseudonym: str
    log: LogReceipt
    recorded_at: int
    acknowledged_at: int | None = None

    def as_json(self) -> dict[str, object]:
        """Return the receipt for machines; the subject stands in it by pseudonym only."""
        record = self.record
        return {
            "verb": record.verb.value,
            "purpose": record.purpose,
            "explicit": record.explicit,
            "covers": record.covers.value,
            "notice_version": record.notice_version,
            "channel": record.channel,
            "said_at": record.at,
            "recorded_at": self.recorded_at,
            "acknowledged_at": self.acknowledged_at,
            "register_version": self.register_version,
            "subject": self.pseudonym,
            "leaf": self.log.leaf,
            "leaf_hash": self.log.leaf_hash,
        }

    def text(self, title: str | None = None) -> str:
        """Return the receipt as a customer reads it; `title` is the purpose's plain title."""
        record = self.record
        about = f"{title or record.purpose}" if record.purpose else "all purposes"
        lines = [
            f"{_WORDS[record.verb]}: {about}.",
            f"Recorded {from_instant(self.recorded_at):%Y-%m-%d %H:%M:%S} UTC as change {self.register_version}.",
            f"Entry {self.log.leaf} of the log ({self.log.leaf_hash}).",
        ]
        if self.acknowledged_at is not None:
            lines.append(f"In force for every answer from {from_instant(self.acknowledged_at):%Y-%m-%d %H:%M:%S} UTC.")
        return "\n".join(lines)
