"""Whatever is handed in: a clear error with code and remedy, the right exit code, nothing half-done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Said
from tests.cli.grocer import TRANSACTIONS, purchase, write_table

ENGINE_WORDS = re.compile(
    r"traceback|duckdb\.|sqlite3|"
    r"sqlalchemy|sqlglot|pyarrow|(binder|parser|catalog|conversion|invalid input) error|^line \d|"
    r"candidate bindings|\[defect\]",
    re.I | re.M,
)


def is_clear(said: Said) -> None:
    """Demand `error [code]: message`, something to do about it, and no words of an engine."""
    assert re.match(r"error \[[a-z0-9-]+\]: \S", said.err), said.err
    assert len(said.err.strip().splitlines()) >= 2, said.err
    assert ENGINE_WORDS.search(said.err) is None, said.err
    assert said.out == ""


def ask(pellucid: Command, sql: str, purpose: str = "range-planning", *more: str) -> Said:
    return pellucid("query", sql, "--purpose", purpose, "--as", "ana", *more)


@pytest.mark.parametrize(
    ("sql", "stated"),
    [
        ("SELEC count(*) FROM transactions", None),
        ("SELECT count(*) FROM transactions; SELECT 1", None),
        ("DROP TABLE transactions", None),
        ("CREATE TABLE mine AS SELECT * FROM transactions", None),
        ("INSERT INTO transactions VALUES (1)", None),
        ("ATTACH 'control.sqlite'", None),
        ("COPY transactions TO 'out.csv'", None),
        ("PRAGMA database_list", None),
        ("SELECT count(*) FROM read_csv('files/households.csv')", None),
        ("SELECT count(*) FROM 'files/households.csv'", None),
        ("SELECT count(*) FROM '/etc/passwd'", None),
        ("SELECT count(*) FROM glob('*')", None),
        ("SELECT count(*) FROM query('SELECT 1')", None),
        ("SELECT count(*) FROM duckdb_tables()", None),
        ("SELECT count(*) FROM pg_catalog.pg_tables", None),
        ("SELECT count(*) FROM sales", "sales"),
        ("SELECT count(colour) FROM transactions", "colour"),
        ("SELECT income, count(*) FROM demographics GROUP BY income", "income"),
        ("SELECT * FROM transactions", None),
        ("SELECT sum(sales_value) FROM transactions GROUP BY household_id", None),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", None),
        ("SELECT count(*) FROM transactions WHERE quantity = random()", None),
        ("", None),
        ("SELECT count(*) FROM transactions WHERE week = $week", None),
    ],
)
def test_a_question_that_cannot_be_governed_is_refused(
    pellucid: Command, grocer: Path, sql: str, stated: str | None
) -> None:
    said = ask(pellucid, sql)
    is_clear(said)
    assert said.code == 3
    assert stated is None or f"`{stated}`" in said.words or repr(stated) in said.words, said.err


def test_an_unknown_purpose_is_named_with_what_there_is(pellucid: Command, grocer: Path) -> None:
    said = ask(pellucid, "SELECT count(*) FROM transactions", "world-domination")
    is_clear(said)
    assert said.code == 3
    assert "world-domination" in said.words


def test_an_unknown_person_is_named_with_who_there_is(pellucid: Command, grocer: Path) -> None:
    said = pellucid("query", "SELECT 1", "-p", "range-planning", "--as", "mallory")
    is_clear(said)
    assert said.code == 2
    assert said.err.startswith("error [name-unknown]: There is no person 'mallory'.")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("give", "-p", "loyalty-offers", "--notice", "0"), "notice-not-current"),
        (("give", "-p", "loyalty-offers", "--by", "guardian"), "proof-missing"),
        (("lift", "--by", "agent"), "proof-missing"),
        (("withdraw", "-p", "nothing"), "name-unknown"),
        (("why", "-p", "nothing"), "name-unknown"),
    ],
    ids=["notice", "guardian", "agent", "purpose", "why"],
)
def test_what_does_not_fit_is_refused_alike_whoever_it_is_about(
    pellucid: Command, grocer: Path, words: tuple[str, ...], code: str
) -> None:
    verb, *rest = words
    there, nobody = (pellucid("consent", verb, who, *rest, "--as", "pia") for who in ("1", "9999"))
    is_clear(there)
    assert there.err.startswith(f"error [{code}]: ")
    assert (there.code, there.err) == (nobody.code, nobody.err)


def test_a_role_that_may_not_ask_is_refused(pellucid: Command, grocer: Path) -> None:
    said = pellucid("query", "SELECT count(*) FROM transactions", "-p", "range-planning", "--as", "dan")
    is_clear(said)
    assert said.code == 3


def test_ten_megabytes_of_sql_are_refused_at_once(pellucid: Command, grocer: Path) -> None:
    question = grocer / "long.sql"
    question.write_text("SELECT count(*) FROM transactions WHERE week IN (" + "1, " * 3_400_000 + "1)")
    said = ask(pellucid, f"@{question}")
    is_clear(said)
    assert said.code == 3


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("-(", ")"), ("NOT (", ")"), ("[", "]")])
def test_ten_thousand_levels_of_nesting_are_refused(
    pellucid: Command, grocer: Path, opening: str, closing: str
) -> None:
    said = ask(pellucid, f"SELECT count(*) FROM transactions WHERE {opening * 10_000}1{closing * 10_000} = 1")
    is_clear(said)
    assert said.code == 3


def test_a_question_that_takes_too_long_is_stopped(
    pellucid: Command, grocer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_QUERY_SECONDS", "1")
    crossed = ", ".join(f"products AS p{number}" for number in range(22))
    said = ask(pellucid, f"SELECT count(*) FROM {crossed}")
    is_clear(said)
    assert (said.code, said.err.split(":")[0]) == (5, "error [query-timeout]")


def test_a_missing_file_with_the_question_is_told(pellucid: Command, grocer: Path) -> None:
    said = ask(pellucid, "@nowhere.sql")
    is_clear(said)
    assert (said.code, said.err.splitlines()[0]) == (2, "error [file-unreadable]: The question's file cannot be read.")


@pytest.mark.parametrize("epsilon", ["0", "-1", "nan", "inf", "100"])
def test_a_loss_that_is_not_allowed_is_refused(pellucid: Command, grocer: Path, epsilon: str) -> None:
    said = ask(pellucid, "SELECT count(*) FROM transactions", "range-planning", "--epsilon", epsilon)
    is_clear(said)
    assert (said.code, said.err.split(":")[0]) == (2, "error [epsilon-out-of-range]")


def test_a_budget_that_is_spent_ends_with_its_own_exit_code(pellucid: Command, grocer: Path) -> None:
    codes = [
        ask(pellucid, "SELECT count(*) FROM transactions", "range-planning", "--epsilon", "3", "--fresh").code
        for _ in range(8)
    ]
    assert sorted(set(codes)) == [0, 4]
    assert codes == sorted(codes)


def test_a_plan_tells_the_cost_of_questions_together_and_spends_nothing(pellucid: Command, grocer: Path) -> None:
    counted = "SELECT COUNT(DISTINCT household_id) FROM transactions"
    before = pellucid("budget", "show", "--as", "pia").out
    said = pellucid("budget", "plan", counted, counted, "--purpose", "range-planning", "--as", "ana", "--epsilon", "2")
    assert (said.code, said.err) == (0, "")
    assert said.out.count("± ") == 2
    assert "Together they would cost ε 2." in said.out, "two questions of epsilon 2 cost less than 4"
    many = pellucid("budget", "plan", *[counted] * 9, "--purpose", "range-planning", "--as", "ana", "--epsilon", "3")
    assert "not enough for all of them" in many.out
    assert pellucid("budget", "show", "--as", "pia").out == before
    exact = pellucid("budget", "plan", counted, "--purpose", "range-planning", "--as", "ana", "--accuracy", "0.001")
    assert (exact.code, exact.err.split(":")[0]) == (2, "error [accuracy-out-of-reach]")


@pytest.mark.parametrize(
    ("name", "text"),
    [("broken.yaml", "purposes: [unclosed\n"), ("bytes.yaml", "\udcff\udcfe"), ("tab.yaml", "purposes:\n\t- x\n")],
)
def test_unreadable_yaml_is_placed_and_nothing_is_put_into_force(
    pellucid: Command, grocer: Path, name: str, text: str
) -> None:
    (grocer / "policy" / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    for words in (("policy", "check"), ("policy", "activate", "--as", "pia")):
        said = pellucid(*words)
        is_clear(said)
        assert (said.code, said.err.splitlines()[0]) == (2, "error [policy-invalid]: The policy has 1 error.")
        assert name in said.words
    assert pellucid("policy", "explain", "range-planning").code == 0


def held(pellucid: Command) -> str:
    """What is held, without the instants."""
    return re.sub(r"\d{4}-\d\d-\d\d[^\n]*", "", pellucid("data", "list", "--as", "dan").out)


@pytest.mark.parametrize(
    "row",
    [
        ["", *purchase("1", 1)[1:]],
        purchase("1", 1, value="ten"),
        purchase("1", 1, value="1e400"),
        [*purchase("1", 1)[:-1], "yesterday"],
    ],
    ids=["no household", "words for money", "too much money", "no instant"],
)
def test_a_file_of_wrong_rows_is_refused_whole(pellucid: Command, grocer: Path, row: list[object]) -> None:
    before = held(pellucid)
    file = write_table(grocer / "wrong.csv", TRANSACTIONS, [row])
    said = pellucid("data", "add", "transactions", str(file), "--as", "dan")
    is_clear(said)
    assert said.code == 6
    assert "yesterday" not in said.err
    assert held(pellucid) == before


def test_duplicate_keys_are_refused(pellucid: Command, grocer: Path) -> None:
    before = held(pellucid)
    rows = [[name, "DE", "", "", 1970] for name in ("900", "900")]
    columns = ["household_id", "jurisdiction", "mail", "second_mail", "birth_year"]
    file = write_table(grocer / "twice.csv", columns, rows)
    said = pellucid("data", "add", "households", str(file), "--replace", "--as", "dan")
    is_clear(said)
    assert said.code == 6
    assert held(pellucid) == before


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"colour\nred\n", b"PAR1 is not all of it PAR1"])
def test_a_file_that_is_no_table_is_refused(pellucid: Command, grocer: Path, content: bytes) -> None:
    for name in ("odd.csv", "odd.parquet"):
        (grocer / name).write_bytes(content)
        said = pellucid("data", "add", "transactions", str(grocer / name), "--as", "dan")
        is_clear(said)
        assert said.code in (2, 6)


@pytest.mark.parametrize(
    "words",
    [
        ("data", "add", "nowhere", "files/households.csv", "--as", "dan"),
        ("data", "add", "households", "nowhere.csv", "--as", "dan"),
        ("policy", "explain", "nothing"),
        ("consent", "withdraw", "9999", "-p", "range-planning", "--as", "pia"),
        ("consent", "give", "1", "-p", "nothing", "--as", "pia"),
        ("consent", "give", "1", "-p", "loyalty-offers", "--covers", "the-lot", "--as", "pia"),
        ("consent", "why", "1", "-p", "nothing", "--as", "pia"),
        ("consent", "why", "1", "-p", "range-planning", "--at", "soon", "--as", "pia"),
        ("consent", "import", "nowhere.csv", "--as", "pia"),
        ("consent", "import", "files/households.csv", "--as", "pia"),
        ("consent", "coverage", "nowhere", "-p", "range-planning", "--as", "pia"),
        ("audit", "prove", "999999", "--out", "proof", "--as", "pia"),
        ("audit", "verify", "--key", "nonsense"),
        ("witness", "init", "witness", "--log-key", "nonsense"),
        ("init", "workspace"),
    ],
)
def test_names_and_files_that_are_not_there_are_told(pellucid: Command, grocer: Path, words: tuple[str, ...]) -> None:
    said = pellucid(*words)
    is_clear(said)
    assert said.code == 2
    assert sorted(path.name for path in Path().iterdir()) == ["files", "workspace"]


def test_a_folder_that_is_no_workspace_is_told(pellucid: Command, tmp_path: Path) -> None:
    said = pellucid("-w", str(tmp_path), "data", "list")
    is_clear(said)
    assert said.code == 8
    assert list(tmp_path.iterdir()) == []
