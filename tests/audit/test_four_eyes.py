"""Where two people are asked for, nobody is two: not by a token that they made, nor by an agent they registered."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from pellucid.audit.four_eyes import AT_FIRST, people_behind, staff_named, why_not_another
from pellucid.governance.tokens import create_token
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.records.rights_tables import agents
from pellucid.records.web_tables import staff_accounts, staff_invitations
from tests.audit.conftest import NOON, PIA

OMAR = staff_named("omar")
FORMER, UNKNOWN = (Actor("program", "shop", (), how) for how in ("kept", "token:none"))
BROKER = Actor("agent", "broker", (), "ed25519")


@pytest.fixture
def tokens(database: Database) -> dict[str, Actor]:
    """Pia made the shop's token, and omar one by which a program asks as ana."""
    with database.write() as connection:
        shop = create_token(connection, b"k", "shop", ["request:file"], 9, PIA, NOON)
    with database.write() as connection:
        asks = create_token(connection, b"k", "asks", ["insights:ask"], 9, OMAR, NOON, "ana")
    with database.write() as connection:
        kept = {"id": "broker", "name": "B", "key": b"k", "made_by": "pia", "made_at": NOON}
        connection.execute(insert(agents).values(kept))
    return {"shop": shop.token.actor, "asks": Actor("staff", "ana", (), f"token:{asks.token.id}")}


def test_who_made_a_token_or_registered_an_agent_stands_behind_it(database: Database, tokens: dict[str, Actor]) -> None:
    asked = (*tokens.values(), FORMER, UNKNOWN, BROKER, PIA)
    with database.read() as connection:
        found = [people_behind(connection, each, NOON) for each in asked]
    assert found == [
        {"shop", "pia"},
        {"ana", "omar"},
        {"shop", "pia"},
        {"shop"},
        {"broker", "pia"},
        {"pia"},
    ]


def another(database: Database, first: Actor, second: Actor, now: int = NOON) -> str:
    with database.read() as connection:
        return why_not_another(connection, first, second, "asked", now)


def test_one_person_is_not_two_whichever_comes_first(database: Database, tokens: dict[str, Actor]) -> None:
    shop, asks = tokens["shop"], tokens["asks"]
    said = [another(database, first, second) for first, second in ((shop, PIA), (PIA, shop), (OMAR, asks), (PIA, PIA))]
    assert said == [
        "'shop' asked, and one person stands behind 'shop' and 'pia'",
        "'pia' asked, and one person stands behind 'pia' and 'shop'",
        "'omar' asked, and one person stands behind 'omar' and 'ana'",
        "'pia' asked",
    ]
    assert [another(database, *two) for two in ((shop, OMAR), (PIA, asks), (BROKER, OMAR))] == ["", "", ""]


def test_of_what_is_not_known_any_more_nobody_can_tell_who_stands_behind_it(database: Database) -> None:
    for gone in (UNKNOWN, FORMER, BROKER, Actor("staff", "ana", (), "token:none")):
        told = f"{gone.name!r} asked, and nobody can tell any more who stands behind {gone.name!r} (file it anew)"
        assert another(database, gone, OMAR) == told


def invited(database: Database, *, person: str, by: str, used_at: int | None = NOON) -> None:
    """Let somebody have been invited, and have taken that up."""
    told = {"id": person + by, "digest": f"{person}{by}".encode(), "person": person, "made_by": by}
    times = {"made_at": NOON, "ends_at": NOON, "used_at": used_at}
    with database.write() as connection:
        connection.execute(insert(staff_invitations).values(told | times))


def test_whoever_invited_somebody_counts_as_them_at_first_and_no_longer(database: Database) -> None:
    invited(database, person="omar", by="pia")
    why = "asked, and who made an account counts at first as whom it lets in"
    told = [f"{who!r} {why}" for who in ("pia", "omar")]

    last, over = NOON + AT_FIRST - 1, NOON + AT_FIRST
    assert [another(database, *two, last) for two in ((PIA, OMAR), (OMAR, PIA))] == told
    assert [another(database, *two, over) for two in ((PIA, OMAR), (OMAR, PIA))] == ["", ""]


def test_whoever_invited_whom_invited_counts_too_and_so_do_two_whom_one_invited(
    database: Database, tokens: dict[str, Actor]
) -> None:
    for person, by in (("omar", "pia"), ("rosa", "omar"), ("udo", "pia")):
        invited(database, person=person, by=by)
    rosa, udo, ina = (staff_named(each) for each in ("rosa", "udo", "ina"))

    said = [another(database, *two) != "" for two in ((PIA, rosa), (rosa, udo), (tokens["shop"], udo), (rosa, ina))]
    assert said == [True, True, True, False]


def test_an_invitation_that_nobody_took_up_says_nothing(database: Database) -> None:
    invited(database, person="omar", by="pia", used_at=None)

    assert another(database, PIA, OMAR) == ""


def test_an_account_from_before_there_were_invitations_is_its_makers_until_it_is_renewed(
    database: Database,
) -> None:
    kept = {"name": "omar", "password": "p", "totp": b"t", "totp_step": 0, "recovery": "[]", "made_by": "pia"}
    with database.write() as connection:
        connection.execute(insert(staff_accounts).values(kept | {"made_at": NOON}))
    late = NOON + 9 * AT_FIRST
    before = another(database, PIA, OMAR, late)
    invited(database, person="omar", by="pia")

    assert (before[:12], another(database, PIA, OMAR, late)) == ("'pia' asked,", "")
