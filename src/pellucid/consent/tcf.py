"""IAB Europe's TC string v2 (TCF 2.0 to 2.3): taking it apart strictly, and what it refuses.

A purpose without consent is read as a refusal of the kinds of use that it stands for. A consent bit gives nothing: it
only is no refusal. A legitimate interest that was not objected to does not stand in for a missing consent.

    purpose of TCF 2.2                                   kinds that a missing consent refuses
    2 limited data to select advertising                 targeted_advertising
    3 profiles for personalised advertising              targeted_advertising, profiling
    4 profiles to select personalised advertising        targeted_advertising, profiling
    5 profiles to personalise content                    profiling
    6 profiles to select personalised content            profiling
    7 measure advertising                                targeted_advertising
    1, 8-11 storage, measuring and choosing content      none: no kind of ours says it
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pellucid.consent.signal_bits import LONGEST, Bits, malformed
from pellucid.consent.signals import PROFILING, TARGETED_ADVERTISING, SignalReading
from pellucid.errors import InputInvalid

REFUSALS = {
    2: frozenset({TARGETED_ADVERTISING}),
    3: frozenset({TARGETED_ADVERTISING, PROFILING}),
    4: frozenset({TARGETED_ADVERTISING, PROFILING}),
    5: frozenset({PROFILING}),
    6: frozenset({PROFILING}),
    7: frozenset({TARGETED_ADVERTISING}),
}
"""TCF purpose to the kinds of use that are refused where it is not consented to."""

TCF_KINDS = frozenset({TARGETED_ADVERTISING, PROFILING})
"""Everything that a TC string can speak of."""

TCF_PLACES = (
    *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU"),
    *("MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO", "GB"),
)
"""The European Economic Area and the United Kingdom (TCF Policies)."""

VERSION = 2
PURPOSES = 24
DECISECOND = 100_000
DISCLOSED, ALLOWED, PUBLISHER = 1, 2, 3

Ranges = tuple[tuple[int, int], ...]
"""Vendor ids as stretches, both ends included: a string of a few bytes can name 65,535 of them."""


@dataclass(frozen=True, slots=True)
class TcString:
    """What a TC string says; instants are UTC µs, purposes are counted from 1. Never believed to be consent."""

    created: int
    updated: int
    cmp: int
    cmp_version: int
    screen: int
    language: str
    vendor_list_version: int
    policy_version: int
    service_specific: bool
    special_features: frozenset[int]
    consents: frozenset[int]
    legitimate_interests: frozenset[int]
    publisher_country: str
    vendor_consents: Ranges = field(repr=False)
    vendor_interests: Ranges = field(repr=False)

    def has_vendor(self, vendor: int) -> bool:
        """Return whether a vendor of the Global Vendor List was consented to."""
        return any(first <= vendor <= last for first, last in self.vendor_consents)


def read_tcf(text: str, *, vendor: int | None = None) -> SignalReading:
    """Return what a TC string refuses; an empty one says nothing, a malformed one refuses all of TCF_KINDS.

    With `vendor`, the controller's own id on the Global Vendor List, a missing consent to it refuses all as well.
    """
    if not text:
        return SignalReading("tcf", jurisdictions=TCF_PLACES)
    try:
        found = decode_tcf(text)
    except InputInvalid:
        return SignalReading("tcf", TCF_KINDS, malformed=True, jurisdictions=TCF_PLACES)
    refused = frozenset(kind for purpose, kinds in REFUSALS.items() if purpose not in found.consents for kind in kinds)
    if vendor is not None and not found.has_vendor(vendor):
        refused = TCF_KINDS
    return SignalReading("tcf", refused, jurisdictions=TCF_PLACES)


def decode_tcf(text: str) -> TcString:
    """Take a TC string apart; raises InputInvalid (`signal-malformed`) for what does not keep to the format."""
    if len(text) > LONGEST:
        raise malformed(f"it has {len(text)} characters")
    core, *others = text.split(".")
    kinds = [_segment(segment) for segment in others]
    if len(set(kinds)) != len(kinds):
        raise malformed("a segment is there twice")
    return _core(Bits(core))


def _core(bits: Bits) -> TcString:
    if bits.integer(6) != VERSION:
        raise malformed("it is not of version 2")
    created, updated = bits.integer(36), bits.integer(36)
    if created > updated:
        raise malformed("it was updated before it was created")
    cmp, cmp_version, screen = bits.integer(12), bits.integer(12), bits.integer(6)
    language, list_version, policy_version = bits.letters(), bits.integer(12), bits.integer(6)
    service_specific, _, features = bits.flag(), bits.flag(), bits.flags(12)
    consents, interests = bits.flags(PURPOSES), bits.flags(PURPOSES)
    _, country = bits.flag(), bits.letters()
    found = TcString(
        created=created * DECISECOND,
        updated=updated * DECISECOND,
        cmp=cmp,
        cmp_version=cmp_version,
        screen=screen,
        language=language,
        vendor_list_version=list_version,
        policy_version=policy_version,
        service_specific=service_specific,
        special_features=features,
        consents=consents,
        legitimate_interests=interests,
        publisher_country=country,
        vendor_consents=_vendors(bits),
        vendor_interests=_vendors(bits),
    )
    bits.several(bits.integer(12), lambda: _restriction(bits))
    bits.end()
    return found


def _segment(text: str) -> int:
    """Check a segment that is not the core, and return its type: none of them refuses or gives anything here."""
    bits = Bits(text)
    kind = bits.integer(3)
    if kind in (DISCLOSED, ALLOWED):
        _vendors(bits)
    elif kind == PUBLISHER:
        bits.integer(2 * PURPOSES)
        bits.integer(2 * bits.integer(6))
    else:
        raise malformed("a segment is of no known type")
    bits.end()
    return kind


def _vendors(bits: Bits) -> Ranges:
    most, ranged = bits.integer(16), bits.flag()
    if not ranged:
        return tuple((vendor, vendor) for vendor in sorted(bits.flags(most)))
    return _ranges(bits, most)


def _ranges(bits: Bits, most: int) -> Ranges:
    found = bits.several(bits.integer(12), lambda: _range(bits))
    if any(not 1 <= first <= last <= most for first, last in found):
        raise malformed("a stretch of vendors is none")
    return found


def _range(bits: Bits) -> tuple[int, int]:
    ranged, first = bits.flag(), bits.integer(16)
    return first, bits.integer(16) if ranged else first


def _restriction(bits: Bits) -> None:
    if not 1 <= bits.integer(6) <= PURPOSES or bits.integer(2) == 3:
        raise malformed("a publisher's restriction is none")
    _ranges(bits, (1 << 16) - 1)
