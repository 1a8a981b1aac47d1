"""Policies that notices are made of, and the grocer's workspace to publish them in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from pellucid.demo.data import POLICY as GROCER
from pellucid.policy.canonical import with_version
from pellucid.policy.load import load_policy
from pellucid.policy.model import Dataset, Policy, Purpose
from pellucid.records.columns import to_instant
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Laws
from pellucid.transparency.content import Content, Section
from pellucid.workspace import Workspace, create
from tests.insights.conftest import POLICY

NOW = to_instant(datetime(2026, 11, 29, tzinfo=UTC))
LANGUAGES = ("en", "de", "es", "fr")


@cache
def grocer() -> Policy:
    """Return the worked example's policy, with the laws that the demo signs off."""
    laws = Laws(tuple(shipped()[name] for name in ("eu-gdpr", "us-ca-ccpa")))
    return replace(load_policy(GROCER), laws=laws)


def with_purpose(policy: Policy, name: str, **changes: object) -> Policy:
    purpose: Purpose = replace(policy.purposes[name], **changes)  # type: ignore[arg-type]
    return altered(policy, purposes={**policy.purposes, name: purpose})


def with_dataset(policy: Policy, name: str, **changes: object) -> Policy:
    dataset: Dataset = replace(policy.datasets[name], **changes)  # type: ignore[arg-type]
    return altered(policy, datasets={**policy.datasets, name: dataset})


def altered(policy: Policy, **changes: object) -> Policy:
    """Return the policy with other parts, under its own version, and the same laws."""
    return replace(with_version(replace(policy, **changes)), laws=policy.laws)  # type: ignore[arg-type]


def section(content: Content, language: str, layer: str, name: str) -> Section:
    return next(each for each in content.telling(language).layer(layer) if each.name == name)


def told(content: Content, language: str, layer: str, name: str) -> list[str]:
    """Return the sentences of a section that are shown."""
    return [each.text for each in section(content, language, layer, name).sentences if each.text]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with create(tmp_path / "w", name="test/notices", actor_name="pia") as made:
        (made.folder / "policy" / "policy.yaml").write_text(POLICY)
        made.policy.activate(actor=made.actor("pia"))
        rows = made.folder / "purchases.csv"
        bought = "".join(f"h{n},p0,1,2.00,c,2026-05-20T10:00:00Z\n" for n in range(3))
        rows.write_text("household_id,product_id,week,sales_value,card_number,bought\n" + bought)
        made.data.add("purchases", rows, actor=made.actor("pia"))
        yield made
