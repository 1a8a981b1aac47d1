"""A package holds exactly what is held of the person: every row and column, and nothing of anybody else."""

from __future__ import annotations

import csv
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from pellucid.engines.person import WITHHELD
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.records import rights_tables, tables
from pellucid.records.tables import subjects
from pellucid.rights.gather import NOT_PORTABLE
from pellucid.rights.request import RequestState, Right, Verification
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace
from tests.rights.packages.conftest import (
    PEOPLE,
    ROWS,
    Package,
    file_request,
    lines,
    policy_text,
    request_id,
    write_csv,
)

KINDS: dict[str, Any] = {"amount": int, "born": int, "share": float, "giver_frail": lambda text: text == "true"}


def expected(who: str, dataset: str, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Filter the source's rows for a person by hand, and leave out what is somebody else's."""
    found = []
    for row in ROWS[dataset]:
        mine = {name: row[name] in keys for name in ("giver", "receiver", "who", "device") if name in row}
        if not any(mine.values()):
            continue
        hidden = [name for name, own in mine.items() if not own]
        if hidden:
            hidden += ["sent_to"] + ([] if mine["giver"] else ["giver_frail"])
        told: dict[str, Any] = {}
        for name, value in row.items():
            text = str(value)
            plain = None if text == "" or name in hidden else KINDS.get(name, str)(text)
            told[name] = plain
        if len(mine) > 1:
            told[WITHHELD] = [name for name in row if name in hidden]
        if dataset == "profiles" and who == "carol":  # in California (11 CCR 7024(d))
            del told["passport"]
        found.append(told)
    return found


def sorted_rows(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.mark.parametrize("who", PEOPLE)
def test_rows_are_those_of_the_source_filtered_by_hand(who: str, package: Package) -> None:
    folder = package(who)
    for dataset in ROWS:
        given = sorted_rows(lines(folder / f"data/{dataset}.jsonl"))
        assert given == sorted_rows(expected(who, dataset, (who,))), dataset


@pytest.mark.parametrize("who", PEOPLE)
def test_csv_says_what_json_says(who: str, package: Package) -> None:
    folder = package(who)
    for dataset in ROWS:
        exact = lines(folder / f"data/{dataset}.jsonl")
        with (folder / f"data/{dataset}.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        assert len(table) == len(exact)
        for row, same in zip(table, exact, strict=True):
            assert {name: as_in_json(name, row[name]) for name in same} == same


def as_in_json(name: str, field: str) -> object:
    """Read a field of the CSV as the package says it is read."""
    if name == WITHHELD:
        return field.split()
    if field == "":
        return None
    kind = KINDS.get(name)
    return kind(field) if kind is not None else field.removeprefix("'")


@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_of_anybody_else_is_in_any_file(who: str, package: Package) -> None:
    folder = package(who)
    everything = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert who.encode() in everything  # the search would find a name
    for other in set(PEOPLE) - {who}:
        for row in (row for rows in ROWS.values() for row in rows if other in (row.get("who"), row.get("device"))):
            own = {str(row[name]) for name in ("who", "email", "passport", "taste") if name in row}
            assert [value for value in own if value.encode() in everything] == []


def test_every_dataset_and_every_column_of_the_policy_is_there_or_said_to_be_kept_back(
    shop: Workspace, package: Package
) -> None:
    folder = package("carol")
    told = {each["name"]: each for each in json.loads((folder / "summary.json").read_text())["datasets"]}
    policy = shop.policy.active()
    assert set(told) == {each.name for each in policy.datasets.values() if not each.is_public}
    for name, each in told.items():
        assert [column["name"] for column in each["columns"]] == list(policy.datasets[name].columns)
        given = [column["name"] for column in each["columns"] if column["given"]]
        with (folder / f"data/{name}.csv").open(newline="") as file:
            assert [head for head in next(csv.reader(file)) if head != WITHHELD] == given
    kept_back = [column["name"] for column in told["profiles"]["columns"] if not column["given"]]
    assert kept_back == ["passport"]


COVERED = {
    "subjects": "person",
    "subject_links": "linked",
    "consent_records": "consents",
    "signals_seen": "signals",
    "signal_questions": "questions",
    "rights_requests": "requests",
    "statements": "statements",
    "legal_holds": "holds",
    "delegations": "delegations",
}
NOT_HELD = {
    "subject_keys": "a random number, under which the log knows the person",
    "permitted_partial": "follows from what they said: told as decisions",
    "permitted_changes": "follows from what they said: told as decisions",
    "due_changes": "follows from what they said: told as decisions",
    "web_sessions": "under random numbers, for ninety days: that they signed in is in the log, told as lookups",
    "sign_ins": "under random numbers, for a day, with a keyed hash of the address",
    "erasure_people": "of people who were erased, who are given nothing",
}


def test_every_control_table_about_a_person_is_in_the_package_or_has_a_reason_not_to_be(package: Package) -> None:
    told = json.loads((package("alice") / "summary.json").read_text())
    about = {name for name, table in tables.metadata.tables.items() if {"namespace", "subject"} <= set(table.c.keys())}
    about |= {"subjects", "subject_keys"}
    assert about == COVERED.keys() | NOT_HELD.keys()
    assert set(COVERED.values()) <= told.keys()
    assert rights_tables.legal_holds.name in about


def test_what_somebody_stated_is_in_their_package_and_on_its_page_and_in_nobody_elses(
    shop: Workspace, package: Package
) -> None:
    with shop.room.database.write() as connection:
        for part, (who, dataset) in enumerate((("alice", "profiles"), ("alice", None), ("bob", None))):
            subject = find(connection, "customer", who)
            said = {
                "namespace": "customer",
                "subject": subject,
                "dataset": dataset,
                "text": f"<b>{who}</b>",
                "at": part,
            }
            connection.execute(insert(rights_tables.statements).values(request="r1", part=part, **said))
    folder = package("alice")
    assert [
        (each["dataset"], each["text"], each["request"])
        for each in json.loads((folder / "summary.json").read_text())["statements"]
    ] == [("profiles", "<b>alice</b>", "r1"), (None, "<b>alice</b>", "r1")]
    page = (folder / "index.html").read_text()
    assert (page.count("&lt;b&gt;alice&lt;/b&gt;"), page.count("&lt;b&gt;bob")) == (2, 0)


def test_the_page_says_to_whom_the_person_can_complain(package: Package) -> None:
    page = (package("alice") / "index.html").read_text()
    told = page[page.index("To whom you can complain") :]
    row = re.findall(r"<td[^>]*>([^<]*)</td>", told[: told.index("</table>")])
    assert row == ["The Watch", "DE", "https://watch.example", "–", "+49 1"]


def test_the_summary_says_what_the_register_and_the_policy_say(shop: Workspace, package: Package) -> None:
    pia = shop.actor("pia")
    shop.consent.record("object", "alice", purpose="planning", actor=pia, namespace="customer", channel="till")
    told = json.loads((package("alice") / "summary.json").read_text())
    assert told["controller"] == {
        "name": "Shop",
        "country": "DE",
        "contact": "privacy@shop.example",
        "officer": "Pia the officer",
        "authorities": [
            {
                "name": "The Watch",
                "web": "https://watch.example",
                "jurisdictions": ["DE"],
                "address": "",
                "phone": "+49 1",
            }
        ],
    }
    assert [(each["verb"], each["purpose"], each["channel"]) for each in told["consents"]] == [
        ("give", "letters", "web"),
        ("object", "planning", "till"),
    ]
    assert {each["name"]: each["decisions"] for each in told["purposes"]} == {
        "planning": [{"namespace": "customer", "may_be_used": False, "why": ["You objected to this purpose."]}],
        "letters": [
            {
                "namespace": "customer",
                "may_be_used": True,
                "why": [
                    "Your data are used for this purpose because you agreed.",
                    "What may reveal sensitive things about you is not used for this purpose.",
                ],
            }
        ],
    }
    assert {each["name"]: [one["title"] for one in each["recipients"]] for each in told["purposes"]} == {
        "planning": ["A partner"],
        "letters": [],
    }
    assert [(each["dataset"], each["column"]) for each in told["inferences"]] == [
        ("profiles", "born"),
        ("profiles", "taste"),
    ]
    assert [(each["name"], each["source"], each["kept_days"]) for each in told["datasets"]][2] == (
        "purchases",
        "the tills",
        3650,
    )
    assert [each["right"] for each in told["requests"]] == ["access"]


def test_a_notice_of_an_earlier_policy_is_given_with_its_text(shop: Workspace, package: Package) -> None:
    pia = shop.actor("pia")
    shop.consent.record("object", "bob", purpose="planning", actor=pia, namespace="customer", notice_version="1")
    (shop.folder / "policy" / "policy.yaml").write_text(policy_text("2", "We count it otherwise."))
    shop.policy.activate(actor=pia)
    told = json.loads((package("bob") / "summary.json").read_text())
    assert told["notices"] == [{"purpose": "planning", "version": "1", "text": "We count what is bought."}]


def test_the_laws_that_decide_are_cited(shop: Workspace, package: Package) -> None:
    shop.laws.sign_off(shop.laws.pack("eu-gdpr"), "read", actor=shop.actor("pia"))
    told = json.loads((package("alice") / "summary.json").read_text())
    cited = {each["right"]: each["cite"] for each in told["rights"]}
    assert (cited["access"], cited["erasure"]) == ("Art. 15", "Art. 17")


def test_certain_links_are_given_and_likely_ones_only_told_of(shop: Workspace, package: Package) -> None:
    pia = shop.actor("pia")
    shop.identities.link(("customer", "alice"), ("device", "d-alice"), evidence="signed in", actor=pia)
    shop.identities.link(
        ("device", "d-alice"), ("device", "d-bob"), evidence="same address", actor=pia, confidence="likely"
    )
    folder = package("alice")
    told = json.loads((folder / "summary.json").read_text())
    assert [(each["title"], each["key"]) for each in told["person"]] == [("Customer", "alice"), ("Device", "d-alice")]
    assert sorted_rows(lines(folder / "data/visits.jsonl")) == sorted_rows(expected("alice", "visits", ("d-alice",)))
    assert (told["linked"]["likely"], told["linked"]["note"][:31]) == (1, "Other identifiers are only like")
    assert [each["evidence"] for each in told["linked"]["links"]] == ["signed in"]


def test_what_is_sensitive_for_california_is_told_of_and_not_handed_out(package: Package) -> None:
    told = json.loads((package("carol") / "summary.json").read_text())
    (profiles,) = [each for each in told["datasets"] if each["name"] == "profiles"]
    reasons = {column["name"]: column["not_given_because"] for column in profiles["columns"]}
    assert reasons["passport"].endswith("(11 CCR 7024(d)).")
    assert reasons["email"] is None


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_who_asks_without_sensitive_data_needs_no_stronger_proof_and_gets_none(right: Right, package: Package) -> None:
    with pytest.raises(InputInvalid, match="strength 1 was shown, 2 is needed"):
        package("alice", right, verified_strength=1)
    folder = package("alice", right, id="r000000000001", verified_strength=1, asked={"without_sensitive": True})
    told = json.loads((folder / "summary.json").read_text())
    (profiles,) = [each for each in told["datasets"] if each["name"] == "profiles"]
    kept_back = {each["name"]: each["not_given_because"] for each in profiles["columns"] if not each["given"]}
    assert kept_back == {"passport": "You asked to leave sensitive data out."}
    assert {"passport"} & lines(folder / "data/profiles.jsonl")[0].keys() == set()
    assert [path.name for path in folder.rglob("*") if path.is_file() and "C00ALICE" in path.read_text()] == []
    assert [fact["fact"] for fact in told["person"][0]["facts"]] == ["where you live", "year of birth"]


def test_a_package_to_take_along_holds_what_rests_on_consent_and_no_conclusion(package: Package) -> None:
    folder = package("alice", Right.PORTABILITY)
    assert sorted(path.stem for path in (folder / "data").glob("*.csv")) == ["gifts", "profiles"]
    assert list(lines(folder / "data/profiles.jsonl")[0]) == ["who", "email", "phone", "place", "passport"]
    told = json.loads((folder / "summary.json").read_text())
    assert sorted(each["title"] for each in told["left_out"]) == ["Purchases", "Visits of the web shop"]
    assert {each["because"] for each in told["left_out"]} == {NOT_PORTABLE}
    assert {"consents", "uses", "rights"} & told.keys() == set()
    assert sorted(path.name for path in folder.iterdir()) == [
        *("csv-metadata.json", "data", "index.html", "manifest.json", "schema.json", "summary.json")
    ]


def test_the_descriptions_fit_the_files(package: Package) -> None:
    folder = package("alice")
    metadata = json.loads((folder / "csv-metadata.json").read_text())
    schema = json.loads((folder / "schema.json").read_text())["$defs"]
    assert [table["url"] for table in metadata["tables"]] == [f"data/{name}.csv" for name in sorted(ROWS)]
    for table in metadata["tables"]:
        with (folder / table["url"]).open(newline="") as file:
            assert next(csv.reader(file)) == [column["name"] for column in table["tableSchema"]["columns"]]
        name = Path(table["url"]).stem
        for line in lines(folder / f"data/{name}.jsonl"):
            assert list(line) == schema[name]["required"] == list(schema[name]["properties"])


def test_files_are_readable_by_their_owner_only(shop: Workspace, package: Package) -> None:
    folder = package("alice")
    for place in (folder, shop.folder / "exports"):
        for path in (place, *place.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_is_kept_of_a_finished_package_is_one_archive(shop: Workspace, package: Package) -> None:
    package("alice")
    (place,) = (shop.folder / "exports" / "access").iterdir()
    assert [path.name for path in place.iterdir()] == ["package.zip"]


def test_making_it_again_gives_the_same(shop: Workspace) -> None:
    request, pia = file_request(shop, "alice"), shop.actor("pia")
    first = shop.access.fulfil(request, pia, shop.room.clock())
    assert shop.access.fulfil(request, pia, shop.room.clock()) == first
    assert len(list((shop.folder / "exports" / "access").iterdir())) == 1
    assert actions(shop).count("access.package-made") == 1


def actions(workspace: Workspace) -> list[str]:
    return [str(entry.fields()["action"]) for entry in workspace.audit.entries(actor=workspace.actor("pia"))]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"verification": Verification.ASKED, "verified_strength": 0}, "request-unverified"),
        ({"verification": Verification.FAILED, "verified_strength": 0}, "request-unverified"),
        ({"verification": Verification.NONE, "verified_strength": 0}, "request-unverified"),
        ({"verified_strength": 1}, "request-unverified"),  # a passport number is held
        ({"state": RequestState.OPEN}, "request-state"),
        ({"state": RequestState.FULFILLED}, "request-state"),
        ({"state": RequestState.DENIED}, "request-state"),
        ({"canonical": "another"}, "request-state"),
        ({"right": Right.ERASURE}, "request-right"),
    ],
)
def test_who_is_not_known_well_enough_gets_nothing(changes: dict[str, Any], code: str, shop: Workspace) -> None:
    request = file_request(shop, "alice", **{"id": "r00000000000a"} | changes)
    with pytest.raises(InputInvalid) as caught:
        shop.access.fulfil(request, shop.actor("pia"), shop.room.clock())
    assert (caught.value.code, actions(shop)[-1]) == (code, "access.package-refused")
    assert not (shop.folder / "exports").exists()


def test_an_erased_person_gets_nothing(shop: Workspace) -> None:
    request = file_request(shop, "dora")
    with shop.room.database.write() as connection:
        gone = (subjects.c.namespace == "customer", subjects.c.natural_key == "dora")
        connection.execute(update(subjects).where(*gone).values(natural_key=None))
    with pytest.raises(NameUnknown, match=rf"^There is no person of the request '{request_id('dora', 'access')}'\.$"):
        shop.access.fulfil(request, shop.actor("pia"), shop.room.clock())


def test_a_member_of_staff_needs_the_action_and_a_new_folder(shop: Workspace, tmp_path: Path) -> None:
    request = file_request(shop, "alice")
    with pytest.raises(NotPermitted, match=r"^`ana` may not do `subject-access`"):
        shop.access.package(request.id, tmp_path / "out", actor=shop.actor("ana"))
    (tmp_path / "there").mkdir()
    with pytest.raises(InputInvalid, match=r"^The package needs a new folder\.$"):
        shop.access.package(request.id, tmp_path / "there", actor=shop.actor("pia"))
    with pytest.raises(NameUnknown, match=r"^There is no request 'none'\.$"):
        shop.access.package("none", tmp_path / "out", actor=shop.actor("pia"))


def test_a_person_without_any_row_gets_a_package_that_says_so(shop: Workspace, package: Package) -> None:
    shop.data.add("gifts", write_csv(shop.folder / "g.csv", ROWS["gifts"][:4]), actor=shop.actor("pia"), replace=True)
    shop.data.add(
        "profiles", write_csv(shop.folder / "p.csv", ROWS["profiles"][:3]), actor=shop.actor("pia"), replace=True
    )
    folder = package("dora")
    assert [lines(folder / f"data/{name}.jsonl") for name in ROWS] == [[], [], [], []]
    assert "We hold no rows about you." in (folder / "index.html").read_text()


def test_addresses_are_the_persons_own(shop: Workspace) -> None:
    with shop.room.database.read() as connection:
        alice, dora = (find(connection, "customer", who) for who in ("alice", "dora"))
    assert alice is not None and dora is not None
    assert [(each.kind, each.address) for each in shop.access.contacts("customer", alice)] == [
        ("email", "alice@gift.example"),  # of a gift to herself; one that she gave to bob went to bob
        ("email", "alice@mail.example"),
        ("phone", "+49 0"),
    ]
    assert [each.address for each in shop.access.contacts("customer", dora)] == ["dora@mail.example", "+49 3"]
    assert [each.column for each in shop.access.addresses("customer", alice)] == ["gifts.sent_to", "profiles.email"]
    assert repr(shop.access.contacts("customer", dora)[0]) == "Contact('email')"
    assert shop.access.contacts("customer", 99) == ()


def test_in_which_datasets_somebody_has_rows_is_told_without_reading_one(shop: Workspace) -> None:
    pia = shop.actor("pia")
    assert shop.access.held("dora", actor=pia, namespace="customer") == ("gifts", "profiles")
    assert actions(shop)[-1] == "subject.held-shown"
