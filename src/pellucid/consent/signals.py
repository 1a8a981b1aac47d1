"""What a browser's or device's opt-out signal says, read strictly: Global Privacy Control here, `tcf` and `gpp` beside.

A signal takes away and never gives: it is nobody's consent, and its later absence gives nothing back. Pure: whom a
reading is about and what follows for which purpose is not said here.

Where a signal is malformed it is read as a no to everything that it could have spoken of. For GPC that is stricter than
the W3C's text (Global Privacy Control, §3.3: a server "MUST ignore" a value that is not exactly `1`): somebody or
something wished to say *something* about being sold, and a person loses nothing by a no too many. Who wants the W3C's
reading looks at `malformed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

SALE = "sale"
SHARE = "share"
TARGETED_ADVERTISING = "targeted_advertising"
PROFILING = "profiling"
SENSITIVE_DATA = "sensitive_data"

KINDS = frozenset({SALE, SHARE, TARGETED_ADVERTISING, PROFILING, SENSITIVE_DATA})
"""Kinds of use that signals speak of."""

GPC_KINDS = frozenset({SALE, SHARE, TARGETED_ADVERTISING})
"""What GPC asks not to be done: sell, share, use for advertising across contexts (W3C GPC §2)."""

GPC_HEADER = "sec-gpc"

HeaderValue = str | Sequence[str]
"""A header's value, or its values where it came more than once."""


@dataclass(frozen=True, slots=True)
class SignalReading:
    """What one signal comes to. `source` is `gpc`, `tcf`, `gpp` or `gpp:<section>`.

    `jurisdictions` (ISO 3166) are those that the source was made for; empty for one that is of no place. Of a malformed
    signal `opts_out` holds everything that its source can speak of.
    """

    source: str
    opts_out: frozenset[str] = frozenset()
    malformed: bool = False
    jurisdictions: tuple[str, ...] = ()

    @property
    def gives(self) -> tuple[str, ...]:
        """Return what the signal permits: nothing, whatever it says."""
        return ()


def read_gpc(given: Mapping[str, HeaderValue] | HeaderValue | None) -> bool:
    """Return whether a request carries Global Privacy Control: from its headers, or `Sec-GPC`'s value (None: absent).

    `1` is the signal; absent, empty (as gateways write absent) and `0` are none. Anything else, as `true`, `0 ` or a
    repeated header, counts as the signal: see the module.
    """
    return bool(gpc_reading(given).opts_out)


def gpc_reading(given: Mapping[str, HeaderValue] | HeaderValue | None) -> SignalReading:
    """Return what `read_gpc` found, and whether it was malformed."""
    values = _values(given)
    if all(value in ("", "0") for value in values) and len(values) < 2:
        return SignalReading("gpc")
    # A header that came twice is joined by a comma on its way (RFC 9110 §5.3); W3C GPC counts it if one value is 1.
    said = [part.strip() for value in values for part in value.split(",")]
    return SignalReading("gpc", GPC_KINDS, malformed=list(values) != ["1"] and "1" not in said)


def opted_out(readings: Iterable[SignalReading]) -> frozenset[str]:
    """Return everything that at least one of the signals opts out of."""
    return frozenset[str]().union(*(reading.opts_out for reading in readings))


def well_known_gpc(updated: date) -> dict[str, object]:
    """Return the document of `/.well-known/gpc.json` (W3C GPC §4): we abide by GPC, stated on that day."""
    return {"gpc": True, "lastUpdate": date(updated.year, updated.month, updated.day).isoformat()}


def _values(given: Mapping[str, HeaderValue] | HeaderValue | None) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Mapping):
        return tuple(part for name, value in given.items() if name.lower() == GPC_HEADER for part in _values(value))
    return tuple(given)
