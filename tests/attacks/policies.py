# ruff: noqa: E501  # pools read best a kind a line
"""Fuzzing of the policy loader: example policies with bytes, lines and values broken.

    python -m tests.attacks.policies --attempts 20000

Whatever stands in a folder becomes a policy, which can be stored and explained, or findings with a place in a file.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pellucid.policy.canonical import from_canonical, to_canonical
from pellucid.policy.explain import explain_purpose
from pellucid.policy.load import load_folder
from tests.attacks.grocer import POLICY
from tests.attacks.watched import Finding, Fuzzer, main

EXAMPLE = Path(__file__).parents[2] / "examples" / "corner-shop" / "policy"
LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
ODD = ["&x ", "*x", "<<: *x", "!!python/object/apply:os.system ['true']", "!!binary aGk=", "!!set {a}", "!x ", "? ", ": ", "- ", "| ", "> ", "%YAML 1.3\n",
       "---", "...", "\t", "\r", "\r\n", "\ufeff", "\x00", "\x07", "\x85", "\u2028", "\ud7ff", "{", "}", "[", "]", "'", '"', "#", "@", "`", ",", "~", "null",
       "NaN", ".nan", ".inf", "-.inf", "1e999", "9" * 400, "0x" + "F" * 40, "0o777", "1_000", "1:30", "2026-02-30", "yes", "NO", "\\x", '"\\ud800"', '"\\x"',
       "x" * 5_000, "é", "名", "\U0001f600", "${HOME}", "{{x}}", "../../etc/passwd", "'; DROP TABLE x; --"]  # fmt: skip
WRONG: list[Any] = [None, True, -1, 0, 1, 1e308, math.nan, math.inf, 10**400, -(10**30), 2**63, "", " ", "x", "1e-6", [], [None], [[]], {}, {"": ""},
                    {"a": {"b": {}}}, ["x"] * 300, "x" * 3_000, "\n", "é\u0301", {"epsilon": "all"}, "2026-02-30", [1, "1", 1.0], {"norm": "1", "per_group": "1"}]  # fmt: skip


@cache
def bases() -> tuple[str, ...]:
    """Return the texts that are broken."""
    return (POLICY, POLICY, *(path.read_text() for path in sorted(EXAMPLE.glob("*.yaml"))))


def content(seed: int) -> bytes:
    """Return the bytes of a seed's file."""
    pick = random.Random(seed)
    text = pick.choice(bases())
    if pick.random() < 0.4:
        text = _restructured(pick, text)
    for _ in range(pick.choice([0, 1, 1, 2, 4])):
        text = pick.choice(_TEXTS)(pick, text)
    data = text.encode("utf-8", "surrogatepass")
    return pick.choice(_BYTES)(pick, data) if pick.random() < 0.2 else data


def _restructured(pick: random.Random, text: str) -> str:
    tree = yaml.safe_load(text)
    for _ in range(pick.choice([1, 1, 2, 3])):
        holders = [holder for holder in _holders(tree) if holder]
        holder = pick.choice(holders)
        place = pick.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        change = pick.random()
        if change < 0.2:
            del holder[place]
        elif change < 0.3 and isinstance(holder, dict):
            holder[pick.choice(["", "x", 1, None, True, 1.5, place, f"{place}x", "title", "é"])] = holder.pop(place)
        elif change < 0.5:
            other = pick.choice(holders)
            holder[place] = json.loads(
                json.dumps(other[pick.choice(list(other) if isinstance(other, dict) else range(len(other)))])
            )
        else:
            holder[place] = pick.choice(WRONG)
    return yaml.safe_dump(
        tree,
        sort_keys=pick.random() < 0.5,
        default_flow_style=pick.choice([None, False, True]),
        allow_unicode=pick.random() < 0.5,
    )


def _holders(tree: Any) -> list[Any]:
    found = [tree] if isinstance(tree, dict | list) else []
    members = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return found + [each for member in members for each in _holders(member)]


def _line(change: Callable[[random.Random, list[str], int], None]) -> Callable[[random.Random, str], str]:
    def changed(pick: random.Random, text: str) -> str:
        lines = text.splitlines(keepends=True) or [""]
        change(pick, lines, pick.randrange(len(lines)))
        return "".join(lines)

    return changed


def _insert(pick: random.Random, lines: list[str], at: int) -> None:
    line = lines[at]
    place = pick.randrange(len(line) + 1)
    lines[at] = line[:place] + pick.choice(ODD) + line[place:]


def _value(pick: random.Random, lines: list[str], at: int) -> None:
    head, mark, _ = lines[at].partition(": ")
    lines[at] = f"{head}{mark or ': '}{pick.choice(ODD)}\n"


def _double(pick: random.Random, lines: list[str], at: int) -> None:
    lines[at:at] = lines[at : at + pick.choice([1, 3, 20])] * pick.choice([1, 2, 50])


def _delete(pick: random.Random, lines: list[str], at: int) -> None:
    del lines[at : at + pick.choice([1, 1, 2, 10])]


def _shift(pick: random.Random, lines: list[str], at: int) -> None:
    lines[at] = pick.choice(["", " ", "  ", "   ", "\t", "      "]) + lines[at].lstrip()


def _bomb(pick: random.Random, lines: list[str], at: int) -> None:
    depth = pick.choice([19, 21, 200, 20_000])
    lines[at:at] = [
        pick.choice(
            [
                LAUGHS,
                "[" * depth,
                "{a: " * depth,
                "- " * depth,
                "x: &x {y: *x}\n",
                "? " * depth,
                "x: '" + "\n" * 2_000,
                "&a " * 300,
            ]
        )
    ]


_TEXTS: tuple[Callable[[random.Random, str], str], ...] = (
    *map(_line, (_insert, _insert, _value, _value, _double, _delete, _delete, _shift, _bomb)),
    lambda pick, text: text.replace("\n", pick.choice(["\r\n", "\r", "\n\n", "\u2028"])),
    lambda pick, text: text[: pick.randrange(len(text) + 1)],
    lambda pick, text: "\ufeff" + text,
    lambda pick, text: text + pick.choice(["---\n", "...\n", "\n---\na: 1\n", "x: 1"]),
)
_BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda pick, data: data.decode("utf-8", "replace").encode("utf-16"),
    lambda pick, data: data.decode("utf-8", "replace").encode("latin-1", "replace").replace(b"e", b"\xe9", 3),
    lambda pick, data: (
        data[: pick.randrange(len(data) + 1)] + bytes([pick.randrange(256)]) + data[pick.randrange(len(data) + 1) :]
    ),
    lambda pick, data: data + b"\x00" * 10,
    lambda pick, data: data + b"# " + b"x" * 1_000_001,
)


def prepare(folder: Path) -> Path:
    (folder / "policy").mkdir()
    return folder / "policy"


def attempt(folder: Path, seed: int) -> str:
    """Load the file of a seed and hold the outcome against what the loader promises."""
    data = content(seed)
    (folder / "policy.yaml").write_bytes(data)
    loaded = load_folder(folder)
    lines = len(data.splitlines()) + data.count(b"\x85") + data.count(b"\xe2\x80\xa8") + data.count(b"\r") + 1
    for found in loaded.findings:
        if not (found.code and found.message and found.remedy and found.path):
            raise Finding(f"a finding without a code, words, remedy or path: {found}")
        if not (1 <= found.line <= lines and found.column >= 1):
            raise Finding(f"a finding at no place of the file: {found.line}:{found.column} of {lines}")
    errors = [found for found in loaded.findings if found.severity == "error"]
    if (loaded.policy is None) is not bool(errors):
        raise Finding("a policy beside errors, or neither")
    if loaded.policy is None:
        return "findings"
    if from_canonical(to_canonical(loaded.policy)) != loaded.policy:
        raise Finding("the stored snapshot is another policy")
    for name in loaded.policy.purposes:
        explain_purpose(loaded.policy, name)
    return "policy"


def show(seed: int) -> str:
    return content(seed).decode("utf-8", "backslashreplace")


FUZZER = Fuzzer(prepare, attempt, show)


if __name__ == "__main__":
    main(FUZZER, "Fuzz the loader of policies.")
