"""What changed between two versions of a law, whether it tightens, and one field beside that of other laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pellucid.regulations.compare import Effect, beside, compare
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Combine, Field, Figure, Law, Value

from .conftest import figure, law

TIGHTENS, LOOSENS = Effect.TIGHTENS, Effect.LOOSENS


def limit(value: Value, unit: str = "calendar_days", combine: Combine = Combine.EARLIEST_DATE) -> Figure:
    return figure(value, details=(("unit", unit),), combine=combine)


def changed(name: str, old: Figure | None, new: Figure | None) -> Effect:
    """Return the effect of one field's change."""
    was = () if old is None else (Field(name, (old,)),)
    now = () if new is None else (Field(name, (new,)),)
    (change,) = compare(Law("one", "One", False, was), Law("one", "One", False, now))
    assert (change.field, change.old, change.new) == (name, (old,) if old else (), (new,) if new else ())
    return change.effect


@pytest.mark.parametrize(
    ("name", "old", "new", "effect"),
    [
        ("consent.sale", figure("opt_out"), figure("opt_in"), Effect.TIGHTENS),
        ("consent.sale", figure("opt_in"), figure("notice_only"), Effect.LOOSENS),
        ("consent.sale", figure("opt_out"), figure("opt_out", verified=False), Effect.TIGHTENS),
        ("consent.sale", figure("opt_in"), figure("conditional"), Effect.SAME),
        ("consent.sale", None, figure("not_regulated"), Effect.TIGHTENS),
        ("ages.guardian_below", figure(16), figure(13), Effect.LOOSENS),
        ("ages.guardian_below@DE", figure(13), figure(14), Effect.TIGHTENS),
        ("signals.gpc", figure(False), figure(True), Effect.TIGHTENS),
        ("rights", figure(("access",)), figure(("access", "erasure")), Effect.TIGHTENS),
        ("rights", figure(("access",)), figure(("erasure",)), Effect.UNORDERED),
        ("rights.access", figure(True), None, Effect.LOOSENS),
        ("bases", figure(("consent",)), figure(("consent", "contract")), Effect.UNORDERED),
        ("deadlines.respond", limit(45), limit(30), Effect.TIGHTENS),
        ("deadlines.respond", limit(30), limit(1, "calendar_month"), Effect.UNORDERED),
        ("deadlines.respond", limit(30), limit(None), Effect.UNORDERED),
        ("deadlines.respond", limit(30), replace(limit(30), cite="s. 2", verified=False), Effect.SAME),
        ("deadlines.acknowledge", None, limit(10), Effect.TIGHTENS),
        ("deadlines.acknowledge", limit(10), None, Effect.LOOSENS),
        ("deadlines.extension", None, limit(10, combine=Combine.PER_LAW), Effect.UNORDERED),
        (
            "deadlines.re_ask_after_opt_out",
            limit(6, combine=Combine.LATTICE),
            limit(12, combine=Combine.LATTICE),
            TIGHTENS,
        ),
        ("deadlines.pause", figure(False, combine=Combine.PER_LAW), figure(True, combine=Combine.PER_LAW), LOOSENS),
        ("breach.authority", limit(24, "hours"), limit(72, "hours"), Effect.LOOSENS),
        ("penalties.fine", figure(1), figure(2), Effect.UNORDERED),
    ],
)
def test_a_change_tightens_loosens_or_has_no_order(
    name: str, old: Figure | None, new: Figure | None, effect: Effect
) -> None:
    assert changed(name, old, new) is effect


def test_new_words_alone_change_nothing() -> None:
    assert changed("consent.sale", figure("opt_in"), replace(figure("opt_in"), note="Clearer.")) is Effect.SAME


def test_a_change_that_comes_later_counts_by_what_it_will_do() -> None:
    day = date(2027, 1, 1)
    old = law("one", ("DE",), consent__sale=figure("opt_out"))
    later = law("one", ("DE",), consent__sale=(figure("opt_out", until=day), figure("opt_in", since=day)))
    mixed = law("one", ("DE",), consent__sale=(figure("notice_only", until=day), figure("opt_in", since=day)))

    assert [change.effect for change in compare(old, later)] == [Effect.TIGHTENS]
    assert [change.effect for change in compare(old, mixed)] == [Effect.UNORDERED]


def test_a_law_does_not_differ_from_itself() -> None:
    for one in shipped().values():
        assert compare(one, one) == ()


def test_one_field_beside_that_of_other_laws() -> None:
    rows = beside(shipped().values(), "ages.guardian_below")

    table: list[tuple[str, Value, bool]] = [(row.law, row.value, row.verified) for row in rows]
    assert table == [
        ("br-lgpd", 12, True),
        ("ca-pipeda", 13, False),
        ("ca-qc-law25", 14, True),
        ("cn-pipl", 14, False),
        ("eu-gdpr", 16, True),
        ("in-dpdp", 18, True),
        ("kr-pipa", 14, False),
        ("sg-pdpa", 13, False),
        ("uk-gdpr", 13, True),
        ("us-ca-ccpa", 13, True),
        ("us-co-cpa", 13, False),
        ("us-ct-ctdpa", 13, False),
        ("us-tx-tdpsa", 13, True),
        ("us-va-vcdpa", 13, True),
        ("za-popia", 18, False),
    ]
    assert len(beside(shipped().values(), "breach.authority_communications")) == 2
