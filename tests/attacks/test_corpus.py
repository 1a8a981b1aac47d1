"""Every attack leaks on an ungoverned database, and through the workspace nothing planted comes out anywhere."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pellucid.engines.base import Statement
from pellucid.errors import PellucidError, UseRefused
from pellucid.rewrite.context import Context
from pellucid.rewrite.pipeline import govern
from pellucid.workspace import Workspace
from tests.attacks.corpus import ATTACKS, NOISE, Attack
from tests.attacks.fuzzing import DRAWS
from tests.attacks.grocer import NOW, SECRETS, TARGET, WITHDRAWN, made_rows, opened, plain

ANSWERED = [attack for attack in ATTACKS if attack.expected == NOISE]


def _id(attack: Attack) -> str:
    return f"{attack.route}: {attack.sql}"


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "secret.csv"
    path.write_text(f"a\n{SECRETS[0]}\n")
    return path


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with opened(tmp_path_factory.mktemp("grocer") / "ws", made_rows()) as found:
        yield found


@pytest.fixture(scope="module")
def without_withdrawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The same grocer, to whom the household that objects never came."""
    with opened(tmp_path_factory.mktemp("without") / "ws", made_rows(without=[WITHDRAWN])) as found:
        yield found


def _parameters(attack: Attack) -> dict[str, str]:
    return {"who": TARGET} if "$who" in attack.sql else {}


def _ungoverned(attack: Attack, sql: str, *, without: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return what the SQL prints, and the error it ends in, where nothing stands in front of the data."""
    with plain(without) as connection:
        try:
            return str(connection.execute(sql, _parameters(attack) or None).fetchall()), ""
        except duckdb.Error as error:
            return "", str(error)


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=_id)
def test_an_attack_leaks_where_nothing_stands_in_front_of_the_data(attack: Attack, secret_file: Path) -> None:
    sql = attack.sql.replace("{file}", str(secret_file))
    shown, error = _ungoverned(attack, sql)
    assert not error.startswith(("Parser Error", "Binder Error", "Catalog Error")), error
    if attack.would_leak == "secret":
        assert any(secret in shown for secret in SECRETS)
    elif attack.would_leak == "differs":
        assert (shown, error) != _ungoverned(attack, sql, without=(TARGET,))


@pytest.mark.parametrize("attack", ATTACKS, ids=_id)
@pytest.mark.promise(
    "hidden", "the corpus of hostile questions, each first shown to leak where nothing stands in front of the data"
)
def test_an_attack_ends_as_expected_and_nothing_planted_comes_out(
    attack: Attack, workspace: Workspace, secret_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Noise and digests hold a secret's digits by chance, in one run of hundreds: what comes out shows each time."""
    sql = attack.sql.replace("{file}", str(secret_file))
    for _ in range(DRAWS):
        codes, places = _came_out(attack, sql, workspace, capfd)
        assert (attack.expected in codes) if codes else attack.expected == NOISE, codes
        found = [secret for secret in SECRETS if any(secret in place for place in places)]
        if not found:
            break
    assert found == []


def _came_out(
    attack: Attack, sql: str, workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> tuple[set[str], list[str]]:
    """Return the reasons why a question was refused, if it was, and all that was said, printed and logged of it."""
    codes: set[str] = set()
    capfd.readouterr()
    try:
        release = workspace.query(sql, purpose=attack.purpose, actor="mallory", parameters=_parameters(attack))
    except UseRefused as error:
        codes, said = {reason.code for reason in error.reasons}, _everything(error)
    else:
        said = str(release.to_json()["rows"]) + repr(release) + str(release.coverage)
    entry = workspace.audit.entries(actor=workspace.actor("pia"), last=1)[0]
    printed = capfd.readouterr()
    return codes, [said, printed.out, printed.err, _without_literals(entry.body.decode(), sql)]


def _everything(error: BaseException) -> str:
    """Return all that hangs on an error: its words, arguments, attributes, causes and what a traceback prints."""
    parts = [str(error), repr(error), repr(error.args), repr(vars(error)), "".join(traceback.format_exception(error))]
    linked = [each for each in (error.__cause__, error.__context__) if each is not None]
    return "\n".join([*parts, *(_everything(each) for each in linked)]).replace(str(Path(__file__)), "")


def _without_literals(body: str, sql: str) -> str:
    """The body may not even hold what mallory typed between quotes; so nothing is taken out of it."""
    assert "h718" not in body or "h718" not in sql
    return body


@pytest.mark.slow
@pytest.mark.parametrize("attack", ANSWERED, ids=_id)
@pytest.mark.promise("rows", "the hostile questions that are answered, with and without a withdrawn household's rows")
def test_rows_of_a_withdrawn_household_change_nothing_before_the_noise(
    attack: Attack, workspace: Workspace, without_withdrawn: Workspace
) -> None:
    with_rows, without = (_exact(each, attack) for each in (workspace, without_withdrawn))
    assert with_rows == without


def _exact(workspace: Workspace, attack: Attack) -> list[list[dict[str, object]]]:
    """Return the exact cells of every block, which only a test may see, in a settled order."""
    policy = workspace.policy.active()
    governed = govern(attack.sql, Context(policy, workspace.actor("mallory"), attack.purpose))
    bound = {"_now": NOW, "_salt": "salt"}
    statements = [
        Statement(block.name, block.sql, {name: bound[name] for name in block.parameters if name in bound})
        for block in governed.blocks
    ]
    parts = workspace._parts
    engine = parts.replica.fresh(parts.clock()).engine
    answer = engine.run(statements, purpose=attack.purpose, seconds=300)
    return [_sorted(answer.table(block.name)) for block in governed.blocks]


def _sorted(table: pa.Table) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = table.to_pylist()
    return sorted(rows, key=repr)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(CASE WHEN shop = 'casino' THEN 200 ELSE 0 END) AS n FROM orders",
        "SELECT COUNT(*) FILTER (WHERE shop = 'casino') AS n FROM orders",
        "SELECT SUM(value) AS n FROM orders WHERE shop = 'casino'",
    ],
)
def test_repeated_answers_vary_as_planned(workspace: Workspace, sql: str) -> None:
    """120 answers: their spread is within 40 % of sigma (chance of a false alarm: 2e-9, by chi-square)."""
    releases = [workspace.query(sql, purpose="planning", actor="mallory", epsilon=0.01) for _ in range(120)]
    answers = [float(release.to_arrow().column("n")[0].as_py()) for release in releases]
    width = releases[0].accuracy[0].half_width
    assert width is not None
    sigma = width / 1.96
    mean = sum(answers) / len(answers)
    spread = (sum((answer - mean) ** 2 for answer in answers) / (len(answers) - 1)) ** 0.5
    assert 0.6 * sigma < spread < 1.4 * sigma


def test_a_failure_of_the_engine_holds_no_word_of_it(workspace: Workspace) -> None:
    """Should the gate ever let an error through, the spine keeps its words back."""
    engine = workspace._parts.replica.fresh(workspace._parts.clock()).engine
    broken = Statement("r0", "SELECT CAST(note AS INT) AS n FROM held.orders")
    with pytest.raises(PellucidError, match="could not answer") as caught:
        engine.run([broken], purpose="planning", seconds=300)
    assert [secret for secret in SECRETS if secret in _everything(caught.value)] == []


def test_a_failure_while_the_answer_is_made_is_charged_and_holds_no_cell(workspace: Workspace) -> None:
    """What is typed beside a figure is worked out over released cells, after the engine ran: this is no date."""
    sql = "SELECT CAST('never' AS DATE) AS d, SUM(value) FROM orders"
    before = workspace.budget(actor="mallory")[0].spent_epsilon
    with pytest.raises(PellucidError, match="could not answer the question") as caught:
        workspace.query(sql, purpose="planning", actor="mallory", epsilon=0.5)
    error = caught.value
    assert (error.code, error.__cause__, error.__context__) == ("query-failed", None, None)
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1] == "_run"
    assert workspace.budget(actor="mallory")[0].spent_epsilon > before
