"""Output widgets: what is written inside `with out:` stands in the widget, not under the cell."""

from typing import Any

from tests.guest.driver import Guest

MAKE = (
    "import ipywidgets as w\nfrom IPython.display import display, clear_output\nout = w.Output()\n"
)


def folded(guest: Guest) -> list[dict[str, Any]]:
    """The widget's outputs as a page adds them up."""
    outputs: list[dict[str, Any]] = []
    for header, _ in guest.frames:
        if header["kind"] != "comm-message":
            continue
        data = header["data"]
        if data["method"] == "update" and "outputs" in data["state"]:
            outputs = list(data["state"]["outputs"])
        if data["method"] != "append-output":
            continue
        if data.get("clear"):
            outputs = []
        if "output" in data:
            outputs.append(data["output"])
            continue
        last = outputs[-1] if outputs else {}
        if last.get("name") != data["name"]:
            outputs.append({"output_type": "stream", "name": data["name"], "text": data["text"]})
            continue
        text = last["text"]
        if data.get("replaces_line"):
            text = text[: text.rfind("\n") + 1]
        outputs[-1] = {**last, "text": text + data["text"]}
    return outputs


def told(guest: Guest, source: str) -> tuple[str, list[dict[str, Any]]]:
    """What stands under the cell, and what in the widget; the kernel agrees on the latter."""
    done = guest.run(MAKE + source)
    assert done.status == "ok", done.of("error")
    outputs = folded(guest)
    held = guest.run("print(repr(list(out.outputs)))").out
    assert held == repr(outputs) + "\n"
    return done.out, outputs


def test_text_in_a_widget_and_beside_it_keep_apart_and_in_order(guest: Guest) -> None:  # WID-10
    under, inside = told(
        guest,
        "import sys, os\n"
        "print('before')\n"
        "with out:\n"
        "    print('a'); print('b', file=sys.stderr); os.system('echo c')\n"
        "    display(1)\n"
        "print('after')\n"
        "with out:\n    print('d')\n",
    )

    assert under == "before\nafter\n"
    texts = [item.get("text") or item["data"]["text/plain"] for item in inside]
    assert texts == ["a\n", "b\n", "c\n", "1", "d\n"]


def test_a_progress_bar_in_a_widget_is_its_last_state(guest: Guest) -> None:  # WID-11
    _, inside = told(
        guest,
        "import time\n"
        "with out:\n"
        "    print('start')\n"
        "    for n in range(40):\n"
        "        print(f'\\r{n:3} of 40', end='', flush=True); time.sleep(0.003)\n",
    )

    assert len(inside) == 1
    assert inside[0]["text"].startswith("start\n")
    assert inside[0]["text"].endswith("\r 39 of 40")
    assert len(inside[0]["text"]) < 40


def test_errors_clears_and_updates_stay_inside(guest: Guest) -> None:  # WID-10
    under, inside = told(guest, "with out:\n    print('x')\n    1 / 0\nprint('goes on')")
    assert under == "goes on\n"
    assert [item["output_type"] for item in inside] == ["stream", "error"]
    assert inside[1]["ename"] == "ZeroDivisionError"

    _, inside = told(
        guest,
        "with out:\n"
        "    print('x'); h = display('first', display_id=True)\n"
        "    clear_output(wait=True); h2 = display('second', display_id=True)\n"
        "h2.update('third')",
    )
    assert [item["data"]["text/plain"] for item in inside] == ["'third'"]

    _, inside = told(guest, "with out:\n    print('x')\nout.clear_output()")
    assert inside == []


def test_what_is_appended_by_hand_stands_behind_what_was_printed(guest: Guest) -> None:  # WID-10
    _, inside = told(
        guest, "with out:\n    print('a')\n    out.append_stdout('b')\nout.append_stderr('c')"
    )

    assert [item["text"] for item in inside] == ["a\n", "b", "c"]


def test_threads_and_tasks_write_where_they_were_started(guest: Guest) -> None:  # WID-10
    under, inside = told(
        guest,
        "import threading, asyncio\n"
        "other = threading.Thread(target=lambda: print('outside'))\n"
        "def inner():\n"
        "    print('thread inside')\n"
        "with out:\n"
        "    mine = threading.Thread(target=inner); mine.start(); mine.join()\n"
        "    other.start(); other.join()\n"
        "async def one():\n"
        "    with out:\n"
        "        await asyncio.sleep(0.01); print('task inside')\n"
        "async def two():\n"
        "    await asyncio.sleep(0.005); print('task outside')\n"
        "await asyncio.gather(one(), two())\n",
    )

    assert under == "task outside\n"
    assert sorted(inside[0]["text"].split("\n")) == ["", "outside", "task inside", "thread inside"]


def test_a_callback_prints_into_the_widget_it_names(guest: Guest) -> None:  # WID-10
    guest.run(
        MAKE
        + "b = w.Button()\n@out.capture()\ndef clicked(_):\n    print('clicked'); 1 / 0\n"
        + "b.on_click(clicked)"
    )
    comm_id = guest.run("print(b.model_id)").out.strip()
    message = {
        "kind": "comm-message",
        "comm_id": comm_id,
        "data": {"method": "custom", "content": {"event": "click"}},
        "metadata": {},
        "message_id": "m-1",
        "buffer_sizes": [],
    }
    guest.send(message)
    guest.wait_for(lambda header: _is_handled(header, "m-1"))

    assert [item["output_type"] for item in folded(guest)] == ["stream", "error"]


def _is_handled(header: dict[str, Any], message_id: str) -> bool:
    return header["kind"] == "comm-done" and header["message_id"] == message_id


def test_an_echo_names_the_message_it_answers(guest: Guest) -> None:  # WID-6
    guest.run(
        "import ipywidgets as w\ns = w.IntSlider()\ns.observe(lambda c: print(c.new), 'value')"
    )
    comm_id = guest.run("print(s.model_id)").out.strip()
    for number in (1, 2):
        guest.send(
            {
                "kind": "comm-message",
                "comm_id": comm_id,
                "data": {"method": "update", "state": {"value": number}},
                "metadata": {},
                "message_id": f"m-{number}",
                "buffer_sizes": [],
            }
        )
    guest.wait_for(lambda header: _is_handled(header, "m-2"))

    told = [
        header.get("message_id") or header.get("metadata", {}).get("tailrace")
        for header, _ in guest.frames
        if header["kind"] == "comm-done" or header.get("comm_id") == comm_id
    ]
    assert told[1:] == [{"answers": "m-1"}, "m-1", {"answers": "m-2"}, "m-2"]
