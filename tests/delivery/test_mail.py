"""Mail over a real SMTP server: encrypted, to one mailbox, the same each time, and refusals told in our own words."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pellucid.delivery.mail import Mail, MailServer, message_of, send
from pellucid.errors import DeliveryFailed, InputInvalid, WorkspaceUnusable
from tests.delivery.post_office import HOST, PostOffice, make_certificate, open_post_office

AT = datetime(2026, 10, 18, 9, 0, tzinfo=UTC)
MAIL = Mail("d1", "alice@home.example", "Your request", "Hello Älice,\n.\nall is well.\n", AT)
SENDER = "privacy@shop.example"


def server(office: PostOffice, **changes: object) -> MailServer:
    return replace(MailServer(HOST, office.port, SENDER, tls="none"), **changes)  # type: ignore[arg-type]


def failure(office: PostOffice, **changes: object) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed, match=r"mail server|encrypted connection") as failed:
        send(server(office, **changes), MAIL)
    assert "secret" not in failed.value.diagnostics()
    assert (failed.value.__cause__, failed.value.__suppress_context__) == (None, True)
    return failed.value


def test_a_mail_arrives_as_it_was_written(office: PostOffice) -> None:
    send(server(office), MAIL)
    (taken,) = office.taken
    assert office.envelopes == [(SENDER, ["alice@home.example"])]
    assert (taken["Message-ID"], taken["Auto-Submitted"]) == ("<d1@shop.example>", "auto-generated")
    assert (taken["From"], taken["To"], taken["Subject"]) == (SENDER, "alice@home.example", "Your request")
    assert office.texts()[0].replace("\r\n", "\n") == MAIL.text


def test_a_mail_with_html_has_both_and_is_the_same_each_time() -> None:
    mail = replace(MAIL, html="<p>Hello</p>")
    first, second = (message_of(MailServer("h", 25, SENDER), mail) for _ in range(2))
    assert first.as_bytes() == second.as_bytes()
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "to", ["", "alice", "alice@home.example, bob@home.example", "alice@home.example\r\nBcc: eve@x.example"]
)
def test_a_mail_goes_to_one_mailbox_only(to: str) -> None:
    with pytest.raises(InputInvalid, match="The address that a mail should go to is no mail address"):
        replace(MAIL, to=to)


@pytest.mark.parametrize("changes", [{"subject": "a\r\nBcc: eve@x.example"}, {"subject": "a\x00"}, {"id": "a\nb"}])
def test_nothing_can_be_slipped_into_the_headers(changes: dict[str, str]) -> None:
    with pytest.raises(InputInvalid, match="holds characters that no header may hold"):
        replace(MAIL, **changes)  # type: ignore[arg-type]


def test_neither_address_nor_words_nor_password_are_in_a_repr(office: PostOffice) -> None:
    told = repr(MAIL) + repr(server(office, user="u", password="secret"))
    assert [word for word in ("alice", "Hello", "secret") if word in told] == []


@pytest.mark.parametrize(
    ("step", "reply", "code", "for_good"),
    [
        ("RCPT", "550 no such secret user", "mail-refused", True),
        ("RCPT", "450 secret greylisting", "mail-deferred", False),
        ("DATA", "554 secret spam", "mail-refused", True),
        ("DATA", "452 secret disk full", "mail-deferred", False),
        ("MAIL", "550 secret sender", "mail-deferred", False),
    ],
)
def test_what_a_server_refuses_is_told_in_our_words(
    office: PostOffice, step: str, reply: str, code: str, for_good: bool
) -> None:
    office.replies[step] = reply
    failed = failure(office)
    assert (failed.code, failed.for_good) == (code, for_good)
    assert office.taken == []


def test_a_server_that_takes_the_mail_and_is_rude_afterwards_has_taken_it(office: PostOffice) -> None:
    office.replies["QUIT"] = "500 secret"
    send(server(office), MAIL)
    assert len(office.taken) == 1


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind((HOST, 0))  # and nobody listens
        failed = failure(PostOffice(free.getsockname()[1]))
    assert (failed.code, failed.for_good) == ("mail-unreachable", False)


def test_a_server_that_hangs_up_or_says_nothing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.delivery.mail.SECONDS", 0.3)
    with socket.create_server((HOST, 0)) as listening:
        assert failure(PostOffice(listening.getsockname()[1])).code == "mail-unreachable"  # says nothing
        hung_up = threading.Thread(target=_hang_up_twice, args=(listening,))
        hung_up.start()
        assert failure(PostOffice(listening.getsockname()[1])).code == "mail-unreachable"
        hung_up.join()


def _hang_up_twice(listening: socket.socket) -> None:
    for _ in range(2):
        listening.accept()[0].close()


@pytest.mark.parametrize(("host", "sender"), [("", SENDER), (HOST, "")])
def test_without_a_server_nothing_is_sent(host: str, sender: str) -> None:
    with pytest.raises(WorkspaceUnusable, match="No mail server is set"):
        send(MailServer(host, 25, sender), MAIL)


def test_mail_does_not_travel_unencrypted_to_another_machine() -> None:
    with pytest.raises(WorkspaceUnusable, match="Mail would travel unencrypted"):
        send(MailServer("mail.example", 25, SENDER, tls="none"), MAIL)


def test_a_server_without_tls_is_sent_nothing(office: PostOffice) -> None:
    assert failure(office, tls="starttls").code == "mail-tls"
    assert failure(office, tls="tls").code in ("mail-tls", "mail-unreachable")
    assert office.taken == []


def test_mail_and_login_travel_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with open_post_office(tls_context=context, require_starttls=True) as office:
        send(server(office, tls="starttls", user="pellucid", password="right"), MAIL)
        assert failure(office, tls="starttls", user="pellucid", password="secret").code == "mail-login"
        assert (office.encrypted, office.logins[0]) == ([True], (b"pellucid", b"right"))


def test_a_certificate_that_nobody_vouches_for_ends_it(tmp_path: Path) -> None:
    context, _ = make_certificate(tmp_path)
    with open_post_office(tls_context=context, require_starttls=True) as office:
        assert failure(office, tls="starttls").code == "mail-tls"
    with open_post_office(ssl_context=context) as office:
        assert failure(office, tls="tls").code == "mail-tls"
