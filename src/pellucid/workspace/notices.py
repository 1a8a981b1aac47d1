"""The notice desk of a workspace: making, comparing, publishing and showing what people are told.

Notices are for everybody, so reading them takes no permission and is not logged; publishing takes both.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NotJournaled, PellucidError
from pellucid.governance.activate import in_force
from pellucid.policy.model import Actor
from pellucid.policy.parts.purpose import shown_version
from pellucid.policy.reading import CHILD_GRADE, FULL_GRADE, grade
from pellucid.transparency.content import Content
from pellucid.transparency.differences import differences
from pellucid.transparency.material import material
from pellucid.transparency.notices import make
from pellucid.transparency.published import CURRENT, Publication, Published, is_any, notice, publications, publish
from pellucid.transparency.shown import spoken
from pellucid.workspace.room import Room

DRAFT = "draft"
"""How the notice is named that the policy in force makes now, whether or not it was published."""


@dataclass(frozen=True, slots=True)
class LayerGrade:
    """How hard a layer is to read in a language: the school year that suffices, and the most that is meant."""

    language: str
    layer: str
    grade: float | None
    most: float


@dataclass(frozen=True, slots=True)
class NoticeCheck:
    """What can be said of the notice that the policy in force makes now.

    `shown` is the version that is shown, if any; `changes` tell what would change by publishing; `lawless` are regimes
    for whose people no law is signed off, so that the notice names no rights. `tells` is whether publishing would make
    a message due to everybody.
    """

    version: str
    shown: str | None
    changes: tuple[str, ...]
    grades: tuple[LayerGrade, ...]
    lawless: tuple[str, ...]
    tells: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether the very notice is shown that would be made now."""
        return self.version == self.shown


@dataclass(frozen=True, slots=True)
class NoticeDesk:
    """`workspace.notices`."""

    room: Room

    def draft(self) -> Content:
        """Return the notice that the policy in force makes now."""
        return make(self.room.policy(), self.room.clock())

    def named(self, version: str = CURRENT) -> tuple[str, Content]:
        """Return a notice and its version: `draft`, `current`, or one published, by its first digits.

        Raises NameUnknown and InputInvalid.
        """
        if version == DRAFT:
            made = self.draft()
            return made.version, made
        with self.room.database.read() as connection:
            return notice(connection, version)

    def list(self) -> tuple[Publication, ...]:
        """Return every publication, the oldest first."""
        with self.room.database.read() as connection:
            return publications(connection)

    def shown_in(self, language: str) -> dict[str, str]:
        """Return under which version a yes to each purpose names the notice that is shown now in a language.

        Of purposes of which that notice tells in the words of the policy in force; empty before the first.
        """
        declared = self.room.policy().purposes
        with self.room.database.read() as connection:
            if not is_any(connection):
                return {}
            whole, content = notice(connection)
        told = content.purposes if language in content.tellings else {}
        return {
            name: shown_version(version, whole)
            for name, version in told.items()
            if name in declared and declared[name].notice.version == version
        }

    def compare(self, old: str, new: str, language: str | None = None) -> tuple[str, ...]:
        """Return what differs from one notice to another, in plain words of a language (default: the policy's own)."""
        told = language or self.room.policy().controller.language
        return differences(self.named(old)[1], self.named(new)[1], told)

    def check(self) -> NoticeCheck:
        """Return whether the notice of the policy in force is the one shown, what it lacks, and how hard it reads."""
        policy, made = self.room.policy(), self.draft()
        shown = self.list()
        current = self.named()[1] if shown else None
        own = policy.controller.language
        changes = () if current is None or own not in current.tellings else differences(current, made, own)
        told = made.telling(own).layer("full")
        asking = {each.about for section in told for each in section.sentences if each.about.endswith(":ask")}
        lawless = tuple(name for name in policy.regimes if f"rights:{name}:ask" in asking)
        tells = current is not None and material(current, made, policy) is not None
        return NoticeCheck(made.version, shown[-1].notice if shown else None, changes, _grades(made), lawless, tells)

    def publish(self, *, actor: Actor) -> Published:
        """Show the notice of the policy in force from now on; logged, a refused attempt too."""
        policy, now = self.room.demand(actor, "notice-publish"), self.room.clock()
        try:
            return publish(self.room.database, policy, make(policy, now), actor, now, in_force)
        except NotJournaled:
            raise  # it is published
        except PellucidError as error:
            body = {"action": "notice-publish", "outcome": "refused", "reasons": [error.code]}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("notice.refused", actor, now, body=body))
            raise


def _grades(made: Content) -> tuple[LayerGrade, ...]:
    return tuple(
        LayerGrade(language, name, grade(spoken(told.layer(name)), language), most)
        for language, told in made.tellings.items()
        for name, most in (("short", FULL_GRADE), ("full", FULL_GRADE), ("child", CHILD_GRADE))
    )
