"""Running the application: one process, a thread for each request under way, and an end at which none is cut off."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from pellucid.web.app import make_app
from pellucid.web.logs import log_to_stderr
from pellucid.web.production import demand_production, demand_providers
from pellucid.web.protocol import BoundedProtocol
from pellucid.web.site import Site
from pellucid.workspace import Workspace

BACKLOG = 1024
KEPT_ALIVE_SECONDS = 30


class Server(uvicorn.Server):
    """A server that ends without an error when it is told to.

    First it says that it is not ready (`/readyz`), for `draining` seconds in which a balancer stops sending; then it
    takes nothing new; then it ends, once all that is under way is answered. Whoever tells it twice wants no draining.
    """

    def __init__(self, config: uvicorn.Config, site: Site, draining: float) -> None:
        super().__init__(config)
        self._site = site
        self._draining = draining
        self._ends_at: float | None = None

    def end(self) -> None:
        """Have the server end; may be called by any thread."""
        if self._site.ending.is_set() or self._draining <= 0:
            self.should_exit = True
        self._ends_at = time.monotonic() + self._draining
        self._site.ending.set()

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end now; asked ten times a second."""
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            self.should_exit = True
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the server, not the process: what follows still has to be closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        found = {each: signal.signal(each, self._end) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in found.items():
                signal.signal(each, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.should_exit:
            self.force_exit = True  # somebody at the terminal has no patience
        self.end()


def server_of(workspace: Workspace, host: str, port: int, shared: Path | None = None) -> Server:
    """Return a server that is not running yet; `port` 0 takes a free one. Raises as `web.production` says.

    `shared` is where several workers count together (`Site.of`).
    """
    demand_production(workspace.settings)
    demand_providers(workspace.settings)
    app = make_app(workspace, shared)
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEPT_ALIVE_SECONDS,
            timeout_graceful_shutdown=workspace.settings.serve_shutdown_seconds,
        ),
        app.state.site,
        workspace.settings.serve_drain_seconds,
    )


def serve(workspace: Workspace, host: str, port: int) -> None:
    """Serve a workspace until told to end (SIGINT, SIGTERM); requests that are under way are answered first."""
    log_to_stderr()
    server_of(workspace, host, port).run()
