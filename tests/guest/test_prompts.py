from tests.guest.driver import Guest


def test_input_waits_for_an_answer(shared: Guest) -> None:
    execution_id = shared.execute("name = input('Name? '); print('hello', name)")
    asked = shared.answer_prompt("Ada")
    done = shared.finished(execution_id)

    assert (asked["prompt"], asked["password"]) == ("Name? ", False)
    assert done.out == "hello Ada\n"
    assert done.of("input-done") == [
        {
            **done.of("input-done")[0],
            "prompt_id": asked["prompt_id"],
            "value": "Ada",
            "cancelled": False,
        }
    ]


def test_a_password_is_never_sent_back(shared: Guest) -> None:
    execution_id = shared.execute("import getpass; len(getpass.getpass('Key: '))")
    asked = shared.answer_prompt("secret")
    done = shared.finished(execution_id)

    assert asked["password"] is True
    assert done.result == "6"
    assert done.of("input-done")[0]["value"] is None


def test_an_empty_answer_is_an_answer(shared: Guest) -> None:
    execution_id = shared.execute("input()")
    shared.answer_prompt("")

    assert shared.finished(execution_id).result == "''"


def test_a_cancelled_prompt_raises(shared: Guest) -> None:
    execution_id = shared.execute("input('well?')")
    shared.answer_prompt(None)
    done = shared.finished(execution_id)

    assert done.of("error")[0]["name"] == "EOFError"
    assert done.of("input-done")[0]["cancelled"] is True


def test_an_interrupted_prompt_is_done_and_a_late_answer_ignored(shared: Guest) -> None:
    execution_id = shared.execute("input('well?')")
    shared.wait_for(
        lambda header: header["kind"] == "input-request" and header["execution_id"] == execution_id
    )
    shared.interrupt()
    done = shared.finished(execution_id)
    shared.answer_prompt("late")

    assert done.status == "interrupted"
    assert done.of("input-done")[0]["cancelled"] is True
    assert shared.run("1+1").result == "2"


def test_a_thread_may_ask_and_two_prompts_are_told_apart(shared: Guest) -> None:
    execution_id = shared.execute(
        "import threading\nanswers = {}\n"
        "def ask(name): answers[name] = input(name)\n"
        "threads = [threading.Thread(target=ask, args=(n,)) for n in 'ab']\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "sorted(answers.items())"
    )
    for name in "ab":
        asked, _ = shared.wait_for(
            lambda header, name=name: (
                header["kind"] == "input-request"
                and header["execution_id"] == execution_id
                and header["prompt"] == name
            )
        )
        shared.answer(asked["prompt_id"], name * 2)

    assert shared.finished(execution_id).result == "[('a', 'aa'), ('b', 'bb')]"


def test_lines_of_stdin_are_prompts(shared: Guest) -> None:
    execution_id = shared.execute("import sys; sys.stdin.readline()")
    shared.answer_prompt("typed")

    assert shared.finished(execution_id).result == "'typed\\n'"


def test_the_debugger_asks_and_goes_on(shared: Guest) -> None:
    execution_id = shared.execute("def f():\n    x = 41\n    breakpoint()\n    return x + 1\nf()")
    shared.answer_prompt("p x")
    shared.answer_prompt("c")
    done = shared.finished(execution_id)

    assert done.status == "ok"
    assert "41" in done.out
    assert done.result == "42"
