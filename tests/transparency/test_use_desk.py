"""How somebody's data were used, as staff and the person themself ask for it, over the whole product."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.errors import NameUnknown, NotPermitted
from pellucid.policy.model import Actor
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace
from tests.shop import Shop, make_shop

COUNT = "SELECT COUNT(*) AS n FROM purchases"
SELF = Actor("customer", "self", (), "session")


@pytest.fixture(scope="module")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uses") / "shop"
    make_shop(folder)
    with Workspace(folder) as made:
        made.query(COUNT, purpose="range-planning", actor="ana", epsilon=0.5)
    return folder


@pytest.fixture
def shop(made_shop: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made_shop, tmp_path / "shop")
    with Workspace(tmp_path / "shop") as workspace:
        yield workspace


def identity(shop: Workspace, key: str) -> tuple[str, int]:
    with shop.room.database.read() as connection:
        found = find(connection, "customer", key)
    assert found is not None
    return "customer", found


def test_a_real_answer_is_told_with_its_columns_and_the_band_of_people(shop: Workspace) -> None:
    page = shop.uses.of("c001", actor=shop.actor("pia"))
    (group,) = [each for each in page.groups if each.alike.sort == "used"]
    alike = group.alike
    assert (alike.action, alike.purpose, alike.by, alike.data) == (
        "query.released",
        "Deciding what to stock",
        "Analyst",
        ("What was bought",),
    )
    ((data, people),) = alike.others
    assert (data, bool(re.fullmatch(r"fewer than 20 people|between [\d,]+ and [\d,]+", people))) == (
        alike.data[0],
        True,
    )


def test_staff_who_look_are_seen_by_role_the_next_time(shop: Workspace) -> None:
    shop.uses.of("c001", actor=shop.actor("pia"))
    told = shop.uses.own(identity(shop, "c001"), actor=SELF).groups[0].alike
    assert (told.sort, told.action, told.by) == ("about-you", "subject.uses-shown", "you")
    seen = {each.alike.by for each in shop.uses.own(identity(shop, "c001"), actor=SELF).groups}
    assert seen >= {"Privacy officer", "you"}
    assert "pia" not in {each.lower() for each in seen}


def test_whoever_may_not_look_is_refused(shop: Workspace) -> None:
    with pytest.raises(NotPermitted, match=r"^`ana` may not do `subject-uses`"):
        shop.uses.own(identity(shop, "c001"), actor=shop.actor("ana"))


def test_of_somebody_who_was_erased_nothing_is_told(shop: Workspace) -> None:
    person, pia = identity(shop, "c001"), shop.actor("pia")
    shop.erasures.run([("", "c001")], actor=pia)
    with pytest.raises(NameUnknown, match=r"^There is no subject"):
        shop.uses.of("c001", actor=pia)
    with pytest.raises(NameUnknown, match=r"^There is no person"):
        shop.uses.own(person, actor=SELF)


@pytest.mark.slow
def test_it_is_printed_for_people_and_for_programs(shop: Workspace) -> None:
    run = Shop(shop.folder).run
    said = run("subject", "uses", "c001", "--as", "pia")
    assert said.code == 0, said.err
    assert said.out.count("Figures about many people were worked out, blurred, and told. (once,") == 1
    told = json.loads(run("subject", "uses", "c001", "--as", "pia", "--limit", "1", "--json").out)
    assert (len(told["uses"]), told["uses"][0]["action"], told["left_out"]) == (1, "subject.uses-shown", 0)
    after = json.loads(run("subject", "uses", "c001", "--as", "pia", "--json", "--from", told["next"]).out)
    assert "query.released" in {each["action"] for each in after["uses"]}
    assert (
        json.loads(run("subject", "uses", "c001", "--as", "pia", "--since", "2999-01-01", "--json").out)["uses"] == []
    )
