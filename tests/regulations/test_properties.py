"""Whatever the laws say, more of them or less certainty never permit more, and an answer keeps until its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.regulations.load import from_canonical, shipped, to_canonical
from pellucid.regulations.model import Combine, ConsentDefault, Field, Figure, Law, Laws
from pellucid.regulations.ruling import Ruling, ruling
from pellucid.regulations.vocabulary import KINDS

PLACES = ("DE", "EE", "US", "US-CA", "US-TX", "GB")
DAYS = st.dates(date(2024, 1, 1), date(2029, 1, 1))
SOME = ("sale", "own_analytics", "significant_decisions")
ABSENT = len(ConsentDefault)


@st.composite
def figures(draw: st.DrawFn, values: st.SearchStrategy[object], combine: Combine = Combine.LATTICE) -> Figure:
    days = sorted(draw(st.lists(DAYS, min_size=2, max_size=2, unique=True)))
    since, until = draw(st.sampled_from([(None, None), (days[0], None), (None, days[1]), (days[0], days[1])]))
    fallback = draw(st.sampled_from([(), (("fallback", "opt_out"),), (("kinds", ("sale",)),)]))
    return Figure(draw(values), "s. 1", draw(st.booleans()), combine, since, until, "", fallback)  # type: ignore[arg-type]


DEFAULTS = st.sampled_from([*(default.value for default in ConsentDefault), "conditional", "odd"])
FIELDS = {
    **{f"consent.{kind}": figures(DEFAULTS) for kind in SOME},
    **{f"ages.{name}": figures(st.integers(0, 20)) for name in ("guardian_below", "opt_in_below", "prohibited_below")},
    "ages.guardian_below@EE": figures(st.integers(0, 20)),
    "ages.guardian_below@US-CA": figures(st.integers(0, 20)),
    "signals.gpc": figures(st.booleans()),
    "territory.residents": figures(st.lists(st.sampled_from(PLACES)).map(tuple), Combine.UNION),
    "territory.established": figures(st.lists(st.sampled_from(PLACES)).map(tuple), Combine.UNION),
}


@st.composite
def laws(draw: st.DrawFn, name: str = "made") -> Law:
    fields = [Field(key, tuple(draw(st.lists(held, max_size=2)))) for key, held in FIELDS.items()]
    return Law(name, name, False, tuple(field for field in fields if field.figures))


QUESTIONS = st.tuples(
    st.lists(st.sampled_from(SOME), max_size=2),
    st.lists(st.sampled_from(PLACES), max_size=2),
    st.sampled_from([None, "DE", "US-CA"]),
    DAYS,
)


def strictness(said: Ruling) -> tuple[int, ...]:
    """Return the parts of an answer as numbers, each the greater the stricter."""
    rank = ABSENT if said.default is None else said.default.rank
    return -rank, said.guardian_below, said.opt_in_below, said.prohibited_below, len(said.signals)


def is_as_strict(one: Ruling, other: Ruling) -> bool:
    pairs = zip(strictness(one), strictness(other), strict=True)
    return all(mine >= theirs for mine, theirs in pairs) and set(other.signals) <= set(one.signals)


@given(laws("one"), laws("other"), QUESTIONS)
def test_adding_a_law_never_makes_a_ruling_less_strict(one: Law, other: Law, question) -> None:
    assert is_as_strict(ruling(Laws((one, other)), *question), ruling(Laws((one,)), *question))


@given(st.sampled_from(sorted(shipped())), st.sampled_from(sorted(shipped())), st.sampled_from(KINDS), DAYS)
@settings(max_examples=60)
def test_adding_a_shipped_law_never_makes_a_ruling_less_strict(one: str, other: str, kind: str, on: date) -> None:
    places = ["DE", "US", "CA-QC", "GB", "BR"]
    alone = Laws((shipped()[one],))
    both = Laws(tuple(shipped()[name] for name in sorted({one, other})))

    assert is_as_strict(ruling(both, [kind], places, "DE", on), ruling(alone, [kind], places, "DE", on))


@given(laws(), QUESTIONS, st.data())
def test_marking_a_figure_unverified_never_makes_a_ruling_less_strict(law: Law, question, data) -> None:
    places = [(index, at) for index, field in enumerate(law.fields) for at in range(len(field.figures))]
    if not places:
        return
    index, at = data.draw(st.sampled_from(places))
    doubted = list(law.fields)
    held = list(doubted[index].figures)
    held[at] = replace(held[at], verified=False)
    doubted[index] = Field(doubted[index].name, tuple(held))

    less = ruling(Laws((replace(law, fields=tuple(doubted)),)), *question)

    assert is_as_strict(less, ruling(Laws((law,)), *question))


@given(laws(), QUESTIONS, st.integers(0, 2_000))
def test_a_ruling_is_the_same_until_it_says_that_it_may_change(law: Law, question, later: int) -> None:
    kinds, places, establishment, on = question
    said = ruling(Laws((law,)), kinds, places, establishment, on)
    day = on + timedelta(days=later)
    if said.until is not None:
        assert said.until > on
        day = min(day, said.until - timedelta(days=1))

    assert ruling(Laws((law,)), kinds, places, establishment, day) == said


@given(st.sampled_from(sorted(shipped())), st.sampled_from(KINDS), DAYS, st.integers(0, 1_500))
@settings(max_examples=60)
def test_a_shipped_law_s_ruling_is_the_same_until_its_end(name: str, kind: str, on: date, later: int) -> None:
    set_of_one = Laws((shipped()[name],))
    said = ruling(set_of_one, [kind], ["DE", "US", "IN"], "GB", on)
    day = on + timedelta(days=later)
    if said.until is not None:
        day = min(day, said.until - timedelta(days=1))

    assert ruling(set_of_one, [kind], ["DE", "US", "IN"], "GB", day) == said


@given(laws(), QUESTIONS)
def test_more_kinds_never_make_a_ruling_less_strict(law: Law, question) -> None:
    kinds, places, establishment, on = question
    whole = ruling(Laws((law,)), kinds, places, establishment, on)

    assert is_as_strict(whole, ruling(Laws((law,)), kinds[:1], places, establishment, on))


@given(laws(), QUESTIONS)
def test_every_ground_is_a_figure_of_the_law_and_the_first_decides(law: Law, question) -> None:
    said = ruling(Laws((law,)), *question)
    named = {ground.field for ground in said.grounds}

    assert named <= {field.name for field in law.fields}
    assert (said.default is None) == (not any(name.startswith("consent.") for name in named))


@given(laws())
def test_a_law_is_read_back_as_it_was_stored_or_not_at_all(law: Law) -> None:
    fits = all("odd" not in str(figure.value) for field in law.fields for figure in field.figures)
    if fits:
        assert from_canonical(to_canonical(law)).fields == law.fields
