"""Signing laws off and answering for their figures: each decides from then on, and everybody's permission follows."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from pellucid.audit.log import actions
from pellucid.consent import register
from pellucid.consent.effect import Effect
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.sets import read_set
from pellucid.consent.submission import Submission
from pellucid.errors import InputInvalid, NameUnknown, RecordingFailed
from pellucid.governance.activate import activate, active_policy
from pellucid.governance.laws import OVERRIDDEN, SIGNED_OFF, marks, override, restore, sign_off, withdraw
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.canonical import with_version
from pellucid.policy.model import Policy
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.records.tables import law_packs
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Override
from pellucid.subjects.keys import SubjectKeys
from tests.consent.conftest import (
    ADULT_YEAR,
    ALICE,
    CUSTOMER,
    DAY,
    INTERESTS_EU,
    NOW,
    OPT_OUT_US,
    PIA,
    add_subjects,
    make_policy,
    make_purpose,
)
from tests.regulations.conftest import figure, law

GDPR = shipped()["eu-gdpr"]
TODAY = from_instant(NOW).date()
FIELD = "consent.targeted_advertising"


@pytest.fixture
def database(control: Database) -> Database:
    """Give a workspace's records: alice in Germany, and a purpose declared opt-out that the GDPR has opt-in."""
    ads = make_purpose("ads", INTERESTS_EU, OPT_OUT_US, kinds=("targeted_advertising",))
    activate(control, with_version(make_policy(ads)), PIA, NOW, schema_hash=schema_hash)
    add_subjects(control, ("DE", ADULT_YEAR))
    with control.write() as connection:
        register.subjects_added(connection, _policy(connection), CUSTOMER, 0, 1, (), NOW)
    return control


def _policy(connection: object) -> Policy:
    found = active_policy(connection)  # type: ignore[arg-type]
    assert found is not None
    return found


def policy_of(database: Database) -> Policy:
    with database.read() as connection:
        return _policy(connection)


def permitted(database: Database) -> bool:
    with database.read() as connection:
        return read_set(connection, "ads", CUSTOMER).effect(ALICE) == Effect(plain=True)


def sign(database: Database, now: int = NOW) -> None:
    sign_off(database, GDPR, policy_of(database), PIA, "read by counsel", now)


def say(value: str, since: date | None = None, until: date | None = None) -> Override:
    return Override("eu-gdpr", FIELD, value, "our own reading", since, until, "counsel's advice", "pia")


def test_a_law_decides_from_its_sign_off_until_it_is_withdrawn(database: Database) -> None:
    assert permitted(database)
    sign(database)
    assert not permitted(database)
    withdraw(database, "eu-gdpr", policy_of(database), PIA, "wrong version", NOW)
    assert permitted(database)
    with database.read() as connection:
        assert actions(connection)[-2:] == ("law.signed-off", "law.withdrawn")


def test_the_policy_in_force_carries_the_laws_and_their_version(database: Database) -> None:
    before = policy_of(database)
    sign(database)
    after = policy_of(database)
    assert (before.laws.version, after.version) == ("", before.version)
    assert [law.id for law in after.laws.packs] == ["eu-gdpr"]
    assert before.in_force != after.in_force


def test_what_was_permitted_under_other_laws_is_not_recorded(database: Database) -> None:
    stale, keys = policy_of(database), SubjectKeys(b"k" * 32)
    sign(database)
    item = ConsentRecord(CUSTOMER, ALICE, "ads", ConsentVerb.OBJECT, at=NOW)
    with database.write() as connection:
        (outcome,) = register.record_each(connection, keys, [Submission(stale, (item,), PIA)], NOW)
    assert isinstance(outcome, RecordingFailed) and outcome.code == "policy-overtaken"


def test_activating_a_policy_keeps_the_laws(database: Database) -> None:
    sign(database)
    activate(database, with_version(make_policy()), PIA, NOW, schema_hash=schema_hash)
    assert [law.id for law in policy_of(database).laws.packs] == ["eu-gdpr"]


def test_an_override_holds_between_its_dates_at_their_instants(database: Database) -> None:
    sign(database)
    later = date.fromordinal(TODAY.toordinal() + 2)
    override(database, say("opt_out", later, date.fromordinal(later.toordinal() + 3)), policy_of(database), PIA, NOW)
    expected = {0: False, 1: False, 2: True, 4: True, 5: False}
    midnight = NOW - NOW % DAY
    for days, wanted in expected.items():
        with database.write() as connection:
            if register.is_due(connection, midnight + days * DAY + (days == 0)):
                register.advance(connection, _policy(connection), midnight + days * DAY)
        assert permitted(database) is wanted, days


@pytest.mark.parametrize("earlier", [False, True], ids=["as the pack says", "a day earlier"])
def test_a_law_begins_at_midnight_utc_or_a_day_earlier_where_one_says_so(database: Database, earlier: bool) -> None:
    begins, midnight = date.fromordinal(TODAY.toordinal() + 2), NOW - NOW % DAY + 2 * DAY
    german = law("de-ads", ("DE",), consent__targeted_advertising=figure("opt_in", since=begins))
    sign_off(database, german, policy_of(database), PIA, "read by counsel", NOW)
    if earlier:
        eve = date.fromordinal(begins.toordinal() - 1)
        said = Override("de-ads", FIELD, "opt_in", "midnight in Berlin", eve, begins, "it is earlier there", "pia")
        override(database, said, policy_of(database), PIA, NOW)
        midnight -= DAY
    for now, wanted in ((midnight - 1, True), (midnight, False), (midnight + 2 * DAY, False)):
        with database.write() as connection:
            if register.is_due(connection, now):
                register.advance(connection, _policy(connection), now)
        assert permitted(database) is wanted


def test_a_figure_that_is_restored_is_the_laws_own_again(database: Database) -> None:
    sign(database)
    override(database, say("opt_out"), policy_of(database), PIA, NOW)
    assert permitted(database)
    restore(database, "eu-gdpr", FIELD, policy_of(database), PIA, "was wrong", NOW)
    assert not permitted(database)
    with database.read() as connection:
        assert {(mark.law, mark.field, mark.state) for mark in marks(connection)} >= {("eu-gdpr", "", SIGNED_OFF)}
        assert OVERRIDDEN not in {mark.state for mark in marks(connection)}


def test_signing_the_same_version_off_twice_is_refused(database: Database) -> None:
    sign(database)
    with pytest.raises(InputInvalid, match="signed off already"):
        sign(database)


def test_a_decision_needs_its_reason(database: Database) -> None:
    with pytest.raises(InputInvalid, match="needs its reason"):
        sign_off(database, GDPR, policy_of(database), PIA, " ", NOW)


def test_a_law_that_does_not_decide_is_not_overridden_withdrawn_or_restored(database: Database) -> None:
    policy = policy_of(database)
    with pytest.raises(NameUnknown):
        override(database, say("opt_out"), policy, PIA, NOW)
    with pytest.raises(NameUnknown):
        withdraw(database, "eu-gdpr", policy, PIA, "x", NOW)
    with pytest.raises(NameUnknown):
        restore(database, "eu-gdpr", FIELD, policy, PIA, "x", NOW)


def test_a_pack_that_was_altered_below_the_product_stops_everything(database: Database) -> None:
    sign(database)
    from pellucid.governance import activate as stored
    from pellucid.governance import laws

    stored._CACHE.clear()
    laws._CACHE.clear()
    with database.write() as connection:
        connection.execute(update(law_packs).values(content=b"{}"))
    with pytest.raises(InputInvalid), database.read() as connection:
        active_policy(connection)


def test_an_expiry_before_a_law_ends_is_due_after_everything_was_made_anew(control: Database) -> None:
    """Two people said yes on different days; the law that asks for it ends by date after the first yes expires."""
    ads = make_purpose("ads", INTERESTS_EU, OPT_OUT_US, kinds=("own_analytics",), consent_days=30)
    activate(control, with_version(make_policy(ads)), PIA, NOW, schema_hash=schema_hash)
    add_subjects(control, ("DE", ADULT_YEAR), ("DE", ADULT_YEAR))
    keys, ends = SubjectKeys(b"k" * 32), date.fromordinal(TODAY.toordinal() + 28)
    sign(control)
    said = Override("eu-gdpr", "consent.own_analytics", "opt_in", "our reading", None, ends, "counsel", "pia")
    override(control, said, policy_of(control), PIA, NOW)
    with control.write() as connection:
        register.subjects_added(connection, _policy(connection), CUSTOMER, 0, 2, (), NOW)
        yes = [
            ConsentRecord(CUSTOMER, subject, "ads", ConsentVerb.GIVE, covers=Covers.HELD_DATA, at=NOW - days * DAY)
            for subject, days in ((0, 1), (1, 20))
        ]
        register.record(connection, keys, _policy(connection), yes, PIA, NOW)
    with control.write() as connection:
        register.rebuild(connection, _policy(connection), NOW)
    expired = NOW + 10 * DAY
    with control.write() as connection:
        assert register.is_due(connection, expired)
        register.advance(connection, _policy(connection), expired)
        sets = read_set(connection, "ads", CUSTOMER)
        assert (sets.effect(0), sets.effect(1)) == (Effect(plain=True), Effect())
