"""`pellucid sample` as an analyst sees it."""

from __future__ import annotations

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.csv
import pytest

from tests.end_to_end.conftest import Run
from tests.shop import Shop

LABEL = "SYNTHETIC: made up from the policy's declarations; no row is about anybody."


def test_a_table_says_first_that_its_rows_are_made_up_and_last_what_its_keys_are(run: Run) -> None:
    said = run("sample", "purchases", "--purpose", "newsletter", "--rows", "8", "--as", "ana")

    lines = said.out.splitlines()
    assert (said.code, said.err, lines[0]) == (0, "", LABEL)
    assert lines[1].split() == ["customer", "product", "bought"]
    assert {line.split()[0] for line in lines[2:10]} == {"synthetic-customer-0001", "synthetic-customer-0002"}
    assert lines[10:] == [
        "",
        "`product` holds keys of the public `products`, as it is held.",
        "May be joined on and counted, never read: `customer`.",
    ]


@pytest.mark.slow
def test_the_same_seed_says_the_same_in_every_process_and_format(shop: Shop) -> None:
    words = ("sample", "purchases", "--rows", "30", "--seed", "5", "--as", "ana")
    told = json.loads(shop.run(*words, "-f", "json").out)
    comma = shop.run(*words, "-f", "csv")
    again = shop.run(*words, "-f", "csv", "--seed", "6")
    rows = pyarrow.csv.read_csv(pa.BufferReader(comma.out.encode()))

    assert (told["synthetic"], told["label"], comma.err) == (True, LABEL, f"{LABEL}\n")
    assert [column["name"] for column in told["columns"]] == rows.column_names
    assert [row[0] for row in told["rows"]] == rows.column("customer").to_pylist()
    assert again.out != comma.out


def test_an_arrow_stream_carries_the_label_in_its_schema(shop: Shop) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pellucid", "-w", str(shop.folder), "sample", "purchases", "-f", "arrow", "--as", "ana"],
        capture_output=True,
        check=True,
    )
    table = pa.ipc.open_stream(done.stdout).read_all()

    assert table.schema.metadata == {b"pellucid.synthetic": b"true", b"pellucid.label": LABEL.encode()}
    assert table.schema.types == [pa.string(), pa.string(), pa.decimal128(18, 2), pa.timestamp("us")]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("purchase",), 2, "error [name-unknown]: There is no dataset 'purchase'. Known: products, purchases."),
        (("purchases", "-n", "0"), 2, "error [rows-out-of-range]: A sample has 1 to 10,000 rows, got 0."),
        (
            ("purchases", "-p", "x"),
            2,
            "error [name-unknown]: There is no purpose 'x'. Known: newsletter, range-planning.",
        ),
    ],
)
def test_what_cannot_be_sampled_is_said(run: Run, words: tuple[str, ...], code: int, message: str) -> None:
    said = run("sample", *words, "--as", "ana")

    assert (said.code, said.out, said.err.splitlines()[0]) == (code, "", message)


def test_an_officer_who_asks_nothing_is_refused_a_sample_too(run: Run) -> None:
    said = run("sample", "purchases", "--as", "pia")

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("error [not-permitted]: `pia` may not do `preview`")
