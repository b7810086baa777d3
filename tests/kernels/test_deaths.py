"""A wait status and a counter become a cause that says no more than they prove (KER-13)."""

from pathlib import Path

import pytest

from tailrace.kernels.deaths import OomCounter, cause_of, crash_site, oom_counter_file


def test_an_exit_code_is_told() -> None:
    cause = cause_of(3, stopped=False, out_of_memory=None)

    assert (cause["reason"], cause["exit_code"], cause["signal"]) == ("exited", 3, None)
    assert "3" in cause["message"]


@pytest.mark.parametrize("number", [11, 6, 15, 64])
def test_a_signal_is_told_by_name(number: int) -> None:
    cause = cause_of(-number, stopped=False, out_of_memory=None)

    assert cause["reason"] == "signalled"
    assert cause["signal"] is not None
    assert cause["signal"] in cause["message"]


@pytest.mark.parametrize("out_of_memory", [None, False])
def test_a_kill_without_evidence_is_a_kill(out_of_memory: bool | None) -> None:
    cause = cause_of(-9, stopped=False, out_of_memory=out_of_memory)

    assert (cause["reason"], cause["signal"]) == ("signalled", "SIGKILL")


def test_a_kill_that_the_counter_saw_is_out_of_memory() -> None:
    assert cause_of(-9, stopped=False, out_of_memory=True)["reason"] == "out-of-memory"


def test_other_signals_are_never_out_of_memory() -> None:
    assert cause_of(-11, stopped=False, out_of_memory=True)["reason"] == "signalled"


@pytest.mark.parametrize("exit_code", [0, 1, -15, -9])
def test_whatever_a_wanted_end_looks_like_it_is_a_stop(exit_code: int) -> None:
    assert cause_of(exit_code, stopped=True, out_of_memory=True)["reason"] == "stopped"


def test_each_rise_of_the_counter_explains_one_death(tmp_path: Path) -> None:
    file = tmp_path / "memory.events"
    file.write_text("low 0\nhigh 0\noom 4\noom_kill 4\n")
    counter = OomCounter(file)
    assert counter.explains_a_death() is False

    file.write_text("low 0\nhigh 0\noom 5\noom_kill 5\n")
    assert counter.explains_a_death() is True
    assert counter.explains_a_death() is False


def test_without_a_counter_nothing_is_claimed() -> None:
    assert OomCounter(None).explains_a_death() is None


@pytest.mark.parametrize(
    ("groups", "file", "content"),
    [
        ("0::/user.slice/a\n", "sys/fs/cgroup/user.slice/a/memory.events", "oom_kill 0\n"),
        ("0::/../outside\n", "sys/fs/cgroup/memory.events", "oom_kill 0\n"),
        (
            "9:name=systemd:/\n4:memory:/box/1\n0::/\n",
            "sys/fs/cgroup/memory/box/1/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        ),
        (
            "4:cpu,memory:/hidden\n",
            "sys/fs/cgroup/memory/memory.oom_control",
            "oom_kill_disable 0\noom_kill 0\n",
        ),
    ],
)
def test_the_counter_is_found_in_either_kind_of_cgroup(
    tmp_path: Path, groups: str, file: str, content: str
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(content)

    found = oom_counter_file(tmp_path)
    assert found is not None
    assert found.resolve() == (tmp_path / file).resolve()


def test_where_there_is_no_cgroup_there_is_no_counter(tmp_path: Path) -> None:
    assert oom_counter_file(tmp_path) is None


def test_a_crash_names_the_python_line_it_happened_in() -> None:
    fault = (
        "Fatal Python error: Segmentation fault\n\n"
        "Thread 0x00007f (most recent call first):\n"
        '  File "<cell>", line 3 in f\n  File "<cell>", line 5 in <module>\n'
    )

    assert crash_site(fault) == 'File "<cell>", line 3 in f'
    assert crash_site("") is None
