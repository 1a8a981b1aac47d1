"""Letting somebody in by a pass, for the guard of the log."""

from __future__ import annotations

from pellucid.workspace import Workspace
from tests.audit.door_cases import REFUSED, SIGNED_IN, Case

MADE = ("sign-in.pass-made",)


def _for_staff(w: Workspace) -> str:
    return w.passes.for_staff("pia", actor=w.actor("pia"))


def _for_customer(w: Workspace) -> str:
    return w.passes.for_customer("h6", actor=w.actor("pia"))


def _customer_enters(w: Workspace) -> object:
    return w.passes.enter_centre(_for_customer(w), address="here")


PASS_CASES: list[Case] = [
    ("passes.for_staff", _for_staff, MADE, False),
    ("passes.for_staff", lambda w: w.passes.for_staff("pia", actor=w.actor("ana")), ("access.refused",), True),
    ("passes.for_customer", _for_customer, MADE, False),
    ("passes.for_customer", lambda w: w.passes.for_customer("h6", actor=w.actor("ana")), ("access.refused",), True),
    ("passes.enter_centre", lambda w: w.passes.enter_centre("x", address="here"), REFUSED, True),
    ("passes.enter_centre", _customer_enters, (*MADE, *SIGNED_IN), False),
    ("passes.enter_console", lambda w: w.passes.enter_console(_for_staff(w)), (*MADE, *SIGNED_IN), False),
]
