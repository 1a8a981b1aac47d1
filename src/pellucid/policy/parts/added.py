"""How members are marked that came after the first release of the model."""

from __future__ import annotations

from types import MappingProxyType

ADDED = MappingProxyType({"added": True})
"""Metadata of a member that came after the first release: `policy.canonical` leaves it out at its default."""
