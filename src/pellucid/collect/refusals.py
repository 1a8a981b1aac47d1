"""Refusals of imports and sorts: each is an entry of the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NotJournaled, PellucidError
from pellucid.holdings.import_place import ImportPlace
from pellucid.policy.model import Actor, Policy


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
