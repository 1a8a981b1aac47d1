"""The words of `/api/v1/holdings`, `/api/v1/inferences` and the rows of a request: what is held, and how known."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.words import Asked, Name

Known = Literal["declared", "observed", "inferred"]
MOST_ROWS = 100
KNOWN = "`declared`: given to us; `observed`: seen in what the person does; `inferred`: a conclusion or an estimate."
SINCE = "RFC 3339; when the dataset first came in."


class RowsAsked(Asked):
    """Which rows to show of the person whom a request for access is about, the newest first where rows have a time."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"dataset": "purchases"}, {"dataset": "purchases", "first": 25, "most": 25}]}
    )

    dataset: Name
    first: Annotated[int, Field(strict=True, ge=0, le=2**40, description="So many rows are passed over.")] = 0
    most: Annotated[int, Field(strict=True, ge=1, le=MOST_ROWS)] = 25
    generation: Annotated[
        int | None, Field(strict=True, ge=1, le=2**31, description="Refused if it is not the published one; null: any.")
    ] = None

    def texts(self) -> frozenset[str]:
        """Return the texts that may be about somebody: none, a dataset is named by the policy."""
        return frozenset()


class PlaceTold(BaseModel):
    """Where a kind of data stands."""

    dataset: str
    title: str
    columns: list[str] = Field(description="Titles.")
    names: list[str] = Field(description="Of the columns, as the policy has them.")
    source: str
    since: str | None = Field(description=SINCE)
    how_known: list[Known] = Field(description=KNOWN)


class CategoryTold(BaseModel):
    """One of the policy's data categories of which something is held."""

    category: str
    title: str
    sensitive: bool
    places: list[PlaceTold]


class DatasetTold(BaseModel):
    """A dataset in which the person has rows."""

    name: str
    title: str
    source: str
    derived: bool = Field(description="Built of other datasets.")
    since: str | None = Field(description=SINCE)
    renewed: str | None
    kept_days: int | None
    purposes: list[str] = Field(description="Titles of the purposes that may read some of it.")
    about_several: bool
    may_reveal: list[str]


class HoldingsTold(BaseModel):
    """What is held about one person: kinds of data and datasets, no value."""

    categories: list[CategoryTold]
    datasets: list[DatasetTold]


class InferredColumnTold(BaseModel):
    """A column that holds a conclusion."""

    name: str
    title: str
    holds: str


class SourceTold(BaseModel):
    """A dataset of which a conclusion was made; without columns where only the dataset is known."""

    dataset: str
    title: str
    columns: list[str] = Field(description="Titles.")
    names: list[str] = Field(description="Of the columns, as the policy has them.")


class ConclusionTold(BaseModel):
    """Conclusions in one dataset, and why they are there, as far as that is recorded."""

    dataset: str
    title: str
    source: str
    columns: list[InferredColumnTold]
    derived: bool
    made_at: str | None
    made_of: list[SourceTold]
    purpose: str | None = Field(description="For which it was made; null: not recorded.")
    purposes: list[str] = Field(description="That may read it.")


class EstimateTold(BaseModel):
    """A fact about the person that is only estimated; its value is not told here."""

    fact: str
    made_of: list[SourceTold]


class DecidingTold(BaseModel):
    """A purpose that is declared to profile people or to decide about them, and the person's datasets that it reads."""

    purpose: str
    kinds: list[str]
    datasets: list[str]


class InferencesTold(BaseModel):
    """What was concluded about one person and why, no value."""

    conclusions: list[ConclusionTold]
    estimates: list[EstimateTold]
    deciding: list[DecidingTold]


class ColumnTold(BaseModel):
    """A column that is shown."""

    name: str
    title: str
    holds: str
    type: str
    how_known: Known = Field(description=KNOWN)
    sensitive: bool
    correctable: bool = Field(description="A request for rectification can name it.")


class CountsAsked(Asked):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class CountTold(BaseModel):
    """How many rows of a dataset are the person's."""

    dataset: str
    count: int


class CountsTold(BaseModel):
    """How many rows are the person's, in each dataset that the request opens."""

    datasets: list[CountTold]


class RowTold(BaseModel):
    """One row: its place, its values, which are covered because they are somebody else's, and what some reveal."""

    place: int
    values: dict[str, Any]
    covered: list[str]
    reveals: dict[str, str]


class KeptBackTold(BaseModel):
    """A kind of data that is held and not shown, and why."""

    holds: str
    because: str


class RowsTold(BaseModel):
    """A part of the person's rows of one dataset. Ask again with `first` = `next`; null: that was all."""

    dataset: str
    generation: int
    count: int
    columns: list[ColumnTold]
    rows: list[RowTold]
    kept_back: list[KeptBackTold]
    next: int | None
