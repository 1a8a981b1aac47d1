"""Pieces of HTML that the page of a package is made of; everything that goes in is escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

NOTHING = "\N{EN DASH}"
"""What stands where there is no value."""


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{escape(text)}</p>\n"


def note(text: str) -> str:
    """Return a paragraph that is set off."""
    return f'<p class="note">{escape(text)}</p>\n'


def heading(text: str, id: str) -> str:
    """Return a heading of the third level."""
    return f'<h3 id="{escape(id)}">{escape(text)}</h3>\n'


def bullets(items: Iterable[str]) -> str:
    """Return a list."""
    return f"<ul>\n{''.join(f'<li>{escape(item)}</li>' for item in items)}\n</ul>\n"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names with what is told of each; what is empty is left out."""
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in pairs if value)
    return f"<dl>\n{told}</dl>\n"


def table(id: str, caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with its caption, in a box of its own that scrolls where the screen is narrow."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(shown(value))}</td>' for value in row)}</tr>\n" for row in rows)
    return (
        f'<div class="scroll" role="region" aria-labelledby="{escape(id)}" tabindex="0">\n<table>\n'
        f'<caption><span id="{escape(id)}">{escape(caption)}</span></caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def shown(value: object) -> str:
    """Return a value as people read it."""
    if value is None or value == "" or value == []:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
