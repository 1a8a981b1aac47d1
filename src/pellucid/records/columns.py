"""Exact column types: money, rho and instants are integers in the database, whatever the dialect.

SQLAlchemy's Numeric on SQLite passes through float (0.1 came back as 0.100000000000000006), so it is not used.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger

RHO_SCALE = 10**12
"""Stored rho is an integer count of 1e-12."""

Instant = BigInteger
"""UTC microseconds since 1970-01-01."""

Rho = BigInteger
"""zCDP rho in units of 1e-12 (see RHO_SCALE)."""

LONGEST_KEY = 2_000
"""Bytes of a subject's natural key: PostgreSQL indexes no more than 2,704, together with the namespace."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_instant(moment: datetime) -> int:
    """Return UTC microseconds; raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"instants need a time zone, got naive {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


def from_instant(instant: int) -> datetime:
    """Return the UTC datetime of an instant."""
    return _EPOCH + instant * _MICROSECOND
