"""What happens in a case, in order of time, told to a world: on paper here, to a control database in the tests.

On paper nothing is stored: records pass the door (`admit`), and `decide_subject` answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from pellucid.consent.admit import admit
from pellucid.consent.permitted import SubjectDecision, decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.screens import DOUBTFUL, INVALIDATED, PROPOSED, Mark, Screens
from pellucid.consent.voices import IDENTITY, Voice
from pellucid.errors import PellucidError

from .case import Case, Saying

EARLY = {INVALIDATED: (PROPOSED, INVALIDATED)}
"""What has to be marked before a mark: an invalidation is proposed first."""


class World(Protocol):
    """Where a case happens; identities are numbered, 0 is the one asked about."""

    def say(self, identity: int, saying: Saying) -> str:
        """Take in what was said; return the code with which it is turned away, or an empty text."""

    def link(self, identity: int, certain: bool, at: int) -> None: ...

    def split(self, identity: int, at: int) -> None: ...

    def erase(self, identity: int, at: int) -> None: ...

    def mark(self, screen: str, state: str, at: int) -> None: ...


def play(case: Case, world: World) -> list[tuple[str, str]]:
    """Let everything of a case happen; return what the door said, as expected and as it was."""
    doors: list[tuple[str, str]] = []
    for at, what, identity, detail in sorted(_events(case), key=lambda event: (event[0], event[1] == "say")):
        if isinstance(detail, Saying):
            doors.append((detail.turned_away, world.say(identity, detail)))
        elif what == "link":
            world.link(identity, detail == "certain", at)
        elif what == "mark":
            screen, state = detail.split()
            world.mark(screen, state, at)
        else:
            getattr(world, what)(identity, at)
    return doors


def _events(case: Case) -> list[tuple[int, str, int, Saying | str]]:
    found: list[tuple[int, str, int, Saying | str]] = []
    for number, each in enumerate(case.identities):
        found += [(saying.entered, "say", number, saying) for saying in each.said]
        for saying in each.said:
            marks = ((step, at) for state, at in saying.screen for step in EARLY.get(state, (state,)))
            found += [(at, "mark", number, f"{saying.record.screen} {state}") for state, at in marks]
        if each.linked is not None:
            found.append((each.linked, "link", number, "certain" if each.certain else "likely"))
        found += [(at, what, number, "") for what, at in (("split", each.split), ("erase", each.erased)) if at]
    return found


@dataclass
class Paper:
    """A case decided without a database."""

    case: Case
    heard: list[list[ConsentRecord]] = field(default_factory=list)
    linked: dict[int, tuple[int, bool]] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)
    entered: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heard = [[] for _ in self.case.identities]

    def say(self, identity: int, saying: Saying) -> str:
        policy = self.case.policy(saying.under)
        try:
            kept = admit(policy, saying.record, self.facts(identity), self.heard[identity], saying.entered)
        except PellucidError as error:
            return error.code
        self.entered[identity, len(self.heard[identity])] = saying.entered
        self.heard[identity].append(kept)
        return ""

    def link(self, identity: int, certain: bool, at: int) -> None:
        self.linked[identity] = at, certain

    def split(self, identity: int, at: int) -> None:
        """Undo a link; who would be read for more than before is closed, as `consent.identities.part` does."""
        concerned = [0, *self.linked]
        before = {each: self.decide(at, each).effect for each in concerned}
        del self.linked[identity]
        for each in concerned:
            if before[each].narrows(self.decide(at, each).effect):
                closing = replace(_REFUSAL, purpose=self.case.purpose, at=at)
                self.heard[each].append(admit(self.case.policy(), closing, self.facts(each), self.heard[each], at))

    def erase(self, identity: int, at: int) -> None:
        self.erased.add(identity)

    def mark(self, screen: str, state: str, at: int) -> None:
        before = self.marks.get(screen)
        doubted = before.doubted_at if before is not None and before.state in (DOUBTFUL, PROPOSED) else at
        self.marks[screen] = Mark(state, "found", "pia", at, doubted)

    def facts(self, identity: int) -> SubjectFacts:
        return replace(self.case.identities[identity].facts, erased=identity in self.erased)

    def records(self, identity: int) -> list[ConsentRecord]:
        """Return what an identity said, with what was found out about screens since."""
        doubted = Screens(self.marks)
        return [
            replace(each, screen_state=doubted.state_of(each.screen, self.entered.get((identity, number))))
            for number, each in enumerate(self.heard[identity])
        ]

    def decide(self, at: int, identity: int = 0) -> SubjectDecision:
        """Decide about an identity as things stand."""
        policy = self.case.policy()
        others = [self.voice(each) for each in self.linked_to(identity)]
        purpose = policy.purposes[self.case.purpose]
        return decide_subject(policy, purpose, self.facts(identity), self.records(identity), at, others)

    def linked_to(self, identity: int) -> list[int]:
        group = [0, *self.linked]
        return [each for each in group if each != identity] if identity in group else []

    def voice(self, identity: int) -> Voice:
        since = max(at for at, _ in self.linked.values())
        certain = all(sure for _, sure in self.linked.values())
        facts, said = self.facts(identity), tuple(self.records(identity))
        if facts.erased:  # nothing is known of it any more but its noes, as in `consent.facts`
            facts, said = SubjectFacts(), tuple(each for each in said if each.verb.narrows)
        return Voice(facts, said, IDENTITY, since, certain)


_REFUSAL = ConsentRecord("household", 0, None, ConsentVerb.REFUSE, channel="system", method="split")
