"""A question as it stands in the form of the console: read, made into one that can be asked, and shown again."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from pellucid.errors import InputInvalid
from pellucid.insights.parameters import parameter_of
from pellucid.insights.query import InsightQuery, accuracy_of
from pellucid.policy.model import Actor
from pellucid.web.forms import Form
from pellucid.workspace.asking import Once, key_of

_FORM = re.compile(r"[A-Za-z0-9_-]{22}")
BOUNDINGS = ("auto", "groups", "rank")


@dataclass(frozen=True, slots=True)
class AskedForm:
    """The fields as they were typed. `once` is the form's own number: sent twice, it asks once."""

    sql: str = ""
    purpose: str = ""
    epsilon: str = ""
    accuracy: str = ""
    parameters: str = ""
    bounding: str = "auto"
    fresh: bool = False
    once: str = ""

    @classmethod
    def of(cls, form: Form) -> AskedForm:
        """Return what was sent; raises InputInvalid for a form that has no number of ours."""
        return cls(
            sql=_lines(form.get("sql", "")).strip(),
            purpose=form.get("purpose", ""),
            epsilon=form.get("epsilon", "").strip(),
            accuracy=form.get("accuracy", "").strip(),
            parameters=_lines(form.get("parameters", "")),
            bounding=form.get("bounding", "auto"),
            fresh=form.get("fresh") == "yes",
            once=number_in(form),
        )

    @property
    def has_more(self) -> bool:
        """Whether anything is chosen that most questions do without."""
        return bool(self.epsilon or self.accuracy or self.parameters.strip() or self.fresh or self.bounding != "auto")

    def query(self, actor: Actor) -> InsightQuery:
        """Return the question; raises InputInvalid for what cannot be asked so."""
        absolute, relative = accuracy_of(self.accuracy or None)
        return InsightQuery(
            self.sql,
            self.purpose,
            actor,
            epsilon_in(self.epsilon),
            dict(parameter_of(line.strip()) for line in self.parameters.splitlines() if line.strip()),
            absolute,
            self.fresh,
            relative,
            self.bounding,
        )


def once_of(session: str, query: InsightQuery, form: str) -> Once:
    """Return under what a form of a session asks a question once."""
    return Once(whose(session), key_of(query, form))


def whose(session: str) -> str:
    """Return whose the answers are that a session was given."""
    return f"session:{session}"


def number_in(form: Form) -> str:
    """Return a form's own number; raises InputInvalid where it has none of ours."""
    found = form.get("once", "")
    if not _FORM.fullmatch(found):
        raise InputInvalid(
            "This form has no number of ours.", code="form-number", remedy="Load the page anew, and ask from there."
        )
    return found


def new_number() -> str:
    """Return a number for a new form."""
    return secrets.token_urlsafe(16)


def epsilon_in(text: str) -> float | None:
    """Return the epsilon that was typed, None for none; raises InputInvalid for what is no number."""
    try:
        return float(text) if text else None
    except ValueError:
        raise InputInvalid(
            f"epsilon must be a number, got {text[:40]!r}.",
            code="epsilon-out-of-range",
            remedy="Leave it out to use the purpose's default.",
        ) from None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
