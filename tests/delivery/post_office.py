"""A real mail server for tests, in a thread, with and without TLS: keeps what it took, and can be told to refuse."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pellucid.delivery import mail

HOST = "127.0.0.1"
PATIENCE = 120.0
"""Seconds for what takes none: so many that a busy machine is never taken for a server that does not come up."""


@dataclass
class PostOffice:
    """What a server took, in order, and what it refuses: replies by command (`RCPT`, `DATA`, `MAIL`)."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    on_mail: Callable[[EmailMessage], None] = lambda mail: None

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if "MAIL" in self.replies:
            return self.replies["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if "RCPT" in self.replies:
            return self.replies["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self.replies:
            return self.replies["DATA"]
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)
        self.on_mail(message)
        return "250 taken"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        return self.replies.get("QUIT", "221 Bye")

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    def texts(self) -> list[str]:
        """Return the plain text of every mail taken."""
        return [
            part.get_content() for mail in self.taken if (part := mail.get_body(preferencelist=("plain",))) is not None
        ]


class _AnyPort(Controller):
    """A server on a port that is free; the library goes on asking for the port 0 that it was given."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def open_post_office(
    *, on_mail: Callable[[EmailMessage], None] = lambda mail: None, **options: Any
) -> Iterator[PostOffice]:
    """Give a server that takes mail for as long as the block lasts; options are aiosmtpd's."""
    office = PostOffice(on_mail=on_mail)
    options |= {"authenticator": office.authenticate, "ready_timeout": PATIENCE}
    controller = _AnyPort(office, hostname=HOST, port=0, **options)
    controller.start()
    before, mail.SECONDS = mail.SECONDS, PATIENCE
    try:
        office.port = controller.port
        yield office
    finally:
        mail.SECONDS = before
        controller.stop()


def make_certificate(folder: Path, host: str = "") -> tuple[ssl.SSLContext, Path]:
    """Make a certificate of a host, or of this machine; return the server's context and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pellucid tests")])
    named = x509.DNSName(host) if host else x509.IPAddress(ip_address(HOST))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, both = folder / "trusted.pem", folder / "server.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, trusted
