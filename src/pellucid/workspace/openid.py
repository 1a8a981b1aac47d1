"""Signing in by the company's OpenID Connect provider: customers to the privacy centre, staff to the console.

The provider says who somebody is, and nothing else: a customer it names is let in if they are known here, and none is
made; what a member of the staff may do is the policy's. Whatever is wrong is told in the same words, none of them the
provider's; which check failed stands in the log. An attempt is taken once, before the provider is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pellucid.errors import NameUnknown, NotPermitted, PellucidError, WorkspaceUnusable
from pellucid.governance import waits
from pellucid.governance.refusals import Refusals
from pellucid.governance.sessions import NewSession, digest
from pellucid.openid import attempt
from pellucid.openid.ask import Asker, NotShown, ProviderDown
from pellucid.openid.client import Client
from pellucid.policy.model import Actor
from pellucid.records.jobs import SECOND
from pellucid.rights.handover import take_once, was_taken
from pellucid.settings import Settings
from pellucid.subjects import ids
from pellucid.workspace import doors, staff
from pellucid.workspace.doors import came_from
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

if TYPE_CHECKING:
    from pellucid.openid.provider import Provider

HOW = "openid"
Door = Literal["centre", "console"]
BACK: Mapping[Door, str] = {
    "centre": "/privacy/sign-in/openid/back",
    "console": "/staff/sign-in/openid/back",
}
"""The one address of each door where browsers come back to; no other is ever asked for."""
AFTER: Mapping[Door, str] = {"centre": "/privacy/sign-in", "console": "/staff/sign-in"}
STRANGERS: Mapping[Door, Actor] = {"centre": doors.STRANGER, "console": staff.STRANGER}
LONGEST_KEY = 200


@dataclass(frozen=True)
class OpenIdDesk:
    """`workspace.openid`. `answer` is what the browser brings back, `cookie` what it shows, `address` where it is."""

    room: Room
    key: Callable[[], bytes]
    refusals: Callable[[], Refusals]

    def title(self, door: Door) -> str | None:
        """Return what people call the provider of a door, maybe nothing; None where there is no provider."""
        settings = self.room.settings
        titles = {"centre": settings.openid_title, "console": settings.staff_openid_title}
        return titles[door] if door in self._providers else None

    def begin(self, door: Door, *, cookie: str) -> str:
        """Return where a browser is sent to sign in.

        Raises NameUnknown where there is no provider, and WorkspaceUnusable (`openid-unavailable`).
        """
        provider, now = self._provider(door), self.room.clock() // SECOND
        begun = attempt.begin(self.key(), door, provider.client.issuer, cookie, now)
        try:
            return provider.address(begun)
        except ProviderDown as error:
            raise self._down(door, error) from None

    def is_begun(self, door: Door, answer: Mapping[str, str], *, cookie: str) -> bool:
        """Return whether this browser began the attempt that it brings an answer of, and has not finished it.

        Any page can send a browser to where answers are brought: only what is of an attempt counts as one. Raises
        NameUnknown where there is no provider.
        """
        begun = self._begun(door, answer, cookie)
        if begun is None:
            return False
        with self.room.database.read() as connection:
            return not was_taken(connection, self._mark(begun))

    def enter_centre(self, answer: Mapping[str, str], *, cookie: str, address: str) -> NewSession:
        """Begin the session of the customer whom the provider names.

        Raises NotPermitted (`openid-state`, `openid-refused`) and WorkspaceUnusable (`openid-unavailable`).
        """
        settings, policy = self.room.settings, self.room.policy()
        name = namespace_of(policy, settings.openid_namespace or None)
        typed = _value(self._told("centre", answer, cookie), settings.openid_claim)
        place, now = came_from(self.key(), address, name, typed), self.room.clock()
        with self.room.database.write() as connection:
            subject = ids.find(connection, name, typed) if typed else None
            if subject is not None:
                return doors.let_in(self.room, self.key(), connection, (name, subject), HOW, place, now)
        raise self._refused("centre", "unknown")

    def enter_console(self, answer: Mapping[str, str], *, cookie: str, address: str) -> NewSession:
        """Begin the session of the person of the policy whom the provider names, with the roles of the policy.

        Raises NotPermitted (`openid-state`, `openid-refused`, `openid-factors`, and `sign-in-wait` while wrong answers
        for that person from this address have others wait), and WorkspaceUnusable (`openid-unavailable`).
        """
        settings, claims = self.room.settings, self._told("console", answer, cookie)
        said = _value(claims, settings.staff_openid_claim)
        name = settings.staff_openid_people.get(said, "") if settings.staff_openid_people else said
        counted, now, policy = digest(self.key(), "wait", address, name or said), self.room.clock(), self.room.policy()
        enough, known = _has_factors(settings, claims), name in policy.people
        with self.room.database.write() as connection:
            left = waits.wait(connection, counted, now)
            if not left and enough and known:
                # What was counted of wrong passwords stays: a provider's word is no answer to those.
                return staff.let_in(connection, self.key(), policy, name, HOW, now)
            if not left:
                waits.failed(connection, counted, now)
        if left:
            raise staff.must_wait(left)
        raise self._refused("console", "unknown") if enough else self._few_factors()

    def leave_address(self, door: Door) -> str | None:
        """Return where somebody signs out at the provider too; None where that cannot be done."""
        provider = self._providers.get(door)
        return None if provider is None else provider.leave_address(_reached(self.room.settings, AFTER[door]))

    @cached_property
    def _providers(self) -> Mapping[Door, Provider]:
        settings = self.room.settings
        found, asker = clients(settings), Asker(openly=not settings.production)
        if not found:
            return {}
        from pellucid.openid.provider import Provider  # noqa: PLC0415  -- slow, and most have no provider

        return {door: Provider(client, asker) for door, client in found.items()}

    def _provider(self, door: Door) -> Provider:
        if door not in self._providers:
            raise NameUnknown("provider", door, remedy="Sign in another way.")
        return self._providers[door]

    def _told(self, door: Door, answer: Mapping[str, str], cookie: str) -> Mapping[str, Any]:
        """Return what the provider says of who signed in at it, in the attempt that this browser began here."""
        provider, begun = self._provider(door), self._begun(door, answer, cookie)
        if begun is None or not self._take_once(begun):
            raise self._not_begun(door)
        try:
            return provider.claims(provider.demand_ours(answer), begun, self.room.clock() // SECOND)
        except NotShown as error:
            raise self._refused(door, error.why) from None
        except ProviderDown as error:
            raise self._down(door, error) from None

    def _begun(self, door: Door, answer: Mapping[str, str], cookie: str) -> attempt.Attempt | None:
        issuer, now = self._provider(door).client.issuer, self.room.clock() // SECOND
        return attempt.recognise(self.key(), door, issuer, cookie, answer.get("state", ""), now)

    def _take_once(self, begun: attempt.Attempt) -> bool:
        with self.room.database.write() as connection:
            return take_once(connection, self._mark(begun), begun.ends_at * SECOND)

    def _mark(self, begun: attempt.Attempt) -> bytes:
        return digest(self.key(), "openid", begun.state)

    def _refused(self, door: Door, why: str) -> PellucidError:
        self.refusals().count(f"openid-{why}", STRANGERS[door])
        return NotPermitted(
            "We could not let you in with what we were told of you there.",
            remedy="Try again, or sign in another way.",
            code="openid-refused",
        )

    def _few_factors(self) -> PellucidError:
        self.refusals().count("openid-factors", staff.STRANGER)
        return NotPermitted(
            "You signed in there with one factor only, and two are asked for here.",
            remedy="Sign in there with a second factor.",
            code="openid-factors",
        )

    def _not_begun(self, door: Door) -> PellucidError:
        self.refusals().count("openid-state", STRANGERS[door])
        return NotPermitted(
            "This sign-in was not begun in this browser, is over, or was finished already.",
            remedy="Begin again; it holds for ten minutes.",
            code="openid-state",
        )

    def _down(self, door: Door, error: ProviderDown) -> PellucidError:
        self.refusals().count(f"openid-down-{error.why}", STRANGERS[door])
        return WorkspaceUnusable(
            "We cannot ask there who you are just now.",
            remedy="Try again in a minute, or sign in another way.",
            code="openid-unavailable",
        )


def clients(settings: Settings) -> Mapping[Door, Client]:
    """Return as whom providers know us, by door; a door without a provider is left out."""
    found: dict[Door, Client] = {}
    if settings.openid_issuer:
        found["centre"] = Client(
            settings.openid_issuer,
            settings.openid_client_id,
            settings.openid_client_secret.get_secret_value(),
            _reached(settings, BACK["centre"]),
            settings.openid_scope,
        )
    if settings.staff_openid_issuer:
        found["console"] = Client(
            settings.staff_openid_issuer,
            settings.staff_openid_client_id,
            settings.staff_openid_client_secret.get_secret_value(),
            _reached(settings, BACK["console"]),
            settings.staff_openid_scope,
            settings.staff_openid_acr,
        )
    return found


def _reached(settings: Settings, path: str) -> str:
    return settings.public_url.rstrip("/") + path


def _value(claims: Mapping[str, Any], name: str) -> str:
    """Return what a claim says somebody is; empty for what says nothing, and for a mail address nobody verified."""
    said = claims.get(name)
    if not isinstance(said, str) or len(said) > LONGEST_KEY or "\0" in said:
        return ""
    return "" if name == "email" and claims.get("email_verified") is not True else said


def _has_factors(settings: Settings, claims: Mapping[str, Any]) -> bool:
    """Return whether somebody signed in with as many factors as is demanded of staff."""
    if not settings.staff_openid_amr and not settings.staff_openid_acr:
        return True
    listed = claims.get("amr")
    methods = {each for each in listed if isinstance(each, str)} if isinstance(listed, list) else set[str]()
    return bool(methods & set(settings.staff_openid_amr)) or claims.get("acr") in settings.staff_openid_acr
