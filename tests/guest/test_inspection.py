from typing import Any

from tests.guest.driver import Guest


def completions(guest: Guest, code: str) -> list[str]:
    reply = guest.ask("complete", code=code, cursor=len(code))
    assert reply["ok"], reply
    return [match["text"] for match in reply["result"]["matches"]]


def variables(guest: Guest) -> dict[str, dict[str, Any]]:
    reply = guest.ask("variables")
    assert reply["ok"], reply
    return {row["name"]: row for row in reply["result"]["variables"]}


def test_names_and_attributes_are_completed(shared: Guest) -> None:  # KER-8
    shared.run("a_long_name = [1]\nclass Thing:\n    size = 1\nthing = Thing()")

    assert "a_long_name" in completions(shared, "a_lo")
    assert any("append" in text for text in completions(shared, "a_long_name.app"))
    assert any("size" in text for text in completions(shared, "x = thing.si"))
    assert "%timeit" in completions(shared, "%timei")
    reply = shared.ask("complete", code="print(a_lo)", cursor=10)["result"]
    assert (reply["start"], reply["end"]) == (6, 10)
    assert completions(shared, "nothing_like_this_zzz") == []


def test_completion_counts_in_characters(shared: Guest) -> None:
    shared.run("a_long_name = [1]")
    reply = shared.ask("complete", code="'𝄞é'; a_lo", cursor=10)["result"]

    assert (reply["start"], reply["end"]) == (6, 10)
    assert "a_long_name" in [match["text"] for match in reply["matches"]]


def test_questions_are_answered_while_a_cell_is_busy(guest: Guest) -> None:  # KER-8
    guest.run("busy_name = 1")
    execution_id = guest.execute("print('on')\nwhile True: pass")
    guest.wait_for_text(execution_id, "on\n")

    assert "busy_name" in completions(guest, "busy_na")
    assert guest.ask("inspect", code="busy_name", cursor=4)["result"]["found"] is True
    assert "busy_name" in variables(guest)
    assert guest.ask("is-complete", code="for i in x:")["result"]["status"] == "incomplete"
    assert guest.ask("usage")["result"]["rss_bytes"] > 1_000_000
    assert guest.ask("ping")["ok"] is True
    guest.interrupt()
    guest.finished(execution_id)


def test_a_question_that_hangs_is_given_up_and_others_are_answered(guest: Guest) -> None:
    guest.run(
        "class Hangs:\n    def __dir__(self):\n        import time; time.sleep(1000)\nh = Hangs()"
    )
    hanging = guest.ask("complete", code="h.", cursor=2)

    assert hanging["ok"] is False or hanging["result"]["matches"] == []
    assert guest.ask("is-complete", code="1")["result"]["status"] == "complete"
    assert guest.run("1+1").result == "2"


def test_what_a_question_prints_is_not_shown(guest: Guest) -> None:
    done = guest.run(
        "class Loud:\n    def __dir__(self):\n        print('NOISE'); return ['quiet']\n"
        "loud = Loud()"
    )
    completions(guest, "loud.q")
    guest.run("pass")

    assert "NOISE" not in guest.text(done.execution_id)


def test_inspection_shows_documentation(shared: Guest) -> None:
    shared.run("def documented(x: int) -> str:\n    'Says so.'\n    return str(x)")

    reply = shared.ask("inspect", code="documented(", cursor=11)["result"]
    assert reply["found"] is True
    assert "Says so." in reply["data"]["text/plain"]
    reply = shared.ask("inspect", code="documented", cursor=3, detail=1)["result"]
    assert "Source:" in reply["data"]["text/plain"]
    assert shared.ask("inspect", code="unknown_zzz", cursor=3)["result"]["found"] is False


def test_variables_are_the_users_with_kind_shape_size_and_preview(guest: Guest) -> None:
    guest.run(
        "import numpy as np, pandas as pd\n"
        "n = 7; text = 'x' * 1000; items = list(range(1000)); pair = {'a': [1, 2]}\n"
        "array = np.arange(12.0).reshape(3, 4)\n"
        "frame = pd.DataFrame({'price': [1.5, 2.5], 'name': ['a', 'b']})\n"
        "def f(a, b): pass\n"
        "_hidden = 1; 42"
    )
    rows = variables(guest)

    assert set(rows) == {"np", "pd", "n", "text", "items", "pair", "array", "frame", "f"}
    assert (rows["n"]["kind"], rows["n"]["preview"]) == ("int", "7")
    assert rows["text"]["shape"] == [1000]
    assert len(rows["text"]["preview"]) <= 120
    assert rows["items"]["shape"] == [1000]
    assert rows["items"]["preview"].startswith("[0, 1, 2")
    assert rows["pair"]["preview"] == "{'a': [1, 2]}"
    assert (rows["array"]["shape"], rows["array"]["size_bytes"]) == ([3, 4], 96)
    assert (rows["array"]["kind"], rows["array"]["module"]) == ("ndarray", "numpy")
    assert rows["frame"]["shape"] == [2, 2]
    assert "price" in rows["frame"]["preview"]
    assert rows["f"]["preview"] == "f(a, b)"
    assert all(row["changed"] for row in rows.values())


def test_what_changed_in_the_last_run_is_told(guest: Guest) -> None:
    guest.run("a = [1]; b = 'same'; c = 2")
    guest.run("a.append(2); c = 3")
    rows = variables(guest)

    assert {name for name, row in rows.items() if row["changed"]} == {"a", "c"}


def test_a_preview_never_calls_the_users_code(guest: Guest) -> None:
    guest.run(
        "class Meta(type):\n"
        "    @property\n    def __name__(cls): raise ValueError\n"
        "class Bad(metaclass=Meta):\n"
        "    def __repr__(self): open('called', 'w')\n"
        "    def __len__(self): open('called', 'w')\n"
        "    def __getattribute__(self, name): open('called', 'w')\n"
        "    def __eq__(self, other): open('called', 'w')\n"
        "    def __sizeof__(self): open('called', 'w')\n"
        "class BadList(list):\n    def __iter__(self): open('called', 'w')\n"
        "bad = Bad(); many = [Bad()] * 3; in_dict = {1: Bad()}; bad_list = BadList([1])\n"
        "huge = 10 ** 100_000; cycle = []; cycle.append(cycle)"
    )
    (guest.folder / "called").unlink(missing_ok=True)
    rows = variables(guest)

    assert not (guest.folder / "called").exists()
    assert "Bad" in rows["bad"]["preview"]
    assert "bit int" in rows["huge"]["preview"]
    assert "…" in rows["cycle"]["preview"]


def test_many_and_large_variables_are_listed_in_time(guest: Guest) -> None:
    guest.run("for i in range(5000): globals()[f'v{i}'] = [list(range(100))] * 100")
    reply = guest.ask("variables")["result"]

    assert reply["complete"] is False
    assert len(reply["variables"]) > 10
