"""The part of the story about the law: what it asks for whom, a browser's signal over real HTTP, a receipt."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.demo.reading import DemoFailed, demand, number_after
from pellucid.demo.telling import Teller, program, say

PEOPLE = {
    "6": "an adult in Germany",
    "3": "an adult in France",
    "5": "a child in France",
    "2": "somebody in Zurich, where no declared regime holds",
    "68": "somebody whose place is unknown",
    "1": "an adult in California",
    "33": "a fourteen-year-old in California",
    "12": "an adult in Texas, whose law nobody signed off",
}
"""Eight households (keys of the worked example), and who they are there."""
ADS, TILLS = "partner-advertising", "service-improvement"
CALIFORNIAN, GERMAN = "1", "6"


def tell_law(teller: Teller) -> None:
    """Run the steps about the law."""
    _sign_off(teller)
    _notice(teller)
    _signal(teller)
    _receipt(teller)


def _sign_off(teller: Teller) -> None:
    teller.step("Which law decides about whom? The officer signs two laws off; eight people, and why they come out so")
    for law in ("eu-gdpr", "us-ca-ccpa"):
        teller.run("regulations", "sign-off", law, "--reason", "read by counsel", "--as", "pia")
    told = {}
    for key, who in PEOPLE.items():
        say(f"{who[0].upper()}{who[1:]}:")
        told[key] = teller.run("consent", "why", key, "-p", ADS, "--as", "pia")
    demand(all(told[key].startswith("Not permitted.") for key in ("6", "3", "5", "2", "68")), "Europe waits for a yes")
    demand("Art. 6" in told["6"] and "1798.120" in told["1"], "each answer cites the law it rests on")
    demand(told["1"].startswith("Permitted."), "California permits until somebody says no")


def _notice(teller: Teller) -> None:
    teller.step("What customers are told is made from the policy and the laws, in four languages, and published")
    teller.run("notice", "publish", "--as", "pia")
    for more in (("--layer", "child"), ("--language", "fr")):
        demand("CNIL" in teller.run("notice", "show", *more), "the notice says where to complain")


def _signal(teller: Teller) -> None:
    teller.step("A Californian's browser sends Sec-GPC: 1. Over real HTTP: sharing stops, our own statistics do not")
    made = teller.run("serve", "token", "create", "web-shop", "--scope", "signals:write", "--as", "pia", shown=False)
    token = _token_of(made)
    before = teller.run("consent", "why", CALIFORNIAN, "-p", ADS, "--as", "pia", lines=1)
    with _served(teller) as address:
        say(f"POST {address}/api/v1/signals, with the token that `serve token create` gave:")
        print(_post(f"{address}/api/v1/signals", token, {"subject": CALIFORNIAN, "gpc": "1"}), flush=True)
    after = teller.run("consent", "why", CALIFORNIAN, "-p", ADS, "--as", "pia", lines=2)
    demand(before.startswith("Permitted.") and "browser signal" in after, "sharing stopped at once, by the signal")
    demand(
        teller.run("consent", "why", CALIFORNIAN, "-p", TILLS, "--as", "pia", lines=1).startswith("Permitted."),
        "our own statistics go on",
    )


def _receipt(teller: Teller) -> None:
    teller.step("A customer agrees, and gets a receipt that anybody can verify offline")
    given = teller.run("consent", "give", GERMAN, "-p", ADS, "--language", "de", "--method", "switch", "--as", "pia")
    leaf = str(number_after("Entry", given))
    teller.run("audit", "checkpoint", "--as", "pia", shown=False)
    witness = teller.here(teller.folder / "witness")
    teller.run("witness", "cosign", witness, "--as", "wim", shown=False)
    teller.run("consent", "receipt", GERMAN, "--leaf", leaf, "--out", "receipt.json", "--as", "pia")
    keys = ("--key", teller.here(teller.workspace / "keys" / "log.key.pub"), "--witness", f"{witness}/witness.key.pub")
    print(f"\n$ python -m pellucid.audit receipt receipt.json {' '.join(keys)}", flush=True)
    command = [sys.executable, "-m", "pellucid.audit", "receipt", "receipt.json", *keys]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=teller.folder)  # noqa: S603  -- our own
    print(done.stdout + done.stderr, flush=True)
    demand(done.returncode == 0, "the receipt holds, without the product")
    demand("held    witness" in done.stdout, "and a witness elsewhere vouches for the log")


def _token_of(text: str) -> str:
    found = re.findall(r"^\S{30,}$", text, re.MULTILINE)
    if not found:
        raise DemoFailed("No token was printed.")
    return str(found[-1])


def _post(address: str, token: str, body: dict[str, str]) -> str:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)  # noqa: S310  -- http to ourselves
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  -- as above
        return json.dumps(json.loads(answer.read()), indent=1)


@contextmanager
def _served(teller: Teller) -> Iterator[str]:
    """Serve the workspace on a free port while the block runs; give its address."""
    with subprocess.Popen(  # noqa: S603  -- our own program
        [*program(), "serve", "--port", "0", "--workspace", str(teller.workspace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=teller.folder,
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found is not None:
            return found[0]
    raise DemoFailed("The server did not say where it listens.")
