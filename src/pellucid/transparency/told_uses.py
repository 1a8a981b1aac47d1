"""The uses of a person's data as they are shown: in plain words, grouped by month, the newest first, page by page.

A page is cut from what the log held when the first one was asked for, so that turning pages shows nothing twice and
leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from pellucid.audit.receipt import instant_text
from pellucid.delivery import outbox
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy, name_in_words
from pellucid.policy.scopes import PROGRAM
from pellucid.records.rights_tables import rights_requests
from pellucid.transparency import use_words as words
from pellucid.transparency.use_entry import EXPORT, REFUSED, RELEASED
from pellucid.transparency.uses import UseKind, Uses

LIMIT = 50
MOST = 500
"""Groups on a page: as a rule, and at most."""
DAY = 86_400_000_000
USED, TURNED_DOWN, CHOICES, ABOUT_YOU = "used", "refused", "choices", "about-you"


@dataclass(frozen=True, slots=True)
class Named:
    """What a use is told with as the policy names it, so that pages can say it in their language.

    `roles` are empty where what did it has none; `columns` are `dataset.column`, `others` the data of `Alike.others`.
    """

    purpose: str = ""
    roles: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def by_dataset(self) -> dict[str, list[str]]:
        """The columns by their dataset."""
        found: dict[str, list[str]] = {}
        for each in self.columns:
            found.setdefault(each.partition(".")[0], []).append(each)
        return found


@dataclass(frozen=True, slots=True)
class Alike:
    """What uses of a group have in common, in the policy's own words, and as the policy names it (`named`).

    `others` are bands of how many people there are, by data; may be empty.
    """

    sort: str
    month: str
    action: str
    what: str
    form: str
    purpose: str
    by: str
    known: str
    data: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    named: Named = Named()


@dataclass(slots=True)
class Group:
    """Uses that are alike in a month: how often, when first and last (UTC µs), and where the last is in the log."""

    alike: Alike
    times: int = 0
    first: int = 0
    last: int = 0
    entry: int = -1

    def add(self, leaf: int, at: int) -> None:
        """Count one more."""
        self.first = at if not self.times else min(self.first, at)
        self.last, self.entry = max(self.last, at), max(self.entry, leaf)
        self.times += 1

    def to_json(self) -> dict[str, object]:
        """Return it as JSON, its shape stable."""
        told = {name: getattr(self.alike, name) for name in Alike.__slots__ if name != "named"}
        when = {"times": self.times, "first": instant_text(self.first), "last": instant_text(self.last)}
        return told | {"others": dict(self.alike.others)} | when | {"entry": self.entry}


@dataclass(frozen=True, slots=True)
class UsesPage:
    """One page: groups, the newest first, and `next`, which opens the page after it, if there is one.

    `left_out` counts uses from which the person's own no kept their rows; `given` are the declared recipients of the
    purposes under which they could have been counted, `told` what recipients were told about the person. All three
    are of all pages together.
    """

    groups: tuple[Group, ...]
    next: str | None
    left_out: int
    given: tuple[Mapping[str, object], ...]
    told: tuple[Mapping[str, object], ...]

    def to_json(self) -> dict[str, object]:
        """Return the page as JSON, its shape stable."""
        return {
            "uses": [each.to_json() for each in self.groups],
            "next": self.next,
            "left_out": self.left_out,
            "recipients": list(self.given),
            "recipients_told": list(self.told),
        }


@dataclass
class _Grouping:
    """Sorts uses into groups."""

    policy: Policy
    groups: dict[tuple[object, str], Group] = field(default_factory=dict)
    purposes: set[str] = field(default_factory=set)
    _months: dict[int, str] = field(default_factory=dict)

    def add(self, key: object, leaf: int, at: int, alike: Mapping[str, Any]) -> None:
        """Count a use in its group; `key` is the same for all that are alike but for the month."""
        month = self._month(at)
        group = self.groups.get((key, month))
        if group is None:
            group = self.groups[key, month] = Group(Alike(month=month, **alike))
        group.add(leaf, at)

    def _month(self, at: int) -> str:
        day = at // DAY
        if day not in self._months:
            self._months[day] = f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m}"
        return self._months[day]


def page(uses: Uses, cursor: str | None = None, limit: int = LIMIT) -> UsesPage:
    """Return a page of what a person is told; `cursor` is the `next` of the page before. Raises InputInvalid."""
    size, below = _place(cursor, uses.index.size)
    if not 1 <= limit <= MOST:
        raise InputInvalid(f"A page has 1 to {MOST} groups: got {limit}.", remedy="Ask for fewer.", code="page-limit")
    uses.index.size = size
    grouping = _Grouping(uses.policy)
    _add_uses(grouping, uses)
    _add_others(grouping, uses)
    found = sorted(grouping.groups.values(), key=lambda group: group.entry, reverse=True)
    rest = [group for group in found if group.entry < below]
    shown = rest[:limit]
    following = f"{size}-{shown[-1].entry}" if len(rest) > limit else None
    told = tuple(told_to_recipients(uses))
    return UsesPage(tuple(shown), following, uses.left_out, tuple(_given(uses.policy, grouping.purposes)), told)


def handed_on(uses: Uses) -> tuple[Group, ...]:
    """Return all groups of uses in which what the person said was handed on with their key, the newest first."""
    grouping = _Grouping(uses.policy)
    _add_choices(grouping, uses)
    return tuple(sorted(grouping.groups.values(), key=lambda group: group.entry, reverse=True))


def _add_uses(grouping: _Grouping, uses: Uses) -> None:
    kinds: dict[int, tuple[object, Mapping[str, Any]]] = {}
    for row, kind in uses.of_data():
        if row.pair not in kinds:
            alike = of_use(uses.policy, kind)
            kinds[row.pair] = (tuple(alike.values()), alike)
            grouping.purposes.add(kind.told["purpose"] or "")
        grouping.add(kinds[row.pair][0], row.leaf, row.at, kinds[row.pair][1])


def _add_choices(grouping: _Grouping, uses: Uses) -> None:
    for row, kind in uses.choices():
        alike = of_use(uses.policy, kind) | {"sort": CHOICES}
        grouping.add(tuple(alike.values()), row.leaf, row.at, alike)


def _add_others(grouping: _Grouping, uses: Uses) -> None:
    _add_choices(grouping, uses)
    for row, told in uses.refused():
        alike = _bare(uses.policy, TURNED_DOWN, told, words.TITLES[REFUSED], words.refusal(told["reasons"]))
        grouping.add(tuple(alike.values()), row.leaf, row.at, alike | {"form": words.FORMS[REFUSED]})
    for leaf, entry in uses.looked_up():
        told = {"action": entry["action"], "purpose": entry["purpose"]}
        told |= {"roles": entry["actor"]["roles"], "actor": entry["actor"]["kind"]}
        alike = _bare(uses.policy, ABOUT_YOU, told, words.about(entry["action"]), words.ABOUT_YOU)
        grouping.add(tuple(alike.values()), leaf, entry["at"], alike)


def of_use(policy: Policy, kind: UseKind) -> dict[str, Any]:
    """Return a use in plain words: what, in which form it left, for what, by whom, which of their data."""
    action, people = kind.told["action"], kind.told["people"]
    estimate = action == RELEASED and kind.told.get("estimate", False)
    known = words.FILE_KNOWN if action == EXPORT else words.KNOWN[kind.known]
    counted = tuple(name for name in kind.datasets if name in people)
    return {
        **_bare(policy, USED, kind.told, words.ESTIMATE if estimate else words.TITLES[action], known),
        "form": words.ESTIMATE_FORM if estimate else words.FORMS[action],
        "data": tuple(_dataset(policy, name) for name in kind.datasets),
        "columns": tuple(_column(policy, name) for name in kind.columns),
        "others": tuple((_dataset(policy, name), people[name]) for name in counted),
        "named": replace(_named(kind.told), data=kind.datasets, columns=kind.columns, others=counted),
    }


def role_of(policy: Policy, actor: str, roles: Sequence[str]) -> str:
    """Return in which role something was done, never by whom; the scopes of a program are no role to people."""
    if actor == PROGRAM:
        return words.ROLELESS[PROGRAM]
    titles = (policy.roles[name].title if name in policy.roles else name for name in roles)
    return ", ".join(titles) or words.ROLELESS.get(actor, actor)


def purpose_of(policy: Policy, name: str | None) -> str:
    """Return a purpose's title; its name where it is declared no more."""
    declared = policy.purposes.get(name or "")
    return declared.title if declared is not None else name or ""


def _bare(policy: Policy, sort: str, told: Mapping[str, Any], what: str, known: str) -> dict[str, Any]:
    return {
        "sort": sort,
        "action": told["action"],
        "what": what,
        "form": "",
        "purpose": purpose_of(policy, told["purpose"]),
        "by": role_of(policy, told["actor"], told["roles"]),
        "known": known,
        "named": _named(told),
    }


def _named(told: Mapping[str, Any]) -> Named:
    return Named(told["purpose"] or "", () if told["actor"] == PROGRAM else tuple(told["roles"]))


def _dataset(policy: Policy, name: str) -> str:
    return policy.datasets[name].title if name in policy.datasets else name


def _column(policy: Policy, name: str) -> str:
    dataset, _, column = name.partition(".")
    declared = policy.datasets[dataset].columns.get(column) if dataset in policy.datasets else None
    title = declared.title if declared else ""
    return f"{_dataset(policy, dataset)}: {title or name_in_words(column)}"


def _given(policy: Policy, purposes: set[str]) -> Iterator[Mapping[str, object]]:
    """Give the declared recipients of some purposes: answers go to them, never rows."""
    for recipient in policy.recipients.values():
        theirs = [each for each in policy.purposes.values() if recipient.name in each.recipients]
        under = [each.title for each in theirs if each.name in purposes]
        if under:
            who = {"recipient": recipient.title, "country": recipient.country, "kind": recipient.kind}
            yield who | {"purposes": under}


def told_to_recipients(uses: Uses) -> Iterator[Mapping[str, object]]:
    """Give what recipients were told about the person: corrections, restrictions.

    One request may have several parts, whose deliveries are named by it and by more behind it.
    """
    columns = rights_requests.c
    for space, subject in uses.identities:
        asked = select(columns.id).where(columns.namespace == space, columns.subject == subject)
        for request in uses.connection.scalars(asked.order_by(columns.id)):
            for act in ("erasure", "rectification", "restriction", "lift-restriction"):
                for each in outbox.beginning(uses.connection, f"{act}:{request}"):
                    if each.kind == outbox.RECIPIENT:
                        declared = uses.policy.recipients.get(each.recipient)
                        who = {"recipient": declared.title if declared else each.recipient, "name": each.recipient}
                        yield who | {"of": act, "at": instant_text(each.made_at), "state": each.state}


def _place(cursor: str | None, size: int) -> tuple[int, int]:
    """Return how much of the log a page is cut from, and below which entry it begins."""
    if cursor is None:
        return size, size
    upto, dash, below = cursor.partition("-")
    if not (dash and upto.isdecimal() and below.isdecimal() and len(cursor) < 40 and int(below) < int(upto) <= size):
        raise InputInvalid("This opens no page.", remedy="Begin with the first page.", code="cursor-invalid")
    return int(upto), int(below)
