"""Published notices are kept for good by their content, and a consent names the one that was shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select, update

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, RecordingFailed
from pellucid.governance.activate import in_force
from pellucid.policy.model import Policy
from pellucid.records.tables import log_entries
from pellucid.records.transparency_tables import notice_publications, notices
from pellucid.transparency import rounds
from pellucid.transparency.notices import make
from pellucid.transparency.published import publish
from pellucid.workspace import Workspace, restore


def published(w: Workspace) -> str:
    return w.notices.publish(actor=w.actor("pia")).version


def redraft(w: Workspace, old: str, new: str) -> None:
    draft = w.folder / "policy" / "policy.yaml"
    assert old in draft.read_text()
    draft.write_text(draft.read_text().replace(old, new))
    w.policy.activate(actor=w.actor("pia"))


def give(w: Workspace, notice: str, **more: Any) -> str:
    """Record a yes and return the notice version that was kept."""
    asked = {"purpose": "offers", "notice_version": notice, "language": "en", **more}
    w.consent.record(asked.pop("verb", "give"), "h0", actor=w.actor("pia"), **asked)
    return w.consent.history("h0", actor=w.actor("pia"))[-1].record.notice_version


def last_entry(w: Workspace) -> dict[str, Any]:
    with w.room.database.read() as connection:
        body = connection.scalar(select(log_entries.c.body).order_by(log_entries.c.leaf.desc()).limit(1))
    return dict(json.loads(body or b"{}"))


def test_a_notice_is_published_with_its_entry_and_shown_as_it_was(workspace: Workspace) -> None:
    made = workspace.notices.draft()

    done = workspace.notices.publish(actor=workspace.actor("pia"))

    assert (done.version, done.previous, done.changes) == (made.version, None, ())
    assert workspace.notices.named() == (made.version, made)
    assert last_entry(workspace)["action"] == "notice.published"
    assert last_entry(workspace)["body"] == {
        "notice": made.version,
        "previous": None,
        "policy": workspace.policy.active().version,
        "laws": "",
        "languages": ["en"],
        "changes": 0,
        "told": False,
    }


def test_publishing_what_is_shown_already_does_nothing(workspace: Workspace) -> None:
    first = workspace.notices.publish(actor=workspace.actor("pia"))
    again = workspace.notices.publish(actor=workspace.actor("pia"))

    assert (again.version, again.log) == (first.version, None)
    assert len(workspace.notices.list()) == 1


def test_an_earlier_notice_is_kept_and_may_be_shown_again(workspace: Workspace) -> None:
    first = published(workspace)
    redraft(workspace, "title: Purchases", "title: All purchases")
    second = published(workspace)
    redraft(workspace, "title: All purchases", "title: Purchases")
    third = published(workspace)

    assert [each.notice for each in workspace.notices.list()] == [first, second, third]
    assert first == third != second
    assert workspace.notices.named(first[:12]) == (first, workspace.notices.draft())
    assert workspace.notices.compare(first, second) == ("The data “Purchases” are now called “All purchases”.",)
    with workspace.room.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(notices)) == 2


def test_only_who_may_publish_does(workspace: Workspace) -> None:
    with pytest.raises(NotPermitted, match="`ana` may not do `notice-publish`"):
        workspace.notices.publish(actor=workspace.actor("ana"))
    assert workspace.notices.list() == ()


def test_a_notice_of_a_policy_that_is_in_force_no_longer_is_not_published(workspace: Workspace) -> None:
    policy: Policy = workspace.policy.active()
    made = make(policy, workspace.room.clock())
    redraft(workspace, "title: Purchases", "title: All purchases")

    with pytest.raises(RecordingFailed, match="Another policy came into force") as caught:
        publish(workspace.room.database, policy, made, workspace.actor("pia"), workspace.room.clock(), in_force)
    assert caught.value.code == "policy-overtaken"
    assert workspace.notices.list() == ()


@pytest.mark.parametrize("version", ["current", "0" * 16, "abc", "%"])
def test_what_was_never_published_is_not_shown(workspace: Workspace, version: str) -> None:
    if version != "current":
        published(workspace)
    with pytest.raises(NameUnknown, match="There is no notice"):
        workspace.notices.named(version)


def test_a_stored_notice_that_was_altered_is_not_shown(workspace: Workspace) -> None:
    published(workspace)
    with workspace.room.database.write() as connection:
        connection.execute(update(notices).values(content=b"{}"))

    with pytest.raises(InputInvalid, match="not the one that was published") as caught:
        workspace.notices.named()
    assert caught.value.code == "notice-damaged"


def test_a_check_tells_what_publishing_would_change(workspace: Workspace) -> None:
    assert workspace.notices.check().shown is None
    published(workspace)
    assert workspace.notices.check().is_shown
    redraft(workspace, "    title: Purchases\n", "    title: Purchases\n    retention_days: 730\n")

    checked = workspace.notices.check()

    assert not checked.is_shown
    assert checked.changes[0] == "Purchases: kept for 2 years instead of no fixed time."
    assert (checked.lawless, [each.layer for each in checked.grades]) == (("eu",), ["short", "full", "child"])


# -- what was shown to whom --------------------------------------------------------------------------------------------


def test_a_yes_names_the_notice_that_was_shown_and_keeps_it(workspace: Workspace) -> None:
    version = published(workspace)

    assert give(workspace, version) == f"1+{version[:16]}"
    assert workspace.notices.named(f"1+{version[:16]}")[0] == version
    assert workspace.consent.why("h0", purpose="offers", actor=workspace.actor("pia")).permitted


@pytest.mark.parametrize("form", ["{0}", "{0:.16}", "{0:.30}", "1+{0:.16}"])
def test_it_may_be_named_whole_in_part_or_as_it_is_kept(workspace: Workspace, form: str) -> None:
    version = published(workspace)

    assert give(workspace, form.format(version)) == f"1+{version[:16]}"


@pytest.mark.parametrize("declared", ["", "1"])
def test_a_yes_to_the_purpose_s_own_notice_is_recorded_as_before(workspace: Workspace, declared: str) -> None:
    published(workspace)

    assert give(workspace, declared, language="") == "1"


REFUSED = [
    ({"notice": "1+" + "0" * 16}, "notice-unpublished", "ever published"),
    ({"notice": "0" * 16}, "notice-not-current", "needs its current notice"),
    ({"language": "de"}, "notice-language", "That notice is in en; got 'de'"),
    ({"language": ""}, "notice-language", "none was said"),
    ({"notice": "2+{0:.16}"}, "notice-of-other-purposes", "told nothing of this purpose under this version"),
]


@pytest.mark.parametrize(("asked", "code", "match"), REFUSED)
def test_a_yes_to_what_was_not_shown_is_refused(
    workspace: Workspace, asked: dict[str, str], code: str, match: str
) -> None:
    version = published(workspace)
    notice = asked.get("notice", "{0}").format(version)

    with pytest.raises(InputInvalid, match=match) as caught:
        give(workspace, notice, language=asked.get("language", "en"))
    assert caught.value.code == code
    assert workspace.consent.history("h0", actor=workspace.actor("pia")) == []


def test_a_yes_to_a_notice_before_the_purpose_s_own_changed_is_refused(workspace: Workspace) -> None:
    version = published(workspace)
    redraft(workspace, 'notice: {version: "1"', 'notice: {version: "2"')

    with pytest.raises(InputInvalid, match=r"needs its current notice: got version '1\+"):
        give(workspace, version)


def test_a_yes_counts_on_while_its_notice_stands_however_often_others_are_published(workspace: Workspace) -> None:
    give(workspace, published(workspace))
    redraft(workspace, "title: Purchases", "title: All purchases")
    published(workspace)
    assert workspace.consent.why("h0", purpose="offers", actor=workspace.actor("pia")).permitted

    redraft(workspace, 'notice: {version: "1"', 'notice: {version: "2"')

    told = workspace.consent.why("h0", purpose="offers", actor=workspace.actor("pia"))
    assert [reason.code for reason in told.reasons] == ["notice-changed"]


def test_a_no_is_recorded_whatever_notice_it_names(workspace: Workspace) -> None:
    version = published(workspace)

    assert give(workspace, version, verb="withdraw") == f"1+{version[:16]}"
    assert give(workspace, version, verb="withdraw", language="tlh") == version
    assert give(workspace, "0" * 16, verb="withdraw") == "0" * 16


def test_a_file_of_choices_may_name_published_notices_and_no_others(workspace: Workspace) -> None:
    version = published(workspace)
    path = workspace.folder / "said.csv"
    header = "subject,purpose,verb,covers,explicit,notice_version,channel,at,language\n"
    kept = f"1+{version[:16]}"
    path.write_text(
        header
        + f"h0,offers,give,held_data,false,{kept},web,2026-06-01T10:00:00Z,en\n"
        + f"h1,offers,give,held_data,false,1+{'0' * 16},web,2026-06-01T10:00:00Z,en\n"
        + f"h2,offers,give,held_data,false,{kept},web,2026-06-01T10:00:00Z,de\n"
    )

    done = workspace.consent.import_records(path, actor=workspace.actor("pia"))

    assert (done.recorded, dict(done.codes)) == (1, {"notice-unpublished": 1, "notice-language": 1})
    assert workspace.consent.history("h0", actor=workspace.actor("pia"))[0].record.notice_version == kept


def test_what_is_exported_is_known_when_it_is_imported_again(workspace: Workspace) -> None:
    give(workspace, published(workspace))
    path = workspace.folder / "out.csv"
    workspace.consent.export(path, actor=workspace.actor("pia"))

    done = workspace.consent.import_records(path, actor=workspace.actor("pia"))

    assert (done.recorded, done.known, done.rejected) == (0, 1, 0)


def test_publications_cannot_be_told_apart_from_their_log(workspace: Workspace) -> None:
    published(workspace)
    redraft(workspace, "title: Purchases", "title: All purchases")
    published(workspace)
    with workspace.room.database.read() as connection:
        kept = list(connection.scalars(select(notice_publications.c.notice).order_by(notice_publications.c.sequence)))
        logged = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
        bodies = [json.loads(body) for body in logged]

    assert kept == [body["body"]["notice"] for body in bodies if body["action"] == "notice.published"]


def test_notices_published_after_a_backup_come_back_from_its_journal(workspace: Workspace) -> None:
    outside = workspace.folder.parent
    before = published(workspace)
    places = {"keys": outside / "keys", "journal": outside / "journal"}
    workspace.backup(outside / "backup", actor=workspace.actor("pia"), **places)
    redraft(workspace, "title: Purchases", "title: All purchases")
    after = published(workspace)
    shown = workspace.notices.named(after)

    since = [outside / "journal"]
    restored = restore(outside / "backup", outside / "again", keys=outside / "keys", since=since, actor_name="pia")

    assert restored is not None
    with Workspace(outside / "again") as again:
        assert [each.notice for each in again.notices.list()] == [before, after]
        assert again.notices.named(after) == shown
        with again.room.database.read() as connection:
            assert [(each.people, each.place) for each in rounds.standing(connection)] == [(3, 0)]
