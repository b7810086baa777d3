"""One decision in the making: events are evolved as they are found.

What follows from an operation often depends on what it already caused: an execution that
ends lets the next one start. A `Turn` keeps the state after the events so far, so that a
slice can ask it. It lives within one call of `decide` and is seen by nobody else.
"""

from collections.abc import Callable

from tailrace.core.effects import Effect
from tailrace.core.inputs import Decision, Refused, Stamped
from tailrace.protocol.events import Event
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

Evolve = Callable[[SessionState, Record], SessionState]


class Turn:
    def __init__(self, state: SessionState, stamped: Stamped, evolve: Evolve) -> None:
        self.state = state
        self.stamped = stamped
        self._evolve = evolve
        self._events: list[Event] = []
        self._effects: list[Effect] = []

    def happened(self, event: Event) -> None:
        """Add `event`; `state` is from now on the one after it."""
        self._events.append(event)
        record = Record(
            sequence=self.state.sequence + 1,
            at=self.stamped.at,
            actor=self.stamped.actor,
            event=event,
        )
        self.state = self._evolve(self.state, record)

    def do(self, effect: Effect) -> None:
        """Add an effect that no event tells of."""
        self._effects.append(effect)

    def decision(self) -> Decision:
        return Decision(events=tuple(self._events), effects=tuple(self._effects))


def refused(code: str, message: str) -> Decision:
    return Decision(refused=Refused(code=code, message=message))
