"""A made-up shop: its pages, a reverse proxy before pellucid under the same host, and a host of tags that counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}
PASSED_ON = ("/privacy", "/verify", "/.well-known/gpc.json")
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="/events.js"></script>
<script src="/privacy/static/consent.js" defer></script>
</head><body>
<pellucid-consent purposes="{purposes}"></pellucid-consent>
<main><h1>Bread and butter</h1>
<p>We bake every day. <a href="/privacy/visitor" data-pellucid-open>Choices about your data</a></p></main>
<script type="text/plain" data-purpose="offers" src="{tags}/offers.js"></script>
<script type="text/plain" data-purpose="planning" src="{tags}/planning.js"></script>
<script type="text/plain" data-purpose="offers planning" src="{tags}/both.js"></script>
<script type="text/plain" data-purpose="" src="{tags}/nameless.js"></script>
<img alt="" data-purpose="offers" data-src="{tags}/pixel.js">
</body></html>"""
EVENTS = b"""window.told = [];
addEventListener('pellucid:consent', (each) => {
  told.push(each.detail);
  document.documentElement.dataset.told = told.length;
});"""


@dataclass
class Shop:
    """A shop as it is served: where, and which tags were asked for, in order."""

    address: str
    asked: list[str] = field(default_factory=list)


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def give(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def open_shop(pellucid: str) -> Iterator[Shop]:
    """Open a shop whose host passes on to pellucid what is its own."""
    asked: list[str] = []

    class Tags(_Quiet):
        def do_GET(self) -> None:
            asked.append(self.path.lstrip("/"))
            self.give(200, b"", {"Content-Type": "text/javascript", "Cache-Control": "no-store"})

    with ExitStack() as stack:
        tags = stack.enter_context(serving(Tags))

        class Front(_Quiet):
            def do_GET(self) -> None:
                if self.path.startswith(PASSED_ON):
                    self._pass_on()
                elif self.path == "/events.js":
                    self.give(200, EVENTS, {"Content-Type": "text/javascript"})
                else:
                    language, _, purposes = urlsplit(self.path).query.partition(".")
                    page = PAGE.format(tags=tags, language=language or "en", purposes=purposes.replace("+", " "))
                    csp = f"default-src 'none'; script-src 'self' {tags}; connect-src 'self'; img-src {tags}"
                    headers = {"Content-Type": "text/html", "Content-Security-Policy": csp}
                    self.give(200, page.encode(), headers)

            def do_POST(self) -> None:
                self._pass_on()

            def do_DELETE(self) -> None:
                self._pass_on()

            def _pass_on(self) -> None:
                """Ask pellucid the same, with the host that people see, and from where they come."""
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
                sent["X-Forwarded-For"] = self.client_address[0]
                connection = HTTPConnection(urlsplit(pellucid).netloc, timeout=60)
                try:
                    connection.request(self.command, self.path, body or None, sent)
                    answer = connection.getresponse()
                    content = answer.read()
                finally:
                    connection.close()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP | {"content-length"}:
                        self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        yield Shop(stack.enter_context(serving(Front)), asked)
