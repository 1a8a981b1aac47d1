"""A message about a request as text and as HTML, in one language: fixed sentences, and the staff's reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.delivery.letter import Letter, Paragraph, one_line, write
from pellucid.policy.model import Authority, Controller
from pellucid.rights.message_words import CLOCK_STOPPED, SENTENCES, STATES_COMPLAINT, TEXTS, TIME_EXTENDED


def compose(
    language: str,
    controller: Controller,
    request: str,
    message: str,
    reasons: str,
    authorities: Sequence[Authority],
    until: str,
) -> Letter:
    """Return what a message of a request says; `reasons` are as the staff wrote them, in whatever language.

    `until` is the day by which the request is to be answered, as the language tells it; an extension has to tell it.
    """
    subject = SENTENCES[language]["subject"].format(request=request)
    said = _said(language, controller, request, message, reasons, authorities, until)
    return write(language, subject, said, ["web"])


def _said(
    language: str,
    controller: Controller,
    request: str,
    message: str,
    reasons: str,
    authorities: Sequence[Authority],
    until: str,
) -> Iterator[Paragraph]:
    says = SENTENCES[language]
    yield TEXTS[language][message], {}
    if message == TIME_EXTENDED:
        yield says["until"], {"until": until}
    if message in STATES_COMPLAINT:
        yield says["complain"], {}
        for each in authorities:
            reached = "\n".join(each.reached[1:])
            named = {"authority": one_line(each.name), "web": each.web, "reached": reached}
            yield says["authority"] + ("\n{reached}" if reached else ""), named
    if reasons:
        yield says["needs" if message == CLOCK_STOPPED else "reasons"], {"reasons": reasons}
    yield says["end"], {"request": request, "contact": one_line(controller.contact)}
    yield "{controller}", {"controller": one_line(controller.name)}
