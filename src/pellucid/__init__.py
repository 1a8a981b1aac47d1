"""pellucid: insight from customers' data that you could show the customer it came from.

The whole interface is `open`, the workspace that it returns, and the errors:

    with pellucid.open("grocer") as workspace:
        release = workspace.query("SELECT COUNT(*) FROM transactions", purpose="range-planning", actor="ana")
        release.to_arrow()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.errors import (
    BudgetExhausted,
    ConsentInFlux,
    DataRefused,
    InputInvalid,
    NameUnknown,
    NotPermitted,
    PellucidError,
    PolicyInvalid,
    QueryFailed,
    RecordingFailed,
    UseRefused,
    VerificationFailed,
    WorkspaceUnusable,
)

if TYPE_CHECKING:
    from pellucid.workspace import Workspace

__all__ = [
    "BudgetExhausted",
    "ConsentInFlux",
    "DataRefused",
    "InputInvalid",
    "NameUnknown",
    "NotPermitted",
    "PellucidError",
    "PolicyInvalid",
    "QueryFailed",
    "RecordingFailed",
    "UseRefused",
    "VerificationFailed",
    "WorkspaceUnusable",
    "open",
]


def open(folder: str | Path) -> Workspace:  # read as pellucid.open(folder)
    """Open the workspace in a folder; raises WorkspaceUnusable."""
    from pellucid.workspace import Workspace  # noqa: PLC0415  -- the whole product: 0.5 s that `--help` need not wait for

    return Workspace(Path(folder))
