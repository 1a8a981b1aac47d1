"""Several processes that serve one workspace at one address, each as `server` runs it: limits and figures in common.

Everything that has to be right is in the control database, which all of them read: sessions, tokens, choices, budgets.
The parent only listens, starts workers, starts one anew that died, and hands on that they shall end. For one that dies
again and again it waits longer each time, while the others serve: what ails it may be gone by then.
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
from contextlib import suppress
from dataclasses import dataclass
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
from pellucid.web.worker_figures import WorkerFigures
from pellucid.workspace import Workspace

LOOKING_SECONDS = 0.2
CLOSING_SECONDS = 15
"""How long a worker may take to close what is open, after the requests that were under way."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a worker is started anew that ended soon: twice as many each time."""
STEADY_SECONDS = 60.0
"""For how long a worker has to have served to be started anew at once."""


def serve_by_workers(folder: Path, settings: Settings, host: str, port: int, number: int) -> None:
    """Serve a workspace by several processes until told to end (SIGINT, SIGTERM); `port` 0 takes a free one.

    Raises as `demand_production` does, and WorkspaceUnusable (`workers-end`) if none of them could begin.
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


def pause_after(ends: int) -> float:
    """Return how long to wait before a worker is started anew that ended soon so many times in a row, in seconds."""
    return min(FIRST_PAUSE * 2 ** min(ends - 1, 16), LONGEST_PAUSE) if ends else 0.0


@dataclass(eq=False)
class _Place:
    """One of the workers that there shall be: its process while there is one, and how those before it ended."""

    process: SpawnProcess | None = None
    started: Event | None = None
    since: float | None = None
    """When it was seen to serve."""
    ends: int = 0
    """How many ended soon, in a row."""
    due: float = 0.0

    @property
    def serves(self) -> bool:
        """Whether it began to serve, and nobody saw that it ended."""
        return self.process is not None and self.started is not None and self.started.is_set()

    def end(self, now: float) -> float:
        """Note that its process ended; returns the seconds until there shall be another."""
        steady = self.since is not None and now - self.since >= STEADY_SECONDS
        self.ends = 0 if steady else self.ends + 1
        self.process = self.started = self.since = None
        wait = pause_after(self.ends)
        self.due = now + wait
        return wait


class _Workers:
    """The processes of one server."""

    def __init__(self, folder: Path, listening: socket.socket, shared: Path, number: int, settings: Settings) -> None:
        self._made_of = (folder, listening, shared)
        self._places = [_Place() for _ in range(number)]
        self._figures = WorkerFigures(shared)
        self._patience = settings.serve_drain_seconds + settings.serve_shutdown_seconds + CLOSING_SECONDS
        self._served = False
        self._ended = 0
        self._told = False

    def run(self) -> None:
        before = {each: signal.signal(each, self._hand_on) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            for place in self._places:
                self._start(place)
            host, port = self._made_of[1].getsockname()[:2]
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            say("serving", address=address, workers=len(self._places))
            while not self._told:
                self._look(time.monotonic())
                time.sleep(LOOKING_SECONDS)
        finally:
            self._end()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _start(self, place: _Place) -> None:
        context = multiprocessing.get_context("spawn")
        try:
            started = context.Event()
            process = context.Process(target=work, args=(*self._made_of, started))
            process.start()
        except OSError:  # no memory, descriptor or process to be had: the others go on
            self._note_end(place, None)
        else:
            place.process, place.started = process, started

    def _look(self, now: float) -> None:
        """Start anew what died, when it is due; raises WorkspaceUnusable if none ever began to serve, and all ended."""
        for place in self._places:
            if place.serves:
                self._served = True
                place.since = now if place.since is None else place.since
            if place.process is not None and not place.process.is_alive():
                self._bury(place, place.process)
            elif place.process is None and self._served and now >= place.due:
                self._start(place)
        if not self._served and all(each.process is None for each in self._places):
            raise WorkspaceUnusable(
                "None of the workers could begin to serve.",
                remedy="Look at what they said above; with one worker it is told as an error.",
                code="workers-end",
            )
        serving = sum(each.serves for each in self._places)
        with suppress(OSError):  # the disk is full, or the folder was cleared away: what is served matters more
            self._figures.note(wanted=len(self._places), serving=serving, ended=self._ended)

    def _bury(self, place: _Place, process: SpawnProcess) -> None:
        mark_process_dead(process.pid)  # type: ignore[no-untyped-call]  # of the library
        code = process.exitcode
        process.close()
        if not self._told:  # else it ended because it was told to, as we are
            self._note_end(place, code)
        place.process = None

    def _note_end(self, place: _Place, code: int | None) -> None:
        """Say that a worker ended, how, when there will be another, and how many there are meanwhile."""
        self._ended += 1
        wait = place.end(time.monotonic())
        serving = sum(each.serves for each in self._places)
        level = logging.WARNING if serving else logging.ERROR
        say("worker-ended", level=level, code=code, again_in=wait if self._served else None, serving=serving)

    def _hand_on(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True

    def _end(self) -> None:
        """Have all end, and wait for them; who does not end in time is killed."""
        running = [place.process for place in self._places if place.process is not None]
        for process in running:
            if process.is_alive():
                process.terminate()
        until = time.monotonic() + self._patience
        for process in running:
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
    if server.started:
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
