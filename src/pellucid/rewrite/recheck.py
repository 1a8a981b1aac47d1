"""Take the generated SQL apart and check it again, by other means than those that made it.

A personal table may be named only in the governed text of this purpose, which is compared byte by byte with the
policy's; all else is parsed back, or gone through word by word, and may name nothing but generated names, public
datasets and allowed nodes. sqlglot's generators have had bugs; this stands between one of them and a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pellucid.policy.model import Dataset, RankBound
from pellucid.policy.ranks import LARGEST_RANK, rank_column, rank_columns
from pellucid.rewrite.context import Context, PolicyPurpose
from pellucid.rewrite.generate import DUCKDB
from pellucid.rewrite.governed import Block, GovernedRows, RankFilter
from pellucid.rewrite.governed_text import governed_text
from pellucid.rewrite.key_columns import visible_columns
from pellucid.rewrite.permit_rows import HELD
from pellucid.rewrite.vocabulary import (
    ALLOWED,
    EXACT_FRAME_WORDS,
    FRAME_WORDS,
    GENERATED,
    GENERATED_FUNCTIONS,
    GENERATED_IN_ROWS,
)

_GOVERNED = re.compile(r"_g\d+")
_CAP = re.compile(r"\$_cap\d+")
_RELEASED = re.compile(r"[rp]\d+")
_REPLICA = ("_words_", "_later_")
_STRINGS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_IN_ROWS = (ALLOWED | GENERATED_IN_ROWS) - {"With", "CTE"}  # no name of governed rows can be given another meaning
_BETWEEN_WORDS = str.maketrans(dict.fromkeys("(),.*=<>+/-%", " "))
_NUMBERED = re.compile(r"(?:[kamtcfhw]|_seen|_spread|\$_cap)?\d+|", re.ASCII)


def recheck_block(block: Block, context: Context) -> bool:
    """Return whether a block's SQL is the governed texts of this purpose, rows that name nothing else, and a frame;
    and so for the same block bounded otherwise.
    """
    others = [*block.others, *(each for each in (block.caps, block.few) if each is not None)]
    if not all(_recheck_one(each, context) for each in others):
        return False
    return _recheck_one(block, context)


def _recheck_one(block: Block, context: Context) -> bool:
    if not _is_bound_as_told(block):
        return False
    unique = block.ranked.unique if block.ranked is not None else ()
    if not all(recheck_public(sql, context) for sql in unique):
        return False
    rest: str | None = block.sql
    for position, source in enumerate(block.sources):
        if not _is_readable(source, context) or not _is_sound(context.key, source.dataset, source.rank):
            return False
        text = governed_text(context.key, source)
        rest = _after(rest, f"{', ' if position else 'WITH '}{source.name} AS NOT MATERIALIZED ({text})")
    names = {source.name for source in block.sources}
    rest = _after(rest, f"{', ' if block.sources else 'WITH '}_rows AS ({block.rows})")
    if block.cells_sql is not None:
        rest = _after(rest, f", _cells AS ({block.cells_sql})")
        if not recheck_public(block.cells_sql, context):
            return False
    if _after(rest, ", ") != block.frame or not _known_words(block.frame):
        return False
    return len(names) == len(block.sources) and _names_only(block.rows, context.datasets, names)


def recheck_public(sql: str, context: Context) -> bool:
    """Return whether a statement reads public datasets only."""
    return _reads_public_only(context.key, sql)


def recheck_post(sql: str, names: Iterable[str]) -> bool:
    """Return whether a statement names released cells and handed-on public tables only."""
    tables = _tables_of(parse_generated(sql), ALLOWED)
    known = {name for name in names if _RELEASED.fullmatch(name)}
    return tables is not None and all(_is_of(table, known) for table in tables)


@lru_cache(maxsize=64)
def parse_generated(sql: str) -> exp.Expr | None:
    """Return the tree of one generated query, or None; callers must not change it."""
    try:
        statements = DUCKDB.parse(sql)
    except (SqlglotError, RecursionError):
        return None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        return None
    return statements[0]


def _after(text: str | None, part: str) -> str | None:
    """Return what follows a part that a text begins with; None if it begins otherwise, or did before."""
    return text[len(part) :] if text is not None and text.startswith(part) else None


def _is_readable(source: GovernedRows, context: Context) -> bool:
    """Return whether governed rows are of a personal dataset and show only what the purpose may read or tie rows by."""
    dataset = context.datasets.get(source.dataset)
    if dataset is None or dataset.is_public or not _GOVERNED.fullmatch(source.name):
        return False
    if source.rank is not None and not _is_declared(source.rank, dataset, context.declared.release.rank):
        return False
    readable = {column.name for column in visible_columns(context.policy, context.purpose, source.dataset)}
    return set(source.columns) <= readable and len(set(source.columns)) == len(source.columns)


def _is_bound_as_told(block: Block) -> bool:
    """Return whether a block's rank is its rows', whose mark its frame obeys, and its drawn norms are its measures'."""
    ranks = [source.rank for source in block.sources if source.rank is not None]
    if block.ranked is not None:
        rank = ranks[0] if len(ranks) == len(block.sources) == 1 else None
        if rank is None or rank.rows != block.ranked.rows or (rank.column == "_rank") is not (block.ranked.by is None):
            return False
        if rank.marked and f"_turn < {rank.rows} " not in block.frame:
            return False
    elif ranks:
        return False
    drawn = {f"$_cap{measure.name[1:]}" for measure in block.measures if measure.drawn}
    return set(_CAP.findall(block.frame)) == drawn


def _is_declared(rank: RankFilter, dataset: Dataset, bound: RankBound | None) -> bool:
    """Return whether a stored rank is one of the dataset's and lets no more rows count than the purpose says."""
    if bound is None or rank.rows >= LARGEST_RANK or rank.column not in rank_columns(dataset):
        return False
    return rank.rows == (bound.rows if rank.column == rank_column(dataset) else bound.each) > 0


@lru_cache(maxsize=1024)
def _is_sound(key: PolicyPurpose, dataset: str, rank: RankFilter | None) -> bool:
    """Return whether a governed text, with every column shown, is one query over this dataset, public ones and the
    permitted bits. It depends on the policy alone; which columns a question shows makes no difference to it.
    """
    columns = tuple(column.name for column in visible_columns(key.policy, key.purpose or "", dataset))
    tree = parse_generated(governed_text(key, GovernedRows("_g0", dataset, columns, barrier=True, rank=rank)))
    tables = _tables_of(tree, ALLOWED | GENERATED, GENERATED_FUNCTIONS)
    return tables is not None and all(_is_named_by_governed_rows(table, key, dataset) for table in tables)


def _is_named_by_governed_rows(table: exp.Table, key: PolicyPurpose, dataset: str) -> bool:
    if not isinstance(table.this, exp.Identifier) or table.catalog:
        return False
    if not table.db:
        return table.name in {prefix + dataset for prefix in _REPLICA}
    named = key.policy.datasets.get(table.name)
    return table.db == HELD and named is not None and (named.is_public or named.name == dataset)


def _names_only(sql: str, datasets: Mapping[str, Dataset], names: Iterable[str]) -> bool:
    """Return whether a query stands by itself and reads nothing but these governed rows and public datasets."""
    if "--" in (bare := _STRINGS.sub("", sql)) or "/*" in bare:
        return False  # a comment would swallow what stands behind the query
    tables = _tables_of(parse_generated(sql), _IN_ROWS)
    return tables is not None and all(_is_public(table, datasets) or _is_of(table, names) for table in tables)


def _is_public(table: exp.Table, datasets: Mapping[str, Dataset]) -> bool:
    dataset = datasets.get(table.name)
    plain = isinstance(table.this, exp.Identifier) and not table.catalog and table.db == HELD
    return plain and dataset is not None and dataset.is_public


def _is_of(table: exp.Table, names: Iterable[str]) -> bool:
    return isinstance(table.this, exp.Identifier) and not table.catalog and not table.db and table.name in names


def _known_words(frame: str) -> bool:
    """Return whether a text is nothing but the words of a frame, numbered names, whole numbers and what parts them."""
    words = {word for word in frame.translate(_BETWEEN_WORDS).split(" ") if not _NUMBERED.fullmatch(word)}
    known = words <= FRAME_WORDS or words <= EXACT_FRAME_WORDS
    return known and "--" not in frame and "/*" not in frame


@lru_cache(maxsize=512)
def _reads_public_only(key: PolicyPurpose, sql: str) -> bool:
    return _names_only(sql, key.policy.datasets, frozenset())


def _tables_of(
    tree: exp.Expr | None, allowed: frozenset[str], functions: frozenset[str] = frozenset()
) -> list[exp.Table] | None:
    """Return the tables of a tree; None if there is no tree, or a node in it that is not allowed."""
    tables: list[exp.Table] = []
    for node in tree.walk() if tree is not None else ():
        if isinstance(node, exp.Table):
            tables.append(node)
        elif type(node).__name__ not in allowed and not (
            isinstance(node, exp.Anonymous) and str(node.this).upper() in functions
        ):
            return None
    return tables if tree is not None else None
