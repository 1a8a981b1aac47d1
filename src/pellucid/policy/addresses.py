"""What is a mail address to us: one mailbox, plain ASCII, nothing that could end a line or name a second recipient."""

from __future__ import annotations

import re

LONGEST = 254
"""Characters of an address (RFC 5321 §4.5.3.1.3, less the angle brackets)."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"  # the dot-atom of RFC 5322 §3.4.1
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def is_address(text: str) -> bool:
    """Return whether a text is a mail address that can be written to as it is."""
    local = text.partition("@")[0]
    return len(text) <= LONGEST and len(local) <= 64 and _ADDRESS.fullmatch(text) is not None
