"""Rights in the full layer: for each regime of the policy, what the laws signed off give, with their citations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pellucid.policy.model import Regime
from pellucid.records.columns import from_instant
from pellucid.regulations.duties import Right, rights
from pellucid.transparency import phrases
from pellucid.transparency.content import Section, Sentence
from pellucid.transparency.maker import Maker


def sections(maker: Maker) -> Iterator[Section]:
    """Yield a section for each regime."""
    for regime in maker.policy.regimes.values():
        title = maker.text("regimes", regime.name)
        yield Section(f"rights:{regime.name}", title, 3, tuple(_told(maker, regime, title)), listed=True)


def given(maker: Maker, regime: Regime) -> dict[str, list[str]]:
    """Return the messages of the rights that hold under a regime now, in their order, each with its citations."""
    found: dict[str, list[str]] = {}
    for right in _rights(maker, regime):
        cites = found.setdefault(phrases.RIGHTS[right.id], [])
        if right.verified and right.cite not in cites:
            cites.append(right.cite)
    return {text: found[text] for text in dict.fromkeys((*phrases.RIGHTS.values(),)) if text in found}


def day(maker: Maker) -> date:
    """Return the day (UTC) for which laws are asked."""
    return from_instant(maker.now).date()


def _rights(maker: Maker, regime: Regime) -> tuple[Right, ...]:
    served = regime.establishment or maker.policy.controller.country
    return rights(maker.policy.laws, regime.jurisdictions, day(maker), served)


def _told(maker: Maker, regime: Regime, title: str) -> Iterator[Sentence]:
    found = given(maker, regime)
    if not found:
        text = maker.words.say("Write to us to ask which rights the law gives you there.")
        yield Sentence(f"rights:{regime.name}:ask", text)
    for text, cites in found.items():
        told = maker.words.say(text)
        cited = f"{told.removesuffix('.')} ({'; '.join(cites)})." if cites else told
        yield Sentence(f"right:{regime.name}:{_key(text)}", cited, "right", told, title)


def _key(text: str) -> str:
    """Return the name of a right's message: that of the first right of a pack that it stands for."""
    return next(right for right, held in phrases.RIGHTS.items() if held == text)
