"""IAB Tech Lab's GPP string: the sections of the United States read strictly, TCF by `consent.tcf`, others as a no.

Layouts and meanings are those of the GPP's section specifications as published on 2025-12-17; where the text and the
reference encoder differ (a section header in Maryland, Indiana, Kentucky and Rhode Island), the encoder's is read, for
it is what arrives.

    field                                   answer   opts out of
    SaleOptOut                              1        sale
    SharingOptOut                           1        share (California: targeted_advertising, too: Civ. 1798.140(ah))
    TargetedAdvertisingOptOut               1        targeted_advertising
    SensitiveDataProcessing, any            1        sensitive_data: opted out, or no consent
    KnownChildSensitiveDataConsents, any    1        everything that the section speaks of
    Gpc                                     true     sale, share, targeted_advertising
    US Privacy string, third letter         Y        sale, share

An answer of 0 (does not apply) or 2 (did not opt out, consented) says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import compress

from pellucid.consent.signal_bits import LONGEST, Bits, malformed
from pellucid.consent.signals import (
    GPC_KINDS,
    KINDS,
    SALE,
    SENSITIVE_DATA,
    SHARE,
    TARGETED_ADVERTISING,
    SignalReading,
)
from pellucid.consent.tcf import read_tcf
from pellucid.errors import InputInvalid

HEADER_TYPE, HEADER_VERSION = 3, 1
MOST_SECTIONS = 64
TCF_EU, US_PRIVACY = 2, 6
GPC_SEGMENT = 1
USP_KINDS = frozenset({SALE, SHARE})

_USP = re.compile(r"1[YN-]([YN-])[YN-]", re.ASCII)

Opts = tuple[frozenset[str], ...]
"""For each opt-out field what it opts out of, in the order of the fields."""

_STATE: Opts = (frozenset({SALE}), frozenset({TARGETED_ADVERTISING}))
_CALIFORNIA: Opts = (frozenset({SALE}), frozenset({SHARE, TARGETED_ADVERTISING}))
_NATIONAL: Opts = (frozenset({SALE}), frozenset({SHARE}), frozenset({TARGETED_ADVERTISING}))


@dataclass(frozen=True, slots=True)
class Layout:
    """A section's core: a version, then two-bit answers, so many of each sort and in this order.

    `leading` MSPA fields, `notices`, the opt-outs `opts`, consents (`sensitive`, `child`, `further`), `trailing` MSPA
    fields. `extra` is the second segment: `gpc`, `sensitive` (consents), or `none`.
    """

    name: str
    place: str
    notices: int = 3
    opts: Opts = _STATE
    sensitive: int = 8
    child: int = 1
    further: int = 1
    leading: int = 0
    trailing: int = 3
    extra: str = "gpc"
    versions: tuple[int, ...] = (1,)

    @property
    def kinds(self) -> frozenset[str]:
        """Return everything that the section can opt out of."""
        sensitive = {SENSITIVE_DATA} if self.sensitive or self.extra == "sensitive" else set()
        gpc = GPC_KINDS if self.extra == "gpc" else frozenset[str]()
        return frozenset(sensitive).union(gpc, *self.opts)

    @property
    def size(self) -> int:
        """Return how many bits the core has."""
        answers = self.leading + self.notices + len(self.opts) + self.sensitive + self.child + self.further
        return 6 + 2 * (answers + self.trailing)


def _newer(name: str, place: str, *, child: int = 1, extra: str = "sensitive") -> Layout:
    return Layout(name, place, sensitive=0, child=child, leading=2, trailing=0, extra=extra)


SECTIONS = {
    7: Layout("usnat", "US", 6, _NATIONAL, 16, 3, versions=(1, 2)),
    8: Layout("usca", "US-CA", 3, _CALIFORNIA, 9, 2),
    9: Layout("usva", "US-VA", further=0, extra="none"),
    10: Layout("usco", "US-CO", sensitive=7, further=0),
    11: Layout("usut", "US-UT", 4, further=0, extra="none"),
    12: Layout("usct", "US-CT", child=3, further=0),
    13: Layout("usfl", "US-FL", child=3, extra="none"),
    14: Layout("usmt", "US-MT", child=3),
    15: Layout("usor", "US-OR", sensitive=11, child=3),
    16: Layout("ustx", "US-TX"),
    17: Layout("usde", "US-DE", sensitive=9, child=5),
    18: Layout("usia", "US-IA", 4, further=0),
    19: Layout("usne", "US-NE"),
    20: Layout("usnh", "US-NH", child=3),
    21: Layout("usnj", "US-NJ", sensitive=10, child=5),
    22: Layout("ustn", "US-TN"),
    23: Layout("usmn", "US-MN"),
    24: _newer("usmd", "US-MD", child=0, extra="gpc"),
    25: _newer("usin", "US-IN"),
    26: _newer("usky", "US-KY"),
    27: _newer("usri", "US-RI"),
}
"""The sections of the United States that are read, by id."""

_NATIONAL_1 = Layout("usnat", "US", 6, _NATIONAL, 12, 2, versions=(1, 2))
"""The national section before October 2024; strings of both lengths are about under either version number."""


def read_gpp(text: str, *, vendor: int | None = None) -> tuple[SignalReading, ...]:
    """Return what each section of a GPP string says; an empty string says nothing.

    A malformed string is one reading that opts out of every kind; a malformed section opts out of all that it can speak
    of, and so does a section that is not known here. A bare TC string is read as one. `vendor` as in `read_tcf`.
    """
    if not text:
        return ()
    if text.startswith("C"):  # the GPP's header begins with D; this is how the two are told apart
        return (read_tcf(text, vendor=vendor),)
    try:
        sections = _sections(text)
    except InputInvalid:
        return (SignalReading("gpp", KINDS, malformed=True),)
    return tuple(_read_section(number, section, vendor) for number, section in sections)


def _sections(text: str) -> list[tuple[int, str]]:
    if len(text) > LONGEST:
        raise malformed(f"it has {len(text)} characters")
    header, *sections = text.split("~")
    bits = Bits(header)
    if (bits.integer(6), bits.integer(6)) != (HEADER_TYPE, HEADER_VERSION):
        raise malformed("it does not begin with a GPP header of version 1")
    numbers = _section_numbers(bits)
    bits.end()
    if len(numbers) != len(sections):
        raise malformed(f"its header names {len(numbers)} sections, and it has {len(sections)}")
    return list(zip(numbers, sections, strict=True))


def _section_numbers(bits: Bits) -> list[int]:
    numbers: list[int] = []
    last = 0
    for _ in range(bits.integer(12)):
        stretch, first = bits.flag(), last + bits.fibonacci()
        last = first + bits.fibonacci() if stretch else first
        if len(numbers) + last - first >= MOST_SECTIONS:
            raise malformed("its header names too many sections")
        numbers.extend(range(first, last + 1))
    return numbers


def _read_section(number: int, text: str, vendor: int | None) -> SignalReading:
    if number == TCF_EU:
        return _read_tcf(text, vendor)
    if number == US_PRIVACY:
        return _read_us_privacy(text)
    layout = SECTIONS.get(number)
    if layout is None:
        return SignalReading(f"gpp:{number}", KINDS, malformed=True)
    try:
        opts_out = _read_us(layout, text)
    except InputInvalid:
        return SignalReading(f"gpp:{layout.name}", layout.kinds, malformed=True, jurisdictions=(layout.place,))
    return SignalReading(f"gpp:{layout.name}", opts_out, jurisdictions=(layout.place,))


def _read_tcf(text: str, vendor: int | None) -> SignalReading:
    # A section that the header names and that is empty is malformed; a TC string that nobody sent is not.
    found = read_tcf(text or "-", vendor=vendor)
    return SignalReading("gpp:tcfeuv2", found.opts_out, found.malformed, found.jurisdictions)


def _read_us_privacy(text: str) -> SignalReading:
    found = _USP.fullmatch(text)
    if found is None:
        return SignalReading("gpp:uspv1", USP_KINDS, malformed=True, jurisdictions=("US",))
    return SignalReading("gpp:uspv1", USP_KINDS if found[1] == "Y" else frozenset(), jurisdictions=("US",))


def _read_us(layout: Layout, text: str) -> frozenset[str]:
    core, *extra = text.split(".")
    if len(extra) > (layout.extra != "none"):
        raise malformed("it has more segments than there are")
    bits = Bits(core)
    if layout.name == "usnat" and bits.left < layout.size:
        layout = _NATIONAL_1
    return _read_core(layout, bits).union(*(_read_extra(layout, Bits(segment)) for segment in extra))


def _read_core(layout: Layout, bits: Bits) -> frozenset[str]:
    if bits.integer(6) not in layout.versions:
        raise malformed("it is of a version that is not known")
    covered = bits.pairs(layout.leading)
    bits.pairs(layout.notices)
    opts = bits.pairs(len(layout.opts))
    sensitive, child = bits.pairs(layout.sensitive), bits.pairs(layout.child)
    bits.pairs(layout.further)
    covered += bits.pairs(layout.trailing)
    bits.end()
    if covered[0] == 0:
        raise malformed("it does not say whether the MSPA covers it")
    if 1 in child:
        return layout.kinds
    found = frozenset[str]().union(*compress(layout.opts, (answer == 1 for answer in opts)))
    return found | {SENSITIVE_DATA} if 1 in sensitive else found


def _read_extra(layout: Layout, bits: Bits) -> frozenset[str]:
    if layout.extra == "sensitive":
        refused = 1 in bits.pairs(8)
        bits.end()
        return frozenset({SENSITIVE_DATA}) if refused else frozenset()
    kind, gpc = bits.integer(2), bits.flag()
    bits.end()
    if kind != GPC_SEGMENT:
        raise malformed("its second segment is not GPC")
    return GPC_KINDS if gpc else frozenset()
