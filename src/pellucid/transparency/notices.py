"""Making a notice: a function of the policy with the laws signed off, and of the day, for every language at once."""

from __future__ import annotations

from pellucid.policy.model import Policy
from pellucid.transparency.child import child
from pellucid.transparency.content import Content, Telling
from pellucid.transparency.full import full
from pellucid.transparency.linked import linked
from pellucid.transparency.maker import Maker
from pellucid.transparency.short import short
from pellucid.transparency.words import words_of


def make(policy: Policy, now: int) -> Content:
    """Return the notice of a policy as of an instant (UTC µs), in the policy's own language and those it promises.

    Raises InputInvalid (`translation-missing`) if one of the policy's texts is not there in a language.
    """
    controller = policy.controller
    makers = [Maker(policy, words, now) for words in words_of((controller.language, *controller.languages))]
    purposes = {purpose.name: purpose.notice.version for purpose in policy.purposes.values()}
    return Content(purposes, {maker.words.language: _telling(maker) for maker in makers})


def _telling(maker: Maker) -> Telling:
    layers = {"short": short(maker), "full": full(maker), "child": child(maker)}
    return Telling(maker.words.language, layers, linked(maker))
