"""What every layer of a notice needs: the policy, the words of a language, and the policy's own texts in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pellucid.errors import InputInvalid
from pellucid.policy.categories import CATEGORIES
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Dataset, Policy, Purpose
from pellucid.transparency.choices import Group, groups
from pellucid.transparency.own_texts import own_text
from pellucid.transparency.words import Words


@dataclass(frozen=True)
class Maker:
    """Makes the layers of a notice in one language, as of an instant (UTC µs)."""

    policy: Policy
    words: Words
    now: int

    def text(self, section: str, name: str, which: str = "title") -> str:
        """Return a text of the policy in this language, empty if there is none; raises InputInvalid if it misses."""
        found = own_text(self.policy, self.words.language, section, name, which)
        if found.text and found.language != self.words.language:
            raise InputInvalid(
                f"The {which} of {name!r} is not translated into {self.words.language!r}.",
                remedy="Run `pellucid policy check`, and activate a policy without such findings.",
                code="translation-missing",
            )
        return found.text

    def titles(self, section: str, names: Iterable[str]) -> list[str]:
        """Return titles, in order."""
        return [self.text(section, name) for name in names]

    def quoted(self, section: str, name: str) -> str:
        """Return a title in quotation marks, as the language has them."""
        return self.words.say("“{title}”", title=self.text(section, name))

    def category(self, key: str) -> str:
        """Return what a category holds."""
        return self.words.say(CATEGORIES[key].title)

    @cached_property
    def choices(self) -> dict[str, tuple[Group, ...]]:
        """The choices that each purpose gives, by its name."""
        return {purpose.name: groups(self.policy, purpose, self.now) for purpose in self.policy.purposes.values()}

    def where(self, group: Group) -> str:
        """Return where a group of places is: laws by their titles, other places by their names."""
        return self.words.listed(
            [*self.titles("regimes", group.regimes), *(self.words.country(place) for place in group.rest)]
        )

    @cached_property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets about people."""
        return tuple(dataset for dataset in self.policy.datasets.values() if not dataset.is_public)

    def reads(self, purpose: Purpose) -> tuple[Dataset, ...]:
        """Return the datasets about people that a purpose may read something of."""
        return tuple(each for each in self.datasets if permitted_columns(self.policy, purpose.name, each.name))

    def kinds_read(self, purpose: Purpose) -> list[str]:
        """Return the categories of data that a purpose reads, in order of the datasets."""
        columns = (permitted_columns(self.policy, purpose.name, each.name) for each in self.datasets)
        return list(dict.fromkeys(column.category for held in columns for column in held))

    @cached_property
    def recipients(self) -> dict[str, list[str]]:
        """Who receives data or answers, with the purposes for which they do."""
        found: dict[str, list[str]] = {}
        for purpose in self.policy.purposes.values():
            for name in purpose.recipients:
                found.setdefault(name, []).append(purpose.name)
        return found
