"""What the server says of its work: one JSON object a line, never a person's key, a token, a body, a path as sent, or
the words of an exception.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback

from pellucid.errors import RecordingFailed, WorkspaceUnusable

DEFECTS = ("nested-transaction", "value-not-storable")
"""Codes of what was not recorded because the code that wanted it is wrong."""
LOGGER = logging.getLogger("pellucid.web")


class JsonLines(logging.Formatter):
    """Formats a record as a line of JSON. What an exception says is left out: it may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
        }
        facts = getattr(record, "facts", None)
        told |= facts if isinstance(facts, dict) else {"event": "server", "said": record.msg % (record.args or ())}
        return json.dumps(told)


def say(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Log an event with facts that are about nobody."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, extra={"facts": {"event": event, **facts}})


def say_defect(error: BaseException, **facts: object) -> None:
    """Log that something failed in a way it should not: its kind and its place in the code, not its words."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-4:]]
    say("defect", level=logging.ERROR, kind=type(error).__name__, places=places, **facts)


def say_failure(error: BaseException, **facts: object) -> None:
    """Log that something was not done: for want of the control database or a disk as an outage, by its code, which is
    nobody's mistake here; else as a defect.
    """
    if isinstance(error, RecordingFailed | WorkspaceUnusable) and error.code not in DEFECTS:
        say("outage", level=logging.ERROR, code=error.code, **facts)
    else:
        say_defect(error, **facts)


def log_to_stderr() -> None:
    """Send what this server and uvicorn say to the error output, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("pellucid.web", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
