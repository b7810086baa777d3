"""Where each Jupyter client is in a kernel's log, also while it is away.

A client is known by the session id it connects with. Its seat is kept when its socket goes,
so that it is given what it missed when it comes back (JUP-16); the oldest empty seats of a
kernel go when there are too many. Places are written to a file of ours now and then, and when
a socket ends: a server that was restarted goes on where the last one was.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from msgspec import Struct

from tailrace.folders import made
from tailrace.jupyter.translation import Outgoing, Translation
from tailrace.protocol.errors import SettingsError, TailraceError
from tailrace.protocol.ids import ClientId, NotebookId, PromptId, is_id
from tailrace.session.session import Session

AWAY_MOST = 64  # clients of one kernel that may come back
WRITE_AFTER_S = 0.5  # what a crash may have a client told twice
FORGET_AFTER_S = 7 * 24 * 3600.0

log_ = logging.getLogger("tailrace.server")


class Place(Struct, frozen=True):
    """All records up to `sent`, of the log called `epoch`, were sent; `at` is UTC seconds."""

    epoch: str
    sent: int
    at: float


Places = dict[str, dict[str, Place]]
"""By the notebook's id, then by the client's session id."""


class Seat:
    """`after` is the newest record that is in `unsent` or was sent."""

    def __init__(self, client_id: ClientId, translation: Translation, after: int) -> None:
        self.client_id = client_id
        self.translation = translation
        self.after = self.sent = after
        self.unsent: deque[tuple[str, float, Outgoing]] = deque()
        self.prompts: OrderedDict[str, PromptId] = OrderedDict()
        """The message that asked → which prompt it was."""
        self.leave: asyncio.Event | None = None
        """Set to make the socket that has this seat end."""

    @property
    def actor(self) -> str:
        return f"client:{self.client_id}"


class Seats:
    """All methods are for the event loop's thread; the file is written on another."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._by_notebook: dict[NotebookId, OrderedDict[str, Seat]] = {}
        self._places: Places | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="jupyter-seats")
        self._writing: asyncio.TimerHandle | None = None

    async def take(self, session: Session, session_id: str) -> tuple[Seat, asyncio.Event]:
        """The seat of a client, and what will be set when another socket takes it over."""
        if self._places is None:
            self._places = await asyncio.to_thread(_read, self._file)
        seats = self._by_notebook.setdefault(session.notebook_id, OrderedDict())
        seat = seats.get(session_id)
        if seat is None or seat.after > session.state.sequence:  # the log began anew
            seat = await self._new(session, session_id)
        is_known = seats.get(session_id) is seat
        seats[session_id] = seat
        seats.move_to_end(session_id)
        if seat.leave is not None:
            seat.leave.set()
        leave = seat.leave = asyncio.Event()
        if not is_known:  # before it is told anything: a crash comes at any moment
            self.note(session)
            await self._written()
        return seat, leave

    def give_back(self, session: Session, seat: Seat, leave: asyncio.Event) -> None:
        """Its socket is gone."""
        if seat.leave is leave:
            seat.leave = None
        seats = self._by_notebook.get(session.notebook_id, OrderedDict())
        empty = [each for each, one in seats.items() if one.leave is None]
        for session_id in empty[: max(0, len(empty) - AWAY_MOST)]:
            del seats[session_id]
        self.note(session)
        self._write()

    def note(self, session: Session) -> None:
        """Its clients were sent more: their places are written down soon."""
        kept = {
            session_id: Place(session.log.epoch, seat.sent, time.time())
            for session_id, seat in self._by_notebook.get(session.notebook_id, {}).items()
        }
        if self._places is not None:
            self._places[session.notebook_id] = kept
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(WRITE_AFTER_S, self._write)

    def connections(self) -> int:
        return sum(
            seat.leave is not None
            for seats in self._by_notebook.values()
            for seat in seats.values()
        )

    async def _new(self, session: Session, session_id: str) -> Seat:
        """Where the client was when the last server ended, else at the log's end."""
        wanted = f"jupyter-{session_id}"
        if not is_id(wanted):
            digest = hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
            wanted = f"jupyter-{digest[:32]}"
        client_id, state = ClientId(wanted), session.state
        after = state.sequence
        place = (self._places or {}).get(session.notebook_id, {}).get(session_id)
        if place is not None and place.epoch == session.log.epoch:
            after = min(place.sent, after)
        count = await _count(session) if after == state.sequence else 0
        return Seat(client_id, Translation(f"client:{client_id}", state, count), after)

    def _write(self) -> None:
        self._written()

    def _written(self) -> asyncio.Future[None]:
        """Done when the places, as they are now, have been written."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        content = msgspec.json.encode(self._places or {})
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._writer, _store, self._file, content)


async def _count(session: Session) -> int:
    """The number of the newest execution that was counted, as the kernel knows it."""
    if session.state.kernel.phase != "ready":
        return 0
    try:
        info = await session.ask_kernel("kernel-info", {}, timeout_s=1.0)
    except TailraceError:
        return 0  # the next execution that ends says it
    count = info.get("execution_count")
    return count - 1 if isinstance(count, int) and count > 0 else 0


def _read(file: Path) -> Places:
    try:
        places = msgspec.json.decode(file.read_bytes(), type=Places)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as problem:
        log_.warning("%s cannot be read: Jupyter's clients begin anew (%s)", file, problem)
        return {}
    since = time.time() - FORGET_AFTER_S
    return {
        notebook_id: {each: place for each, place in clients.items() if place.at > since}
        for notebook_id, clients in places.items()
        if any(place.at > since for place in clients.values())
    }


def _store(file: Path, content: bytes) -> None:
    scratch = file.with_suffix(f".{os.getpid()}.new")
    try:
        made(file.parent)
        scratch.write_bytes(content)
        scratch.replace(file)
    except (OSError, SettingsError) as problem:
        # On a full disk they are told a little twice after a restart, and nothing else.
        log_.warning("the places of Jupyter's clients could not be kept: %s", problem)
