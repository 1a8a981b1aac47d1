"""From which address somebody asks, through proxies or not: what limits count by. Read strictly, or not at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from pellucid.errors import WorkspaceUnusable

Address = IPv4Address | IPv6Address
Net = IPv4Network | IPv6Network

UNKNOWN = "unknown"
"""Where all are from of whom a proxy says something else than an address: they wait for one another."""
_IPV6_KEPT = 64
"""Bits of an address of version 6 that tell one household from another."""
_MAPPED = IPv6Network("::ffff:0:0/96")
_LAST_PORT = 65_535
_WITH_PORT = re.compile(r"(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{1,5}))?", re.ASCII)


def nets_of(written: Collection[str]) -> tuple[Net, ...]:
    """Return the addresses and nets of proxies; raises WorkspaceUnusable (`proxies-unfit`) for what is neither.

    Nor is a net of everybody, whom nobody may believe, or an address of version 4 written as one of version 6, which
    no connection is told to have.
    """
    try:
        nets = tuple(ip_network(each.strip(), strict=False) for each in written)
    except ValueError:
        nets = None
    if nets is None or any(each.prefixlen == 0 or _is_mapped(each) for each in nets):
        raise WorkspaceUnusable(
            "PELLUCID_SERVE_PROXIES names something that is no address of a proxy.",
            remedy='Name addresses or nets, as `["10.0.0.2", "2001:db8::/64"]`; names of machines are not looked up.',
            code="proxies-unfit",
        )
    return nets


def _is_mapped(net: Net) -> bool:
    return isinstance(net, IPv6Network) and net.subnet_of(_MAPPED)


def asked_from(client: str, told: Sequence[str], proxies: Sequence[Net]) -> str:
    """Return from where somebody asks: the last address that no proxy of ours has; one of version 6 by its net.

    `client` is who is connected, `told` the lines of X-Forwarded-For, believed of our proxies only. What stands before
    an entry that is no address may be made up by anybody: it is not looked at.
    """
    connected = _address(client)
    if connected is None:
        return UNKNOWN
    if not _within(connected, proxies):
        return _counted(connected)
    entries = [each.strip(" \t") for line in told for each in line.split(",")]
    for entry in reversed([each for each in entries if each]):
        found = _entry(entry)
        if found is None:
            return UNKNOWN
        if not _within(found, proxies):
            return _counted(found)
    return _counted(connected)


def _entry(text: str) -> Address | None:
    """Return the address that a proxy wrote, as it is or with a port; None for anything else."""
    found = _WITH_PORT.fullmatch(text)
    if found is None:
        return None if "%" in text else _address(text)  # a zone means something on the proxy only
    fourth, sixth, port = found.groups()
    if port is not None and int(port) > _LAST_PORT:
        return None
    address = _address(fourth or sixth)
    return address if sixth is None or ":" in sixth else None


def _address(text: str) -> Address | None:
    """Return an address without its zone; one of version 4 that is written as of version 6 is what it is."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped


def _within(address: Address, nets: Sequence[Net]) -> bool:
    return any(address in net for net in nets)


def _counted(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _IPV6_KEPT), strict=False))
