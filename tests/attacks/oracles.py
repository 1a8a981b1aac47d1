# ruff: noqa: E501  # questions stand on one line, as they are typed
"""Attacks on everything but the released figures: refusals, errors, the order and number of rows, previews, coverage,
receipts, the budget, notes, widths, and time.

The same questions are asked in two worlds. What shows, with the noisy figures left out, must be the same to the letter;
an oracle's control shows that the same look at a plain database tells the worlds apart. Time has no bound: it is
measured.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pellucid.errors import PellucidError
from tests.attacks.advantage import Advantage
from tests.attacks.neighbours import Governed, Mallory, Purpose, Seen, World, governed, ungoverned

PUBLIC_KEYS = (
    "SELECT week, COUNT(*) AS n FROM orders WHERE shop = 'pharmacy' GROUP BY week",
    "SELECT p.department, SUM(o.value) AS n FROM orders AS o JOIN products AS p ON o.product_id = p.product_id GROUP BY 1",
    "SELECT m.income, COUNT(DISTINCT m.household_id) AS n FROM members AS m GROUP BY m.income",
    "SELECT COUNT(*) AS n FROM orders WHERE value > 80",
    "SELECT AVG(value) AS n FROM orders WHERE value > 80",
    "SELECT week, AVG(value) AS n FROM orders WHERE value > 80 GROUP BY week",
    "SELECT MAX(n) AS n FROM (SELECT week, COUNT(*) AS n FROM orders GROUP BY week)",
)
RARE_KEYS = (
    "SELECT shop, COUNT(*) AS n FROM orders WHERE value > 80 GROUP BY shop",
    "SELECT DISTINCT town FROM members WHERE town LIKE 'A%'",
    "SELECT value, COUNT(*) AS n FROM orders WHERE value > 80 GROUP BY value",
    "SELECT DISTINCT basket_id FROM orders WHERE value > 80",
)
"""Groups that only alice has: never shown, but with a chance of delta."""
RAISING = (
    "SELECT COUNT(CAST(note AS INT)) AS n FROM orders WHERE value > 80",
    "SELECT COUNT(*) AS n FROM orders WHERE value > 80 AND CAST(shop AS DATE) > DATE '2020-01-01'",
    "SELECT COUNT(CASE WHEN value > 80 THEN quantity + 9223372036854775807 END) AS n FROM orders",
    "SELECT COUNT(CASE WHEN value > 80 THEN CAST(basket_id AS BIGINT) END) AS n FROM orders",
    "SELECT COUNT((SELECT o.value FROM orders AS o WHERE o.household_id = m.household_id)) AS n FROM members AS m WHERE m.town LIKE 'A%'",
    "SELECT COUNT(*) AS n FROM orders WHERE value > 80 AND EXP(quantity * 1000) > 0 AND quantity // (quantity - 8) > 0",
    "SELECT SUM(CASE WHEN value > 80 THEN 1e308 * quantity END) AS n FROM orders",
)
REFUSED = (
    "SELECT MAX(value) FROM orders",
    "SELECT * FROM orders WHERE value > 80",
    "SELECT shop FROM orders WHERE household_id = 'alice'",
    "SELECT COUNT(*) FROM orders WHERE email = 'a@x.org'",
    "SELECT nothing FROM orders",
    "SELECT COUNT(*) FROM orders o, orders t WHERE t.value > 80",
    "SELECT product_id, week, COUNT(*) FROM orders GROUP BY ALL HAVING (SELECT MAX(value) FROM orders) > 80",
)  # fmt: skip

Look = Callable[[Mallory, str], str]
_RANDOM = re.compile(r"\b[0-9a-f]{8,64}\b")


@dataclass(frozen=True)
class Oracle:
    """One way to look at what comes back, with questions that would make it speak."""

    name: str
    questions: tuple[str, ...]
    look: Look
    control: tuple[str, ...]
    control_look: Look

    def differing(self, one: World, other: World, purpose: Purpose, repeats: int = 1) -> tuple[int, int]:
        """Return how many of how many questions showed something else in the two worlds."""
        pair = governed(one, purpose), governed(other, purpose)
        found = [_differing(self.look, self.questions, pair) for _ in range(repeats)]
        return sum(differing for differing, _ in found), sum(asked for _, asked in found)

    def differing_ungoverned(self, one: World, other: World) -> tuple[int, int]:
        """Return the same for the control, with nothing in front of the data."""
        return _differing(self.control_look, self.control, (ungoverned(one), ungoverned(other)))


def _differing(look: Look, questions: Sequence[str], pair: tuple[Mallory, Mallory]) -> tuple[int, int]:
    for mallory in pair:
        mallory.begin()
    shown = [tuple(look(mallory, sql) for mallory in pair) for sql in questions]
    return sum(one != other for one, other in shown), len(shown)


def _asked(mallory: Mallory, sql: str) -> Seen:
    seen = mallory.ask(sql, 0.02 if isinstance(mallory, Governed) else None)
    if seen is None:
        raise AssertionError("an oracle's questions must fit into the budget")
    return seen


def _outcome(mallory: Mallory, sql: str) -> str:
    """Whether it was refused, and every word of it; ids drawn at random left out."""
    seen = _asked(mallory, sql)
    return f"{seen.code} {_RANDOM.sub('#', seen.said)}"


def _keys(mallory: Mallory, sql: str) -> str:
    """The number of rows, and their keys in order."""
    return str(
        [{name: value for name, value in row.items() if not name.startswith("n")} for row in _asked(mallory, sql).rows]
    )


def _around(mallory: Mallory, sql: str) -> str:
    """All of a release but its figures, what was said of clipping, and the hash of a log entry that holds a nonce."""
    seen = _asked(mallory, sql)
    if seen.release is None:
        return ""
    told = seen.release.to_json()
    receipt = seen.release.receipt
    told |= {
        "rows": len(seen.rows),
        "clipping": len(seen.release.clipping),
        "receipt": receipt.leaf - mallory.entries_before,
    }
    return json.dumps(told | {"stamp": {**seen.release.stamp.as_json(), "as_of": 0}}, default=str)


def _previewed(mallory: Mallory, sql: str) -> str:
    if not isinstance(mallory, Governed):
        raise TypeError("a preview is the gate's")
    try:
        told = mallory.workspace.preview(sql, purpose=mallory.purpose, actor="mallory").to_json()
    except PellucidError as error:
        return f"{error.code} {error}"
    return json.dumps(told, default=str)


def _left(mallory: Mallory, sql: str) -> str:
    """What is left of the budget after a question, answered or not."""
    _asked(mallory, sql)
    return str(mallory.spent()) if isinstance(mallory, Governed) else ""


def _plain(mallory: Mallory, sql: str) -> str:
    seen = _asked(mallory, sql)
    return f"{seen.code} {seen.said} {seen.rows}"


_ALL = (*PUBLIC_KEYS, *RARE_KEYS, *RAISING, *REFUSED)
_DISTINCT = (
    "SELECT DISTINCT shop FROM orders WHERE value > 80",
    "SELECT week, COUNT(*) FROM orders WHERE value > 80 GROUP BY week",
)

ORACLES = (
    Oracle("refusals: that one comes, and its words", _ALL, _outcome, RAISING, _plain),
    Oracle("errors: casts, overflow, several rows for one", RAISING, _outcome, RAISING, _plain),
    Oracle("rows: their number and order, keys public or hers alone", (*PUBLIC_KEYS, *RARE_KEYS), _keys, _DISTINCT, _plain),
    Oracle("around the figures: widths, notes, loss, stamp, coverage, receipt", (*PUBLIC_KEYS, *RARE_KEYS), _around,
           ("SELECT COUNT(DISTINCT household_id) FROM orders",), _plain),
    Oracle("previews", _ALL, _previewed, ("EXPLAIN SELECT * FROM orders",), _plain),
    Oracle("budget left: what is charged, what given back", _ALL, _left, RAISING, _plain),
)  # fmt: skip


# -- time --------------------------------------------------------------------------------------------------------------

LIGHT = "SELECT COUNT(*) AS n FROM orders WHERE value > 80"


def heavy(products: int) -> str:
    """Return a question in which each of alice's rows meets 6**products others; nobody else has such a row."""
    joins = " ".join(f"JOIN products AS p{n} ON TRUE" for n in range(products))
    return f"SELECT COUNT(*) AS n FROM (SELECT * FROM orders WHERE value > 80) AS o {joins}"


def timing(sql: str, purpose: Purpose | None, questions: int, seed: int = 1) -> Advantage:
    """Ask the same question in two worlds in random order; learn a limit from the first half of the times, and guess
    the second half by it. `purpose` None: nothing stands in front.
    """
    pick = random.Random(seed)
    worlds = (World.ABSENT, World.PHARMACY)
    pair = [ungoverned(world) if purpose is None else governed(world, purpose) for world in worlds]
    times: list[tuple[int, float]] = []
    for mallory in pair:
        mallory.begin()
        _asked(mallory, sql)  # the first of a kind is slower
    for _ in range(questions):
        world = pick.randrange(2)
        times.append((world, _asked(pair[world], sql).seconds))
    learned, tried = times[: questions // 2], times[questions // 2 :]
    means = [_median([seconds for world, seconds in learned if world == each]) for each in range(2)]
    limit, slower = sum(means) / 2, int(means[1] > means[0])
    right = sum((slower if seconds > limit else 1 - slower) == world for world, seconds in tried)
    return Advantage(right, len(tried))


def _median(times: list[float]) -> float:
    return sorted(times)[len(times) // 2] if times else 0.0


def exhaustion(seconds: float = 0.5) -> bool:
    """Whether meeting the limit of time tells the worlds apart: an error where alice is, an answer where she is not."""
    pair = [governed(world, Purpose.GENEROUS, seconds) for world in (World.ABSENT, World.PHARMACY)]
    for mallory in pair:
        mallory.begin()
    return [_asked(mallory, heavy(12)).code for mallory in pair] == ["", "query-timeout"]


# -- what is known to tell -------------------------------------------------------------------------------------------


def choices_that_show() -> dict[str, bool]:
    """Whether alice's objection shows outside the noise: in the register's version, in a receipt's place in the log."""
    pair = [governed(world, Purpose.USUAL) for world in (World.PHARMACY, World.OBJECTED)]
    releases = []
    for mallory in pair:
        mallory.begin()
        release = _asked(mallory, LIGHT).release
        if release is None:
            raise AssertionError("the question was not answered")
        releases.append(release)
    one, other = releases
    return {
        "the register's version in a stamp": one.stamp.register != other.stamp.register,
        "the place of a receipt in the log": one.receipt.leaf != other.receipt.leaf,
        "the coverage band": one.coverage != other.coverage,
    }
