"""A notebook that is renamed or thrown away and back keeps what ran in it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tailrace.files.notebook_files import copied
from tailrace.files.trash import Trash
from tailrace.files.workspace import Workspace
from tailrace.kernels.scripted import Hold, Say, Script
from tailrace.protocol import operations as op
from tailrace.protocol.errors import FileInUse, FileMissing, FileTaken, NameRefused
from tailrace.protocol.ids import CellId
from tailrace.session.clock import SystemClock
from tailrace.session.moves import Moves
from tests.session.stage import Stage, played

SCRIPT: Script = {"say": [Say("hello\n")], "hold": [Hold()]}


def told(folder: Path, story: Callable[[Stage, Moves], Awaitable[None]]) -> None:
    async def play() -> None:
        async with Stage(folder, SCRIPT) as stage:
            workspace = Workspace(stage.notebooks)
            moves = Moves(
                workspace,
                Trash(stage.home / "trash", workspace),
                stage.directory.closed,
                lambda notebook_id: stage.home / notebook_id,
                SystemClock(),
                stage.directory.following,
            )
            await story(stage, moves)

    played(play)


async def ran_and_left(stage: Stage, name: str) -> None:
    """Run in it, stop the kernel, leave; only the log knows the output's lines."""
    ada = await stage.client(await stage.open(name))
    assert await ada.run("a") == ["ok"]
    await ada.done(op.StopKernel())
    await ada.until(lambda state: state.kernel.phase == "none")
    await ada.leave()


async def recorded(stage: Stage, name: str) -> str:
    bob = await stage.client(await stage.open(name), name="bob")
    text = bob.text("a")
    assert bob.state.executions[bob.state.cells["a"]].took_ms is not None  # type: ignore[index]
    return text


def test_a_renamed_notebook_keeps_its_log(tmp_path: Path) -> None:  # PAGE-13
    async def story(stage: Stage, moves: Moves) -> None:
        stage.write("old.ipynb", a="say")
        await ran_and_left(stage, "old.ipynb")

        await moves.rename("old.ipynb", "new.ipynb")

        assert await recorded(stage, "new.ipynb") == "hello\n"
        with pytest.raises(FileMissing):
            stage.directory.place("old.ipynb")

    told(tmp_path, story)


def test_a_new_name_does_not_make_a_text_of_a_notebook_or_back(tmp_path: Path) -> None:  # FMT-16
    async def story(stage: Stage, moves: Moves) -> None:
        files = {
            "a.ipynb": stage.notebooks / "a.ipynb",
            "b.py": stage.notebooks / "b.py",
            "wrong.py": stage.notebooks / "wrong.py",
            "plain.py": stage.notebooks / "plain.py",
        }
        stage.write("a.ipynb", a="say")
        files["b.py"].write_text("# %%\nx = 1\n")
        files["wrong.py"].write_bytes(files["a.ipynb"].read_bytes())
        files["plain.py"].write_text("x = 1\n")
        for old, new, what in (
            ("a.ipynb", "a.py", "tailrace export NAME --to percent"),
            ("a.ipynb", "a.md", "jupytext --to md"),
            ("b.py", "b.ipynb", "tailrace export NAME --to ipynb"),
            ("b.py", "b.md", "jupytext --to md"),
            ("plain.py", "plain.ipynb", "tailrace export NAME --to ipynb"),
        ):
            with pytest.raises(NameRefused, match=what):
                await moves.rename(old, new)
            assert files[old].exists()
            assert not (stage.notebooks / new).exists()

        # What is no notebook of the old name's form goes; so does another name of the same.
        for old, new in (
            ("wrong.py", "right.ipynb"),
            ("plain.py", "plain.md"),
            ("a.ipynb", "a.json"),
            ("a.json", "z.ipynb"),
        ):
            await moves.rename(old, new)
            assert (stage.notebooks / new).exists()

    told(tmp_path, story)


def test_a_moved_folder_takes_the_logs_of_its_notebooks_along(tmp_path: Path) -> None:
    async def story(stage: Stage, moves: Moves) -> None:
        (stage.notebooks / "from" / "inner").mkdir(parents=True)
        stage.write("from/inner/n.ipynb", a="say")
        await ran_and_left(stage, "from/inner/n.ipynb")

        await moves.rename("from", "to")

        assert await recorded(stage, "to/inner/n.ipynb") == "hello\n"

    told(tmp_path, story)


def test_what_was_thrown_away_comes_back_with_its_log(tmp_path: Path) -> None:  # PAGE-14
    async def story(stage: Stage, moves: Moves) -> None:
        stage.write("n.ipynb", a="say")
        await ran_and_left(stage, "n.ipynb")
        item = await moves.throw_away("n.ipynb")
        assert not stage.file().exists()
        stage.write("n.ipynb", a="say")  # another one of the same name, which ran nothing
        other = await stage.client(await stage.open())
        assert other.state.executions == {}

        entry = await moves.restore(item.item_id)

        assert entry.path == "n 2.ipynb"
        assert await recorded(stage, "n 2.ipynb") == "hello\n"

    told(tmp_path, story)


def test_a_notebook_with_a_kernel_is_not_thrown_away(tmp_path: Path) -> None:  # PAGE-14
    async def story(stage: Stage, moves: Moves) -> None:
        stage.write("n.ipynb", a="say")
        ada = await stage.client()
        await ada.run("a")

        with pytest.raises(FileInUse):
            await moves.throw_away("n.ipynb")
        assert stage.file().exists()
        assert await ada.run("a") == ["ok"]

    told(tmp_path, story)


def test_an_open_notebook_goes_on_under_its_new_name(tmp_path: Path) -> None:  # PAGE-13
    async def story(stage: Stage, moves: Moves) -> None:
        (stage.notebooks / "from").mkdir()
        stage.write("from/n.ipynb", a="say", b="hold", c="say")
        ada = await stage.client(await stage.open("from/n.ipynb"))
        await ada.run("a")
        known = stage.directory.place("from/n.ipynb").notebook_id
        kernel_id = ada.state.kernel.kernel_id
        await ada.done(op.RunCells((CellId("b"), CellId("c"))))
        await ada.until(lambda state: state.running is not None)

        await moves.rename("from", "to")  # while a cell runs and another waits

        # Who asks by what they know is led there, and a kernel's list says where it is.
        place = await stage.directory.find("from/n.ipynb", known)
        assert place.name == "to/n.ipynb"
        (listed,) = await stage.provider.list()
        assert (listed.kernel_id, listed.label) == (kernel_id, str(place.file))
        bob = await stage.client(await stage.open("to/n.ipynb"), name="bob")
        assert bob.state.kernel.kernel_id == kernel_id
        assert bob.text("a") == "hello\n"
        await bob.done(op.Interrupt())
        await bob.until(lambda state: state.running is None)
        # Moved again, both names lead there; a new file under the old name is itself.
        await moves.rename("to/n.ipynb", "m.ipynb")
        assert (await stage.directory.find("from/n.ipynb", known)).name == "m.ipynb"
        (stage.notebooks / "from").mkdir()
        stage.write("from/n.ipynb", a="hold")
        assert (await stage.directory.find("from/n.ipynb")).name == "from/n.ipynb"
        assert (await stage.directory.find("from/n.ipynb", known)).name == "from/n.ipynb"

    told(tmp_path, story)


def test_a_move_that_fails_leaves_an_open_notebook_where_it_was(tmp_path: Path) -> None:
    async def story(stage: Stage, moves: Moves) -> None:
        stage.write("n.ipynb", a="say")
        stage.write("m.ipynb", a="say")
        ada = await stage.client()
        await ada.run("a")
        known = stage.directory.place("n.ipynb").notebook_id
        with pytest.raises(FileTaken):
            await moves.rename("n.ipynb", "m.ipynb")
        place = await stage.directory.find("n.ipynb", known)
        assert place.name == "n.ipynb"
        bob = await stage.client(await stage.open("n.ipynb"), name="bob")
        assert bob.state.kernel.kernel_id == ada.state.kernel.kernel_id
        assert await bob.run("a") == ["ok"]

    told(tmp_path, story)


def test_a_taken_name_moves_nothing(tmp_path: Path) -> None:
    async def story(stage: Stage, moves: Moves) -> None:
        stage.write("n.ipynb", a="say")
        stage.write("m.ipynb", a="say")
        await ran_and_left(stage, "n.ipynb")

        with pytest.raises(FileTaken):
            await moves.rename("n.ipynb", "m.ipynb")

        assert await recorded(stage, "n.ipynb") == "hello\n"

    told(tmp_path, story)


def test_outputs_beside_go_where_their_notebook_goes(tmp_path: Path) -> None:  # FMT-12
    async def story(stage: Stage, moves: Moves) -> None:
        stage.write("a.ipynb", a="say")
        stage.file("a.ipynb.outputs.json").write_text("{}")
        workspace = Workspace(stage.notebooks)

        await moves.rename("a.ipynb", "b.ipynb")
        assert stage.file("b.ipynb.outputs.json").exists()
        assert not stage.file("a.ipynb.outputs.json").exists()
        copied(workspace, "b.ipynb", "c.ipynb")
        assert stage.file("c.ipynb.outputs.json").read_text() == "{}"
        with pytest.raises(FileTaken):
            await moves.rename("b.ipynb", "c.ipynb")
        assert stage.file("b.ipynb.outputs.json").exists()

        item = await moves.throw_away("b.ipynb")
        assert not stage.file("b.ipynb.outputs.json").exists()
        await moves.restore(item.item_id)
        assert stage.file("b.ipynb.outputs.json").read_text() == "{}"

    told(tmp_path, story)


def test_a_text_notebook_keeps_its_log_when_it_moves(tmp_path: Path) -> None:  # FMT-12
    async def story(stage: Stage, moves: Moves) -> None:
        for name in ("folder/marked.py", "folder/plain.py"):
            stage.file(name).parent.mkdir(exist_ok=True)
            stage.file(name).write_text("# %%\nsay\n" if "marked" in name else "say\n")
        cells = {}
        for name in ("marked.py", "plain.py"):
            ada = await stage.client(await stage.open(f"folder/{name}"))
            (cells[name],) = ada.sources()
            await ada.run(cells[name])
            await ada.leave()

        await moves.rename("folder", "other")
        await moves.rename("other/plain.py", "other/plain2.py")
        for name, new in (("marked.py", "marked.py"), ("plain.py", "plain2.py")):
            bob = await stage.client(await stage.open(f"other/{new}"), name="bob")
            assert bob.text(cells[name]) == "hello\n"
            await bob.done(op.StopKernel())
            await bob.leave()

    told(tmp_path, story)
