"""What is an address to us: a mailbox, or a page on the web.

A mail address is one mailbox in plain ASCII, nothing that could end a line or name a second recipient. A page is read
by its own encrypted address, which can be put into a page of ours as it is.
"""

from __future__ import annotations

import re

LONGEST = 254
"""Characters of an address (RFC 5321 §4.5.3.1.3, less the angle brackets)."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"  # the dot-atom of RFC 5322 §3.4.1
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)

_WEB = re.compile(
    r"https://([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}(/[A-Za-z0-9._~!$&*+,;=:@%/?#-]*)?"
)


def is_web_address(text: str) -> bool:
    """Return whether a text is the address of a page that can be linked to as it is."""
    return len(text) <= LONGEST and _WEB.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Return whether a text is a mail address that can be written to as it is."""
    local = text.partition("@")[0]
    return len(text) <= LONGEST and len(local) <= 64 and _ADDRESS.fullmatch(text) is not None
