"""A small sound policy in one file, that tests break in one place each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pellucid.errors import Finding
from pellucid.policy.load import LoadResult, load_folder
from pellucid.policy.model import Policy

SOUND = """\
controller: {name: Grocer, country: DE, contact: privacy@grocer.example, officer: pia}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE, "NO"]}
  us-ca: {title: the CCPA, jurisdictions: [US-CA]}
namespaces:
  household: {title: Household, cap: {epsilon: 24, delta: 1e-6, period: year}}
recipients:
  hosting: {title: our hosting company, country: DE, kind: processor}
roles:
  analyst: {title: Analyst, may: [query, preview]}
  marketer: {title: Marketer, may: [query]}
  privacy-officer: {title: Privacy officer, may: [policy-activate, consent-coverage-exact]}
people:
  ana: {title: Ana, roles: [analyst]}
  mallory: {title: Mallory, roles: [marketer]}
  pia: {title: Pia, roles: [privacy-officer]}
purposes:
  range-planning:
    title: Decide which products our shops carry
    description: We count what is bought.
    notice: {version: "2026-11", text: We count what is bought in our shops.}
    kinds: [own_analytics]
    basis:
      eu: {basis: legitimate_interests, default: opt_out}
      us-ca: {basis: legitimate_interests, default: opt_out}
    unknown: {place: eu, age: adult}
    categories: [user.behavior.purchase_history, user.financial]
    roles: [analyst]
    recipients: [hosting]
    release:
      rule: private
      epsilon: {default: 1, max: 3}
      allowance: {epsilon: 12, delta: 1e-7, period: month}
      max_groups: 30
      rows: {per_group: 400}
      columns: {sales_value: {norm: "4000.50"}, quantity: {per_group: 300, lower: -10}}
      threshold_delta: 1e-8
      rank: {rows: 20, each: 5}
  loyalty-offers:
    title: Choose offers
    description: We choose offers.
    retention_days: {transactions: 700}
    notice: {version: "1", text: We choose offers for you.}
    kinds: [marketing_email_sms, profiling]
    basis:
      eu: {basis: consent, default: opt_in}
      us-ca: {basis: consent, default: opt_in}
    unknown: {place: refuse, age: refuse}
    sensitive: explicit_consent
    consent_days: 730
    categories: [user.behavior, user.demographic, user.unique_id]
    roles: [marketer]
    release:
      rule: private
      epsilon: {default: 0.5, max: 1}
      allowance: {epsilon: 4, delta: 1e-7, period: month}
      max_groups: 1
      rows: {norm: 100}
    suppressed: {minimum: 10, largest_share: "0.5", max_cells: 500, guarantee: conditional}
datasets:
  products:
    title: The range
    public: true
    key: [product_id]
    columns:
      product_id: {type: text, category: public.product, nullable: false}
      product_category: {type: text, category: public.product}
  baskets:
    title: Baskets
    key: [basket_id]
    subjects: [{namespace: household, column: household_id}]
    columns:
      basket_id: {type: text, category: user.behavior.purchase_history}
      household_id: {type: text, category: user.unique_id}
  transactions:
    title: Purchases
    source: tills
    subjects: [{namespace: household, column: household_id, via: [{column: basket_id, dataset: baskets, key: basket_id}]}]
    keep: {days: 365, basis: legal_obligation, reason: Tax law}
    time: bought
    retention_days: 1095
    rank: {since: 2017-01, until: 2017-12, by: [product_id]}
    determines_subject: [basket_id]
    columns:
      bought: {type: timestamp, category: user.behavior.purchase_history, mask: {kind: month, unmasked_for: [loyalty-offers]}}
      basket_id: {type: text, category: user.behavior.purchase_history}
      product_id: {type: text, category: user.behavior.purchase_history}
      quantity: {type: integer, category: user.behavior.purchase_history}
      sales_value: {type: money, scale: 2, category: user.financial.purchase}
    sensitive_when:
      - {column: product_id, lookup: {dataset: products, key: product_id, column: product_category}, values: [ANTACIDS], reveals: health}
  members:
    title: Members
    key: [household_id]
    subjects: [{namespace: household, column: household_id}]
    facts: {jurisdiction: place, birth_year: born}
    columns:
      household_id: {type: text, category: user.unique_id}
      income: {type: text, category: user.demographic.income, domain: [low, high]}
      place: {type: text, category: user.contact.address.country}
      born: {type: integer, category: user.demographic.date_of_birth, mask: {kind: band, size: 10}}
  habits:
    title: How often each household buys
    subjects: [{namespace: household, column: household_id}]
    built:
      purpose: loyalty-offers
      sql: SELECT household_id, COUNT(*) AS visits FROM baskets GROUP BY household_id
      reads: [baskets.basket_id]
    columns:
      household_id: {type: text, category: user.unique_id}
      visits: {type: integer, category: user.behavior.purchase_history}
"""  # noqa: E501

Load = Callable[..., LoadResult]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write files (name -> text or bytes) into a folder and load it."""

    def write_and_load(**files: str | bytes) -> LoadResult:
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / f"{name}.yaml").write_bytes(raw)
        return load_folder(tmp_path)

    return write_and_load


@pytest.fixture
def sound(load: Load) -> Policy:
    result = load(policy=SOUND)
    assert result.findings == ()
    assert result.policy is not None
    return result.policy


def placed(finding: Finding) -> tuple[str, int, int, str]:
    """Return where a finding stands (file name only) and its code."""
    return Path(finding.path).name, finding.line, finding.column, finding.code


def place_of(text: str, marker: str) -> tuple[int, int]:
    """Return the line and column (1-based) at which the marker begins in the text."""
    start = text.index(marker)
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
