"""Several processes that serve one workspace at one address, each as `server` runs it: limits and figures in common.

Everything that has to be right is in the control database, which all of them read: sessions, tokens, choices, budgets.
The parent only listens, starts workers, starts one anew that died, and hands on that they shall end.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from pellucid.errors import PellucidError, WorkspaceUnusable
from pellucid.settings import Settings
from pellucid.web.logs import log_to_stderr, say, say_defect
from pellucid.web.metrics import FOLDER
from pellucid.web.production import demand_production
from pellucid.web.server import BACKLOG, Server, server_of
from pellucid.web.site import make_shared
from pellucid.workspace import Workspace

LOOKING_SECONDS = 0.2
CLOSING_SECONDS = 15
"""How long a worker may take to close what is open, after the requests that were under way."""


def serve_by_workers(folder: Path, settings: Settings, host: str, port: int, number: int) -> None:
    """Serve a workspace by several processes until told to end (SIGINT, SIGTERM); `port` 0 takes a free one.

    Raises as `demand_production` does, and WorkspaceUnusable (`workers-end`) if workers end by themselves.
    """
    demand_production(settings)
    log_to_stderr()
    with tempfile.TemporaryDirectory(prefix="pellucid-") as made, _listening(host, port) as listening:
        shared = Path(made)
        make_shared(shared)
        os.environ[FOLDER] = made  # the children inherit it, and read it before they import what looks at it
        try:
            _Workers(folder, listening, shared, number, settings).run()
        finally:
            del os.environ[FOLDER]


class _Workers:
    """The processes of one server."""

    def __init__(self, folder: Path, listening: socket.socket, shared: Path, number: int, settings: Settings) -> None:
        self._made_of = (folder, listening, shared)
        self._number = number
        self._patience = settings.serve_drain_seconds + settings.serve_shutdown_seconds + CLOSING_SECONDS
        self._running: dict[SpawnProcess, Event] = {}
        self._told = False

    def run(self) -> None:
        before = {each: signal.signal(each, self._hand_on) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            for _ in range(self._number):
                self._start()
            host, port = self._made_of[1].getsockname()[:2]
            say("serving", address=f"http://{f'[{host}]' if ':' in host else host}:{port}", workers=self._number)
            while not self._told:
                time.sleep(LOOKING_SECONDS)
                self._look()
        finally:
            self._end()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        started = context.Event()
        process = context.Process(target=work, args=(*self._made_of, started))
        process.start()
        self._running[process] = started

    def _look(self) -> None:
        """Start anew what died; raises WorkspaceUnusable for what never began to serve: it would not the next time."""
        for process in [each for each in self._running if not each.is_alive()]:
            started = self._running.pop(process)
            mark_process_dead(process.pid)  # type: ignore[no-untyped-call]  # of the library
            if self._told:
                return
            say("worker-ended", code=process.exitcode)
            if not started.is_set():
                raise WorkspaceUnusable(
                    "A worker ended before it began to serve.",
                    remedy="Look at what it said above; with one worker it is told as an error.",
                    code="workers-end",
                )
            self._start()

    def _hand_on(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True

    def _end(self) -> None:
        """Have all end, and wait for them; who does not end in time is killed."""
        for process in self._running:
            if process.is_alive():
                process.terminate()
        until = time.monotonic() + self._patience
        for process in self._running:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                say("worker-killed")
                process.kill()
                process.join()


def work(folder: Path, listening: socket.socket, shared: Path, started: Event) -> None:
    """Serve a workspace at a socket that is listening already: what runs in a worker."""
    log_to_stderr()
    try:
        with Workspace(folder, Settings()) as workspace:
            server = server_of(workspace, "", 0, shared)
            threading.Thread(target=_watch, args=(server, started), name="parent", daemon=True).start()
            server.run([listening])
    except PellucidError as error:
        say("worker-failed", level=logging.ERROR, code=error.code)
        sys.exit(1)
    except Exception as error:  # the last resort: what it says may hold anything
        say_defect(error)
        sys.exit(1)


def _watch(server: Server, started: Event) -> None:
    """Tell the parent that requests are answered; and have a worker end whose parent is gone: nobody would tell it."""
    while not (server.started or server.should_exit):
        time.sleep(LOOKING_SECONDS)
    started.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        server.end()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise WorkspaceUnusable(
            f"Nothing can listen at port {port} of {host}: {error.strerror}.",
            remedy="Name another port, or end what listens there.",
            code="port-taken",
        ) from None
    found.set_inheritable(True)
    return found
