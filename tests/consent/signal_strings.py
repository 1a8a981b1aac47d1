"""Writing signal strings as the specifications say, for tests; the product only reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def bits(value: int, size: int) -> str:
    return format(value, f"0{size}b")


def encoded(text: str) -> str:
    padded = text + "0" * (-len(text) % 6)
    return "".join(ALPHABET[int(padded[at : at + 6], 2)] for at in range(0, len(padded), 6))


def flags(places: Iterable[int], size: int) -> str:
    wanted = set(places)
    return "".join("1" if place in wanted else "0" for place in range(1, size + 1))


def fibonacci(value: int) -> str:
    weights = [1, 2]
    while weights[-1] <= value:
        weights.append(weights[-1] + weights[-2])
    word = ""
    for weight in reversed([each for each in weights if each <= value]):
        word = ("1" if weight <= value else "0") + word
        value -= weight if weight <= value else 0
    return f"{word}1"


def gpp_header(sections: Sequence[int]) -> str:
    text = bits(3, 6) + bits(1, 6) + bits(len(sections), 12)
    last = 0
    for section in sections:
        text += "0" + fibonacci(section - last)
        last = section
    return encoded(text)


def ranges_field(ranges: Iterable[tuple[int, int]]) -> str:
    found = list(ranges)
    entries = (
        f"1{bits(first, 16)}{bits(last, 16)}" if first != last else f"0{bits(first, 16)}" for first, last in found
    )
    return bits(len(found), 12) + "".join(entries)


def vendor_field(vendors: Iterable[int]) -> str:
    found = set(vendors)
    most = max(found, default=0)
    return bits(most, 16) + "0" + flags(found, most)


def tc_string(
    *,
    consents: Iterable[int] = (),
    interests: Iterable[int] = (),
    vendors: Iterable[int] = (),
    ranges: Sequence[tuple[int, int]] = (),
    most: int = 800,
    created: int = 16_000_000_000,
    updated: int = 16_000_000_000,
    language: tuple[int, int] = (4, 13),
    restriction: tuple[int, int] | None = None,
) -> str:
    chosen = bits(most, 16) + "1" + ranges_field(ranges) if ranges else vendor_field(vendors)
    return encoded(
        bits(2, 6)
        + bits(created, 36)
        + bits(updated, 36)
        + bits(10, 12)
        + bits(1, 12)
        + bits(1, 6)
        + bits(language[0], 6)
        + bits(language[1], 6)
        + bits(174, 12)
        + bits(4, 6)
        + "10"
        + flags((), 12)
        + flags(consents, 24)
        + flags(interests, 24)
        + "0"
        + bits(3, 6)
        + bits(4, 6)
        + chosen
        + vendor_field(())
        + (
            bits(0, 12)
            if restriction is None
            else bits(1, 12) + bits(restriction[0], 6) + bits(restriction[1], 2) + ranges_field([(3, 3)])
        )
    )
