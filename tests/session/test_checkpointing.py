"""The file is a checkpoint: whole, only when something changed, never over what others wrote."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from msgspec.structs import replace

from tailrace.files.backups import kept
from tailrace.formats.notebook import Cell, Notebook
from tailrace.kernels.scripted import (
    Empty,
    Fail,
    Hold,
    Say,
    Script,
    ScriptedProvider,
    Show,
    Update,
)
from tailrace.log.event_log import LogRecord
from tailrace.protocol import operations as op
from tailrace.protocol.ids import CellId
from tailrace.session import checkpointing
from tests.session.stage import (
    Client,
    Stage,
    code_cell,
    played,
    until,
    write_cells,
)

MEGABYTE = "".join(f"line {number} of a long story\n" for number in range(36_000))
FIGURE = "iVBORw0KGgo" + "A" * 200_001

SCRIPT: Script = {
    "say": [Say("hello\n")],
    "megabyte": [Say(MEGABYTE[at : at + 50_000]) for at in range(0, len(MEGABYTE), 50_000)],
    "displays": [Show({"text/plain": f"number {number}"}) for number in range(500)],
    "updated": [
        *(Show({"text/plain": f"first {n}"}, display_id=f"d{n}") for n in range(500)),
        Update("d3", {"text/plain": "third, now"}),
        Update("d250", {"text/plain": "middle, now"}),
    ],
    "cleared": [Say(MEGABYTE[:200_000]), Empty(), Say(MEGABYTE[-200_000:])],
    "bar": [Say(f"\r{percent:3d} %" + "." * 2000) for percent in range(101)] + [Say("\n")],
    "figure": [Show({"image/png": FIGURE, "text/plain": "<Figure>"}, execution_count=1)],
    "fail": [Fail()],
    "hold": [Say(MEGABYTE[:200_000]), Hold(), Say("end\n")],
}


def on_stage(
    folder: Path,
    story: Callable[[Stage], Awaitable[None]],
    *,
    log: str = "embedded",
    autosave_s: float = 0.02,
) -> None:
    async def play() -> None:
        async with Stage(folder, SCRIPT, log=log, autosave_s=autosave_s) as stage:
            await story(stage)

    played(play)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon."""
    monkeypatch.setattr(checkpointing, "RETRY_S", 0.05)


def outputs_of(stage: Stage, cell_id: str, name: str = "n.ipynb") -> list[dict[str, Any]]:
    found = nbformat.reads(stage.file(name).read_text(), as_version=4)
    nbformat.validate(found)
    (cell,) = [cell for cell in found.cells if cell.id == cell_id]
    return [dict(output) for output in cell.outputs]


def text_of(stage: Stage, cell_id: str) -> str:
    return "".join(output.get("text", "") for output in outputs_of(stage, cell_id))


def sources_of(stage: Stage, name: str = "n.ipynb") -> dict[str, str]:
    return {cell["id"]: "".join(cell["source"]) for cell in stage.written(name)["cells"]}


def with_cell(notebook: Notebook, cell_id: str, source: str) -> Notebook:
    return replace(notebook, cells=(*notebook.cells, Cell(CellId(cell_id), "code", source)))


# ── when ─────────────────────────────────────────────────────────────────────


def test_an_edit_is_saved_by_itself(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()
        await ada.type("a", "say 2")
        await ada.until_saved()

        assert sources_of(stage) == {"a": "say 2"}
        assert ada.status is not None
        assert ada.status.saved_at is not None
        assert [each.file for each in ada.statuses][1:] == ["unsaved", "saving", "saved"]

    on_stage(tmp_path, story)


def test_save_does_not_wait_for_the_timer(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say")
        ada = await stage.client()
        await ada.type("a", "say 2")
        assert sources_of(stage) == {"a": "say"}
        await ada.done(op.Save())
        await ada.until_saved()

        assert sources_of(stage) == {"a": "say 2"}

    on_stage(tmp_path, story, autosave_s=3_600)


@pytest.mark.parametrize("log", ["memory", "embedded"])
def test_what_a_cell_shows_is_saved_and_valid(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="fail", c="figure")
        ada = await stage.client()
        await ada.run("a", "b", "c", stop_on_error=False)
        await ada.until_saved()

        assert text_of(stage, "a") == "hello\n"
        (error,) = outputs_of(stage, "b")
        assert (error["ename"], error["evalue"]) == ("ValueError", "no")
        (figure,) = outputs_of(stage, "c")
        assert figure["output_type"] == "execute_result"
        assert figure["data"]["text/plain"] == "<Figure>"

    on_stage(tmp_path, story, log=log)


@pytest.mark.parametrize("log", ["memory", "embedded"])
def test_nothing_is_written_when_a_notebook_is_only_opened(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="say")
        os.utime(file, ns=(10**18, 10**18))
        bytes_before = file.read_bytes()
        ada = await stage.client()
        await ada.done(op.Save())
        await stage.restart()
        ada = await stage.client()
        await stage.restart()

        assert file.read_bytes() == bytes_before
        assert file.stat().st_mtime_ns == 10**18
        assert list(stage.notebooks.iterdir()) == [file]
        assert not stage.home.exists() or not list(stage.home.rglob("*.*"))

    on_stage(tmp_path, story, log=log)


def test_nothing_is_written_when_only_a_kernel_starts(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="say")
        os.utime(file, ns=(10**18, 10**18))
        ada = await stage.client()
        await ada.done(op.StartKernel())
        await ada.until(lambda state: state.kernel.phase == "ready")
        await ada.done(op.Save())
        await stage.restart()
        ada = await stage.client()
        assert ada.status is not None
        assert ada.status.file == "saved"
        await ada.done(op.StopKernel())
        await stage.restart()

        assert file.stat().st_mtime_ns == 10**18

    on_stage(tmp_path, story)


def test_another_tools_layout_stays_until_something_changes(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="say")
        compact = json.dumps(json.loads(file.read_text()), separators=(",", ":"))
        file.write_text(compact)
        ada = await stage.client()
        await ada.done(op.StartKernel())
        await ada.done(op.Save())
        await ada.type("a", "say!")
        await ada.until_saved()
        assert file.read_text() != compact
        layout = json.dumps(json.loads(file.read_text()), indent=7)
        file.write_text(layout)
        await ada.until(lambda state: state.checkpoint.digest == _digest(file))
        await ada.done(op.Save())
        await ada.until_saved()
        assert file.read_text() == layout
        await stage.restart()
        ada = await stage.client()
        await ada.done(op.Save())
        assert file.read_text() == layout

    on_stage(tmp_path, story)


def _digest(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


# ── whole ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("log", ["memory", "embedded"])
def test_a_long_text_is_whole_in_the_file(tmp_path: Path, log: str) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="megabyte")
        ada = await stage.client()
        await ada.run("a")
        await ada.until_saved()

        assert len(ada.text("a")) < 200_000
        assert text_of(stage, "a") == MEGABYTE

    on_stage(tmp_path, story, log=log)


def test_five_hundred_displays_are_whole_in_the_file(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="displays")
        ada = await stage.client()
        await ada.run("a")
        await ada.until_saved()

        assert len(ada.outputs("a")) < 500
        shown = [output["data"]["text/plain"] for output in outputs_of(stage, "a")]
        assert shown == [f"number {number}" for number in range(500)]

    on_stage(tmp_path, story)


def test_an_updated_display_is_in_the_file_as_updated_wherever_it_stands(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="updated")
        ada = await stage.client()
        await ada.run("a")
        await ada.until_saved()

        shown = [output["data"]["text/plain"] for output in outputs_of(stage, "a")]
        assert len(shown) == 500
        assert shown[2:5] == ["first 2", "third, now", "first 4"]
        assert shown[249:252] == ["first 249", "middle, now", "first 251"]

    on_stage(tmp_path, story)


def test_what_was_cleared_is_not_in_the_file(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="cleared")
        ada = await stage.client()
        await ada.run("a")
        await ada.until_saved()

        assert text_of(stage, "a") == MEGABYTE[-200_000:]

    on_stage(tmp_path, story)


def test_what_a_person_cleared_while_it_ran_does_not_come_back(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="hold")
        ada = await stage.client()
        await ada.done(op.RunCells((CellId("a"),)))
        await ada.until(lambda _: len(ada.text("a")) > 50_000)
        await ada.done(op.ClearOutputs())
        assert isinstance(stage.provider, ScriptedProvider)
        stage.provider.release()
        await ada.until(lambda state: state.running is None)
        await ada.until_saved()

        assert text_of(stage, "a") == "end\n"

    on_stage(tmp_path, story)


def test_a_progress_bar_is_in_the_file_as_it_ended(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="bar")
        ada = await stage.client()
        await ada.run("a")
        await ada.until_saved()

        assert text_of(stage, "a") == "100 %" + "." * 2000 + "\n"

    on_stage(tmp_path, story)


def test_a_large_figure_is_in_the_file_as_the_kernel_sent_it(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="figure")
        ada = await stage.client()
        await ada.run("a")
        await ada.until_saved()

        (figure,) = outputs_of(stage, "a")
        assert figure["data"]["image/png"].rstrip("=") == FIGURE.rstrip("=")

    on_stage(tmp_path, story)


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(True)}


LOADED = {
    "a long text": [stream(MEGABYTE)],
    "a text longer than any we write": [stream(MEGABYTE * 12)],
    "many displays": [
        {"output_type": "display_data", "data": {"text/plain": [str(n)]}, "metadata": {}}
        for n in range(600)
    ],
    "things unknown": [
        {
            "output_type": "display_data",
            "data": {"text/plain": ["x"], "application/x-strange+json": {"b": [1, {"c": None}]}},
            "metadata": {"image/png": {"width": 3}},
        },
        {"output_type": "stream", "name": "stderr", "text": ["a\r", "b"]},
    ],
}


@pytest.mark.parametrize("what", LOADED)
@pytest.mark.parametrize("again", [False, True])
def test_outputs_that_came_with_the_file_stay_as_they_are(
    tmp_path: Path, what: str, again: bool
) -> None:
    async def story(stage: Stage) -> None:
        cells = [
            code_cell("a", "old", *LOADED[what], execution_count=7),
            code_cell("b", "say"),
        ]
        file = write_cells(stage.file(), *cells)
        before = json.loads(file.read_text())["cells"][0]
        ada = await stage.client()
        await ada.done(op.Save())
        await ada.run("b")
        await ada.until_saved()
        assert stage.written()["cells"][0] == before
        if again:
            await stage.restart()
            ada = await stage.client()
            await ada.type("b", "say more")
            await ada.until_saved()

        assert stage.written()["cells"][0] == before
        assert ada.execution("a").execution_count == 7

    on_stage(tmp_path, story)


def test_what_the_document_cannot_hold_stays_in_the_file(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = write_cells(
            stage.file(),
            code_cell("a", "say", strange={"of": "a cell"}),
            metadata={"z": 2**60 + 1, "a": {"deep": [1.0, 2]}},
            of_the_notebook=["kept"],
        )
        before = json.loads(file.read_text())
        ada = await stage.client()
        await ada.type("a", "say 2")
        await ada.until_saved()
        await stage.restart()
        ada = await stage.client()
        await ada.type("a", "say 3")
        await ada.until_saved()
        await stage.stop()
        outside = {**before, "cells": [*before["cells"], code_cell("new", "from outside")]}
        outside["cells"][0]["source"] = ["say 3"]
        file.write_text(json.dumps(outside))
        await stage.start()
        ada = await stage.client()
        await ada.type("a", "say 4")
        await ada.until_saved()

        after = stage.written()
        assert after["cells"][0] == {**before["cells"][0], "source": ["say 4"]}
        assert after["metadata"] == before["metadata"]
        assert after["of_the_notebook"] == ["kept"]

    on_stage(tmp_path, story)


# ── others write too ─────────────────────────────────────────────────────────


def change(file: Path, cell_id: str, source: str) -> None:
    whole = json.loads(file.read_text())
    for cell in whole["cells"]:
        if cell["id"] == cell_id:
            cell["source"] = source.splitlines(True)
    beside = file.with_suffix(".other")
    beside.write_text(json.dumps(whole))
    beside.replace(file)


@pytest.mark.parametrize("saved_before", [False, True])
def test_changes_in_different_cells_are_merged(tmp_path: Path, saved_before: bool) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one", b="two")
        ada = await stage.client()
        if saved_before:
            await ada.type("a", "one!")
            await ada.done(op.Save())
            await ada.until_saved()
        await ada.type("a", "mine")
        change(file, "b", "theirs")
        await ada.until(lambda _: ada.sources()["b"] == "theirs")
        await ada.done(op.Save())
        await ada.until_saved()

        assert ada.sources() == sources_of(stage) == {"a": "mine", "b": "theirs"}
        assert ada.state.checkpoint.conflict is None

    on_stage(tmp_path, story, autosave_s=3_600)


def test_a_change_by_others_alone_is_taken_over(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = write_cells(stage.file(), code_cell("a", "one", stream("old\n"), execution_count=1))
        ada = await stage.client()
        assert ada.text("a") == "old\n"
        write_cells(file, code_cell("a", "two"), code_cell("b", "x", stream("new\n")))
        await ada.until(lambda _: ada.sources() == {"a": "two", "b": "x"})
        await ada.until(lambda state: CellId("b") in state.cells)

        assert CellId("a") not in ada.state.cells  # its output was cleared outside
        assert ada.text("b") == "new\n"
        await ada.done(op.Save())
        await ada.until_saved()
        assert outputs_of(stage, "a") == []

    on_stage(tmp_path, story)


def test_a_large_change_by_others_is_taken_over(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one", b="two")
        ada = await stage.client()
        await ada.type("b", "three")
        await ada.until_saved()
        change(file, "a", "x" * (9 << 20))
        await ada.until(lambda _: len(ada.sources()["a"]) == 9 << 20)
        await stage.stop()
        change(file, "a", "y" * (9 << 20))
        await stage.start()
        ada = await stage.client()

        assert ada.sources() == {"a": "y" * (9 << 20), "b": "three"}

    on_stage(tmp_path, story)


async def in_conflict(stage: Stage) -> tuple[Client, Path]:
    file = stage.write(a="one", b="two")
    ada = await stage.client()
    await ada.type("a", "mine")
    change(file, "a", "theirs")
    await ada.until(lambda state: state.checkpoint.conflict)
    await ada.until_file("conflict")
    return ada, file


def test_a_clash_writes_nothing_until_somebody_chooses(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ada, file = await in_conflict(stage)
        await ada.type("b", "more of mine")
        refused = await ada.do(op.Save())

        assert refused.refusal is not None
        assert sources_of(stage)["a"] == "theirs"
        await stage.restart()
        ada = await stage.client()
        assert ada.state.checkpoint.conflict is not None
        assert ada.sources() == {"a": "mine", "b": "more of mine"}
        await ada.done(op.ResolveConflict("mine"))
        await ada.until(lambda state: state.checkpoint.conflict is None)
        await ada.until_saved()
        assert sources_of(stage) == {"a": "mine", "b": "more of mine"}
        assert sorted(stage.notebooks.iterdir()) == [file]

    on_stage(tmp_path, story, autosave_s=0.02)


def test_theirs_replaces_the_document(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ada, file = await in_conflict(stage)
        await ada.done(op.ResolveConflict("theirs"))
        await ada.until(lambda state: state.checkpoint.conflict is None)
        await ada.until_saved()

        assert ada.sources() == sources_of(stage) == {"a": "theirs", "b": "two"}
        assert sorted(stage.notebooks.iterdir()) == [file]

    on_stage(tmp_path, story)


def test_a_copy_keeps_both(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ada, _ = await in_conflict(stage)
        stage.write("n (conflict 1).ipynb", z="somebody has this name")
        await ada.done(op.ResolveConflict("copy"))
        await ada.until(lambda state: state.checkpoint.conflict is None)
        await ada.until_saved()

        assert ada.sources() == sources_of(stage) == {"a": "theirs", "b": "two"}
        assert sources_of(stage, "n (conflict 2).ipynb") == {"a": "mine", "b": "two"}
        assert sources_of(stage, "n (conflict 1).ipynb") == {"z": "somebody has this name"}
        resolved = next(
            r.event for r in ada.records if type(r.event).__name__ == "ConflictResolved"
        )
        assert resolved.copy_path == "n (conflict 2).ipynb"  # type: ignore[union-attr]

    on_stage(tmp_path, story)


def test_a_conflict_that_somebody_settles_on_disk_is_over(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        ada, file = await in_conflict(stage)
        change(file, "a", "one")  # as it was: git checkout
        await ada.until(lambda state: state.checkpoint.conflict is None)
        await ada.until_saved()

        assert sources_of(stage) == {"a": "mine", "b": "two"}

    on_stage(tmp_path, story)


def test_a_file_that_is_no_notebook_any_more_is_left_alone(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one")
        ada = await stage.client()
        await ada.type("a", "two")
        await ada.until_saved()
        file.write_text("<<<<<<< HEAD")
        await ada.until(lambda state: state.checkpoint.conflict)
        await ada.type("a", "three")
        await stage.restart()
        ada = await stage.client()

        assert file.read_text() == "<<<<<<< HEAD"
        assert ada.sources() == {"a": "three"}
        await ada.done(op.ResolveConflict("theirs"))
        await ada.until(lambda _: ada.status is not None and ada.status.file == "failed")
        await ada.done(op.ResolveConflict("mine"))
        await ada.until_saved()
        assert sources_of(stage) == {"a": "three"}

    on_stage(tmp_path, story)


def test_a_file_that_was_deleted_is_written_again(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one")
        ada = await stage.client()
        await ada.type("a", "two")
        await ada.until_saved()
        file.unlink()
        await until(file.exists)

        assert sources_of(stage) == {"a": "two"}

    on_stage(tmp_path, story)


def test_an_edit_while_the_server_was_away_is_merged_on_opening(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one", b="two")
        ada = await stage.client()
        await ada.type("a", "mine")
        await ada.until_saved()
        await ada.run("a")
        await stage.crash()
        change(file, "b", "theirs")
        await stage.start()
        ada = await stage.client()
        await ada.until_saved()

        assert ada.sources() == sources_of(stage) == {"a": "mine", "b": "theirs"}

    on_stage(tmp_path, story)


def test_what_was_merged_on_opening_is_not_shown_twice_differently(tmp_path: Path) -> None:
    """Shown once, it is in the log: a crash and another change outside do not renumber it."""

    async def story(stage: Stage) -> None:
        file = stage.write(a="one", b="two")
        ada = await stage.client()
        await ada.type("a", "mine")
        await ada.until_saved()
        await stage.stop()
        change(file, "b", "theirs")
        await stage.start()
        ada = await stage.client()
        await stage.crash()
        change(file, "b", "theirs, later")
        await stage.start()
        await ada.join(await stage.open())

        assert ada.sources() == {"a": "mine", "b": "theirs, later"}
        assert ada.state.sequence == ada.session.state.sequence
        await ada.leave()

    on_stage(tmp_path, story)


# ── files that make difficulties ─────────────────────────────────────────────


def test_a_failed_save_is_told_and_tried_again(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one")
        ada = await stage.client()
        folder, aside = stage.notebooks, stage.notebooks.with_name("aside")
        await ada.type("a", "two")
        await ada.until_saved()
        folder.rename(aside)  # an unmounted share
        await ada.type("a", "three")
        await ada.until_file("failed")
        assert ada.status is not None
        assert ada.status.file_message
        aside.rename(folder)
        await ada.until_saved()

        assert ada.status.file_message == ""
        assert sources_of(stage) == {"a": "three"}
        assert list(folder.iterdir()) == [file]

    on_stage(tmp_path, story)


@contextlib.contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Nobody may write below `folder`. Root is not stopped by modes, but by mounts."""
    if os.geteuid() != 0:
        for each in (*folder.iterdir(), folder):
            each.chmod(0o500)
        yield
        for each in (folder, *folder.iterdir()):
            each.chmod(0o700)
        return
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_read_only_file_is_not_written_until_it_may_be(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one")
        ada = await stage.client()
        with unwritable(stage.notebooks):
            await ada.type("a", "two")
            await ada.until_file("failed")
            assert ada.status is not None
            assert "n.ipynb" in ada.status.file_message
            assert sources_of(stage) == {"a": "one"}
        await ada.until_saved()

        assert sources_of(stage) == {"a": "two"}

    on_stage(tmp_path, story)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        target = stage.write("sub.ipynb", a="one")
        stage.file("link.ipynb").symlink_to(target)
        ada = await stage.client(await stage.open("link.ipynb"))
        await ada.type("a", "two")
        await ada.until_saved()

        assert stage.file("link.ipynb").is_symlink()
        assert sources_of(stage, "sub.ipynb") == {"a": "two"}
        assert await stage.open("sub.ipynb") is ada.session

    on_stage(tmp_path, story)


def test_a_torn_file_is_finished_before_it_is_read(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        file = stage.write(a="one", b="the old version")
        old = file.read_bytes()
        stage.write(a="two", b="the new version")
        new = file.read_bytes()
        at = new.index(b"new version") + 5
        torn = new[:at] + old[at:]

        class Killed(BaseException):
            pass

        def cut_off() -> None:
            with kept(stage.home / "backups", file, old=old, new=new):
                file.write_bytes(torn)
                raise Killed

        with pytest.raises(Killed):
            cut_off()
        ada = await stage.client()

        assert ada.sources() == {"a": "two", "b": "the new version"}
        assert file.read_bytes() == new

    on_stage(tmp_path, story)


# ── empty ────────────────────────────────────────────────────────────────────


def test_a_person_may_delete_all_cells(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one")
        ada = await stage.client()
        await ada.make(replace(ada.notebook(), cells=()))
        await ada.until_saved()

        assert sources_of(stage) == {}

    on_stage(tmp_path, story)


def test_all_cells_deleted_just_before_a_crash_are_deleted(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one")
        ada = await stage.client()
        await ada.make(replace(ada.notebook(), cells=()))
        await stage.crash()
        assert sources_of(stage) == {"a": "one"}
        stage.autosave_s = 0.02
        await stage.start()
        ada = await stage.client()
        await ada.until_saved()

        assert sources_of(stage) == {}

    on_stage(tmp_path, story, autosave_s=3_600)


def test_a_document_that_lost_its_cells_by_itself_is_not_saved(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one")
        ada = await stage.client()
        await ada.type("a", "two")
        await ada.until_saved()
        from tailrace.documents.room import Room
        from tailrace.protocol.events import DocumentUpdated
        from tailrace.session.mailbox import Noted

        room = Room.from_update(ada.session.room.state())
        update = room.merge_notebook(replace(ada.notebook(), cells=()))
        assert update is not None
        event = DocumentUpdated(ada.state.generation or "", update)
        ada.session._mailbox.put(Noted((event,)))
        await ada.until_file("failed")

        assert sources_of(stage) == {"a": "two"}

    on_stage(tmp_path, story)


# ── crashes ──────────────────────────────────────────────────────────────────


def test_a_crash_between_the_checkpoint_and_its_record_is_no_conflict(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one", b="say")
        ada = await stage.client()
        await ada.type("a", "two")
        await ada.until_saved()
        log = ada.session.log
        append = log.append
        stuck = asyncio.Event()

        async def held(records: list[LogRecord], *, expected: int) -> None:
            if any(record.kind == "checkpoint-written" for record in records):
                stuck.set()
                await asyncio.Event().wait()
            await append(records, expected=expected)

        log.append = held  # type: ignore[method-assign, assignment]
        await ada.type("a", "three")
        await stuck.wait()
        assert sources_of(stage)["a"] == "three"
        await stage.crash()
        await stage.start()
        ada = await stage.client()

        assert ada.state.checkpoint.conflict is None
        assert ada.sources()["a"] == "three"
        await ada.type("a", "four")
        await ada.until_saved()
        assert sources_of(stage)["a"] == "four"

    on_stage(tmp_path, story)


def test_unsaved_edits_are_saved_by_the_next_server(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one")
        ada = await stage.client()
        await ada.type("a", "two")
        await stage.crash()
        assert sources_of(stage) == {"a": "one"}
        stage.autosave_s = 0.02
        await stage.start()
        await stage.open()
        await until(lambda: sources_of(stage) == {"a": "two"})

    on_stage(tmp_path, story, autosave_s=3_600)


def test_unsaved_edits_are_saved_when_the_server_ends(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="one")
        ada = await stage.client()
        await ada.type("a", "two")
        await stage.stop()
        assert sources_of(stage) == {"a": "two"}
        await stage.start()

    on_stage(tmp_path, story, autosave_s=3_600)
