"""From which address somebody asks: with ports, in brackets, through several proxies, and what is made up."""

from __future__ import annotations

import pytest

from pellucid.errors import WorkspaceUnusable
from pellucid.settings import Settings
from pellucid.web.addresses import asked_from, nets_of
from pellucid.web.origin import Place

PROXIES = nets_of(["10.0.0.2", "10.1.0.0/24", "2001:db8:ffff::2"])


def told(*lines: str, client: str = "10.0.0.2") -> str:
    return asked_from(client, lines, PROXIES)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:DB8:0:1::1", "2001:db8:0:1::/64"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_an_address_is_read_with_or_without_a_port(written: str, read: str) -> None:
    assert told(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "<script>",
        "unknown",
        "_hidden",
        "203.0.113.9:",
        "203.0.113.9:x",
        "203.0.113.9:65536",
        "203.0.113.9:4711:1",
        "203.0.113.09",
        "203.0.113",
        "3405803785",
        "[203.0.113.9]:80",
        "[2001:db8::1",
        "2001:db8::1]:443",
        "[2001:db8::1%eth0]:443",
        "fe80::1%eth0",
        '"[2001:db8::1]:443"',
        "203.0.113.9 :80",
        "٢٠٣.0.113.9",
        "localhost",
    ],
)
def test_what_is_no_address_is_nobodys_own_place_and_what_stands_before_it_is_not_believed(written: str) -> None:
    assert told(written) == "unknown"
    assert told(f"198.51.100.7, {written}") == "unknown"
    assert told("198.51.100.7", f"{written}, 10.1.0.9") == "unknown"


def test_the_last_address_that_is_no_proxys_counts_however_it_is_written() -> None:
    assert told("1.1.1.1, 203.0.113.7:99, 10.1.0.9:5000") == "203.0.113.7"
    assert told("1.1.1.1", "203.0.113.7:99", "[2001:DB8:FFFF:0::2]:1") == "203.0.113.7"
    assert told("203.0.113.7,, ") == "203.0.113.7"
    assert told("10.1.0.9, 10.0.0.2") == "10.0.0.2"
    assert told() == "10.0.0.2"
    assert told("", ",") == "10.0.0.2"


def test_a_proxy_is_known_at_a_socket_for_both_versions_and_nobody_else_is_believed() -> None:
    assert told("203.0.113.7:1", client="::ffff:10.0.0.2") == "203.0.113.7"
    assert told("203.0.113.7:1", client="198.51.100.1") == "198.51.100.1"
    assert told("203.0.113.7:1", client="fe80::1%eth0") == "fe80::/64"
    assert told("203.0.113.7:1", client="") == "unknown"


@pytest.mark.parametrize("proxy", ["proxy.internal", "::ffff:10.0.0.2", "10.0.0.2/0", "::/0"])
def test_a_proxy_that_is_no_address_is_told_before_anything_is_served(proxy: str) -> None:
    with pytest.raises(WorkspaceUnusable, match="names something that is no address of a proxy") as raised:
        Place.of(Settings(serve_proxies=(proxy,)))

    assert raised.value.code == "proxies-unfit"
