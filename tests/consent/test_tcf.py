"""TC strings: the reference encoder's own examples, what is refused, and that nothing odd gets through."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.consent.signals import PROFILING, TARGETED_ADVERTISING, SignalReading
from pellucid.consent.tcf import REFUSALS, TCF_KINDS, TCF_PLACES, decode_tcf, read_tcf
from pellucid.errors import InputInvalid
from tests.consent.signal_strings import ALPHABET, bits, encoded, tc_string

VECTORS = json.loads((Path(__file__).parent / "data" / "tcf_vectors.json").read_text(encoding="utf-8"))["strings"]
NAMES = {
    "CmpId": "cmp",
    "CmpVersion": "cmp_version",
    "ConsentScreen": "screen",
    "ConsentLanguage": "language",
    "VendorListVersion": "vendor_list_version",
    "PolicyVersion": "policy_version",
    "IsServiceSpecific": "service_specific",
    "PublisherCountryCode": "publisher_country",
}
SETS = {
    "SpecialFeatureOptins": "special_features",
    "PurposeConsents": "consents",
    "PurposeLegitimateInterests": "legitimate_interests",
}
RANGES = {"VendorConsents": "vendor_consents", "VendorLegitimateInterests": "vendor_interests"}


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000)


def vendors(found: tuple[tuple[int, int], ...]) -> list[int]:
    return [vendor for first, last in found for vendor in range(first, last + 1)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: str(each["string"][:16]))
def test_the_reference_encoders_strings_are_read_as_it_reads_them(vector: dict[str, Any]) -> None:
    found, fields = decode_tcf(vector["string"]), vector["fields"]
    for name, member in NAMES.items():
        if name in fields:
            assert getattr(found, member) == fields[name]
    for name, member in SETS.items():
        if name in fields:
            assert getattr(found, member) == set(fields[name])
    for name, member in RANGES.items():
        if name in fields:
            assert vendors(getattr(found, member)) == fields[name]
        if f"{name}.length" in fields:
            assert len(vendors(getattr(found, member))) == fields[f"{name}.length"]
    for name, member in (("Created", "created"), ("LastUpdated", "updated")):
        if name in fields:
            assert getattr(found, member) == micros(fields[name])


def test_there_are_examples_of_each_form() -> None:
    assert len(VECTORS) == 10
    assert sum("VendorConsents.length" in each["fields"] for each in VECTORS) == 2


def test_no_purpose_consented_to_refuses_advertising_and_profiling() -> None:
    assert read_tcf(tc_string()) == SignalReading("tcf", TCF_KINDS, jurisdictions=TCF_PLACES)


def test_every_purpose_consented_to_refuses_nothing_and_gives_nothing() -> None:
    reading = read_tcf(tc_string(consents=range(1, 12)))
    assert reading == SignalReading("tcf", jurisdictions=TCF_PLACES)
    assert reading.gives == ()


@given(st.frozensets(st.integers(1, 24)), st.frozensets(st.integers(1, 24)))
def test_what_is_refused_is_what_the_missing_consents_stand_for(
    consents: frozenset[int], interests: frozenset[int]
) -> None:
    reading = read_tcf(tc_string(consents=consents, interests=interests))
    advertising, profiles = {2, 3, 4, 7} <= consents, {3, 4, 5, 6} <= consents
    assert (TARGETED_ADVERTISING in reading.opts_out) == (not advertising)
    assert (PROFILING in reading.opts_out) == (not profiles)
    assert not reading.malformed


def test_a_legitimate_interest_does_not_stand_in_for_a_consent() -> None:
    reading = read_tcf(tc_string(consents=[3, 4, 5, 6, 7], interests=[2]))
    assert reading.opts_out == {TARGETED_ADVERTISING}


def test_the_mapping_names_no_kind_beyond_what_a_tc_string_can_speak_of() -> None:
    assert frozenset[str]().union(*REFUSALS.values()) == TCF_KINDS


def test_without_a_consent_to_the_controller_as_vendor_everything_is_refused() -> None:
    text = tc_string(consents=range(1, 12), vendors=[2, 6, 700])
    assert read_tcf(text, vendor=6).opts_out == frozenset()
    assert read_tcf(text, vendor=7).opts_out == TCF_KINDS


def test_an_empty_string_says_nothing() -> None:
    assert read_tcf("") == SignalReading("tcf", jurisdictions=TCF_PLACES)


GOOD = tc_string(consents=range(1, 12))
MALFORMED = {
    "no base64url": "C+",
    "version 1": "B" + GOOD[1:],
    "cut short": GOOD[:-1][:30],
    "a bit in the padding": GOOD[:-1] + "B",
    "a character too many": GOOD + "AAAQ",
    "a segment of type 4": GOOD + ".gAAA",
    "a core as segment": GOOD + "." + GOOD,
    "a segment twice": GOOD + ".IAAA.IAAA",
    "an empty segment": GOOD + ".",
    "updated before created": tc_string(created=2, updated=1),
    "a language of digits": tc_string(language=(26, 0)),
    "a stretch of vendors that ends before it begins": tc_string(ranges=[(7, 6)]),
    "vendor 0": tc_string(ranges=[(0, 6)]),
    "a vendor beyond the largest": tc_string(ranges=[(1, 9)], most=8),
    "a restriction of type 3": tc_string(restriction=(2, 3)),
    "a restriction of purpose 0": tc_string(restriction=(0, 1)),
    "much too long": "C" * 20_000,
    "spaces": f" {GOOD}",
    "not ASCII": GOOD.replace("A", "Α", 1),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_is_read_as_a_no_to_all(text: str) -> None:
    assert read_tcf(text) == SignalReading("tcf", TCF_KINDS, malformed=True, jurisdictions=TCF_PLACES)
    with pytest.raises(InputInvalid, match="This is no signal string") as caught:
        decode_tcf(text)
    assert caught.value.code == "signal-malformed"
    assert text not in caught.value.message


def test_a_publishers_restriction_and_segments_change_nothing() -> None:
    text = tc_string(consents=range(1, 12), restriction=(2, 1))
    assert read_tcf(f"{text}.IAAA.YAAAAAAAAAAA.QAAA").opts_out == frozenset()


def test_a_few_bytes_that_name_many_vendors_are_not_spelled_out() -> None:
    text = tc_string(consents=range(1, 12), ranges=[(1, 65_535)] * 2_000, most=65_535)
    assert read_tcf(text, vendor=65_535).opts_out == frozenset()


@given(st.one_of(st.text(), st.text(ALPHABET + ".~", max_size=200), st.text(ALPHABET).map(lambda text: "C" + text)))
def test_any_string_ends_in_a_reading(text: str) -> None:
    reading = read_tcf(text)
    assert reading.opts_out <= TCF_KINDS
    assert not reading.malformed or reading.opts_out == TCF_KINDS
    assert reading.gives == ()


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(ALPHABET))
def test_a_string_changed_in_one_place_ends_in_a_reading(place: int, character: str) -> None:
    reading = read_tcf(GOOD[:place] + character + GOOD[place + 1 :])
    assert not reading.malformed or reading.opts_out == TCF_KINDS


def test_the_tests_own_encoder_writes_what_the_reference_encoder_writes() -> None:
    assert encoded(bits(3, 6) + bits(1, 6) + bits(0, 12)) == "DBAA"
