"""The stored bytes say exactly the policy, and nothing else says the same bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import InputInvalid
from pellucid.policy import model
from pellucid.policy.canonical import from_canonical, to_canonical, version_of, with_version

NAMES = st.text(min_size=1, max_size=8)
WORDS = st.lists(NAMES, max_size=3).map(tuple)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.one_of(st.text(max_size=5), st.integers(-(2**70), 2**70), st.booleans()), max_size=4).map(tuple)
HOPS = st.builds(model.Hop, NAMES, NAMES, NAMES)
PATHS = st.builds(model.SubjectPath, NAMES, NAMES, st.lists(HOPS, max_size=2).map(tuple))
MASKS = st.builds(model.Mask, st.sampled_from(model.MaskKind), st.integers(0, 9), WORDS)
ALLOWANCES = st.builds(model.Allowance, FLOATS, FLOATS, st.sampled_from(model.Period))
BOUNDS = st.builds(model.Bound, st.none() | NAMES, st.none() | NAMES, NAMES)


def named(maker, *rest):
    """Return mappings whose values carry their own key as name."""
    return st.dictionaries(NAMES, st.tuples(*rest), max_size=3).map(
        lambda made: {name: maker(name, *arguments) for name, arguments in made.items()}
    )


COLUMNS = named(
    model.Column, st.sampled_from(model.ColumnType), NAMES, st.booleans(), st.integers(0, 9), st.none() | MASKS, VALUES
)
SENSITIVE = st.builds(model.SensitiveWhen, NAMES, VALUES, NAMES, st.none() | st.tuples(NAMES, NAMES, NAMES))
DATASETS = named(
    model.Dataset,
    NAMES,
    COLUMNS,
    st.lists(PATHS, max_size=2).map(tuple),
    WORDS,
    st.none() | NAMES,
    st.none() | st.integers(),
    st.lists(SENSITIVE, max_size=2).map(tuple),
)
RULES = st.builds(
    model.ReleaseRule, FLOATS, FLOATS, ALLOWANCES, st.integers(), BOUNDS, st.dictionaries(NAMES, BOUNDS, max_size=2)
)
PURPOSES = named(
    model.Purpose,
    NAMES,
    NAMES,
    st.builds(model.Notice, NAMES, NAMES),
    named(model.RegimeBasis, st.sampled_from(model.LegalBasis), st.sampled_from(model.Default)),
    WORDS,
    WORDS,
    RULES,
    NAMES,
    st.sampled_from(model.Unknown),
    st.integers(),
    st.sampled_from(model.SensitiveUse),
    st.none() | st.integers(),
)
POLICIES = st.builds(
    model.Policy,
    controller=st.builds(model.Controller, NAMES, NAMES, NAMES, NAMES),
    regimes=named(model.Regime, NAMES, WORDS),
    namespaces=named(model.PrivacyUnit, NAMES, ALLOWANCES),
    purposes=PURPOSES,
    datasets=DATASETS,
    recipients=named(model.Recipient, NAMES, NAMES, NAMES),
    roles=named(model.Role, NAMES, WORDS),
    people=named(model.Person, NAMES, WORDS),
    version=st.just(""),
)


@settings(max_examples=80, deadline=None)
@given(POLICIES)
def test_a_policy_survives_being_stored(policy: model.Policy) -> None:
    stored = to_canonical(policy)

    read = from_canonical(stored)

    assert replace(read, version="") == policy
    assert read.version == hashlib.sha256(stored).hexdigest() == version_of(policy)
    assert to_canonical(read) == stored
    for name, dataset in policy.datasets.items():
        assert list(read.datasets[name].columns) == list(dataset.columns)
        assert [type(value) for column in dataset.columns.values() for value in column.domain] == [
            type(value) for column in read.datasets[name].columns.values() for value in column.domain
        ]


def test_the_version_is_the_hash_of_the_stored_bytes_and_not_part_of_them(sound: model.Policy) -> None:
    stored = to_canonical(sound)

    assert sound.version == hashlib.sha256(stored).hexdigest()
    assert to_canonical(replace(sound, version="another")) == stored
    assert with_version(replace(sound, version="another")) == sound


def test_another_order_of_columns_is_another_policy(sound: model.Policy) -> None:
    members = sound.datasets["members"]
    turned = replace(members, columns=dict(reversed(members.columns.items())))

    assert version_of(replace(sound, datasets={**sound.datasets, "members": turned})) != sound.version


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored[:-1],
        lambda stored: stored + b" ",
        lambda stored: b"[]",
        lambda stored: b"\xff",
        lambda stored: b"[" * 100_000,
        lambda stored: json.dumps({**json.loads(stored), "extra": 1}, sort_keys=True, separators=(",", ":")).encode(),
        lambda stored: stored.replace(b'"opt_out"', b'"perhaps"'),
        lambda stored: stored.replace(b'"max_groups":30', b'"max_groups":"30"'),
        lambda stored: stored.replace(b'"max_groups":30', b'"max_groups":30.0'),
    ],
)
def test_bytes_that_no_policy_wrote_are_refused(sound: model.Policy, change) -> None:
    stored = to_canonical(sound)
    changed = change(stored)
    assert changed != stored

    with pytest.raises(InputInvalid, match=r"^The stored policy cannot be read"):
        from_canonical(changed)
