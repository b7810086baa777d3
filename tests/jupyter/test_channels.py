"""Kernel sockets: what Jupyter's clients say and hear, beside our own page."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tailrace.testing.native_client import NativeClient
from tests.e2e.conftest import TOKEN, Server
from tests.jupyter.client import Client

COMM = """
from comm import create_comm, get_comm_manager
def opened(comm, message):
    def heard(message):
        print("got", message["content"]["data"])
        comm.send({"back": 1}, buffers=message["buffers"])
    comm.on_msg(heard)
get_comm_manager().register_target("echo", opened)
"""


@pytest.fixture(scope="module")
def kernel_id(server: Server) -> Iterator[str]:
    """A kernel of no notebook, for a module's stories that leave it as it was."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=server.base, headers=headers, timeout=60) as api:
        started = api.post("/api/kernels", json={"name": "python3"})
        assert started.status_code == 201, started.text
        yield started.json()["id"]
        assert api.delete(f"/api/kernels/{started.json()['id']}").status_code == 204


@pytest.fixture
def client(server: Server, kernel_id: str) -> Iterator[Client]:
    with Client(server.base, kernel_id) as client:
        yield client


def in_words(messages: list[Any]) -> list[str]:
    """`iopub:status:busy`, `iopub:stream:hello`: what a story is compared with. Text comes in
    pieces, as it was written."""
    told: list[str] = []
    for message in messages:
        content = message.content
        if message.kind == "stream" and told and told[-1].startswith("iopub:stream"):
            told[-1] += content["text"].rstrip("\n")
            continue
        what = content.get("execution_state") or content.get("text") or content.get("status") or ""
        told.append(f"{message.channel}:{message.kind}:{what}".rstrip(":\n"))
    return told


def test_an_execution_is_told_from_busy_to_idle(client: Client) -> None:  # JUP-13, JUP-15
    messages = client.run("print('one'); 6 * 7", user_expressions={"x": "1 + 1"})

    assert in_words(messages) == [
        "iopub:status:busy",
        "iopub:execute_input",
        "iopub:stream:one",
        "iopub:execute_result",
        "shell:execute_reply:ok",
        "iopub:status:idle",
    ]
    header = messages[0].parent_header
    assert (header["username"], header["session"]) == ("ada", client.session_id)
    by_kind = {message.kind: message.content for message in messages}
    count = by_kind["execute_input"]["execution_count"]
    assert by_kind["execute_result"]["execution_count"] == count
    reply = by_kind["execute_reply"]
    assert reply["execution_count"] == count
    assert reply["user_expressions"]["x"]["data"]["text/plain"] == "2"


def test_silent_code_shows_neither_input_nor_result(client: Client) -> None:  # JUP-13, JUP-5
    before = client.run("0")[1].content["execution_count"]

    messages = client.run("print('heard'); 6 * 7", silent=True)

    kinds = {message.kind for message in messages}
    assert kinds == {"status", "stream", "execute_reply"}
    assert client.run("0")[1].content["execution_count"] == before + 1


def test_displays_updates_clears_and_large_values_are_whole(client: Client) -> None:  # JUP-13
    code = (
        "from IPython.display import display, clear_output\n"
        "h = display({'text/plain': 'x' * 200_000}, raw=True, display_id='d')\n"
        "h.update({'text/plain': 'y' * 200_000}, raw=True)\n"
        "clear_output(wait=True)"
    )

    messages = {message.kind: message.content for message in client.run(code)}

    shown, updated = messages["display_data"], messages["update_display_data"]
    assert shown["data"]["text/plain"] == "x" * 200_000
    assert updated["data"]["text/plain"] == "y" * 200_000
    assert shown["transient"] == updated["transient"] == {"display_id": "d"}
    assert messages["clear_output"] == {"wait": True}


def test_an_error_aborts_what_waits_unless_it_shall_not(client: Client) -> None:  # JUP-15
    failed = client.execute("input('Go on? '); 1 / 0")
    waits = client.execute("'never'")
    asked = client.until("input_request", failed)  # so both are there when it fails
    client.send("input_reply", {"value": ""}, channel="stdin", parent=asked.header)
    client.until("status", waits, execution_state="idle")

    reply = next(m.content for m in client.of(failed) if m.kind == "execute_reply")
    assert (reply["status"], reply["ename"]) == ("error", "ZeroDivisionError")
    assert reply["traceback"]
    assert in_words(client.of(waits)) == [
        "iopub:status:busy",
        "shell:execute_reply:aborted",
        "iopub:status:idle",
    ]

    failed = client.execute("input(); 1 / 0", stop_on_error=False)
    runs = client.execute("'runs'")
    asked = client.until("input_request", failed)
    client.send("input_reply", {"value": ""}, channel="stdin", parent=asked.header)
    assert client.until("execute_reply", runs).content["status"] == "ok"


def test_questions_are_answered_while_a_cell_runs(client: Client) -> None:  # JUP-15
    runs = client.execute("text = 'a'; print('known'); import time; time.sleep(60)")
    client.until("stream", runs)

    found = client.ask("complete_request", {"code": "tex", "cursor_pos": 3})
    while found["status"] == "error":  # a busy machine may let the time for it pass
        found = client.ask("complete_request", {"code": "tex", "cursor_pos": 3})
    asked = client.heard[-1].parent_header["msg_id"]
    assert "text" in found["matches"]
    assert (found["cursor_start"], found["cursor_end"]) == (0, 3)
    again = client.receive()
    assert (again.content, again.parent_header["msg_id"]) == ({"execution_state": "busy"}, runs)
    assert asked != runs

    client.send("interrupt_request", {}, channel="control")
    ended = client.until("execute_reply", runs)
    assert (ended.content["status"], ended.content["ename"]) == ("error", "KeyboardInterrupt")
    client.until("status", runs, execution_state="idle")
    replies = [m for m in client.heard if m.kind == "interrupt_reply"]
    assert [(m.channel, m.content["status"]) for m in replies] == [("control", "ok")]


def test_the_kernel_says_who_it_is(client: Client) -> None:  # JUP-15
    for channel in ("shell", "control"):
        info = client.ask("kernel_info_request", {}, channel=channel)
        assert (info["status"], info["language_info"]["name"]) == ("ok", "python")
        assert info["protocol_version"].startswith("5.")
        assert info["supported_features"] == ["kernel subshells", "debugger"]


def test_the_kernel_says_what_it_uses(client: Client) -> None:  # JUP-47
    used = client.ask("usage_request", {}, channel="control")

    shown = next(m for m in client.run("import os; os.getpid()") if m.kind == "execute_result")
    assert used["pid"] == int(shown.content["data"]["text/plain"])
    assert used["kernel_memory"] > 1 << 20
    assert used["kernel_cpu"] >= 0


def test_leaving_a_console_may_keep_the_kernel(client: Client) -> None:  # JUP-5
    reply = client.run("exit(keep_kernel=True)")[-2].content

    assert reply["status"] == "ok"
    assert client.run("'lives'")[-2].content["status"] == "ok"


def test_positions_count_characters_not_code_units(client: Client) -> None:  # JUP-15
    client.run("emotion = 3\ndef face(a, b=2):\n    'Docs.'\n    return a")
    code = "x = '😀😀'; emoti"

    found = client.ask("complete_request", {"code": code, "cursor_pos": len(code)})
    while found["status"] == "error":  # a busy machine may let the time for it pass
        found = client.ask("complete_request", {"code": code, "cursor_pos": len(code)})
    assert found["matches"] == ["emotion"]
    assert (found["cursor_start"], found["cursor_end"]) == (10, 15)

    def shown(detail: int) -> str:
        question = {"code": "'😀'; face(1)", "cursor_pos": 7, "detail_level": detail}
        return str(client.ask("inspect_request", question)["data"]["text/plain"])

    assert "Docs." in shown(0)
    assert "return" not in shown(0)
    assert "return" in shown(1)


def test_inspection_completeness_and_history(client: Client) -> None:  # JUP-15, JUP-6
    client.run("special_name = 11")

    shown = client.ask("inspect_request", {"code": "zip", "cursor_pos": 3, "detail_level": 0})
    assert shown["found"]
    assert "zip" in shown["data"]["text/plain"]
    missing = client.ask("inspect_request", {"code": "no_such", "cursor_pos": 7})
    assert (missing["status"], missing["found"]) == ("ok", False)
    assert client.ask("is_complete_request", {"code": "if x:"}) == {
        "status": "incomplete",
        "indent": "    ",
    }
    asked = {"hist_access_type": "tail", "n": 1, "raw": True, "output": False}
    assert client.ask("history_request", asked)["history"][0][2] == "special_name = 11"
    asked = {"hist_access_type": "search", "pattern": "special*", "raw": True, "output": False}
    assert client.ask("history_request", asked)["history"][0][2] == "special_name = 11"


def test_a_request_that_nobody_knows_is_idle_at_once(client: Client) -> None:  # JUP-15
    asked = client.send("make_tea_request", {})

    client.until("status", asked, execution_state="idle")

    assert in_words(client.of(asked)) == ["iopub:status:busy", "iopub:status:idle"]


def test_what_is_no_message_ends_the_socket(server: Server, kernel_id: str) -> None:  # JUP-11
    for data in ("{", '{"header": {}}', b"\0\0"):
        with Client(server.base, kernel_id) as client:
            client.socket.send(data)
            with pytest.raises(ConnectionClosed) as closed:
                client.receive()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1007
    with Client(server.base, kernel_id) as client:
        assert client.run("1")


def test_an_unknown_kernel_has_no_socket(server: Server) -> None:  # JUP-22
    with pytest.raises(InvalidStatus) as refused, Client(server.base, "no-such-kernel"):
        pass

    assert refused.value.response.status_code == 404


# ── prompts ──────────────────────────────────────────────────────────────────


def test_a_prompt_is_asked_of_the_client_whose_code_asks(client: Client) -> None:  # JUP-17
    runs = client.execute("name = input('Name? '); print('hello', name)")
    asked = client.until("input_request", runs)
    assert (asked.channel, asked.content) == ("stdin", {"prompt": "Name? ", "password": False})

    client.send("input_reply", {"value": "Ada"}, channel="stdin", parent=asked.header)

    client.until("status", runs, execution_state="idle")
    text = "".join(m.content["text"] for m in client.of(runs) if m.kind == "stream")
    assert text == "hello Ada\n"


def test_an_answer_without_a_parent_is_for_the_newest_prompt(client: Client) -> None:  # JUP-17
    runs = client.execute("import getpass; len(getpass.getpass('Key: '))")
    assert client.until("input_request", runs).content["password"] is True

    client.send("input_reply", {"value": "secret"}, channel="stdin")

    assert client.until("execute_result", runs).content["data"]["text/plain"] == "6"
    client.until("status", runs, execution_state="idle")


def test_others_see_the_question_with_its_answer_and_are_not_asked(
    server: Server, kernel_id: str, client: Client
) -> None:  # JUP-17
    with Client(server.base, kernel_id) as other:
        other.ask("kernel_info_request", {})
        runs = client.execute("x = input('Well? ')")
        asked = client.until("input_request", runs)
        client.send("input_reply", {"value": "yes"}, channel="stdin", parent=asked.header)
        other.until("status", runs, execution_state="idle")

        assert "iopub:stream:Well? yes" in in_words(other.of(runs))
        assert {m.channel for m in other.of(runs)} == {"iopub"}


def test_a_client_that_answers_nothing_is_not_asked_either(client: Client) -> None:  # JUP-5
    reply = client.run("input()", allow_stdin=False)[-2].content

    assert (reply["status"], reply["ename"]) == ("error", "StdinNotImplementedError")
    silent = client.send("execute_request", {"code": "input()"})  # which says nothing of it
    assert client.until("execute_reply", silent).content["ename"] == "StdinNotImplementedError"
    client.until("status", silent, execution_state="idle")


# ── comms ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_v1", [False, True])
def test_a_comm_carries_data_and_buffers_both_ways(
    server: Server, kernel_id: str, is_v1: bool
) -> None:  # JUP-3, JUP-13
    with Client(server.base, kernel_id, is_v1=is_v1) as client:
        client.run(COMM)
        comm_id = f"comm-{is_v1}"
        opened = client.send("comm_open", {"comm_id": comm_id, "target_name": "echo", "data": {}})
        client.until("status", opened, execution_state="idle")
        info = client.ask("comm_info_request", {"target_name": "echo"})
        assert comm_id in info["comms"]

        content = {"comm_id": comm_id, "data": {"big": 2**70}}
        sent = client.send("comm_msg", content, buffers=(b"\0\xff", b""))
        client.until("status", sent, execution_state="idle")

        back = next(m for m in client.heard if m.kind == "comm_msg")
        assert (back.content["data"], back.buffers) == ({"back": 1}, (b"\0\xff", b""))
        order = [(m.kind, m.content.get("execution_state")) for m in client.heard]
        assert order.index(("comm_msg", None)) < len(order) - 1
        printed = [m for m in client.of(sent) if m.kind == "stream"]
        assert "got" in "".join(m.content["text"] for m in printed)
        assert back.parent_header["msg_id"] == sent

        closed = client.send("comm_close", {"comm_id": comm_id, "data": {}})
        client.until("status", closed, execution_state="idle")
        assert comm_id not in client.ask("comm_info_request", {})["comms"]
        unknown = client.send("comm_msg", {"comm_id": "none", "data": {}})
        client.until("status", unknown, execution_state="idle")


def test_who_moves_a_widget_is_told_its_echo_and_what_handlers_show(
    client: Client,
) -> None:  # JUP-46, WID-6
    code = (
        "import ipywidgets as w\ns = w.IntSlider()\n"
        "def came(change):\n    print('came', change['new']); t.value = str(change['new'])\n"
        "t = w.Text(); s.observe(came, 'value'); s.model_id, t.model_id"
    )
    shown = next(m for m in client.run(code) if m.kind == "execute_result")
    slider, text = eval(shown.content["data"]["text/plain"])  # two names, from our own code
    update = {"method": "update", "state": {"value": 7}, "buffer_paths": []}

    sent = client.send("comm_msg", {"comm_id": slider, "data": update})
    client.until("status", sent, execution_state="idle")

    told = {(m.content.get("comm_id"), m.content["data"]["method"]): m.content["data"]["state"]
            for m in client.of(sent) if m.kind == "comm_msg"}  # fmt: skip
    assert told == {(slider, "echo_update"): {"value": 7}, (text, "update"): {"value": "7"}}
    assert "iopub:stream:came 7" in in_words(client.of(sent))


def test_a_comm_that_nobody_waits_for_is_closed_at_once(client: Client) -> None:  # JUP-46
    content = {"comm_id": "lonely", "target_name": "no-such-target", "data": {}}

    sent = client.send("comm_open", content)
    client.until("status", sent, execution_state="idle")

    closed = [m.content["comm_id"] for m in client.of(sent) if m.kind == "comm_close"]
    assert closed == ["lonely"]
    assert "lonely" not in client.ask("comm_info_request", {})["comms"]


# ── away and back ────────────────────────────────────────────────────────────


def test_who_was_away_is_given_what_was_missed_once_and_in_order(
    server: Server, kernel_id: str, api: httpx.Client
) -> None:  # JUP-16
    code = "import time\nfor n in range(20):\n    print(n, flush=True); time.sleep(0.05)\n'end'"
    with Client(server.base, kernel_id) as client:
        runs = client.execute(code)
        client.until("stream", runs)
    while api.get(f"/api/kernels/{kernel_id}").json()["execution_state"] == "busy":
        pass

    with Client(server.base, kernel_id, session_id=client.session_id) as back:
        back.until("status", runs, execution_state="idle")

    heard = [*client.of(runs), *back.of(runs)]
    text = "".join(m.content["text"] for m in heard if m.kind == "stream")
    assert text == "".join(f"{n}\n" for n in range(20))
    assert [m.kind for m in heard].count("execute_reply") == 1
    assert len({m.message_id for m in heard}) == len(heard)


def test_a_second_socket_takes_the_first_ones_place(
    server: Server, kernel_id: str
) -> None:  # JUP-16
    with Client(server.base, kernel_id) as first:
        first.ask("kernel_info_request", {})
        with Client(server.base, kernel_id, session_id=first.session_id) as second:
            with pytest.raises(ConnectionClosed) as closed:
                first.until("nothing")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1000
            assert second.run("1")


def test_the_same_message_sent_again_runs_once(client: Client) -> None:  # JUP-14
    client.run("ran = 0")
    message_id = client.send("execute_request", {"code": "ran += 1"}, message_id="once-only")
    client.until("status", message_id, execution_state="idle")
    client.send("execute_request", {"code": "ran += 1"}, message_id="once-only")

    assert client.run("ran")[2].content["data"]["text/plain"] == "1"


# ── beside our page ──────────────────────────────────────────────────────────

Story = Callable[[Client, NativeClient], Coroutine[Any, Any, None]]


def beside_our_page(server: Server, api: httpx.Client, name: str, story: Story) -> None:
    """Plays `story` with a Jupyter client and a page on one notebook."""
    server.write(name, "print('from a')", "b = 2", "input('Who? ')")
    opened = api.post("/api/sessions", json={"path": name, "type": "notebook", "name": name,
                                             "kernel": {"name": "python3"}})  # fmt: skip
    assert opened.status_code == 201, opened.text
    kernel_id = opened.json()["kernel"]["id"]

    notebook = api.post("/api/v1/notebooks", json={"path": name}).json()

    async def play() -> None:
        page = NativeClient(server.base, TOKEN, notebook["notebook_id"])
        await page.connect()
        client = Client(server.base, kernel_id)
        try:
            await asyncio.to_thread(client.__enter__)
            await asyncio.to_thread(client.ask, "kernel_info_request", {})
            await story(client, page)
        finally:
            client.__exit__()
            await page.close()

    asyncio.run(play())
    assert api.delete(f"/api/sessions/{opened.json()['id']}").status_code == 204


def test_what_a_jupyter_client_runs_appears_on_our_page(
    server: Server, api: httpx.Client
) -> None:  # JUP-14
    async def story(client: Client, page: NativeClient) -> None:
        await asyncio.to_thread(client.run, "print('from a')", cell_id="a")
        await page.until(lambda state: "a" in state.cells and state.running is None)
        assert page.text("a") == "from a\n"
        # VS Code names cells by addresses of its own.
        address = "vscode-notebook-cell:/x.ipynb#W0sZmlsZQ"
        await asyncio.to_thread(client.run, "b = 2", cell_id=address)
        await page.until(lambda state: "b" in state.cells and state.running is None)
        await asyncio.to_thread(client.run, "print('apart')")
        await page.until(lambda state: len(state.cells) == 3 and state.running is None)
        assert page.text("a") == "from a\n"

    beside_our_page(server, api, "appears.ipynb", story)
    saved = api.get("/api/contents/appears.ipynb").json()["content"]
    assert [len(cell["outputs"]) for cell in saved["cells"]] == [1, 0, 0]


def test_what_our_page_runs_is_told_to_jupyter_clients(
    server: Server, api: httpx.Client
) -> None:  # JUP-13
    async def story(client: Client, page: NativeClient) -> None:
        await page.run("a")
        ended = await asyncio.to_thread(client.until, "status", None, execution_state="idle")
        while not client.of(ended.parent_header.get("msg_id", ""), channel="iopub")[1:]:
            ended = await asyncio.to_thread(client.until, "status", None, execution_state="idle")
        execution_id = ended.parent_header["msg_id"]
        assert execution_id == page.state.cells["a"]  # type: ignore[index]
        assert in_words(client.of(execution_id)) == [
            "iopub:status:busy",
            "iopub:execute_input",
            "iopub:stream:from a",
            "iopub:status:idle",
        ]

    beside_our_page(server, api, "told.ipynb", story)


def test_our_page_may_answer_what_a_jupyter_client_is_asked(
    server: Server, api: httpx.Client
) -> None:  # JUP-17
    from tailrace.protocol.operations import AnswerInput

    async def story(client: Client, page: NativeClient) -> None:
        runs = client.execute("input('Who? ')", cell_id="c")
        await asyncio.to_thread(client.until, "input_request", runs)
        await page.until(lambda state: bool(state.prompts))
        await page.submit(AnswerInput(next(iter(page.state.prompts)), "me"))
        result = await asyncio.to_thread(client.until, "execute_result", runs)
        assert result.content["data"]["text/plain"] == "'me'"

    beside_our_page(server, api, "answers.ipynb", story)


def test_a_cells_outputs_are_in_the_file_that_jupyter_reads(
    server: Server, api: httpx.Client
) -> None:  # JUP-32
    async def story(client: Client, page: NativeClient) -> None:
        await asyncio.to_thread(client.run, "print('from a')", cell_id="a")
        shown = await asyncio.to_thread(api.get, "/api/contents/read.ipynb")
        assert shown.json()["content"]["cells"][0]["outputs"][0]["text"] == "from a\n"

    beside_our_page(server, api, "read.ipynb", story)


# ── subshells ────────────────────────────────────────────────────────────────


def test_a_subshell_runs_beside_a_cell_in_the_same_namespace(client: Client) -> None:  # JUP-45
    def steer(kind: str, **content: Any) -> dict[str, Any]:
        return client.ask(f"{kind}_subshell_request", content, channel="control")

    client.run("seen = []; import time")
    subshell_id = steer("create")["subshell_id"]
    assert steer("list")["subshell_id"] == [subshell_id]
    waits = client.execute("while not seen: time.sleep(0.01)\n'saw', seen")
    client.until("execute_input", waits)

    code = {"code": "print('beside'); seen.append(1)", "user_expressions": {"n": "len(seen)"}}
    beside = client.send("execute_request", code, subshell_id=subshell_id)
    client.found("status", waits, execution_state="idle")
    client.found("status", beside, execution_state="idle")
    reply = client.found("execute_reply", beside, status="ok")

    assert reply.content["user_expressions"]["n"]["data"]["text/plain"] == "1"
    assert client.found("execute_result", waits).content["data"]["text/plain"] == "('saw', [1])"
    text = "".join(m.content["text"] for m in client.of(beside) if m.kind == "stream")
    assert (text, reply.parent_header["subshell_id"]) == ("beside\n", subshell_id)
    failing = client.send("execute_request", {"code": "1 / 0"}, subshell_id=subshell_id)
    failed = client.found("execute_reply", failing).content
    assert (failed["status"], failed["ename"]) == ("error", "ZeroDivisionError")
    client.found("error", failing)

    assert steer("delete", subshell_id=subshell_id)["status"] == "ok"
    assert steer("list")["subshell_id"] == []
    assert steer("delete", subshell_id=subshell_id)["status"] == "error"
    gone = client.send("execute_request", {"code": "1"}, subshell_id=subshell_id)
    assert client.found("execute_reply", gone).content["status"] == "error"
