"""What becomes of kernels when the server ends, and what is said about it."""

import asyncio

import pytest

from tailrace.protocol.ids import KernelId
from tailrace.server.application import CloseReason
from tailrace.server.departure import settle_kernels
from tailrace.settings import ExitPolicy, Settings
from tests.server.site import SmallApplication, SmallNotebook


def application(**chosen: ExitPolicy) -> SmallApplication:
    return SmallApplication(
        Settings(**chosen),  # type: ignore[arg-type]
        [
            SmallNotebook("idle.ipynb", KernelId("idle")),
            SmallNotebook("busy.ipynb", KernelId("busy"), is_running=True),
            SmallNotebook("none.ipynb"),
        ],
    )


def settled(reason: CloseReason, app: SmallApplication) -> str:
    return asyncio.run(settle_kernels(app, reason)).sentence()


def test_ctrl_c_stops_idle_kernels_and_leaves_running_cells_alone() -> None:
    app = application()

    said = settled("interrupt", app)

    assert app.stopped == ["idle"]
    assert said.startswith("Stopped 1 idle kernel. 1 kernel goes on without the server: busy.ipynb")
    assert "tailrace kernels" in said


def test_an_upgrade_leaves_all_kernels_alone() -> None:
    app = application()

    said = settled("terminate", app)

    assert app.stopped == []
    assert "2 kernels go on without the server: idle.ipynb, busy.ipynb" in said


@pytest.mark.parametrize(
    ("policy", "stopped"), [("keep", []), ("stop-idle", ["idle"]), ("stop", ["idle", "busy"])]
)
def test_the_settings_choose(policy: ExitPolicy, stopped: list[str]) -> None:
    on_interrupt, on_terminate = application(on_interrupt=policy), application(on_terminate=policy)

    settled("interrupt", on_interrupt)
    settled("terminate", on_terminate)

    assert on_interrupt.stopped == on_terminate.stopped == stopped


def test_without_kernels_nothing_is_said() -> None:
    assert settled("interrupt", SmallApplication(Settings())) == ""


def test_a_kernel_that_will_not_stop_is_named_and_the_others_stop() -> None:
    class Stubborn(SmallApplication):
        async def stop_kernel(self, kernel_id: KernelId, *, kill: bool, reason: str) -> bool:
            if kernel_id == "idle":
                raise OSError("it does not listen")
            return await super().stop_kernel(kernel_id, kill=kill, reason=reason)

    app = Stubborn(Settings(on_interrupt="stop"), application().notebooks)

    said = settled("interrupt", app)

    assert app.stopped == ["busy"]
    assert "idle.ipynb" in said
