"""Memory does not grow with a person's rows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "access_package.py"


@pytest.mark.slow
def test_fifty_times_the_rows_take_no_more_memory() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--rows", "10000", "500000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    peaks = [int(peak) for peak in re.findall(r"^ *[0-9,]+ +([0-9]+) ", done.stdout, re.MULTILINE)]
    assert len(peaks) == 2
    assert peaks[1] - peaks[0] < 40  # MB; all rows at once would take several hundred
