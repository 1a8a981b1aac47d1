"""The uses of a person's data one by one, as rows of a table that the person takes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pellucid.audit.receipt import instant_text
from pellucid.transparency import use_words as words
from pellucid.transparency.told_uses import of_use, purpose_of, role_of
from pellucid.transparency.uses import Uses

COLUMNS = ("at", "what", "form", "purpose", "datasets", "columns", "others", "in_role", "data_as_of", "known")
LOOKUP_COLUMNS = ("at", "what", "in_words", "purpose", "in_role")

Total = tuple[str, str, str, str, str, str, str]


@dataclass
class UseRows:
    """Rows about one person; `totals` sums up what `answers` has given."""

    uses: Uses
    _totals: dict[Total, tuple[int, str, str]] = field(default_factory=dict)

    def answers(self) -> Iterator[tuple[str, ...]]:
        """Yield a row (COLUMNS) for each use in which the person could have been counted, the oldest first."""
        told: dict[int, tuple[str, ...]] = {}
        for row, kind in self.uses.of_data():
            if row.pair not in told:
                found = of_use(self.uses.policy, kind)
                others = "; ".join(f"{data}: {people}" for data, people in found["others"])
                what, form, purpose, by = (str(found[name]) for name in ("what", "form", "purpose", "by"))
                data, columns = ", ".join(kind.datasets), ", ".join(kind.columns)
                told[row.pair] = (what, form, purpose, data, columns, others, by, str(found["known"]))
            what, form, purpose, data, columns, others, by, known = told[row.pair]
            at, as_of = instant_text(row.at), "" if row.as_of is None else instant_text(row.as_of)
            total = (what, form, purpose, data, columns, by, known)
            count, first, _ = self._totals.get(total, (0, at, at))
            self._totals[total] = (count + 1, first, at)
            yield at, what, form, purpose, data, columns, others, by, as_of, known

    def lookups(self) -> Iterator[tuple[str, ...]]:
        """Yield a row (LOOKUP_COLUMNS) for each entry about the person alone, the oldest first."""
        policy = self.uses.policy
        for _, entry in self.uses.looked_up():
            actor, action = entry["actor"], entry["action"]
            by, purpose = role_of(policy, actor["kind"], actor["roles"]), purpose_of(policy, entry["purpose"])
            yield instant_text(entry["at"]), action, words.about(action), purpose, by

    def totals(self) -> list[dict[str, object]]:
        """Return the sums, in order."""
        names = ("what", "form", "purpose", "datasets", "columns", "in_role", "known")
        return [
            {**dict(zip(names, told, strict=True)), "times": times, "first": first, "last": last}
            for told, (times, first, last) in sorted(self._totals.items())
        ]
