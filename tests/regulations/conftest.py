"""The packs as shipped, sets of them, and figures made up for one test."""

from __future__ import annotations

from datetime import date

import pytest

from pellucid.regulations.load import shipped
from pellucid.regulations.model import Combine, Field, Figure, Law, Laws, Value

TODAY = date(2026, 11, 23)


def figure(value: Value, *, verified: bool = True, combine: Combine | None = Combine.LATTICE, **more: object) -> Figure:
    """Return a made-up figure."""
    return Figure(value, "s. 1", verified, combine, **more)  # type: ignore[arg-type]


def law(name: str, places: tuple[str, ...], **fields: Figure | tuple[Figure, ...]) -> Law:
    """Return a made-up law for people in these places; `consent__sale=...` is the field `consent.sale`."""
    territory = Field("territory.residents", (figure(places, combine=Combine.UNION),))
    given = {key.replace("__", "."): held for key, held in fields.items()}
    made = [Field(key, held if isinstance(held, tuple) else (held,)) for key, held in given.items()]
    return Law(name, name, False, (territory, *made))


def packs(*names: str) -> Laws:
    """Return the set of these shipped packs."""
    return Laws(tuple(shipped()[name] for name in names))


@pytest.fixture(scope="session")
def deep() -> Laws:
    """The three packs that can decide."""
    return packs("eu-gdpr", "uk-gdpr", "us-ca-ccpa")
