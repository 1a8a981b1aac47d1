"""The log as one file to verify elsewhere, which a page and the API hand over: without details, and up to a length."""

from __future__ import annotations

from pathlib import Path
from shutil import make_archive
from tempfile import TemporaryDirectory

from pellucid.policy.model import Actor
from pellucid.workspace.audit import AuditDesk

LONGEST = 100_000
"""Entries that are handed over at once, some 20 MB: more are exported at the command line."""


def packed_log(audit: AuditDesk, actor: Actor) -> bytes:
    """Export the log and return it as a ZIP file. Raises NotPermitted, and InputInvalid for a log that is longer."""
    with TemporaryDirectory(prefix="pellucid-export-") as folder:
        log = Path(folder) / "log"
        audit.export(log, actor=actor, longest=LONGEST)
        return Path(make_archive(str(log), "zip", log)).read_bytes()
