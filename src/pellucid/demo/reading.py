"""Reads numbers out of what the commands of the story printed, and stops the story when one is not as it says."""

from __future__ import annotations

import re

from pellucid.errors import PellucidError

_VALUE = re.compile(r"(-?[\d,]+(?:\.\d+)?) ± ([\d,]+(?:\.\d+)?)")


class DemoFailed(PellucidError):
    """A step of the worked example did not do what it says."""

    code = "demo-failed"


def demand(holds: bool, what: str) -> None:
    """Print a tick, or raise DemoFailed."""
    if not holds:
        raise DemoFailed(f"The example expected that {what}, and that is not so.", remedy="Please report this.")
    print(f"  ✓ {what}", flush=True)


def values_of(text: str) -> list[float]:
    """Return the values printed with an error beside them, in order."""
    return [_number(value) for value, _ in _VALUE.findall(_answer(text))]


def errors_of(text: str) -> list[float]:
    """Return the errors printed beside values, in order."""
    return [_number(error) for _, error in _VALUE.findall(_answer(text))]


def number_after(words: str, text: str) -> int:
    """Return the first whole number after some words; raises DemoFailed if there is none."""
    found = re.search(rf"{re.escape(words)}\s+([\d,]+)", text)
    if found is None:
        raise DemoFailed(f"There is no number after {words!r} in what was printed.")
    return int(found[1].replace(",", ""))


def spent_of(text: str) -> float:
    """Return what an answer says is spent on each person in all; raises DemoFailed if it does not say."""
    found = re.search(r";\s+([\d.]+)\s+of\s+\S+\s+spent", text)
    if found is None:
        raise DemoFailed("An answer does not say what is spent.")
    return float(found[1])


def _answer(text: str) -> str:
    """Return the table of an answer, without the lines on its cost and clipping below it."""
    return text.split("\n\n", 1)[0]


def _number(text: str) -> float:
    return float(text.replace(",", ""))
