"""The page of a package that people read: one file, no script, nothing from elsewhere, every value escaped.

Its policy (Content-Security-Policy) allows the one style sheet in it, by hash, and nothing else. Pure.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

from pellucid.rights import page_parts
from pellucid.rights.request import Right

STYLE = """
:root { color-scheme: light dark; --line: #767676; --soft: #f3f3f3; }
@media (prefers-color-scheme: dark) { :root { --soft: #262626; } }
body { font: 100%/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; }
h2 { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1rem; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, a:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { font-weight: bold; padding: 0.25rem 0; text-align: left; }
caption span { display: block; left: 0; max-width: calc(100vw - 2rem); position: sticky; width: max-content; }
th, td { border: 1px solid var(--line); overflow-wrap: normal; padding: 0.25rem 0.5rem; text-align: left; }
th, td { max-width: 22rem; min-width: 4rem; vertical-align: top; }
th { background: var(--soft); }
dt { font-weight: bold; }
dd { margin: 0 0 0.5rem; }
.note { background: var(--soft); border-left: 4px solid var(--line); padding: 0.5rem 1rem; }
@media (max-width: 30rem) { body { padding: 0.5rem; } dd { margin-left: 0; } }
"""
TITLES = {
    Right.ACCESS.value: "What we hold about you",
    Right.PORTABILITY.value: "Your data, to take along",
}


def page(told: Mapping[str, Any], first: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Yield the page in parts; `told` is the summary, `first` holds the first rows of each dataset."""
    heading = TITLES[told["right"]]
    parts = page_parts.ACCESS if told["right"] == Right.ACCESS.value else page_parts.PORTABILITY
    digest = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield f"<title>{escape(heading)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    yield f"<header>\n<h1>{escape(heading)}</h1>\n{page_parts.opening(told)}</header>\n"
    yield f'<nav aria-labelledby="contents">\n<h2 id="contents">Contents</h2>\n{_contents(parts)}</nav>\n<main>\n'
    for place, (title, write) in enumerate(parts):
        yield f'<section aria-labelledby="s{place}">\n<h2 id="s{place}">{escape(title)}</h2>\n'
        yield from write(told, first)
        yield "</section>\n"
    yield "</main>\n</body>\n</html>\n"


def _contents(parts: Iterable[tuple[str, object]]) -> str:
    items = "".join(f'<li><a href="#s{place}">{escape(title)}</a></li>\n' for place, (title, _) in enumerate(parts))
    return f"<ol>\n{items}</ol>\n"
