"""Nobody is taken for somebody else: each way round the check is tried, and what is answered tells nothing."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from pellucid.delivery.mail import Mail
from pellucid.errors import DeliveryFailed, InputInvalid, NameUnknown, NotPermitted, PellucidError
from pellucid.policy.model import Actor, Policy
from pellucid.records import jobs
from pellucid.records.database import Database
from pellucid.records.jobs import Claim
from pellucid.records.rights_tables import identity_challenges
from pellucid.records.tables import log_entries
from pellucid.rights import challenges
from pellucid.rights.challenge_mail import ChallengeSender
from pellucid.rights.challenges import LASTS, MOST_TRIES, PER_PERSON, PER_REQUEST, Contact, mailbox
from pellucid.rights.identity import ASKED, IdentityChecks
from pellucid.rights.request import Verification
from pellucid.settings import Settings
from tests.policy.conftest import SOUND
from tests.rights.requests import DAY, NOW, SECOND, put_request, stored, take

KEY = challenges.challenge_key(b"k" * 32)
ALICE, BOB = 7, 8
HOME = Contact("email", "alice@home.example", "members.mail")
OFFICE = Contact("email", "alice@office.example", "cards.mail")
CUSTOMER = Actor("customer", "r1", (), "none")
STAFF = Actor("staff", "pia", (), "os-user:pia")
WORKER = Actor("system", "worker", (), "system")
WRONG = "This is not what we sent, or it holds no longer."


@dataclass
class Desk:
    """Checks over one database, with a clock that tests turn, a mailbox, and the contacts that are held."""

    database: Database
    policy: Policy
    now: int = NOW
    mails: list[Mail] = field(default_factory=list)
    held: dict[int, Sequence[Contact]] = field(default_factory=lambda: {ALICE: [HOME]})
    refuses: bool = False
    asked_about: list[int] = field(default_factory=list)
    per_hour: int = 600

    @property
    def checks(self) -> IdentityChecks:
        return IdentityChecks(self.database, KEY, take, lambda: self.now, self.per_hour, links=True)

    def ask(self, request: str = "r1", kind: str = "code") -> str:
        return self.checks.ask(request, actor=CUSTOMER, kind=kind)

    def answer(self, given: str, request: str = "r1") -> None:
        self.checks.answer(request, given, actor=CUSTOMER)

    def work(self) -> None:
        """Do what is due, as a worker does."""
        sender = ChallengeSender(
            KEY, self.contacts, self.post, lambda: self.policy, WORKER, "https://shop.example/privacy/"
        )
        while True:
            with self.database.write() as connection:
                job = jobs.claim(connection, [challenges.JOB], "w", self.now, 300)
            if job is None:
                return
            claim = Claim(self.database, job, lambda: self.now, 300)
            try:
                sender(claim)
            except PellucidError as error:
                with self.database.write() as connection:
                    jobs.fail(connection, job, error.code, self.now)

    def contacts(self, namespace: str, subject: int) -> Sequence[Contact]:
        self.asked_about.append(subject)
        return self.held.get(subject, [])

    def post(self, mail: Mail) -> None:
        if self.refuses:
            raise DeliveryFailed("no", code="mail-unreachable")
        self.mails.append(mail)

    def sent_code(self, kind: str = "code") -> str:
        """Ask for a code, have it sent, and read it in the mail."""
        self.ask(kind=kind)
        self.work()
        return code_in(self.mails[-1])

    def actions(self) -> list[str]:
        with self.database.read() as connection:
            bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            return [re.findall(rb'"action":"([^"]*)"', bytes(body))[0].decode() for body in bodies]


def code_in(mail: Mail) -> str:
    found = re.findall(r"code: (\d{4} \d{4})\n", mail.text) or re.findall(r"#(\S+)\n", mail.text)
    return str(found[0])


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    from pellucid.policy.load import load_policy

    folder = tmp_path_factory.mktemp("policy")
    (folder / "policy.yaml").write_text(SOUND)
    return load_policy(folder)


@pytest.fixture
def desk(control: Database, policy: Policy) -> Desk:
    put_request(control)
    return Desk(control, policy)


@pytest.fixture
def plain(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Desk:
    database = Database.at(tmp_path_factory.mktemp("plain") / "control.sqlite")
    database.create()
    put_request(database)
    return Desk(database, policy)


def refused(desk: Desk, given: str, request: str = "r1") -> None:
    with pytest.raises(NotPermitted, match=WRONG) as error:
        desk.answer(given, request)
    assert error.value.code == "identity-not-shown"


def verified(desk: Desk, request: str = "r1") -> tuple[Verification, int]:
    found = stored(desk.database, request)
    return found.verification, found.verified_strength


# -- the way it is meant -----------------------------------------------------------------------------------------------


def test_a_code_that_was_sent_to_a_held_contact_shows_who_asks(desk: Desk) -> None:
    assert desk.ask() == ASKED
    assert (desk.mails, verified(desk)) == ([], (Verification.ASKED, 0))
    desk.work()
    assert [mail.to for mail in desk.mails] == ["alice@home.example"]
    desk.answer(code_in(desk.mails[0]))
    assert verified(desk) == (Verification.SHOWN, 1)
    assert desk.actions() == ["request.step", "identity.challenge", "request.step"]


def test_a_link_holds_256_bits_and_stands_behind_the_hash(plain: Desk) -> None:
    link = plain.sent_code("link")
    assert len(link) == 43
    assert f"https://shop.example/privacy/verify/r1#{link}" in plain.mails[0].text
    plain.answer(link)
    assert verified(plain) == (Verification.SHOWN, 1)


def test_two_distinct_contacts_are_worth_two_and_the_same_one_twice_is_not(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, Contact("email", "Alice+shop@HOME.example", "cards.mail")]
    plain.answer(plain.sent_code())
    plain.ask()
    plain.work()
    assert len(plain.mails) == 1  # the other spelling is the same mailbox
    plain.held[ALICE] = [HOME, OFFICE]
    plain.answer(plain.sent_code())
    assert [mail.to for mail in plain.mails] == ["alice@home.example", "alice@office.example"]
    assert verified(plain) == (Verification.SHOWN, 2)


def test_a_contact_that_nobody_reads_does_not_keep_the_next_one_from_being_tried(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, OFFICE]
    plain.sent_code()
    plain.sent_code()
    assert [mail.to for mail in plain.mails] == ["alice@home.example", "alice@office.example"]


def test_erasure_is_not_shown_by_one_contact(plain: Desk) -> None:
    put_request(plain.database, "r2", right="erasure")
    plain.ask("r2")
    plain.work()
    plain.answer(code_in(plain.mails[-1]), "r2")
    assert not stored(plain.database, "r2").known
    plain.checks.vouch("r2", "passport, in the shop", actor=STAFF)
    assert stored(plain.database, "r2").known


def test_the_staff_checks_only_with_evidence_and_only_the_staff(plain: Desk) -> None:
    with pytest.raises(InputInvalid, match="A check of who asks needs its evidence"):
        plain.checks.vouch("r1", "  ", actor=STAFF)
    with pytest.raises(NotPermitted, match="Only a member of the staff may say"):
        plain.checks.vouch("r1", "I am it", actor=CUSTOMER)
    plain.checks.vouch("r1", "passport", actor=STAFF)
    assert verified(plain) == (Verification.SHOWN, 2)
    with plain.database.read() as connection:
        bodies = b"".join(connection.scalars(select(log_entries.c.body)))
    assert b"passport" not in bodies


def test_a_mail_names_neither_the_person_nor_data(plain: Desk) -> None:
    plain.sent_code()
    assert "alice" not in plain.mails[0].subject + plain.mails[0].text


def test_what_is_sent_again_after_a_failure_is_the_same(plain: Desk) -> None:
    plain.refuses = True
    plain.ask()
    plain.work()
    plain.refuses, plain.now = False, plain.now + 31 * SECOND
    plain.held[ALICE] = [OFFICE, HOME]  # whatever is first now
    plain.work()
    with plain.database.read() as connection:
        (row,) = connection.execute(select(identity_challenges)).all()
    assert [(mail.id, mail.to) for mail in plain.mails] == [(row.id, "alice@home.example")]
    plain.answer(code_in(plain.mails[0]))


# -- ways round it -----------------------------------------------------------------------------------------------------


@pytest.mark.promise("closed", "a code that was used is used again")
def test_a_replayed_code_is_refused(desk: Desk) -> None:
    code = desk.sent_code()
    desk.answer(code)
    refused(desk, code)
    assert desk.actions()[-1] == "identity.refused"


@pytest.mark.promise("closed", "a code of another request, and of its duplicate, is used")
def test_a_code_of_another_request_is_refused(desk: Desk) -> None:
    put_request(desk.database, "r2", canonical="r1")
    code = desk.sent_code()
    desk.ask("r2")
    desk.work()
    duplicates = code_in(desk.mails[-1])
    refused(desk, code, "r2")
    refused(desk, duplicates, "r1")
    assert [verified(desk, id) for id in ("r1", "r2")] == [(Verification.ASKED, 0)] * 2
    desk.answer(duplicates, "r2")
    assert [verified(desk, id) for id in ("r1", "r2")] == [(Verification.ASKED, 0), (Verification.SHOWN, 1)]


@pytest.mark.promise("closed", "a code is used when its time is over")
def test_an_expired_code_is_refused(desk: Desk) -> None:
    code = desk.sent_code()
    desk.now += LASTS
    refused(desk, code)
    assert verified(desk) == (Verification.ASKED, 0)


def test_a_code_holds_until_its_last_instant_and_not_with_a_clock_set_back(plain: Desk) -> None:
    code = plain.sent_code()
    plain.now = NOW - 2 * SECOND
    refused(plain, code)
    plain.now = NOW + LASTS - 1
    plain.answer(code)


@pytest.mark.promise("closed", "codes are guessed")
def test_after_five_wrong_guesses_the_right_code_is_refused_too(desk: Desk) -> None:
    code = desk.sent_code().replace(" ", "")
    wrong = [f"{(int(code) + n) % 10**8:08}" for n in range(1, MOST_TRIES + 1)]
    for guess in wrong:
        refused(desk, guess)
    refused(desk, code)
    assert verified(desk) == (Verification.ASKED, 0)
    assert desk.actions().count("identity.refused") == MOST_TRIES + 1
    fresh = desk.sent_code()
    assert fresh != code
    desk.answer(fresh)


def test_a_guess_less_than_the_limit_leaves_the_code_alive(plain: Desk) -> None:
    code = plain.sent_code()
    for _ in range(MOST_TRIES - 1):
        refused(plain, "x")
    plain.answer(code)


@pytest.mark.promise("closed", "a code is used for a request that is closed")
@pytest.mark.parametrize("state", ["open", "denied", "revoked", "expired", "fulfilled"])
def test_a_code_for_a_request_that_is_not_under_way_is_refused(plain: Desk, state: str) -> None:
    from sqlalchemy import update

    from pellucid.records.rights_tables import rights_requests

    code = plain.sent_code()
    with plain.database.write() as connection:
        connection.execute(update(rights_requests).values(state=state))
    refused(plain, code)
    assert verified(plain) == (Verification.ASKED, 0)


def test_a_newer_code_ends_the_older_one(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, OFFICE]
    older = plain.sent_code()
    newer = plain.sent_code()
    refused(plain, older)
    plain.answer(newer)


def test_a_code_that_was_never_sent_does_not_hold(plain: Desk) -> None:
    plain.ask()
    with plain.database.read() as connection:
        id = connection.scalars(select(identity_challenges.c.id)).one()
    refused(plain, challenges.secret_of(KEY, id, "code"))


def test_a_code_is_not_sent_once_it_has_expired_or_its_request_is_closed(plain: Desk) -> None:
    plain.ask()
    plain.now += LASTS
    plain.work()
    put_request(plain.database, "r2", state="denied")
    with plain.database.write() as connection:
        challenges.put(connection, KEY, "r2", "code", plain.now)
    plain.work()
    assert plain.mails == []


def test_an_unknown_request_is_answered_as_a_wrong_code_is(plain: Desk) -> None:
    refused(plain, "12345678", "nobody")
    assert plain.actions() == []
    with pytest.raises(NameUnknown, match="There is no request 'nobody'"):
        plain.ask("nobody")


@pytest.mark.parametrize("given_", ["", " ", "0" * 10_000, "\x00", "１２３４５６７８", "\ud800"])
def test_nonsense_is_refused_like_a_wrong_code(plain: Desk, given_: str) -> None:
    plain.sent_code()
    refused(plain, given_)


def test_a_contact_that_is_no_address_or_another_channel_is_not_written_to(plain: Desk) -> None:
    plain.held[ALICE] = [Contact("phone", "+49 1", "m.phone"), Contact("email", "a@b.c\nBcc: eve@x.example", "m.mail")]
    plain.ask()
    plain.work()
    assert plain.mails == []


def test_no_setting_does_without_the_check() -> None:
    said = [name for name in Settings.model_fields if re.search(r"verif|identity|challenge|skip|trust", name)]
    assert said == ["unverified_days", "challenges_per_hour"]


# -- nothing is told ---------------------------------------------------------------------------------------------------


@pytest.mark.promise("closed", "answers and their work are compared for people who are known and who are not")
@pytest.mark.parametrize("who", ["nobody", "without a contact", "sent too many"])
def test_whoever_it_is_about_the_same_is_answered_by_the_same_work(desk: Desk, who: str) -> None:
    put_request(desk.database, "r2", subject=None if who == "nobody" else BOB)
    if who == "sent too many":
        desk.held[BOB] = [OFFICE]
        for number in range(PER_PERSON):
            put_request(desk.database, f"x{number}", subject=BOB)
            desk.ask(f"x{number}")
        desk.work()
    known, unknown = statements(desk, lambda: desk.ask("r1")), statements(desk, lambda: desk.ask("r2"))
    assert known == unknown
    assert desk.asked_about.count(ALICE) == 0  # the data are looked at by the worker, not while somebody waits
    before = len(desk.mails)
    desk.work()
    assert [mail.to for mail in desk.mails[before:]] == ["alice@home.example"]
    wrong = [statements(desk, lambda id=id: refused(desk, "12345678", id)) for id in ("r1", "r2")]  # type: ignore[misc]
    assert wrong[0] == wrong[1]


def statements(desk: Desk, call: Callable[[], object]) -> list[str]:
    """Return what the call sends to the database, in order, without values."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = desk.database._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert sent
    return sent


def test_each_answer_is_hashed_once_and_compared_in_constant_time(plain: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put_request(plain.database, "r2", subject=None)
    put_request(plain.database, "r3")  # nothing was asked for
    code = plain.sent_code()
    plain.ask("r2")
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for request, given_ in (("r1", "wrong"), ("r2", "wrong"), ("r3", "wrong"), ("none", "wrong"), ("r1", "y" * 10_000)):
        refused(plain, given_, request)
    plain.answer(code)
    assert compared == [(32, 32)] * 6


def test_neither_code_nor_address_is_kept_in_the_database(plain: Desk) -> None:
    code = plain.sent_code().replace(" ", "")
    link = plain.sent_code("link")
    raw = b"".join(path.read_bytes() for path in plain.database._path().parent.glob("control.sqlite*"))
    assert KEY not in raw
    for secret in (code, link, "alice@home.example", "home.example"):
        assert secret.encode() not in raw


# -- limits ------------------------------------------------------------------------------------------------------------


def too_many(desk: Desk, request: str = "r1") -> None:
    with pytest.raises(NotPermitted, match=r"Too many codes were asked for lately\."):
        desk.ask(request)


def test_a_request_may_ask_for_six_codes_a_day_known_or_not(plain: Desk) -> None:
    put_request(plain.database, "r2", subject=None)
    for request in ("r1", "r2"):
        for _ in range(PER_REQUEST):
            plain.ask(request)
        too_many(plain, request)
    assert plain.actions()[-1] == "identity.refused"
    plain.now += DAY
    plain.ask()


def test_all_requests_together_may_ask_for_so_many_an_hour(plain: Desk) -> None:
    plain.per_hour = 3
    for number in range(3):
        put_request(plain.database, f"x{number}", subject=None)
        plain.ask(f"x{number}")
    too_many(plain)
    plain.now += 3600 * SECOND
    plain.ask()


def test_a_person_and_a_mailbox_are_sent_ten_a_day_and_nobody_is_told(plain: Desk) -> None:
    plain.held[BOB] = [Contact("email", "a.lice+x@home.example", "members.mail")]  # the same mailbox
    for number in range(2 * PER_PERSON):
        put_request(plain.database, f"x{number}", subject=(ALICE, BOB)[number % 2])
        assert plain.ask(f"x{number}") == ASKED
        plain.work()
    assert len(plain.mails) == PER_PERSON
    plain.now += DAY
    plain.ask()
    plain.work()
    assert len(plain.mails) == PER_PERSON + 1


def test_what_is_already_known_is_not_asked_again(plain: Desk) -> None:
    plain.answer(plain.sent_code())
    with pytest.raises(InputInvalid, match="cannot be asked to show who asks"):
        plain.ask()


def test_only_kinds_that_there_are_can_be_asked_for(plain: Desk) -> None:
    with pytest.raises(InputInvalid, match="A challenge of the kind 'sms' cannot be made"):
        plain.ask(kind="sms")
    without = IdentityChecks(plain.database, KEY, take, lambda: NOW, 600)
    with pytest.raises(InputInvalid, match="A challenge of the kind 'link' cannot be made"):
        without.ask("r1", actor=CUSTOMER, kind="link")


# -- the secrets -------------------------------------------------------------------------------------------------------


def test_codes_are_spread_over_all_eight_digits() -> None:
    codes = [challenges.secret_of(KEY, str(n), "code") for n in range(20_000)]
    assert {len(code) for code in codes} == {8}
    assert len(set(codes)) > 19_990
    for place in range(8):
        counts = [sum(code[place] == digit for code in codes) for digit in "0123456789"]
        assert max(counts) - min(counts) < 400  # 2,000 each, σ = 42


@given(st.emails(domains=st.just("home.example")))
def test_spellings_of_one_mailbox_are_one(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assert mailbox(KEY, address) == mailbox(KEY, f"{local}+tag@{domain.upper()}")
    assert mailbox(KEY, address) != mailbox(KEY, f"x{local}@{domain}")
    assert mailbox(KEY, address) != mailbox(b"another key", address)


def test_every_challenge_is_kept_as_one_row(plain: Desk) -> None:
    plain.sent_code()
    with plain.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(identity_challenges)) == 1
