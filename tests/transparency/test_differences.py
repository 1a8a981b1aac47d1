"""What differs between two notices is told in plain words, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.policy.model import Policy, PurposeRetention
from pellucid.regulations.model import NO_LAWS
from pellucid.transparency.differences import differences
from pellucid.transparency.notices import make

from .conftest import LANGUAGES, NOW, altered, grocer, with_dataset, with_purpose

BASE = grocer()


def told(new: Policy, language: str = "en", old: Policy = BASE) -> tuple[str, ...]:
    return differences(make(old, NOW), make(new, NOW), language)


def more_recipients(name: str, *recipients: str) -> Policy:
    return with_purpose(BASE, name, recipients=(*BASE.purposes[name].recipients, *recipients))


PLANNING = BASE.purposes["range-planning"]
NEWLY_GIVEN = with_purpose(BASE, "partner-advertising", recipients=("hosting",))
CASES = [
    (
        with_dataset(BASE, "transactions", retention_days=730),
        (
            "Purchases, one row a product in a basket: kept for 2 years instead of 20 years.",
            "Purchases, one row a product in a basket: No longer said: Some of this goes sooner, after 5 years: "
            "financial details.",
            "Receipts, returns and refunds, Purchases, one row a product in a basket: there is no limit of 5 years of "
            "its own any more.",
        ),
    ),
    (
        with_purpose(BASE, "range-planning", retention=(PurposeRetention("transactions", 730),)),
        (
            "Planning what the shops sell, Purchases, one row a product in a basket: now only entries of the last 2 "
            "years are used.",
        ),
    ),
    (
        with_purpose(BASE, "order-fulfilment", retention=(PurposeRetention("transactions", 730),)),
        (
            "Receipts, returns and refunds, Purchases, one row a product in a basket: only entries of the last 2 years "
            "are used, instead of 5 years.",
            "Purchases, one row a product in a basket, financial details: kept for 2 years instead of 5 years.",
        ),
    ),
    (
        with_dataset(BASE, "transactions", retention_days=None),
        (
            "Purchases, one row a product in a basket: kept for no fixed time instead of 20 years.",
            "Purchases, one row a product in a basket: “No end is fixed: we keep them until you have them erased.” "
            "instead of “We keep each entry for 20 years.”",
        ),
    ),
    (NEWLY_GIVEN, ("No longer a recipient: Advertising partners, who are told figures, never about people.",)),
    (
        with_purpose(BASE, "range-planning", categories=(*PLANNING.categories, "user.demographic.income")),
        ("Planning what the shops sell: we now use income too.",),
    ),
    (
        with_purpose(BASE, "pharmacy-care", consent_days=365),
        ("Advice on health in the shops: a yes now ends after 1 year instead of 20 years.",),
    ),
    (
        with_purpose(BASE, "range-planning", minimum_age=16),
        ("Planning what the shops sell: now from 16 years on instead of 18.",),
    ),
    (
        altered(BASE, controller=replace(BASE.controller, contact="post@kornblume.example")),
        (
            "Write to post@kornblume.example instead of privacy@kornblume.example.",
            "“To use a right, write to post@kornblume.example.” instead of "
            "“To use a right, write to privacy@kornblume.example.”",
        ),
    ),
    (
        altered(BASE, purposes={name: each for name, each in BASE.purposes.items() if name != "range-planning"}),
        (
            "No longer a recipient: Suppliers who are told figures about their own range, never about people.",
            "No longer a purpose: Planning what the shops sell.",
            "“For some purposes exact figures leave too. A second person has to approve them, and each counts at least "
            "20 people or households.” instead of “For some purposes exact figures leave too. A second person has to "
            "approve them, and each counts at least 10 people or households.”",
        ),
    ),
    (
        with_dataset(BASE, "transactions", title="Baskets"),
        ("The data “Purchases, one row a product in a basket” are now called “Baskets”.",),
    ),
    (
        with_purpose(BASE, "range-planning", title="Stock"),
        (
            "The purpose “Planning what the shops sell” is now called “Stock”.",
            "Suppliers who are told figures about their own range, never about people: "
            "“For: “Stock”.” instead of “For: “Planning what the shops sell”.”",
        ),
    ),
]


@pytest.mark.parametrize(("new", "expected"), CASES, ids=[case[1][0][:40] for case in CASES])
def test_a_difference_is_told_in_plain_words(new: Policy, expected: tuple[str, ...]) -> None:
    assert sorted(told(new)) == sorted(expected)


def test_a_new_recipient_is_told_once_and_in_every_language() -> None:
    new = [told(BASE, language, NEWLY_GIVEN) for language in LANGUAGES]

    assert [len(each) for each in new] == [1, 1, 1, 1]
    assert new[1] == ("Neuer Empfänger: Werbepartner, die Zahlen erfahren, nie etwas über Einzelne.",)
    assert new[3][0].startswith("Nouveau destinataire\xa0: Partenaires publicitaires")


def test_rights_that_come_with_a_law_are_told_with_where_they_hold() -> None:
    found = told(BASE, "en", replace(BASE, laws=NO_LAWS))

    assert (
        "New right (European Union (GDPR)): You can ask whether we hold data about you, and have a copy of them."
    ) in found
    assert "European Union (GDPR): No longer said: Write to us to ask which rights the law gives you there." in found


def test_a_choice_that_a_law_makes_stricter_is_told_under_its_purpose() -> None:
    purpose = BASE.purposes["partner-advertising"]
    loose = {**purpose.bases, "eu": replace(purpose.bases["us-tx"], regime="eu")}
    policy = with_purpose(replace(BASE, laws=NO_LAWS), "partner-advertising", bases=loose)

    stricter = told(replace(policy, laws=BASE.laws), "en", policy)

    assert any(each.startswith("Showing fitting advertisements elsewhere: New: European Union") for each in stricter)


def test_there_is_no_difference_to_itself() -> None:
    assert [told(BASE, language) for language in LANGUAGES] == [(), (), (), ()]


EDITED = [case[0] for case in CASES]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([BASE, *EDITED]), st.sampled_from([BASE, *EDITED]), st.sampled_from(LANGUAGES))
def test_there_is_a_difference_exactly_if_the_full_layers_differ(old: Policy, new: Policy, language: str) -> None:
    before, after = make(old, NOW), make(new, NOW)
    same = before.telling(language).layer("full") == after.telling(language).layer("full")

    assert (differences(before, after, language) == ()) == same
