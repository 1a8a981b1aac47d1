"""What the example's households said is admitted as it stands, and leaves each purpose the people its story needs."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from pellucid.consent.admit import admit
from pellucid.consent.effect import Effect
from pellucid.consent.permitted import decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.demo.data import POLICY
from pellucid.demo.people import Choice, choices, household
from pellucid.policy.load import load_policy
from pellucid.policy.model import Policy
from pellucid.records.columns import to_instant

NOW = to_instant(datetime(2026, 11, 23, tzinfo=UTC))
HOUSEHOLDS = [household(str(number)) for number in range(1, 2_001)]


def record_of(choice: Choice) -> ConsentRecord:
    return ConsentRecord(
        namespace="household",
        subject=int(choice.household_id),
        purpose=choice.purpose or None,
        verb=ConsentVerb(choice.verb),
        explicit=choice.explicit,
        covers=Covers(choice.covers),
        notice_version=choice.notice_version,
        channel=choice.channel,
        at=to_instant(choice.at),
    )


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(POLICY)


@pytest.fixture(scope="module")
def effects(policy: Policy) -> dict[str, list[Effect]]:
    facts = {int(one.household_id): SubjectFacts(one.jurisdiction, one.birth_year) for one in HOUSEHOLDS}
    said: dict[int, list[ConsentRecord]] = defaultdict(list)
    for record in map(record_of, choices(HOUSEHOLDS)):
        said[record.subject].append(admit(policy, record, facts[record.subject], said[record.subject], NOW))
    return {
        purpose.name: [decide_subject(policy, purpose, facts[subject], said[subject], NOW).effect for subject in facts]
        for purpose in policy.purposes.values()
    }


def share_of(found: list[Effect], what: str) -> float:
    return sum(getattr(effect, what) not in (False, None) for effect in found) / len(found)


ADULTS_ONLY = 0.98
KNOWN_ADULTS = 0.93


def test_each_purpose_is_left_the_households_that_its_basis_and_their_choices_leave_it(
    effects: dict[str, list[Effect]],
) -> None:
    expected = {
        "customer-care": 0.98 * KNOWN_ADULTS,
        "fraud-prevention": 0.99,
        "loyalty-offers": (0.30 * 0.92 + 0.70 * 0.36) * KNOWN_ADULTS,
        "order-fulfilment": 1.0,
        "partner-advertising": 0.30 * KNOWN_ADULTS,  # Americans; elsewhere nobody was asked yet
        "pharmacy-care": (0.30 + 0.05) * KNOWN_ADULTS,
        "range-planning": 0.96 * ADULTS_ONLY,
        "service-improvement": 0.97,
    }

    assert {name: share_of(found, "plain") for name, found in effects.items()} == pytest.approx(expected, abs=0.02)


def test_only_explicit_consent_opens_rows_that_reveal_health(effects: dict[str, list[Effect]]) -> None:
    opened = {name: share_of(found, "sensitive") for name, found in effects.items()}

    assert opened.pop("pharmacy-care") == pytest.approx(0.30 * (1 - 0.16 * 0.06) * KNOWN_ADULTS, abs=0.02)
    assert set(opened.values()) == {0.0}


def test_some_households_may_be_read_from_their_yes_on_only(effects: dict[str, list[Effect]]) -> None:
    later = {name: share_of(found, "not_before") for name, found in effects.items()}

    assert later.pop("loyalty-offers") == pytest.approx(0.70 * 0.14 * KNOWN_ADULTS, abs=0.02)
    assert later.pop("pharmacy-care") == pytest.approx(0.05 * KNOWN_ADULTS, abs=0.02)
    assert set(later.values()) == {0.0}
