"""Whatever happened, the index tells of a person exactly what a slow and plain reading of the log tells."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import InputInvalid
from pellucid.transparency import use_index
from pellucid.transparency.use_index import UseIndex, catch_up
from pellucid.transparency.uses import Uses
from tests.consent.conftest import ANA, CUSTOMER
from tests.records.sqlite import new_control
from tests.transparency.made_log import FEED_READER, MadeLog
from tests.transparency.slow_reading import Slow, read_slowly

PEOPLE = 3
PURPOSES = ("range-planning", "loyalty", "delivery", "care", "gone")
DATASETS = (("baskets",), ("letters",), ("baskets", "letters"), ("stores",), ("baskets", "stores"), ("undeclared",))
RELEASES = ("query.released", "query.caps-drawn", "insight.released", "insight.proposed", "query.failed", "attack.made")

person = st.integers(0, PEOPLE - 1)
purpose = st.sampled_from(PURPOSES)
step = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from(("baskets", "letters")), st.sets(person)),
    st.tuples(st.just("forget"), st.sampled_from(("baskets", "letters"))),
    st.tuples(st.just("use"), st.sampled_from(RELEASES), purpose, st.sampled_from(DATASETS), st.booleans()),
    st.tuples(st.just("repeat")),
    st.tuples(st.just("build"), purpose),
    st.tuples(st.just("refuse"), purpose),
    st.tuples(
        st.just("say"),
        person,
        st.sampled_from(("give", "withdraw", "object", "opt_out", "restrict", "lift", "refuse", "limit")),
        st.sampled_from((None, *PURPOSES[:-1])),
    ),
    st.tuples(st.just("look-up"), person),
    st.tuples(st.just("feed"), st.integers(0, 5), st.integers(1, 5)),
    st.tuples(st.just("export"), st.sampled_from((None, *PURPOSES[:-1]))),
    st.tuples(st.just("wait"), st.integers(1, 400)),
    st.tuples(st.just("catch up")),
    st.tuples(st.just("link"), person, person),
)


def do(made: MadeLog, what: tuple) -> None:  # type: ignore[type-arg]
    name, *of = what
    if name == "publish":
        made.publish(*of)
    elif name == "forget":
        made.forget(*of)
    elif name == "use":
        action, under, datasets, fine = of
        people = {"people": {each: "between 20 and 30" for each in datasets}} if fine else {}
        made.use(action, under, *datasets, stamped=action not in ("query.failed", "attack.made") and fine, **people)
    elif name == "repeat":
        leaf = made.use("query.released", "loyalty", "baskets", people={"baskets": "between 30 and 50"})
        made.use("query.repeated", "loyalty", "baskets", of=leaf)
    elif name == "build":
        with made.database.read() as connection:
            stamp = made.stamp(connection, ("baskets",)).as_json()
        body = {"dataset": "scores", "purpose": of[0], "stamp": stamp, "reads": ["baskets.amount"]}
        made.log("data.built", **body)
    elif name == "refuse":
        made.use("query.refused", of[0], stamped=False, reasons=["purpose-not-permitted"])
    elif name in ("say", "link"):
        with suppress(InputInvalid):  # what is refused did not happen
            (made.say if name == "say" else made.link)(*of)
    elif name == "look-up":
        made.log("consent.shown", subject=of[0])
    elif name == "feed":
        made.log("consent.changes-shown", FEED_READER, after=of[0], until=of[0] + of[1])
    elif name == "export":
        export(made, of[0])
    elif name == "wait":
        made.tick(of[0])
    else:
        catch_up(made.database)


def export(made: MadeLog, under: str | None) -> None:
    from pellucid.audit.entry import AuditEntry
    from pellucid.audit.log import append

    with made.database.write() as connection:
        entry = AuditEntry("consent.exported", ANA, made.tick(), under, body={"namespaces": [CUSTOMER], "number": 1})
        append(connection, entry)


def read_quickly(made: MadeLog, subject: int, since: int) -> tuple[Slow, Slow]:
    """Return what a slow reading tells of somebody, and what the index does."""
    pseudonyms = made.pseudonyms(subject)
    with made.database.read() as connection:
        slow = read_slowly(connection, made.policy, pseudonyms, since)
        uses = Uses(UseIndex.at(connection), made.policy, pseudonyms, since)
        used = [(row.leaf, str(kind.known), kind.datasets, kind.columns) for row, kind in uses.of_data()]
        refused = sorted(row.leaf for row, _ in uses.refused())
        looked_up = [leaf for leaf, _ in uses.looked_up()]
        handed_out = sorted((row.leaf, str(kind.known)) for row, kind in uses.choices())
        return slow, Slow(used, uses.left_out, refused, looked_up, handed_out)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(step, max_size=25), part=st.integers(1, 7), waited=st.sampled_from((0, 0, 30)))
def test_the_index_tells_what_a_slow_reading_tells(steps: list[tuple], part: int, waited: int) -> None:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder:
        database = new_control(Path(folder) / "control.sqlite")
        made = MadeLog(database, PEOPLE)
        before, use_index.CHUNK = use_index.CHUNK, part  # several transactions, and several lists of values
        try:
            for what in steps:
                do(made, what)
            for subject in range(PEOPLE):
                slow, quick = read_quickly(made, subject, made.now - waited * 86_400_000_000 if waited else 0)
                assert quick == slow
        finally:
            use_index.CHUNK = before
            database.close()
