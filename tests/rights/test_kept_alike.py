"""Until when a closed request is kept tells its sender nothing of whom it is about, unless that was proved."""

from __future__ import annotations

import pytest

from pellucid.rights.clock import Terms
from pellucid.rights.request import Denial, Right
from tests.rights.conftest import ALICE, BOB, CLEO, NOWHERE, Shop

EVERYBODY = (ALICE, BOB, CLEO, NOWHERE, None)


@pytest.fixture
def strict(shop: Shop) -> Shop:
    """A shop that keeps requests for six months where no law says: in California one does."""
    shop.terms = Terms(months=6)
    return shop


def kept(shop: Shop, right: Right, who: int | None, *, shown: bool = False, expires: bool = False) -> int | None:
    made = shop.ask(right, who)
    with shop.book() as book:
        book.acknowledge(made.id)
        if shown:
            book.show(made.id, "staff", 2)
        return (book.expire(made.id) if expires else book.deny(made.id, Denial.OTHER)).keep_until


def test_what_nobody_proved_is_kept_until_the_same_day_whoever_it_is_about(strict: Shop) -> None:
    assert len({kept(strict, Right.ACCESS, who, expires=True) for who in EVERYBODY}) == 1
    assert len({kept(strict, Right.LIMIT, who) for who in EVERYBODY}) == 1


def test_what_was_proved_is_kept_as_the_law_of_the_person_says(strict: Shop) -> None:
    assert len({kept(strict, Right.ACCESS, who, shown=True) for who in (ALICE, BOB)}) == 2
