"""The shop, opened once: a policy, a stock of rows, and an engine over them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from pellucid.policy.model import Policy
from tests.rewrite.shop import NOW, Permitted, Shop, Stock, load_policy

SOME = Permitted(
    plain=frozenset({0, 1, 2, 3, 5, 6, 8}),
    sensitive=frozenset({1, 2, 5}),
    since={4: NOW - dt.timedelta(days=200), 7: NOW - dt.timedelta(days=20)},
    sensitive_since={4: NOW - dt.timedelta(days=30), 6: NOW - dt.timedelta(days=300)},
)
"""Household 9 may not be read at all; 4 and 7 from an instant on."""


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="session")
def opened(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(policy, Stock.made(), tmp_path_factory.mktemp("shop"))
    yield shop
    shop.close()


@pytest.fixture
def shop(opened: Shop) -> Shop:
    opened.permit(SOME)
    return opened


@pytest.fixture(scope="session")
def odd_opened(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(policy, Stock.made(11, odd=True), tmp_path_factory.mktemp("odd"))
    yield shop
    shop.close()


@pytest.fixture
def odd_shop(odd_opened: Shop) -> Shop:
    odd_opened.permit(Permitted(sensitive=frozenset({0, 1, 2, 3, 4, 5})))
    return odd_opened
