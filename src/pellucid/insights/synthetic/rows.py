"""Made-up rows of a dataset: keys that join with those of other samples of the same seed, values of the right shape.

Behind each row stands a number for each of its subject paths. Half of it is the subject; a key that belongs to one
subject (a basket's) is the number itself. So whatever two samples are joined on, they agree on whose the row is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from pellucid.insights.synthetic import values
from pellucid.insights.synthetic.draw import Draw
from pellucid.insights.synthetic.links import EntityLink, PublicLink, SubjectLink, links_of
from pellucid.insights.synthetic.values import Setting, Value
from pellucid.policy.model import Column, ColumnType, Dataset, MaskKind, Policy
from pellucid.policy.retention import days_kept

ROWS_A_SUBJECT = 4
ENTITIES_A_SUBJECT = 2

_TYPES = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.REAL: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}
_MASKED = {MaskKind.YEAR: pa.timestamp("us"), MaskKind.MONTH: pa.timestamp("us"), MaskKind.BAND: pa.float64()}


def make_rows(
    policy: Policy,
    dataset: Dataset,
    *,
    rows: int,
    seed: int,
    today: date,
    public: Mapping[str, Sequence[Value]],
) -> pa.Table:
    """Return made-up rows of a dataset, unmasked, in its types; fewer than asked if its key has no more values.

    `public` holds keys of public datasets, as `chosen_keys` chose them; of one that is missing they are made up.
    """
    maker = _Maker(policy, dataset, rows, seed, today, public)
    count = min(rows, maker.capacity)
    made = {
        name: pa.array([maker.value(column, row) for row in range(count)], arrow_type(column))
        for name, column in dataset.columns.items()
    }
    return pa.table(made)


def chosen_keys(dataset: str, keys: Sequence[Value], *, rows: int, seed: int) -> list[Value]:
    """Return the keys of a public dataset of which samples of this size speak: the same for all that refer to it."""
    return Draw(seed).at("public", dataset).order(keys, [str(key) for key in keys])[:rows]


def masked(table: pa.Table, dataset: Dataset, purpose: str) -> pa.Table:
    """Return the columns of a sample as a purpose is shown them, in the types in which the engine shows them."""
    made = {}
    for name in table.column_names:
        mask = dataset.columns[name].mask
        if mask is None or purpose in mask.unmasked_for:
            made[name] = table.column(name)
        else:
            kind = _MASKED.get(mask.kind, table.schema.field(name).type)
            made[name] = pa.array([values.shown(mask, found) for found in table.column(name).to_pylist()], kind)
    return pa.table(made)


def arrow_type(column: Column) -> pa.DataType:
    """Return the Arrow type in which an engine gives a declared column back."""
    return pa.decimal128(18, column.scale) if column.type is ColumnType.MONEY else _TYPES[column.type]


class _Maker:
    """Makes the values of one dataset, one by one."""

    def __init__(
        self,
        policy: Policy,
        dataset: Dataset,
        rows: int,
        seed: int,
        today: date,
        public: Mapping[str, Sequence[Value]],
    ) -> None:
        self._dataset = dataset
        self._rows = rows
        self._public = public
        self._draw = Draw(seed).at("rows", dataset.name)
        self._setting = Setting(policy, today, days_kept(policy, dataset))
        self._links = links_of(policy, dataset)
        self._subjects = max(1, rows // ROWS_A_SUBJECT)
        self._choices = {name: self._of_key(dataset.columns[name]) for name in dataset.key}
        self._free = self._leading()

    @property
    def capacity(self) -> int:
        """How many rows can differ in their key."""
        if not self._dataset.key or self._free is not None:
            return self._rows
        size = 1
        for found in self._choices.values():
            size *= len(found or ())
        return size

    def value(self, column: Column, row: int) -> Value:
        """Return the value of a column in a row."""
        draw = self._draw.at(column.name, row)
        link = self._links.get(column.name)
        if isinstance(link, SubjectLink):
            return values.key_value(column, link.namespace, self._behind(link.path, row) // ENTITIES_A_SUBJECT)
        if isinstance(link, EntityLink):
            return values.key_value(column, link.name, self._behind(link.path, row))
        if column.name in self._dataset.key:
            return self._key(column, row)
        if column.name != self._dataset.time and values.may_be_missing(column, draw):
            return None
        if isinstance(link, PublicLink):
            keys = self._public.get(link.dataset)
            return draw.one_of(keys) if keys else values.key_value(column, link.key, draw.below(self._rows))
        return self._plain(column, draw)

    def _plain(self, column: Column, draw: Draw) -> Value:
        if column.name == self._dataset.jurisdiction_column:
            return values.place(self._setting, draw)
        if column.name == self._dataset.birth_year_column:
            return values.birth_year(draw)
        if column.name == self._dataset.vulnerable_column:
            return values.vulnerable(draw)
        telling = [rule.values for rule in self._dataset.sensitive_when if rule.column == column.name]
        if telling and not column.domain and draw.at("sensitive").below(3) == 0:
            return draw.one_of(telling[0])
        return values.value(self._setting, column, draw)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _of_key(self, column: Column) -> Sequence[Value] | None:
        link = self._links.get(column.name)
        if isinstance(link, SubjectLink | EntityLink):
            return None
        if isinstance(link, PublicLink) and self._public.get(link.dataset):
            return self._public[link.dataset]
        return values.choices(self._setting, column)

    def _leading(self) -> str | None:
        """Return the column of the key that can take any number of values: one that belongs to a subject before it."""
        free = [name for name, found in self._choices.items() if found is None]
        ranked = sorted(free, key=lambda name: not isinstance(self._links.get(name), EntityLink))
        return ranked[0] if ranked else None

    def _digits(self, row: int) -> dict[str, int]:
        """Return for each column of the key which of its values stands in a row: no two rows get the same."""
        digits, rest, low = {}, row, 0
        if self._free is not None:
            rest, low = divmod(rest, self._subjects)
        for name, found in self._choices.items():
            if found is not None:
                rest, digits[name] = divmod(rest, len(found))
        if self._free is not None:
            digits[self._free] = low + self._subjects * rest
        return digits

    def _key(self, column: Column, row: int) -> Value:
        found = self._choices[column.name]
        number = self._digits(row).get(column.name)
        if found is not None and number is not None:
            return found[number]
        kind = self._links.get(column.name)
        named = kind.key if isinstance(kind, PublicLink) else column.name
        if number is None:  # another column of the key tells the rows apart already
            number = self._draw.at(column.name, row).below(self._rows)
        return values.key_value(column, named, number)

    def _behind(self, path: int, row: int) -> int:
        """Return the number that stands behind a row for one of its subject paths."""
        link = self._links.get(self._free) if self._free is not None else None
        if isinstance(link, SubjectLink | EntityLink) and link.path == path and self._free is not None:
            number = self._digits(row)[self._free]
            return number if isinstance(link, EntityLink) else number * ENTITIES_A_SUBJECT
        return self._draw.at("path", path, row).below(self._subjects * ENTITIES_A_SUBJECT)
