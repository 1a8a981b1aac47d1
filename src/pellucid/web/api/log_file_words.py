"""The words of what a program takes out of the log."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from pellucid.web.api.words import Asked


class ExportAsked(Asked):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class CheckpointAsked(Asked):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class CheckpointTold(BaseModel):
    """The head that was signed: of how many entries, its root, and the note (a C2SP checkpoint)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "signed": 2041,
                    "root": "5c1e0d3f8a94b7261e0c5d7f9a3b1c2d4e6f80917a2b3c4d5e6f708192a3b4c5",
                    "checkpoint": "example.org/log\n2041\nXB4NP4qUtyYeDF1/mjscLU5vgJF6KzxNXm9wgZKjtMU=\n\n— …",
                }
            ]
        }
    )

    signed: int = Field(description="Entries below the signed head.")
    root: str = Field(description="Hexadecimal.")
    checkpoint: str = Field(description="The signed note, cosignatures of witnesses included.")
