"""Large values that came with a file: by reference in what clients are shown, held in memory
until the first change, and in the file exactly as they were."""

import base64
import json
import os
from pathlib import Path
from typing import Any

from tailrace.kernels.scripted import Say
from tailrace.protocol.ids import BlobHash, CellId
from tailrace.protocol.outputs import DisplayOutput
from tests.session.stage import Stage, code_cell, played, until, write_cells

PICTURE = b"\x89PNG\r\n\x1a\n" + os.urandom(200_000)
# With a newline at its end, as IPython wrote it for years: decoding and encoding loses that.
ENCODED = base64.b64encode(PICTURE).decode() + "\n"
FIGURE = {"data": [{"y": list(range(40_000))}], "unknown": {"kept": True}}
SCRIPT = {"print('new')": (Say("new\n"),)}


def shown(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def notebook(stage: Stage) -> Path:
    return write_cells(
        stage.notebooks / "n.ipynb",
        code_cell("a", "plot()", shown({"image/png": ENCODED, "text/plain": ["<Figure>"]})),
        code_cell("b", "fig", shown({"application/vnd.plotly.v1+json": FIGURE})),
        code_cell("c", "print('new')"),
    )


def display(state: Any, cell: str) -> DisplayOutput:
    (output,) = state.executions[state.cells[CellId(cell)]].outputs.items
    assert isinstance(output, DisplayOutput)
    return output


def test_opening_shows_references_and_writes_nothing(tmp_path: Path) -> None:  # BLOB-5
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            file = notebook(stage)
            before = file.read_bytes()
            session = await stage.open("n.ipynb")
            ada = await stage.client(session, "ada")

            picture = display(ada.state, "a").data["image/png"]
            figure = display(ada.state, "b").data["application/vnd.plotly.v1+json"]
            assert picture["size_bytes"] == len(PICTURE)
            assert await session.blobs.get(BlobHash(picture["hash"])) == PICTURE
            assert json.loads(await session.blobs.get(BlobHash(figure["hash"]))) == FIGURE
            assert display(ada.state, "a").data["text/plain"] == "<Figure>"
            assert not [path for path in stage.home.rglob("*") if path.is_file()]
            assert file.read_bytes() == before

    played(story)


def test_after_a_change_they_are_on_the_disk_and_in_the_file_as_they_were(
    tmp_path: Path,
) -> None:  # BLOB-5
    async def story() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            file = notebook(stage)
            cells = json.loads(file.read_text())["cells"]
            session = await stage.open("n.ipynb")
            ada = await stage.client(session, "ada")
            picture = BlobHash(display(ada.state, "a").data["image/png"]["hash"])
            await ada.run("c")
            assert await session.blobs.open_path(picture) is not None
            await until(lambda: json.loads(file.read_text())["cells"][2]["outputs"])
            assert json.loads(file.read_text())["cells"][:2] == cells[:2]

            # Opened again from its log, it is the same.
            await stage.restart()
            again = await stage.client(await stage.open("n.ipynb"), "bob")
            assert display(again.state, "a").data["image/png"]["hash"] == picture

    played(story)
