"""What of a dataset may tell of what is special (GDPR Art. 9(1), Art. 10), or may not be handed out. Pure."""

from __future__ import annotations

from collections.abc import Collection

from pellucid.policy.categories import SPECIAL, is_within
from pellucid.policy.model import Column, Dataset

NEVER_DISCLOSED = (
    "user.biometric",
    "user.credentials",
    "user.financial.account_number",
    "user.government_id",
)
"""What a business may say that it holds, and may not hand out to people in California (11 CCR 7024(d))."""


def is_sensitive(dataset: Dataset) -> bool:
    """Return whether rows of a dataset may tell of what is special."""
    if dataset.is_public:
        return False
    return bool(dataset.sensitive_when) or any(is_guarded(column) for column in dataset.columns.values())


def is_guarded(column: Column) -> bool:
    """Return whether whatever stands in a column is special, or may not be handed out."""
    return within(column, (*SPECIAL, *NEVER_DISCLOSED))


def within(column: Column, categories: Collection[str]) -> bool:
    """Return whether a column's category is one of these, or within one."""
    return any(is_within(column.category, each) for each in categories)
