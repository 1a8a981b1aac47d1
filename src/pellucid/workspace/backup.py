"""Backing a workspace up and restoring it, in numbered steps. What each step does is in `backups`.

back up                                        restore
(1) begin the journal that was asked for       (1) keys, backup: signature, checksums, the whole log
(2) log the backup, keep the journal's place   (2) replay what happened since, all of it
(3) snapshot, generations, manifest            (3) compare with heads that are known elsewhere
(4) keys apart; end the old journal            (4) may this person restore, under the policy then in force?
(5) if loss was accepted: the strictest reading of it
(6) sets anew, the entry, the stamp off, the head signed
(7) the draft becomes the workspace
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.audit.entry import AuditEntry
from pellucid.audit.keys import create_signing_key
from pellucid.audit.log import append
from pellucid.audit.places import CONTROL, KEYS, LOG_KEY
from pellucid.backups import restore as parts
from pellucid.backups.backup import BackedUp, Source, back_up
from pellucid.backups.changes import place_of
from pellucid.backups.journal import create_journal, journal_key
from pellucid.backups.keeper import JournalKeeper, keep_journal, kept_journal
from pellucid.backups.manifest import Keys, Manifest, copy_keys, demand_new, remove
from pellucid.backups.replay import Replayed, replay
from pellucid.backups.stamp import stamp
from pellucid.consent.register import rebuild
from pellucid.consent.visitor_records import remove_all
from pellucid.errors import InputInvalid, WorkspaceUnusable
from pellucid.governance.activate import active_policy
from pellucid.governance.delegations import end_all
from pellucid.governance.former import with_former
from pellucid.governance.invitations import end as end_invitations
from pellucid.governance.restored import bring_up
from pellucid.governance.sessions import forget_all
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Actor
from pellucid.records.columns import from_instant
from pellucid.records.leftovers import write_anew
from pellucid.rights import schedule
from pellucid.rights.restored import forget
from pellucid.rights.sweep import sweep
from pellucid.settings import Settings
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace import parting
from pellucid.workspace.room import POLICY, PSEUDONYM_KEY, TOMBSTONE_KEY, Room
from pellucid.workspace.tokens import TOKENS_KEY


@dataclass(frozen=True, slots=True)
class Restored:
    """A workspace that was restored: what was in the backup, what was replayed, and what has to be done by people.

    `import_again` names datasets whose newest rows are gone, `withheld` those of which nothing older may be used;
    `restricted` counts the people whose data are restricted until lifted. `known` is the size of the newest head that
    was known elsewhere, None if none was given; `log_key` the log's public key, a new one after a loss. `invite_again`
    names members of the staff whose accounts ended.
    """

    folder: Path
    entries: int
    replayed: int
    choices: int
    import_again: tuple[str, ...]
    withheld: tuple[str, ...]
    restricted: int
    known: int | None
    log_key: str
    invite_again: tuple[str, ...]


def back_up_workspace(
    room: Room,
    keeper: JournalKeeper,
    folder: Path,
    *,
    actor: Actor,
    keys: Path | None,
    journal: Path | None,
    no_journal: bool,
) -> BackedUp:
    """Back the workspace up into a new folder; see `Workspace.backup`."""
    room.demand(actor, "backup")
    room.database.demand_copyable()
    _demand_apart(room.folder, folder, keys, journal)
    source = Source(room.folder, CONTROL, POLICY, room.database, _keys(room.folder / KEYS))
    with room.database.read() as connection:
        before = kept_journal(connection)
    # (1) the journal first: it then holds whatever the snapshot does not
    path = None if no_journal else before if journal is None else journal.resolve()
    if path != before:
        if path is not None:
            with room.database.read() as connection:
                start = (keeper.end_of(before) if before is not None else None) or place_of(connection)
            create_journal(path, journal_key(source.keys.pseudonyms), source.keys.log.name, start)
        keeper.turn_to(path)
    # (2) log
    identity, now = secrets.token_hex(8), room.clock()
    told = {"backup": identity, "keys": keys is not None, "journal": _journal_word(before, path)}
    with room.database.write() as connection:
        keep_journal(connection, path)
        append(connection, AuditEntry("workspace.backup", actor, now, body=told))
    # (3) snapshot
    done = back_up(source, folder, identity, now)
    # (4) keys, old journal
    if keys is not None:
        for name in (TOKENS_KEY, TOMBSTONE_KEY):  # before their first use: keys are copied once
            load_or_create_key(room.folder / KEYS / name)
        copy_keys(room.folder / KEYS, LOG_KEY, PSEUDONYM_KEY, (TOKENS_KEY, TOMBSTONE_KEY), keys)
    if before is not None and path != before:
        keeper.close_journal(before)
    return done


def restore_workspace(
    backup: Path,
    folder: Path,
    *,
    keys: Path,
    since: Sequence[Path] = (),
    latest: Sequence[Path] = (),
    accept_loss: str | None = None,
    actor_name: str | None = None,
    clock: Callable[[], int],
    settings: Settings | None = None,
) -> Restored:
    """Make a workspace in a new folder of a backup and everything that happened since; all of it or nothing.

    `keys` is the folder of the keys, `since` are journals in order, or the folder of a workspace whose control database
    survived. `latest` are checkpoints, exports or witnesses' folders: they may know no entry that was not replayed.
    Without `since` it is refused, unless `accept_loss` tells why nothing more is left: then everybody is restricted,
    every budget counts as spent, every token is revoked, and another log begins. Raises InputInvalid, NotPermitted,
    VerificationFailed and WorkspaceUnusable; nothing is then left of it.
    """
    demand_new(folder, "the workspace")
    if not since and accept_loss is None:
        raise WorkspaceUnusable(
            "What people said since the backup was not handed over, so nothing is restored.",
            remedy="Name the journal, or the folder of what survived of the workspace, with --since. If nothing is "
            'left, --accept-loss "why" restricts everybody and counts every budget as spent.',
            code="restore-unreplayed",
        )
    if accept_loss is not None and not accept_loss.strip():
        raise InputInvalid("A loss is accepted for a reason.", code="reason-missing", remedy="Say why, in a sentence.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.restoring-", dir=folder.parent))
    try:
        work = _Draft(backup, draft, _keys(keys), keys, accept_loss, clock, settings or Settings())
        done = work.fill(since, latest, actor_name)
        _become(draft, folder)
    except OSError:
        remove(draft)
        raise WorkspaceUnusable(
            "The workspace could not be restored: a file cannot be read or written.",
            remedy="Check the folders that were named, their permissions and the disk's space.",
            code="restore-failed",
        ) from None
    except BaseException:
        remove(draft)
        raise
    return replace(done, folder=folder)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A workspace on its way, which cannot be opened yet."""

    backup: Path
    folder: Path
    keys: Keys
    keys_folder: Path
    loss: str | None
    clock: Callable[[], int]
    settings: Settings

    def fill(self, since: Sequence[Path], latest: Sequence[Path], actor_name: str | None) -> Restored:
        # (1) keys and backup
        manifest = parts.take_in(self.backup, CONTROL, self.folder, self.keys)
        copy_keys(self.keys_folder, LOG_KEY, PSEUDONYM_KEY, (TOKENS_KEY, TOMBSTONE_KEY), self.folder / KEYS)
        with parts.opened(self.folder / CONTROL) as database:
            room = Room(self.folder, database, self.settings, self.clock)
            now = self.clock()
            with database.write() as connection:
                # (2) replay
                sources = [parts.source_of(place, CONTROL, connection, self.keys) for place in since]
                done = replay(connection, sources, now, forget)
                # (3) heads that are known elsewhere
                heads = [parts.known_head(place, self.keys.log.verifier) for place in latest]
                for head in heads:
                    parts.demand_reached(connection, head, accept_loss=self.loss is not None)
                parts.forget_the_past(connection)
                schedule.forget(connection)  # nobody knows whether it was turned off since
            known = max((head.size for head in heads), default=None)
            # (4) permission
            actor = _demand(room, actor_name, "restore" if self.loss is None else "restore-loss")
            # (5) and (6)
            key, ended = self._conclude(room, actor, manifest, done, known, now)
            restricted = self._restrict(room, actor, now)
            # what was erased since the backup stays erased, in rows and bytes
            self._sweep(room, actor, now)
            with database.write() as connection:
                stamp(connection, None)
                sign_checkpoint(connection, room.log_key, now)
            unlink_unleased(database, self.folder, now=now)
        lists = tuple(sorted(done.lost)), tuple(sorted(done.retired))
        return Restored(
            self.folder, manifest.entries, done.entries, done.records, *lists, restricted, known, key, ended
        )

    def _conclude(
        self, room: Room, actor: Actor, manifest: Manifest, done: Replayed, known: int | None, now: int
    ) -> tuple[str, tuple[str, ...]]:
        """Make the permitted sets anew and tell the log, the old one or after a loss a new one.

        Returns its key, and whose accounts ended.
        """
        told: dict[str, object] = {"backup": manifest.identity, "entries": manifest.entries}
        told |= {"replayed": done.entries, "complete": self.loss is None, "known": known}
        with room.database.write() as connection:
            policy = active_policy(connection)
            if self.loss is not None:
                told["continues"] = parts.continued(connection, self.keys.log, known or 0)
                told["tokens_revoked"] = parts.accept_loss(connection, policy, actor, now)
                self._begin_log(now)
            forget_all(connection)  # who left since must not be let in again
            told["delegations_ended"] = end_all(connection, actor.name, now)  # nor who acts for somebody no longer
            told["invitations_ended"] = end_invitations(connection, now)  # nor by what was taken up since
            ended = bring_up(connection, done.bodies, now, lost=self.loss is not None)  # nor by a password of then
            told["accounts_ended"] = len(ended)
            if done.bodies:  # nor does a message go where its person is not any more
                parting.after_restore(room, connection, min(int(str(each["at"])) for each in done.bodies), now)
            remove_all(connection)  # and no visitor's yes counts that was taken back since
            if policy is not None:
                rebuild(connection, policy, now)
            details = {} if self.loss is None else {"reason": self.loss}
            append(connection, AuditEntry("workspace.restored", actor, now, body=told, details=details))
        return str(room.log_key.verifier), ended

    def _sweep(self, room: Room, actor: Actor, now: int) -> None:
        policy = room.policy_in_force()
        if policy is not None:
            settings = self.settings
            place = ImportPlace(room.database, self.folder, settings.memory_limit, settings.threads)
            with room.database.read() as connection:
                policy = with_former(connection, policy, schema_hash)
            sweep(place, policy, actor=actor, now=now)
        write_anew(room.database, ())

    def _begin_log(self, now: int) -> None:
        """Put a key of another name in the place of the old one, with which nothing may be signed any more."""
        path = self.folder / KEYS / LOG_KEY
        for old in path.parent.glob(f"{LOG_KEY}*"):
            old.unlink()
        create_signing_key(path, f"{self.keys.log.name}/restored-{from_instant(now):%Y%m%dT%H%M%SZ}")

    def _restrict(self, room: Room, actor: Actor, now: int) -> int:
        policy = room.policy_in_force()
        if self.loss is None or policy is None:
            return 0
        return parts.restrict_everybody(room.database, room.subject_keys, policy, actor, now)


def _demand(room: Room, actor_name: str | None, action: str) -> Actor:
    """Return who restores; under a policy it has to be somebody who may."""
    actor = room.actor(actor_name)
    if room.policy_in_force() is not None:
        room.demand(actor, action)
    return actor


def _keys(folder: Path) -> Keys:
    return Keys.load(folder / LOG_KEY, folder / PSEUDONYM_KEY)


def _become(draft: Path, folder: Path) -> None:
    (draft / POLICY).mkdir(exist_ok=True)
    draft.rename(folder)
    parent = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _demand_apart(workspace: Path, folder: Path, keys: Path | None, journal: Path | None) -> None:
    """Refuse what would lie inside the workspace, and keys inside the backup that they are to be kept apart from."""
    demand_new(folder, "the backup")
    for place in (folder, keys, journal):
        if place is not None and place.resolve().is_relative_to(workspace):
            raise _together("inside the workspace")
    if keys is not None:
        demand_new(keys, "the keys")
        if keys.resolve().is_relative_to(folder.resolve()):
            raise _together("inside the backup, from which the keys are kept apart")


def _together(where: str) -> InputInvalid:
    return InputInvalid(
        f"What is to outlive its loss may not lie {where}.", remedy="Name another place.", code="backup-inside"
    )


def _journal_word(before: Path | None, after: Path | None) -> str:
    if after is None:
        return "none" if before is None else "ended"
    return "kept" if before == after else "begun"
