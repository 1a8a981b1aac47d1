"""The story's own browser: enough of one to open pages, keep cookies and press buttons, over real HTTP."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from pellucid.demo.reading import DemoFailed

SECONDS = 120


@dataclass
class Browser:
    """A browser at one address; `page` is the page that is open."""

    address: str
    page: str = ""
    _cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str) -> str:
        """Open a page and return what it says."""
        self._go("GET", path)
        return self.words

    def press(self, action: str, **fields: str) -> str:
        """Send a form of the page that is open, and return what the page says that it leads to."""
        token = re.search(r'name="_token" value="([^"]+)"', self.page)
        if token is None or f'action="{action}"' not in self.page:
            raise DemoFailed(f"The page has no form for {action}.")
        self._go("POST", action, {"_token": token[1], **fields})
        return self.words

    @property
    def words(self) -> str:
        """What the open page says, without its tags."""
        main = re.search(r"<main.*?</main>", self.page, re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main[0] if main else "")).split())

    def _go(self, method: str, path: str, fields: dict[str, str] | None = None) -> None:
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=SECONDS)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if fields is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.address}
        try:
            connection.request(method, path, None if fields is None else urlencode(fields), headers)
            answer = connection.getresponse()
            self.page = answer.read().decode()
        finally:
            connection.close()
        self._keep(answer.headers.get_all("Set-Cookie") or [])
        if answer.status == 303:
            self._go("GET", (answer.headers["Location"] or "").partition("#")[0])
        elif answer.status != 200:
            raise DemoFailed(f"{method} {path} was answered with {answer.status}.")

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
