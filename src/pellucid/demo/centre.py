"""The end of the story: the privacy centre and the console run, and a household says no in it, in a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO
from urllib.error import URLError

from pellucid.demo.browser import Browser
from pellucid.demo.keeper import MAIL, TOLD
from pellucid.demo.reading import DemoFailed, demand, number_after
from pellucid.demo.telling import Teller, quoted, say

PORT = 8700
STARTING = 300.0
"""Seconds that the server may take until it is ready: a busy machine takes long, and the story so far took longer."""
LAST_LINES, LAST_BYTES = 3, 1_000_000
"""How much of what the server said is told if it fails: its folder may be gone by then."""
DECIDING = "7"
LOOKING = {
    "110": "household 110, in Germany, who agreed to the offers",
    "1": "household 1, in California, with two mail addresses",
}
"""Who says no in the story, and who is left to the reader."""
OFFERS = "loyalty-offers"
USES = f"/privacy/uses?purpose={OFFERS}"
BY_INCOME = """SELECT d.income, COUNT(DISTINCT t.household_id) AS households
FROM transactions t JOIN demographics d USING (household_id)
GROUP BY d.income ORDER BY households DESC"""
STAFF = {"ana": "the analyst", "pia": "the privacy officer"}


@dataclass(frozen=True)
class Running:
    """The server, kept by a process of its own: where it is, which process, and how many minutes after the story."""

    address: str
    process: int
    minutes: float


def start(teller: Teller, minutes: float, *, remove: bool) -> Running:
    """Have the workspace served, and return once it is ready; raises DemoFailed if it never is."""
    port = _free_port()
    print(f"\n$ pellucid serve --port {port} &", flush=True)
    command = [sys.executable, "-m", "pellucid.demo.keeper", str(teller.folder), str(port), str(minutes * 60)]
    address = f"http://127.0.0.1:{port}"
    with (teller.folder / "served.log").open("w+b") as said:
        kept = subprocess.Popen(  # noqa: S603  -- our own program, arguments as a list
            [*command, "remove" if remove else "keep"],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        wait_until_ready(address, kept, said)
    return Running(address, kept.pid, minutes)


def tell_centre(teller: Teller, running: Running) -> None:
    """Let a household say no in the privacy centre; look at what that does elsewhere."""
    teller.step(f"Household {DECIDING} opens its privacy centre in a browser and switches {OFFERS} off")
    why = ("consent", "why", DECIDING, "-p", OFFERS, "--as", "pia")
    exact = ("consent", "coverage", "demographics", "-p", OFFERS, "--exact", "--as", "pia")
    band = ("consent", "coverage", "demographics", "-p", OFFERS, "--as", "mara")
    demand(teller.run(*why).startswith("Permitted."), "the household may be used before")
    exact_before, band_before = number_after("demographics:", teller.run(*exact)), teller.run(*band)
    browser = Browser(running.address)
    enter = link(teller, running, "--customer", DECIDING).removeprefix(running.address)
    browser.open(enter)
    browser.press(enter)
    question = (BY_INCOME, OFFERS, "mara", "--epsilon", "0.1")
    teller.ask(*question)
    used = _counted(browser.open(USES))
    demand("income" in used, "their page of uses tells of the question just asked")
    browser.open("/privacy/choices")
    say(f"In the browser: Choices, {OFFERS}, No. The page says:")
    told = browser.press(f"/privacy/choices/{OFFERS}", choice="no")
    demand("recorded and in force" in told, "the page says that the choice is in force")
    print("  Your choice is recorded and in force.")
    say("At once, the decision says so; the officer's exact count is one lower; the analyst's band has not moved.")
    demand(teller.run(*why).startswith("Not permitted."), "the household may not be used after")
    exact_after = number_after("demographics:", teller.run(*exact))
    demand(exact_after == exact_before - 1, "the officer's exact count is one lower")
    demand(teller.run(*band) == band_before, "the analyst's band has not moved")
    say("The same question, asked again, is answered without the household:")
    teller.ask(*question)
    told = browser.open(USES)
    demand(_counted(told) == used, "their page of uses lists no new use")
    demand("1 use was without your data" in told, "it says that one use was without their data")


def tell_links(teller: Teller, running: Running) -> None:
    """Print links by which the reader signs in; from then on the minutes count for which the pages run."""
    teller.step("Look for yourself: the privacy centre and the console are running, with links to sign in")
    links = {title: link(teller, running, "--customer", key) for key, title in LOOKING.items()}
    links |= {title: link(teller, running, "--staff", name) for name, title in STAFF.items()}
    for who, where in links.items():
        print(f"\nAs {who}:\n  {where}")
    say("No mail leaves this machine: what a household would get, a code to sign in too, is put into:")
    print(f"  {teller.folder / MAIL}")
    say("Each link lets in once, within the hour. Another one is made in the same way:")
    made = " ".join(quoted(each) for each in ("serve", "link", "--staff", "ana", "--address", running.address))
    print(f"  pellucid --workspace {teller.workspace} {made} --as pia")
    os.kill(running.process, TOLD)
    until = datetime.now() + timedelta(minutes=running.minutes)
    print(f"\nIt runs until {until:%H:%M}; to end it before: kill {running.process}", flush=True)


def _counted(page: str) -> str:
    """Return what a page of uses says of those in which the person could have been counted."""
    counted = page.partition("could have been counted")[2]
    for what_follows in ("Uses that were refused", "Looked up or done about you alone"):
        counted = counted.partition(what_follows)[0]
    return counted


def link(teller: Teller, running: Running, *whom: str) -> str:
    """Return a link that signs somebody in."""
    return teller.run("serve", "link", *whom, "--address", running.address, "--as", "pia", shown=False).strip()


def wait_until_ready(address: str, kept: subprocess.Popen[bytes], said: IO[bytes], most: float = STARTING) -> None:
    """Return once the server is ready; raises DemoFailed, with what it `said` last, if it ends or takes too long."""
    until = time.monotonic() + most
    while time.monotonic() < until and kept.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310  -- ours, on this machine
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    ended = kept.poll()
    kept.terminate()
    why = f"was not ready within {most:g} s" if ended is None else f"ended at once (exit code {ended})"
    last = os.pread(said.fileno(), LAST_BYTES, 0).decode(errors="replace").splitlines()[-LAST_LINES:]
    told = "; ".join(line.strip() for line in last) or "nothing"
    raise DemoFailed(f"The server {why}. It said last: {told}", remedy="Run `make demo` again, or report this.")


def _free_port() -> int:
    for port in (PORT, 0):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(tried.getsockname()[1])
    raise DemoFailed("There is no free port on this machine.")
