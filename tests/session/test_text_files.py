"""Notebooks that are text, and notebooks whose outputs are beside: the same sessions."""

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tailrace.formats.notebook import Notebook
from tailrace.kernels.scripted import Say, Script
from tailrace.protocol.ids import CellId
from tests.session.stage import Client, Stage, played, until

SCRIPT: Script = {"say": [Say("hello\n")], "again": [Say("hello again\n")]}
TEXT = '#%%  odd\nsay\n# %% [markdown]\n"""\nwords\n"""\n# %%\nsecond\n\n\n'
BESIDE = {"tailrace": {"outputs": "beside"}}


def by_source(client: Client, source: str) -> str:
    return next(cell_id for cell_id, text in client.sources().items() if text == source)


def with_metadata(client: Client, metadata: dict[str, Any]) -> Notebook:
    return replace(client.notebook(), metadata=metadata)


def test_a_text_notebook_is_run_edited_and_saved_in_its_own_form(tmp_path: Path) -> None:  # FMT-8
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            file = stage.file("n.py")
            file.write_text(TEXT)
            ada = await stage.client(await stage.open("n.py"))
            first = by_source(ada, "say")
            await ada.run(first)
            await ada.until_saved()
            assert file.read_text() == TEXT

            await ada.type(by_source(ada, "second"), "third")
            await until(lambda: "third" in file.read_text())
            assert file.read_text() == TEXT.replace("second", "third")
            ids = list(ada.sources())

            await stage.restart()
            ada = await stage.client(await stage.open("n.py"))
            assert list(ada.sources()) == ids
            assert ada.text(first) == "hello\n"
            assert not stage.file("n.py.outputs.json").exists()

    played(story)


def test_what_others_write_into_a_text_keeps_cells_and_outputs(tmp_path: Path) -> None:  # FMT-9
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            file = stage.file("n.py")
            file.write_text(TEXT)
            ada = await stage.client(await stage.open("n.py"))
            first, second = by_source(ada, "say"), by_source(ada, "second")
            await ada.run(first)
            await ada.type(second, "second = mine")
            await until(lambda: "second = mine" in file.read_text())

            changed = file.read_text().replace("words", "other words")
            file.write_text("# %%\nnew\n\n" + changed)
            await ada.until(lambda _: "new" in ada.sources().values())
            assert ada.sources()[first] == "say"
            assert ada.sources()[second] == "second = mine"
            assert ada.text(first) == "hello\n"

            # And while nobody looked.
            await stage.stop()
            file.write_text(file.read_text().replace("second = mine", "second = mine + 1"))
            await stage.start()
            ada = await stage.client(await stage.open("n.py"))
            assert ada.sources()[second] == "second = mine + 1"
            assert ada.text(first) == "hello\n"

    played(story)


def test_outputs_beside_are_written_and_found_by_another_server(tmp_path: Path) -> None:  # FMT-10
    async def story() -> None:
        async with Stage(tmp_path / "one", SCRIPT) as stage:
            stage.write(a="say")
            ada = await stage.client()
            await ada.make(with_metadata(ada, BESIDE))
            await ada.run("a")
            beside = stage.file("n.ipynb.outputs.json")
            await until(lambda: beside.exists() and "hello" in beside.read_text())
            await ada.until_saved()
            assert stage.written()["cells"][0]["outputs"] == []
            notebook, outputs = stage.file().read_bytes(), beside.read_bytes()
            await ada.run("a")
            await ada.until_saved()
            assert stage.file().read_bytes() == notebook  # only what is beside changes

        for held, shown in ((outputs, "hello\n"), (b"<<<<<<< mine\n", ""), (None, "")):
            async with Stage(tmp_path / f"other-{len(held or b'-')}", SCRIPT) as stage:
                stage.file().write_bytes(notebook)
                if held is not None:
                    stage.file("n.ipynb.outputs.json").write_bytes(held)
                ada = await stage.client()
                assert "a" in ada.sources()
                assert (ada.text("a") if CellId("a") in ada.state.cells else "") == shown
                assert stage.file().read_bytes() == notebook

    played(story)


def test_outputs_go_back_into_the_notebook_when_it_says_so(tmp_path: Path) -> None:  # FMT-10
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            stage.write(a="say")
            ada = await stage.client()
            await ada.make(with_metadata(ada, BESIDE))
            await ada.run("a")
            beside = stage.file("n.ipynb.outputs.json")
            await until(beside.exists)
            await ada.make(with_metadata(ada, {}))
            await until(lambda: not beside.exists())
            assert stage.written()["cells"][0]["outputs"][0]["text"] == ["hello\n"]

    played(story)


def test_outputs_that_others_put_beside_are_taken(tmp_path: Path) -> None:  # FMT-12
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            stage.write(a="say")
            ada = await stage.client()
            await ada.make(with_metadata(ada, BESIDE))
            await ada.run("a")
            beside = stage.file("n.ipynb.outputs.json")
            await until(lambda: beside.exists() and "hello" in beside.read_text())
            await ada.until_saved()
            beside.write_text(beside.read_text().replace("hello", "pulled"))
            await ada.until(lambda _: ada.text("a") == "pulled\n")
            beside.unlink()
            await ada.type("a", "again")
            await until(lambda: beside.exists() and "pulled" in beside.read_text())

    played(story)


def test_a_file_of_that_name_that_is_not_ours_is_not_replaced(tmp_path: Path) -> None:  # FMT-12
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            stage.write(a="say")
            beside = stage.file("n.ipynb.outputs.json")
            beside.write_text('{"of": "somebody"}')
            ada = await stage.client()
            await ada.make(with_metadata(ada, BESIDE))
            await ada.until_file("failed")
            assert json.loads(beside.read_text()) == {"of": "somebody"}
            beside.unlink()
            await ada.until_saved()

    played(story)


def test_a_text_notebook_can_keep_its_outputs_beside(tmp_path: Path) -> None:  # FMT-10
    async def story() -> None:
        async with Stage(tmp_path / "one", SCRIPT) as stage:
            stage.file("n.py").write_text(TEXT)
            ada = await stage.client(await stage.open("n.py"))
            await ada.make(with_metadata(ada, BESIDE))
            first = by_source(ada, "say")
            await ada.run(first)
            beside = stage.file("n.py.outputs.json")
            await until(lambda: beside.exists() and "hello" in beside.read_text())
            await ada.until_saved()
            text, outputs = stage.file("n.py").read_text(), beside.read_bytes()
            assert text.endswith(TEXT)

        async with Stage(tmp_path / "two", SCRIPT) as stage:
            stage.file("n.py").write_text(text)
            stage.file("n.py.outputs.json").write_bytes(outputs)
            ada = await stage.client(await stage.open("n.py"))
            assert ada.text(first) == "hello\n"

    played(story)


def test_a_text_is_not_emptied_by_mistake(tmp_path: Path) -> None:  # FMT-9
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            file = stage.file("n.py")
            file.write_text(TEXT)
            ada = await stage.client(await stage.open("n.py"))
            file.write_text("")
            await ada.until_file("conflict")
            assert by_source(ada, "say")

    played(story)
