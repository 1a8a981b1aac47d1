"""Places where a test lets the process die, to prove that a crash there loses, doubles and half-does nothing.

Inert unless the process was started with `PELLUCID_FAILPOINT=name` (or `name:3` for the third time it is passed). Then,
on reaching it, the process says so on its standard error and kills itself with SIGKILL: no handler, no `finally`, no
flush. Whoever can set it could kill the process anyway; it can do nothing else. Not for faults that raise: those have
tests of their own.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "PELLUCID_FAILPOINT"

POINTS = (
    # consent: what somebody said, and its acknowledgement
    "consent.said",
    "consent.sets-changed",
    "consent.before-commit",
    "consent.after-commit",
    "consent.acknowledged",
    "register.advanced",
    # a file of what people said, a block a transaction
    "bulk.said",
    "bulk.sets-changed",
    "bulk.before-commit",
    "bulk.after-commit",
    "bulk.acknowledged",
    # leases on a purpose: a question's, and a writer's who waits
    "lease.taken",
    "lease.committed",
    "lease.expired",
    # a question
    "query.engine-leased",
    "query.engine-opened",
    "query.reserved",
    "query.reserve-committed",
    "query.ran",
    "query.noised",
    "caps.drawn",
    "query.suppressed",
    "query.charged",
    "query.before-commit",
    "query.after-commit",
    "query.failed-before-commit",
    "query.failed-after-commit",
    # an import, a sort, a correction, and publishing a generation
    "import.staged",
    "import.draft-written",
    "import.rejected-kept",
    "publish.draft-durable",
    "publish.in-place",
    "import.subjects-stored",
    "publish.retired",
    "import.before-commit",
    "import.after-commit",
    "sort.draft-written",
    "sort.compared",
    "sort.before-commit",
    "sort.after-commit",
    "correct.draft-written",
    "correct.compared",
    "correct.verified",
    "correct.before-commit",
    "correct.after-commit",
    # an erasure, step by step, and the sweep of a dataset
    "erase.begun",
    "erase.begun-committed",
    "erase.left",
    "erase.left-committed",
    "erase.swept",
    "erase.verified",
    "erase.told",
    "erase.finished",
    "erase.finished-committed",
    "erase.receipted",
    "erase.receipted-committed",
    "sweep.draft-written",
    "sweep.compared",
    "sweep.before-commit",
    "sweep.after-commit",
    "unlink.given-up",
    "unlink.committed",
    "unlink.done",
    # a checkpoint, and having it witnessed
    "checkpoint.signed",
    "checkpoint.before-commit",
    "checkpoint.after-commit",
    "witness.written",
    "witness.remembered",
    "cosignature.kept",
    # a policy's activation
    "activate.stored",
    "activate.rebuilt",
    "activate.before-commit",
    "activate.after-commit",
    # a notice's publication
    "notice.stored",
    "notice.before-commit",
    "notice.after-commit",
    # work that is due, what goes out, and what asks people to show who they are
    "work.claimed",
    "work.settled",
    "delivery.handed-over",
    "delivery.before-commit",
    "challenge.noted",
    "challenge.handed-over",
    # a law's sign-off
    "laws.marked",
    "laws.before-commit",
    "laws.after-commit",
    # carrying out a customer's request
    "request.begun",
    "request.carried-out",
    "request.before-commit",
    "request.after-commit",
    # a package for a customer
    "package.begun",
    "package.gathered",
    "package.leased",
    "package.part-written",
    "package.part-in-place",
    "package.signed",
    "package.zipped",
    "package.before-commit",
    "package.after-commit",
)
"""Every point there is; a test reaches each of them."""


def reach(point: str) -> None:
    """Do nothing, unless the process was started to die here."""
    if _armed is not None:
        _armed.reach(point)


class _Armed:
    def __init__(self, wanted: str) -> None:
        self._point, _, times = wanted.partition(":")
        self._left = int(times) if times.isdecimal() else 1

    def reach(self, point: str) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.write(2, f"failpoint {point} reached\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


_armed = _Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None
