"""Parts of pages that say the same to many people: rendered once, and kept with all that they were made of.

A part is a macro of a template of its own, rendered without a page: it sees nothing but what it is given, and by that
it is found again.
"""

from __future__ import annotations

from jinja2 import Environment
from markupsafe import Markup

MOST = 512
"""Parts kept; beyond that all are forgotten."""
_BY_VALUE = (str, int, bool, type(None))


class _Same:
    """Something that is equal to itself alone; it is held, so that nothing else takes its place in memory."""

    __slots__ = ("_it",)

    def __init__(self, it: object) -> None:
        self._it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._it is other._it

    def __hash__(self) -> int:
        return id(self._it)


class Fragments:
    """The parts of one language, of templates that do not change."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._kept: dict[tuple[object, ...], Markup] = {}

    def __call__(self, template: str, macro: str, *given: object) -> Markup:
        """Return what a macro says of what it is given: plain values, and things that never change."""
        key = (template, macro, *((type(each), each) if type(each) in _BY_VALUE else _Same(each) for each in given))
        found = self._kept.get(key)
        if found is None:
            module = self._environment.get_template(template).module
            found = Markup(getattr(module, macro)(*given))  # noqa: S704  -- it has escaped what it was given
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[key] = found
        return found
