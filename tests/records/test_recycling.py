"""A database that a test gives back is as it was before, or is not used again."""

from __future__ import annotations

from sqlalchemy import create_engine

from tests.records.postgresql import TEMPLATE, database_url, run_on
from tests.records.recycling import Content, content, content_of, give_back, taken


def content_at(url: str) -> Content:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = content(connection)
    engine.dispose()
    return found


def test_what_was_written_is_gone_and_counting_begins_anew(postgresql: str) -> None:
    before = content_of(database_url(postgresql, TEMPLATE))
    url = taken(postgresql, TEMPLATE)
    for statement in (
        "INSERT INTO settings_kept (name, value) VALUES ('a', 'b')",
        "UPDATE log_head SET size = 3",
        "DELETE FROM schema_version",
        "SELECT setval('consent_records_sequence_seq', 77)",
    ):
        run_on(url, statement)
    assert content_at(url) != before

    give_back(postgresql, TEMPLATE, url)

    assert content_at(url) == before
    assert taken(postgresql, TEMPLATE) == url
    give_back(postgresql, TEMPLATE, url)


def test_one_whose_shape_changed_is_not_used_again(postgresql: str) -> None:
    for statement in (
        "CREATE TABLE another (x integer)",
        "ALTER TABLE settings_kept ADD COLUMN x integer",
        "DROP INDEX IF EXISTS another; CREATE INDEX another ON settings_kept (value)",
        "CREATE SCHEMA another",
    ):
        url = taken(postgresql, TEMPLATE)
        run_on(url, statement)
        give_back(postgresql, TEMPLATE, url)
        found = taken(postgresql, TEMPLATE)
        assert found != url
        give_back(postgresql, TEMPLATE, found)
