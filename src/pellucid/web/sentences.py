"""Sentences of templates, said in their language while a template is compiled: once, and not on every page anew.

Only what has no placeholders: `_("Overview")` becomes the text itself, and whatever has any stays a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from gettext import NullTranslations

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_CALL = ("name", "lparen", "string", "rparen")


class Sentences(Extension):
    """Says them by the translations that the environment's `spoken` is."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(spoken=NullTranslations())

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Replace each call that says a sentence by what it says, marked as what need not be escaped."""
        tokens, place = list(stream), 0
        while place < len(tokens):
            found = tokens[place : place + len(_CALL)]
            if _says_a_sentence(found):
                yield from self._said(found[2])
                place += len(found)
            else:
                yield found[0]
                place += 1

    def _said(self, sentence: Token) -> Iterator[Token]:
        spoken: NullTranslations = self.environment.spoken  # type: ignore[attr-defined]  # ours
        text = spoken.gettext(sentence.value) % {}  # as newstyle gettext does: a sign of percent is written twice
        for kind, value in (("lparen", "("), ("string", text), ("pipe", "|"), ("name", "safe"), ("rparen", ")")):
            yield Token(sentence.lineno, kind, value)


def _says_a_sentence(tokens: Sequence[Token]) -> bool:
    return tuple(each.type for each in tokens) == _CALL and tokens[0].value == "_"
