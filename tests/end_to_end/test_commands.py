"""Every command once, as a person sees it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from tests.end_to_end.conftest import Run
from tests.shop import EXAMPLE, Shop

QUESTION = "SELECT COUNT(*) AS bought FROM purchases"
PLANNING = ("--purpose", "range-planning", "--as", "ana")


def settled(text: str) -> str:
    """Blank what differs from run to run: instants, hashes, drawn numbers."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<instant>", text)
    return re.sub(r"\b[0-9a-f]{12,64}\b", "<hash>", text)


def test_init_makes_a_workspace_and_says_who_is_trusted(run: Run, tmp_path: Path) -> None:
    said = run("init", str(tmp_path / "new"), "--origin", "corner/shop")

    key = (tmp_path / "new" / "keys" / "log.key.pub").read_text().strip()
    assert said.out == (
        f"Made a workspace in {tmp_path / 'new'}.\n"
        f"The log's public key, to be given to auditors and witnesses:\n{key}\n"
        "Embedded, a workspace has a single trusted operator: --as is a label, not a login.\n"
    )
    assert said.code == 0


def test_policy_check_activate_explain_and_schema(run: Run) -> None:
    checked = run("policy", "check", str(EXAMPLE / "policy"))
    put = run("policy", "activate", str(EXAMPLE / "policy"), "--as", "pia")
    explained = run("policy", "explain", "newsletter")
    schema = run("policy", "schema")

    assert settled(checked.out) == "No errors. Version <hash>.\n"
    assert settled(put.out).splitlines()[0].startswith("Policy <hash> is in force (log entry ")
    assert explained.out.splitlines()[0] == "Writing a newsletter (`newsletter`)"
    assert json.loads(schema.out)["$defs"] != {}


def test_each_finding_is_a_line_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.yaml").write_text("controler: {}\nroles: [1]\n")

    said = run("policy", "check", str(tmp_path / "p"))

    assert said.code == 2
    places = [line.split(": ", 1)[0] for line in said.err.splitlines() if line.startswith("/")]
    assert places.count(f"{tmp_path}/p/a.yaml:1:1") == 1
    assert all(re.fullmatch(r".+:\d+:\d+", place) for place in places)
    assert said.err.splitlines()[0].startswith("error [policy-invalid]: The policy has ")


def test_data_list_and_add(run: Run) -> None:
    added = run("data", "add", "purchases", str(EXAMPLE / "purchases.csv"), "--replace", "--as", "dan")
    listed = run("data", "list", "--as", "dan")

    assert added.out == (
        "purchases: 2,400 of 2,400 rows taken, generation 2.\nThey are about 400 people, 0 of them new.\n"
    )
    assert settled(listed.out) == (
        "dataset    generation   rows  about          published            mixed\n"
        "products            1      5  public         <instant>\n"
        "purchases           2  2,400  400 customers  <instant>  small\n"
    )


def test_only_those_who_may_add_data_see_how_mixed_they_are(run: Run) -> None:
    assert settled(run("data", "list", "--as", "ana").out) == (
        "dataset    generation   rows  about          published\n"
        "products            1      5  public         <instant>\n"
        "purchases           1  2,400  400 customers  <instant>\n"
    )


def test_data_are_sorted_anew_by_whoever_may_add_them(run: Run) -> None:
    assert run("data", "sort", "purchases", "--as", "dan").out == "purchases: 2,400 rows sorted anew, generation 2.\n"
    assert run("data", "sort", "--as", "dan").out == "No dataset would profit, so none was sorted.\n"
    refused = run("data", "sort", "purchases", "--as", "ana")
    assert (refused.code, refused.err.splitlines()[0].split(":")[0]) == (3, "error [not-permitted]")
    public = run("data", "sort", "products", "--as", "dan")
    assert (public.code, public.err.splitlines()[0]) == (
        2,
        "error [dataset-public]: The rows of 'products' are about nobody, so there is nothing that people say to sort "
        "them by.",
    )


def test_an_answer_is_a_table_with_its_error_and_what_it_cost(run: Run) -> None:
    grouped = "SELECT department, COUNT(*) AS n FROM purchases JOIN products USING (product) GROUP BY 1"
    said = run("query", grouped, *PLANNING)

    assert said.code == 0
    head, *rows = said.out.split("\n\n")[0].splitlines()
    assert head.split() == ["department", "n"]
    assert [row.split()[0] for row in rows] == ["bakery", "dairy", "fruit"]
    assert all(re.fullmatch(r"\w+ +-?[\d,]+ ± \d+", row) for row in rows)
    facts = said.out.split("\n\n")[1].splitlines()
    assert facts[0] == "± is the noise's 95 % half-width."
    assert re.match(r"Cost: ε 1 \(δ 5e-07\); 1 of 12 spent on each person until \d{4}-01-01\.", facts[1])
    assert facts[2] == "Coverage: over 95 % of the people in purchases."


def test_csv_json_and_arrow_parse_back_to_the_same_columns(run: Run, shop: Shop) -> None:
    told = json.loads(run("query", QUESTION, *PLANNING, "--epsilon", "0.5", "--format", "json").out)
    comma = shop.run("query", QUESTION, *PLANNING, "--epsilon", "0.5", "-f", "csv").out
    arrow = _arrow(shop)

    assert [column["name"] for column in told["columns"]] == ["bought", "bought_error"]
    assert pyarrow.csv.read_csv(pa.BufferReader(comma.encode())).column_names == ["bought", "bought_error"]
    assert arrow.schema == pa.schema([("bought", pa.int64()), ("bought_error", pa.float64())])
    assert told["loss"]["epsilon"] == pytest.approx(0.5)


def _arrow(shop: Shop) -> pa.Table:
    import os
    import subprocess
    import sys

    words = ["query", QUESTION, *PLANNING, "--epsilon", "0.5", "-f", "arrow"]
    environment = os.environ | {"PELLUCID_WORKSPACE": str(shop.folder)}
    done = subprocess.run([sys.executable, "-m", "pellucid", *words], capture_output=True, check=True, env=environment)
    return pa.ipc.open_stream(done.stdout).read_all()


def test_a_preview_spends_nothing(run: Run) -> None:
    before = run("budget", "show", "--as", "ana").out
    said = run("query", QUESTION, *PLANNING, "--preview")

    assert said.out.splitlines()[0].split() == ["measure", "expected", "error", "(95", "%)"]
    assert said.out.splitlines()[-1] == "No data were touched and nothing was spent."
    assert run("budget", "show", "--as", "ana").out == before


def test_public_tables_cost_nothing_and_are_exact(run: Run) -> None:
    said = run(
        "query", "SELECT product FROM products WHERE department = $d ORDER BY 1", *PLANNING, "--param", "d=fruit"
    )

    assert settled(said.out).splitlines()[:5] == [
        "product",
        "apples",
        "pears",
        "",
        "Cost: nothing; only public tables were read.",
    ]


@pytest.mark.parametrize(
    ("value", "kind", "row"),
    [("2", "int32", 2), ("2.5", "decimal128(2, 1)", "2.5"), ("true", "bool", True), ("x", "string", "x")],
)
def test_parameters_are_numbers_truth_values_or_text(run: Run, value: str, kind: str, row: object) -> None:
    said = run("query", "SELECT $x AS x FROM products LIMIT 1", *PLANNING, "--param", f"x={value}", "-f", "json")

    told = json.loads(said.out)
    assert (told["columns"], told["rows"]) == ([{"name": "x", "type": kind}], [[row]])


def test_a_question_comes_from_the_input_or_a_file(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text(QUESTION)

    typed = shop.run("query", "-", *PLANNING, "--preview", typed=QUESTION.encode())
    filed = shop.run("query", f"@{tmp_path / 'q.sql'}", *PLANNING, "--preview")

    assert (typed.code, filed.code) == (0, 0)
    assert typed.out == filed.out


def test_who_and_where_may_be_said_before_or_after_the_command(run: Run, shop: Shop) -> None:
    after = run("query", QUESTION, "-p", "range-planning", "--preview", "-w", str(shop.folder), "--as", "ana")
    before = run("-w", str(shop.folder), "--as", "ana", "query", QUESTION, "-p", "range-planning", "--preview")

    assert before == after


def test_consent_from_giving_to_coverage(run: Run) -> None:
    given = run("consent", "give", "c001", "-p", "newsletter", "--covers", "held-data", "--as", "pia")
    shown = run("consent", "show", "c001", "--as", "pia")
    why = run("consent", "why", "c001", "-p", "newsletter", "--as", "pia")
    exact = run("consent", "coverage", "purchases", "-p", "newsletter", "--exact", "--as", "pia")
    band = run("consent", "coverage", "purchases", "-p", "newsletter", "--as", "ana")

    assert given.code == 0
    assert settled(shown.out).splitlines()[1].split() == ["<instant>", "give", "newsletter", "held_data", "1", "staff"]
    assert why.out.splitlines()[0] == "Permitted."
    assert exact.out.splitlines()[0] == "purchases: 201 of 400 people may be used for newsletter,"
    assert re.fullmatch(r"purchases: [\d-]+ % of people\.\n", band.out)


@pytest.mark.parametrize("verb", ["give", "refuse", "withdraw", "object", "opt-out", "limit", "restrict", "lift"])
def test_every_verb_is_recorded_and_receipted(run: Run, verb: str) -> None:
    purpose = () if verb in ("restrict", "lift") else ("-p", "range-planning")
    if verb == "lift":
        assert run("consent", "restrict", "c001", "--as", "pia").code == 0
    said = run("consent", verb, "c001", *purpose, "--as", "pia")

    assert (said.code, said.err) == (0, "")
    assert settled(said.out).splitlines()[-1].startswith("In force for every answer from <instant>")


def test_the_log_is_read_signed_exported_proved_and_verified(run: Run, shop: Shop, tmp_path: Path) -> None:
    key = str(shop.folder / "keys" / "log.key.pub")
    listed = run("audit", "log", "--last", "1", "--as", "pia")
    as_json = run("audit", "log", "--last", "1", "--json", "--as", "pia")
    signed = run("audit", "checkpoint", "--as", "pia")
    exported = run("audit", "export", str(tmp_path / "x"), "--as", "pia")
    proved = run("audit", "prove", "0", "--out", str(tmp_path / "y"), "--as", "pia")
    held = run("audit", "verify", str(tmp_path / "x"), "--key", key)

    assert listed.out.splitlines()[0].split() == ["entry", "at", "action", "who", "what"]
    assert json.loads(as_json.out)["action"] == listed.out.splitlines()[1].split()[3]
    assert signed.out.splitlines()[0] == "test/shop"
    assert exported.out.splitlines()[0].endswith(f"entries of test/shop into {tmp_path / 'x'}.")
    assert proved.out == f"Wrote entry 0 and its proof into {tmp_path / 'y'}.\n"
    assert (held.code, held.out.splitlines()[-1]) == (0, "The log holds.")


def test_one_byte_flipped_is_found(run: Run, shop: Shop, tmp_path: Path) -> None:
    run("audit", "export", str(tmp_path / "x"), "--as", "pia")
    entries = next(
        path for path in (tmp_path / "x").rglob("*") if path.is_file() and b"workspace.created" in path.read_bytes()
    )
    entries.write_bytes(entries.read_bytes().replace(b"workspace.created", b"workspace.creater", 1))

    said = run("audit", "verify", str(tmp_path / "x"), "--key", str(shop.folder / "keys" / "log.key.pub"))

    assert said.code == 7
    assert said.err.startswith("error [")


def test_a_witness_cosigns(run: Run, shop: Shop, tmp_path: Path) -> None:
    key = str(shop.folder / "keys" / "log.key.pub")
    made = run("witness", "init", str(tmp_path / "w"), "--log-key", key, "--name", "test/witness")
    signed = run("witness", "cosign", str(tmp_path / "w"), "--as", "pia")

    assert made.out.splitlines()[0] == f"Made the witness test/witness in {tmp_path / 'w'}. Its public key:"
    assert re.fullmatch(r"The witness cosigned \d+ entries of test/shop\.\n", signed.out)


def test_a_backup_is_restored_with_what_was_said_since(run: Run, tmp_path: Path) -> None:
    keys, journal, places = str(tmp_path / "k"), str(tmp_path / "j"), (str(tmp_path / "b"), str(tmp_path / "new"))
    made = run("backup", places[0], "--keys", keys, "--journal", journal, "--as", "dan")
    run("consent", "withdraw", "c001", "-p", "newsletter", "--as", "pia")
    refused = run("restore", *places, "--keys", keys, "--as", "dan")
    restored = run("restore", *places, "--keys", keys, "--since", journal, "--as", "dan")
    again = run("restore", *places, "--keys", keys, "--since", journal, "--as", "dan")
    shown = run("-w", places[1], "consent", "show", "c001", "--as", "pia")

    assert [re.sub(r"[\d,]+ bytes", "<size>", settled(line)) for line in made.out.splitlines()] == [
        "Backup <hash>: 205 log entries, 3 files, <size>.",
        f"The keys are in {keys}. Whoever has both can read and sign everything: keep them apart.",
        f"Changes are carried over to {journal}.",
    ]
    assert (refused.code, refused.err.split(":")[0]) == (8, "error [restore-unreplayed]")
    assert restored.out.splitlines() == [
        "Restored 205 log entries and replayed 1, with 1 choices.",
        "No head from elsewhere was given: that nothing is missing rests on the journal alone.",
        "It keeps no journal: back it up with --journal, and have the witness cosign.",
    ]
    assert (again.code, again.err.split(":")[0]) == (2, "error [folder-in-use]")
    assert [line.split()[2:4] for line in shown.out.splitlines()[1:]] == [["withdraw", "newsletter"]]


def test_a_loss_is_accepted_by_the_officer_and_restricts_everybody(run: Run, tmp_path: Path) -> None:
    keys, places = str(tmp_path / "k"), (str(tmp_path / "b"), str(tmp_path / "new"))
    made = run("backup", places[0], "--keys", keys, "--as", "dan")
    by_dan = run("restore", *places, "--keys", keys, "--accept-loss", "The machine burnt.", "--as", "dan")
    by_pia = run("restore", *places, "--keys", keys, "--accept-loss", "The machine burnt.", "--as", "pia")
    asked = run("-w", places[1], "query", QUESTION, *PLANNING, "--epsilon", "0.1")
    clash = run("backup", str(tmp_path / "c"), "--journal", str(tmp_path / "j"), "--no-journal", "--as", "dan")

    assert made.out.splitlines()[-1] == "No journal is kept: what comes now can be lost."
    assert (by_dan.code, by_pia.code, asked.code, clash.code) == (3, 0, 4, 2)
    assert by_pia.out.splitlines()[1] == "400 people are restricted until lifted; all budgets are spent."
    assert by_pia.out.splitlines()[3].startswith("test/shop/restored-")


def test_budget_show_lists_the_cap_and_each_allowance(run: Run) -> None:
    said = run("budget", "show", "--as", "ana")

    assert [line.split("  ")[0] for line in said.out.splitlines()[1:4]] == [
        "customer, everything",
        "customer, newsletter",
        "customer, range-planning",
    ]


def test_budgets_and_plans_are_written_for_programs_too(run: Run) -> None:
    state = json.loads(run("budget", "show", "--as", "ana", "--format", "json").out)
    planned = json.loads(run("budget", "plan", QUESTION, QUESTION, *PLANNING, "--format", "json").out)
    said = run("budget", "plan", QUESTION, *PLANNING)

    assert [(row["namespace"], row["purpose"]) for row in state[:2]] == [("customer", None), ("customer", "newsletter")]
    assert len(planned["questions"]) == 2
    assert [(row["purpose"], row["covered"]) for row in planned["limits"]] == [(None, True), ("range-planning", True)]
    assert [line.split("  ")[0] for line in said.out.splitlines()[3:6]] == [
        "budget (ε)",
        "customer, everything",
        "customer, range-planning",
    ]


def test_a_current_workspace_needs_no_upgrade(run: Run) -> None:
    assert run("upgrade").out == "The workspace is current.\n"
