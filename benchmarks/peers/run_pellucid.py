"""pellucid over a workspace made beforehand: the whole question, or the block's SQL in the engine alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.ours import VARIANTS, Ours
from benchmarks.peers.serve import Answer, Asked, cells_of, serve

FIGURES = {"Q1": ("n", "total"), "Q2": ("n", "total"), "Q3": ("people",), "Q4": ("mean",)}
ENGINE = sys.argv[2:] == ["engine"]


def load(folder: Path) -> Callable[[Asked], Answer]:
    ours, variants = Ours(folder), {each.name: each for each in VARIANTS}
    ours.ask(next(iter(variants.values())), "Q4")  # the engine is opened and the permitted bits are loaded

    def answer(asked: Asked) -> Answer:
        variant = variants[asked.variant]
        if ENGINE:
            return Answer(cells_of(ours.run_block(variant, asked.question), len(asked.keys)))
        released = ours.ask(variant, asked.question)
        columns = [released.values.column(name).to_pylist() for name in [*asked.keys, *FIGURES[asked.question]]]
        rows = zip(*columns, strict=True)
        clipped = [each.text for each in released.clipping if each.fraction is not None]
        return Answer(cells_of(rows, len(asked.keys)), released.loss.epsilon, released.loss.delta, " ".join(clipped))

    return answer


if __name__ == "__main__":
    serve(load)
