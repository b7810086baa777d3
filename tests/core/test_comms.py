"""Widgets: what a late joiner gets, and who may send."""

from tailrace.core.effects import CloseKernelComm, OpenKernelComm, SendKernelComm
from tailrace.protocol.ids import CommId
from tailrace.protocol.operations import CloseComm, OpenComm, SendComm, StartKernel, StopKernel
from tailrace.protocol.reports import CommClose, CommMessage, CommOpen

from .session import Session, kinds, refusal

M = CommId("m-1")


def widget() -> Session:
    session = Session()
    session.ask(StartKernel())
    session.attach()
    data = {"state": {"value": 1, "max": 9}, "buffer_paths": [["a"], ["b"]]}
    session.hear(CommOpen(session.next_seq(), M, "jupyter.widget", data, {"v": "2"}, (b"A", b"B")))
    session.taken()
    return session


def test_updates_from_both_sides_add_up() -> None:  # CMM-2
    session = widget()
    session.ask(SendComm(M, {"method": "update", "state": {"value": 2}}))
    session.hear(
        CommMessage(
            session.next_seq(),
            M,
            {"method": "update", "state": {"b": None}, "buffer_paths": [["b"]]},
            {},
            (b"B2",),
        )
    )

    comm = session.state.comms[M]
    assert comm.data == {
        "state": {"value": 2, "max": 9, "b": None},
        "buffer_paths": [["a"], ["b"]],
    }
    assert comm.buffers == (b"A", b"B2")


def test_messages_that_are_no_updates_are_recorded_and_change_nothing() -> None:  # CMM-3
    session = widget()
    before = session.state.comms

    decision = session.hear(CommMessage(session.next_seq(), M, {"method": "custom"}, {}))
    session.hear(CommMessage(session.next_seq(), M, {"method": "update", "state": 7}, {}))

    assert kinds(decision) == ["CommMessaged"]
    assert session.state.comms == before


def test_what_a_client_sends_goes_to_the_kernel_once() -> None:  # CMM-4
    session = widget()

    session.ask(SendComm(M, {"method": "custom"}, {"m": 1}, (b"x",)), id="op-1")
    session.ask(SendComm(M, {"method": "custom"}, {"m": 1}, (b"x",)), id="op-1")
    session.ask(OpenComm(CommId("m-2"), "t", {"d": 1}))
    session.ask(CloseComm(CommId("m-2"), {"why": 1}))
    session.hear(CommClose(session.next_seq(), M, {}))

    assert session.taken() == [
        SendKernelComm(M, {"method": "custom"}, {"m": 1}, (b"x",)),
        OpenKernelComm(CommId("m-2"), "t", {"d": 1}, {}, ()),
        CloseKernelComm(CommId("m-2"), {"why": 1}),
    ]
    assert session.state.comms == {}


def test_what_cannot_be_sent_is_refused() -> None:  # CMM-1
    session = widget()
    assert refusal(session.ask(OpenComm(M, "t", {}))) == "comm.exists"
    assert refusal(session.ask(SendComm(CommId("other"), {}))) == "comm.unknown"
    assert refusal(session.ask(CloseComm(CommId("other")))) == "comm.unknown"

    session.ask(StopKernel())

    assert M in session.state.comms
    assert refusal(session.ask(SendComm(M, {}))) == "kernel.none"


def test_a_new_kernel_knows_no_comm_of_the_old_one() -> None:  # KRN-2
    session = widget()
    session.ask(StopKernel())

    session.ask(StartKernel())

    assert session.state.comms == {}
