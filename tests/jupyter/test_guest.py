"""What a kernel does for Jupyter's clients beyond running cells."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipykernel.compiler import murmur2_x86

from tailrace_kernel.cell_files import SEED, murmur2
from tests.guest.driver import Guest, Outcome, started


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    with started() as guest:
        yield guest


def run(guest: Guest, source: str, **asked: Any) -> Outcome:
    execution_id = f"x{len(guest.frames)}-{abs(hash(source))}"
    guest.send(
        {
            "kind": "execute",
            "execution_id": execution_id,
            "cell_id": "c",
            "source": source,
            "asked": {"message_id": "m-1", **asked},
        }
    )
    return guest.finished(execution_id)


def history(guest: Guest, **asked: Any) -> list[Any]:
    entries: list[Any] = guest.ask("history", **asked)["result"]["history"]
    return entries


def test_expressions_are_evaluated_after_the_code(guest: Guest) -> None:  # JUP-2
    ended = run(guest, "value = 41", user_expressions={"next": "value + 1", "bad": "1/0"})

    values = ended.header["expressions"]
    assert values["next"]["data"]["text/plain"] == "42"
    assert (values["bad"]["status"], values["bad"]["ename"]) == ("error", "ZeroDivisionError")


def test_silent_code_shows_no_result_and_is_not_counted(guest: Guest) -> None:  # JUP-5
    before = guest.ask("kernel-info")["result"]["execution_count"]

    ended = run(guest, "print('heard'); 6 * 7", silent=True)

    assert (ended.out, guest.of(ended.execution_id, "display")) == ("heard\n", [])
    assert guest.ask("kernel-info")["result"]["execution_count"] == before


def test_code_that_is_not_stored_shows_its_result_and_is_not_counted(guest: Guest) -> None:  # JUP-5
    before = guest.ask("kernel-info")["result"]["execution_count"]

    ended = run(guest, "6 * 7", store_history=False)

    assert ended.result == "42"
    assert guest.ask("kernel-info")["result"]["execution_count"] == before


def test_a_client_that_answers_no_prompts_is_not_asked(guest: Guest) -> None:  # JUP-5
    ended = run(guest, "input('well?')", allow_stdin=False)

    assert ended.status == "error"
    assert guest.of(ended.execution_id, "error")[0]["name"] == "StdinNotImplementedError"
    assert guest.of(ended.execution_id, "input-request") == []


def test_libraries_find_the_clients_own_message_id(guest: Guest) -> None:  # JUP-5
    ended = run(guest, "get_ipython().kernel.get_parent()['header']['msg_id']", message_id="m-77")

    assert ended.result == "'m-77'"


def test_history_is_found_by_range_tail_and_search() -> None:  # JUP-6
    with started() as guest:
        for source in ("a = 1", "b = 2", "a + b", "a = 1"):
            guest.run(source)

        assert history(guest, access="range", start=1, stop=3) == [[1, 1, "a = 1"], [1, 2, "b = 2"]]
        assert history(guest, access="range", start=-1) == [[1, 4, "a = 1"]]
        assert history(guest, access="range", session=7) == []
        assert history(guest, access="tail", n=2) == [[1, 3, "a + b"], [1, 4, "a = 1"]]
        assert history(guest, access="search", pattern="a =*") == [[1, 1, "a = 1"], [1, 4, "a = 1"]]
        found = history(guest, access="search", pattern="a =*", unique=True)
        assert found == [[1, 4, "a = 1"]]
        assert history(guest, access="tail", n=2, output=True)[0] == [1, 3, ["a + b", "3"]]


@given(st.text(max_size=200))
def test_a_cells_file_is_named_as_jupyters_front_ends_do_it(code: str) -> None:  # JUP-44
    assert murmur2(code.encode("utf-8", "surrogatepass"), SEED) == murmur2_x86(code, SEED)
