import base64
import itertools

from tests.guest.driver import Guest


def test_the_last_expression_is_the_result_with_its_number(shared: Guest) -> None:
    done = shared.run("6 * 7")

    [shown] = done.of("display")
    assert shown["data"] == {"text/plain": "42"}
    assert shown["execution_count"] == done.header["execution_count"]
    assert done.kinds == ["display", "finished"]


def test_results_are_remembered(shared: Guest) -> None:
    count = shared.run("'kept'").header["execution_count"]

    assert shared.run("_").result == "'kept'"
    assert shared.run(f"Out[{count}], _{count}, In[{count}]").result == str(
        ("kept", "kept", "'kept'")
    )


def test_a_semicolon_hides_the_result(shared: Guest) -> None:
    assert shared.run("1 + 1;").of("display") == []


def test_text_and_displays_keep_their_order(shared: Guest) -> None:
    done = shared.run("print('a'); display(1); print('b'); display(2); 3")
    order = [kind for kind, _ in itertools.groupby(done.kinds)]

    assert order == ["text", "display", "text", "display", "finished"]
    assert [shown["data"]["text/plain"] for shown in done.of("display")] == ["1", "2", "3"]


def test_a_bundle_of_many_forms_travels_whole(shared: Guest) -> None:
    done = shared.run(
        "class Rich:\n"
        "    def _repr_mimebundle_(self, **_):\n"
        "        return ({'text/html': '<b>x</b>', 'image/png': b'\\x89PNG', \n"
        "                 'application/json': {'a': [1, float('nan')]}},\n"
        "                {'image/png': {'width': 3}})\n"
        "display(Rich())"
    )

    [shown] = done.of("display")
    assert shown["data"]["text/html"] == "<b>x</b>"
    assert base64.b64decode(shown["data"]["image/png"]) == b"\x89PNG"
    assert shown["data"]["application/json"] == {"a": [1, None]}
    assert shown["metadata"] == {"image/png": {"width": 3}}


def test_a_display_is_updated_by_its_id(shared: Guest) -> None:
    done = shared.run(
        "handle = display('first', display_id='mine'); handle.update('second'); print('end')"
    )

    assert done.of("display")[0]["display_id"] == "mine"
    [update] = done.of("display-update")
    assert (update["display_id"], update["data"]["text/plain"]) == ("mine", "'second'")


def test_updates_may_be_overtaken_but_the_last_one_is_there(shared: Guest) -> None:
    done = shared.run(
        "handle = display(0, display_id=True)\nfor i in range(20_000): handle.update(i)"
    )

    updates = done.of("display-update")
    assert updates[-1]["data"]["text/plain"] == "19999"
    assert len(updates) < 2000
    assert done.kinds[-1] == "finished"


def test_a_display_shown_again_comes_after_its_updates(shared: Guest) -> None:
    done = shared.run(
        "for i in range(50):\n    h = display(i, display_id='again'); h.update(-i); h.update(i)\n"
    )
    shown = [
        (header["kind"], header["data"]["text/plain"])
        for header, _ in shared.frames
        if header.get("execution_id") == done.execution_id and "display_id" in header
    ]

    for number in range(1, 50):
        again = shown.index(("display", str(number)))
        assert ("display-update", str(number - 1)) in shown[:again]


def test_output_is_cleared_now_or_with_the_next(shared: Guest) -> None:
    done = shared.run(
        "from IPython.display import clear_output\n"
        "print('a'); clear_output(); print('b'); clear_output(wait=True); print('c')"
    )

    assert [clear["wait"] for clear in done.of("clear")] == [False, True]
    assert done.kinds.index("clear") > 0


def test_an_error_comes_with_ipythons_traceback(shared: Guest) -> None:
    done = shared.run("def f():\n    return 1 / 0\nf()")

    [error] = done.of("error")
    assert done.status == "error"
    assert (error["name"], error["message"]) == ("ZeroDivisionError", "division by zero")
    assert "\x1b[" in "".join(error["traceback"])
    assert "return" in "".join(error["traceback"])


def test_syntax_errors_usage_errors_and_groups_are_reported(shared: Guest) -> None:
    assert shared.run("1 +").of("error")[0]["name"] == "SyntaxError"

    done = shared.run("%nosuchmagic")
    assert done.status == "error"
    assert "nosuchmagic" in done.err

    done = shared.run("raise ExceptionGroup('several', [ValueError('one'), KeyError('two')])")
    [error] = done.of("error")
    assert error["name"] == "ExceptionGroup"
    assert "ValueError: one" in "\n".join(error["traceback"])
    assert "tailrace_kernel" not in "\n".join(error["traceback"])


def test_a_deep_recursion_is_an_error_like_others(shared: Guest) -> None:
    done = shared.run("def f(): f()\nf()")

    assert done.of("error")[0]["name"] == "RecursionError"
    assert shared.run("1+1").result == "2"


def test_objects_that_cannot_be_shown_do_no_harm(shared: Guest) -> None:
    shared.run(
        "class Raises:\n    def __repr__(self): raise ValueError('no')\n"
        "class Prints:\n    def __repr__(self):\n        print('side'); return 'shown'\n"
        "class Wrong:\n    def __repr__(self): return 5\n"
        "class Exits:\n    def __repr__(self): raise SystemExit\n"
        "class Mute(Exception):\n    def __str__(self): raise ValueError"
    )

    assert "ValueError" in shared.run("Raises()").text + str(shared.frames[-2])
    done = shared.run("Prints()")
    assert (done.out, done.result) == ("side\n", "shown")
    shared.run("Wrong()")
    shared.run("Exits()")
    done = shared.run("raise Mute")
    assert done.of("error")[0]["name"] == "Mute"
    assert shared.run("1+1").result == "2"


def test_leaving_by_sys_exit_is_reported_and_the_kernel_lives(shared: Guest) -> None:
    done = shared.run("import sys; print('before'); sys.exit(3)")

    assert done.status == "error"
    assert done.of("error")[0]["name"] == "SystemExit"
    assert shared.run("1+1").result == "2"


def test_help_is_shown_under_the_cell(shared: Guest) -> None:
    done = shared.run("len?")

    [shown] = done.of("display")
    assert "Return the number of items" in shown["data"]["text/plain"]


def test_magics_work(shared: Guest) -> None:
    assert "per loop" in shared.run("%timeit -n1 -r1 pass").out
    assert "Wall time" in shared.run("%%time\npass").out
    assert shared.run("%cd /\n%pwd").result == "'/'"
    assert "x" in shared.run("x = 1\n%who").out
    assert shared.run("%history -l 1").status == "ok"
    assert shared.run("%load_ext autoreload").status == "ok"
    assert shared.run("%config InlineBackend.figure_format = 'retina'").status == "ok"


def test_loaded_text_is_offered(shared: Guest) -> None:
    (shared.folder / "loaded.py").write_text("print('from a file')\n")

    done = shared.run(f"%load {shared.folder}/loaded.py")

    [shown] = done.of("display")
    assert "from a file" in shown["data"]["application/vnd.tailrace.next-input+json"]["text"]


def test_top_level_await_and_async_constructs_work(shared: Guest) -> None:
    assert shared.run("import asyncio\nawait asyncio.sleep(0, 'slept')").result == "'slept'"
    assert shared.run("[x async for x in (lambda: (i async for i in ag()))()]").status == "error"
    done = shared.run(
        "async def numbers():\n    for i in range(3):\n        yield i\n"
        "[x async for x in numbers()]"
    )
    assert done.result == "[0, 1, 2]"


def test_a_failing_display_hook_result_still_finishes(shared: Guest) -> None:
    done = shared.run("'big' * 1_000_000")

    assert done.status == "ok"
    assert len(done.result or "") == 3_000_002
