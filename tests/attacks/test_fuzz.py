"""Fuzzing: of the gate with statements, of the loader with policies, of imports with files. See the modules for what
may come of an attempt; a finding names its seed, and `python -m tests.attacks.fuzzing --first SEED --attempts 1` shows
it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import files, fuzzing, policies, typed
from tests.attacks.fuzzing import Worlds
from tests.attacks.mutations import statement
from tests.attacks.watched import Finding, Fuzzer, run, run_here
from tests.conftest import Tried

TYPED = 6_000


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    found = Worlds(tmp_path_factory.mktemp("fuzz"))
    yield found
    found.close()


def test_no_statement_gets_past_the_gate_and_fails(worlds: Worlds) -> None:
    outcome = run_here(Fuzzer(lambda _folder: worlds, fuzzing.tried, statement), 0, 100, Path())
    assert outcome.findings == []
    assert min(outcome.ended["refused"], outcome.ended["answered"]) > 10, outcome.ended


def test_no_policy_file_crashes_the_loader(tmp_path: Path) -> None:
    outcome = run_here(policies.FUZZER, 0, 60, tmp_path)
    assert outcome.findings == []
    assert min(outcome.ended["findings"], outcome.ended["policy"]) > 1, outcome.ended


def test_no_file_is_half_imported(tmp_path: Path) -> None:
    outcome = run_here(files.FUZZER, 0, 40, tmp_path)
    assert outcome.findings == []
    assert outcome.ended["all kept"] + outcome.ended["some kept"] > 1, outcome.ended


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.promise("closed", "random statements, run in four worlds that differ in a household each")
def test_no_statement_of_a_hundred_thousand_does(tried: Tried) -> None:
    outcome = run(fuzzing.FUZZER, 100, 100_000)
    assert outcome.findings == []
    assert sum(outcome.ended.values()) == 100_000
    assert min(outcome.ended["refused"], outcome.ended["answered"]) > 10_000, outcome.ended
    tried(100_000, f"no finding; {outcome.ended['answered']:,} answered, the slowest took {outcome.slowest:.0f} s")


@pytest.mark.slow
@pytest.mark.promise("hidden", "every function over every type in every place, over one household's row or none")
def test_no_function_over_any_type_of_many_tells_that_there_is_a_row(tried: Tried) -> None:
    outcome = run(typed.FUZZER, 0, TYPED)
    assert outcome.findings == []
    assert min(outcome.ended["refused"], outcome.ended["answered"]) > TYPED // 60, outcome.ended
    tried(TYPED, "refused or answered alike, with the row and without")


@pytest.mark.slow
@pytest.mark.promise("closed", "policy files broken in bytes, lines and values")
def test_no_policy_file_of_many_crashes_the_loader(tried: Tried) -> None:
    outcome = run(policies.FUZZER, 60, 1_500)
    assert outcome.findings == []
    tried(1_500, "a policy, or findings with their places")


@pytest.mark.slow
@pytest.mark.promise("whole", "CSV and Parquet files broken in bytes, lines, values and schemas, imported")
def test_no_file_of_many_is_half_imported(tried: Tried) -> None:
    outcome = run(files.FUZZER, 40, 800)
    assert outcome.findings == []
    tried(800, "all of a file's rows accounted for, or nothing published")


# -- the fuzzers notice ------------------------------------------------------------------------------------------------


def test_a_statement_that_shows_a_secret_is_a_finding() -> None:
    with pytest.raises(Finding, match="shows"):
        fuzzing._look_for_secrets("98765.43", "")


def test_a_household_that_moves_more_than_its_bound_is_a_finding(worlds: Worlds) -> None:
    """The same block, its bound declared ten times smaller than it is."""
    from dataclasses import replace

    from pellucid.rewrite.pipeline import govern

    governed = govern("SELECT COUNT(*) FROM orders", worlds.context)
    block = governed.blocks[0]
    few = replace(block, measures=(replace(block.measures[0], upper=2),))
    bound = fuzzing._bound(governed)
    statements = fuzzing._statements(governed, bound)
    one, other = (worlds.engine(each).run(statements, purpose="planning", seconds=300) for each in ("", "h7"))
    fuzzing._compare(governed, one, other, "h7")
    with pytest.raises(Finding, match="h7 alone moves"):
        fuzzing._compare(replace(governed, blocks=(few,)), one, other, "h7")


def _hangs(_state: object, seed: int) -> str:
    import os
    import time

    if seed == 3:
        os._exit(9)
    if seed == 5:
        time.sleep(3600)
    return "ended"


def _folder(folder: Path) -> Path:
    return folder


@pytest.mark.slow
def test_a_death_and_a_hang_are_findings_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.attacks.watched.HANGS", 20.0)
    outcome = run(Fuzzer(_folder, _hangs, str), 0, 8)
    assert sorted(finding.split(":")[0] for finding in outcome.findings) == ["seed 3", "seed 5"]
    assert outcome.ended["ended"] + outcome.ended["FINDING"] >= 4
