"""Where each Jupyter client is in a kernel's log, also while it is away.

A client is known by the session id it connects with. Its seat is kept when its socket goes,
so that it is given what it missed when it comes back (JUP-16); the oldest empty seats of a
kernel go when there are too many.
"""

import asyncio
import hashlib
from collections import OrderedDict, deque

from tailrace.jupyter.translation import Outgoing, Translation
from tailrace.protocol.errors import TailraceError
from tailrace.protocol.ids import ClientId, NotebookId, PromptId, is_id
from tailrace.session.session import Session

AWAY_MOST = 64  # clients of one kernel that may come back


class Seat:
    """`after` is the newest record that is in `unsent` or was sent."""

    def __init__(self, client_id: ClientId, translation: Translation, after: int) -> None:
        self.client_id = client_id
        self.translation = translation
        self.after = after
        self.unsent: deque[tuple[str, float, Outgoing]] = deque()
        self.prompts: OrderedDict[str, PromptId] = OrderedDict()
        """The message that asked → which prompt it was."""
        self.leave: asyncio.Event | None = None
        """Set to make the socket that has this seat end."""

    @property
    def actor(self) -> str:
        return f"client:{self.client_id}"


class Seats:
    def __init__(self) -> None:
        self._by_notebook: dict[NotebookId, OrderedDict[str, Seat]] = {}

    async def take(self, session: Session, session_id: str) -> tuple[Seat, asyncio.Event]:
        """The seat of a client, and what will be set when another socket takes it over."""
        seats = self._by_notebook.setdefault(session.notebook_id, OrderedDict())
        seat = seats.get(session_id)
        if seat is None or seat.after > session.state.sequence:  # the log began anew
            seat = await _new(session, session_id)
        seats[session_id] = seat
        seats.move_to_end(session_id)
        if seat.leave is not None:
            seat.leave.set()
        seat.leave = asyncio.Event()
        return seat, seat.leave

    def give_back(self, session: Session, seat: Seat, leave: asyncio.Event) -> None:
        """Its socket is gone."""
        if seat.leave is leave:
            seat.leave = None
        seats = self._by_notebook.get(session.notebook_id, OrderedDict())
        empty = [each for each, one in seats.items() if one.leave is None]
        for session_id in empty[: max(0, len(empty) - AWAY_MOST)]:
            del seats[session_id]

    def connections(self) -> int:
        return sum(
            seat.leave is not None
            for seats in self._by_notebook.values()
            for seat in seats.values()
        )


async def _new(session: Session, session_id: str) -> Seat:
    wanted = f"jupyter-{session_id}"
    if not is_id(wanted):
        digest = hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
        wanted = f"jupyter-{digest[:32]}"
    client_id = ClientId(wanted)
    state = session.state
    count = await _count(session)
    return Seat(client_id, Translation(f"client:{client_id}", state, count), state.sequence)


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
