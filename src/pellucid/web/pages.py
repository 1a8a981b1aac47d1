"""Rendering pages: templates that escape everything and miss nothing, redirects, and problems told as pages.

A page is a function of what a desk returned. Templates only show, and hold no script or style of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pellucid.errors import PellucidError
from pellucid.plain import plain
from pellucid.policy.model import Policy
from pellucid.rights.account import FACTS
from pellucid.transparency.own_texts import own_text
from pellucid.transparency.phrases import REVEALED
from pellucid.transparency.words import SOURCE, Words, translations
from pellucid.web.colons import SPACED, SpacedColons
from pellucid.web.errors import Problem
from pellucid.web.fragments import Fragments
from pellucid.web.language import CATALOGUES, CHOICE, keep_choice, language_of, names
from pellucid.web.sentences import Sentences
from pellucid.web.site import Site, site_of
from pellucid.web.static_files import static_url

TEMPLATES = Path(__file__).with_name("templates")
TOLD: Mapping[str, str] = {
    "recorded": "Your choice is recorded and in force.",
    "all-off": "Everything that you have a choice about is off. This is recorded and in force.",
    "filed": "We have your request and work on it.",
    "asked-already": "You asked for this already: this is that request, and we work on it.",
    "revoked": "Your request is taken back.",
    "code-sent": "If we hold a contact of yours, a code is on its way to it. It holds for ten minutes.",
    "shown": "Thank you. You have shown who you are.",
    "one-shown": "Thank you. That was one contact; have a code sent to the other.",
    "renewed": "These data have been brought up to date meanwhile. This is how they are now.",
    "code-wrong": "This is not the code that we sent, or it holds no longer. Nothing was changed.",
    "tick-first": "Nothing was asked for yet: please tick that you have read what it does.",
    "paused": "All use of your data is paused. This is recorded and in force.",
    "pause-ended": "The pause is over. Your choices count again.",
    "acting": "You act for somebody else now. Each page says so at its top.",
    "acting-ended": "You act for yourself again.",
    "delegation-ended": "It is ended, at once.",
    "agent-stopped": "What the agent asked for in your name is taken back.",
    "signed-out": "You are signed out.",
    "signed-out-everywhere": "You are signed out here and on all other devices.",
    "done": "This is done, and it is in the log.",
    "proposed": "It is proposed. Somebody else may now decide about it.",
    "approved": "It is approved, and may be run.",
    "rejected": "It is rejected, and may not be run.",
    "kept": "Your choice is saved in this browser.",
    "forgotten": "What you chose in this browser is deleted.",
}
"""What a page tells of what was just done, by the word in its address: nothing else can be put into a page so."""
GDPR = "GDPR"
"""What articles are cited of; each language has its own name for it."""
NOBODY: Mapping[str, str] = {"name": "pellucid", "contact": "", "officer": ""}
"""Whom a page is of that is shown before anything is read."""


@cache
def environment(language: str) -> Environment:
    """Return what templates are rendered with in a language."""
    words = Words(language)
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", Sentences, *([SpacedColons] if language in SPACED else [])],
    )
    spoken = translations(language, CATALOGUES)
    found.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    found.spoken = spoken  # type: ignore[attr-defined]  # likewise
    found.globals["_"] = partial(_filled, spoken)
    found.globals["once"] = Fragments(found)
    found.filters |= {
        "moment": lambda instant: words.moment(_utc(instant)),
        "day": lambda instant: words.date(_utc(instant)),
        "date": lambda day: words.date(date.fromisoformat(day)),
        "month": lambda month: words.month(date.fromisoformat(f"{month}-01")),
        "iso": _iso,
        "instant": lambda text: words.moment(datetime.fromisoformat(text).astimezone(UTC)),
        "period": words.period,
        "number": words.number,
        "signs": words.signs,
        "plain": plain,
        "cite": lambda text: text.replace(GDPR, _said(spoken, GDPR)),
        "figure": partial(_figure, spoken, words),
        "country": words.country,
        "said": partial(_said, spoken),
        "band": partial(_band, spoken),
        "or_english": partial(_or_english, spoken, language),
        "filled": partial(_with_places, spoken, words),
        "revealed": lambda word: _said(spoken, REVEALED.get(word, word)),
        "listed": partial(_listed, words),
    }
    found.globals |= {"static_url": static_url, "language": language, "direction": words.direction}
    found.globals["columns_of"] = lambda dataset, names: [f"{dataset}.{each}" for each in names]
    found.globals |= {"languages": names(), "choice": CHOICE, "place_fact": FACTS["jurisdiction"]}
    return found


def page(request: Request, template: str, *, status: int = 200, under: Policy | None = None, **shown: Any) -> Response:
    """Return a page in the language of whoever asks, with what every page shows.

    `under` is the policy that what is shown was read under; None: the one in force now is read.
    """
    language, policy = language_of(request), under or policy_of(site_of(request))
    text = (
        environment(language)
        .get_template(template)
        .render(
            told=TOLD.get(request.query_params.get("told", ""), ""),
            **_told_by(policy, language).texts,
            elsewhere="" if request.method == "GET" else _start(request),
            **shown,
        )
    )
    response = HTMLResponse(text, status, {"Content-Language": language})
    keep_choice(request, response)
    return response


def go_to(path: str, *, told: str = "", at: str = "") -> Response:
    """Return a redirect to a page of ours, which shows what is so now; `path` is never something that was sent."""
    query, place = f"?told={told}" if told else "", f"#{at}" if at else ""
    return RedirectResponse(path + query + place, 303)


def problem_page(problem: Problem, connection: HTTPConnection, policy: Policy | None = None) -> Response:
    """Return a problem as people are told it: what is wrong, what to do, and its code. Staff are led to the console."""
    language = language_of(connection)
    template = environment(language).get_template("problem.html")
    start = _start(connection)
    text = template.render(
        company=_company(policy, language), told="", elsewhere=start, problem=problem, at_work=start == "/staff"
    )
    headers = {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
    return HTMLResponse(text, problem.status, headers | {"Content-Language": language})


def is_for_staff(connection: HTTPConnection) -> bool:
    """Return whether a request came to the console, not to what customers see."""
    return connection.url.path.startswith("/staff")


def sentences_of(error: PellucidError) -> tuple[str, ...]:
    """Return what a page says of something that was refused: what is wrong, and what to do."""
    return tuple(each for each in (error.message, error.remedy) if each)


def policy_of(site: Site) -> Policy | None:
    """Return the policy that pages are of; None before the first one, and while it cannot be read."""
    try:
        return site.workspace.centre.policy()
    except PellucidError:
        return None


@dataclass(frozen=True, slots=True)
class _ToldBy:
    """What pages in a language take from a policy: the company, and how its texts are told."""

    policy: Policy | None
    texts: Mapping[str, Any]


_TOLD_BY: dict[str, _ToldBy] = {}


def _told_by(policy: Policy | None, language: str) -> _ToldBy:
    """Return it; the very same as before while the policy is, so that what was made of it is found again."""
    found = _TOLD_BY.get(language)
    if found is None or found.policy is not policy:
        texts = {
            "company": _company(policy, language),
            "own": partial(_own, policy, language),
            "all_own": partial(_all_own, policy, language),
            "values": partial(_values, policy, language),
            "shown_in": partial(_shown_in, policy, language),
        }
        _TOLD_BY[language] = found = _ToldBy(policy, texts)
    return found


def _company(policy: Policy | None, language: str) -> Mapping[str, str]:
    if policy is None:
        return NOBODY
    controller = policy.controller
    officer = own_text(policy, language, "people", controller.officer).text  # a name, so of no language by itself
    return {"name": controller.name, "contact": controller.contact, "officer": officer}


def _start(connection: HTTPConnection) -> str:
    """Return the start of the part of the site that a request came to."""
    return "/staff" if is_for_staff(connection) else "/privacy"


def _own(policy: Policy | None, language: str, section: str, name: str, which: str = "title") -> str:
    """Return a text of the policy, marked with its language where that is not the language of the page."""
    if policy is None:
        return ""
    found = own_text(policy, language, section, name, which)
    return _marked(found.text, found.language, language)


def _all_own(policy: Policy | None, language: str, section: str, names: Iterable[str]) -> str:
    """Return titles of the policy as a list, each marked as `_own` does; the list at once, if all are in one."""
    found = [] if policy is None else [own_text(policy, language, section, name) for name in names]
    told_in = {each.language for each in found}
    if len(told_in) == 1:
        (one,) = told_in
        return _marked(Words(one).listed(each.text for each in found), one, language)
    return _listed(Words(language), (_marked(each.text, each.language, language) for each in found))


def _values(policy: Policy | None, language: str, values: Iterable[object]) -> str:
    """Return values that data may have as a list: they are as the data have them, in no other language."""
    own = SOURCE if policy is None else policy.controller.language
    return _marked(Words(own).listed(str(each) for each in values), own, language)


def _marked(text: str, told_in: str, language: str) -> str:
    """Return a text, marked with the language that it is in where that is not the page's."""
    if told_in == language or not text:
        return text
    return Markup('<span lang="{}" dir="{}">{}</span>').format(told_in, Words(told_in).direction, text)


def _shown_in(policy: Policy | None, language: str, section: str, name: str, which: str = "title") -> str:
    """Return in which language a text of the policy stands on the page."""
    return SOURCE if policy is None else own_text(policy, language, section, name, which).language


def _filled(spoken: NullTranslations, text: str, **values: object) -> str:
    """Return a sentence of a template with what is put into it, as newstyle gettext does; it asks for no context."""
    return Markup(spoken.gettext(text)) % values  # noqa: S704  -- the sentence is ours, and each value is escaped


def _said(spoken: NullTranslations, text: str) -> str:
    """Return a text of ours that came from elsewhere in the language of the page; as it is, if nobody translated it."""
    return spoken.gettext(text) if text else ""


def _band(spoken: NullTranslations, told: str) -> str:
    """Return a band of `consent.coverage`, whose sign of percent is written twice in a catalogue."""
    return _said(spoken, told.replace("%", "%%")).replace("%%", "%")


def _or_english(spoken: NullTranslations, language: str, text: str) -> str:
    """Return a text of ours that may hold names and numbers: as it is, marked as English, if nobody translated it."""
    found = _said(spoken, text)
    return _marked(found, SOURCE, language) if found == text else found


def _with_places(spoken: NullTranslations, words: Words, text: str, places: Mapping[str, object]) -> str:
    """Return a sentence of an error with what stands in its places, days as the page tells them; as `_or_english`."""
    found = _or_english(spoken, words.language, text)
    told = {name: words.date(each) if isinstance(each, date) else each for name, each in places.items()}
    return found % told if told else found


def _figure(spoken: NullTranslations, words: Words, text: str) -> str:
    """Return a figure with the signs of the page's language; what stands in place of one, as `_or_english` does."""
    return words.signs(text) if text[-1:].isdigit() else _or_english(spoken, words.language, text)


def _listed(words: Words, items: Iterable[str]) -> str:
    """Return a list as a sentence has it; what is marked up in it stays so."""
    return Markup(words.listed(str(escape(each)) for each in items))  # noqa: S704  -- each is escaped


def _utc(instant: int) -> datetime:
    return datetime.fromtimestamp(instant // 1_000_000, UTC)


def _iso(instant: int) -> str:
    return f"{_utc(instant):%Y-%m-%dT%H:%M:%SZ}"
