"""Status callbacks of agents (Data Rights Protocol 1.0 §2.03): where they may go, and that one is to go out.

What is sent is worked out when it is sent, so that an agent never hears an older status after a newer one.
"""

from __future__ import annotations

import re
import secrets

from sqlalchemy import Connection

from pellucid.delivery import outbox
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy
from pellucid.rights.clock import Terms
from pellucid.rights.request import Request
from pellucid.rights.status import status_of

ABOUT = "callback:"
AGENT = "agent:"
"""What stands before an agent's id where a request names who filed it."""
HTTPS = 443
LONGEST_URL = 2_000
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"(?=[^:/?]{{1,253}}(?:[:/?]|$)){_LABEL}(?:\.{_LABEL})*\.(?!\d+(?:[:/?]|$)){_LABEL}"
_PORT = r"[1-9][0-9]{0,4}"
_PLACE = re.compile(rf"({_HOST})(?::({_PORT}))?")
_URL = re.compile(rf"https://({_HOST})(?::({_PORT}))?((?:[/?][!$-;=?-Z_a-z~%\[\]]*)?)", re.IGNORECASE | re.ASCII)


def place_of(host: str) -> str:
    """Return a host as it is registered: HOST, or HOST:PORT unless the port is 443.

    Raises InputInvalid for an IP address, a name of one part, or anything else: a callback goes to a name in the DNS.
    """
    found = _PLACE.fullmatch(host.lower()) if host.isascii() else None
    port = int(found[2] or HTTPS) if found else 0
    if found is None or not 0 < port < 65_536:
        raise InputInvalid(
            "The host of an agent's callbacks is no name in the DNS, with or without a port.",
            remedy="Write it as callbacks.agent.example, or callbacks.agent.example:8443.",
            code="callback-host",
        )
    return found[1] if port == HTTPS else f"{found[1]}:{port}"


def is_allowed(url: str, host: str | None) -> bool:
    """Return whether a URL is https at exactly the host, and the port, that is registered."""
    found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None or host is None:
        return False
    port = int(found[2] or HTTPS)
    return host == (found[1].lower() if port == HTTPS else f"{found[1].lower()}:{port}")


def demand_allowed(said: object, host: str | None) -> str | None:
    """Return the URL that an agent names for callbacks, None if it names none; raises InputInvalid for any other."""
    if said is None or said == "":
        return None
    if isinstance(said, str) and is_allowed(said, host):
        return said
    where = f"https://{host}/…" if host else "none, since no host is registered for this agent"
    raise InputInvalid(
        f"The status_callback is not allowed; allowed is {where}.",
        remedy="Leave it out and ask for the status, or have the host registered by the technical contact.",
        code="callback-other",
    )


def put_if_changed(
    connection: Connection, policy: Policy, terms: Terms, before: Request, after: Request, now: int
) -> None:
    """Put a callback if what the agent is told of its request changed, in the transaction of the change."""
    if before.status_callback is None or before.agent is None:
        return
    if status_of(policy, terms, before) == status_of(policy, terms, after):
        return
    outbox.put(
        connection,
        secrets.token_hex(16),
        outbox.CALLBACK,
        before.agent.removeprefix(AGENT),
        f"{ABOUT}{after.id}",
        {"to": before.status_callback},
        now,
    )
