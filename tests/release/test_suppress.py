"""Each rule: what one household's figure leaks without it, that the rule withholds it, and that nothing else would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pellucid.errors import UseRefused
from pellucid.policy.model import Policy
from pellucid.release import suppress as suppressing
from pellucid.release.judged import Limits, Withheld
from pellucid.release.suppress import Change
from pellucid.rewrite.context import Context
from pellucid.rewrite.exact_measures import ExactMeasures
from pellucid.rewrite.pipeline import govern
from pellucid.rewrite.vocabulary import EXACT_FRAME_WORDS
from tests.release.reports import Reports, bought, kept_of, policy_of
from tests.rewrite.shop import ANA

VICTIM = Decimal("77.77")
"""What one household spent; no other figure is like it."""

MANY = [bought(n, 20 + n, week=week) for n in range(1, 10) for week in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_of(tmp_path_factory.mktemp("policy"))


@pytest.fixture
def reports(policy: Policy, tmp_path: Path) -> Iterator[Callable[..., Reports]]:
    made: list[Reports] = []

    def make(purchases: list[Any]) -> Reports:
        made.append(Reports.of(policy, purchases, tmp_path / str(len(made))))
        return made[-1]

    yield make
    for each in made:
        each.close()


@dataclass(frozen=True)
class Leak:
    """Rows, SQL, what it tells of the victim with nothing in front, and the only rule that stands in the way."""

    rule: str
    rows: list[Any]
    sql: str
    figure: Callable[[list[tuple[Any, ...]]], object]
    withheld: str
    without: Callable[[pytest.MonkeyPatch], None] = field(repr=False)


def _no_minimum(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Limits, "too_few", lambda self, people: False)


def _no_dominance(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Limits, "dominated", lambda self, largest, weight: False)


def _no_atoms(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ExactMeasures, "keys", lambda self: [])
    patch.setattr(ExactMeasures, "atoms", property(lambda self: [], lambda self, value: None), raising=False)


def _no_differences(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ExactMeasures, "pairs", property(lambda self: ()))


def _no_complements(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(suppressing, "_complements", lambda *given: [])


def _no_atoms_but_pairs(patch: pytest.MonkeyPatch) -> None:
    _no_atoms(patch)
    _no_differences(patch)


LEAKS = [
    Leak(
        "minimum",
        [*MANY, bought(0, VICTIM, week=1, shelf="low")],
        "SELECT shelf, SUM(sales_value) AS s FROM purchases GROUP BY shelf ORDER BY shelf",
        lambda rows: dict(rows)["low"],
        "",
        lambda patch: (_no_minimum(patch), _no_dominance(patch), _no_complements(patch))[0],
    ),
    Leak(
        "dominance",
        [bought(0, VICTIM), *(bought(n, 0.01) for n in range(1, 8))],
        "SELECT SUM(sales_value) AS s FROM purchases",
        lambda rows: rows[0][0].quantize(Decimal("1")),
        "one-dominates",
        _no_dominance,
    ),
    Leak(
        "contributors, not people",
        [bought(0, VICTIM), *(bought(n, None) for n in range(1, 8))],
        "SELECT SUM(sales_value) AS s, COUNT(*) AS n FROM purchases",
        lambda rows: rows[0][0],
        "too-few-people",
        lambda patch: (_no_minimum(patch), _no_dominance(patch))[0],
    ),
    Leak(
        "atoms",
        [*MANY, bought(0, VICTIM, shelf="low")],
        "SELECT SUM(sales_value) AS every, SUM(CASE WHEN shelf = 'top' THEN sales_value END) AS top FROM purchases",
        lambda rows: rows[0][0] - rows[0][1],
        "too-few-people",
        _no_atoms_but_pairs,
    ),
    Leak(
        "atoms through a CTE",
        [*MANY, bought(0, VICTIM, shelf="low")],
        "WITH x AS (SELECT household_id, sales_value, CASE WHEN shelf = 'top' THEN sales_value ELSE 0 END AS top"
        " FROM purchases) SELECT SUM(sales_value) AS every, SUM(top) AS top FROM x",
        lambda rows: rows[0][0] - rows[0][1],
        "too-few-people",
        _no_atoms_but_pairs,
    ),
    Leak(
        "atoms of FILTER and COALESCE",
        [*MANY, bought(0, VICTIM, shelf="low"), *(bought(n, 1, shelf="mid") for n in range(1, 8))],
        "SELECT SUM(sales_value) FILTER (WHERE shelf <> 'mid') AS a, SUM(sales_value) FILTER (WHERE shelf = 'top') AS b"
        " FROM purchases",
        lambda rows: rows[0][0] - rows[0][1],
        "too-few-people",
        _no_atoms_but_pairs,
    ),
    Leak(
        "differences of measures",
        [*MANY, bought(0, VICTIM, quantity=None), *(bought(0, 1) for _ in range(3))],
        "SELECT COUNT(*) AS n, COUNT(quantity) AS q FROM purchases",
        lambda rows: rows[0][0] - rows[0][1],
        "too-few-people",
        _no_differences,
    ),
    Leak(
        "complement from the total",
        [*MANY, bought(0, VICTIM, shelf="low"), *(bought(n, 5, shelf="mid") for n in range(1, 9))],
        "SELECT shelf, SUM(sales_value) AS s FROM purchases GROUP BY shelf ORDER BY shelf",
        lambda rows: sum(s for _, s in rows) - sum(s for shelf, s in rows if shelf != "low"),
        "",
        _no_complements,
    ),
]


def _id(leak: Leak) -> str:
    return leak.rule


def _tells(rows: list[dict[str, Any]], leak: Leak, plain: list[tuple[Any, ...]]) -> bool:
    """Whether the victim's figure follows from what left and from the table's total, as the attack has it."""
    values = [tuple(value for name, value in row.items() if name != "withheld") for row in rows]
    if leak.rule.startswith("complement"):
        shown = {shelf: s for shelf, s in values if s is not None}
        return len(plain) - len(shown) == 1 and sum(s for _, s in plain) - sum(shown.values()) == VICTIM
    try:
        return leak.figure(values) == leak.figure(plain)
    except (KeyError, TypeError, AttributeError, IndexError):
        return False


@pytest.mark.parametrize("leak", LEAKS, ids=_id)
@pytest.mark.promise("suppressed", "for each rule, rows and SQL that give one household away where the rule is missing")
def test_a_rule_withholds_what_leaks_without_it(leak: Leak, reports: Callable[..., Reports]) -> None:
    made = reports(leak.rows)
    plain = made.plain(leak.sql)
    assert leak.figure(plain) in (VICTIM, VICTIM.quantize(Decimal("1")), 1)  # there is something to leak
    rows = made.ask(leak.sql)
    assert not _tells(rows, leak, plain)
    if leak.withheld:
        assert {row["withheld"] for row in rows} == {leak.withheld}


@pytest.mark.slow
@pytest.mark.parametrize("leak", LEAKS, ids=_id)
def test_a_missing_rule_is_caught(leak: Leak, reports: Callable[..., Reports], monkeypatch: pytest.MonkeyPatch) -> None:
    made = reports(leak.rows)
    plain = made.plain(leak.sql)
    leak.without(monkeypatch)
    assert _tells(made.ask(leak.sql), leak, plain)


def test_one_person_who_brings_most_distinct_values_is_withheld(reports: Callable[..., Reports]) -> None:
    rows = [*(bought(0, 1, product=f"x{n}") for n in range(9)), *(bought(n, 1, product="p0") for n in range(1, 8))]
    sql = "SELECT COUNT(DISTINCT product_id) AS n FROM purchases"
    made = reports(rows)
    assert made.plain(sql) == [(10,)]
    assert made.ask(sql) == [{"n": None, "withheld": "one-dominates"}]
    shared = [*rows, *(bought(1, 1, product=f"x{n}") for n in range(9))]
    assert reports(shared).ask(sql) == [{"n": 10, "withheld": None}]


SECOND = [*MANY, bought(0, VICTIM, week=1)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MANY, SECOND),
        (SECOND, MANY),
        ([*MANY, bought(0, 5, week=1)], SECOND),  # the same people, one of whom brings something else
    ],
    ids=["one came", "one left", "one's figure changed"],
)
@pytest.mark.promise("suppressed", "the same insight twice, between which one household came, left or changed")
def test_a_cell_that_too_few_people_changed_is_withheld(
    before: list[Any], after: list[Any], reports: Callable[..., Reports], monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "SELECT week, SUM(sales_value) AS s FROM purchases GROUP BY week ORDER BY week"
    first, second = reports(before), reports(after)
    differences = [b[1] - a[1] for a, b in zip(first.plain(sql), second.plain(sql), strict=True)]
    assert abs(differences[0]) in (VICTIM, VICTIM - 5)
    earlier = kept_of(first.suppressed(sql))
    rows = second.ask(sql, earlier)
    assert [row["withheld"] for row in rows].count("changed-by-too-few") == 1
    assert rows[0]["withheld"] == "changed-by-too-few"
    monkeypatch.setattr(suppressing, "changed", lambda *given: Change())
    assert second.ask(sql, earlier)[0]["s"] - first.ask(sql)[0]["s"] == differences[0]


def test_every_earlier_release_counts_not_only_the_last(reports: Callable[..., Reports]) -> None:
    sql = "SELECT SUM(sales_value) AS s FROM purchases"
    many = [bought(n, 20 + n) for n in range(7)]
    other = [bought(n, 30 + n) for n in range(7)]
    first, second = reports(many).suppressed(sql), reports(other).suppressed(sql)
    again = reports([*many[:-1], bought(6, VICTIM)])
    assert again.ask(sql, kept_of(second)) != again.ask(sql, kept_of(first, second))
    assert again.ask(sql, kept_of(first, second)) == [{"s": None, "withheld": "changed-by-too-few"}]


def test_an_answer_over_the_same_rows_is_the_same_and_keeps_nothing_new(reports: Callable[..., Reports]) -> None:
    sql = "SELECT shelf, SUM(sales_value) AS s FROM purchases GROUP BY shelf ORDER BY shelf"
    rows = [*MANY, bought(0, 7.77, shelf="low"), *(bought(n, 5, shelf="mid") for n in range(1, 9))]
    made = reports(rows)
    first = made.suppressed(sql)
    second = made.suppressed(sql, kept_of(first))
    assert second.table == first.table
    assert set(second.kept) == set(first.kept)
    assert first.withheld == {Withheld.TOO_FEW: 1, Withheld.COMPLEMENT: 1}
    assert first.left_out


def test_a_cell_withheld_to_hide_another_stays_withheld(reports: Callable[..., Reports]) -> None:
    """Else the sum of the two, known from before, less the one that is shown now, is the household's."""
    sql = "SELECT shelf, SUM(sales_value) AS s FROM purchases GROUP BY shelf ORDER BY shelf"
    crowd = [bought(n, 5, shelf="mid") for n in range(1, 9)]
    rows = [*MANY, *crowd, bought(0, 7.77, shelf="low")]
    earlier = kept_of(reports(rows).suppressed(sql))
    joined = [*rows, *(bought(n, 9, shelf="low") for n in range(1, 6))]
    assert [row["shelf"] for row in reports(joined).ask(sql)] == ["low", "mid", "top"]
    shown = [row["shelf"] for row in reports(joined).ask(sql, earlier)]
    assert "mid" not in shown
    assert len(shown) <= 1


def test_public_groups_are_shown_with_the_reason_and_others_are_left_out(reports: Callable[..., Reports]) -> None:
    rows = [bought(n, 5, week=week) for n in range(8) for week in (1, 2)] + [bought(9, 7.77, week=3)]
    by_week = "SELECT week, SUM(sales_value) AS s FROM purchases GROUP BY week ORDER BY week"
    assert reports(rows).ask(by_week) == [
        {"week": 1, "s": None, "withheld": "complement"},
        {"week": 2, "s": Decimal("40.00"), "withheld": None},
        {"week": 3, "s": None, "withheld": "too-few-people"},
        {"week": 4, "s": None, "withheld": "too-few-people"},  # empty looks like nearly empty
    ]
    by_shelf = by_week.replace("week", "shelf")
    lonely = [*(bought(n, 5, shelf=s) for n in range(8) for s in ("a", "b")), bought(9, 7.77, shelf="c")]
    assert [row["shelf"] for row in reports(lonely).ask(by_shelf)] == ["b"]


def test_figures_are_what_plain_sql_says_where_they_are_shown(reports: Callable[..., Reports]) -> None:
    sql = (
        "SELECT week, COUNT(*) AS n, COUNT(DISTINCT product_id) AS d, SUM(sales_value) AS s, AVG(quantity) AS a,"
        " VARIANCE(sales_value) AS v, VAR_POP(sales_value) AS w, STDDEV(sales_value) AS t, STDDEV_POP(sales_value) AS u"
        " FROM purchases GROUP BY week ORDER BY week"
    )
    rows = [
        bought(n, n + week + more, week=week, quantity=1 + more * 3, product=f"p{more}")
        for n in range(8)
        for week in range(1, 5)
        for more in range(3)
    ]
    made = reports(rows)
    told = [tuple(value for name, value in row.items() if name != "withheld") for row in made.ask(sql)]
    for ours, theirs in zip(told, made.plain(sql), strict=True):
        assert [float(value) for value in ours] == pytest.approx([float(value) for value in theirs])


@pytest.mark.parametrize("key", ["MAKE_DATE(quantity, 1, 1)", "CAST(MAKE_DATE(quantity, 1, 1) AS TIMESTAMP)"])
def test_groups_are_dates_that_python_has_none_for(reports: Callable[..., Reports], key: str) -> None:
    """Found by fuzzing."""
    made = reports([bought(n, 5 + n, quantity=year) for n in range(8) for year in (2026, 200_000)])
    shown = made.suppressed(f"SELECT {key} AS k, SUM(sales_value) AS s FROM purchases GROUP BY 1").table
    years = shown.column("k0").cast("timestamp[s]").cast("int64").to_numpy() / (365.2425 * 86_400) + 1970
    assert [round(year) for year in years] == [2026, 200_000]
    assert [float(each) for each in shown.column("m0").to_pylist()] == [68.0, 68.0]


def test_having_order_and_limit_see_released_cells_only(reports: Callable[..., Reports]) -> None:
    rows = [bought(n, 5, week=week) for n in range(8) for week in (1, 2, 4)] + [bought(9, VICTIM, week=3)]
    sql = "SELECT week FROM purchases GROUP BY week HAVING SUM(sales_value) > 0 ORDER BY week"
    made = reports(rows)
    assert made.plain(sql) == [(1,), (2,), (3,), (4,)]
    assert 3 not in [row["week"] for row in made.ask(sql)]


REFUSED = [
    ("SELECT MAX(sales_value) FROM purchases", "exact-aggregate"),
    ("SELECT MEDIAN(sales_value) FROM purchases", "exact-aggregate"),
    ("SELECT SUM(DISTINCT sales_value) FROM purchases", "exact-aggregate"),
    ("SELECT SUM(quantity + 1000000) FROM purchases", "exact-constant-added"),
    ("SELECT AVG(sales_value - 5) FROM purchases", "exact-constant-added"),
    ("SELECT SUM(quantity * quantity) FROM purchases", "exact-measure-form"),
    ("SELECT SUM(quantity + 1000000 * week) FROM purchases", "exact-measure-form"),
    ("SELECT SUM(GREATEST(quantity, 3)) FROM purchases", "exact-measure-form"),
    ("SELECT COUNT(UPPER(shelf)) FROM purchases", "exact-measure-form"),
    ("SELECT SUM(sales_value) FROM purchases WHERE week = $week", "exact-parameter"),
    ("SELECT SUM(sales_value) / (SELECT COUNT(*) FROM members) FROM purchases", "exact-one-block"),
    (
        "SELECT week, COUNT(*) FROM purchases GROUP BY week UNION ALL SELECT 0, COUNT(*) FROM purchases",
        "exact-one-block",
    ),
    ("SELECT department, COUNT(*) FROM products GROUP BY department", "exact-nobody"),
    ("SELECT kind, COUNT(*) FROM visits GROUP BY kind", "dataset-private-only"),
    ("SELECT week, COUNT(*) FROM purchases GROUP BY ROLLUP (week)", "grouping-sets-refused"),
    ("SELECT household_id, sales_value FROM purchases", "rows-refused"),
    (
        "WITH x AS (SELECT household_id, SUM(CASE WHEN shelf = 'low' THEN sales_value END) AS v FROM purchases"
        " GROUP BY household_id) SELECT SUM(v) FROM x",
        "exact-condition-below",
    ),
    (
        "WITH x AS (SELECT household_id, CASE WHEN shelf = 'low' THEN sales_value END AS v FROM purchases"
        " UNION ALL SELECT household_id, sales_value FROM purchases) SELECT SUM(v) FROM x",
        "exact-condition-below",
    ),
    (
        "SELECT SUM(CASE " + " ".join(f"WHEN week = {n} THEN {n}" for n in range(9)) + " END) FROM purchases",
        "exact-too-many-conditions",
    ),
    (
        "SELECT " + ", ".join(f"SUM(quantity * {n})" for n in range(2, 16)) + " FROM purchases",
        "exact-too-many-measures",
    ),
]


@pytest.mark.parametrize(("sql", "code"), REFUSED)
def test_what_cannot_be_judged_is_refused(sql: str, code: str, policy: Policy) -> None:
    with pytest.raises(UseRefused, match="This question is refused") as refused:
        govern(sql, Context(policy, ANA, "care", action="insight-run"))
    assert code in {reason.code for reason in refused.value.reasons}


def test_nothing_exact_leaves_for_a_purpose_without_the_rule(policy: Policy) -> None:
    with pytest.raises(UseRefused, match="This question is refused") as refused:
        govern("SELECT COUNT(*) FROM purchases", Context(policy, ANA, "planning", action="insight-run"))
    assert [reason.code for reason in refused.value.reasons] == ["exact-not-declared"]


def test_the_difference_between_a_sum_and_one_of_its_columns_is_judged(reports: Callable[..., Reports]) -> None:
    rows = [bought(n, 20 + n, quantity=0) for n in range(1, 9)] + [bought(0, 25, quantity=7)]
    sql = "SELECT SUM(sales_value + quantity) AS both, SUM(sales_value) AS one FROM purchases"
    made = reports(rows)
    assert made.plain(sql)[0][0] - made.plain(sql)[0][1] == 7
    assert made.ask(sql) == [{"both": None, "one": None, "withheld": "too-few-people"}]


def test_nothing_exact_can_be_read_off_what_is_kept(reports: Callable[..., Reports]) -> None:
    found = reports(MANY).suppressed("SELECT week, SUM(sales_value) AS s FROM purchases GROUP BY week")
    assert all(len(cell.sketch) == 1024 and len(cell.cell) == 40 for cell in found.kept)
    assert repr(found.cells[0]) == "Cell(withheld)"


def test_the_hidden_keys_are_as_many_as_the_conditions(policy: Policy) -> None:
    sql = (
        "SELECT SUM(CASE WHEN week = 1 AND paid THEN 1 WHEN shelf = 'x' THEN 2 ELSE 0 END) AS s,"
        " COUNT_IF(shelf = 'x') AS c, SUM(COALESCE(quantity, 0)) AS q FROM purchases"
    )
    block = govern(sql, Context(policy, ANA, "care", action="insight-run")).blocks[0]
    assert block.atoms == (
        "purchases.week = ? AND purchases.paid",
        "purchases.shelf = ?",
        "purchases.quantity IS NULL",
    )


def test_every_word_of_an_exact_frame_is_generated(policy: Policy) -> None:
    asked = [
        "SELECT week, COUNT(*), SUM(weight), STDDEV(quantity), COUNT(DISTINCT shelf) FROM purchases GROUP BY week",
        "SELECT SUM(CASE WHEN paid THEN sales_value END) FROM purchases",
        "SELECT week, department, COUNT(*) FROM purchases JOIN products USING (product_id) GROUP BY 1, 2",
    ]
    frames = [govern(sql, Context(policy, ANA, "care", action="insight-run")).blocks[0].frame for sql in asked]
    words = set(" ".join(frames).translate(str.maketrans(dict.fromkeys("(),.*=<>+/-", " "))).split())
    assert frozenset() == EXACT_FRAME_WORDS - words
    assert all(word[1:].isdigit() or word.isdigit() for word in words - EXACT_FRAME_WORDS)
