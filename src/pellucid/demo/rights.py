"""The part of the story about people's rights: a copy of everything, an erasure with its receipt, what time ends."""

from __future__ import annotations

import re
import subprocess
import sys

from pellucid.demo.reading import DemoFailed, demand
from pellucid.demo.telling import Teller, say

COPIED, ERASED = "6", "3"
"""A household in Germany that asks for a copy, and one in France that asks to be erased."""


def tell_rights(teller: Teller) -> None:
    """Run the steps about rights."""
    _copy(teller)
    _erase(teller)
    _retain(teller)


def _copy(teller: Teller) -> None:
    teller.step("A customer asks what is held about them: nothing is handed over before it is known who asks")
    request = _filed(teller.run("subject", "access", COPIED, "--as", "omar"))
    refused = teller.run("requests", "carry-out", request, "--as", "pia", code=2)
    demand("not known" in refused, "nobody gets a copy who did not show who they are")
    teller.run("requests", "answer", request, "12345678", "--as", "pia", code=3)
    teller.run("requests", "verify", request, "--evidence", "passport, seen in the shop", "--as", "pia", lines=2)
    teller.run("requests", "carry-out", request, "--as", "pia", lines=2)
    teller.run("subject", "package", request, "--to", "copy", "--as", "pia")
    page = (teller.folder / "copy" / "index.html").read_text("utf-8")
    demand("transactions" in page.lower(), "the copy holds what they bought")
    demand("The package holds." in _audit(teller, "package", "copy"), "its files are checked offline")


def _erase(teller: Teller) -> None:
    teller.step("A customer asks to be erased. The plan says what goes, what stays and why; two people see to it")
    request = _filed(teller.run("subject", "erase", ERASED, "--as", "omar"))
    plan = teller.run("erase", "plan", ERASED, "--as", "pia")
    demand("transactions" in plan and "unreachable" in plan, "the plan names what it cannot reach, too")
    teller.run("requests", "approve", request, "--as", "pia", code=2)
    teller.run("requests", "verify", request, "--evidence", "passport, seen in the shop", "--as", "pia", lines=2)
    say("Omar filed it, so another has to approve it:")
    teller.run("requests", "approve", request, "--as", "omar", code=3)
    teller.run("requests", "approve", request, "--as", "pia", lines=2)
    teller.run("requests", "carry-out", request, "--as", "pia", lines=2)
    gone = teller.run("consent", "why", ERASED, "-p", "service-improvement", "--as", "pia", code=2)
    demand("There is no subject" in gone, "nobody knows the household any more")
    erasure = teller.run("erase", "list", "--as", "pia").split()[0]
    teller.run("erase", "receipt", erasure, "--to", "erasure.json", "--as", "pia")
    demand("The receipt holds." in _audit(teller, "receipt", "erasure.json"), "the receipt is verified offline")


def _retain(teller: Teller) -> None:
    teller.step("What time ends: a preview of what is over, and by which rule it would go; nothing goes by itself yet")
    shown = teller.run("retention", "preview", "--as", "pia")
    demand("values of store_id would be emptied, older than the 2,922 days of the column" in shown, "a column ran out")
    demand("coupon_match_disc" in shown and "order-fulfilment" in shown, "no purpose needs another one any more")
    teller.run("retention", "schedule", "show", "--as", "pia")


def _filed(text: str) -> str:
    found = re.search(r"\br[0-9a-f]{12}\b", text)
    if found is None:
        raise DemoFailed("No request was filed.")
    return found[0]


def _audit(teller: Teller, what: str, place: str) -> str:
    keys = ("--key", teller.here(teller.workspace / "keys" / "log.key.pub"))
    print(f"\n$ python -m pellucid.audit {what} {place} {' '.join(keys)}", flush=True)
    command = [sys.executable, "-m", "pellucid.audit", what, place, *keys]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=teller.folder)  # noqa: S603  -- our own
    print(done.stdout + done.stderr, flush=True)
    return done.stdout
