# ruff: noqa: E501  # questions stand on one line, as they are typed
"""Attacks that read the answers themselves: each asks its probes in turn until the budget is spent, then guesses.

What the noise hides is bounded by the budget, so these are measured against it. Mallory weighs every answer by how far
the two worlds would move it, which is the best that can be done with normal noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.attacks.neighbours import MOST_ROWS, MOST_VALUE, Mallory, Seen, World, ungoverned

Reading = Callable[[Seen], float]


@dataclass(frozen=True)
class Probe:
    """One question, how a number is read from what it shows, and how far alice can move that number."""

    sql: str
    limit: float
    read: Reading
    control: str = ""
    """The SQL that shows the same without a gate, where it is another."""


@dataclass(frozen=True)
class Strategy:
    """Probes about one difference between two worlds; the budget is split into `parts` equal questions."""

    name: str
    probes: tuple[Probe, ...]
    parts: int
    worlds: tuple[World, World] = (World.ABSENT, World.PHARMACY)

    @property
    def steps(self) -> int:
        """In how many additions or removals of one person the worlds differ."""
        return 1 if World.ABSENT in self.worlds else 2

    def guess(self, mallory: Mallory, epsilon: float | None, *, direct: bool = False) -> World:
        """Ask until nothing more may be asked, and say which world it is; evenly torn, the first."""
        score = 0.0
        for turn in range(max(self.parts, len(self.probes)) if direct else 10**9):
            probe = self.probes[turn % len(self.probes)]
            seen = mallory.ask(probe.control or probe.sql if direct else probe.sql, epsilon)
            if seen is None:
                break
            if not seen.code:
                score += self._evidence(probe, seen)
        return self.worlds[score > 0]

    def _evidence(self, probe: Probe, seen: Seen) -> float:
        low, high = self._expected(probe)
        sigma = max(seen.widths.values(), default=1.96) / 1.96
        return (probe.read(seen) - (low + high) / 2) * (high - low) / sigma**2

    def _expected(self, probe: Probe) -> tuple[float, float]:
        low, high = (_known(probe, world) for world in self.worlds)
        return low, low + max(-probe.limit, min(probe.limit, high - low))


@cache
def _known(probe: Probe, world: World) -> float:
    """What the number would be without noise, worked out on mallory's own copy of the two worlds."""
    return probe.read(ungoverned(world)._ask(probe.control or probe.sql, None))


def _number(seen: Seen) -> float:
    return float(next(iter(seen.rows[0].values())) or 0)  # type: ignore[arg-type]


def _counted(sql: str) -> Probe:
    return Probe(sql, MOST_ROWS, _number)


def _summed(sql: str) -> Probe:
    return Probe(sql, MOST_VALUE, _number)


def _cell(key: str, name: object) -> Reading:
    return lambda seen: sum(float(row["n"]) for row in seen.rows if row[key] == name)  # type: ignore[arg-type]


def _shown(key: str, name: str) -> Reading:
    return lambda seen: float(any(row[key] == name for row in seen.rows))


def _clipped(seen: Seen) -> float:
    return _number(seen) if seen.rows and "clipped" in seen.rows[0] else (seen.clipped or 0.0)


_TWENTY = "(VALUES " + ", ".join(f"({n})" for n in range(MOST_ROWS)) + ") AS v(n)"
_PHARMACY = "shop = 'pharmacy' AND value > 80"

STRATEGIES = (
    Strategy(
        "differencing: everybody, less everybody but her",
        (
            _counted(f"SELECT COUNT(*) - COUNT(*) FILTER (WHERE NOT ({_PHARMACY})) AS n FROM orders"),
            _counted(
                f"SELECT (SELECT COUNT(*) FROM orders) - (SELECT COUNT(*) FROM orders WHERE NOT ({_PHARMACY})) AS n"
            ),
        ),
        parts=2,
    ),
    Strategy("small cell: only she fits", (_counted(f"SELECT COUNT(*) AS n FROM orders WHERE {_PHARMACY}"),), parts=1),
    Strategy(
        "small cell, asked a thousand times", (_counted(f"SELECT COUNT(*) AS n FROM orders WHERE {_PHARMACY}"),), 1_000
    ),
    Strategy("dominance: hers is most of a sum", (_summed("SELECT SUM(value) AS n FROM orders WHERE value > 80"),), 2),
    Strategy(
        "condition in a measure",
        (_counted(f"SELECT SUM(CASE WHEN {_PHARMACY} THEN 1 ELSE 0 END) AS n FROM orders"),),
        parts=2,
    ),
    Strategy(
        "join: her one row, twenty times over",
        (
            _counted(
                "SELECT COUNT(*) AS n FROM members AS m JOIN orders AS o ON m.household_id = o.household_id "
                "WHERE m.town LIKE 'A%' AND o.value > 80"
            ),
            _counted(f"SELECT COUNT(*) AS n FROM members AS m CROSS JOIN {_TWENTY} WHERE m.town LIKE 'A%'"),
        ),
        parts=2,
    ),
    Strategy(
        "small groups: the public cell that is hers",
        (Probe(f"SELECT week, COUNT(*) AS n FROM orders WHERE {_PHARMACY} GROUP BY week", MOST_ROWS, _cell("week", 3)),),
        parts=1,
    ),
    Strategy(
        "rows shown: a group that only she lifts over the threshold",
        (Probe("SELECT note, COUNT(DISTINCT household_id) AS n FROM orders GROUP BY note", 1, _shown("note", "rash"),
               "SELECT note FROM orders GROUP BY note HAVING COUNT(DISTINCT household_id) > 11"),),
        parts=1,
    ),
    Strategy(
        "clipping: only she is cut off",
        (Probe("SELECT SUM(value) AS n FROM orders", 1 / 60, _clipped,
               "SELECT AVG(CASE WHEN s > 200 THEN 1.0 ELSE 0 END) AS clipped FROM (SELECT SUM(value) AS s FROM orders "
               "GROUP BY household_id)"),),
        parts=1,
    ),
    Strategy(
        "attribute: bakery or pharmacy, by group",
        (
            Probe("SELECT shop, COUNT(*) AS n FROM orders WHERE value > 80 GROUP BY shop", MOST_ROWS, _cell("shop", "pharmacy")),
            _counted("SELECT COUNT(*) AS n FROM orders WHERE value > 80 AND shop = 'bakery'"),
        ),
        parts=2,
        worlds=(World.BAKERY, World.PHARMACY),
    ),
)  # fmt: skip
