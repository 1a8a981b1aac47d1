"""A post office for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.post_office import PostOffice, open_post_office


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_post_office() as opened:
        yield opened
