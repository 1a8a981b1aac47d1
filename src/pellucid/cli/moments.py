"""Instants as they are typed."""

from __future__ import annotations

from datetime import UTC, datetime

from pellucid.errors import InputInvalid


def instant_of(text: str) -> int:
    """Return the instant (UTC µs) of an ISO 8601 text; without a time zone it is UTC. Raises InputInvalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is no instant.", code="instant-invalid", remedy="Write it like 2026-11-24T09:00:00+00:00."
        ) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
