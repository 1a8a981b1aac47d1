"""What stands before a colon between two pieces of a page: in French a no-break space, elsewhere nothing.

Inside sentences the catalogues say so. Templates write `{{ this }}: {{ that }}`, whatever the language.
"""

from __future__ import annotations

import re

from jinja2.ext import Extension

SPACED = frozenset({"fr"})
"""Languages that set a space before a colon."""
_BETWEEN = re.compile(r"(?<=[>}]):(?= )")


class SpacedColons(Extension):
    """Sets a no-break space before colons that follow a piece of a page; for environments of languages of SPACED."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return a template with its colons set."""
        return _BETWEEN.sub("\xa0:", source)
