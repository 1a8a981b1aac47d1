"""Sending one mail over SMTP, encrypted, to one mailbox. What to send, and when again, is decided elsewhere.

What a server or the network says is kept back: it may hold addresses. Errors have codes of ours.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pellucid.errors import DeliveryFailed, InputInvalid, WorkspaceUnusable
from pellucid.policy.addresses import is_address

SECONDS = 20.0
"""How long each step of talking to the server may take; ten of them are shorter than a worker's claim."""

TLS_MODES = ("starttls", "tls", "none")
LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over: `tls` is `starttls`, `tls` from the first byte, or `none` on this very machine."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one mailbox: plain text, and the same as HTML if it is given. Raises InputInvalid for anything else.

    `id` tells it from all others: whoever gets it twice sees by its Message-ID that it is the same. `at` (UTC) is when
    it was written.
    """

    id: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    at: datetime
    html: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not is_address(self.to):
            raise _unaddressed("The address that a mail should go to")
        if not self.subject.isprintable() or not is_address(f"{self.id}@x"):
            raise InputInvalid(
                "The subject or the id of a mail holds characters that no header may hold.",
                remedy="Leave out line ends and control characters.",
                code="mail-header-invalid",
            )


def send(server: MailServer, mail: Mail) -> None:
    """Hand a mail over to the server; when it returns, the server answers for it.

    Raises WorkspaceUnusable where no server is set, or one without encryption that is not this machine, and
    DeliveryFailed for what the server or the network refused: `for_good` where trying again is of no use.
    """
    demand_usable(server)
    message = message_of(server, mail)
    try:
        connection = _connected(server)
        try:
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message, from_addr=server.sender, to_addrs=[mail.to])
        finally:
            _leave(connection)
    except (OSError, smtplib.SMTPException) as error:  # SMTPException is an OSError; named for who reads it
        raise _failed(error) from None


def message_of(server: MailServer, mail: Mail) -> EmailMessage:
    """Return the mail as it is sent; the same each time, so that a repeat is recognisable."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(server.sender)
    message["To"] = _address(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine shall answer it
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
        message.set_boundary(f"pellucid-{mail.id}"[:70])
    return message


def demand_usable(server: MailServer) -> None:
    """Raise WorkspaceUnusable unless mail can be handed over to the server without anybody reading it on the way."""
    if not server.host or not server.sender:
        raise WorkspaceUnusable(
            "No mail server is set, so no mail can be sent.",
            remedy="Set PELLUCID_SMTP_HOST and PELLUCID_SMTP_FROM; see `docs/how-to/run-the-worker.md`.",
            code="mail-unset",
        )
    if not is_address(server.sender):
        raise _unaddressed("PELLUCID_SMTP_FROM")
    if server.tls == "none" and server.host not in LOCAL:
        raise WorkspaceUnusable(
            "Mail would travel unencrypted: PELLUCID_SMTP_TLS=none is for a server on this very machine.",
            remedy="Set PELLUCID_SMTP_TLS to starttls or tls.",
            code="mail-unprotected",
        )


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.tls == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=ssl.create_default_context())
    connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    if server.tls == "starttls":
        try:
            connection.starttls(context=ssl.create_default_context())
        except smtplib.SMTPResponseException:
            connection.close()
            raise smtplib.SMTPNotSupportedError from None
        except BaseException:
            connection.close()
            raise
    return connection


def _leave(connection: smtplib.SMTP) -> None:
    """Hang up; how the server takes it says nothing of the mail, which it has or has not taken before."""
    with suppress(OSError, smtplib.SMTPException):
        connection.quit()
    connection.close()


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(username=local, domain=domain)


def _failed(error: Exception) -> DeliveryFailed:
    """Return the error of ours for what the library raised, whose words are kept back."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryFailed(
            "The mail server did not accept the user and the password.",
            remedy="Check PELLUCID_SMTP_USER and PELLUCID_SMTP_PASSWORD.",
            code="mail-login",
        )
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return DeliveryFailed(
            "No encrypted connection to the mail server came about, so nothing was sent.",
            remedy="Check PELLUCID_SMTP_TLS, and that the server's certificate is valid for PELLUCID_SMTP_HOST.",
            code="mail-tls",
        )
    replies = _replies(error)
    if replies and all(500 <= reply < 600 for reply in replies):
        return DeliveryFailed(
            "The mail server refused the mail for good.",
            remedy="Check the address that it should go to, and PELLUCID_SMTP_FROM.",
            code="mail-refused",
            for_good=True,
        )
    if replies:
        return DeliveryFailed(
            "The mail server does not take the mail for now.", remedy="It is tried again.", code="mail-deferred"
        )
    return DeliveryFailed(
        "The mail server cannot be reached, or broke off.",
        remedy="It is tried again. Check PELLUCID_SMTP_HOST, PELLUCID_SMTP_PORT and the network.",
        code="mail-unreachable",
    )


def _replies(error: Exception) -> list[int]:
    """Return the codes that the server answered with."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    # Greeting and HELO say how the server is, not what becomes of this mail.
    if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return []
    if isinstance(error, smtplib.SMTPSenderRefused):  # our own address, which somebody may set right meanwhile
        return [450]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _unaddressed(what: str) -> InputInvalid:
    return InputInvalid(
        f"{what} is no mail address.", remedy="Write it as name@domain, in plain ASCII.", code="mail-address"
    )
