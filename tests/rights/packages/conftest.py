"""A shop whose rows are about one person or two, and requests of its people."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from pellucid.records.columns import to_instant
from pellucid.records.rights_tables import rights_requests
from pellucid.rights.request import Request, RequestState, Right, Verification
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, create

NOW = to_instant(datetime(2026, 6, 1, 12, tzinfo=UTC))
DAY = 86_400_000_000
PEOPLE = ("alice", "bob", "carol", "dora")

_PURPOSE = """\
  {name}:
    title: {name}
    description: Why {name}.
    notice: {{version: "{version}", text: "{text}"}}
    basis: {{eu: {{basis: {basis}}}, us-ca: {{basis: {basis}}}}}
    unknown: {{place: eu, age: adult}}
    minimum_age: 0
    kinds: [{kind}]
    categories: [{categories}]
    recipients: [{recipients}]
    roles: [analyst]
    release: {{rule: private, epsilon: {{default: 1, max: 3}}, allowance: {{epsilon: 6, delta: 1.0e-7, period: month}},
              max_groups: 4, rows: {{per_group: 10}}, threshold_delta: 1.0e-8}}
"""


def policy_text(version: str = "1", text: str = "We count what is bought.") -> str:
    return (
        """\
controller:
  {name: Shop, country: DE, contact: privacy@shop.example, officer: pia,
   authorities: [{name: The Watch, web: "https://watch.example", jurisdictions: [DE], phone: "+49 1"}]}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE]}
  us-ca: {title: California, jurisdictions: [US-CA]}
namespaces:
  customer: {title: Customer, cap: {epsilon: 24, delta: 1.0e-6, period: year}}
  device: {title: Device, cap: {epsilon: 24, delta: 1.0e-6, period: year}}
recipients:
  partner: {title: A partner, country: FR, kind: third_party}
roles:
  analyst: {title: Analyst, may: [query, preview]}
  officer: {title: Officer, may: [policy-activate, data-add, data-list, consent-record, consent-show, laws-decide,
            subject-link, subject-access, subject-uses, messages-send, audit-checkpoint, audit-read]}
people:
  ana: {title: Ana, roles: [analyst]}
  pia: {title: Pia the officer, roles: [officer]}
purposes:
"""
        + _PURPOSE.format(
            name="planning",
            version=version,
            text=text,
            basis="legitimate_interests, default: opt_out",
            categories="user.behavior",
            recipients="partner",
            kind="own_analytics",
        )
        + _PURPOSE.format(
            name="letters",
            version="7",
            text="We write to you <b>often</b>.",
            basis="consent, default: opt_in",
            categories="user.contact",
            recipients="",
            kind="marketing_email_sms",
        )
        + """\
datasets:
  products:
    title: The range
    public: true
    columns:
      product: {type: text, category: public.product, nullable: false}
  purchases:
    title: Purchases
    source: the tills
    subjects: [{namespace: customer, column: who}]
    time: bought
    retention_days: 3650
    columns:
      who: {type: text, category: user.unique_id, nullable: false}
      product: {type: text, category: user.behavior.purchase_history}
      price: {type: money, scale: 2, category: user.financial.purchase}
      bought: {type: timestamp, category: user.behavior.purchase_history, nullable: false}
  profiles:
    title: What customers told us
    subjects: [{namespace: customer, column: who}]
    facts: {jurisdiction: place, birth_year: born, estimated: [birth_year]}
    columns:
      who: {type: text, category: user.unique_id, nullable: false}
      email: {type: text, category: user.contact.email}
      phone: {type: text, category: user.contact.phone_number}
      place: {type: text, category: user.contact.address.state}
      born: {type: integer, category: user.demographic.date_of_birth}
      passport: {type: text, category: user.government_id}
      taste: {type: text, category: user.inferred}
  gifts:
    title: Gift cards, who gave them to whom
    subjects:
      - {namespace: customer, column: giver}
      - {namespace: customer, column: receiver}
    facts: {vulnerable: giver_frail}
    columns:
      giver: {type: text, category: user.unique_id, nullable: false}
      receiver: {type: text, category: user.unique_id, nullable: false}
      giver_frail: {type: boolean, category: user.demographic}
      sent_to: {type: text, category: user.contact.email}
      amount: {type: integer, category: user.behavior.purchase_history}
  visits:
    title: Visits of the web shop
    subjects: [{namespace: device, column: device}]
    columns:
      device: {type: text, category: user.device.cookie_id, nullable: false}
      page: {type: text, category: user.behavior.browsing_history}
      share: {type: real, category: user.behavior}
"""
    )


ROWS: dict[str, tuple[dict[str, object], ...]] = {
    "purchases": tuple(
        {
            "who": who,
            "product": product,
            "price": f"{number}.5{number % 10}",
            "bought": f"2026-05-{number % 28 + 1:02}T10:00:00Z",
        }
        for number, (who, product) in enumerate(
            (who, product)
            for who in PEOPLE[:3]
            for product in ("milk", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "'quoted", 'say "hi",\nyes', "")
        )
    ),
    "profiles": tuple(
        {
            "who": who,
            "email": f"{who}@mail.example",
            "phone": f"+49 {number}" if who != "carol" else "",
            "place": "US-CA" if who == "carol" else "DE",
            "born": 1970 + number,
            "passport": f"C0{number}{who.upper()}",
            "taste": f"sweet for {who}",
        }
        for number, who in enumerate(PEOPLE)
    ),
    "gifts": tuple(
        {"giver": giver, "receiver": taker, "giver_frail": "true", "sent_to": f"{taker}@gift.example", "amount": amount}
        for amount, (giver, taker) in enumerate(
            (("alice", "bob"), ("bob", "alice"), ("carol", "bob"), ("alice", "alice"), ("carol", "dora"))
        )
    ),
    "visits": tuple(
        {"device": device, "page": f"/{device}/{page}", "share": 0.1 * page}
        for device in ("d-alice", "d-bob")
        for page in range(3)
    ),
}


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def make_shop(folder: Path) -> None:
    with create(folder, name="test/rights", actor_name="pia") as made:
        (folder / "policy" / "policy.yaml").write_text(policy_text())
        made.policy.activate(actor=made.actor("pia"))
        pia = made.actor("pia")
        for name, rows in {"products": ({"product": "milk"},), **ROWS}.items():
            made.data.add(name, write_csv(folder / f"{name}.csv", rows), actor=pia)
        made.consent.record(
            "give",
            "alice",
            purpose="letters",
            actor=pia,
            namespace="customer",
            covers="held_data",
            channel="web",
        )


@pytest.fixture(scope="session")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rights") / "shop"
    make_shop(folder)
    return folder


@pytest.fixture
def shop(made_shop: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of the test's own."""
    shutil.copytree(made_shop, tmp_path / "shop")
    with Workspace(tmp_path / "shop") as workspace:
        yield workspace


def request_id(*parts: str) -> str:
    """Return an id as the book gives them, the same for the same parts."""
    return f"r{sha256('/'.join(parts).encode()).hexdigest()[:12]}"


def file_request(workspace: Workspace, who: str, right: Right = Right.ACCESS, id: str = "", **changes: Any) -> Request:
    """Store a request of a person who has shown who they are, as it stands before it is fulfilled."""
    with workspace.room.database.write() as connection:
        subject = find(connection, "customer", who)
        values: dict[str, Any] = {
            "id": id or request_id(who, right.value),
            "right": right,
            "namespace": "customer",
            "subject": subject,
            "received_at": NOW,
            "due": "2026-07-01",
            "channel": "web",
            "strength": 1,
            "state": RequestState.IN_PROGRESS,
            "verification": Verification.SHOWN,
            "verified_strength": 2,
            "acknowledged_at": NOW,
            "verified_at": NOW,
        }
        request = Request(**values | changes)
        row = asdict(request)
        asked = json.dumps(row["asked"]).encode()
        connection.execute(
            insert(rights_requests).values(
                **{k: v for k, v in row.items() if k in rights_requests.c} | {"asked": asked}
            )
        )
    return request


Package = Callable[..., Path]


@pytest.fixture
def package(shop: Workspace, tmp_path: Path) -> Package:
    """Make and unpack the package of somebody's request; returns its folder."""

    def make(who: str, right: Right = Right.ACCESS, **changes: Any) -> Path:
        request = file_request(shop, who, right, **changes)
        folder = tmp_path / f"{request.id}"
        shop.access.package(request.id, folder, actor=shop.actor("pia"))
        return folder

    return make


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
