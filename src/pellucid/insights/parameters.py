"""Reading the values of a question's parameters as people type them. It imports nothing heavy."""

from __future__ import annotations

from decimal import Decimal

from pellucid.errors import InputInvalid


def parameter_of(text: str) -> tuple[str, str | int | Decimal | bool]:
    """`week=3` is a whole number, `share=0.5` a number, `on=true` a truth value, anything else text."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise InputInvalid(
            f"A parameter is NAME=VALUE, got {text!r}.", code="parameter-invalid", remedy="Write it as week=3."
        )
    if value in ("true", "false"):
        return name, value == "true"
    try:
        return name, int(value)
    except ValueError:
        pass
    try:
        number = Decimal(value)
    except ArithmeticError:
        return name, value
    return name, number if number.is_finite() else value
