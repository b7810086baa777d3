"""Widgets outlive the server: their state, their place in the kernel, and what was caught."""

import asyncio
from typing import Any

from tailrace.protocol.events import CommHandled, CommMessaged
from tailrace.protocol.ids import CommId
from tailrace.protocol.operations import SendComm
from tailrace.protocol.state import SessionState
from tailrace.testing.native_client import NativeClient
from tests.failure.mill import mill

SLIDER = (
    "import ipywidgets as w\ns = w.IntSlider(value=3)\nout = w.Output()\n"
    "@out.capture()\ndef moved(change):\n    print('moved to', change.new)\n"
    "s.observe(moved, 'value')\nprint(s.model_id, out.model_id)"
)


def state_of(state: SessionState, comm_id: str) -> dict[str, Any]:
    found: dict[str, Any] = state.comms[CommId(comm_id)].data["state"]
    return found


async def moved(client: NativeClient, comm_id: str, value: int) -> None:
    """Moves the slider, and waits until the kernel has handled that."""
    message_id = f"m-{value}"
    data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    answer = await client.submit(SendComm(CommId(comm_id), data, message_id=message_id))
    assert answer.refusal is None
    await client.until(
        lambda _: any(
            isinstance(record.event, CommHandled) and record.event.message_id == message_id
            for record in client.records
        )
    )


def test_a_widget_goes_on_after_the_server_was_killed() -> None:  # WID-5, WID-6, WID-10
    with mill() as running:
        running.write("n.ipynb", a=SLIDER)
        running.start()
        notebook_id = running.notebook_id("n.ipynb")

        async def story() -> None:
            first = running.client(notebook_id)
            await first.connect()
            assert await first.run("a") == ["ok"]
            slider, out = first.text("a").split()
            await moved(first, slider, 5)
            await first.drop()

            await asyncio.to_thread(running.kill)
            await asyncio.to_thread(running.start)

            second = running.client(running.notebook_id("n.ipynb"))
            await second.connect(retry_s=30)
            await second.until(lambda state: CommId(slider) in state.comms)
            assert state_of(second.state, slider)["value"] == 5
            await moved(second, slider, 8)
            (caught,) = state_of(second.state, out)["outputs"]
            assert caught["text"] == "moved to 5\nmoved to 8\n"
            assert [
                record.event.metadata["tailrace"]["answers"]
                for record in second.records
                if isinstance(record.event, CommMessaged)
                and record.event.data["method"] == "echo_update"
            ] == ["m-8"]
            await second.close()

        asyncio.run(story())
