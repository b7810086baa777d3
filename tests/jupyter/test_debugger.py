"""Breakpoints and stepping, asked for as Jupyter's front ends do it."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import TOKEN, Server
from tests.jupyter.client import Client

CELL = """\
def double(x):
    y = x * 2
    return y

total = 0
for n in range(3):
    total += double(n)
total
"""


class Debugging:
    """One client that debugs."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._numbers = itertools.count(1)
        self._stops = 0

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The response, good or bad."""
        number = next(self._numbers)
        request = {"type": "request", "seq": number, "command": command, "arguments": arguments}
        answer = self.client.ask("debug_request", request, channel="control")
        assert (answer["type"], answer["command"]) == ("response", command)
        assert answer["request_seq"] == number
        return answer

    def must(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The body of a good response."""
        answer = self.ask(command, **arguments)
        assert answer["success"], answer
        body: dict[str, Any] = answer.get("body") or {}
        return body

    def start(self) -> None:
        self.must("initialize", clientID="test", adapterID="")
        self.must("attach")
        self.must("configurationDone")

    def until_stopped(self) -> dict[str, Any]:
        """What the next stop says, which may have come beside an answer."""
        while True:
            stops = [
                message.content["body"]
                for message in self.client.heard
                if message.kind == "debug_event" and message.content["event"] == "stopped"
            ]
            if len(stops) > self._stops:
                self._stops += 1
                body: dict[str, Any] = stops[self._stops - 1]
                return body
            self.client.receive()

    def where(self, thread_id: int) -> list[tuple[str, int]]:
        frames = self.must("stackTrace", threadId=thread_id)["stackFrames"]
        return [(frame["name"], frame["line"]) for frame in frames]


@pytest.fixture(scope="module")
def kernel_id(server: Server) -> Iterator[str]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.base, headers=headers, timeout=60) as api:
        kernel_id = api.post("/api/kernels", json={"name": "python3"}).json()["id"]
        yield kernel_id
        api.delete(f"/api/kernels/{kernel_id}")


@pytest.fixture
def debugging(server: Server, kernel_id: str) -> Iterator[Debugging]:
    with Client(server.base, kernel_id) as client:
        yield Debugging(client)


def test_a_kernel_with_debugpy_says_that_it_can_be_debugged(debugging: Debugging) -> None:  # JUP-42
    info = debugging.client.ask("kernel_info_request", {})

    assert "debugger" in info["supported_features"]
    about = debugging.must("debugInfo")
    assert about["isStarted"] is False
    assert (about["hashMethod"], about["tmpFileSuffix"]) == ("Murmur2", ".py")


def test_variables_can_be_looked_at_without_debugging(debugging: Debugging) -> None:  # JUP-43
    debugging.client.run("a = {'x': [1, 2]}; _hidden = 1")

    found = {each["name"]: each for each in debugging.must("inspectVariables")["variables"]}

    assert found["a"]["type"] == "dict"
    assert "In" not in found
    inner = debugging.must("variables", variablesReference=found["a"]["variablesReference"])
    assert "'x'" in [each["name"] for each in inner["variables"]]
    rich = debugging.must("richInspectVariables", variableName="a")
    assert rich["data"]["text/plain"] == "{'x': [1, 2]}"
    assert debugging.ask("richInspectVariables", variableName="1/0")["success"] is False
    assert debugging.ask("stackTrace", threadId=1)["success"] is False


def test_a_breakpoint_stops_a_cell_and_steps_go_on(debugging: Debugging) -> None:  # JUP-42
    client = debugging.client
    debugging.start()
    path = debugging.must("dumpCell", code=CELL)["sourcePath"]
    about = debugging.must("debugInfo")
    assert path.startswith(about["tmpFilePrefix"])
    lines = [{"line": 2}]
    placed = debugging.must("setBreakpoints", source={"path": path}, breakpoints=lines)
    assert placed["breakpoints"][0]["verified"]
    assert debugging.must("debugInfo")["breakpoints"] == [{"source": path, "breakpoints": lines}]
    assert debugging.must("source", source={"path": path})["content"] == CELL

    runs = client.execute(CELL)
    thread_id = debugging.until_stopped()["threadId"]

    assert debugging.where(thread_id) == [("double", 2), ("<module>", 7)]
    assert debugging.must("debugInfo")["stoppedThreads"] == [thread_id]
    frame = debugging.must("stackTrace", threadId=thread_id)["stackFrames"][0]
    scopes = debugging.must("scopes", frameId=frame["id"])["scopes"]
    local = debugging.must("variables", variablesReference=scopes[0]["variablesReference"])
    assert ("x", "0") in [(each["name"], each["value"]) for each in local["variables"]]
    value = debugging.must("evaluate", expression="x + 40", frameId=frame["id"], context="repl")
    assert value["result"] == "40"
    rich = debugging.must("richInspectVariables", variableName="x", frameId=frame["id"])
    assert rich["data"]["text/plain"] == "0"
    copied = debugging.must(
        "copyToGlobals", srcVariableName="x", dstVariableName="copy", srcFrameId=frame["id"]
    )
    assert copied["value"] == "0"

    debugging.must("next", threadId=thread_id)
    debugging.until_stopped()
    assert debugging.where(thread_id)[0] == ("double", 3)
    debugging.must("stepOut", threadId=thread_id)
    debugging.until_stopped()
    assert debugging.where(thread_id)[0][0] == "<module>"
    debugging.must("stepIn", threadId=thread_id)
    debugging.until_stopped()
    debugging.must("setBreakpoints", source={"path": path}, breakpoints=[])
    debugging.must("continue", threadId=thread_id)

    result = client.found("execute_result", runs)
    assert result.content["data"]["text/plain"] == "6"
    client.found("status", runs, execution_state="idle")
    debugging.must("disconnect", restart=False, terminateDebuggee=False)
    assert debugging.must("debugInfo")["isStarted"] is False
    assert client.run("copy")[2].content["data"]["text/plain"] == "0"


def test_who_disconnects_lets_the_code_run_on_and_may_come_back(
    debugging: Debugging,
) -> None:  # JUP-42
    client = debugging.client
    debugging.start()
    path = debugging.must("dumpCell", code=CELL)["sourcePath"]
    debugging.must("setBreakpoints", source={"path": path}, breakpoints=[{"line": 2}])
    runs = client.execute(CELL)
    debugging.until_stopped()

    debugging.must("disconnect")
    assert client.found("execute_result", runs).content["data"]["text/plain"] == "6"
    client.found("status", runs, execution_state="idle")
    assert [m.kind for m in client.run(CELL)].count("debug_event") == 0

    debugging.start()
    debugging.must("setBreakpoints", source={"path": path}, breakpoints=[{"line": 5}])
    runs = client.execute(CELL)
    thread_id = debugging.until_stopped()["threadId"]
    client.ask("complete_request", {"code": "zi", "cursor_pos": 2})
    debugging.must("continue", threadId=thread_id)
    client.found("status", runs, execution_state="idle")
    debugging.must("disconnect")


def test_without_debugpy_it_says_what_to_do(server: Server, api: httpx.Client) -> None:  # JUP-42
    kernel_id = api.post("/api/kernels", json={"name": "python3"}).json()["id"]
    with Client(server.base, kernel_id) as client:
        client.run("import sys\nsys.modules['debugpy'] = sys.modules['debugpy.server'] = None")
        answer = Debugging(client).ask("initialize", clientID="test")

        assert answer["success"] is False
        assert "pip install debugpy" in answer["message"]
        assert Debugging(client).ask("inspectVariables")["success"] is False
        assert client.run("1 + 1")[2].content["data"]["text/plain"] == "2"
    api.delete(f"/api/kernels/{kernel_id}")
