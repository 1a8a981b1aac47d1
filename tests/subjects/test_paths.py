from pathlib import Path

import pytest

from pellucid.engines.base import Holding
from pellucid.errors import DataRefused
from pellucid.policy.model import Dataset, Hop, SubjectPath
from pellucid.subjects.paths import hop_files, namespaces

TRANSFERS = Dataset(
    "transfers",
    "Transfers",
    {},
    subjects=(
        SubjectPath("customer", "customer_id", via=(Hop("payer", "accounts", "account"),)),
        SubjectPath("customer", "customer_id", via=(Hop("payee", "accounts", "account"),)),
        SubjectPath("household", "household_id"),
    ),
)


def test_the_files_on_the_way_are_found_for_each_path() -> None:
    holdings = {"accounts": Holding("accounts", 2, "/data/accounts.2.duckdb")}
    way = {"accounts": Path("/data/accounts.2.duckdb")}
    assert hop_files(TRANSFERS, holdings) == (way, way, {})


def test_a_dataset_on_the_way_without_data_has_to_be_imported_first() -> None:
    with pytest.raises(DataRefused, match="find their subjects through accounts") as refused:
        hop_files(TRANSFERS, {})
    assert (refused.value.code, refused.value.remedy) == (
        "hop-missing",
        "Import first: pellucid data add accounts FILE.",
    )


def test_each_namespace_is_named_once() -> None:
    assert namespaces(TRANSFERS) == ("customer", "household")
