"""What a subject said about a purpose: the verbs, what a yes covers, and one immutable record.

Values only. Whether a record is accepted is `consent.admit`, what records mean together is `consent.permitted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ConsentVerb(StrEnum):
    """What people can say, in the architecture's words; `LIFT` ends a restriction."""

    GIVE = "give"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    OPT_OUT = "opt_out"
    LIMIT = "limit"
    RESTRICT = "restrict"
    LIFT = "lift"

    @property
    def narrows(self) -> bool:
        """Narrowing verbs are never rejected: they take permission away or leave it as it is."""
        return self not in WIDENING


class Covers(StrEnum):
    """Which rows a yes reaches: those that arise from that instant on, or also the data already held."""

    FROM_NOW = "from_now"
    HELD_DATA = "held_data"


class By(StrEnum):
    """Who spoke for the subject: themselves, a guardian of a minor, or an agent they authorised."""

    SELF = "self"
    GUARDIAN = "guardian"
    AGENT = "agent"


class ScreenState(StrEnum):
    """Whether what was chosen on a screen counts: it does, it waits while the screen is doubted, or it never did."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    INVALIDATED = "invalidated"


WIDENING = frozenset({ConsentVerb.GIVE, ConsentVerb.LIFT})

CLOSING = frozenset({ConsentVerb.REFUSE, ConsentVerb.WITHDRAW, ConsentVerb.OBJECT, ConsentVerb.OPT_OUT})
"""Verbs that close a purpose until a new yes. Said where another would fit better, they are read as that one."""


REQUEST_METHOD = "request:"
"""How the method of a record begins that a person's request made; its id follows."""

SPLIT_METHOD = "split"
"""How a record came about that keeps a part of a person as closed as the whole was: it closes whatever the basis."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What subject `subject` (dense id in `namespace`) said at `at` (UTC µs) about `purpose`; None means all purposes.

    `covers` and `explicit` matter for `give` only. An empty `notice_version` means the purpose's current notice.
    `without_choice` is filled by the register: the purposes that offered the subject no choice when this was said;
    there the record is kept and shown, and closes nothing as long as the purpose still offers no choice.

    Evidence (GDPR Art. 7(1)): `by` whom, with `proof` where a guardian's or agent's power is shown; `member` of a
    household, empty for all of it; `screen` and `language` it was chosen on, `method` (how) and `channel` (where).
    `while_restricted` is a yes although all use is restricted (Art. 18(2)). `screen_state` is what was found out about
    the screen since.
    """

    namespace: str
    subject: int
    purpose: str | None
    verb: ConsentVerb
    explicit: bool = False
    covers: Covers = Covers.FROM_NOW
    notice_version: str = ""
    channel: str = ""
    at: int = 0
    without_choice: tuple[str, ...] = ()
    by: By = By.SELF
    proof: str = ""
    member: str = ""
    screen: str = ""
    language: str = ""
    method: str = ""
    while_restricted: bool = False
    screen_state: ScreenState = ScreenState.FINE

    def concerns(self, purpose: str) -> bool:
        """Return whether this speaks of a purpose, by name or as one of all."""
        return self.purpose is None or self.purpose == purpose
