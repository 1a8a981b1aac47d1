"""Files that are not what they should be: a clear refusal, nothing done, and never the engine's words."""

import gzip
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pellucid.errors import DataRefused, InputInvalid, PellucidError
from tests.collect.conftest import Shop

HEADER = b"product,name\n"


@pytest.fixture
def dialect() -> str:
    """What a file holds is read alike wherever the records are kept."""
    return "sqlite"


def parquet_bytes(folder: Path) -> bytes:
    path = folder / "whole.parquet"
    pq.write_table(pa.table({"product": list(range(5000)), "name": ["Soap"] * 5000}), path)
    return path.read_bytes()


BROKEN: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "empty": (lambda _f: b"", "is empty"),
    "header only": (lambda _f: HEADER, "has no rows"),
    "no header": (lambda _f: b"1,Soap\n2,Tea\n", "names none of the declared columns"),
    "half a header": (lambda _f: b"product\n1\n", "lacks name of dataset 'products'"),
    "a header twice": (lambda _f: b"product,name,name\n1,a,b\n", "names name more than once"),
    "junk": (lambda _f: bytes(range(256)) * 40, "not a readable|not in UTF-8|names none"),
    "utf-16": (lambda _f: "product,name\n1,Käse\n".encode("utf-16"), "is not in UTF-8"),
    "latin-1 header": (lambda _f: "product,name,Größe\n1,a,b\n".encode("latin-1"), "is not in UTF-8"),
    "an open quote": (lambda _f: HEADER + b'1,"Soap\n' + b"2,Tea\n" * 20, "a quote that is never closed"),
    "a line without end": (lambda _f: HEADER + b"1," + b"x" * 3_000_000, "line without end|cannot be read"),
    "truncated Parquet": (lambda f: parquet_bytes(f)[:3000], "cannot be read as a table"),
    "torn Parquet": (lambda f: parquet_bytes(f)[:100] + bytes(500) + parquet_bytes(f)[600:], "cannot be|could not be"),
    "magic only": (lambda _f: b"PAR1", "cannot be read as a table"),
    "truncated gzip": (
        lambda _f: gzip.compress(HEADER + os.urandom(99999).hex().encode())[:5000],
        "cannot|not a readable",
    ),
    "gzip magic only": (lambda _f: b"\x1f\x8b\x08", "not a readable gzip file"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_with_nothing_done(shop: Shop, kind: str) -> None:
    make, message = BROKEN[kind]
    path = shop.folder / "broken"
    path.write_bytes(make(shop.folder))
    with pytest.raises(PellucidError, match=message) as refused:
        shop.add("products", path)
    assert isinstance(refused.value, InputInvalid | DataRefused)
    assert refused.value.remedy
    assert "_duckdb." not in "".join(traceback.format_exception(refused.value))
    assert (shop.files(), shop.known()) == ([], {})
    assert [action for action, _body in shop.log()] == ["data.refused"]


def test_a_missing_file_a_folder_without_parquet_and_a_pipe_are_refused(shop: Shop) -> None:
    (shop.folder / "folder").mkdir()
    os.mkfifo(shop.folder / "pipe")
    for name, code in {"nothing": "file-missing", "folder": "folder-empty", "pipe": "file-not-regular"}.items():
        with pytest.raises(InputInvalid, match=name) as refused:
            shop.add("products", shop.folder / name)
        assert refused.value.code == code


@pytest.mark.parametrize("name", ["we[i]rd*?.csv", "o'clock; DROP.csv", "ümläut ☕.csv", "http:evil.csv", "a.parquet"])
def test_a_file_name_is_only_a_name(shop: Shop, name: str) -> None:
    (shop.folder / "weird.csv").write_text("product,name\n666,Trap\n")
    shop.add("products", shop.csv("product,name", "1,Soap", name=name))
    assert shop.rows("products") == [(1, "Soap")]


def test_a_folder_of_parquet_files_is_one_import(shop: Shop) -> None:
    folder = shop.folder / "parts"
    folder.mkdir()
    for number in (2, 1):
        pq.write_table(pa.table({"product": [number], "name": ["Soap"]}), folder / f"{number}.parquet")
    assert shop.add("products", folder).rows_total == 2
    assert shop.rows("products") == [(1, "Soap"), (2, "Soap")]


def test_a_folder_whose_files_differ_is_refused(shop: Shop) -> None:
    folder = shop.folder / "parts"
    folder.mkdir()
    pq.write_table(pa.table({"product": [1], "name": ["Soap"]}), folder / "1.parquet")
    pq.write_table(pa.table({"product": [2], "title": ["Tea"]}), folder / "2.parquet")
    with pytest.raises(DataRefused, match="cannot be read as a table"):
        shop.add("products", folder)


def test_a_folder_with_a_stranger_among_its_files_is_refused(shop: Shop) -> None:
    folder = shop.folder / "parts"
    folder.mkdir()
    pq.write_table(pa.table({"product": [1], "name": ["Soap"]}), folder / "1.parquet")
    (folder / "2.parquet").write_text("product,name\n2,Tea\n")
    with pytest.raises(InputInvalid, match=r"'2\.parquet' is not a readable Parquet file"):
        shop.add("products", folder)


def test_compressed_csv_is_read_by_its_content(shop: Shop) -> None:
    path = shop.folder / "products.csv.gz"
    path.write_bytes(gzip.compress(b"product,name\n1,Soap\n"))
    shop.add("products", path)
    assert shop.rows("products") == [(1, "Soap")]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_the_header(shop: Shop, mark: str) -> None:
    shop.add("products", shop.csv(f"name{mark}product", f'"a{mark}b"{mark}1'))
    assert shop.rows("products") == [(1, f"a{mark}b")]


def test_a_byte_order_mark_and_windows_line_ends_are_harmless(shop: Shop) -> None:
    path = shop.folder / "in.csv"
    path.write_bytes(b"\xef\xbb\xbfproduct,name\r\n1,Soap\r\n2,\r\n")
    shop.add("products", path)
    assert shop.rows("products") == [(1, "Soap"), (2, None)]


def test_values_that_look_like_sql_are_values(shop: Shop) -> None:
    shop.add("products", shop.csv('product,name,"x\'} , y: (SELECT 1)"', "1,'; DROP TABLE staged; --,z"))
    assert shop.rows("products") == [(1, "'; DROP TABLE staged; --")]


def test_a_line_in_another_encoding_is_rejected_alone(shop: Shop) -> None:
    path = shop.folder / "in.csv"
    path.write_bytes(HEADER + b"1,Soap\n2,K\xe4se\n3,Tea\n")
    report = shop.add("products", path, max_rejected_share=0.5)
    assert report.faults == {("not-utf8", ""): 1}
    assert shop.rows("products") == [(1, "Soap"), (3, "Tea")]


def test_an_unreadable_row_in_the_middle_of_a_big_file_is_found_by_its_line(shop: Shop) -> None:
    lines = [f"{number},Soap" for number in range(50_000)]
    lines[10_000] = "only-one-field"
    lines[40_000] = "forty,Soap"
    report = shop.add("products", shop.csv("product,name", *lines))
    assert report.rejected_file is not None
    assert report.rejected_file.read_text() == (
        '"row","reason","column"\n10002,"too-few-fields",""\n40002,"wrong-type","product"\n'
    )


def test_rows_that_do_not_fit_in_memory_are_spilled_into_the_workspace_and_removed(shop: Shop) -> None:
    shop.memory = "150MB"
    path = shop.parquet(product=range(200_000), name=[f"{number:0>400}" for number in range(200_000)])
    spilled: list[int] = []

    def look(step: str, _share: float) -> None:
        folder = shop.folder / "data/.spill"
        if step == "writing":
            spilled.append(sum(file.stat().st_size for file in folder.iterdir()))
            assert folder.stat().st_mode & 0o777 == 0o700

    assert shop.add("products", path, progress=look).rows_total == 200_000
    assert spilled[0] > 0
    assert not (shop.folder / "data/.spill").exists()


def test_an_import_that_may_not_use_enough_memory_is_refused(shop: Shop) -> None:
    shop.memory = "1MB"
    path = shop.csv("product,name", *(f"{number},{number:0>400}" for number in range(50_000)))
    with pytest.raises(DataRefused, match="needs more memory than is allowed") as refused:
        shop.add("products", path)
    assert refused.value.code == "import-memory"
    assert shop.files() == []
