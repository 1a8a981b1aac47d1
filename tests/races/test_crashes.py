"""kill -9 at every failpoint: afterwards nothing is lost, doubled or half-done, and the same command goes through."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import insert, select

import pellucid
from pellucid.audit.keys import load_verifier_key
from pellucid.audit.package import verify_package
from pellucid.failpoints import POINTS, VARIABLE
from pellucid.records import jobs
from pellucid.records.rights_tables import deliveries, rights_requests
from pellucid.records.tables import generation_leases, purpose_leases
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, wall_clock
from pellucid.workspace.audit import create_witness
from tests.races.kiosk import CONSENT_DAYS, PURCHASES, READERS, SUM, TOTAL, command, make_kiosk, run, script
from tests.races.posting import SHORT_CLAIMS, noted, put_callback, put_challenge, put_mail
from tests.races.soundness import DAY, State, demand_sound, state_of
from tests.rights.erasure.test_erase_crashes import ON_THE_WAY as ON_THE_WAY_OF_AN_ERASURE

Prepare = Callable[[Path], None]


@dataclass(frozen=True)
class Command:
    """A command and the points on its way.

    `counts` is what it raises by one when it is done; `done` are the points from which on it counts as done. `once`:
    repeating it after it was done alters nothing.
    """

    words: tuple[str, ...]
    counts: str
    points: tuple[str, ...]
    done: frozenset[str] = frozenset()
    prepare: Prepare = lambda folder: None
    environment: dict[str, str] = field(default_factory=dict)
    code: int = 0
    once: bool = False
    ahead: int = 0


def _plant_expired_lease(folder: Path) -> None:
    """Leave a question's lease behind, as one that was killed does; its time is over."""
    now = wall_clock()
    values = {"id": "left-behind", "purpose": "newsletter", "taken_at": now - 2, "expires_at": now - 1}
    with Workspace(folder) as workspace, workspace.room.database.write() as connection:
        connection.execute(insert(purpose_leases).values(values))


def _add_bad_row(folder: Path) -> None:
    (folder / "more.csv").write_text(PURCHASES.read_text() + "c000,bread,not a price,2026-10-17T01:45:00+00:00\n")


def _write_choice(folder: Path) -> None:
    """Write a file of what one person said: somebody who is recorded once more is known already."""
    columns = "subject,purpose,verb,covers,explicit,notice_version,channel,at\n"
    (folder / "choice.csv").write_text(columns + "c000,newsletter,withdraw,,,,till,2026-10-18T09:00:00+00:00\n")


def _make_witness(folder: Path) -> None:
    with Workspace(folder) as workspace:
        create_witness(folder / "witness", "test/witness", log_key=str(workspace.audit.verifier))


def _edit_policy(folder: Path) -> None:
    draft = folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("Which departments sell", "Which departments sell well"))


def _sign_off(folder: Path) -> None:
    with Workspace(folder) as workspace:
        workspace.laws.sign_off(workspace.laws.pack("eu-gdpr"), "read", actor=workspace.actor("pia"))


def _file_two_requests(folder: Path) -> None:
    """File the requests of two people: who repeats after one was done does the other."""
    with Workspace(folder) as workspace:
        for person in ("c000", "c001"):
            workspace.requests.file("opt-out", person, actor=workspace.actor("pia"))


def _approve_insight(folder: Path) -> None:
    """Let exact figures leave for a purpose, and have an insight approved."""
    draft = folder / "policy" / "policy.yaml"
    text = draft.read_text().replace(
        "  newsletter:\n    title",
        "    suppressed: {minimum: 10, largest_share: 0.5, guarantee: conditional}\n  newsletter:\n    title",
        1,
    )
    text = text.replace("budget-show, data-list, consent-coverage]", "insight-propose, insight-run]", 1)
    draft.write_text(text.replace("backup, restore, restore-loss]", "insight-approve]", 1))
    with Workspace(folder) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        sql = "SELECT COUNT(*) AS n FROM purchases"
        made = workspace.insights.propose("sales", sql, purpose="range-planning", actor=workspace.actor("ana"))
        workspace.insights.approve("sales", seen=made.fingerprint, actor=workspace.actor("pia"))


def _ask_for_correction(folder: Path) -> None:
    """Let somebody's purchases wait to be corrected, by a request that everything is known of."""
    with Workspace(folder) as workspace:
        pia, changes = workspace.actor("pia"), [{"dataset": "purchases", "column": "product", "value": "rye"}]
        request = workspace.requests.file("rectification", "c000", changes=changes, actor=pia).request.id
        workspace.requests.verify(request, evidence="file 7", actor=pia)
        workspace.requests.approve(request, actor=pia)


def _file_request(folder: Path) -> None:
    """File a request for access of somebody who has shown who they are."""
    with Workspace(folder) as workspace, workspace.room.database.write() as connection:
        values = {
            "id": "r000000000001",
            "right": "access",
            "namespace": "customer",
            "subject": find(connection, "customer", "c000"),
            "by_whom": "self",
            "channel": "web",
            "state": "in_progress",
            "reason": "",
            "verification": "shown",
            "verified_strength": 2,
            "strength": 1,
            "received_at": 1,
            "acknowledged_at": 1,
            "verified_at": 1,
            "due": "",
        }
        connection.execute(insert(rights_requests).values(values))


COMMANDS = {
    "withdraw": Command(
        command("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "pia"),
        "records",
        ("consent.said", "consent.sets-changed", "consent.before-commit", "consent.after-commit"),
        frozenset({"consent.after-commit", "consent.acknowledged"}),
    ),
    "withdraw past a lease": Command(
        command("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "pia"),
        "records",
        ("lease.expired", "consent.acknowledged"),
        frozenset({"lease.expired", "consent.acknowledged"}),
        prepare=_plant_expired_lease,
    ),
    "import choices": Command(
        command("consent", "import", "{folder}/choice.csv", "--as", "pia"),
        "records",
        ("bulk.said", "bulk.sets-changed", "bulk.before-commit", "bulk.after-commit", "bulk.acknowledged"),
        frozenset({"bulk.after-commit", "bulk.acknowledged"}),
        prepare=_write_choice,
        once=True,
    ),
    "ask": Command(
        command("query", TOTAL, "--purpose", "range-planning", "--epsilon", "0.5", "--as", "ana"),
        "released",
        (
            "query.engine-leased",
            "query.engine-opened",
            "query.reserved",
            "query.reserve-committed",
            "query.ran",
            "query.noised",
            "query.charged",
            "query.before-commit",
            "query.after-commit",
        ),
        frozenset({"query.after-commit"}),
    ),
    "ask where a norm is drawn first": Command(
        command("query", SUM, "--purpose", "range-planning", "--epsilon", "0.5", "--as", "ana"),
        "released",
        ("caps.drawn",),
    ),
    "run an insight": Command(
        command("insight", "run", "sales", "--as", "ana"),
        "released",
        ("query.suppressed", "query.before-commit", "query.after-commit"),
        frozenset({"query.after-commit"}),
        prepare=_approve_insight,
    ),
    "ask in a crowd": Command(script("contended"), "released", ("lease.taken", "lease.committed")),
    "ask too much": Command(
        command("query", TOTAL, "--purpose", "range-planning", "--epsilon", "0.5", "--as", "ana"),
        "failed",
        ("query.failed-before-commit", "query.failed-after-commit"),
        frozenset({"query.failed-after-commit"}),
        environment={"PELLUCID_QUERY_SECONDS": "0.000001"},
        code=5,
    ),
    "ask when consents have run out": Command(
        script("later"), "released", ("register.advanced",), ahead=(CONSENT_DAYS + 1) * DAY
    ),
    "import": Command(
        command("data", "add", "purchases", "{folder}/more.csv", "--replace", "--as", "dan"),
        "generation",
        (
            "import.staged",
            "import.draft-written",
            "import.rejected-kept",
            "publish.draft-durable",
            "publish.in-place",
            "import.subjects-stored",
            "publish.retired",
            "import.before-commit",
            "import.after-commit",
            "unlink.given-up",
            "unlink.committed",
            "unlink.done",
        ),
        frozenset({"import.after-commit", "unlink.given-up", "unlink.committed", "unlink.done"}),
        prepare=_add_bad_row,
    ),
    "sort": Command(
        command("data", "sort", "purchases", "--as", "dan"),
        "generation",
        (
            "sort.draft-written",
            "sort.compared",
            "publish.draft-durable",
            "publish.in-place",
            "publish.retired",
            "sort.before-commit",
            "sort.after-commit",
            "unlink.given-up",
            "unlink.committed",
            "unlink.done",
        ),
        frozenset({"sort.after-commit", "unlink.given-up", "unlink.committed", "unlink.done"}),
    ),
    "correct": Command(
        script("correct"),
        "generation",
        (
            "request.begun",
            "correct.draft-written",
            "correct.compared",
            "publish.draft-durable",
            "publish.in-place",
            "correct.verified",
            "publish.retired",
            "correct.before-commit",
            "correct.after-commit",
            "unlink.given-up",
            "unlink.committed",
            "unlink.done",
            "request.carried-out",
            "request.before-commit",
            "request.after-commit",
        ),
        frozenset(
            {
                *("correct.after-commit", "unlink.given-up", "unlink.committed", "unlink.done"),
                *("request.carried-out", "request.before-commit", "request.after-commit"),
            }
        ),
        prepare=_ask_for_correction,
        once=True,
    ),
    "checkpoint": Command(
        command("audit", "checkpoint", "--as", "pia"),
        "checkpoints",
        ("checkpoint.signed", "checkpoint.before-commit", "checkpoint.after-commit"),
        frozenset({"checkpoint.after-commit"}),
        once=True,
    ),
    "witness": Command(
        command("witness", "cosign", "{folder}/witness", "--as", "pia"),
        "cosigned",
        ("witness.written", "witness.remembered", "cosignature.kept"),
        prepare=_make_witness,
    ),
    "activate": Command(
        command("policy", "activate", "--as", "pia"),
        "activations",
        ("activate.stored", "activate.rebuilt", "activate.before-commit", "activate.after-commit"),
        frozenset({"activate.after-commit"}),
        prepare=_edit_policy,
    ),
    "publish a notice": Command(
        command("notice", "publish", "--as", "pia"),
        "notices",
        ("notice.stored", "notice.before-commit", "notice.after-commit"),
        frozenset({"notice.after-commit"}),
        once=True,
    ),
    "override a law": Command(
        command(
            *("regulations", "override", "eu-gdpr", "consent.own_analytics", "opt_in", "--cite", "our reading"),
            *("--reason", "stricter", "--as", "pia"),
        ),
        "laws",
        ("laws.marked", "laws.before-commit", "laws.after-commit"),
        frozenset({"laws.after-commit"}),
        prepare=_sign_off,
    ),
    "carry out a request": Command(
        script("fulfil"),
        "fulfilled",
        ("request.begun", "request.carried-out", "request.before-commit", "request.after-commit"),
        frozenset({"request.after-commit"}),
        prepare=_file_two_requests,
    ),
    "hand over mail": Command(
        script("deliver"),
        "handed_over",
        ("work.claimed", "delivery.handed-over", "delivery.before-commit", "work.settled"),
        frozenset({"work.settled"}),
        prepare=put_mail,
        environment=SHORT_CLAIMS,
        once=True,
    ),
    "ask who it is": Command(
        script("challenge"),
        "handed_over",
        ("challenge.noted", "challenge.handed-over"),
        prepare=put_challenge,
        environment=SHORT_CLAIMS,
        once=True,
    ),
    "make a package": Command(
        command("subject", "package", "r000000000001", "--to", "{folder}/package", "--as", "pia"),
        "packages",
        (
            "package.begun",
            "package.gathered",
            "package.leased",
            "package.part-written",
            "package.part-in-place",
            "package.signed",
            "package.zipped",
            "package.before-commit",
            "package.after-commit",
        ),
        frozenset({"package.after-commit"}),
        prepare=_file_request,
        once=True,
    ),
}
QUICK = {
    ("withdraw", "consent.before-commit"),
    ("ask", "query.after-commit"),
    ("import", "publish.in-place"),
    ("correct", "correct.before-commit"),
}
"""Some; the others are slow only because there are so many."""

CASES = [
    pytest.param(name, point, id=f"{name}: {point}", marks=() if (name, point) in QUICK else pytest.mark.slow)
    for name, command in COMMANDS.items()
    for point in command.points
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("races") / "kiosk"
    make_kiosk(folder)
    return folder


@pytest.fixture
def kiosk(made: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(made, tmp_path / "kiosk")
    yield tmp_path / "kiosk"


def test_every_failpoint_is_on_the_way_of_a_command() -> None:
    reached = {point for command in COMMANDS.values() for point in command.points}
    assert sorted({*reached, *ON_THE_WAY_OF_AN_ERASURE}) == sorted(POINTS)


def test_every_failpoint_is_in_the_code_once_and_no_other() -> None:
    source = Path(pellucid.__file__).parent
    called = [name for file in source.rglob("*.py") for name in re.findall(r'\breach\("([^"]*)"\)', file.read_text())]
    assert sorted(called) == sorted(POINTS)


@pytest.mark.promise("whole", "kill -9 at each named point of consent, release, import, checkpoint and activation")
@pytest.mark.parametrize(("name", "point"), CASES)
def test_a_crash_leaves_all_or_nothing_and_repeating_goes_through(name: str, point: str, kiosk: Path) -> None:
    asked = COMMANDS[name]
    asked.prepare(kiosk)
    words = [word.replace("{folder}", str(kiosk)) for word in asked.words]
    before = state_of(kiosk)

    crashed = run(words, kiosk, asked.environment | {VARIABLE: point})
    assert (crashed.code, crashed.err.splitlines()[-1:]) == (-9, [f"failpoint {point} reached"])

    after, done = state_of(kiosk), point in asked.done
    assert getattr(after, asked.counts) == getattr(before, asked.counts) + done
    demand_sound(kiosk, now=wall_clock())
    _demand_in_doubt_charged(name, point, before, after)

    repeated = run(words, kiosk, asked.environment)
    assert (repeated.code, "failpoint" in repeated.err) == (asked.code, False), repeated.err
    final = state_of(kiosk)
    assert getattr(final, asked.counts) == getattr(before, asked.counts) + (1 if asked.once else done + 1)
    demand_sound(kiosk, now=wall_clock() + asked.ahead, swept=name in ("import", "sort", "correct"))
    _demand_same_rows(kiosk)
    if name == "make a package":
        _demand_whole_package(kiosk)


AFTER_RESERVING = COMMANDS["ask"].points[COMMANDS["ask"].points.index("query.reserve-committed") :]


def _demand_in_doubt_charged(name: str, point: str, before: State, after: State) -> None:
    """From the commit of the reservation on, a killed question has spent its budget; before it, it has not."""
    spent = point in AFTER_RESERVING or point.startswith(("caps.", "lease.taken", "lease.committed", "query.failed"))
    spent = spent and name != "run an insight"  # exact figures cost no budget
    assert (after.spent > before.spent) == spent
    settled = point in ("query.after-commit", "query.failed-after-commit")
    assert after.reserved - before.reserved == (spent and not settled)


def _demand_same_rows(kiosk: Path) -> None:
    """Whatever was imported again, the file's rows are there once."""
    rows = len(PURCHASES.read_text().splitlines()) - 1
    with Workspace(kiosk) as workspace:
        held = {each.dataset: each.rows for each in workspace.data.list(actor=workspace.actor("dan"))}
    assert held["purchases"] == rows


def _demand_whole_package(kiosk: Path) -> None:
    """What was handed over holds, has each row once, and nothing lies beside the archive that waits."""
    verify_package(kiosk / "package", load_verifier_key(str(kiosk / "keys" / "log.key.pub")))
    theirs = [line for line in PURCHASES.read_text().splitlines() if line.startswith("c000,")]
    given = (kiosk / "package" / "data" / "purchases.jsonl").read_text().splitlines()
    assert len(given) == len(set(given)) == len(set(theirs)) == len(theirs)
    (place,) = (kiosk / "exports" / "access").iterdir()
    assert [path.name for path in place.iterdir()] == ["package.zip"]


@pytest.mark.promise("whole", "kill -9 at each named point of consent, release, import, checkpoint and activation")
def test_what_was_acknowledged_before_a_crash_is_there(kiosk: Path) -> None:
    """The receipt is printed after the commit, so a process killed right after it has lost nothing."""
    words = command("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "pia")
    printed = run(words, kiosk)
    leaf = int(re.findall(r"Entry (\d+) of the log", printed.out)[0])
    crashed = run(words, kiosk, {VARIABLE: "consent.before-commit"})
    assert crashed.code == -9
    with Workspace(kiosk) as workspace:
        pia = workspace.actor("pia")
        assert workspace.audit.entries(actor=pia)[leaf].fields()["action"] == "consent.withdraw"
        assert workspace.consent.why("c000", purpose="newsletter", actor=pia).permitted is False


@pytest.mark.slow
def test_an_armed_point_that_is_passed_more_often_kills_at_its_turn(kiosk: Path) -> None:
    words = script("contended")
    assert run(words, kiosk, {VARIABLE: "query.ran:4"}).code == -9  # three were overtaken
    assert run(words, kiosk, {VARIABLE: "query.ran:2"}).code == 0  # nobody is left to object


@pytest.mark.promise("whole", "kill -9 at each named point of consent, release, import, checkpoint and activation")
def test_a_killed_question_keeps_its_generation_for_a_day_and_no_longer(kiosk: Path) -> None:
    words = command("query", TOTAL, "--purpose", "range-planning", "--epsilon", "0.5", "--as", "ana")
    assert run(words, kiosk, {VARIABLE: "query.ran"}).code == -9
    now = wall_clock()
    with Workspace(kiosk) as workspace, workspace.room.database.read() as connection:
        held = list(connection.scalars(select(generation_leases.c.expires_at)))
    assert len(held) == 2
    assert all(now < expires_at < now + DAY for expires_at in held)
    for ahead, left in ((0, 2), (2 * DAY, 1)):
        with Workspace(kiosk, clock=lambda ahead=ahead: wall_clock() + ahead) as workspace:  # type: ignore[misc]
            workspace.data.add("purchases", PURCHASES, actor=workspace.actor("dan"), replace=True)
        assert len(list((kiosk / "data").glob("purchases.*"))) == left


@pytest.mark.slow
@pytest.mark.promise("whole", "kill -9 while threads withdraw together")
@pytest.mark.parametrize("point", ["consent.said", "consent.before-commit", "consent.after-commit"])
def test_of_those_who_withdrew_together_all_acknowledged_are_there_after_a_crash(point: str, kiosk: Path) -> None:
    before = state_of(kiosk)
    crashed = run(script("together"), kiosk, {VARIABLE: f"{point}:2"})
    assert crashed.code == -9
    demand_sound(kiosk, now=wall_clock())
    told = [int(line) for line in crashed.out.split()]
    with Workspace(kiosk) as workspace:
        bodies = [entry.fields() for entry in workspace.audit.entries(actor=workspace.actor("pia"))]
    assert {bodies[leaf]["action"] for leaf in told} <= {"consent.withdraw"}
    recorded = state_of(kiosk).records - before.records
    assert len(told) <= recorded
    assert run(script("together"), kiosk).code == 0
    assert state_of(kiosk).records == before.records + recorded + len(READERS)
    demand_sound(kiosk, now=wall_clock())


@pytest.mark.slow
@pytest.mark.promise("whole", "kill -9 of a worker between taking a job, handing a mail over, and settling it")
@pytest.mark.parametrize(
    ("put", "name", "point", "mails"),
    [
        (put_mail, "deliver", "delivery.handed-over", 2),
        (put_mail, "deliver", "work.claimed", 1),
        (put_mail, "deliver", "work.settled", 1),
        (put_callback, "call_back", "delivery.handed-over", 2),
        (put_callback, "call_back", "delivery.before-commit", 2),
        (put_callback, "call_back", "work.claimed", 1),
        (put_challenge, "challenge", "challenge.handed-over", 2),
        (put_challenge, "challenge", "challenge.noted", 1),
    ],
)
def test_a_killed_worker_sends_again_at_most_what_it_could_not_settle_and_it_is_the_same_mail(
    put: Prepare, name: str, point: str, mails: int, kiosk: Path
) -> None:
    put(kiosk)
    assert run(script(name), kiosk, SHORT_CLAIMS | {VARIABLE: point}).code == -9
    for _ in range(2):
        assert run(script(name), kiosk, SHORT_CLAIMS).code == 0
    assert len(noted(kiosk)) == mails
    assert len(set(noted(kiosk))) == 1
    with Workspace(kiosk) as workspace, workspace.room.database.read() as connection:
        assert jobs.unsettled(connection) == ()
        assert list(connection.scalars(select(deliveries.c.content))) == [None] * (name != "challenge")
