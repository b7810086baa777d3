"""Names, signatures and documentation without a kernel, from a process that can be ended."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tailrace.language.analyst import Analyst
from tailrace.language.questions import Kind, Question


@asynccontextmanager
async def an_analyst(cache: Path, *command: str, within_s: float = 60) -> AsyncIterator[Analyst]:
    analyst = Analyst(cache, within_s=within_s)
    if command:
        analyst = Analyst(cache, command=command, within_s=within_s)
    try:
        yield analyst
    finally:
        await analyst.close()


def about(text: str, kind: Kind = "complete", folder: str = "/", **more: Any) -> Question:
    """A question about the place marked with `|`."""
    at = text.index("|")
    line = text[:at].count("\n")
    column = at - (text[:at].rfind("\n") + 1)
    return Question(kind, text.replace("|", ""), line, column, folder, **more)


def names(answer: dict[str, Any] | None) -> list[str]:
    assert answer is not None
    return [match["text"] for match in answer["matches"]]


def test_it_knows_names_signatures_words_and_places(tmp_path: Path) -> None:  # PAGE-40
    (tmp_path / "near.py").write_text("def beside(count: int):\n    'Lies beside.'\n")
    defined = "class Boat:\n    def row(self, oars, *, fast=False):\n        'Row it.'\n"

    async def story() -> None:
        async with an_analyst(tmp_path / "cache") as analyst:
            ask = analyst.ask
            assert names(await ask(about(f"{defined}Boat().ro|"), "me")) == ["row"]
            beside = about("import near\nnear.be|", folder=str(tmp_path))
            assert names(await ask(beside, "me")) == ["beside"]

            answer = await ask(about(f"{defined}Boat().row(1, |", "signature"), "me")
            assert answer is not None
            [signature] = answer["signatures"]
            assert signature["label"] == "row(oars, *, fast=False)"
            assert signature["text"] == "Row it."
            spans = [signature["label"][a:b] for a, b in signature["parameters"]]
            assert spans == ["oars", "fast=False"]

            words = await ask(about(f"{defined}Boat().r|ow", "describe"), "me")
            assert words is not None
            assert "row(oars, *, fast=False)" in words["text"]
            place = await ask(about(f"{defined}boat = Boat()\nbo|at", "definition"), "me")
            assert place is not None
            assert (place["line"], place["column"]) == (3, 0)
            uses = await ask(about("x = 1\nprint(x|)\nx += 1", "uses"), "me")
            assert uses is not None
            assert [use["line"] for use in uses["places"]] == [0, 1, 2]

    asyncio.run(story())


def test_other_environments_are_read_and_not_run(tmp_path: Path) -> None:  # PAGE-40
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "elsewhere.py").write_text("def only_there(): ...\n")
    (packages / "evil.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')\nword = 1\n")

    async def story() -> None:
        async with an_analyst(tmp_path / "cache") as analyst:
            there = about("import elsewhere\nelsewhere.only|", packages=[str(packages)])
            assert names(await analyst.ask(there, "me")) == ["only_there"]
            evil = about("import evil\nevil.wo|", packages=[str(packages)])
            assert names(await analyst.ask(evil, "me")) == ["word"]
            ours = about("import pytest\npytest.fixt|", packages=[str(packages)])
            assert names(await analyst.ask(ours, "me")) == []

    asyncio.run(story())
    assert not (tmp_path / "was-run").exists()


def test_one_that_takes_too_long_is_ended_and_the_next_is_answered(tmp_path: Path) -> None:
    # The first process hangs, the one after it works.
    marker = tmp_path / "hung"
    program = (
        f"import os, runpy, time\n"
        f"if os.path.exists({str(marker)!r}):\n"
        f"    runpy.run_module('tailrace.language.worker', run_name='__main__')\n"
        f"open({str(marker)!r}, 'w').close()\n"
        f"time.sleep(1000)\n"
    )

    async def story() -> None:
        async with an_analyst(
            tmp_path / "cache", sys.executable, "-c", program, within_s=0.5
        ) as analyst:
            assert await analyst.ask(about("abc = 1\nab|"), "me") is None
            assert analyst.pid is None
            analyst.within_s = 30
            assert "abc" in names(await analyst.ask(about("abc = 1\nab|"), "me"))

    asyncio.run(story())


def test_who_types_on_is_answered_for_the_newest_text(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_analyst(tmp_path / "cache") as analyst:
            asked = [analyst.ask(about(f"abc{n} = 1\nab|"), "me") for n in range(5)]
            *dropped, newest = await asyncio.gather(*asked)
            assert dropped.count(None) >= 3
            assert names(newest)[0] == "abc4"
            pid = analyst.pid
            assert pid is not None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        raise AssertionError("the analyst's process outlived it")

    asyncio.run(story())


def test_a_crowd_is_not_kept_waiting(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_analyst(tmp_path / "cache") as analyst:
            asked = [analyst.ask(about("abc = 1\nab|"), f"{n}") for n in range(100)]
            answers = await asyncio.gather(*asked)
            assert 0 < sum(answer is not None for answer in answers) < 40

    asyncio.run(story())


def test_what_jedi_cannot_read_is_no_answer_and_does_no_harm(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_analyst(tmp_path / "cache") as analyst:
            odd = Question("complete", "x", 900, 900, "/")
            assert await analyst.ask(odd, "me") is None
            assert "abc" in names(await analyst.ask(about("abc = 1\nf((\nab|"), "me"))

    asyncio.run(story())


def test_a_cache_that_was_left_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "near.py").write_text("def beside(): ...\n")
    cache = tmp_path / "cache"
    question = about("import near\nnear.be|", folder=str(tmp_path))

    async def story() -> None:
        async with an_analyst(cache) as analyst:
            assert names(await analyst.ask(question, "me")) == ["beside"]
        kept = list(cache.rglob("*.pkl"))
        assert kept
        for file in kept:
            file.write_bytes(b"")
        async with an_analyst(cache) as analyst:
            assert names(await analyst.ask(question, "me")) == ["beside"]

    asyncio.run(story())


def test_the_names_of_a_large_library_are_there_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with an_analyst(tmp_path / "cache") as analyst:
            found = names(await analyst.ask(about("import pandas as pd\npd.read_|"), "me"))
            assert "read_csv" in found

    asyncio.run(story())
