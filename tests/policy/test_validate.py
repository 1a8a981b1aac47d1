"""Each contradiction is found where it stands, and alone."""

# ruff: noqa: E501 (one case a line)

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.errors import PolicyInvalid
from pellucid.policy.load import load_policy

from .conftest import SOUND, Load, place_of

# (what stands in the sound policy, what replaces it, the code, where in the replaced text the finding begins)
ERRORS = [
    ("officer: pia", "officer: pai", "unknown-person", "officer: pai"),
    ("officer: pia", "officer: ana", "officer-without-role", "officer: ana"),
    ("country: DE, contact", "country: Germany, contact", "place-invalid", "country: Germany"),
    ("jurisdictions: [US-CA]", "jurisdictions: [DE]", "jurisdiction-twice", "DE]}\nnamespaces"),
    ("may: [query, preview]", "may: [querry, preview, query]", "unknown-action", "querry"),
    ("ana: {title: Ana, roles: [analyst]", "ana: {title: Ana, roles: [analyst, boss]", "unknown-role", "boss"),
    ("  ana: {", "  Ana!: {", "name-invalid", "Ana!"),
    ("  range-planning:", "  Range_Planning:", "name-invalid", "Range_Planning"),
    ("income: {type", "Income: {type", "name-invalid", "Income: {type"),
    ("  members:", "  duckdb_members:", "name-reserved", "duckdb_members"),
    ("user.financial]", "user.finacial]", "unknown-category", "user.finacial"),
    ("category: user.demographic.income", "category: demographic.income", "unknown-category", "category: demographic"),
    ("category: public.product}", "category: user.name}", "personal-in-public", "category: user.name"),
    ("roles: [marketer]\n    release", "roles: [marketers]\n    release", "unknown-role", "marketers"),
    ("recipients: [hosting]", "recipients: [hostings]", "unknown-recipient", "hostings"),
    ("basis: consent, default: opt_in}\n      us", "basis: consent, default: opt_out}\n      us", "basis-default",
     "default: opt_out}\n      us-ca: {basis: consent"),
    ("eu: {basis: legitimate_interests, default: opt_out", "eu: {basis: legitimate_interests, default: no_choice",
     "basis-default", "default: no_choice"),
    ("eu: {basis: consent, default: opt_in", "eu: {basis: contract, default: opt_in", "basis-default",
     "default: opt_in}\n      us-ca"),
    ("us-ca: {basis: consent", "us: {basis: consent", "unknown-regime", "us: {basis"),
    ("unknown: {place: eu", "unknown: {place: uk", "unknown-regime", "place: uk"),
    ("    unknown: {place: eu, age: adult}", "    unknown: {place: eu, age: adult}\n    minimum_age: -1", "minimum-age",
     "minimum_age"),
    ("age: adult}", "age: adult}\n    consent_days: 30", "consent-days", "consent_days: 30"),
    ("consent_days: 730", "consent_days: 0", "consent-days", "consent_days"),
    ("user.financial]", "user.financial, user.health_and_medical]", "special-category", "user.health_and_medical"),
    ("epsilon: {default: 1, max: 3}", "epsilon: {default: 0, max: 3}", "not-positive", "default: 0"),
    ("delta: 1e-6", "delta: 0.5", "delta-range", "delta: 0.5"),
    ("threshold_delta: 1e-8", "threshold_delta: 1e-13", "delta-range", "threshold_delta: 1e-13"),
    ("cap: {epsilon: 24", "cap: {epsilon: 101", "epsilon-range", "epsilon: 101"),
    ("epsilon: {default: 1, max: 3}", "epsilon: {default: 5, max: 3}", "epsilon-order", "default: 5"),
    ("epsilon: {default: 1, max: 3}", "epsilon: {default: 1, max: 13}", "epsilon-order", "max: 13"),
    ("allowance: {epsilon: 12", "allowance: {epsilon: 25", "above-cap", "epsilon: 25"),
    ("threshold_delta: 1e-8", "threshold_delta: 1e-6", "delta-order", "threshold_delta"),
    ("max_groups: 30", "max_groups: 30\n      analyst_allowance: {epsilon: 2, delta: 1e-7, period: month}", "epsilon-order",
     "epsilon: 2, delta"),
    ("max_groups: 30", "max_groups: 30\n      analyst_allowance: {epsilon: 13, delta: 1e-7, period: month}", "above-cap",
     "epsilon: 13, delta"),
    ("max_groups: 30", "max_groups: 30\n      analyst_allowance: {epsilon: 4, delta: 1e-8, period: month}", "delta-order",
     "delta: 1e-8, period"),
    ("title: Purchases", "title: Purchases\n    allowance: {epsilon: 25, delta: 1e-7, period: year}", "above-cap",
     "epsilon: 25"),
    ("title: Purchases", "title: Purchases\n    allowance: {epsilon: -1, delta: 1e-7, period: year}", "not-positive",
     "epsilon: -1"),
    ("public: true", "public: true\n    allowance: {epsilon: 2, delta: 1e-7, period: year}", "allowance-of-public",
     "allowance: {epsilon: 2"),
    ("roles: [marketer]}", "roles: [marketer], allowance: {epsilon: 25, delta: 1e-7, period: year}}", "above-cap",
     "epsilon: 25"),
    ("max_groups: 30", "max_groups: 0", "limit-range", "max_groups: 0"),
    ("max_groups: 30", "max_groups: 30\n      clipping_share: 0.9", "limit-range", "clipping_share"),
    ("rows: {per_group: 400}", "rows: {}", "bound-form", "rows: {}"),
    ("rows: {per_group: 400}", "rows: {per_group: 400, norm: 5}", "bound-form", "rows: {per_group: 400, norm"),
    ("max_groups: 30", "max_groups: 30\n      minimum_group: -1", "limit-range", "minimum_group: -1"),
    ("max_groups: 30", "max_groups: 30\n      max_age_hours: 9000", "limit-range", "max_age_hours: 9000"),
    ("rows: {per_group: 400}", "rows: {per_group: 400, lower: -1}", "bound-lower", "lower: -1}\n      columns"),
    ("rows: {per_group: 400}", "rows: {per_group: 0.5}", "bound-scale", "per_group: 0.5"),
    ('norm: "4000.50"', 'norm: "4000.505"', "bound-scale", "norm: \"4000.505"),
    ('norm: "4000.50"', 'norm: "4000.50000000000000000000000000000001"', "bound-scale", "norm: \"4000.50000"),
    ('norm: "4000.50"', "norm: lots", "bound-number", "norm: lots"),
    ('norm: "4000.50"', 'norm: "-4"', "bound-range", 'norm: "-4"'),
    ('norm: "4000.50"', 'norm: "10000000000.01"', "bound-range", 'norm: "1'),
    ('norm: "4000.50"', 'norm: "1e999999999"', "bound-range", 'norm: "1'),
    ('norm: "4000.50"', 'norm: "40", lower: 1', "bound-lower", "lower: 1}"),
    ("lower: -10", "lower: 10", "bound-lower", "lower: 10"),
    ("quantity: {per_group: 300", "quantities: {per_group: 300", "unknown-column", "quantities"),
    ("quantity: {per_group: 300", "product_id: {per_group: 300", "bound-type", "product_id: {per_group"),
    ("namespace: household, column: household_id, via", "namespace: houshold, column: household_id, via",
     "unknown-namespace", "namespace: houshold"),
    ("column: household_id, via", "column: household, via", "unknown-column", "column: household, via"),
    ("{column: basket_id, dataset: baskets", "{column: basket, dataset: baskets", "unknown-column", "column: basket, "),
    ("dataset: baskets", "dataset: basket", "unknown-dataset", "dataset: basket,"),
    ("dataset: baskets, key: basket_id", "dataset: transactions, key: basket_id", "path-circle", "dataset: transactions"),
    ("dataset: baskets, key: basket_id", "dataset: products, key: product_id", "path-through-public", "dataset: products"),
    ("    key: [basket_id]", "    key: [basket_id, household_id]", "hop-key", "key: basket_id}"),
    ("basket_id: {type: text, category: user.behavior.purchase_history}\n      product",
     "basket_id: {type: integer, category: user.behavior.purchase_history}\n      product", "hop-type",
     "column: basket_id, dataset"),
    ("{column: basket_id, dataset: baskets, key: basket_id}]}]",
     "{column: basket_id, dataset: baskets, key: basket_id}]}, {namespace: household, column: basket_id}]",
     "rank-subjects", "rank: {since"),
    ("subjects: [{namespace: household, column: household_id}]\n    facts",
     "subjects: [{namespace: household, column: born}]\n    facts", "key-type-differs", "column: born"),
    ("time: bought", "time: quantity", "column-type", "time: quantity"),
    ("time: bought", "time: when_bought", "unknown-column", "time: when_bought"),
    ("retention_days: {transactions: 700}", "retention_days: {transactions: 0}", "retention-range", "transactions: 0"),
    ("retention_days: {transactions: 700}", "retention_days: {receipts: 9}", "unknown-dataset", "receipts: 9"),
    ("retention_days: {transactions: 700}", "retention_days: {members: 9}", "retention-without-time", "members: 9"),
    ("keep: {days: 365", "keep: {days: 0", "retention-range", "keep: {days"),
    ("sales_value: {type: money, scale: 2,", "sales_value: {type: money, retention_days: 0, scale: 2,",
     "retention-range", "retention_days: 0"),
    ("basket_id: {type: text, category: user.behavior.purchase_history}\n      product_id",
     "basket_id: {type: text, retention_days: 9, category: user.behavior.purchase_history}\n      product_id",
     "retention-of-needed", "retention_days: 9"),
    ("since: 2017-01", "since: 2018-01", "rank-months", "rank: {since"),
    ("since: 2017-01", "since: '2017'", "rank-months", "rank: {since"),
    ("until: 2017-12", "until: 2017-13", "rank-months", "rank: {since"),
    ("by: [product_id]", "by: [product]", "unknown-column", "product]}"),
    ("by: [product_id]", "by: [product_id, product_id]", "column-twice", "product_id]}"),
    ("by: [product_id]", "by: [basket_id, product_id, quantity, bought, sales_value]", "rank-by", "by: [basket_id, product"),
    ("rank: {rows: 20, each: 5}", "rank: {rows: 255, each: 5}", "limit-range", "rows: 255"),
    ("rank: {rows: 20, each: 5}", "rank: {rows: 20, each: -1}", "limit-range", "each: -1"),
    ('norm: "4000.50"', 'norm: "4000.50", most: "4000"', "bound-most", 'most: "4000"'),
    ("quantity: {per_group: 300", "quantity: {drawn: true, per_group: 300", "bound-drawn", "drawn: true"),
    ("retention_days: 1095", "retention_days: 0", "retention-range", "retention_days: 0"),
    ("determines_subject: [basket_id]", "determines_subject: [baskets_id]", "unknown-column", "baskets_id"),
    ("key: [household_id]", "key: [household_id, household_id]", "column-twice", "household_id]\n    subjects"),
    ("facts: {jurisdiction: place", "facts: {jurisdiction: born", "column-type", "jurisdiction: born"),
    ("birth_year: born}", "birth_year: income}", "column-type", "birth_year: income"),
    ("kind: month", "kind: band, size: 2", "mask-type", "kind: band, size: 2"),
    ("kind: band, size: 10", "kind: band", "mask-size", "mask: {kind: band"),
    ("kind: month", "kind: month, size: 3", "mask-size", "size: 3"),
    ("unmasked_for: [loyalty-offers]", "unmasked_for: [loyalty]", "unknown-purpose", "loyalty]"),
    ("domain: [low, high]", "domain: [low, 2]", "value-type", "2]}"),
    ("domain: [low, high]", "domain: [low, low]", "value-twice", "low]}"),
    ("      income: {type", "      weight: {type: real, scale: 13, category: user.sensor}\n      income: {type", "scale-range",
     "scale: 13"),
    ("quantity: {type: integer", "quantity: {scale: 2, type: integer", "scale-type", "scale: 2, type: integer"),
    ("{column: product_id, lookup", "{column: product, lookup", "unknown-column", "column: product, lookup"),
    ("dataset: products, key: product_id, column: product_category", "dataset: baskets, key: basket_id, column: basket_id",
     "lookup-personal", "dataset: baskets, key: basket_id, column"),
    ("key: product_id, column: product_category", "key: product_category, column: product_category", "lookup-key",
     "key: product_category"),
    ("values: [ANTACIDS]", "values: [1]", "value-type", "1], reveals"),
    ("reveals: health", "reveals: wealth", "reveals", "reveals: wealth"),
    ("product_category: {type: text, category: public.product",
     "product_category: {type: text, category: public.product, domain: [SOAP]", "value-outside-domain", "ANTACIDS"),
    ("guarantee: conditional", "guarantee: unconditional", "exact-unconditional", "guarantee: unconditional"),
    (", guarantee: conditional", "", "exact-unconditional", "suppressed: {minimum"),
    ("{minimum: 10", "{minimum: 2", "limit-range", "minimum: 2"),
    ("{minimum: 10", "{minimum: 51", "limit-range", "minimum: 51"),
    ('largest_share: "0.5"', "largest_share: 1", "limit-range", "largest_share: 1"),
    ('largest_share: "0.5"', 'largest_share: "half"', "limit-range", 'largest_share: "half"'),
    ("max_cells: 500", "max_cells: 0", "limit-range", "max_cells: 0"),
    ("kinds: [own_analytics]", "kinds: [own_analytic]", "unknown-kind", "own_analytic]"),
    ("kinds: [own_analytics]", "kinds: [sale, sale]", "kind-twice", "sale]"),
    ("kinds: [own_analytics]", "kinds: [own_analytics]\n    soft_opt_in: true", "soft-opt-in-kind", "soft_opt_in"),
    ("kinds: [own_analytics]", "kinds: [own_analytics]\n    guardian: true\n    minimum_age: 0", "guardian-without-age",
     "guardian: true"),
    ("consent_days: 730", "consent_days: 730\n    while_restricted: legal_claims", "restricted-on-consent",
     "while_restricted"),
    ('{version: "1", text', '{version: "1", accepts: ["0", "1"], text', "accepts-itself", '"1"], text'),
    ('{version: "1", text', '{version: "1", accepts: ["0", "00", "0"], text', "accepts-twice", '"0"], text'),
    ("jurisdictions: [US-CA]", "establishment: US-CA, jurisdictions: [US-CA]", "place-invalid", "establishment"),
    ("jurisdictions: [US-CA]", "establishment: Ireland, jurisdictions: [US-CA]", "place-invalid", "establishment"),
    ("kind: processor", "kind: processor, address: Hosting <privacy@hosting.example>", "address-invalid", "address:"),
    ("kind: processor", 'kind: processor, address: "a@hosting.example\\nBcc: b@c.example"', "address-invalid",
     "address:"),
    ("birth_year: born}", "birth_year: born, vulnerable: income}", "column-type", "vulnerable: income"),
    ("birth_year: born}", "birth_year: born, vulnerable: care}", "unknown-column", "vulnerable: care"),
    ("birth_year: born}", "birth_year: born, estimated: [birth_year, vulnerable]}", "estimated-without-column",
     "vulnerable]}"),
]  # fmt: skip

WITHOUT_TIME = [
    (
        "    keep: {days: 365, basis: legal_obligation, reason: Tax law}\n    time: bought\n    retention_days: 1095\n    rank: {since: 2017-01, until: 2017-12, by: [product_id]}\n",
        "    retention_days: 1095\n",
        "retention-without-time",
        "retention_days",
    ),
    (
        "    keep: {days: 365, basis: legal_obligation, reason: Tax law}\n    time: bought\n    retention_days: 1095\n",
        "",
        "rank-without-time",
        "rank: {since",
    ),
]
"""Of a dataset of which no purpose says how long it needs rows."""

WARNINGS = [
    (", officer: pia", "", "no-officer", "controller"),
    ("      us-ca: {basis: consent, default: opt_in}\n", "", "regime-without-basis", "basis:\n      eu: {basis: consent"),
    ("ana: {title: Ana, roles: [analyst]", "ana: {title: Ana, roles: [marketer]", "purpose-without-people",
     "roles: [analyst]\n    recipients"),
    ("may: [query, preview]", "may: [preview]", "purpose-without-query", "roles: [analyst]\n    recipients"),
    ("columns: {sales_value: {norm", "columns: {born: {per_group: 1}, sales_value: {norm", "bound-unused", "born: {per"),
    ("income: {type", "order: {type", "name-keyword", "order: {type"),
    ("us-ca: {basis: legitimate_interests, default: opt_out", "us-ca: {basis: legitimate_interests, default: no_choice",
     "basis-default", "default: no_choice"),
    ("    rank: {since: 2017-01, until: 2017-12, by: [product_id]}\n", "", "bound-unused", "rank: {rows"),
    ("    categories: [user.behavior, user.demographic, user.unique_id]", "    categories: [user.sensor]",
     "purpose-reads-nothing", "categories: [user.sensor"),
    ("    kinds: [own_analytics]\n", "", "purpose-without-kinds", "range-planning:"),
    ("kinds: [own_analytics]", "kinds: [own_analytics]\n    loyalty: true", "loyalty-kind", "loyalty: true"),
    ("consent_days: 730", "consent_days: 730\n    vulnerable: never", "vulnerable-unknown", "vulnerable: never"),
    ("consent_days: 730", "consent_days: 730\n    vulnerable: not_if_known", "vulnerable-unknown", "vulnerable: not"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "marker"), ERRORS, ids=[f"{case[2]}-{case[1].strip()[:30]}" for case in ERRORS]
)
def test_a_contradiction_is_found_where_it_stands(load: Load, old: str, new: str, code: str, marker: str) -> None:
    assert old in SOUND
    broken = SOUND.replace(old, new, 1)

    result = load(policy=broken)

    found = [(finding.code, finding.line, finding.column) for finding in result.findings if finding.severity == "error"]
    assert found == [(code, *place_of(broken, marker))]
    assert result.policy is None
    assert all(finding.message and finding.remedy for finding in result.findings)


@pytest.mark.parametrize(("old", "new", "code", "marker"), WITHOUT_TIME)
def test_how_old_rows_are_has_to_be_told(load: Load, old: str, new: str, code: str, marker: str) -> None:
    broken = SOUND.replace("    retention_days: {transactions: 700}\n", "").replace(old, new, 1)

    found = [(each.code, each.line, each.column) for each in load(policy=broken).findings if each.severity == "error"]
    assert found == [(code, *place_of(broken, marker))]


@pytest.mark.parametrize(("old", "new", "code", "marker"), WARNINGS)
def test_what_is_probably_not_meant_is_a_warning(load: Load, old: str, new: str, code: str, marker: str) -> None:
    assert old in SOUND
    changed = SOUND.replace(old, new, 1)

    result = load(policy=changed)

    warnings = [(finding.code, finding.line, finding.column) for finding in result.findings]
    assert (code, *place_of(changed, marker)) in warnings
    assert {finding.severity for finding in result.findings} == {"warning"}
    assert result.policy is not None


FINE = [
    ("kinds: [own_analytics]", "kinds: [sale]\n    loyalty: true"),
    ("kinds: [own_analytics]", "kinds: [marketing_email_sms]\n    soft_opt_in: true"),
    ("kinds: [own_analytics]", "kinds: [own_analytics]\n    guardian: true\n    while_restricted: rights_of_others"),
    ('{version: "1", text', '{version: "1", accepts: ["0", "00"], text'),
    ("jurisdictions: [US-CA]", "establishment: IE, jurisdictions: [US-CA]"),
    ("kinds: [own_analytics]", "kinds: [own_analytics]\n    vulnerable: never"),
    ("kind: processor", "kind: processor, address: privacy+rights@hosting.example"),
]


@pytest.mark.parametrize(("old", "new"), FINE)
def test_what_fits_is_no_finding(load: Load, old: str, new: str) -> None:
    told = SOUND.replace(
        "birth_year: born}", "birth_year: born, vulnerable: care, estimated: [birth_year, vulnerable]}"
    )
    care = "      born: {type: integer"
    told = told.replace(care, f"      care: {{type: boolean, category: user.unique_id}}\n{care}")
    assert old in told

    assert load(policy=told.replace(old, new, 1)).findings == ()


def test_a_purpose_without_a_choice_needs_no_kind(load: Load) -> None:
    duty = SOUND.replace("    kinds: [own_analytics]\n", "").replace(
        "{basis: legitimate_interests, default: opt_out}", "{basis: legal_obligation, default: no_choice}"
    )

    assert load(policy=duty).findings == ()


def test_the_finding_of_an_unknown_kind_names_the_known_ones(load: Load) -> None:
    (found,) = load(policy=SOUND.replace("kinds: [own_analytics]", "kinds: [statistics]", 1)).findings

    assert found.message == (
        "`statistics` is no kind of purpose that a law knows (known: own_analytics, device_storage, "
        "marketing_email_sms, marketing_automated_calls, marketing_phone, marketing_other, targeted_advertising, sale, "
        "share, sensitive_data, profiling, significant_decisions)."
    )


def test_a_dataset_that_no_purpose_may_read_is_a_warning(load: Load) -> None:
    extra = """
datasets:
  sensors:
    title: Sensors
    subjects: [{namespace: household, column: household_id}]
    columns: {household_id: {type: text, category: user.sensor}}
"""
    result = load(policy=SOUND, sensors=extra)

    assert [(finding.code, finding.line, finding.severity) for finding in result.findings] == [
        ("dataset-unread", 3, "warning")
    ]


def test_references_to_a_broken_declaration_are_no_findings_of_their_own(load: Load) -> None:
    broken = SOUND.replace("analyst: {title: Analyst, ", "analyst: {").replace("    title: Baskets\n", "")

    result = load(policy=broken)

    assert [finding.code for finding in result.findings] == ["missing-key", "missing-key"]


def test_a_policy_with_errors_is_refused_with_every_finding(load: Load, tmp_path: Path) -> None:
    load(policy=SOUND.replace("officer: pia", "officer: pai").replace("max_groups: 30", "max_groups: 0"))

    with pytest.raises(PolicyInvalid, match=r"^The policy has 2 errors\.$") as raised:
        load_policy(tmp_path)

    assert [finding.code for finding in raised.value.findings] == ["unknown-person", "limit-range"]
    assert "Did you mean `pia`?" in raised.value.diagnostics()


def test_what_a_policy_may_declare_is_what_a_release_can_count() -> None:
    from pellucid.policy.checks import release as declared
    from pellucid.release import budget, mechanisms

    assert declared.LARGEST_EPSILON == budget.LARGEST_EPSILON
    assert declared.SMALLEST_THRESHOLD_DELTA == mechanisms.SMALLEST_THRESHOLD_DELTA
    assert declared.SMALLEST_DELTA == 2 / budget.DELTA_SCALE
