"""What an analyst asks: SQL for a declared purpose, by somebody, at a price. No decision is taken here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from pellucid.errors import InputInvalid, UseRefused
from pellucid.policy.model import Actor
from pellucid.policy.reasons import reason
from pellucid.release.choose import BOUNDINGS
from pellucid.rewrite.governed import GovernedQuery

Value = str | int | float | bool | Decimal | date | datetime | None
_TOLD: tuple[type, ...] = (str, int, float, bool, Decimal, date, datetime, type(None))


@dataclass(frozen=True, slots=True)
class InsightQuery:
    """SQL with named parameters (`$name`), the purpose, who asks, and the epsilon asked (None: the default).

    `accuracy` asks instead for the least epsilon with which no figure's 95 % half-width is above it, in its own units;
    `relative` the same as a share of the figure's rough size, which is first found out by a small charged answer.
    `fresh` asks for a new answer even where one that was released before may be shown again. `bounding` is `auto`,
    `groups` or `rank`: see `release.choose`.
    """

    sql: str
    purpose: str
    actor: Actor
    epsilon: float | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    accuracy: float | None = None
    fresh: bool = False
    relative: float | None = None
    bounding: str = "auto"

    def __post_init__(self) -> None:
        if self.bounding not in BOUNDINGS:
            raise InputInvalid(
                f"bounding must be one of {', '.join(BOUNDINGS)}, got {self.bounding!r}.",
                code="bounding-unknown",
                remedy="Leave it out for the one that needs less noise.",
            )
        if self.accuracy is not None and not (math.isfinite(self.accuracy) and self.accuracy > 0):
            raise InputInvalid(
                f"accuracy must be a number above 0, got {self.accuracy!r}.",
                code="accuracy-out-of-range",
                remedy="Give the largest error you can work with, in the figure's own units.",
            )
        if self.relative is not None and not (math.isfinite(self.relative) and 0 < self.relative <= 1):
            raise InputInvalid(
                f"A relative accuracy must be above 0 % and at most 100 %, got {self.relative:.6%}.",
                code="accuracy-out-of-range",
                remedy="Give the largest error you can work with as a share of the figure, such as 5%.",
            )
        if sum(each is not None for each in (self.accuracy, self.relative, self.epsilon)) > 1:
            raise InputInvalid(
                "Epsilon and accuracy were both given; one follows from the other.",
                code="options-clash",
                remedy="Give one of them.",
            )
        if self.epsilon is not None and not (math.isfinite(self.epsilon) and self.epsilon > 0):
            raise InputInvalid(
                f"epsilon must be a number above 0, got {self.epsilon!r}.",
                code="epsilon-out-of-range",
                remedy="Leave it out to use the purpose's default.",
            )
        texts = [self.sql, self.purpose, *self.parameters, *map(str, self.parameters.values())]
        if any("\ud800" <= sign <= "\udfff" for text in texts if not text.isascii() for sign in text):
            raise InputInvalid(
                "The question or a parameter holds half of a surrogate pair, which is no character.",
                code="text-not-unicode",
                remedy="Hand the text in as valid UTF-8.",
            )


def accuracy_of(given: float | str | None) -> tuple[float | None, float | None]:
    """Return an accuracy as (in the figures' own units, as a share of their size); `5%` is a share. One is None.

    Raises InputInvalid (`accuracy-out-of-range`) for a text that is neither a number nor a share.
    """
    if not isinstance(given, str):
        return given, None
    number, share = given.strip().removesuffix("%"), given.strip().endswith("%")
    try:
        value = float(number)
    except ValueError:
        raise InputInvalid(
            f"accuracy must be a number or a share, got {given!r}.",
            code="accuracy-out-of-range",
            remedy="Write 50 for an error in the figure's own units, or 5% for a share of it.",
        ) from None
    return (None, value / 100) if share else (value, None)


def check_parameters(governed: GovernedQuery, given: Mapping[str, Value]) -> None:
    """Demand exactly the question's own parameters; raises UseRefused with every one missing, unused or unusable."""
    needed = {*governed.post_parameters}
    needed.update(name for block in governed.blocks for name in block.parameters)
    needed.update(name for table in governed.tables for name in table.parameters)
    needed = {name for name in needed if not name.startswith("_")}
    reasons = [reason("parameter-missing", name=name) for name in sorted(needed - set(given))]
    reasons += [reason("parameter-unused", name=name) for name in sorted(set(given) - needed)]
    reasons += [
        reason("parameter-value", name=name, kind=type(value).__name__)
        for name, value in sorted(given.items())
        if not isinstance(value, _TOLD)
    ]
    if reasons:
        raise UseRefused(reasons, message="This question is refused.")
