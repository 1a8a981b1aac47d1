"""A grocer with a privacy centre: customers with mail addresses, staff with accounts, and browsers."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from sqlalchemy import select

from pellucid.governance import sessions
from pellucid.governance.sessions import CENTRE, CONSOLE
from pellucid.records.tables import log_entries
from pellucid.subjects import ids
from pellucid.web import cookies
from pellucid.workspace import Workspace, create
from tests.delivery.post_office import PostOffice
from tests.web.enrolling import PASSWORD as PASSWORD
from tests.web.enrolling import code_of as code_of
from tests.web.enrolling import enrolled_by

_PURPOSE = """\
  {name}:
    title: {title}
    description: {description}
    notice: {{version: "2026-11", text: "{text}"}}
    basis: {{eu: {{basis: {basis}}}}}
    unknown: {{place: eu, age: adult}}
    {extra}
    categories: [user.behavior.purchase_history, user.financial, user.contact.email]
    roles: [analyst]
    release:
      rule: private
      epsilon: {{default: 1, max: 3}}
      allowance: {{epsilon: 6, delta: 1.0e-7, period: month}}
      max_groups: 4
      rows: {{per_group: 10}}
      columns: {{sales_value: {{per_group: 100}}}}
      threshold_delta: 1.0e-8
      clipping_share: 0.1
      max_cells: 6
"""
POLICY = (
    """\
controller: {name: Grocer at the Corner, country: DE, contact: privacy@grocer.example, officer: pia}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE]}
namespaces:
  household: {title: Household, cap: {epsilon: 24, delta: 1.0e-6, period: year}}
recipients:
  hosting: {title: our hosting company, country: DE, kind: processor}
  post: {title: the post office, country: AT, kind: processor}
roles:
  analyst: {title: Analyst, may: [query, preview, budget-show, insight-list, insight-propose, insight-run]}
  officer: {title: Privacy officer, may: [policy-activate, data-add, consent-record, consent-show, audit-checkpoint,
            tokens-manage, staff-manage, delegation-manage, request-approve, request-carry-out, request-list,
            request-verify, audit-export, audit-read, consent-coverage-exact, consent-screens, erase, request-decide,
            request-file,
            insight-approve, insight-list, subject-access, subject-link]}
people:
  ana: {title: Ana Lyst, roles: [analyst]}
  pia: {title: Pia Vacy, roles: [officer]}
  mallory: {title: Mallory, roles: []}
purposes:
"""
    + _PURPOSE.format(
        name="planning",
        title="Decide what our shops carry",
        description="We count what is bought, so that the shelves hold it.",
        text="We count what is bought in our shops, to decide what they carry.",
        basis="legitimate_interests, default: opt_out",
        extra="recipients: [hosting]",
    )
    + _PURPOSE.format(
        name="offers",
        title="Choose offers for you",
        description="We choose offers by what a household bought before.",
        text="We look at what you bought, and send you offers that may fit.",
        basis="consent, default: opt_in",
        extra="consent_days: 365\n    recipients: [hosting, post]\n    sensitive: explicit_consent",
    )
    + _PURPOSE.format(
        name="accounts",
        title="Keep our accounts",
        description="We keep what the law on accounts asks for.",
        text="We keep bills for as long as the law on accounts says.",
        basis="legal_obligation, default: no_choice",
        extra="minimum_age: 0",
    )
    + """\
datasets:
  purchases:
    title: Purchases
    source: the tills of our shops
    retention_days: 1095
    time: bought
    subjects: [{namespace: household, column: household_id}]
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      sales_value: {type: money, scale: 2, category: user.financial.purchase}
      product: {type: text, category: user.behavior.purchase_history}
      bought: {type: timestamp, category: user.behavior.purchase_history, nullable: false}
    sensitive_when: [{column: product, values: [antacids], reveals: health}]
  members:
    title: Members
    key: [household_id]
    subjects: [{namespace: household, column: household_id}]
    facts: {jurisdiction: place}
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      email: {type: text, category: user.contact.email}
      second: {type: text, category: user.contact.email}
      place: {type: text, category: user.contact.address.country}
"""
)
MAIL = {"h0001": "alice@home.example", "h0002": "bob@home.example"}


def make_grocer(folder: Path) -> None:
    """Make the workspace: h0001 is alice, who has two addresses, h0002 bob, h0003 somebody without any."""
    with create(folder, name="test/grocer", actor_name="pia") as workspace:
        (folder / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))
        rows = folder / "rows.csv"
        rows.write_text(
            "household_id,sales_value,product,bought\n"
            + "".join(f"h{n:04},2.00,bread,2026-05-20T10:00:00Z\n" for n in range(1, 4))
        )
        workspace.data.add("purchases", rows, actor=workspace.actor("pia"))
        rows.write_text(
            "household_id,email,second,place\n"
            f"h0001,{MAIL['h0001']},alice@work.example,DE\nh0002,{MAIL['h0002']},,DE\nh0003,,,DE\n"
        )
        workspace.data.add("members", rows, actor=workspace.actor("pia"))
        rows.unlink()


@dataclass
class Page:
    """An answer as a browser sees it."""

    status: int
    text: str
    headers: httpx.Headers
    raw: bytes = field(default=b"", repr=False)

    @property
    def token(self) -> str:
        """The token of the page's forms."""
        found = re.search(r'name="_token" value="([^"]+)"', self.text)
        return found.group(1) if found else ""

    @property
    def settled(self) -> str:
        """The page without the tokens of its forms: in those, any few letters stand now and then."""
        return re.sub(r'(name="(?:_token|once)" value=")[^"]*', r"\1", self.text)

    @property
    def words(self) -> str:
        """What the main part of the page says, without tags."""
        main = re.search(r"<main.*?</main>", self.text, re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main.group() if main else "")).split())

    @property
    def place(self) -> str:
        """Where the answer leads."""
        return self.headers.get("location", "")


@dataclass
class Browser:
    """A browser as the server sees it: cookies, which it holds whatever the scheme, and what it says of a form."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Page:
        return self._send("GET", path, None, headers)

    def head(self, path: str, headers: Mapping[str, str] | None = None) -> Page:
        return self._send("HEAD", path, None, headers)

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Page:
        """Send a form as a page of ours sends it, or with other headers."""
        own = {"Origin": self.address, "Sec-Fetch-Site": "same-origin"}
        return self._send("POST", path, fields, own if headers is None else headers)

    def submit(self, page: str, action: str, headers: Any = None, **fields: str) -> Page:
        """Open a page and send a form of it."""
        return self.post(action, {"_token": self.get(page).token, **fields}, headers)

    def follow(self, page: Page) -> Page:
        return self.get(page.place.partition("#")[0])

    def _send(
        self, method: str, path: str, fields: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Page:
        shown = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**({"Cookie": shown} if shown else {}), **self.headers, **(headers or {})}
        body = None if fields is None else urlencode(fields)
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            sent_back = answer.read()
            page = Page(
                answer.status, sent_back.decode(errors="replace"), httpx.Headers(answer.getheaders()), sent_back
            )
        finally:
            connection.close()
        for line in page.headers.get_list("set-cookie"):
            self._keep(line)
        return page

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel.value:
                self.cookies[name] = morsel.value
            else:
                self.cookies.pop(name, None)


@dataclass
class Grocer:
    """The grocer's workspace while it is served, and its mail."""

    workspace: Workspace
    office: PostOffice
    address: str

    def browser(self) -> Browser:
        return Browser(self.address)

    def work(self) -> None:
        """Do all that the worker has to do."""
        while self.workspace.work.do_next("test") is not None:
            pass

    def code_for(self, household: str) -> str:
        """Return the newest code that was sent to a household."""
        sent = [mail for mail in self.office.taken if MAIL[household] in str(mail["To"])]
        return _code_in(sent[-1].get_content())

    def known(self, household: str = "h0001") -> Browser:
        """Return a browser with a session of a household, without signing in: people may only do that a few times."""
        with self.workspace.room.database.write() as connection:
            subject = ids.find(connection, "household", household)
            who = {"namespace": "household", "subject": subject, "address": b""}
            made = sessions.begin(connection, CENTRE, self.workspace.doors.key, who, "code", 1, self.now())
        return Browser(self.address, {cookies.CENTRE: made.secret})

    def filed(self, right: str, household: str = "h0001") -> str:
        """Return the id of a request that a household files, signed in."""
        visitor = self.workspace.doors.visitor(self.known(household).cookies[cookies.CENTRE])
        assert visitor is not None
        return self.workspace.own_requests.file(visitor, right).status.request

    def known_staff(self, name: str) -> Browser:
        """Return a browser with a session of somebody of the staff."""
        with self.workspace.room.database.write() as connection:
            key = self.workspace.doors.key
            made = sessions.begin(connection, CONSOLE, key, {"person": name}, "account", 2, self.now())
        return Browser(self.address, {cookies.CONSOLE: made.secret})

    def now(self) -> int:
        return self.workspace.room.clock()

    def entries(self) -> list[dict[str, Any]]:
        """Return the bodies of all entries of the log, the oldest first."""
        with self.workspace.room.database.read() as connection:
            bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            return [json.loads(body) for body in bodies]

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.entries()]

    def signed_in(self, household: str = "h0001") -> Browser:
        """Return a browser in which a household is signed in, as anybody would."""
        browser = self.browser()
        assert browser.submit("/privacy/sign-in", "/privacy/sign-in", key=household).status == 303
        self.work()
        done = browser.submit("/privacy/sign-in/code", "/privacy/sign-in/code", code=self.code_for(household))
        assert (done.status, done.place) == (303, "/privacy")
        return browser

    def staff(self, name: str = "pia") -> Browser:
        """Return a browser in which somebody of the staff is signed in; their account is made."""
        enrolled = enrolled_by(self.workspace, name)
        browser = self.browser()
        fields = {"name": name, "password": PASSWORD, "code": code_of(enrolled.authenticator, self.workspace)}
        assert browser.submit("/staff/sign-in", "/staff/sign-in", **fields).place == "/staff"
        return browser


def _code_in(text: str) -> str:
    found = re.search(r": (\d{4}) (\d{4})", text)
    assert found is not None, text
    return found.group(1) + found.group(2)
