"""A text becomes a law, or every finding at once, each where it stands."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import InputInvalid, NameUnknown, PolicyInvalid
from pellucid.regulations.load import from_canonical, pack, read, shipped, to_canonical
from pellucid.regulations.model import Combine, Figure

SOUND = """\
law: xx-test
name: A law
draft: false
territory:
  residents: {combine: union, value: [DE, NO], cite: s. 1, verified: true}
consent:
  sale:
    combine: lattice
    versions:
      - {value: opt_out, cite: s. 2, verified: true, to: 2026-01-01}
      - {value: conditional, fallback: opt_in, cite: s. 2a, verified: false, from: 2026-01-01, note: New.}
rights: {combine: union, value: [access, erasure], cite: s. 3, verified: true}
ages:
  guardian_below:
    {combine: lattice, value: 16, cite: s. 4, verified: true, by_place: {DE: {value: 14, cite: s. 5, verified: false}}}
"""

BROKEN = """\
law: xx-test
name: 2018
territory:
  residents: {combine: union, value: DE, cite: s. 1, verified: true}
  citizens: {combine: union, value: [DE], cite: s. 1, verified: true}
consent:
  sale: {value: opt_out, cite: s. 2, verified: true}
  selling: {combine: lattice, value: opt_out, cite: s. 2, verified: true}
  share: {combine: strictest, value: perhaps, verified: true}
  profiling: {combine: lattice, value: conditional, fallbak: opt_in, cite: s. 2}
deadlines:
  respond: {combine: earliest_date, value: 30, unit: weeks, cite: s, verified: true, from: 2026-02-01, to: 2026-01-01}
  acknowledge: {combine: earliest_date, value: 3, unit: hours, cite: s. 3, verified: true, from: soon}
signals:
  gpc: {combine: lattice, value: true, also: [selling], cite: s. 4, verified: true}
consents: {}
rights: true
"""


def place(marker: str, text: str = BROKEN) -> tuple[int, int]:
    """Return the 1-based line and column at which a marker stands."""
    before = text[: text.index(marker)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def test_a_sound_text_becomes_a_law() -> None:
    law = read(SOUND)

    assert (law.id, law.name, law.draft) == ("xx-test", "A law", False)
    assert [named.name for named in law.fields] == [
        "ages.guardian_below",
        "ages.guardian_below@DE",
        "consent.sale",
        "rights",
        "territory.residents",
    ]
    assert law.figures("territory.residents")[0].value == ("DE", "NO")
    assert law.figures("consent.sale") == (
        Figure("opt_out", "s. 2", True, Combine.LATTICE, None, date(2026, 1, 1)),
        Figure(
            "conditional",
            "s. 2a",
            False,
            Combine.LATTICE,
            date(2026, 1, 1),
            note="New.",
            details=(("fallback", "opt_in"),),
        ),
    )
    assert law.figures("ages.guardian_below@DE")[0].combine is Combine.LATTICE


def test_bytes_and_comments_change_nothing_and_any_figure_does() -> None:
    assert read(SOUND.encode() + b"# nothing new\n").version == read(SOUND).version
    assert read(SOUND.replace("s. 2a", "s. 2b")).version != read(SOUND).version
    assert read(SOUND.replace("draft: false", "draft: true")).version != read(SOUND).version


def test_every_finding_is_reported_at_once_where_it_stands() -> None:
    with pytest.raises(PolicyInvalid, match=r"has \d+ errors") as raised:
        read(BROKEN, "broken.yaml")

    found = {(one.line, one.column, one.code) for one in raised.value.findings}
    assert found == {
        (1, 1, "missing-key"),
        (*place("2018"), "wrong-type"),
        (*place("residents"), "misfit"),
        (*place("citizens"), "misfit"),
        (*place("sale:"), "no-combiner"),
        (*place("selling:"), "misfit"),
        (*place("strictest"), "unknown-combiner"),
        (*place("share:"), "no-citation"),
        (*place("share:"), "misfit"),
        (*place("fallbak"), "unknown-key"),
        (*place("profiling:"), "not-said-verified"),
        (*place("weeks"), "wrong-value"),
        (*place("to: 2026"), "dates"),
        (*place("soon"), "no-date"),
        (*place("[selling]"), "unknown-kind"),
        (*place("consents"), "unknown-section"),
        (*place("rights"), "wrong-type"),
    }
    assert [one for one in raised.value.findings if not one.remedy or one.path != "broken.yaml"] == []
    assert {one.remedy for one in raised.value.findings if one.code == "unknown-key"} == {"Did you mean `fallback`?"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 1),
        ("- law", "wrong-type", 1),
        ("law: a: b", "not-yaml", 1),
        ("law: a\nlaw: b\n", "duplicate-key", 2),
        ("law: &a x\nname: *a\n", "alias", 1),
        ("law: !odd x\n", "tag", 1),
        (b"law: \xff\n", "not-utf-8", 1),
        ("law: a\nname: " + "[" * 20 + "]" * 20, "too-deep", 2),
        ("[" * 200_000, "not-yaml", 1),
        ("x" * 1_000_001, "too-long", 1),
        ("? [a]\n: b\n", "key-not-text", 1),
        ("law: a\0b", "not-yaml", 1),
    ],
)
def test_what_is_no_pack_is_a_finding(text: str | bytes, code: str, line: int) -> None:
    with pytest.raises(PolicyInvalid, match="error") as raised:
        read(text)

    assert (code, line) in [(one.code, one.line) for one in raised.value.findings]


@given(st.text() | st.binary())
def test_whatever_the_text_reading_finds_and_never_crashes(text: str | bytes) -> None:
    with pytest.raises(PolicyInvalid, match="error"):
        read(text)


@given(st.integers(0, len(SOUND) - 1), st.sampled_from(["", "x", ":", "{", "\n", " ", "-", "&a", "*a", "!", "é"]))
def test_a_sound_text_with_one_thing_changed_is_read_or_has_findings(at: int, sign: str) -> None:
    try:
        law = read(SOUND[:at] + sign + SOUND[at + 1 :])
    except PolicyInvalid as refused:
        assert refused.findings != ()
    else:
        assert from_canonical(to_canonical(law)) == law


def test_a_pack_is_named_or_the_names_are_told() -> None:
    assert pack("eu-gdpr") == shipped()["eu-gdpr"]
    with pytest.raises(NameUnknown, match=r"There is no law 'gdpr'\. Known: au-privacy-act, "):
        pack("gdpr")


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        to_canonical(shipped()["sg-pdpa"]) + b" ",
        to_canonical(shipped()["sg-pdpa"]).replace(b"lattice", b"trellis"),
        to_canonical(shipped()["sg-pdpa"]).replace(b'"value":"opt_in"', b'"value":"opt_inn"'),
        to_canonical(shipped()["sg-pdpa"]).replace(b"2014-07-02", b"2014-07-32"),
    ],
)
def test_bytes_that_no_law_writes_are_refused(stored: bytes) -> None:
    with pytest.raises(InputInvalid, match="stored law cannot be read"):
        from_canonical(stored)
