"""What importing and sorting share besides their ground: a declared dataset, progress, refusals in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown, NotJournaled, PellucidError
from pellucid.holdings.place import ImportPlace
from pellucid.policy.model import Actor, Dataset, Policy

Progress = Callable[[str, float], None]
"""Told the step that begins and the share of the work done before it (0 to 1)."""


def declared(policy: Policy, dataset: str) -> Dataset:
    """Return a dataset of the policy; raises NameUnknown."""
    if dataset not in policy.datasets:
        raise NameUnknown("dataset", dataset, tuple(policy.datasets), remedy="Declare it in the policy first.")
    return policy.datasets[dataset]


@contextmanager
def refusals_logged(place: ImportPlace, policy: Policy, dataset: str, *, actor: Actor, now: int) -> Iterator[None]:
    """Log every refusal in the block: which dataset, if it is declared, and the error's code."""
    try:
        yield
    except NotJournaled:
        raise  # it is published
    except PellucidError as error:
        body = {"dataset": dataset if dataset in policy.datasets else None, "code": error.code}
        with place.database.write() as connection:
            append(connection, AuditEntry("data.refused", actor, now, body=body))
        raise


def say_nothing(_step: str, _share: float) -> None:
    """Tell nobody of progress."""
