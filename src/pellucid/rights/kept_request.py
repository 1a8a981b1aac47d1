"""Reading one request as it is kept. Filing requests and moving them on is not done here."""

from __future__ import annotations

import json
from dataclasses import fields

from sqlalchemy import Connection, select

from pellucid.errors import NameUnknown
from pellucid.records.rights_tables import rights_requests
from pellucid.rights.request import STRENGTHS, Request, RequestState, Right, Verification


def request_kept(connection: Connection, id: str) -> Request:
    """Return a request by its id; raises NameUnknown."""
    row = connection.execute(select(rights_requests).where(rights_requests.c.id == id)).one_or_none()
    if row is None:
        raise NameUnknown("request", id, remedy="See `pellucid requests list`.")
    named = {each.name for each in fields(Request)}
    kept = {name: value for name, value in row._mapping.items() if name in named}
    right, asked = Right(row.right), {} if row.asked is None else json.loads(row.asked)
    kept |= {"right": right, "state": RequestState(row.state), "verification": Verification(row.verification)}
    return Request(**{"strength": STRENGTHS[right], **kept, "asked": asked})
