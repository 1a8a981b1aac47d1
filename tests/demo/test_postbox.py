"""The example's post office: what real SMTP hands over is put into files that people can read."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

from pellucid.delivery.mail import Mail, MailServer, send
from pellucid.demo.keeper import SENDER, settings
from pellucid.demo.postbox import HOST, open_postbox
from pellucid.settings import Settings

TO = "household-7@customers.kornblume.example"
AT = datetime(2026, 11, 30, tzinfo=UTC)


def test_mail_is_put_into_files_as_it_was_written(tmp_path: Path) -> None:
    text = "Your code: 12345678\n\n. a line that begins with a dot\né: not only ASCII\n"
    with open_postbox(tmp_path / "mail") as port:
        server = MailServer(HOST, port, SENDER, tls="none")
        send(server, Mail("one", "household-7@customers.kornblume.example", "Your code", text, AT))
        send(
            server, Mail("two", "household-7@customers.kornblume.example", "Ça alors", "text\n", AT, html="<p>page</p>")
        )

    kept = {path.name: path.read_text("utf-8") for path in (tmp_path / "mail").iterdir()}
    to = f"To: {TO}\nSubject: "
    assert kept == {
        "0001.txt": f"{to}Your code\n\n{text}",
        "0002.txt": f"{to}Ça alors\n\ntext\n",
        "0002.html": "<p>page</p>\n",
    }
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700


def test_what_is_kept_is_told_where_mail_goes_and_where_its_links_lead() -> None:
    taken = {name.removeprefix("PELLUCID_").lower(): value for name, value in settings(8700, 25).items()}
    told = Settings.model_validate(taken)

    assert (told.smtp_host, told.smtp_port, told.smtp_tls, told.public_url) == (
        HOST,
        25,
        "none",
        "http://127.0.0.1:8700",
    )
