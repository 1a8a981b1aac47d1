"""What laws ask beyond the policy is told with its citation and what follows, exactly where it changes a decision."""

# ruff: noqa: E501 (whole sentences are compared)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from pellucid.consent.person import SubjectFacts
from pellucid.consent.rule import rule_for
from pellucid.policy.checks.laws import check
from pellucid.policy.model import Default, LegalBasis, Policy, RegimeBasis
from pellucid.policy.nodes import Place
from pellucid.records.columns import to_instant
from pellucid.regulations.model import NO_LAWS, Combine, ConsentDefault, Field, Figure, Law, Laws, Value

TODAY = date(2026, 11, 23)
NOW = to_instant(datetime(2026, 11, 23, 12, tzinfo=UTC))


def figure(value: Value, *, verified: bool = True) -> Figure:
    return Figure(value, "s. 7", verified, Combine.LATTICE)


def laws(*places: str, verified: bool = True, **fields: Value) -> Laws:
    """Return one made-up law of people in these places; `consent__sale=...` is the field `consent.sale`."""
    said = [Field(name.replace("__", "."), (figure(value, verified=verified),)) for name, value in fields.items()]
    return Laws((Law("act", "the Act", False, (Field("territory.residents", (figure(places),)), *said)),))


def planning(sound: Policy, **changes: object) -> Policy:
    """Return a policy with one purpose, of analytics, under the regime of DE and NO only."""
    purpose = sound.purposes["range-planning"]
    bases = {"eu": purpose.bases["eu"]}
    regimes = {"eu": sound.regimes["eu"]}
    changed = replace(purpose, bases=bases, **changes)  # type: ignore[arg-type]
    return replace(sound, regimes=regimes, purposes={"range-planning": changed})


def declaring(default: Default) -> dict[str, RegimeBasis]:
    return {"eu": RegimeBasis("eu", LegalBasis.CONTRACT, default)}


def told(policy: Policy, said: Laws) -> list[tuple[str, str, str]]:
    return [(found.code, found.path, found.message) for found in check(policy, said, TODAY)]


def test_without_laws_there_is_nothing_to_tell(sound: Policy) -> None:
    assert check(sound, NO_LAWS, TODAY) == []


def test_a_law_that_asks_for_a_yes_is_told_with_what_follows(sound: Policy) -> None:
    assert told(planning(sound), laws("DE", "NO", consent__own_analytics="opt_in")) == [
        (
            "law-asks-more",
            "purposes.range-planning.basis.eu",
            "Under `eu` `range-planning` declares opt_out; act (s. 7) says `consent.own_analytics`: opt_in. So people there "
            "count as having said no until they agree.",
        )
    ]


def test_a_law_of_one_place_names_the_place(sound: Policy) -> None:
    found = told(planning(sound), laws("NO", consent__own_analytics="prohibited"))

    assert found == [
        ("place-without-law", "regimes.eu.jurisdictions", "No law that was signed off is that of people in DE."),
        (
            "law-prohibits",
            "purposes.range-planning.basis.eu",
            "Under `eu`, in NO, `range-planning` declares opt_out; act (s. 7) says `consent.own_analytics`: prohibited. So "
            "nobody there is permitted, whatever they say.",
        ),
    ]


def test_an_unverified_figure_says_what_it_counts_as(sound: Policy) -> None:
    (found,) = told(planning(sound), laws("DE", "NO", consent__own_analytics="opt_out", verified=False))

    assert "says `consent.own_analytics`: opt_out, unverified: counts as opt_in. So people" in found[2]


def test_a_place_covered_by_the_establishment_only_is_told_as_such(sound: Policy) -> None:
    act = laws("FR")
    (law,) = act.packs
    reaching = Laws((replace(law, fields=(*law.fields, Field("territory.established", (figure(("IE",)),)))),))
    policy = planning(sound)
    served = replace(policy, regimes={"eu": replace(policy.regimes["eu"], establishment="IE")})

    assert told(served, reaching) == [
        (
            "place-without-law",
            "regimes.eu.jurisdictions",
            "No law that was signed off is that of people in DE and NO. Only what holds for the establishment in IE holds "
            "there.",
        )
    ]


@pytest.mark.parametrize(
    ("said", "changes", "follows"),
    [
        ({"ages__prohibited_below": 20}, {}, ["law-prohibits: nobody there below 20 years is permitted."]),
        ({"ages__prohibited_below": 16}, {}, []),
        (
            {"ages__prohibited_below": 16},
            {"guardian": True},
            ["law-prohibits: nobody there below 16 years is permitted."],
        ),
        (
            {"ages__opt_in_below": 16},
            {"minimum_age": 13},
            ["law-asks-more: people there below 16 years count as having said no until they agree."],
        ),
        ({"ages__opt_in_below": 16}, {"minimum_age": 13, "bases": declaring(Default.OPT_IN)}, []),
        ({"ages__guardian_below": 16}, {"minimum_age": 13}, []),
        (
            {"ages__guardian_below": 16},
            {"minimum_age": 13, "bases": declaring(Default.OPT_IN)},
            ["law-asks-more: of people there below 16 years only a guardian's yes counts."],
        ),
        ({"ages__guardian_below": 16}, {"bases": declaring(Default.OPT_IN)}, []),
    ],
)
def test_ages_are_told_where_the_policy_takes_such_people(
    sound: Policy, said: dict[str, Value], changes: dict[str, object], follows: list[str]
) -> None:
    policy = planning(sound)
    purpose = replace(policy.purposes["range-planning"], **changes)  # type: ignore[arg-type]
    found = told(replace(policy, purposes={"range-planning": purpose}), laws("DE", "NO", **said))

    assert [f"{code}: {message.rpartition('. So ')[2]}" for code, _, message in found] == follows


def test_a_finding_stands_where_the_caller_places_it(sound: Policy) -> None:
    found = check(
        planning(sound),
        laws("DE", "NO", consent__own_analytics="opt_in"),
        TODAY,
        lambda location: Place("policy.yaml", len(location), 3),
    )

    assert [(each.path, each.line, each.column, each.severity) for each in found] == [("policy.yaml", 4, 3, "warning")]


def test_a_law_that_is_not_in_force_yet_asks_nothing(sound: Policy) -> None:
    later = replace(figure("opt_in"), since=date(2027, 1, 1))
    act = Law(
        "act",
        "the Act",
        False,
        (Field("territory.residents", (figure(("DE", "NO")),)), Field("consent.own_analytics", (later,))),
    )

    assert check(planning(sound), Laws((act,)), TODAY) == []
    assert [found.code for found in check(planning(sound), Laws((act,)), date(2027, 1, 1))] == ["law-asks-more"]


@pytest.mark.parametrize("soft_opt_in", [False, True])
@pytest.mark.parametrize("declared", Default)
@pytest.mark.parametrize("asked", ConsentDefault)
def test_what_is_told_is_what_decides(
    sound: Policy, asked: ConsentDefault, declared: Default, *, soft_opt_in: bool
) -> None:
    said = laws("DE", "NO", consent__own_analytics=asked.value)
    policy = planning(sound, soft_opt_in=soft_opt_in)
    purpose = replace(policy.purposes["range-planning"], bases=declaring(declared))
    policy = replace(policy, purposes={"range-planning": purpose}, laws=said)

    rule = rule_for(policy, purpose, SubjectFacts("DE"), NOW)
    codes = [found.code for found in check(policy, said, TODAY)]

    assert rule is not None
    stricter = rule.default is not declared or (rule.explicit and declared is Default.OPT_IN)
    assert codes == (["law-prohibits"] if rule.prohibited else ["law-asks-more"] if stricter else [])
