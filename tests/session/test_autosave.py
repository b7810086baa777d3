"""Saving by itself is switched off and on while notebooks are open; nothing is lost meanwhile."""

from pathlib import Path

from tailrace.kernels.scripted import Say, Script
from tailrace.protocol import operations as op
from tests.session.stage import Stage, played, until

SCRIPT: Script = {"say": [Say("hello\n")], "more": [Say("more\n")]}


def outputs(stage: Stage) -> list[str]:
    return [
        "".join(output["text"]) for cell in stage.written()["cells"] for output in cell["outputs"]
    ]


def test_without_autosave_the_file_is_written_when_asked(tmp_path: Path) -> None:
    async def play() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            stage.write(a="say", b="more")
            stage.directory.set_autosave(False)
            ada = await stage.client()
            assert await ada.run("a") == ["ok"]
            await ada.until_file("unsaved")
            assert outputs(stage) == []

            await ada.do(op.Save())
            await until(lambda: outputs(stage) == ["hello\n"])

            assert await ada.run("b") == ["ok"]
            await ada.until_file("unsaved")
            stage.directory.set_autosave(True)
            await until(lambda: outputs(stage) == ["hello\n", "more\n"])

    played(play)


def test_what_was_not_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async def play() -> None:
        async with Stage(tmp_path, SCRIPT) as stage:
            stage.write(a="say")
            stage.directory.set_autosave(False)
            ada = await stage.client()
            await ada.run("a")
            await stage.restart()
            bob = await stage.client(name="bob")

            assert bob.text("a") == "hello\n"

    played(play)
