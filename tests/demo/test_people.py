"""The example's made-up facts and choices follow the rule that is stated, and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from pellucid.demo.people import PLACES, Choice, choices, household, share

HOUSEHOLDS = [household(str(number)) for number in range(1, 20_001)]


def test_the_same_household_always_gets_the_same_facts() -> None:
    first = household("1")

    assert (first.jurisdiction, first.birth_year) == ("US-CA", 1975)
    assert household("1") == first
    assert share("1", "place") == pytest.approx(0.71219, abs=1e-5)


def test_every_household_has_a_mail_address_and_some_have_two() -> None:
    assert (household("7").mail, household("7").second_mail) == ("household-7@customers.kornblume.example", None)
    assert household("101").second_mail == "second-101@customers.kornblume.example"


def test_households_live_where_the_stated_shares_say() -> None:
    lived = Counter(one.jurisdiction for one in HOUSEHOLDS)

    assert sum(part for _, part in PLACES) == pytest.approx(1)
    assert {place: round(count / len(HOUSEHOLDS), 2) for place, count in lived.items()} == dict(PLACES)


def test_some_birth_years_are_unknown_and_a_few_are_those_of_children() -> None:
    years = [one.birth_year for one in HOUSEHOLDS]
    known = [year for year in years if year is not None]

    assert years.count(None) / len(years) == pytest.approx(0.05, abs=0.005)
    assert sum(year >= 2012 for year in known) / len(years) == pytest.approx(0.02, abs=0.005)
    assert (min(known), max(known)) == (1935, 2016)
    assert [year for year in known if 1998 < year < 2012] == []


def test_choices_come_in_order_of_time_and_within_the_stated_days() -> None:
    said = choices(HOUSEHOLDS)

    assert [choice.at for choice in said] == sorted(choice.at for choice in said)
    assert said[0].at >= datetime(2016, 6, 1, tzinfo=UTC)
    assert said[-1].at < datetime(2018, 4, 1, tzinfo=UTC)


def test_the_order_in_which_households_come_does_not_matter() -> None:
    assert choices(HOUSEHOLDS[:500]) == choices(HOUSEHOLDS[499::-1])


def test_whoever_withdraws_had_said_yes_before() -> None:
    said = choices(HOUSEHOLDS)
    given = {(choice.household_id, choice.purpose): choice.at for choice in said if choice.verb == "give"}
    withdrawn = [choice for choice in said if choice.verb == "withdraw"]

    assert len(withdrawn) > 100
    assert [choice for choice in withdrawn if given[choice.household_id, choice.purpose] >= choice.at] == []


def test_households_speak_in_the_words_of_their_law() -> None:
    america = {one.household_id for one in HOUSEHOLDS if one.jurisdiction in ("US-CA", "US-TX")}
    verbs = {(choice.household_id in america, choice.verb) for choice in on("range-planning")}

    assert verbs == {(True, "opt_out"), (False, "object")}
    assert {choice.verb for choice in on("loyalty-offers") if choice.household_id in america} == {"opt_out"}


def on(purpose: str) -> list[Choice]:
    return [choice for choice in choices(HOUSEHOLDS) if choice.purpose == purpose]
