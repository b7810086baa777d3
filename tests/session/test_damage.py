"""A log that was damaged: what is left opens, people are told; blobs nobody needs go."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tailrace.kernels.scripted import Say, Script, Show, Update
from tailrace.log.codec import encode_record
from tailrace.log.event_log import LogRecord, LogSnapshot
from tailrace.protocol import operations as op
from tailrace.protocol.events import DocumentUpdated
from tailrace.protocol.outputs import DisplayOutput
from tailrace.protocol.records import Record
from tailrace.session import actor
from tests.session.stage import Client, Stage, played, without_answered


def figure(number: int) -> dict[str, str]:
    return {"image/png": f"{number:04d}" + "A" * 100_000}


SCRIPT: Script = {
    "say": [Say("hello\n")],
    "one": [Show(figure(1))],
    "two": [Show(figure(2))],
    "many": [
        *(Show(figure(n), display_id=f"d{n}") for n in range(1000, 1400)),
        Update("d1200", figure(7000)),
    ],
    "film": [Show(figure(0), display_id="f"), *(Update("f", figure(n)) for n in range(1, 40))],
}


def on_stage(folder: Path, story: Callable[[Stage], Awaitable[None]]) -> None:
    async def play() -> None:
        async with Stage(folder, SCRIPT) as stage:
            await story(stage)

    played(play)


# ── damage ───────────────────────────────────────────────────────────────────


def scratched(file: Path) -> None:
    """Bytes in the middle of every page but the first are not what they were."""
    data = bytearray(file.read_bytes())
    for at in range(4096 + 2000, len(data), 4096):
        data[at : at + 600] = b"\xff" * min(600, len(data) - at)
    file.write_bytes(data)


def test_a_log_beyond_repair_lets_the_file_open_and_says_so(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="x")
        ada = await stage.client()
        await ada.run("a")
        await ada.type("b", "y")
        await ada.until_saved()
        await stage.stop()
        scratched(stage.log_file(stage.id_of()))
        await stage.start()
        bob = await stage.client(name="bob")

        assert bob.status is not None
        assert bob.status.storage == "damaged"
        assert "damaged" in bob.status.message
        assert bob.sources() == {"a": "say", "b": "y"}
        assert bob.text("a") == "hello\n"
        assert await bob.run("a") == ["ok"]
        await bob.until_saved()
        await stage.restart()
        bob = await stage.client(name="bob")
        assert bob.status is not None
        assert bob.status.storage == "writable"
        assert bob.text("a") == "hello\n"

    on_stage(tmp_path, story)


@pytest.mark.parametrize("what", ["the document", "the snapshot", "a record"])
def test_a_log_without_a_document_begins_anew_from_the_file_and_goes_on(
    tmp_path: Path, what: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.write(a="say", b="x")
        ada = await stage.client()
        await ada.run("a")
        await ada.type("b", "y")
        await ada.until_saved()
        log = ada.session.log
        last = log.last
        if what == "the document":
            nonsense = DocumentUpdated(ada.state.generation or "", b"\x01\x02\x03")
            record = Record(last + 1, ada.records[-1].at, "server", nonsense)
            await log.append([encode_record(record)], expected=last)
        elif what == "the snapshot":
            await log.save_snapshot(LogSnapshot(last, b"\xc1 no state"))
        else:
            stored = (await log.read(last - 1))[0]
            await log.append([LogRecord(last + 1, stored.at, stored.kind, b"\xc1")], expected=last)
        generation = ada.state.generation
        await stage.crash()
        await stage.start()
        ada = await stage.client()

        assert ada.status is not None
        assert ada.status.storage == "damaged"
        assert ada.state.generation != generation
        assert ada.sources() == {"a": "say", "b": "y"}
        assert ada.session.log.last > last
        await ada.type("b", "z")
        assert await ada.run("a") == ["ok"]
        await ada.until_saved()
        await ada.leave()
        await stage.crash()
        await stage.start()
        bob = await stage.client(name="bob")
        assert bob.status is not None
        assert bob.status.storage == "writable"
        assert bob.sources() == {"a": "say", "b": "z"}
        assert bob.text("a") == "hello\n"

    on_stage(tmp_path, story)


# ── blobs ────────────────────────────────────────────────────────────────────


async def kept(client: Client, cell_id: str) -> bool:
    """Whether every figure that is shown is there."""
    items = [item for item in client.outputs(cell_id) if isinstance(item, DisplayOutput)]
    assert items
    return all([await client.session.blobs.has(item.data["image/png"]["hash"]) for item in items])


def blobs_of(stage: Stage) -> int:
    return len(
        [each for each in (stage.home / stage.id_of() / "blobs").rglob("*") if each.is_file()]
    )


def test_blobs_that_nothing_refers_to_go_and_all_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "SWEEP_ABOVE_BYTES", 1)

    async def story(stage: Stage) -> None:
        stage.write(a="one", b="many", c="film")
        ada = await stage.client()
        await ada.run("a", "b", "c")
        await ada.until_saved()
        await ada.type("a", "two")
        await ada.run("a")
        await ada.until_saved()
        for _ in range(2):  # what was put since the last sweep is spared once
            ada.session.actor._since_snapshot = 1
            ada.session.actor._shrink.stored_bytes = 1
            await ada.session.actor.save_snapshot()

        assert await kept(ada, "a")
        assert await kept(ada, "b")
        assert await kept(ada, "c")
        assert blobs_of(stage) == 1 + 401 + 1 + 1  # and the last checkpoint
        before = stage.written()["cells"]
        await ada.type("a", "two!")
        await ada.until_saved()
        assert stage.written()["cells"][1:] == before[1:]
        shown = before[1]["outputs"]
        assert shown[200]["data"]["image/png"].startswith("7000")
        assert [each["data"]["image/png"][:4] for each in shown[:200]] == [
            str(n) for n in range(1000, 1200)
        ]

    on_stage(tmp_path, story)


def test_a_compacted_log_still_has_what_the_file_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "COMPACT_ABOVE_BYTES", 1)

    async def story(stage: Stage) -> None:
        stage.write(a="one", b="many", c="say")
        ada = await stage.client()
        await ada.run("a", "b")
        for _ in range(3):
            await ada.run("c")
            ada.session.actor._tidy_above_bytes = 1
            await ada.session.actor.save_snapshot()
        await ada.type("c", "x")
        await ada.until_saved()

        assert ada.session.log.first > 1
        whole = json.loads(stage.file().read_text())["cells"]
        assert len(whole[1]["outputs"]) == 400
        assert whole[1]["outputs"][200]["data"]["image/png"].startswith("7000")
        await stage.restart()
        bob = await stage.client(name="bob")
        assert bob.state == without_answered(bob.session.state)
        assert bob.text("c") == "hello\n"
        assert (await bob.do(op.ClearOutputs())).refusal is None

    on_stage(tmp_path, story)
