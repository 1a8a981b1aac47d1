"""Naming people on the command line: a key, or a declared namespace and a key, whatever colons the key holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pellucid.cli.subject import named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c001", ("", "c001")),
        ("household:c001", ("household", "c001")),
        ("urn:uuid:1", ("", "urn:uuid:1")),
        ("household:urn:uuid:1", ("household", "urn:uuid:1")),
        ("household:household:1", ("household", "household:1")),
        (":c001", ("", ":c001")),
    ],
)
def test_only_a_declared_namespace_before_the_first_colon_is_one(text: str, expected: tuple[str, str]) -> None:
    policy = SimpleNamespace(namespaces={"household": None})
    workspace: Any = SimpleNamespace(policy=SimpleNamespace(active=lambda: policy))
    assert named(workspace, text) == expected
