"""Output belongs to the execution that started the thread or task that wrote it."""

from tests.guest.driver import Guest


def test_a_thread_writes_to_the_cell_that_started_it(guest: Guest) -> None:  # KER-9
    first = guest.run(
        "import threading, time\ngo = threading.Event()\n"
        "def later():\n    go.wait(30)\n    print('from the thread')\n    display('shown')\n"
        "thread = threading.Thread(target=later); thread.start(); print('started')"
    )

    second = guest.run("print('second'); go.set(); thread.join(); print('joined')")

    assert first.out == "started\nfrom the thread\n"
    assert second.out == "second\njoined\n"
    assert len(first.of("display")) == 1


def test_a_thread_of_a_thread_and_a_subclass_belong_to_the_same_cell(guest: Guest) -> None:
    first = guest.run(
        "import threading\ngo = threading.Event()\n"
        "class Worker(threading.Thread):\n"
        "    def run(self):\n        go.wait(30)\n"
        "        t = threading.Thread(target=lambda: print('inner')); t.start(); t.join()\n"
        "worker = Worker(); worker.start()"
    )

    guest.run("go.set(); worker.join()")

    assert first.out == "inner\n"


def test_a_task_writes_to_the_cell_that_started_it(guest: Guest) -> None:  # KER-9
    first = guest.run(
        "import asyncio\ngo = asyncio.Event()\n"
        "async def later():\n    await go.wait()\n    print('from the task')\n"
        "task = asyncio.create_task(later())\nawait asyncio.sleep(0)"
    )

    second = guest.run("print('second'); go.set(); await task; print('done')")

    assert first.out == "from the task\n"
    assert second.out == "second\ndone\n"


def test_tasks_run_on_between_cells(guest: Guest) -> None:
    first = guest.run(
        "import asyncio\n"
        "async def ticks():\n    for i in range(5):\n        await asyncio.sleep(0.01); print(i)\n"
        "task = asyncio.ensure_future(ticks())"
    )

    guest.wait_for_text(first.execution_id, "4\n")


def test_a_pool_attributes_each_task_to_its_submitter(guest: Guest) -> None:
    first = guest.run(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
        "pool.submit(print, 'first').result()"
    )
    second = guest.run("pool.submit(print, 'second').result()")
    third = guest.run("import asyncio; await asyncio.to_thread(print, 'third')")

    assert (first.out, second.out, third.out) == ("first\n", "second\n", "third\n")


def test_context_variables_set_in_a_cell_are_there_in_the_next(guest: Guest) -> None:
    guest.run("import contextvars; here = contextvars.ContextVar('here'); here.set(7)")

    assert guest.run("here.get()").result == "7"
    assert guest.run("await __import__('asyncio').sleep(0); here.get()").result == "7"


def test_late_text_of_a_child_belongs_to_the_cell_that_ran_last(guest: Guest) -> None:  # KER-9
    first = guest.run(
        "import subprocess\n"
        "child = subprocess.Popen('while [ ! -e go ]; do sleep 0.01; done; echo late', shell=True)"
    )
    (guest.folder / "go").touch()

    guest.wait_for_text(first.execution_id, "late\n")
    guest.run("child.wait()")


def test_text_left_in_the_pipe_belongs_to_the_cell_before(guest: Guest) -> None:
    for number in range(20):
        before = guest.execute(f"import os; os.write(1, b'{number}')")
        after = guest.execute("pass")
        guest.finished(after)
        assert guest.text(before) == str(number)
        assert guest.text(after) == ""
