"""What the server says of its work: one JSON object a line, never a person's key, a token, a body, a path as sent, or
the words of an exception.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback

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


def log_to_stderr() -> None:
    """Send what this server and uvicorn say to the error output, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("pellucid.web", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
