"""An address that a request put there lately is no way to be known for what needs two contacts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import insert

from pellucid.policy.model import Built, Column, ColumnType, Dataset
from pellucid.records.rights_tables import rights_events
from pellucid.rights.challenges import Contact
from pellucid.rights.corrected_contacts import DAYS
from tests.rights.identity.checking import ALICE, BOB, HOME, OFFICE, Desk, verified
from tests.rights.requests import DAY, NOW, put_request


def corrected(desk: Desk, column: str, *, at: int = NOW - DAY, subject: int = ALICE) -> None:
    """Note that a request of somebody corrected a column."""
    dataset, name = column.split(".")
    put_request(desk.database, "r9", subject=subject, right="rectification", state="fulfilled")
    told = json.dumps({"part": 0, "dataset": dataset, "columns": [name], "rows": 1})
    values = {"request": "r9", "kind": "rectified", "at": at, "made_by": "pia", "told": told}
    with desk.database.write() as connection:
        connection.execute(insert(rights_events).values(values))


def sent(desk: Desk, right: str, times: int = 2) -> list[str]:
    """File a request, ask for codes, answer each, and return to where they went."""
    put_request(desk.database, "r2", right=right)
    before = len(desk.mails)
    for _ in range(times):
        count = len(desk.mails)
        desk.ask("r2")
        desk.work()
        if len(desk.mails) == count:
            break
        desk.answer(desk.mails[-1].text.partition("code: ")[2][:9], "r2")
    return [mail.to for mail in desk.mails[before:]]


def test_a_corrected_address_is_not_worth_a_second_contact_for_an_erasure(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, OFFICE]
    corrected(plain, OFFICE.column)
    assert sent(plain, "erasure") == [HOME.address]
    assert verified(plain, "r2")[1] == 1


@pytest.mark.parametrize(
    ("right", "offered"),
    [("erasure", False), ("access", False), ("portability", False), ("rectification", True)],
)
def test_for_what_one_contact_is_enough_a_corrected_address_will_do(plain: Desk, right: str, offered: bool) -> None:
    corrected(plain, HOME.column)
    assert sent(plain, right, 1) == ([HOME.address] if offered else [])


def test_after_thirty_days_it_counts_like_any_other(plain: Desk) -> None:
    corrected(plain, HOME.column, at=NOW - DAYS * DAY + 1)
    assert sent(plain, "erasure", 1) == []
    plain.now += 1
    plain.ask("r2")
    plain.work()
    assert [mail.to for mail in plain.mails] == [HOME.address]


def test_others_corrections_and_other_columns_make_no_difference(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, OFFICE]
    corrected(plain, HOME.column, subject=BOB)
    assert sorted(sent(plain, "erasure")) == [HOME.address, OFFICE.address]


def test_an_address_that_stands_in_another_column_too_was_held_before(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, Contact("email", HOME.address, "cards.mail")]
    corrected(plain, HOME.column)
    assert sent(plain, "erasure", 1) == [HOME.address]


def test_no_address_of_a_derived_table_counts_after_a_correction(plain: Desk) -> None:
    mail = Column("mail", ColumnType.TEXT, "user.contact.email")
    made = Dataset("digest", "Digest", {"mail": mail}, built=Built("SELECT 1", "planning", ("members",)))
    plain.policy = replace(plain.policy, datasets={**plain.policy.datasets, "digest": made})
    plain.held[ALICE] = [Contact("email", HOME.address, "digest.mail")]
    corrected(plain, "members.street")
    assert sent(plain, "erasure", 1) == []
