"""What follows from how long datasets, columns and purposes need rows: a rule for each thing that goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pellucid.policy.model import Dataset, Policy, PurposeRetention
from pellucid.policy.retention import (
    Because,
    RetentionRule,
    days_kept,
    days_read,
    ever_over,
    retention_rules,
    rules_version,
)
from tests.policy.conftest import SOUND, Load

BOTH = ("loyalty-offers", "range-planning")


def needing(policy: Policy, days: Mapping[str, int | None], **dataset: object) -> Policy:
    """Return the policy in which purposes need purchases for so long, and the purchases are declared otherwise."""
    purposes = dict(policy.purposes)
    for name, number in days.items():
        needed = () if number is None else (PurposeRetention("transactions", number),)
        purposes[name] = replace(purposes[name], retention=needed)
    changed: Dataset = replace(policy.datasets["transactions"], **dataset)  # type: ignore[arg-type]
    return replace(policy, purposes=purposes, datasets={**policy.datasets, "transactions": changed})


def rules(policy: Policy) -> list[tuple[str | None, int, str, tuple[str, ...]]]:
    found = retention_rules(policy)
    assert {rule.dataset for rule in found} <= {"transactions"}
    return [(rule.column, rule.days, rule.because.value, rule.purposes) for rule in found]


def test_the_retention_of_a_dataset_lets_go_of_its_rows(sound: Policy) -> None:
    assert retention_rules(sound) == (RetentionRule("transactions", None, 1095, Because.DATASET),)


def test_what_another_purpose_still_needs_stays(sound: Policy) -> None:
    policy = needing(sound, {"loyalty-offers": 30, "range-planning": None}, retention_days=None)
    assert rules(policy) == []
    assert days_kept(policy, policy.datasets["transactions"]) is None


def test_a_column_that_every_purpose_that_may_read_it_has_done_with_is_emptied(sound: Policy) -> None:
    policy = needing(sound, {"loyalty-offers": None, "range-planning": 30})
    assert rules(policy) == [
        (None, 1095, "dataset", ()),
        ("sales_value", 30, "purposes", ("range-planning",)),
    ]


def test_rows_that_every_purpose_has_done_with_go_when_the_last_one_has(sound: Policy) -> None:
    policy = needing(sound, {"loyalty-offers": 400, "range-planning": 500})
    assert rules(policy) == [(None, 500, "purposes", BOTH)]
    policy = needing(sound, {"loyalty-offers": 900, "range-planning": 500})
    assert rules(policy) == [(None, 900, "purposes", BOTH), ("sales_value", 500, "purposes", ("range-planning",))]


def test_the_sooner_of_two_rules_counts(sound: Policy) -> None:
    assert rules(needing(sound, {"loyalty-offers": 2000, "range-planning": 2000})) == [(None, 1095, "dataset", ())]


def test_rows_that_a_law_has_kept_stay_for_as_long_as_it_says(sound: Policy) -> None:
    policy = needing(sound, {"loyalty-offers": 30, "range-planning": 20})
    assert rules(policy)[0] == (None, 365, "purposes", BOTH)


def test_what_tells_rows_apart_or_who_is_sensitive_is_not_emptied(sound: Policy) -> None:
    policy = needing(sound, {"loyalty-offers": 30, "range-planning": 20}, keep=None, retention_days=None)
    emptied = {rule.column for rule in retention_rules(needing(policy, {}, keep=sound.datasets["transactions"].keep))}
    assert emptied == {None, "quantity", "sales_value"}  # neither bought, basket_id nor product_id


def test_rows_that_tell_facts_or_lead_to_people_stay(sound: Policy) -> None:
    needed = tuple(PurposeRetention(name, 9) for name in ("baskets", "members"))
    timed = {
        name: replace(sound.datasets[name], time=next(iter(sound.datasets[name].columns)))
        for name in ("baskets", "members")
    }
    purposes = {name: replace(each, retention=needed) for name, each in sound.purposes.items()}
    policy = replace(sound, purposes=purposes, datasets={**sound.datasets, **timed})
    assert {rule.dataset for rule in retention_rules(policy) if rule.column is None} == {"transactions"}


def test_a_purpose_reads_no_older_rows_than_it_needs_nor_than_are_kept(sound: Policy) -> None:
    transactions, offers, planning = sound.datasets["transactions"], *map(sound.purposes.get, BOTH)
    assert offers is not None
    assert planning is not None
    assert (days_read(transactions, offers), days_read(transactions, planning)) == (700, 1095)
    assert days_read(replace(transactions, retention_days=300), offers) == 300
    assert days_read(replace(transactions, retention_days=None), planning) is None
    assert [ever_over(sound, sound.datasets[name]) for name in ("transactions", "members")] == [True, False]


def test_other_rules_have_another_version_and_other_words_have_not(sound: Policy) -> None:
    titled = replace(sound, version="x", controller=replace(sound.controller, name="Other"))
    assert rules_version(titled) == rules_version(sound)
    assert rules_version(needing(sound, {}, retention_days=1094)) != rules_version(sound)
    assert rules_version(needing(sound, {"range-planning": 1000})) != rules_version(sound)


@pytest.mark.parametrize(("days", "found"), [(None, ["built-retention"]), (31, ["built-retention"]), (30, [])])
def test_what_is_made_of_rows_is_over_for_a_purpose_when_they_are(
    days: int | None, found: list[str], load: Load
) -> None:
    """Habits are made of baskets, of which offers need no rows of more than thirty days."""
    habits = "" if days is None else f", habits: {days}"
    text = SOUND.replace("retention_days: {transactions: 700}", f"retention_days: {{baskets: 30{habits}}}")
    text = text.replace("    key: [basket_id]\n", "    key: [basket_id]\n    time: on\n")
    text = text.replace(
        "    columns:\n      basket_id",
        "    columns:\n      on: {type: date, category: user.behavior}\n      basket_id",
    )
    text = text.replace("each household buys\n", "each household buys\n    time: first\n")
    text = text.replace("      visits: {", "      first: {type: date, category: user.behavior}\n      visits: {")
    assert [each.code for each in load(policy=text).findings if each.severity == "error"] == found
