"""The post office of the worked example: takes mail on this machine, and puts it into a folder instead of sending it.

For trying out only: who can read the folder reads everybody's codes. It never sends anything on.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

HOST = "127.0.0.1"
LINE, LARGEST = 4096, 1_000_000
"""Bytes of a line that are read at once, and of a mail that is taken."""


class _Office(socketserver.ThreadingTCPServer):
    """Takes mail at a free port; mails are numbered in the order in which they came."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.taken = 0
        super().__init__((HOST, 0), _Talk)

    def keep(self, raw: bytes) -> None:
        """Put a mail into the folder: its text, and its page beside it if it has one."""
        mail = BytesParser(EmailMessage, policy=default).parsebytes(raw)
        with self.lock:
            self.taken += 1
            name = self.folder / f"{self.taken:04}"
        for kind, suffix in (("html", ".html"), ("plain", ".txt")):
            part = mail.get_body((kind,))
            if part is not None:
                head = f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n" if kind == "plain" else ""
                _put(name.with_suffix(suffix), head + part.get_content())


class _Talk(socketserver.StreamRequestHandler):
    """One conversation (RFC 5321): greets, takes mails, and leaves."""

    server: _Office
    timeout = 60

    def handle(self) -> None:
        self._say("220 the example's post office")
        while line := self.rfile.readline(LINE):
            verb = line[:4].upper()
            if verb == b"DATA":
                self._take()
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine" if verb in (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP") else "500 what?")

    def _take(self) -> None:
        self._say("354 go on")
        raw = bytearray()
        while (line := self.rfile.readline(LINE)) and line != b".\r\n":
            raw += line[1:] if line.startswith(b"..") else line
            if len(raw) > LARGEST:
                return
        if line:
            self.server.keep(bytes(raw))
            self._say("250 kept")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def _put(path: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all: somebody may be waiting for it."""
    begun = path.with_name(f".{path.name}")
    begun.write_text(text, encoding="utf-8")
    begun.replace(path)


@contextmanager
def open_postbox(folder: Path) -> Iterator[int]:
    """Take mail into `folder` (made, for its owner alone) while the block runs; give the port."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with _Office(folder) as office:
        thread = threading.Thread(target=office.serve_forever, name="postbox", daemon=True)
        thread.start()
        try:
            yield int(office.server_address[1])
        finally:
            office.shutdown()
            thread.join()
