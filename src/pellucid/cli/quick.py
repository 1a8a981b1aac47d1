"""Keeping a short command short. Not for the Python interface, whose process is not ours to tune.

pyarrow imports an installed pandas (0.3 s) merely to tell whether a list is a Series; no command of ours needs pandas
but `demo`, whose data come from a package that does. And a tenth of a question's time went into looking for garbage
among the hundred thousand objects that imports make and keep.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class _WithoutPandas(MetaPathFinder):
    """Says that pandas is not installed, which it need not be."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Raise for pandas; leave every other module to the finders that follow."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not needed here.", name=name)


COLLECT_AFTER = 50_000
"""Objects made before the collector looks, instead of 700; a long command still collects."""

_WITHOUT = _WithoutPandas()


def collect_rarely() -> None:
    """Let the garbage collector look less often in this process."""
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def without_pandas() -> None:
    """Let nothing import pandas in this process from now on."""
    sys.meta_path.insert(0, _WITHOUT)


def with_pandas() -> None:
    """Take `without_pandas` back."""
    if _WITHOUT in sys.meta_path:
        sys.meta_path.remove(_WITHOUT)
