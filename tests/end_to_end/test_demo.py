"""The demo is run as a person runs it, and what it printed is read again here, apart from its own checks."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from pellucid.demo.browser import Browser
from pellucid.demo.reading import DemoFailed, demand, errors_of, number_after, spent_of
from pellucid.demo.story import ATTACK, BY_INCOME
from pellucid.demo.telling import program, quoted
from tests.browser.conftest import CHROMIUM
from tests.end_to_end.demo_pages import Demo, apart, ask, band_of, exact_of, left_out_of, say_no, signing_in, uses_of

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, float]]:
    """What the demo printed, and the seconds of a processor that its steps took together."""
    folder = tmp_path_factory.mktemp("demo")
    command = [*program(), "demo", "--folder", str(folder), "--minutes", "60"]
    before = used()
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout[-2000:]
    yield done.stdout, used() - before
    process = kept(done.stdout)
    if is_running(process):
        os.kill(process, signal.SIGTERM)


@pytest.fixture(scope="module")
def told(ran: tuple[str, float]) -> str:
    return ran[0]


def used() -> float:
    """The seconds of a processor that programs which were started here took until they ended, and theirs."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def kept(told: str) -> int:
    """The process that keeps the pages served."""
    return int(number_after("to end it before: kill", told))


def is_running(process: int) -> bool:
    """Whether a process runs, and has not merely ended unnoticed by whoever started it."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def answers(told: str, sql: str) -> list[str]:
    """What was printed after each query of this SQL, up to the next command."""
    parts = told.split("\n$ pellucid ")
    return [part.split("\n", sql.count("\n") + 1)[-1] for part in parts if part.startswith(f"query {quoted(sql)}")]


def test_it_tells_every_step_and_takes_less_than_two_processors_do_in_four_minutes(ran: tuple[str, float]) -> None:
    told, seconds = ran
    assert [int(number) for number in re.findall(r"^═+\n(\d+)\. ", told, re.MULTILINE)] == list(range(1, 22))
    assert number_after("Every step did what it said, in", told) > 0
    assert seconds < 2 * 240
    assert "SIMULATED" in told


def test_the_attack_is_answered_by_noise_that_drowns_the_figure(told: str) -> None:
    first, second = answers(told, ATTACK)
    assert spent_of(second) > spent_of(first)
    assert errors_of(first)[0] > 5 * 4483.35


def test_after_the_withdrawal_the_register_is_one_on_and_one_household_fewer_is_covered(told: str) -> None:
    asked = [text for text in answers(told, BY_INCOME) if "Stamp:" in text]
    assert number_after("register", asked[1]) == number_after("register", asked[0]) + 1
    exact = [int(each) for each in re.findall(r"demographics: (\d+) of 801 people", told)]
    assert [exact[1], exact[3]] == [exact[0] - 1, exact[2] - 1]
    assert len(set(re.findall(r"demographics: (.*) of people\.", told))) == 1


def test_the_log_verifies_and_a_flipped_byte_does_not(told: str) -> None:
    assert told.count("The log holds.") == 1
    assert told.count("error [verification-failed]") == 1


def test_the_refusal_and_the_end_of_the_budget_are_shown(told: str) -> None:
    assert told.count("error [use-refused]") == 1
    assert told.count("error [budget-exhausted]") == 1


def test_at_the_end_the_pages_run_and_each_link_lets_in_whom_it_is_for(told: str) -> None:
    links = re.findall(r"^As (.*):\n  (http://\S+?)(/\S+)$", told, re.MULTILINE)
    signed_in = {}
    for who, address, path in links:
        browser = Browser(address)
        browser.open(path)
        signed_in[who.partition(",")[0]] = browser.press(path)
    names = {"household 110": "110", "household 1": "1", "the analyst": "Ana", "the privacy officer": "Pia"}
    assert signed_in.keys() == names.keys()
    assert [who for who, words in signed_in.items() if not re.search(rf"\b{names[who]}\b", words)] == []


SWITCHED_OFF = {
    "in the browser": ("110", "range-planning", True),
    "without scripts": ("1", "service-improvement", False),
}
"""Which household switches which purpose off, and whether its browser runs scripts."""
BY_WEEK = "SELECT t.week, COUNT(*) AS lines FROM transactions t GROUP BY t.week ORDER BY t.week"


@pytest.mark.parametrize(("household", "purpose", "scripts"), SWITCHED_OFF.values(), ids=SWITCHED_OFF)
def test_somebody_switches_a_purpose_off_and_it_shows_everywhere_at_once(
    told: str, household: str, purpose: str, scripts: bool
) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    apart(lambda: switched_off(Demo(told), household, purpose, scripts=scripts))


def switched_off(demo: Demo, household: str, purpose: str, *, scripts: bool) -> None:
    why = ("consent", "why", household, "-p", purpose, "--as", "pia")
    exact = ("consent", "coverage", "transactions", "-p", purpose, "--exact", "--as", "pia")
    with signing_in(demo, scripts=scripts) as sign_in:
        person = sign_in("--customer", household)
        ana, pia = (sign_in("--staff", name) for name in ("ana", "pia"))
        nothing = uses_of(person, purpose)
        ask(ana, purpose, BY_WEEK)
        used = uses_of(person, purpose)
        assert used != nothing
        assert demo.pellucid(*why).startswith("Permitted.")
        before, shown = number_after("transactions:", demo.pellucid(*exact)), exact_of(pia, "transactions", purpose)
        band = band_of(ana, purpose, BY_WEEK)
        assert shown[0] == before

        say_no(person, purpose)

        assert demo.pellucid(*why).startswith("Not permitted.")
        assert number_after("transactions:", demo.pellucid(*exact)) == before - 1
        assert exact_of(pia, "transactions", purpose) == (before - 1, shown[1])
        assert [len(band), band_of(ana, purpose, BY_WEEK)] == [1, band]
        ask(ana, purpose, BY_WEEK)
        assert uses_of(person, purpose) == used
        assert left_out_of(person, purpose) == ["1 use was without your data, since your no stood then."]


def test_at_the_end_there_is_a_notice_and_whoever_asks_for_a_code_gets_it_by_mail(told: str) -> None:
    address = re.search(r"http://127\.0\.0\.1:\d+", told[told.index("Look for yourself") :])
    folder = re.search(r"^  (\S+/mail)$", told, re.MULTILINE)
    assert address is not None
    assert folder is not None
    browser = Browser(address[0])
    assert "Berliner Beauftragte" in browser.open("/privacy/notice")

    browser.open("/privacy/sign-in")
    browser.press("/privacy/sign-in", key="110")

    mail = Path(folder[1]) / "0001.txt"
    until = time.monotonic() + 300
    while not mail.exists() and time.monotonic() < until:
        time.sleep(0.2)
    assert mail.read_text("utf-8").startswith("To: household-110@customers.kornblume.example\nSubject: ")


def test_what_is_served_ends_when_it_is_told_to(told: str) -> None:
    address = re.search(r"http://127\.0\.0\.1:\d+", told[told.index("Look for yourself") :])
    assert address is not None
    process = kept(told)
    assert is_running(process)

    os.kill(process, signal.SIGTERM)

    until = time.monotonic() + 300
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.2)
    assert not is_running(process)
    with pytest.raises(URLError):
        urllib.request.urlopen(f"{address[0]}/healthz", timeout=5)


def test_the_story_stops_when_a_number_is_not_as_it_says() -> None:
    with pytest.raises(DemoFailed, match="expected that one is two"):
        demand(1 == 2, "one is two")


def test_the_program_is_this_one() -> None:
    shown = subprocess.run([*program(), "--help"], capture_output=True, text=True, check=True).stdout
    assert "policy" in shown
    assert Path(program()[0]).parent == Path(sys.executable).parent
