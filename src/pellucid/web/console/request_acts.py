"""What an officer can do with a request, each act by the desk that the command line calls: its form, and when it fits.

Whether an act may be done is the desk's to say; here is only what is worth offering.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pellucid.policy.model import Actor
from pellucid.rights.clock import is_paused
from pellucid.rights.message_words import CLOCK_STOPPED
from pellucid.rights.request import APPROVED, RequestState, Right
from pellucid.rights.showing import View
from pellucid.web.console.officer_words import DENIALS, MESSAGES, WAYS
from pellucid.web.forms import Form
from pellucid.workspace import Workspace

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of an act's form: `choices` by value, or a line or (`long`) some lines of text."""

    name: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    long: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Act:
    """An act: its name in the address, what the button says, what happens then, and the action that a role needs."""

    name: str
    title: str
    then: str
    action: str
    do: Callable[[Workspace, str, Form, Actor], object]
    fits: Callable[[View], bool]
    fields: tuple[Asked, ...] = ()


def waits_for(view: View) -> tuple[str, ...]:
    """Return what has to happen before a request can be carried out, in order, as words of `officer_words.WAITS`."""
    one = view.request
    if one.closed:
        return ()
    if one.canonical is not None:
        return ("joined",)
    found = ["acknowledgement"] if one.state is RequestState.OPEN else []
    found += ["person"] if one.subject is None else []
    found += ["proof"] if not one.known else []
    found += ["approval"] if one.right in APPROVED and one.approved_at is None else []
    found += ["answer"] if is_paused(view.events) else []
    return tuple(found) or ("nothing",)


def offered(view: View, may: Callable[[str], bool]) -> tuple[Act, ...]:
    """Return the acts that fit how a request stands, of those that somebody may do."""
    return tuple(act for act in ACTS.values() if may(act.action) and act.fits(view))


def messages_due(view: View) -> dict[str, str]:
    """Return the messages that the staff has to tell the person and has not, by name."""
    waiting: dict[str, str] = {}
    for each in view.events:
        name = str(each.told.get("message", ""))
        if each.kind == "telling" and each.told.get("by") == "staff":
            waiting[name] = MESSAGES[name]
        elif each.kind == "told":
            waiting.pop(name, None)
        elif each.kind == "resumed":  # who answered need not be told any more that they are waited for
            waiting.pop(CLOCK_STOPPED, None)
    return waiting


def _is_open(view: View) -> bool:
    return not view.request.closed


def _asks_who(view: View) -> bool:
    return view.request.state is RequestState.IN_PROGRESS and not view.request.known


def _to_verify(view: View) -> bool:
    return _is_open(view) and view.request.subject is not None and not view.request.known


def _to_approve(view: View) -> bool:
    one = view.request
    waits = one.right in APPROVED and one.approved_at is None and one.known
    return waits and one.state is RequestState.IN_PROGRESS and one.canonical is None


def _to_carry_out(view: View) -> bool:
    return _is_open(view) and replace(view.request, state=RequestState.IN_PROGRESS).ready


def _in_progress(right: Right) -> Callable[[View], bool]:
    return lambda view: view.request.right is right and view.request.state is RequestState.IN_PROGRESS


def _deny(workspace: Workspace, request: str, form: Form, actor: Actor) -> object:
    return workspace.requests.deny(request, why=form.get("why", ""), note=_text(form, "note"), actor=actor)


def _text(form: Form, name: str) -> str:
    return form.get(name, "").strip()[:LONGEST]


_ACTS = (
    Act(
        "acknowledge",
        "Take it up",
        "Notes that the person was told that the request came in.",
        "request-verify",
        lambda workspace, request, form, actor: workspace.requests.acknowledge(request, actor=actor),
        lambda view: view.request.state is RequestState.OPEN,
    ),
    Act(
        "ask",
        "Send a code",
        "A code goes to a contact that is held of the person, if there is one. You do not see to which.",
        "request-verify",
        lambda workspace, request, form, actor: workspace.requests.challenge(request, actor=actor),
        _asks_who,
    ),
    Act(
        "verify",
        "Note that you checked who asks",
        "Say where the evidence lies, e.g. the number of a file, and keep no copy of it.",
        "request-verify",
        lambda workspace, request, form, actor: workspace.requests.verify(
            request, evidence=_text(form, "evidence"), actor=actor
        ),
        _to_verify,
        (Asked("evidence", "Where the evidence lies"),),
    ),
    Act(
        "approve",
        "Approve it",
        "An erasure is approved by somebody else than who filed it.",
        "request-approve",
        lambda workspace, request, form, actor: workspace.requests.approve(request, actor=actor),
        _to_approve,
    ),
    Act(
        "carry-out",
        "Carry it out",
        "Does what is asked and closes the request. It is safe to repeat if it was cut off.",
        "request-carry-out",
        lambda workspace, request, form, actor: workspace.requests.carry_out(request, actor=actor),
        _to_carry_out,
    ),
    Act(
        "decide-objection",
        "Decide the objection",
        "The person is told the outcome and your reasons. Then carry the request out.",
        "request-decide",
        lambda workspace, request, form, actor: workspace.remedies.decide_objection(
            request, form.get("outcome", ""), reasons=_text(form, "reasons"), actor=actor
        ),
        _in_progress(Right.OBJECTION),
        (
            Asked("outcome", "Outcome", {"upheld": "upheld", "overruled": "overruled, for compelling grounds"}),
            Asked("reasons", "Reasons, in words for the person", long=True),
        ),
    ),
    Act(
        "review",
        "Decide the review",
        "The person is told the outcome and your reasons. Then carry the request out.",
        "request-decide",
        lambda workspace, request, form, actor: workspace.remedies.review(
            request, form.get("outcome", ""), reasons=_text(form, "reasons"), actor=actor
        ),
        _in_progress(Right.HUMAN_REVIEW),
        (
            Asked("outcome", "Outcome", {"upheld": "the decision stands", "changed": "the decision is changed"}),
            Asked("reasons", "Reasons, in words for the person", long=True),
        ),
    ),
    Act(
        "told",
        "Note that you told the person",
        "The person has to know of something, and no mail goes to them.",
        "request-carry-out",
        lambda workspace, request, form, actor: workspace.remedies.told(
            request, form.get("message", ""), how=form.get("how", ""), actor=actor
        ),
        lambda view: _is_open(view) and bool(messages_due(view)),
        (Asked("message", "What you told"), Asked("how", "How", WAYS)),
    ),
    Act(
        "extend",
        "Take longer",
        "Takes as much longer as the law allows, once. The person is told the reason.",
        "request-approve",
        lambda workspace, request, form, actor: workspace.requests.extend(
            request, reason=_text(form, "reason"), actor=actor
        ),
        lambda view: _is_open(view) and view.request.extended is None,
        (Asked("reason", "Reason, in words for the person", long=True),),
    ),
    Act(
        "pause",
        "Stop the clock",
        "While you wait for what you need from the person, where a law lets you. They are told what it is.",
        "request-verify",
        lambda workspace, request, form, actor: workspace.requests.pause(
            request, reason=_text(form, "reason"), actor=actor
        ),
        lambda view: _is_open(view) and not is_paused(view.events),
        (Asked("reason", "What you need, in words for the person", long=True),),
    ),
    Act(
        "resume",
        "Let the clock go on",
        "The person answered.",
        "request-verify",
        lambda workspace, request, form, actor: workspace.requests.resume(request, actor=actor),
        lambda view: _is_open(view) and is_paused(view.events),
    ),
    Act(
        "deny",
        "Deny it",
        "Closes the request without doing what was asked. The person is told in one sentence that gives nobody away.",
        "request-approve",
        _deny,
        _is_open,
        (
            Asked("why", "Reason", DENIALS),
            Asked("note", "Note for the log, which can be erased", long=True, required=False),
        ),
    ),
    Act(
        "revoke",
        "Close it: the person no longer asks",
        "Closes the request as taken back.",
        "request-file",
        lambda workspace, request, form, actor: workspace.requests.revoke(request, actor=actor),
        _is_open,
    ),
    Act(
        "expire",
        "Close it: nobody showed who asks",
        "For a request whose person was asked who they are and never showed it.",
        "request-approve",
        lambda workspace, request, form, actor: workspace.requests.expire(request, actor=actor),
        _asks_who,
    ),
)
ACTS: Mapping[str, Act] = {act.name: act for act in _ACTS}
"""Every act, by its name, in the order in which they are offered."""
