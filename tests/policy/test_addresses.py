"""What is a mail address, and above all what is none."""

from __future__ import annotations

import pytest

from pellucid.policy.addresses import is_address


@pytest.mark.parametrize(
    "text", ["a@b.example", "privacy+rights@shop.example", "o'hara@x-y.example", "root@localhost", "a.b.c@d.example"]
)
def test_an_address_is_one_mailbox(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@b.example",
        "a@",
        "a@b@c.example",
        "a b@c.example",
        "Alice <a@b.example>",
        "<a@b.example>",
        "a@b.example,c@d.example",
        "a@b.example\n",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\0",
        '"a b"@c.example',
        ".a@b.example",
        "a..b@c.example",
        "a@-b.example",
        "a@b..example",
        "a@[127.0.0.1]",
        "ä@b.example",
        "a@bücher.example",
        "a" * 65 + "@b.example",
        "a@" + "b." * 126 + "example",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_address(text)
