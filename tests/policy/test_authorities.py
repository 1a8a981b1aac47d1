"""Supervisory authorities that a policy names: checked, compared in words, asked for where a law gives a complaint."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pellucid.policy.addresses import is_web_address
from pellucid.policy.checks.laws import check
from pellucid.policy.compare import compare
from pellucid.policy.model import Authority, Policy
from pellucid.regulations.load import shipped
from pellucid.regulations.model import NO_LAWS, Laws

from .conftest import SOUND, Load, place_of

TODAY = date(2026, 11, 29)
WATCH = Authority("The Watch", "https://watch.example", ("DE", "NO"), "Square 1, Berlin", "+49 30 1")
GDPR = Laws((shipped()["eu-gdpr"],))
ONE = "{name: The Watch, web: https://watch.example, jurisdictions: [DE]}"


def naming(policy: Policy, *authorities: Authority) -> Policy:
    return replace(policy, controller=replace(policy.controller, authorities=authorities))


def declared(*authorities: str) -> str:
    return SOUND.replace("officer: pia}", f"officer: pia, authorities: [{', '.join(authorities)}]}}")


def test_it_is_read_with_how_it_is_reached(load: Load) -> None:
    policy = load(policy=declared(ONE.replace("]}", "], address: Square 1, phone: '+49 30 1'}"))).policy

    assert policy is not None
    assert [(each.name, each.reached) for each in policy.controller.authorities] == [
        ("The Watch", ("https://watch.example", "Square 1", "+49 30 1"))
    ]


@pytest.mark.parametrize(
    ("written", "code", "marker", "severity"),
    [
        ([ONE.replace("https", "http")], "web-address-invalid", "web: http://watch", "error"),
        ([ONE.replace("DE]", "Germany]")], "place-invalid", "Germany", "error"),
        ([ONE, ONE.replace("name", "web: https://other.example, name").replace(" web: https://watch.example,", "")],
         "authority-twice", "{web: https://other", "error"),
        ([ONE.replace("DE]", "IN]")], "authority-of-nobody", "{name: The Watch", "warning"),
    ],
)  # fmt: skip
def test_what_nobody_can_use_is_found_where_it_stands(
    load: Load, written: list[str], code: str, marker: str, severity: str
) -> None:
    text = declared(*written)
    found = [(each.code, each.line, each.column, each.severity) for each in load(policy=text).findings]

    assert (code, *place_of(text, marker), severity) in found
    assert {each[0] for each in found} <= {code, "authority-of-nobody"}


@pytest.mark.parametrize(
    ("place", "served"),
    [("DE", True), ("DE-BY", True), ("NO", True), ("FR", False), ("US-CA", False)],
)
def test_a_part_of_a_country_is_served_by_who_serves_the_country(place: str, served: bool) -> None:
    assert WATCH.serves(place) is served


def test_a_country_alone_may_be_any_of_its_parts() -> None:
    state = replace(WATCH, jurisdictions=("US-CA",))

    assert [state.serves(place) for place in ("US", "US-CA", "US-TX")] == [True, True, False]


def test_where_nobody_knows_the_place_all_are_told_and_elsewhere_none_of_another_place(sound: Policy) -> None:
    controller = naming(sound, WATCH).controller

    assert [len(controller.authorities_of(place)) for place in (None, "DE", "US-TX")] == [1, 1, 0]


def test_a_law_with_a_complaint_and_no_authority_is_a_warning_that_names_law_and_places(sound: Policy) -> None:
    missing = [each for each in check(sound, GDPR, TODAY) if each.code == "authority-missing"]

    assert [(each.severity, each.path, each.message) for each in missing] == [
        (
            "warning",
            "controller",
            "Under `eu` people in DE and NO can complain to an authority, by eu-gdpr (Art. 77), and the controller "
            "names none that they can go to.",
        ),
        (
            "warning",
            "controller",
            "Under `us-ca` people in US-CA can complain to an authority, by eu-gdpr (Art. 77), and the controller "
            "names none that they can go to.",
        ),
    ]


def test_only_places_that_no_authority_serves_are_told(sound: Policy) -> None:
    said = naming(sound, replace(WATCH, jurisdictions=("DE", "US")))
    missing = [each.message for each in check(said, GDPR, TODAY) if each.code == "authority-missing"]

    assert [each.partition(" can complain")[0] for each in missing] == ["Under `eu` people in NO"]
    assert [each for each in check(naming(sound), NO_LAWS, TODAY) if each.code == "authority-missing"] == []


def test_a_change_is_told_in_plain_words(sound: Policy) -> None:
    moved = replace(WATCH, phone="+49 30 2")
    told = [each.sentence for each in compare(naming(sound, WATCH), naming(sound, moved)).changes]

    assert told == [
        "Customers are told that they can complain to The Watch (for people in DE and NO; https://watch.example; "
        "Square 1, Berlin; +49 30 2).",
        "Customers are not told any more that they can complain to The Watch (for people in DE and NO; "
        "https://watch.example; Square 1, Berlin; +49 30 1).",
    ]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("https://www.cnil.fr", True),
        ("https://www.cnil.fr/fr/plaintes?from=here#top", True),
        ("http://www.cnil.fr", False),
        ("www.cnil.fr", False),
        ("https://localhost", False),
        ("https://cnil.fr@evil.example", False),
        ("https://cnil.fr/a b", False),
        ("https://cnil.fr/\"onclick='x'", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_page_is_an_encrypted_address_that_can_be_linked_to_as_it_is(text: str, fits: bool) -> None:
    assert is_web_address(text) is fits
