"""What the laws say of a purpose: the strictest counts, nothing permits unverified, every answer has its grounds."""

from __future__ import annotations

import time
import timeit
from dataclasses import replace
from datetime import date

import pytest

from pellucid.errors import InputInvalid, NameUnknown
from pellucid.regulations.load import shipped
from pellucid.regulations.model import NO_LAWS, ConsentDefault, Field, Laws, Override
from pellucid.regulations.ruling import applying, rights, ruling, sensitive_categories

from .conftest import TODAY, figure, law, packs

OPT_IN = ConsentDefault.OPT_IN
OPT_OUT = ConsentDefault.OPT_OUT


def override(name: str, value: str | int | bool | tuple[str, ...], **more: object) -> Override:
    given = {"law": "eu-gdpr", "cite": "counsel's note", "since": None, "until": None, "reason": "asked", "by": "pia"}
    return Override(field=name, value=value, **(given | more))  # type: ignore[arg-type]


def test_no_laws_say_nothing() -> None:
    said = ruling(NO_LAWS, ["sale"], ["DE"], "DE", TODAY)

    assert (said.default, said.guardian_below, said.opt_in_below, said.signals) == (None, 0, 0, ())
    assert (said.grounds, said.findings, said.until, NO_LAWS.version) == ((), (), None, "")


def test_without_kinds_only_the_ages_speak(deep: Laws) -> None:
    said = ruling(deep, [], ["US-CA"], None, TODAY)

    assert (said.default, said.guardian_below, said.opt_in_below, said.signals) == (None, 13, 0, ())


def test_a_californian_may_opt_out_of_sale_and_minors_are_asked(deep: Laws) -> None:
    said = ruling(deep, ["sale"], ["US-CA"], None, TODAY)

    assert (said.default, said.guardian_below, said.opt_in_below, said.signals) == (OPT_OUT, 13, 16, ("gpc",))
    assert [ground.field for ground in said.grounds] == [
        "consent.sale",
        "ages.guardian_below",
        "ages.opt_in_below",
        "signals.gpc",
    ]


def test_own_analytics_is_no_sale_so_the_signal_does_not_touch_it(deep: Laws) -> None:
    said = ruling(deep, ["own_analytics"], ["US-CA"], None, TODAY)

    assert (said.default, said.opt_in_below, said.signals) == (ConsentDefault.NOTICE_ONLY, 0, ())


def test_of_several_kinds_the_strictest_counts(deep: Laws) -> None:
    said = ruling(deep, ["own_analytics", "sensitive_data"], ["DE"], None, TODAY)

    assert said.default is ConsentDefault.EXPLICIT_OPT_IN
    assert [ground.field for ground in said.grounds][:1] == ["consent.sensitive_data"]
    assert [ground.field for ground in said.grounds][-1:] == ["consent.own_analytics"]


def test_where_it_is_not_known_where_somebody_lives_all_their_laws_count(deep: Laws) -> None:
    said = ruling(deep, ["sale"], ["US-CA", "FR"], None, TODAY)

    assert (said.default, said.guardian_below, said.opt_in_below, said.signals) == (OPT_IN, 16, 16, ("gpc",))
    assert [(ground.law, ground.value) for ground in said.grounds if ground.field == "consent.sale"] == [
        ("eu-gdpr", "conditional: counts as opt_in"),
        ("us-ca-ccpa", "opt_out"),
    ]


def test_an_establishment_in_the_union_brings_the_gdpr_to_anybody(deep: Laws) -> None:
    assert [one.id for one in applying(deep, ["US-CA"], "DE", TODAY)] == ["eu-gdpr", "us-ca-ccpa"]
    assert [one.id for one in applying(deep, ["JP"], "DE", TODAY)] == ["eu-gdpr"]
    assert [one.id for one in applying(deep, ["JP"], None, TODAY)] == []
    assert ruling(deep, ["sale"], ["JP"], "DE-BY", TODAY).guardian_below == 16


def test_a_state_meets_its_own_law_and_the_country_s_and_a_country_those_of_its_parts() -> None:
    laws = Laws((law("federal", ("US",)), law("state", ("US-CA",)), law("other", ("US-TX",))))

    def names(*places: str) -> list[str]:
        return [one.id for one in applying(laws, places, None, TODAY)]

    assert names("US-CA") == ["federal", "state"]
    assert names("US-NY") == ["federal"]
    assert names("US") == ["federal", "state", "other"]
    assert names("UZ") == []


def test_a_law_does_not_apply_before_its_day() -> None:
    laws = packs("us-ca-ccpa", "in-dpdp")

    assert [one.id for one in applying(laws, ["US-CA"], None, date(2019, 12, 31))] == []
    assert ruling(laws, ["sale"], ["US-CA"], None, date(2019, 12, 31)).until == date(2020, 1, 1)
    assert ruling(laws, ["sale"], ["IN"], None, TODAY).default is None
    assert ruling(laws, ["sale"], ["IN"], None, date(2027, 5, 13)).default is OPT_IN


def test_automated_decisions_in_california_get_an_opt_out_in_2027(deep: Laws) -> None:
    before = ruling(deep, ["significant_decisions"], ["US-CA"], None, date(2026, 12, 31))
    after = ruling(deep, ["significant_decisions"], ["US-CA"], None, date(2027, 1, 1))

    assert (before.default, before.until) == (None, date(2027, 1, 1))
    assert (after.default, after.until) == (OPT_OUT, None)


@pytest.mark.parametrize(
    ("written", "verified", "fallback", "counted"),
    [
        ("notice_only", True, None, "notice_only"),
        ("notice_only", False, None, "opt_in"),
        ("not_regulated", False, None, "opt_in"),
        ("opt_in_or_soft_opt_in", False, None, "opt_in"),
        ("explicit_opt_in", False, None, "explicit_opt_in"),
        ("prohibited", False, None, "prohibited"),
        ("conditional", True, None, "opt_in"),
        ("conditional", True, "opt_out", "opt_out"),
        ("conditional", False, "opt_out", "opt_in"),
        ("conditional", False, "explicit_opt_in", "explicit_opt_in"),
    ],
)
def test_an_unverified_default_tightens_but_never_permits(
    written: str, verified: bool, fallback: str | None, counted: str
) -> None:
    details = (("fallback", fallback),) if fallback else ()
    laws = Laws((law("one", ("DE",), consent__sale=figure(written, verified=verified, details=details)),))

    said = ruling(laws, ["sale"], ["DE"], None, TODAY)

    assert said.default is ConsentDefault(counted)
    assert said.findings == ()


def test_an_unverified_age_of_a_member_state_does_not_lower_the_age() -> None:
    laws = packs("eu-gdpr")

    assert ruling(laws, ["sale"], ["EE"], None, TODAY).guardian_below == 16
    confirmed = Laws(laws.packs, (override("ages.guardian_below@EE", 13),))
    assert ruling(confirmed, ["sale"], ["EE"], None, TODAY).guardian_below == 13
    assert ruling(confirmed, ["sale"], ["EE", "LV"], None, TODAY).guardian_below == 16
    assert ruling(confirmed, ["sale"], ["DE"], None, TODAY).guardian_below == 16
    assert ruling(confirmed, ["sale"], ["EE", "JP"], "EE", TODAY).guardian_below == 16


def test_a_part_of_a_country_may_have_an_age_of_its_own() -> None:
    one = law("one", ("DE",), ages__guardian_below=figure(16))
    aged = replace(one, fields=(*one.fields, Field("ages.guardian_below@DE-BY", (figure(14),))))

    ages = [ruling(Laws((aged,)), ["sale"], [place], None, TODAY).guardian_below for place in ("DE-BY", "DE-BE", "DE")]

    assert ages == [14, 16, 16]


def test_an_unverified_age_counts_where_it_protects_more() -> None:
    laws = Laws((law("one", ("DE",), ages__guardian_below=(figure(13), figure(15, verified=False))),))

    said = ruling(laws, ["sale"], ["DE"], None, TODAY)

    assert said.guardian_below == 15
    assert [(ground.value, ground.verified) for ground in said.grounds] == [("15", False), ("13", True)]


def test_a_ban_on_minors_is_told_and_also_means_that_silence_is_no() -> None:
    laws = packs("us-ct-ctdpa")

    said = ruling(laws, ["targeted_advertising"], ["US-CT"], None, TODAY)

    assert (said.prohibited_below, said.opt_in_below, said.guardian_below) == (18, 18, 13)
    assert ruling(laws, ["own_analytics"], ["US-CT"], None, TODAY).prohibited_below == 0


def test_a_signal_also_opts_out_of_what_the_law_adds() -> None:
    laws = Laws((law("one", ("DE",), signals__gpc=figure(True, verified=False, details=(("also", ("profiling",)),))),))

    assert ruling(laws, ["profiling"], ["DE"], None, TODAY).signals == ("gpc",)
    assert ruling(laws, ["share"], ["DE"], None, TODAY).signals == ("gpc",)
    assert ruling(laws, ["own_analytics"], ["DE"], None, TODAY).signals == ()


def test_an_override_replaces_the_figure_and_says_whose_it_is() -> None:
    laws = Laws(packs("uk-gdpr").packs, (override("consent.own_analytics", "opt_out", law="uk-gdpr"),))

    said = ruling(laws, ["own_analytics"], ["GB"], None, TODAY)

    assert ruling(packs("uk-gdpr"), ["own_analytics"], ["GB"], None, TODAY).default is OPT_IN
    assert said.default is OPT_OUT
    assert (said.grounds[0].cite, said.grounds[0].verified, said.grounds[0].overridden) == (
        "counsel's note",
        True,
        True,
    )


def test_an_override_counts_only_between_its_dates() -> None:
    dated = override("consent.profiling", "opt_in", since=date(2027, 1, 1), until=date(2028, 1, 1))
    laws = Laws(packs("eu-gdpr").packs, (dated,))

    days = [date(2026, 12, 31), date(2027, 1, 1), date(2027, 12, 31), date(2028, 1, 1)]
    said = [ruling(laws, ["profiling"], ["DE"], None, day) for day in days]

    assert [one.default for one in said] == [
        ConsentDefault.LEGITIMATE_BASIS_WITH_OBJECTION,
        OPT_IN,
        OPT_IN,
        ConsentDefault.LEGITIMATE_BASIS_WITH_OBJECTION,
    ]
    assert [one.until for one in said] == [date(2027, 1, 1), date(2028, 1, 1), date(2028, 1, 1), None]


def test_what_cannot_be_ordered_is_a_finding_and_the_strictest_is_taken() -> None:
    odd = law("odd", ("DE",), consent__sale=figure("ask_nicely"))
    loose = law("loose", ("DE",), consent__sale=figure("opt_out", combine=None))
    twice = law("twice", ("DE",), consent__sale=(figure("opt_out"), figure("opt_in")))

    said = ruling(Laws((odd, loose, twice)), ["sale"], ["DE"], None, TODAY)

    assert said.default is ConsentDefault.PROHIBITED
    assert said.findings == (
        "odd: `consent.sale` cannot be ordered: ask_nicely: counts as prohibited.",
        "loose: `consent.sale` should combine by `lattice`, its combiner is none; the strictest was taken.",
        "twice: `consent.sale` has several figures at once; the strictest was taken.",
    )


def test_an_unknown_kind_is_refused(deep: Laws) -> None:
    with pytest.raises(NameUnknown, match="There is no kind of purpose 'selling'"):
        ruling(deep, ["selling"], ["DE"], None, TODAY)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "consent.selling", "value": "opt_in"}, "`selling` is not a member of `consent`"),
        ({"name": "consent.sale", "value": "maybe"}, "`maybe` is no consent default"),
        ({"name": "ages.guardian_below@DE", "value": "old"}, "`old` is no age in years"),
        ({"name": "consent.sale@DE", "value": "prohibited"}, "`consent` is the same in every place"),
        ({"name": "signals.gpc@US-CA", "value": True}, "`signals` is the same in every place"),
        ({"name": "deadlines.respond@DE", "value": 30}, "`deadlines` is the same in every place"),
        ({"name": "signals.gpc", "value": "yes"}, "`yes` is not true or false"),
        ({"name": "gods.will", "value": 1}, "`gods` is not a section of a law"),
        ({"name": "consent.sale", "value": "opt_in", "reason": " "}, "it has no `reason`"),
        (
            {"name": "consent.sale", "value": "opt_in", "since": TODAY, "until": TODAY},
            "it ends on 2026-11-23, not after 2026-11-23",
        ),
    ],
)
def test_an_override_that_fits_no_field_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(InputInvalid, match="cannot be used") as refused:
        override(**change)  # type: ignore[arg-type]

    assert problem in refused.value.message
    assert (refused.value.code, refused.value.remedy != "") == ("override-invalid", True)


def test_an_override_of_a_law_or_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(NameUnknown, match="There is no law 'eu-gdpr'"):
        Laws(packs("uk-gdpr").packs, (override("consent.sale", "opt_in"),))
    with pytest.raises(NameUnknown, match=r"There is no field of eu-gdpr 'deadlines\.repond'"):
        Laws(packs("eu-gdpr").packs, (override("deadlines.repond", 30),))
    with pytest.raises(InputInvalid, match="The law 'uk-gdpr' is there twice"):
        Laws(packs("uk-gdpr").packs * 2)


def test_the_version_is_that_of_the_content_in_any_order() -> None:
    one, other = packs("eu-gdpr", "uk-gdpr"), packs("uk-gdpr", "eu-gdpr")
    overridden = Laws(one.packs, (override("consent.sale", "opt_in"),))

    assert (one.version, hash(one), one) == (other.version, hash(other), other)
    assert len(one.version) == 64
    assert len({one.version, overridden.version, packs("eu-gdpr").version, ""}) == 4


def test_rights_and_sensitive_categories_of_all_laws_are_joined() -> None:
    laws = packs("eu-gdpr", "us-ca-ccpa", "us-va-vcdpa")

    given = rights(laws, ["DE", "US-CA", "US-VA"], TODAY)
    kinds = sensitive_categories(laws, ["DE", "US-CA"], TODAY)

    assert {("erasure", "eu-gdpr"), ("delete", "us-ca-ccpa"), ("appeal", "us-va-vcdpa")} <= {
        (right.id, right.law) for right in given
    }
    assert "admt_opt_out_and_access" not in {right.id for right in given}
    assert "admt_opt_out_and_access" in {right.id for right in rights(laws, ["US-CA"], date(2027, 1, 1))}
    assert {(kind.term, kind.categories) for kind in kinds} >= {
        ("health", ("user.health_and_medical",)),
        ("precise_geolocation", ("user.location.precise",)),
        ("political_opinions", ("user.demographic.political_opinion",)),
    }
    assert {kind.term for kind in sensitive_categories(laws, ["US-CA"], TODAY)}.isdisjoint({"political_opinions"})
    assert rights(laws, ["JP"], TODAY) == ()


def test_a_remembered_ruling_comes_back_at_once(deep: Laws) -> None:
    def ask() -> object:
        return ruling(deep, ("sale",), ("US-CA",), None, TODAY)

    ask()
    best = min(timeit.repeat(ask, timer=time.thread_time, number=10_000, repeat=5)) / 10_000

    assert ask() is ask()
    assert best < 10e-6  # 0.6 µs of a processor, whatever else the machine does


def test_drafts_inform_but_decide_only_where_signed_off() -> None:
    assert shipped()["us-va-vcdpa"].draft
    assert ruling(packs("eu-gdpr"), ["sale"], ["US-VA"], None, TODAY).default is None
    assert ruling(packs("us-va-vcdpa"), ["sale"], ["US-VA"], None, TODAY).default is OPT_OUT
