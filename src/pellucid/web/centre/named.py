"""Names of parts of the policy by their titles: what is told by title in the policy's own language, as uses are, is
shown in the language of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pellucid.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Names:
    """The names of purposes, datasets and recipients by title; a title that several have names none of them."""

    purposes: Mapping[str, str]
    datasets: Mapping[str, str]
    recipients: Mapping[str, str]

    @classmethod
    def of(cls, policy: Policy) -> Names:
        """Return those of a policy."""
        return cls(_by_title(policy.purposes), _by_title(policy.datasets), _by_title(policy.recipients))

    def by_dataset(self, columns: Iterable[str]) -> dict[str, list[str]]:
        """Return columns, each told behind the title of its dataset as uses tell them, by that title."""
        found: dict[str, list[str]] = {}
        for column in columns:
            titles = (each for each in self.datasets if column.startswith(f"{each}: "))
            title = max(titles, key=len, default=column.partition(": ")[0])
            found.setdefault(title, []).append(column[len(title) + 2 :])
        return found


def _by_title(parts: Mapping[str, Any]) -> dict[str, str]:
    titles = [each.title for each in parts.values()]
    return {each.title: name for name, each in parts.items() if titles.count(each.title) == 1}
