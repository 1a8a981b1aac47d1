"""The page behind the link of a message: what it shows, changes and refuses."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from pellucid.errors import UseRefused
from pellucid.records.transparency_tables import messages_sent
from pellucid.transparency import message_links as links
from pellucid.transparency.message_parts import YearFigures
from pellucid.transparency.use_index import catch_up
from tests.web.app_clients import app_of
from tests.web.visitors import Grocer

MESSAGES, MESSAGES_SHOW = "/api/v1/messages", "/api/v1/messages/show"


def link_for(grocer: Grocer) -> str:
    """Return where the link leads of a message that the first household was sent."""
    room, number, now = grocer.workspace.room, links.new_number(), grocer.now()
    with room.database.write() as connection:
        pseudonym = room.subject_keys.pseudonym(connection, "household", 0)
        row = {"person": pseudonym, "kind": "yearly", "about": number, "at": now, "link": number}
        connection.execute(insert(messages_sent).values(**row, who=links.seal(room.subject_keys, ("household", 0))))
    return f"/privacy/messages/{links.token_of(grocer.workspace.messages._key, number, now)}"


def test_who_has_the_link_turns_a_kind_off_and_on_again_and_it_is_logged(grocer: Grocer) -> None:
    browser, link = grocer.browser(), link_for(grocer)
    seen, before = browser.get(link), grocer.actions()
    assert (seen.status, seen.words.count("You get these."), browser.get(link).status) == (200, 3, 200)
    assert grocer.actions() == before
    off = browser.submit(link, link, kind="yearly", wanted="no")
    assert (off.status, off.words.count("You get these."), off.words.count("You do not get these.")) == (200, 2, 1)
    on = browser.submit(link, link, kind="yearly", wanted="yes")
    assert (on.status, on.words.count("You get these.")) == (200, 3)
    assert grocer.actions()[len(before) :] == ["message.chosen", "message.chosen"]


def test_a_link_that_opens_nothing_says_so_and_a_form_of_elsewhere_changes_nothing(grocer: Grocer) -> None:
    browser, link = grocer.browser(), link_for(grocer)
    assert browser.get(link + "0").status == browser.get("/privacy/messages/x.1.y").status == 403
    before = grocer.actions()
    forged = browser.post(link, {"kind": "yearly", "wanted": "no"}, {"Origin": "https://mallory.example"})
    assert forged.status == 403
    assert browser.submit(link, link, kind="request-answered", wanted="no").status == 404
    assert [each for each in grocer.actions()[len(before) :] if each == "message.chosen"] == []


def test_an_app_does_the_same_by_what_stands_in_the_link(grocer: Grocer) -> None:
    app, link, before = app_of(grocer), link_for(grocer).rpartition("/")[2], grocer.actions()
    seen = app.post(MESSAGES_SHOW, {"link": link})
    off = app.post(MESSAGES, {"link": link, "kind": "yearly", "wanted": False})
    wrong = [app.post(MESSAGES_SHOW, {"link": each}) for each in (link + "0", "x.1.y")]

    assert (seen.status_code, set(seen.json()["kinds"].values())) == (200, {True})
    assert off.json()["kinds"] == seen.json()["kinds"] | {"yearly": False}
    assert [(each.status_code, each.text) for each in wrong] == [(403, wrong[0].text)] * 2
    assert app.post(MESSAGES, {"link": link, "kind": "request-answered", "wanted": False}).status_code == 404
    assert grocer.actions()[len(before) :].count("message.chosen") == 1


def test_a_yearly_message_counts_the_uses_of_a_persons_data_their_purposes_and_what_was_refused(grocer: Grocer) -> None:
    room, policy, person = grocer.workspace.room, grocer.workspace.room.policy(), ("household", 0)
    grocer.workspace.query("SELECT COUNT(*) AS n FROM purchases", purpose="planning", actor="ana", epsilon=0.5)
    with pytest.raises(UseRefused, match="refused"):
        grocer.workspace.query("SELECT 1; SELECT 2", purpose="planning", actor="ana")
    catch_up(room.database)
    with room.database.write() as connection:
        theirs = {person: room.subject_keys.pseudonym(connection, *person)}
    figures, after = grocer.workspace.messages._parts.figures, grocer.now() + 1
    with room.database.read() as connection:
        found, later = (figures(connection, policy, theirs, since) for since in (0, after))

    assert found == YearFigures(kinds=2, uses=1, purposes=1, refused=1)
    assert later == YearFigures(kinds=2, uses=0, purposes=0, refused=0)
