"""Links open their own package, for a time; what is over, erased or overtaken leaves no file behind."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, PellucidError
from pellucid.records.rights_tables import packages, rights_requests
from pellucid.records.tables import generation_leases, subjects
from pellucid.rights.packages import ARCHIVE, FOLDER, PackageLink, package_of, remove_packages
from pellucid.rights.request import Request
from pellucid.workspace import Workspace, wall_clock
from tests.rights.packages.conftest import DAY, ROWS, file_request, lines, request_id, write_csv
from tests.rights.packages.test_access import actions, expected, sorted_rows


def make(workspace: Workspace, who: str = "alice") -> tuple[Request, str]:
    """Make somebody's package; return the request and the package's id."""
    request = file_request(workspace, who)
    told = workspace.access.fulfil(request, workspace.actor("pia"), workspace.room.clock())
    return request, str(told["package"])


def folders(workspace: Workspace) -> list[Path]:
    return sorted((workspace.folder / FOLDER).iterdir())


def refusal(call: Callable[[], object]) -> tuple[str, str, str]:
    with pytest.raises(PellucidError) as caught:
        call()
    return caught.value.code, caught.value.message, caught.value.remedy


def test_a_link_opens_its_package_and_that_is_logged(shop: Workspace, tmp_path: Path) -> None:
    _, package = make(shop)
    link = shop.access.link(package)
    archive = shop.access.fetch(package, link.secret)
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert {"index.html", "manifest.json", "data/purchases.csv"} <= set(packed.namelist())
    assert actions(shop)[-2:] == ["access.link-made", "access.package-fetched"]
    with shop.room.database.read() as connection:
        row = connection.execute(select(packages)).one()
    assert (row.fetched_at is not None, len(row.token)) == (True, 32)
    assert link.secret not in (shop.folder / "control.sqlite").read_bytes().decode("latin-1")
    assert repr(link) == f"PackageLink({package!r})"


def test_every_link_that_opens_nothing_is_refused_alike(shop: Workspace) -> None:
    _, alices = make(shop, "alice")
    _, bobs = make(shop, "bob")
    old = shop.access.link(alices)
    link, other = shop.access.link(alices), shop.access.link(bobs)
    tries: list[tuple[str, str]] = [
        (alices, "wrong"),
        (alices, ""),
        (alices, other.secret),
        (alices, old.secret),  # a newer one was made
        (bobs, link.secret),
        ("unknown", link.secret),
        ("", ""),
    ]
    told = {
        refusal(lambda package=package, secret=secret: shop.access.fetch(package, secret)) for package, secret in tries
    }  # type: ignore[misc]
    with Workspace(shop.folder, clock=lambda: wall_clock() + 15 * DAY) as later:
        told.add(refusal(lambda: later.access.fetch(alices, link.secret)))
        later.access.remove_expired()
        told.add(refusal(lambda: later.access.fetch(alices, link.secret)))
    assert told == {
        (
            "package-link",
            "This link opens nothing, or no longer does.",
            "Ask for a new one: a link lasts only some days.",
        )
    }
    assert actions(shop).count("access.package-fetched") == 0


def test_no_link_is_made_to_what_cannot_be_fetched(shop: Workspace) -> None:
    _, package = make(shop)
    with pytest.raises(InputInvalid, match=r"^There is no package that could be fetched\.$"):
        shop.access.link("unknown")
    with (
        Workspace(shop.folder, clock=lambda: wall_clock() + 15 * DAY) as later,
        pytest.raises(InputInvalid, match=r"^There is no package that could be fetched\.$"),
    ):
        later.access.link(package)


def test_after_its_days_a_package_is_removed_and_one_that_still_waits_is_not(shop: Workspace) -> None:
    _, package = make(shop, "alice")
    with Workspace(shop.folder, clock=lambda: wall_clock() + 7 * DAY) as later:
        make(later, "bob")
        assert later.access.remove_expired() == ()
    with Workspace(shop.folder, clock=lambda: wall_clock() + 14 * DAY) as later:
        assert later.access.remove_expired() == (package,)
        assert later.access.remove_expired() == ()
        assert actions(later)[-1] == "access.packages-removed"
        assert len(folders(later)) == 1
    with shop.room.database.read() as connection:
        assert [bool(row.removed_at) for row in connection.execute(select(packages).order_by(packages.c.made_at))] == [
            True,
            False,
        ]


def test_a_request_whose_package_ran_out_gets_a_new_one(shop: Workspace) -> None:
    request, package = make(shop)
    with Workspace(shop.folder, clock=lambda: wall_clock() + 14 * DAY) as later:
        later.access.remove_expired()
        told = later.access.fulfil(request, later.actor("pia"), later.room.clock())
        assert told["package"] != package
        assert [place.name for place in folders(later)] == [told["package"]]


def test_a_package_whose_archive_is_lost_is_made_anew(shop: Workspace) -> None:
    request, package = make(shop)
    (shop.folder / FOLDER / package / ARCHIVE).unlink()
    told = shop.access.fulfil(request, shop.actor("pia"), shop.room.clock())
    assert told["package"] != package
    assert (shop.folder / FOLDER / str(told["package"]) / ARCHIVE).is_file()


def test_erasing_a_person_removes_their_packages_and_nobody_elses(shop: Workspace) -> None:
    request, _ = make(shop, "alice")
    _, bobs = make(shop, "bob")
    assert request.subject is not None
    with shop.room.database.write() as connection:
        remove_packages(connection, shop.folder, "customer", request.subject, shop.room.clock())
    assert [place.name for place in folders(shop)] == [bobs]


def test_a_folder_that_belongs_to_no_package_is_swept(shop: Workspace) -> None:
    make(shop)
    left = shop.folder / FOLDER / "left-behind"
    left.mkdir()
    (left / "rows.jsonl").write_text("{}")
    shop.access.remove_expired()
    assert not left.exists()
    assert len(folders(shop)) == 1


def when_opening(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, while a package is made: after all was gathered, before any row is read."""
    desk = workspace.access
    parts = desk.parts
    happened: list[object] = []

    def opened(holdings):  # type: ignore[no-untyped-def]
        if not happened:
            happened.append(True)
            act()
        return parts.open_person(holdings)

    monkeypatch.setattr(type(desk), "parts", property(lambda self: replace(parts, open_person=opened)))


def test_an_import_meanwhile_does_not_tear_a_package(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, pia = file_request(shop, "alice"), shop.actor("pia")
    new = write_csv(shop.folder / "new.csv", [{**ROWS["purchases"][0], "product": "new"}])
    when_opening(shop, monkeypatch, lambda: shop.data.add("purchases", new, actor=pia, replace=True))
    shop.access.package(request.id, tmp_path / "out", actor=pia)
    given = sorted_rows(lines(tmp_path / "out/data/purchases.jsonl"))
    assert given == sorted_rows(expected("alice", "purchases", ("alice",)))
    with shop.room.database.read() as connection:
        assert connection.execute(select(generation_leases)).all() == []


def test_who_is_erased_meanwhile_gets_nothing_and_no_file_is_left(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, pia = file_request(shop, "alice"), shop.actor("pia")

    def erase() -> None:
        with shop.room.database.write() as connection:
            assert request.subject is not None
            remove_packages(connection, shop.folder, "customer", request.subject, shop.room.clock())
            gone = (subjects.c.namespace == "customer", subjects.c.id == request.subject)
            connection.execute(update(subjects).where(*gone).values(natural_key=None))

    when_opening(shop, monkeypatch, erase)
    with pytest.raises(NameUnknown, match=r"^There is no person of the request"):
        shop.access.fulfil(request, pia, shop.room.clock())
    assert [path for path in (shop.folder / FOLDER).rglob("*") if path.is_file()] == []
    assert "access.package-made" not in actions(shop)


def test_who_is_merged_meanwhile_gets_both_identities(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, pia = file_request(shop, "alice"), shop.actor("pia")
    pair = ("customer", "alice"), ("device", "d-alice")
    when_opening(shop, monkeypatch, lambda: shop.identities.link(*pair, evidence="signed in", actor=pia))
    shop.access.package(request.id, tmp_path / "out", actor=pia)
    assert len(lines(tmp_path / "out/data/visits.jsonl")) == 3
    assert actions(shop).count("access.package-made") == 1


def test_two_who_make_the_same_package_are_not_both_at_it(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    request, pia = file_request(shop, "alice"), shop.actor("pia")
    told: list[str] = []

    def second() -> None:
        with Workspace(shop.folder) as other:
            told.append(refusal(lambda: other.access.fulfil(request, pia, shop.room.clock()))[0])

    when_opening(shop, monkeypatch, second)
    shop.access.fulfil(request, pia, shop.room.clock())
    assert told == ["package-busy"]
    with shop.room.database.read() as connection:
        found = package_of(connection, request.id)
    assert found is not None and found.digest is not None


def test_a_link_is_a_secret_of_256_bits(shop: Workspace) -> None:
    _, package = make(shop)
    links: list[PackageLink] = [shop.access.link(package) for _ in range(3)]
    assert len({link.secret for link in links}) == 3
    assert {len(link.secret) for link in links} == {43}


def test_a_fetch_that_is_refused_is_in_the_log(shop: Workspace) -> None:
    with pytest.raises(NotPermitted, match=r"^This link opens nothing, or no longer does\.$"):
        shop.access.fetch("x", "y")
    assert actions(shop)[-1] == "token.refused"


def test_a_package_is_handed_over_after_its_request_was_closed(shop: Workspace, tmp_path: Path) -> None:
    request, package = make(shop)
    with shop.room.database.write() as connection:
        connection.execute(update(rights_requests).values(state="fulfilled"))
    told = shop.access.package(request.id, tmp_path / "out", actor=shop.actor("pia"))
    assert (told["package"], actions(shop)[-1]) == (package, "access.package-fetched")
    with (
        Workspace(shop.folder, clock=lambda: wall_clock() + 15 * DAY) as later,
        pytest.raises(
            InputInvalid, match=rf"^The request {request_id('alice', 'access')} cannot be fulfilled: it is fulfilled\.$"
        ),
    ):
        later.access.package(request.id, tmp_path / "again", actor=later.actor("pia"))


def test_a_draft_older_than_a_day_is_begun_anew(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    request, pia = file_request(shop, "alice"), shop.actor("pia")
    now = shop.room.clock()

    def stop() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        when_opening(shop, patched, stop)
        with pytest.raises(KeyboardInterrupt):
            shop.access.fulfil(request, pia, now)
    (place,) = folders(shop)
    as_of = json.loads((place / "draft.json").read_text())["account"]["stamp"]["as_of"]
    told = shop.access.fulfil(request, pia, now + 2 * DAY)
    assert as_of == now
    with zipfile.ZipFile(place / ARCHIVE) as packed:
        manifest = json.loads(packed.read("manifest.json"))
    assert (manifest["stamp"]["as_of"], place.name) == (now + 2 * DAY, told["package"])
