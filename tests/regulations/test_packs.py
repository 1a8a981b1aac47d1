"""Each pack says what the table beside this file says, written down from the sources and not from the packs."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from pellucid.policy.categories import CATEGORIES
from pellucid.regulations.combine import counts_as
from pellucid.regulations.load import from_canonical, shipped, to_canonical
from pellucid.regulations.model import Combine, ConsentDefault, Figure, Value, as_words
from pellucid.regulations.ruling import ruling
from pellucid.regulations.sensitive import TERMS
from pellucid.regulations.vocabulary import KINDS, SECTIONS

from .conftest import TODAY, packs

TABLE = Path(__file__).with_name("figures.csv")
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
UNION = {"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU"}
UNION |= {"MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"}
EEA = UNION | {"IS", "LI", "NO"}
COMBINED = {
    "consent": Combine.LATTICE,
    "ages": Combine.LATTICE,
    "signals": Combine.LATTICE,
    "territory": Combine.UNION,
    "rights": Combine.UNION,
    "sensitive": Combine.UNION,
}
DEEP = ("eu-gdpr", "uk-gdpr", "us-ca-ccpa")


def told(value: Value) -> str:
    """Return a value as the table writes it."""
    if isinstance(value, tuple):
        return " ".join(sorted(value)) or "none"
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)


def told_together(figures: tuple[Figure, ...]) -> str:
    """Return several figures at once as the table writes them: lists as one."""
    if not figures:
        return "absent"
    if len(figures) > 1:
        return told(tuple({word for figure in figures for word in as_words(figure.value)}))
    return told(figures[0].value)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['law']}:{row['field']}:{row['on']}" for row in ROWS])
def test_a_figure_is_what_the_source_says(row: dict[str, str]) -> None:
    figures = shipped()[row["law"]].current(row["field"], date.fromisoformat(row["on"]))

    assert told_together(figures) == row["value"]
    if row["verified"]:
        assert [figure.verified for figure in figures] == [row["verified"] == "true"]
    if figures:
        assert row["cite"] in figures[0].cite
    for said in filter(None, row["says"].split(";")):
        name, _, value = said.partition("=")
        held = figures[0].detail(name)
        assert sorted(told(held).split()) == sorted(value.split())


def test_the_table_is_long_enough_and_knows_every_law() -> None:
    counted = Counter(row["law"] for row in ROWS)

    assert len(ROWS) >= 120
    assert set(counted) == set(shipped())
    assert sum(counted[name] for name in DEEP) > len(ROWS) / 2


def test_there_are_eighteen_laws_and_three_of_them_are_no_drafts() -> None:
    assert len(shipped()) == 18
    assert tuple(name for name, law in shipped().items() if not law.draft) == DEEP
    assert [law.id for law in shipped().values()] == list(shipped())


@pytest.mark.parametrize("name", shipped())
def test_every_figure_has_a_citation_a_combiner_and_dates_in_order(name: str) -> None:
    for field in shipped()[name].fields:
        for figure in field.figures:
            assert figure.cite.strip() != ""
            assert isinstance(figure.verified, bool)
            assert isinstance(figure.combine, Combine)
            assert figure.since is None or figure.until is None or figure.since < figure.until
            assert not figure.overridden


@pytest.mark.parametrize("name", shipped())
def test_what_decides_combines_as_its_kind_of_field_does(name: str) -> None:
    law = shipped()[name]
    for section, combine in COMBINED.items():
        for member in law.members(section):
            if member != "ages.lowest_choice":
                assert {figure.combine for figure in law.figures(member)} == {combine}


@pytest.mark.parametrize("name", shipped())
def test_no_pack_permits_on_an_unverified_figure(name: str) -> None:
    for kind in KINDS:
        for figure in shipped()[name].figures(f"consent.{kind}"):
            if not figure.verified:
                assert counts_as(figure).rank <= ConsentDefault.OPT_IN.rank


@pytest.mark.parametrize("name", shipped())
def test_versions_of_one_default_follow_each_other_without_overlap(name: str) -> None:
    for kind in KINDS:
        figures = shipped()[name].figures(f"consent.{kind}")
        ends = [figure.until for figure in figures[:-1]]
        assert ends == [figure.since for figure in figures[1:]]


@pytest.mark.parametrize("name", DEEP)
def test_a_deep_pack_covers_every_section_and_kind_its_law_speaks_of(name: str) -> None:
    law = shipped()[name]
    silent = {"us-ca-ccpa": {"marketing_automated_calls", "marketing_phone", "marketing_other"}}.get(name, set())

    sections = {section for section in SECTIONS if law.members(section)}
    assert set(SECTIONS) - sections == ({"pending"} if name == "us-ca-ccpa" else set())
    assert {kind for kind in KINDS if not law.figures(f"consent.{kind}")} == silent


def test_the_european_pack_lists_the_whole_union_and_the_economic_area() -> None:
    law = shipped()["eu-gdpr"]

    for name in ("territory.residents", "territory.established"):
        listed = [code for figure in law.current(name, TODAY) for code in as_words(figure.value)]
        assert (len(UNION), sorted(listed)) == (27, sorted(EEA))


@pytest.mark.parametrize("name", shipped())
def test_a_law_rules_on_every_kind_without_findings(name: str) -> None:
    law = shipped()[name]
    places = [code for figure in law.figures("territory.residents") for code in as_words(figure.value)]

    for kind in KINDS:
        for on in (TODAY, date(2028, 1, 1)):
            assert ruling(packs(name), [kind], places, None, on).findings == ()


@pytest.mark.parametrize("name", shipped())
def test_a_law_survives_being_stored(name: str) -> None:
    law = shipped()[name]

    again = from_canonical(to_canonical(law))

    assert again == law
    assert again.fields == law.fields


def test_every_word_for_sensitive_data_is_in_the_table_of_categories() -> None:
    words = {
        word
        for law in shipped().values()
        for name in law.members("sensitive")
        for figure in law.figures(name)
        for word in as_words(figure.value)
    }

    assert words - set(TERMS) == set()
    assert {key for keys in TERMS.values() for key in keys} - set(CATEGORIES) == set()


def test_no_sentence_of_a_pack_is_longer_than_a_sentence() -> None:
    texts = [figure.note for law in shipped().values() for named in law.fields for figure in named.figures]

    assert max(map(len, texts)) <= 220
    assert [text for text in texts if re.search(r"\bTODO\b", text)] == []
