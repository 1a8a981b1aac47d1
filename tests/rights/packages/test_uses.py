"""How data were used is told as far as it is known: no use is missing, and none is claimed that cannot be."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pellucid.workspace import Workspace
from tests.rights.packages.conftest import ROWS, Package, lines, write_csv

COUNT = "SELECT COUNT(*) AS n FROM purchases"


def ask(shop: Workspace, epsilon: float = 0.1) -> None:
    shop.query(COUNT, purpose="planning", actor="ana", epsilon=epsilon)


def told(folder: Path) -> list[tuple[str, str, str, str]]:
    return [
        (each["purpose"], each["datasets"], each["in_role"], each["known"])
        for each in lines(folder / "uses/answers.jsonl")
    ]


COULD = ("planning", "purchases", "Analyst", "Your rows could have been counted.")
UNKNOWN = "Whether you had rows in the data as they were then is no longer known."


def test_an_answer_over_data_in_which_somebody_has_rows_is_listed_by_role_and_never_by_name(
    shop: Workspace, package: Package
) -> None:
    ask(shop)
    folder = package("alice")
    assert told(folder) == [COULD]
    whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert re.findall(rb"\bana\b", whole, re.IGNORECASE) == []
    summary = json.loads((folder / "summary.json").read_text())["uses"]
    assert (summary["answers"], summary["left_out"], [each["times"] for each in summary["totals"]]) == (1, 0, [1])


def test_who_has_no_rows_in_the_data_was_not_counted(shop: Workspace, package: Package) -> None:
    ask(shop)
    assert told(package("dora")) == []


def test_while_their_no_stood_they_were_left_out(shop: Workspace, package: Package) -> None:
    pia = shop.actor("pia")
    ask(shop)
    shop.consent.record("object", "bob", purpose="planning", actor=pia, namespace="customer")
    ask(shop)
    folder = package("bob")
    assert told(folder) == [COULD]
    assert json.loads((folder / "summary.json").read_text())["uses"]["left_out"] == 1
    assert "From 1 more uses you were left out, because you had said no." in (folder / "index.html").read_text()


def test_where_policies_differ_it_is_not_claimed_that_they_were_left_out(shop: Workspace, package: Package) -> None:
    pia = shop.actor("pia")
    shop.consent.record("object", "bob", purpose="planning", actor=pia, namespace="customer")
    ask(shop)
    draft = shop.folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("Why letters.", "Why we write."))
    shop.policy.activate(actor=pia)
    assert told(package("bob")) == [COULD]


def test_of_data_that_are_gone_it_is_said_that_nobody_knows_any_more(shop: Workspace, package: Package) -> None:
    ask(shop)
    shop.close()
    with Workspace(shop.folder) as again:  # the engine let its data go
        new = write_csv(again.folder / "new.csv", ROWS["purchases"][6:])
        again.data.add("purchases", new, actor=again.actor("pia"), replace=True)
    assert told(package("alice")) == [(*COULD[:3], UNKNOWN)]


def test_who_looked_somebody_up_is_told_by_role(shop: Workspace, package: Package) -> None:
    pia = shop.actor("pia")
    shop.consent.history("alice", actor=pia, namespace="customer")
    shop.consent.history("bob", actor=pia, namespace="customer")
    looked_up = lines(package("alice") / "uses/looked-up.jsonl")
    assert [(each["what"], each["purpose"], each["in_role"]) for each in looked_up] == [
        ("consent.give", "letters", "Officer"),
        ("consent.shown", "", "Officer"),
    ]


def test_without_any_use_the_page_says_so(package: Package) -> None:
    assert "<p>There were none.</p>" in (package("alice") / "index.html").read_text()
