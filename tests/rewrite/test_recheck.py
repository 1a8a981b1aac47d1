"""The second look at generated SQL: what a broken generator or pass could produce does not get through."""

from __future__ import annotations

import dataclasses

import pytest

from pellucid.errors import UseRefused
from pellucid.rewrite import pipeline
from pellucid.rewrite.block_frame import block_sql
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import Block, GovernedRows
from pellucid.rewrite.permit_rows import governed_sql
from pellucid.rewrite.recheck import recheck_block, recheck_post, recheck_public
from tests.rewrite.shop import ANA, Shop

BIT = "GET_BIT($_open_members, _b._block) = 1"


@pytest.fixture
def context(shop: Shop) -> Context:
    return Context(shop.policy, ANA, "planning")


@pytest.fixture
def block(shop: Shop) -> Block:
    return shop.govern("SELECT income, COUNT(*) FROM members GROUP BY income").blocks[0]


def changed(block: Block, part: str, broken: str) -> Block:
    """Return a block in which text was changed wherever it stands, so that its parts still agree with its SQL."""
    sql, rows, frame = (text.replace(part, broken) for text in (block.sql, block.rows, block.frame))
    cells = block.cells_sql.replace(part, broken) if block.cells_sql is not None else None
    assert sql != block.sql
    return dataclasses.replace(block, sql=sql, rows=rows, frame=frame, cells_sql=cells)


def test_generated_sql_passes(block: Block, context: Context) -> None:
    assert recheck_block(block, context)


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        (BIT, "TRUE"),
        (BIT, BIT.replace("= 1", "= 0")),
        ("'planning'", "'care'"),
        ("$_purpose = 'planning'", "TRUE"),
        ("$_purpose", "'planning'"),
        ("$_open_members", "$_open_visits"),
        ("$_open_members", "$_open_sensitive_members"),
        ('"_words_members"', '"_words_visits"'),
        ("_w.plain", "_w.sensitive"),
        ("_w.word = _b._word", "TRUE"),
        ("& 1) = 1", "& 1) >= 0"),
        ("_b._bit", "0"),
        ('_b."_subject0" AS "_subject"', '1 AS "_subject"'),
        ('held."members"', 'held."nobody"'),
        ('held."members"', "members"),
        ('held."members"', "pg_catalog.members"),
        ('held."members"', 'other.held."members"'),
        ("WHERE GET_BIT", "WHERE TRUE OR GET_BIT"),
        ("NOT MATERIALIZED", "MATERIALIZED"),
        ("NOT MATERIALIZED", "NOT  MATERIALIZED"),
        ("SELECT _b.", "SELECT  _b."),
    ],
)
@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_governed_text_that_was_tampered_with_does_not_pass(
    block: Block, context: Context, part: str, broken: str
) -> None:
    assert not recheck_block(changed(block, part, broken), context)


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("FROM _g0", "FROM _g1"),
        ("FROM _g0", "FROM _rows"),
        ("FROM _g0", "FROM members"),
        ("FROM _g0", 'FROM held."members"'),
        ("FROM _g0", 'FROM "_words_members"'),
        ("FROM _g0", "FROM other._g0"),
        ("FROM _g0", "FROM READ_TEXT('x')"),
        ("FROM _g0", "FROM _g0 -- "),
        ("FROM _g0", "FROM _g0 /* "),
        ("FROM _g0", 'FROM _g0 UNION ALL SELECT "income", "_subject" FROM held."members"'),
        ("(SELECT * FROM _g0)", "(WITH _g0 AS (SELECT 1 AS income, 1 AS _subject) SELECT * FROM _g0)"),
        ("(SELECT * FROM _g0)", "(SELECT * FROM _g0))"),
        ("(SELECT * FROM _g0)", "(SELECT GET_BIT(1, 1) FROM _g0)"),
        ("(SELECT * FROM _g0)", "(SELECT GETVARIABLE('x') FROM _g0)"),
    ],
)
@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_rows_that_were_tampered_with_do_not_pass(block: Block, context: Context, part: str, broken: str) -> None:
    assert part in block.rows
    assert not recheck_block(changed(block, part, broken), context)


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("SELECT 0 AS _row", "SELECT GETVARIABLE('x') AS _row"),
        ("SELECT 0 AS _row", "SELECT 'x' AS _row"),
        ("SELECT 0 AS _row", "SELECT 0 AS _row -- "),
        ("SELECT 0 AS _row", "SELECT 0 AS _row /* "),
        ("SELECT 0 AS _row", "SELECT 1; SELECT 0 AS _row"),
        ("SELECT 0 AS _row", "SELECT 0x AS _row"),
        ("FROM _totals", "FROM members"),
        ("FROM _totals", "FROM _g0"),
        ("FROM _totals", 'FROM "_totals"'),
        ("FROM _totals", "FROM held.members"),
        ("$_salt", "$_now"),
        ("_kept", "_Kept"),
    ],
)
@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_a_frame_that_was_tampered_with_does_not_pass(block: Block, context: Context, part: str, broken: str) -> None:
    assert part in block.frame
    assert not recheck_block(changed(block, part, broken), context)


@pytest.mark.parametrize("tail", ["; SELECT 1", " UNION ALL SELECT 1, 'x', 1, 1 FROM held.members", ")", " "])
def test_more_than_the_parts_does_not_pass(block: Block, context: Context, tail: str) -> None:
    assert not recheck_block(dataclasses.replace(block, sql=block.sql + tail), context)


def test_less_than_the_parts_does_not_pass(block: Block, context: Context) -> None:
    assert not recheck_block(dataclasses.replace(block, sql=block.sql[:-1]), context)
    assert not recheck_block(dataclasses.replace(block, sql=block.sql.removeprefix("WITH ")), context)
    assert not recheck_block(dataclasses.replace(block, sources=()), context)


@pytest.mark.parametrize(
    "source",
    [
        GovernedRows("_g0", "nobody", ("income",), barrier=False),
        GovernedRows("_g0", "products", ("department",), barrier=False),  # public
        GovernedRows("_g0", "members", ("email",), barrier=False),  # not for this purpose
        GovernedRows("_g0", "members", ("income", "income"), barrier=False),
        GovernedRows("_g0", "members", ("income OR TRUE",), barrier=False),
        GovernedRows("members", "members", ("income",), barrier=False),
        GovernedRows("_rows", "members", ("income",), barrier=False),
    ],
)
@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_governed_rows_of_what_may_not_be_read_do_not_pass(
    shop: Shop, block: Block, context: Context, source: GovernedRows
) -> None:
    assert recheck_block(rebuilt(shop, block, [block.sources[0]]), context)
    assert not recheck_block(rebuilt(shop, block, [source]), context)


def test_two_governed_rows_of_one_name_do_not_pass(shop: Shop, block: Block, context: Context) -> None:
    other = GovernedRows("_g1", "purchases", ("week",), barrier=False)
    assert recheck_block(rebuilt(shop, block, [*block.sources, other]), context)
    same = dataclasses.replace(other, name="_g0")
    assert not recheck_block(rebuilt(shop, block, [*block.sources, same]), context)


def rebuilt(shop: Shop, block: Block, sources: list[GovernedRows]) -> Block:
    """Return a block with other governed rows in front, each with the text that its purpose would give it."""
    purpose = shop.policy.purposes["planning"]
    texts = {}
    for source in sources:
        dataset = shop.policy.datasets.get(source.dataset, shop.policy.datasets["members"])
        columns = [name for name in source.columns if name in dataset.columns]
        texts[source] = governed_sql(dataset, purpose, columns)
    sql = block_sql(texts, block.rows, block.cells_sql, block.frame)
    return dataclasses.replace(block, sql=sql, sources=tuple(sources))


@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_rows_governed_for_another_purpose_do_not_pass(shop: Shop, block: Block, context: Context) -> None:
    other = shop.govern("SELECT income, COUNT(*) FROM members GROUP BY income", "care").blocks[0]
    assert recheck_block(other, Context(shop.policy, ANA, "care"))
    assert not recheck_block(other, context)


@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_half_of_the_governed_rows_of_a_dated_dataset_does_not_pass(shop: Shop, context: Context) -> None:
    block = shop.govern("SELECT COUNT(*) FROM purchases").blocks[0]
    assert recheck_block(block, context)
    end = block.sql.index("), _rows AS (")
    for start in (block.sql.index(" UNION ALL SELECT _b."), block.sql.rindex(" UNION ALL SELECT _b.", 0, end)):
        assert not recheck_block(dataclasses.replace(block, sql=block.sql[:start] + block.sql[end:]), context)


def test_public_sql_reads_public_datasets_only(context: Context) -> None:
    assert recheck_public('SELECT department FROM held."products"', context)
    for table in ("products", 'held."members"', "_g0", 'x.held."products"', 'held."products" -- ', '"_words_members"'):
        assert not recheck_public(f"SELECT department FROM {table}", context)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM r1",
        "SELECT * FROM held.r0",
        "SELECT * FROM held.members",
        "SELECT * FROM members",
        "DROP TABLE r0",
    ],
)
@pytest.mark.promise("closed", "generated SQL altered between the gate and its recheck")
def test_the_post_half_sees_released_cells_only(sql: str) -> None:
    assert recheck_post("SELECT * FROM r0", ["r0"])
    assert not recheck_post(sql, ["r0"])


def test_a_question_whose_governed_form_fails_the_recheck_is_refused(
    shop: Shop, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assembled = pipeline._assembled

    def broken(*parts: object) -> object:
        governed = assembled(*parts)  # type: ignore[arg-type]
        blocks = [dataclasses.replace(block, sql=block.sql.replace(BIT, "TRUE")) for block in governed.blocks]
        return dataclasses.replace(governed, blocks=tuple(blocks))

    monkeypatch.setattr(pipeline, "_assembled", broken)
    with pytest.raises(UseRefused, match="refused") as refused:
        pipeline.govern("SELECT COUNT(*) FROM members", context)
    assert [reason.code for reason in refused.value.reasons] == ["output-recheck"]
