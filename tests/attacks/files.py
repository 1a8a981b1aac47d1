# ruff: noqa: E501  # pools read best a kind a line
"""Fuzzing of imports: CSV and Parquet files with bytes, lines, values, types and schemas broken.

    python -m tests.attacks.files --attempts 20000

A file is refused with a code and no value of a row in any word, and then nothing was published and no file was left; or
rows kept and rows rejected add up to the rows there were, and every kept row stands in the published generation.
"""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pellucid.audit.log import entries
from pellucid.errors import PellucidError
from pellucid.holdings.publish import published
from tests.attacks.watched import Finding, Fuzzer, main
from tests.collect.conftest import Shop
from tests.records.sqlite import new_control

CANARIES = ("zoe.hidden", "alice.private", "98765", "4321")
HEAD = ["sale", "customer", "amount", "at"]
ROWS = [
    ["98765", "alice.private@example.org", "43210.99", "2026-05-01"],
    ["43211", "zoe.hidden@example.org", "98765.43", "2026-05-02T10:00:00Z"],
    *([str(n), f"c{n % 5}", f"{n}.50", "2026-05-03 10:00:00"] for n in range(2, 12)),
]
FIELDS = ["", " ", "NULL", "NaN", "inf", "-inf", "-0", "1e308", "1e-320", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
          "0x10", "1_000", "1,5", "1.005", "1.", ".5", "+1", "٣", "１", "true", "9" * 400, "x" * 300_000, "é", "\u0000", "\u202e", "\ud7ff", "\ufeff1", "\u200b", "=1+1", "'; --", "\\N",
          "0001-01-01", "9999-12-31", "2026-02-30", "10000-01-01", "1677-09-20", "2262-04-12", "2026-05-01T25:00:00", "2026-05-01T10:00:00+14:00", "2026-05-01 10:00:00.123456789",
          "-infinity", "epoch", "2026-W18", '"', '""', 'a"b', '"a', "a,b", "a;b", "a\tb", "a\nb", "a\rb", "a\r\nb"]  # fmt: skip


def csv_bytes(pick: random.Random) -> bytes:
    """Return a CSV file with something wrong."""
    head, rows = list(HEAD), [list(row) for row in ROWS]
    for _ in range(pick.choice([0, 1, 1, 3])):
        row = pick.choice(rows)
        row[pick.randrange(len(row))] = pick.choice(FIELDS)
    shape = pick.random()
    if shape < 0.1:
        pick.choice(rows).append(pick.choice(FIELDS))
    elif shape < 0.2:
        pick.choice(rows).pop()
    elif shape < 0.25:
        head = [*head, pick.choice([*HEAD, "", "x", "é", "x" * 200_000, '"'])]
    elif shape < 0.3:
        head = pick.choice([[], ["sale"], [name.upper() for name in HEAD], HEAD[::-1], ROWS[0], ["a"] * 5_000])
    elif shape < 0.33:
        rows = []
    elif shape < 0.36:
        rows *= 50
    mark, end = (
        pick.choice([",", ",", ",", ";", "\t", "|"]),
        pick.choice(["\n", "\n", "\n", "\r\n", "\r", "\n\r", "\n\n", "\u2028"]),
    )
    quoting = pick.choice([_bare, _bare, _quoted, _all_quoted])
    text = end.join(
        mark.join(quoting(each, mark) for each in row) for row in ([head] if pick.random() < 0.95 else []) + rows
    )
    text += pick.choice([end, "", end * 3])
    data = text.encode(pick.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "utf-32"]), "surrogatepass")
    if pick.random() < 0.15:
        data = gzip.compress(data)
    return _broken(pick, data) if pick.random() < 0.35 else data


def _bare(value: str, mark: str) -> str:
    return value


def _quoted(value: str, mark: str) -> str:
    return _all_quoted(value, mark) if any(each in value for each in (mark, '"', "\n", "\r")) else value


def _all_quoted(value: str, mark: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _broken(pick: random.Random, data: bytes) -> bytes:
    for _ in range(pick.choice([1, 1, 2, 20])):
        at, to = pick.randrange(len(data) + 1), pick.randrange(len(data) + 1)
        change = pick.randrange(6)
        if change == 0:
            data = data[:at]
        elif change == 1:
            data = data[:at] + bytes([pick.randrange(256)]) + data[at + 1 :]
        elif change == 2:
            data = (
                data[:at]
                + pick.choice(
                    [
                        b"\x00",
                        b"\xff",
                        b"\xc3",
                        b'"',
                        b"\r",
                        b"\n",
                        b",",
                        b"\xed\xa0\x80",
                        b"\xef\xbb\xbf",
                        b"PAR1",
                        b"\x1f\x8b",
                    ]
                )
                + data[at:]
            )
        elif change == 3:
            data = data[: min(at, to)] + data[max(at, to) :]
        elif change == 4:
            data = data[: min(at, to)] + data[min(at, to) : max(at, to)] * 2 + data[max(at, to) :]
        else:
            data = data[-at:] if at else data
        data = data or b"x"
    return data


def _integers() -> pa.Array:
    return pa.array([98765, 43211, *range(2, 12)])


COLUMNS: tuple[Callable[[], pa.Array], ...] = (
    _integers,
    lambda: pa.array([row[1] for row in ROWS]),
    lambda: pa.array([Decimal(row[2]) for row in ROWS]),
    lambda: pa.array([datetime(2026, 5, 1, tzinfo=UTC)] * 12),
    lambda: pa.array([None] * 12),
    lambda: pa.array([None] * 12, pa.string()),
    lambda: pa.array([True] * 12),
    lambda: pa.array([float("nan"), float("inf"), -0.0, 1e308, 5e-324, *[1.5] * 7]),
    lambda: pa.array([1.5] * 12, pa.float16()) if hasattr(pa, "float16") else pa.array([1.5] * 12),
    lambda: pa.array([2**64 - 1, *range(11)], pa.uint64()),
    lambda: pa.array([2**63 - 1, -(2**63), *range(10)]),
    lambda: pa.array([Decimal(10) ** 60, *[Decimal(1)] * 11], pa.decimal256(76, 4)),
    lambda: pa.array([b"\x00\xff", *[b"zoe.hidden"] * 11]),
    lambda: pa.array(["\x00", "x\x00y", "", " ", "\u202e", "x" * 200_000, *["c"] * 6]),
    lambda: pa.array([{"zoe.hidden": 1}] * 12),
    lambda: pa.array([["alice.private"], [], None, *[["x", None]] * 9]),
    lambda: pa.array([[("k", 1)]] * 12, pa.map_(pa.string(), pa.int64())),
    lambda: pa.array([row[1] for row in ROWS]).dictionary_encode(),
    lambda: pa.array([date(1, 1, 1), date(9999, 12, 31), *[date(2026, 5, 1)] * 10]),
    lambda: pa.array([-(2**62), 2**62, *[0] * 10], pa.timestamp("us")),
    lambda: pa.array([2**62, -(2**62), *[0] * 10], pa.timestamp("ns")),
    lambda: pa.array([2**50, -(2**50), *[0] * 10], pa.timestamp("ms", tz="Asia/Tokyo")),
    lambda: pa.array([timedelta(days=1)] * 12),
    lambda: pa.array([1] * 12, pa.time64("us")),
    lambda: pa.array(["2026-05-01"] * 12),
    lambda: pa.array(["98765.43", "1e5", "NaN", *["1.5"] * 9]),
    lambda: pa.array([row[1] for row in ROWS], pa.large_string()),
    lambda: pa.array([b"0123456789abcdef"] * 12, pa.binary(16)),
)  # fmt: skip


def parquet_bytes(pick: random.Random) -> bytes:
    """Return a Parquet file with a strange schema, strange values or broken bytes."""
    arrays = [make() for make in COLUMNS[:4]]
    for _ in range(pick.choice([0, 1, 1, 2, 4])):
        arrays[pick.randrange(4)] = pick.choice(COLUMNS)()
    names = pick.choice(
        [HEAD] * 6 + [HEAD[::-1], ["sale"] * 4, ["", "a\x00", "é", "customer"], [name.upper() for name in HEAD]]
    )
    table = pa.Table.from_arrays(arrays, names=list(names))
    shape = pick.random()
    if shape < 0.05:
        table = table.slice(0, 0)
    elif shape < 0.1:
        table = table.select([])
    elif shape < 0.15:
        table = pa.concat_tables([table] * 200)
    elif shape < 0.2:
        table = (
            table.append_column(pick.choice(["x", "sale", "_row", "r0", "_key0"]), pick.choice(COLUMNS)())
            if table.num_rows == 12
            else table
        )
    sink = io.BytesIO()
    try:
        pq.write_table(
            table, sink, compression=pick.choice(["none", "snappy", "zstd", "gzip"]), version=pick.choice(["1.0", "2.6"]),
            use_dictionary=pick.random() < 0.5, row_group_size=pick.choice([1, 3, 1_000]), data_page_version=pick.choice(["1.0", "2.0"]),
        )  # fmt: skip
    except (pa.ArrowException, ValueError):
        return csv_bytes(pick)
    data = sink.getvalue()
    return _broken(pick, data) if pick.random() < 0.4 else data


def content(seed: int) -> bytes:
    """Return the bytes of a seed's file."""
    pick = random.Random(seed)
    return csv_bytes(pick) if pick.random() < 0.5 else parquet_bytes(pick)


@dataclass
class Place:
    """A workspace to import into, made anew every so often."""

    folder: Path
    shop: Shop | None = None
    used: int = 0

    def ready(self) -> Shop:
        """Return a workspace with something published, so that a failure could damage it."""
        if self.shop is None or self.used >= 200:
            if self.shop is not None:
                self.shop.database.close()
            home = self.folder / f"ws{self.used}-{len(list(self.folder.iterdir()))}"
            home.mkdir()
            database = new_control(home / "control.sqlite")
            self.shop, self.used = Shop(home, database), 0
            self.shop.add("sales", self.shop.csv(",".join(HEAD), "1,bob,1.00,2026-05-01", name="first.csv"))
        self.used += 1
        return self.shop


def attempt(place: Place, seed: int) -> str:
    """Import the file of a seed and hold the outcome against what imports promise."""
    shop = place.ready()
    path = place.folder / "handed-in.bin"
    path.write_bytes(content(seed))
    dataset = "loose" if seed % 7 == 0 else "sales"
    before, files = _published(shop), shop.files()
    try:
        report = shop.add(dataset, path, replace=seed % 2 == 0, max_rejected_share=1 if seed % 3 else 0.05)
    except PellucidError as error:
        _refused(shop, error, before, files)
        return f"{type(error).__name__} {error.code}"
    if report.rows_in != report.rows_kept + report.rejected.total():
        raise Finding(f"{report.rows_in} rows came in; {report.rows_kept} kept and {report.rejected.total()} rejected")
    if len(shop.rows(dataset)) != report.rows_total:
        raise Finding("the published generation has another number of rows than was said")
    listed = report.rejected_file.read_text() if report.rejected_file is not None else "\n"
    if len(listed.splitlines()) - 1 != report.rejected.total() and report.rejected.total():
        raise Finding("the file of rejected rows lists another number of them")
    _no_canary(listed + repr(report.rejected) + repr(report.faults), "a report")
    return "all kept" if not report.rejected else "some kept"


def _refused(shop: Shop, error: PellucidError, before: dict[str, int], files: list[str]) -> None:
    if _published(shop) != before or shop.files() != files:
        raise Finding(f"refused with {error.code}, and yet something was left behind")
    if not error.code or not error.remedy:
        raise Finding(f"an error without a code or a remedy: {error}")
    _no_canary(
        f"{error} {error.remedy} {error.args} {error.__cause__} {error.__context__ if not error.__suppress_context__ else ''}",
        "an error",
    )
    with shop.database.read() as connection:
        last = list(entries(connection))[-1]
    _no_canary(last.body.decode(), "the log")


def _published(shop: Shop) -> dict[str, int]:
    with shop.database.read() as connection:
        return {name: holding.generation for name, holding in published(connection, shop.folder).items()}


def _no_canary(text: str, where: str) -> None:
    found = [canary for canary in CANARIES if canary in text]
    if found:
        raise Finding(f"{found} in {where}: {text[:300]}")


def show(seed: int) -> str:
    return content(seed)[:800].decode("utf-8", "backslashreplace")


FUZZER = Fuzzer(Place, attempt, show)


if __name__ == "__main__":
    main(FUZZER, "Fuzz imports.")
