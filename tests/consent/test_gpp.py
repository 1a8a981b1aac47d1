"""GPP strings: the reference encoder's own examples of every section, the meaning of each answer, and oddities."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.consent.gpp import SECTIONS, USP_KINDS, read_gpp
from pellucid.consent.signal_bits import Bits
from pellucid.consent.signals import (
    GPC_KINDS,
    KINDS,
    SALE,
    SENSITIVE_DATA,
    SHARE,
    TARGETED_ADVERTISING,
    SignalReading,
    opted_out,
)
from pellucid.consent.tcf import TCF_KINDS, TCF_PLACES
from tests.consent.signal_strings import ALPHABET, bits, encoded, fibonacci, gpp_header, tc_string

VECTORS = json.loads((Path(__file__).parent / "data" / "gpp_vectors.json").read_text(encoding="utf-8"))["strings"]
NUMBERS = {layout.name: number for number, layout in SECTIONS.items()}
TWICE = "BAAAVVVVUQA.QA"
"""A string that the reference encoder makes of values that do not fit version 1; it drops those that are too many."""


def of_section(name: str, text: str) -> SignalReading:
    (reading,) = read_gpp(f"{gpp_header([NUMBERS[name]])}~{text}")
    return reading


def everything(section: str) -> set[str]:
    kinds = {SALE, TARGETED_ADVERTISING} | ({SENSITIVE_DATA} if section != "usmd" else set())
    has_gpc = section not in ("usva", "usut", "usfl", "usin", "usky", "usri")
    return kinds | ({SHARE} if has_gpc else set())


def expected(section: str, fields: dict[str, Any]) -> set[str]:
    """Return what the fields mean, from the specification's words and not from the reader."""
    child = fields.get("KnownChildSensitiveDataConsents", 0)
    if 1 in (child if isinstance(child, list) else [child]):
        return everything(section)
    found = set()
    if fields.get("SaleOptOut") == 1:
        found.add(SALE)
    if fields.get("SharingOptOut") == 1:
        found |= {SHARE, TARGETED_ADVERTISING} if section == "usca" else {SHARE}
    if fields.get("TargetedAdvertisingOptOut") == 1:
        found.add(TARGETED_ADVERTISING)
    if 1 in fields.get("SensitiveDataProcessing", []):
        found.add(SENSITIVE_DATA)
    if fields.get("Gpc") and fields.get("GpcSegmentIncluded", True):
        found |= GPC_KINDS
    return found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['section']}-{each['string']}")
def test_the_reference_encoders_strings_mean_what_it_was_told(vector: dict[str, Any]) -> None:
    section = vector["section"]
    reading = of_section(section, vector["string"])
    assert reading.opts_out == expected(section, vector["fields"])
    assert reading.source == f"gpp:{section}"
    assert not reading.malformed


def test_there_are_examples_of_every_section_of_the_united_states() -> None:
    assert {each["section"] for each in VECTORS} == NUMBERS.keys()
    assert len(VECTORS) == 64
    assert len(SECTIONS) == 21


def core(name: str, **answers: int) -> str:
    """Write a section's core with all answers 0 but those given, each in every place of its field."""
    layout = SECTIONS[NUMBERS[name]]
    said = {"covered": 1} | answers
    opts = ["sale", "share", "ads"] if len(layout.opts) == 3 else ["sale", "share" if name == "usca" else "ads"]
    field = lambda answer, count: bits(said.get(answer, 0), 2) * count  # noqa: E731
    return encoded(
        bits(layout.versions[-1], 6)
        + (field("covered", 1) + field("mode", 1) if layout.leading else "")
        + field("notice", layout.notices)
        + "".join(field(each, 1) for each in opts)
        + field("sensitive", layout.sensitive)
        + field("child", layout.child)
        + field("further", layout.further)
        + ("" if layout.leading else field("covered", 1) + field("mode", 2))
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_section_in_which_nothing_was_refused_opts_out_of_nothing(name: str) -> None:
    for answer in (0, 2):
        text = core(name, sale=answer, share=answer, ads=answer, sensitive=answer, child=answer, further=answer)
        reading = of_section(name, text)
        assert (reading.opts_out, reading.malformed, reading.gives) == (frozenset(), False, ())
        assert reading.jurisdictions == (SECTIONS[NUMBERS[name]].place,)


@pytest.mark.parametrize("name", NUMBERS)
def test_each_answer_opts_out_of_its_own_kind(name: str) -> None:
    assert of_section(name, core(name, sale=1)).opts_out == {SALE}
    assert of_section(name, core(name, notice=1, further=1, mode=2)).opts_out == frozenset()
    if name != "usca":
        assert of_section(name, core(name, ads=1)).opts_out == {TARGETED_ADVERTISING}
    if SECTIONS[NUMBERS[name]].sensitive:
        assert of_section(name, core(name, sensitive=1)).opts_out == {SENSITIVE_DATA}
    if SECTIONS[NUMBERS[name]].child:
        assert of_section(name, core(name, child=1)).opts_out == everything(name)


def test_in_california_not_to_share_is_not_to_advertise_across_contexts() -> None:
    assert of_section("usca", core("usca", share=1)).opts_out == {SHARE, TARGETED_ADVERTISING}
    assert of_section("usnat", core("usnat", share=1)).opts_out == {SHARE}


@pytest.mark.parametrize("name", NUMBERS)
def test_an_answer_that_is_none_makes_the_section_a_no_to_all_that_it_speaks_of(name: str) -> None:
    for field in ("notice", "sale", "further", "mode", "covered"):
        reading = of_section(name, core(name, **{field: 3}))
        if (field, name) != ("further", name) or SECTIONS[NUMBERS[name]].further:
            assert (reading.opts_out, reading.malformed) == (everything(name), True)


def test_gpc_in_a_section_counts_as_the_header_does() -> None:
    assert of_section("usnat", f"{core('usnat')}.YA").opts_out == GPC_KINDS
    assert of_section("usnat", f"{core('usnat')}.Y").opts_out == GPC_KINDS
    assert of_section("usnat", f"{core('usnat')}.QA").opts_out == frozenset()


def test_consents_to_sensitive_data_stand_in_a_segment_of_their_own_in_newer_sections() -> None:
    assert of_section("usin", f"{core('usin')}.{encoded('10' * 8)}").opts_out == frozenset()
    assert of_section("usin", f"{core('usin')}.{encoded('10' * 7 + '01')}").opts_out == {SENSITIVE_DATA}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "BVVV",
        core("usca") + "AAAQ",
        core("usca") + ".",
        core("usca") + ".gA",
        core("usca") + ".YA.YA",
        core("usca").replace("B", "C", 1),
        core("usca", covered=0),
        core("usca") + "~",
    ],
)
def test_a_malformed_section_is_a_no_to_all_that_it_speaks_of(text: str) -> None:
    readings = read_gpp(f"{gpp_header([8])}~{text}")
    assert opted_out(readings) >= everything("usca")
    assert all(reading.malformed for reading in readings)


@pytest.mark.parametrize(
    "text",
    ["D", "DBAB", "DBABTA", "DBABTA~1YNN~1YNN", "DBABTA~", "1YNN", "DCAA", "~", "DBAAB", "DBA~", "D" * 20_000, "é"],
)
def test_a_malformed_string_is_a_no_to_everything(text: str) -> None:
    readings = read_gpp(text)
    if text == "DBABTA~":  # the section is there, and empty
        assert readings == (SignalReading("gpp:uspv1", USP_KINDS, malformed=True, jurisdictions=("US",)),)
    else:
        assert readings == (SignalReading("gpp", KINDS, malformed=True),)


def test_a_header_that_names_more_sections_than_there_can_be_is_malformed() -> None:
    many = encoded(bits(3, 6) + bits(1, 6) + bits(1, 12) + "1" + fibonacci(1) + fibonacci(60_000))
    assert read_gpp(f"{many}~1YNN") == (SignalReading("gpp", KINDS, malformed=True),)


@pytest.mark.parametrize(
    ("text", "said"), [("1YYN", USP_KINDS), ("1NYN", USP_KINDS), ("1YNN", frozenset()), ("1---", frozenset())]
)
def test_a_us_privacy_string_opts_out_by_its_third_letter(text: str, said: frozenset[str]) -> None:
    assert read_gpp(f"DBABTA~{text}") == (SignalReading("gpp:uspv1", said, jurisdictions=("US",)),)


@pytest.mark.parametrize("text", ["2YNN", "1yyn", "1YY", "1YYNN", "1YYN\n"])
def test_a_malformed_us_privacy_string_opts_out(text: str) -> None:
    (reading,) = read_gpp(f"DBABTA~{text}")
    assert (reading.opts_out, reading.malformed) == (USP_KINDS, True)


def test_the_european_section_is_read_as_a_tc_string() -> None:
    refused, consented = tc_string(), tc_string(consents=range(1, 12))
    (reading,) = read_gpp(f"DBABMA~{refused}")
    assert reading == SignalReading("gpp:tcfeuv2", TCF_KINDS, jurisdictions=TCF_PLACES)
    assert opted_out(read_gpp(f"DBABMA~{consented}")) == frozenset()
    (empty,) = read_gpp("DBABMA~")
    assert (empty.opts_out, empty.malformed) == (TCF_KINDS, True)


def test_a_bare_tc_string_is_recognised_by_its_first_letter() -> None:
    assert read_gpp(tc_string()) == (SignalReading("tcf", TCF_KINDS, jurisdictions=TCF_PLACES),)


def test_a_section_that_is_not_known_is_a_no_to_everything() -> None:
    assert read_gpp(f"{gpp_header([5])}~BAAA") == (SignalReading("gpp:5", KINDS, malformed=True),)
    assert read_gpp(f"{gpp_header([41])}~BAAA") == (SignalReading("gpp:41", KINDS, malformed=True),)


def test_one_malformed_section_leaves_the_others_as_they_are() -> None:
    text = f"{gpp_header([7, 8])}~{core('usnat')}~zzz"
    assert [reading.malformed for reading in read_gpp(text)] == [False, True]


def test_no_string_and_no_section_say_nothing() -> None:
    assert read_gpp("") == ()
    assert read_gpp("DBAA") == ()


@pytest.mark.parametrize(("text", "sections"), [("DBABM", [2]), ("DBACNY", [2, 6]), ("DBABjw", [5, 6])])
def test_the_headers_of_the_specification_are_read(text: str, sections: list[int]) -> None:
    readings = read_gpp("~".join([text, *["1YNN"] * len(sections)]))
    names = {2: "gpp:tcfeuv2", 5: "gpp:5", 6: "gpp:uspv1"}
    assert [reading.source for reading in readings] == [names[section] for section in sections]


def test_the_whole_string_of_the_reference_encoder_with_all_its_sections_is_read() -> None:
    text = (
        "DBACOcGA~CPSG_8APSG_8ANwAAAENAAFgAAAAAAAAAAAAAAAAAAAA.IAAA.YAAAAAAAAAAA~BPSG_8APSG_8AAAAAAENAACAAAAAAAAAAAAAAAA"
        "AAA.YAAAAAAAAAA~1---~BAAAAAAAAQA.QA~BAAAAABA.QA~BAAAABA~BAAAAEA.QA~BAAAAAQA~BAAAAAEA.QA~BAAAAABA~BAAAAABA.QA~BAA"
        "AAAABAA.QA~BAAAAAQA.QA~BAAAAAABAA.QA~BAAAAAQA.QA~BAAAAAQA.QA~BAAAAABA.QA~BAAAAAAAQA.QA~BAAAAAQA.QA~BAAAAAQA.QA~B"
        "QAA.QA~BQAA.AAA~BQAA.AAA~BQAA.AAA"
    )
    readings = {reading.source: reading for reading in read_gpp(text)}
    assert len(readings) == 24
    assert [source for source, reading in readings.items() if reading.malformed] == ["gpp:5"]
    assert [source for source, reading in readings.items() if reading.opts_out] == ["gpp:tcfeuv2", "gpp:5"]


@given(st.integers(1, 10_000))
def test_fibonacci_codes_are_read_as_they_are_written(value: int) -> None:
    assert Bits(encoded(fibonacci(value))).fibonacci() == value


STRINGS = st.one_of(
    st.text(),
    st.text(ALPHABET + ".~", max_size=300).map(lambda text: f"DBA{text}"),
    st.tuples(st.lists(st.integers(1, 30), unique=True, min_size=1).map(sorted), st.text(ALPHABET + ".~")).map(
        lambda pair: f"{gpp_header(pair[0])}~{pair[1]}"
    ),
    st.tuples(st.sampled_from(VECTORS), st.integers(0, 14), st.sampled_from(ALPHABET + ".~")).map(
        lambda drawn: (
            f"{gpp_header([NUMBERS[drawn[0]['section']]])}~"
            f"{drawn[0]['string'][: drawn[1]]}{drawn[2]}{drawn[0]['string'][drawn[1] + 1 :]}"
        )
    ),
)


@given(STRINGS)
def test_any_string_ends_in_readings_that_take_away_or_leave_and_never_give(text: str) -> None:
    for reading in read_gpp(text):
        assert reading.opts_out <= KINDS
        assert reading.gives == ()
        assert not reading.malformed or reading.opts_out
