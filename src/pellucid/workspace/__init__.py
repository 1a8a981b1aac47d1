"""The composition root: opens a workspace folder and wires policy, control database, engine and stories together.

Nothing else wires. Use cases live in the stories; here they are given their parts, the clock, and who may do them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import CONTROL, CONTROL_URL, KEYS, LOG_KEY
from pellucid.backups.keeper import JournalKeeper, kept_journal
from pellucid.backups.stamp import demand_unstamped
from pellucid.engines.base import Engine, Holding, ReleasedCells
from pellucid.engines.registry import open_engine, open_released_cells
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.governance.activate import active_policy, in_force
from pellucid.insights.answer import Parts, answer, preview
from pellucid.insights.query import InsightQuery, Value, accuracy_of
from pellucid.insights.replica import Replica
from pellucid.policy.model import Actor, Standing
from pellucid.release.accountant import BudgetRow, budget_state
from pellucid.release.preview import BudgetPlan, Preview
from pellucid.release.result import Release
from pellucid.rewrite.parse import Limits
from pellucid.rewrite.pipeline import Gate
from pellucid.rights.request import Right
from pellucid.settings import Settings
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.consent import ConsentDesk
from pellucid.workspace.control import create_control, open_control
from pellucid.workspace.data import DataDesk
from pellucid.workspace.derived import DerivedDesk
from pellucid.workspace.identities import IdentityDesk
from pellucid.workspace.insights import InsightDesk
from pellucid.workspace.laws import LawDesk
from pellucid.workspace.policy import PolicyDesk
from pellucid.workspace.programs import ProgramDesk
from pellucid.workspace.room import DATA, POLICY, PSEUDONYM_KEY, Room
from pellucid.workspace.screens import ScreenDesk
from pellucid.workspace.signals import SignalDesk
from pellucid.workspace.tokens import TokenDesk

if TYPE_CHECKING:
    from pellucid.backups.backup import BackedUp
    from pellucid.insights.sample import Sample
    from pellucid.workspace.access import AccessDesk
    from pellucid.workspace.agents import AgentDesk
    from pellucid.workspace.arrivals import ArrivalDesk
    from pellucid.workspace.asking import AskDesk
    from pellucid.workspace.audit import AuditDesk
    from pellucid.workspace.backup import Restored
    from pellucid.workspace.centre import CentreDesk
    from pellucid.workspace.doors import DoorDesk
    from pellucid.workspace.erasures import ErasureDesk
    from pellucid.workspace.help import HelpDesk
    from pellucid.workspace.holdings import HoldingsDesk
    from pellucid.workspace.inside import InsideDesk
    from pellucid.workspace.messages import MessageDesk
    from pellucid.workspace.notices import NoticeDesk
    from pellucid.workspace.openid import OpenIdDesk
    from pellucid.workspace.oversight import OversightDesk
    from pellucid.workspace.own_erasures import OwnErasureDesk
    from pellucid.workspace.own_objections import OwnObjectionDesk
    from pellucid.workspace.own_packages import OwnPackageDesk
    from pellucid.workspace.own_requests import OwnRequestDesk
    from pellucid.workspace.passes import PassDesk
    from pellucid.workspace.pauses import PauseDesk
    from pellucid.workspace.people import PeopleDesk
    from pellucid.workspace.program_requests import ProgramRequestDesk
    from pellucid.workspace.proofs import ProofDesk
    from pellucid.workspace.recipients import RecipientDesk
    from pellucid.workspace.remedies import RemedyDesk
    from pellucid.workspace.requests import RequestDesk
    from pellucid.workspace.retention import RetentionDesk
    from pellucid.workspace.staff import StaffDesk
    from pellucid.workspace.uses import UseDesk
    from pellucid.workspace.visitors import VisitorDesk
    from pellucid.workspace.work import WorkDesk

__all__ = ["Workspace", "create", "restore"]


def wall_clock() -> int:
    """Return the present instant in UTC µs."""
    return time.time_ns() // 1000


class Workspace:
    """An open workspace: `policy`, `data`, `consent`, `insights` and `audit` are desks; `query` asks. Use `with`."""

    def __init__(
        self, folder: Path, settings: Settings | None = None, *, clock: Callable[[], int] = wall_clock
    ) -> None:
        database = open_control(folder)
        database.demand_current()
        self.settings = settings if settings is not None else Settings()
        self.folder = folder.resolve()
        with database.read() as connection:
            demand_unstamped(connection)
        self._keeper = JournalKeeper(database, lambda: load_or_create_key(self.folder / KEYS / PSEUDONYM_KEY))
        self._keeper.demand_not_behind()
        database.before_write, database.after_commit = self._keeper.before_write, self._keeper.after_commit
        self.room = Room(self.folder, database, self.settings, clock)
        self.policy = PolicyDesk(self.room)
        self.data = DataDesk(self.room)
        self.derived = DerivedDesk(self.room, lambda: self._parts)
        self.consent = ConsentDesk(self.room)
        self.insights = InsightDesk(self.room, lambda: self._parts)
        self.tokens = TokenDesk(self.room)
        self.programs = ProgramDesk(self.room)
        self.laws = LawDesk(self.room)
        self.screens = ScreenDesk(self.room)
        self.identities = IdentityDesk(self.room)
        self.signals = SignalDesk(self.room)

    @cached_property
    def asking(self) -> AskDesk:
        """The asking desk: questions that are asked once, however often they are sent."""
        from pellucid.workspace.asking import AskDesk  # noqa: PLC0415  -- the command line has no need of it

        return AskDesk(self.room, lambda: self._parts, lambda: self.tokens.replies, lambda: self.insights)

    @cached_property
    def audit(self) -> AuditDesk:
        """The audit desk: the log, its checkpoints and witnesses."""
        from pellucid.workspace.audit import AuditDesk  # noqa: PLC0415  -- 90 ms that a question need not wait for

        return AuditDesk(self.room)

    @cached_property
    def requests(self) -> RequestDesk:
        """The request desk: people's rights, from the first word to the answer."""
        from pellucid.workspace.requests import RequestDesk  # noqa: PLC0415  -- calendars, which no question needs

        erasing = {Right.ERASURE: self.erasures.fulfil}
        fulfillers = self.remedies.fulfillers() | self.access.fulfillers() | erasing
        return RequestDesk(self.room, self.access.mail_address, fulfillers)

    @cached_property
    def program_requests(self) -> ProgramRequestDesk:
        """The requests that programs hand in for people, and what they may do about those."""
        from pellucid.workspace.program_requests import ProgramRequestDesk  # noqa: PLC0415  -- likewise

        return ProgramRequestDesk(self.room)

    @cached_property
    def agents(self) -> AgentDesk:
        """The agent desk: agents that file people's requests by the Data Rights Protocol."""
        from pellucid.workspace.agents import AgentDesk  # noqa: PLC0415  -- likewise

        return AgentDesk(self.room, lambda: self.tokens.refusals)

    @cached_property
    def remedies(self) -> RemedyDesk:
        """The remedy desk: restricting, objecting, correcting, reviewing."""
        from pellucid.workspace.remedies import RemedyDesk  # noqa: PLC0415  -- no question needs it

        return RemedyDesk(self.room, self.access.mail_address)

    @cached_property
    def work(self) -> WorkDesk:
        """The work desk: jobs that are due, and what does them."""
        from pellucid.transparency.messages import JOB as MESSAGES  # noqa: PLC0415  -- no question needs it
        from pellucid.workspace import duties  # noqa: PLC0415  -- calendars, which no question needs
        from pellucid.workspace.sealing import JOB as SEAL  # noqa: PLC0415  -- no question needs it
        from pellucid.workspace.sealing import sealing_plan, sealing_task  # noqa: PLC0415  -- likewise
        from pellucid.workspace.tasks import plans, tasks  # noqa: PLC0415  -- TLS and mail, which no question needs
        from pellucid.workspace.visitors import JOB as VISITORS  # noqa: PLC0415  -- likewise
        from pellucid.workspace.work import WorkDesk  # noqa: PLC0415  -- likewise

        access = self.access
        handless = access.fulfillers() | {Right.ERASURE: self.erasures.fulfil_approved}
        rights = duties.Duties(
            self.erasures.resume,
            access.remove_expired,
            access.addresses,
            self.retention.work,
            lambda request, actor: self.requests.carry_out_for(request, actor, handless),
        )
        able = {**tasks(self.room), **duties.duty_tasks(self.room, rights), MESSAGES: self.messages.task()}
        able |= {VISITORS: self.visitors.task(), SEAL: sealing_task(self.room)}
        found = (
            *plans(self.room),
            *duties.duty_plans(self.room),
            self.messages.plan(),
            self.visitors.plan(),
            sealing_plan(self.room),
        )
        return WorkDesk(self.room, able, found)

    @cached_property
    def notices(self) -> NoticeDesk:
        """The notice desk: what people are told."""
        from pellucid.workspace.notices import NoticeDesk  # noqa: PLC0415  -- languages, which no question needs

        return NoticeDesk(self.room)

    @cached_property
    def help(self) -> HelpDesk:
        """The help desk: how people ask, and by when they are answered."""
        from pellucid.workspace.help import HelpDesk  # noqa: PLC0415  -- calendars, which no question needs

        return HelpDesk(self.room)

    @cached_property
    def recipients(self) -> RecipientDesk:
        """The recipient desk: what those whom data were given to were told, and answered."""
        from pellucid.workspace.recipients import RecipientDesk  # noqa: PLC0415  -- likewise

        return RecipientDesk(self.room)

    @cached_property
    def erasures(self) -> ErasureDesk:
        """The erasure desk: erasing people with proof, legal holds."""
        from pellucid.workspace.duties import tell_of_erasures  # noqa: PLC0415  -- no question needs it
        from pellucid.workspace.erasures import ErasureDesk  # noqa: PLC0415  -- likewise

        return ErasureDesk(self.room, tell_of_erasures(self.room))

    @cached_property
    def retention(self) -> RetentionDesk:
        """The retention desk: what may be kept no longer."""
        from pellucid.workspace.retention import RetentionDesk  # noqa: PLC0415  -- likewise

        return RetentionDesk(self.room, self.erasures.means)

    @cached_property
    def access(self) -> AccessDesk:
        """The access desk: packages of what is held about a person."""
        from pellucid.workspace.access import AccessDesk  # noqa: PLC0415  -- no question needs it

        return AccessDesk(self.room)

    @cached_property
    def messages(self) -> MessageDesk:
        """The message desk: telling people about their data, and what they choose to get."""
        from pellucid.workspace.messages import MessageDesk  # noqa: PLC0415  -- no question needs it

        return MessageDesk(self.room, self.access.mail_addresses)

    @cached_property
    def uses(self) -> UseDesk:
        """The use desk: how a person's data were used."""
        from pellucid.workspace.uses import UseDesk  # noqa: PLC0415  -- no question needs it

        return UseDesk(self.room)

    @cached_property
    def oversight(self) -> OversightDesk:
        """The oversight desk: consents over time, coverage, refused uses, what is due."""
        from pellucid.workspace.oversight import OversightDesk  # noqa: PLC0415  -- no question needs it

        return OversightDesk(self.room)

    @cached_property
    def doors(self) -> DoorDesk:
        """The door of customers: signing in to the privacy centre, and leaving."""
        from pellucid.workspace.doors import DoorDesk  # noqa: PLC0415  -- no question needs it

        return DoorDesk(self.room)

    @cached_property
    def openid(self) -> OpenIdDesk:
        """Signing in by an OpenID Connect provider, at either door."""
        from pellucid.workspace.openid import OpenIdDesk  # noqa: PLC0415  -- likewise, and an optional dependency

        return OpenIdDesk(self.room, lambda: self.doors.key, lambda: self.doors.refusals)

    @cached_property
    def visitors(self) -> VisitorDesk:
        """The visitor desk: what somebody chooses who is not signed in."""
        from pellucid.workspace.visitors import VisitorDesk  # noqa: PLC0415  -- no question needs it

        return VisitorDesk(self.room, lambda: self.doors.key)

    @cached_property
    def arrivals(self) -> ArrivalDesk:
        """The arrival desk: what they chose joins their account when they sign in."""
        from pellucid.workspace.arrivals import ArrivalDesk  # noqa: PLC0415  -- no question needs it

        return ArrivalDesk(self.room, lambda: self.doors.key)

    @cached_property
    def centre(self) -> CentreDesk:
        """The privacy centre: what one person sees and steers, of theirs only."""
        from pellucid.workspace.centre import CentreDesk  # noqa: PLC0415  -- likewise

        return CentreDesk(self.room)

    @cached_property
    def own_requests(self) -> OwnRequestDesk:
        """What a customer asks for: their own requests, filed, followed, proved and taken back."""
        from pellucid.workspace.own_requests import OwnRequestDesk  # noqa: PLC0415  -- likewise

        return OwnRequestDesk(self.room, lambda: self.doors.key)

    @cached_property
    def inside(self) -> InsideDesk:
        """Looking inside: the very data held about somebody, for themselves to see and correct."""
        from pellucid.workspace.inside import InsideDesk  # noqa: PLC0415  -- likewise

        return InsideDesk(self.room, lambda: self.access.parts, lambda: self.own_requests, lambda: self.doors.key)

    @cached_property
    def holdings(self) -> HoldingsDesk:
        """What is held about somebody, for programs."""
        from pellucid.workspace.holdings import HoldingsDesk  # noqa: PLC0415  -- likewise

        return HoldingsDesk(self.room, lambda: self.access.parts)

    @cached_property
    def proofs(self) -> ProofDesk:
        """The proof desk: customers show anew who they are before what matters much."""
        from pellucid.workspace.proofs import ProofDesk  # noqa: PLC0415  -- likewise

        return ProofDesk(self.room, lambda: self.doors.key, lambda: self.doors.refusals)

    @cached_property
    def own_erasures(self) -> OwnErasureDesk:
        """A customer's own erasure: what it would do, asking for it, how far it came."""
        from pellucid.workspace.own_erasures import OwnErasureDesk  # noqa: PLC0415  -- likewise

        return OwnErasureDesk(self.room, self.own_requests, self.erasures, self.proofs, lambda: self.doors.key)

    @cached_property
    def own_packages(self) -> OwnPackageDesk:
        """The copy of their data that a customer asked for."""
        from pellucid.workspace.own_packages import OwnPackageDesk  # noqa: PLC0415  -- likewise

        return OwnPackageDesk(self.room, self.own_requests, self.program_requests)

    @cached_property
    def own_objections(self) -> OwnObjectionDesk:
        """What a customer asks for beyond choices: objections, reviews, limits."""
        from pellucid.workspace.own_objections import OwnObjectionDesk  # noqa: PLC0415  -- likewise

        return OwnObjectionDesk(self.centre, self.own_requests, self.requests, self.remedies)

    @cached_property
    def people(self) -> PeopleDesk:
        """The people desk: who may act for whom, and acting for somebody."""
        from pellucid.workspace.people import PeopleDesk  # noqa: PLC0415  -- likewise

        return PeopleDesk(self.room, self.centre, self.own_requests, lambda: self.doors.key)

    @cached_property
    def pauses(self) -> PauseDesk:
        """The switch by which a customer pauses all use of their data, and ends that."""
        from pellucid.workspace.pauses import PauseDesk  # noqa: PLC0415  -- likewise

        return PauseDesk(self.room, self.centre)

    @cached_property
    def staff(self) -> StaffDesk:
        """The staff desk: accounts by which staff sign in, and their sessions."""
        from pellucid.workspace.staff import StaffDesk  # noqa: PLC0415  -- likewise

        return StaffDesk(self.room, lambda: self.doors.refusals)

    @cached_property
    def passes(self) -> PassDesk:
        """The pass desk: links by which whoever runs the workspace lets somebody in on this machine."""
        from pellucid.workspace.passes import PassDesk  # noqa: PLC0415  -- likewise

        return PassDesk(self.room, self.doors)

    def actor(self, name: str | None = None) -> Actor:
        """Return who acts, by name (default: the operating-system user): a label, not authentication."""
        return self.room.actor(name)

    def query(
        self,
        sql: str,
        *,
        purpose: str,
        actor: Actor | str | None = None,
        epsilon: float | None = None,
        parameters: Mapping[str, Value] | None = None,
        accuracy: float | str | None = None,
        fresh: bool = False,
        bounding: str = "auto",
    ) -> Release:
        """Ask a question for a declared purpose and return what may leave.

        It spends `epsilon`, or the least with which no figure's 95 % half-width is above `accuracy` (in its own units;
        as a text such as `5%`, a share of the figure's size, which a first, charged answer tells).
        Where the purpose's `max_age_hours` allows it, an answer to the very same question is shown again, as of then
        and at no loss, unless a `fresh` one is asked for. `bounding` is `auto` (the least noise), `groups` or `rank`:
        how one person's part is bounded.
        Raises UseRefused with every reason, BudgetExhausted, ConsentInFlux or QueryFailed; each is in the log.
        """
        question = self._question(sql, purpose, actor, epsilon, parameters, accuracy, fresh, bounding)
        return answer(self._parts, question)

    def preview(
        self,
        sql: str,
        *,
        purpose: str,
        actor: Actor | str | None = None,
        epsilon: float | None = None,
        parameters: Mapping[str, Value] | None = None,
        accuracy: float | str | None = None,
        bounding: str = "auto",
    ) -> Preview:
        """Return what a question would cost and how exact it would be, without touching data."""
        question = self._question(sql, purpose, actor, epsilon, parameters, accuracy, bounding=bounding)
        return preview(self._parts, question)

    def sample(
        self,
        dataset: str,
        *,
        purpose: str | None = None,
        rows: int = 20,
        seed: int = 0,
        actor: Actor | str | None = None,
    ) -> Sample:
        """Return made-up rows in the shape of a dataset, to write SQL with: as a purpose is shown them, or all columns.

        The same seed gives the same rows, whose keys join with those of other samples. Nobody's data are touched.
        """
        from pellucid.insights.sample import SampleParts, SampleWanted, sample  # noqa: PLC0415  -- no question needs it

        acting = self._actor(actor)
        policy = self.room.demand(acting, "preview")
        parts = SampleParts(
            database=self.room.database,
            folder=self.folder,
            open_engine=self._open_engine,
            clock=self.room.clock,
            standing=self._parts.standing,
            seconds=self.settings.query_seconds,
        )
        return sample(parts, policy, SampleWanted(dataset, acting, purpose, rows, seed))

    def budget(self, *, actor: Actor | str | None = None) -> tuple[BudgetRow, ...]:
        """Return the caps and allowances as they stand."""
        policy = self.room.demand(self._actor(actor), "budget-show")
        with self.room.database.read() as connection:
            return budget_state(connection, policy, self.room.clock())

    def budget_plan(
        self,
        questions: Sequence[str],
        *,
        purpose: str,
        actor: Actor | str | None = None,
        epsilon: float | None = None,
        accuracy: float | str | None = None,
    ) -> BudgetPlan:
        """Return what questions would cost, each and together, and how exact they would be, without touching data."""
        acting = self._actor(actor)
        told = [
            self.preview(sql, purpose=purpose, actor=acting, epsilon=epsilon, accuracy=accuracy) for sql in questions
        ]
        purposes = self.room.policy().purposes
        if purpose not in purposes:  # no question was there to tell it
            raise NameUnknown("purpose", purpose, tuple(purposes))
        return BudgetPlan.of(told, purposes[purpose].release.allowance)

    def backup(
        self,
        folder: Path,
        *,
        actor: Actor | str | None = None,
        keys: Path | None = None,
        journal: Path | None = None,
        no_journal: bool = False,
    ) -> BackedUp:
        """Back the workspace up into a new folder while others go on, without the keys.

        `keys` is a new folder for them, best kept elsewhere. `journal` begins a new file outside, to which every change
        from now on is carried before it is acknowledged; `no_journal` ends the one that is kept. Raises InputInvalid,
        NotPermitted and WorkspaceUnusable.
        """
        from pellucid.workspace.backup import back_up_workspace  # noqa: PLC0415  -- slow, and no question needs it

        return back_up_workspace(
            self.room,
            self._keeper,
            folder,
            actor=self._actor(actor),
            keys=keys,
            journal=journal,
            no_journal=no_journal,
        )

    @property
    def journal(self) -> Path | None:
        """Where changes are carried over to, if a journal is kept."""
        with self.room.database.read() as connection:
            return kept_journal(connection)

    def close(self) -> None:
        """Close the engine and the control database."""
        if "_replica" in self.__dict__:
            self._replica.close()
        self.room.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _actor(self, actor: Actor | str | None) -> Actor:
        return actor if isinstance(actor, Actor) else self.room.actor(actor)

    def _question(
        self,
        sql: str,
        purpose: str,
        actor: Actor | str | None,
        epsilon: float | None,
        parameters: Mapping[str, Value] | None,
        accuracy: float | str | None,
        fresh: bool = False,
        bounding: str = "auto",
    ) -> InsightQuery:
        acting, (absolute, relative) = self._actor(actor), accuracy_of(accuracy)
        values = dict(parameters or {})
        return InsightQuery(sql, purpose, acting, epsilon, values, absolute, fresh, relative, bounding)

    @cached_property
    def _replica(self) -> Replica:
        return Replica(self.room.database, self.folder, active_policy=active_policy, open_engine=self._open_engine)

    @cached_property
    def _cells(self) -> ReleasedCells:
        return open_released_cells("duckdb")

    @cached_property
    def _parts(self) -> Parts:
        return Parts(
            database=self.room.database,
            replica=self._replica,
            gate=Gate(),
            cells=lambda: self._cells,
            clock=self.room.clock,
            standing=lambda actor: Standing(),
            in_force=in_force,
            limits=Limits(self.settings.sql_characters, self.settings.sql_depth),
            seconds=self.settings.query_seconds,
            coverage_hours=self.settings.coverage_hours,
        )

    def _open_engine(self, holdings: list[Holding]) -> Engine:
        return open_engine(
            "duckdb",
            holdings,
            temp_directory=self.folder / DATA / ".engine",
            memory_limit=self.settings.memory_limit,
            spill_limit=self.settings.spill_limit,
            threads=self.settings.threads,
        )


def restore(
    backup: Path,
    folder: Path,
    *,
    keys: Path,
    since: Sequence[Path] = (),
    latest: Sequence[Path] = (),
    accept_loss: str | None = None,
    actor_name: str | None = None,
    clock: Callable[[], int] = wall_clock,
) -> Restored:
    """Make a workspace in a new folder of a backup and what happened since; see `workspace.backup`."""
    from pellucid.workspace.backup import restore_workspace  # noqa: PLC0415  -- slow, and no question needs it

    return restore_workspace(
        backup,
        folder,
        keys=keys,
        since=since,
        latest=latest,
        accept_loss=accept_loss,
        actor_name=actor_name,
        clock=clock,
    )


def create(
    folder: Path, *, name: str | None = None, actor_name: str | None = None, database_url: str | None = None
) -> Workspace:
    """Make a workspace in a new or empty folder: control database, keys (0600), empty policy and data folders.

    `name` is the log's origin, a name without spaces (default: the folder's). `database_url` is an empty PostgreSQL
    database for the control records (default: a SQLite file in the folder). Raises InputInvalid if something is there
    already.
    """
    from pellucid.audit.keys import create_signing_key, make_private_folder  # noqa: PLC0415  -- slow, only here

    if (folder / CONTROL).exists() or (folder / CONTROL_URL).exists():
        raise InputInvalid(
            f"There is a workspace in {folder} already.", code="workspace-exists", remedy="Choose another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for part in (DATA, KEYS):
        make_private_folder(folder / part)
    (folder / POLICY).mkdir(exist_ok=True)
    create_control(folder, database_url)
    origin = name or f"pellucid/{folder.resolve().name.replace(' ', '-').replace('+', '-')}"
    create_signing_key(folder / KEYS / LOG_KEY, origin)
    load_or_create_key(folder / KEYS / PSEUDONYM_KEY)
    workspace = Workspace(folder)
    actor = workspace.room.actor(actor_name)
    with workspace.room.database.write() as connection:
        append(connection, AuditEntry("workspace.created", actor, wall_clock(), body={"origin": origin}))
    return workspace
