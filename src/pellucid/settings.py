"""Settings read from the environment (prefix `PELLUCID_`). The reference page is generated from this class."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every knob of a workspace that is not policy."""

    model_config = SettingsConfigDict(env_prefix="PELLUCID_", extra="ignore")

    workspace: Path = Field(default=Path(), description="Folder of the workspace.")
    query_seconds: float = Field(default=60.0, gt=0, le=3600, description="Time limit of one question, in seconds.")
    memory_limit: str = Field(default="4GB", description="Memory limit of the engine, as DuckDB writes it.")
    spill_limit: str = Field(default="16GB", description="Most disk space the engine may spill into the workspace.")
    threads: int = Field(default=0, ge=0, le=256, description="Engine threads; 0 means one for each processor.")
    sql_characters: int = Field(default=100_000, gt=0, le=10_000_000, description="Longest question accepted.")
    sql_depth: int = Field(default=60, gt=0, le=500, description="Deepest nesting of brackets accepted.")
    coverage_hours: float = Field(
        default=24.0, ge=24.0, description="How old a coverage band gets before it is renewed."
    )
