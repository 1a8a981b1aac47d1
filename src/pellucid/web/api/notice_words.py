"""The words of `/api/v1/notices`: what its answers hold."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class PublicationTold(BaseModel):
    """A published notice."""

    version: str = Field(description="SHA-256 of its content, 64 hex digits.")
    published_at: str
    languages: list[str]


class NoticesTold(BaseModel):
    """Every notice that was published, the oldest first."""

    current: str | None = Field(description="The version that people are shown now; null before the first.")
    notices: list[PublicationTold]


class SectionTold(BaseModel):
    """A part of a notice: its title, and its sentences, which are the items of a list if it is `listed`."""

    name: str
    title: str
    level: int = Field(description="1 for the notice itself, 2 and 3 below.")
    listed: bool
    sentences: list[str]


class NoticeTold(BaseModel):
    """A notice in one language and layer."""

    version: str
    language: str
    layer: Literal["short", "full", "child"]
    purposes: dict[str, str] = Field(description="The purposes it tells of, with the versions of their own notices.")
    languages: list[str] = Field(description="The languages that it is in.")
    sections: list[SectionTold]


class ChangesTold(BaseModel):
    """What differs from one published notice to another, a sentence each."""

    old: str
    new: str
    language: str
    changes: list[str]
