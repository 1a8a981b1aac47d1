"""A message about a request as text and as HTML, in one language: fixed sentences, and the staff's reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.delivery.letter import Letter, Paragraph, one_line, write
from pellucid.policy.model import Authority, Controller
from pellucid.rights.message_words import SENTENCES, STATES_COMPLAINT, TEXTS


def compose(
    language: str, controller: Controller, request: str, message: str, reasons: str, authorities: Sequence[Authority]
) -> Letter:
    """Return what a message of a request says; `reasons` are as the staff wrote them, in whatever language."""
    subject = SENTENCES[language]["subject"].format(request=request)
    return write(language, subject, _said(language, controller, request, message, reasons, authorities), ["web"])


def _said(
    language: str, controller: Controller, request: str, message: str, reasons: str, authorities: Sequence[Authority]
) -> Iterator[Paragraph]:
    says = SENTENCES[language]
    yield TEXTS[language][message], {}
    if message in STATES_COMPLAINT:
        yield says["complain"], {}
        for each in authorities:
            reached = "\n".join(each.reached[1:])
            named = {"authority": one_line(each.name), "web": each.web, "reached": reached}
            yield says["authority"] + ("\n{reached}" if reached else ""), named
    if reasons:
        yield says["reasons"], {"reasons": reasons}
    yield says["end"], {"request": request, "contact": one_line(controller.contact)}
    yield "{controller}", {"controller": one_line(controller.name)}
