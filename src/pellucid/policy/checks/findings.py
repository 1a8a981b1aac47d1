"""Collects findings for the checks: places them, and keeps quiet about what has its own finding already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pellucid.errors import Finding
from pellucid.policy.nodes import Place, finding, suggestion


class Findings:
    """What the checks found so far."""

    def __init__(
        self, where: Callable[[tuple[str | int, ...]], Place], broken: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        self.found: list[Finding] = []
        self._where = where
        self._broken = broken

    def error(self, code: str, location: tuple[str | int, ...], message: str, remedy: str) -> None:
        """Note what must be mended."""
        self.found.append(finding(code, self._where(location), message, remedy))

    def warn(self, code: str, location: tuple[str | int, ...], message: str, remedy: str) -> None:
        """Note what is probably not meant."""
        self.found.append(finding(code, self._where(location), message, remedy, "warning"))

    def is_broken(self, section: str, name: str = "") -> bool:
        """Return whether this was declared but could not be built."""
        return (section, name) in self._broken

    def any_broken(self, *sections: str) -> bool:
        """Return whether anything of these sections could not be built, so that "nobody" and "nothing" are unsure."""
        return any(section in sections for section, _ in self._broken)

    def names(self, section: str, declared: Iterable[str]) -> list[str]:
        """Return all names of a section, broken ones too."""
        return sorted({*declared, *(name for part, name in self._broken if part == section)})

    def known(self, section: str, declared: Mapping[str, object], name: str, location: tuple[str | int, ...]) -> bool:
        """Return whether `name` is built; note an unknown name, and keep quiet about a broken one."""
        if name in declared:
            return True
        if not self.is_broken(section, name):
            kind = _KINDS[section]
            remedy = suggestion(name, self.names(section, declared))
            self.error(f"unknown-{kind}", location, f"There is no {kind} `{name}`.", remedy)
        return False

    def column(self, columns: Mapping[str, object], name: str, dataset: str, location: tuple[str | int, ...]) -> bool:
        """Return whether a dataset has the column; note it if not."""
        if name in columns:
            return True
        message = f"The dataset `{dataset}` has no column `{name}`."
        self.error("unknown-column", location, message, suggestion(name, list(columns)))
        return False


_KINDS = {
    "regimes": "regime",
    "namespaces": "namespace",
    "recipients": "recipient",
    "roles": "role",
    "people": "person",
    "purposes": "purpose",
    "datasets": "dataset",
}
