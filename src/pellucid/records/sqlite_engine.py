"""What runs statements on SQLite: compiled once a process, whichever database and connection they run on.

Compiling a statement takes longer than running it; an engine of SQLAlchemy's `create_engine` compiles for itself alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Engine, QueuePool, create_engine, make_url
from sqlalchemy.util import LRUCache

URL = "sqlite://"
STATEMENTS = 1000
"""How many compiled statements a process keeps."""


def sqlite_engine(connect: Callable[[], Any]) -> Engine:
    """Return an engine whose connections are made by a function."""
    dialect, compiled = _shared()
    # Without a limit (0): threads beyond one would open and close a connection for each transaction, 1 ms of work.
    pool = QueuePool(connect, pool_size=0, dialect=dialect)
    return Engine(pool, dialect, make_url(URL), execution_options={"compiled_cache": compiled})


@cache
def _shared() -> tuple[Dialect, LRUCache[object, object]]:
    """Return SQLite's dialect, which knows the version of SQLite once it was connected to, and what it compiled."""
    engine = create_engine(URL)
    engine.connect().close()
    engine.dispose()
    return engine.dialect, LRUCache(STATEMENTS)
