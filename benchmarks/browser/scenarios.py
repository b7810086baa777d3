"""What a person does in a browser, the same with every product.

Each scenario returns figures by name; None where the product had not got there within the
time it was given. Keys and clicks come from outside, times from inside of the page.
"""

import asyncio
import re
import statistics
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from playwright.async_api import Browser

from benchmarks.browser.desk import Desk
from benchmarks.browser.notebooks import Cell, long_cell_first, report, sums
from benchmarks.browser.visitor import Sight, Visitor, visitor

Figures = dict[str, Any]
BrowserScenario = Callable[[Desk, Browser], Awaitable[Figures]]

KEY_PAUSE_S = 0.09
TYPED = 70
RUNS = 33
WARM_UP = 3

PROGRESS = r"""import time
for _i in range(2001): print(f"\rstep {_i} of 2000", end="", flush=True); time.sleep(0.001)"""
TICKS = """import time
for _i in range(100): print("tick", _i, flush=True); time.sleep(0.1)"""


async def load(desk: Desk, chromium: Browser) -> Figures:
    """Ten cells. Cold: a profile that was never here. Warm: its third visit."""
    cold: list[Figures] = []
    warm: list[Figures] = []
    for time in range(3):
        address = desk.written(f"load{time}", [Cell("1 + 1"), *report(9)])
        async with visitor(chromium, desk) as person:
            cold.append(await _loaded(person, address, "q"))
            await _loaded(person, address, "w")
            warm.append(await _loaded(person, address, "e"))
    return {
        **{f"cold_{name}": _middle(one[name] for one in cold) for name in cold[0]},
        **{f"warm_{name}": _middle(one[name] for one in warm) for name in warm[0]},
    }


async def _loaded(person: Visitor, address: str, letter: str) -> Figures:
    """Ten letters as soon as an editor is there, then until one shows, if all were lost.

    The letters mean nothing to any product outside of an editor.
    """
    sight = await person.visit(address)
    await sight.ask(
        "letter => { bench.typed = bench.when("
        "() => document.querySelector(bench.names.editor)?.textContent.includes(letter), 60000); }",
        letter,
    )
    editor = sight.page.locator(sight.names.editor).first
    box = await editor.bounding_box()
    if box is not None:
        await sight.page.mouse.click(box["x"] + 40, box["y"] + 10)
    for _ in range(10):
        await sight.press(letter)
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    kept = await _count(sight, letter)
    shown = kept
    while not shown:
        await editor.click(position={"x": 40, "y": 10}, timeout=20_000)
        await sight.press(letter)
        await asyncio.sleep(0.12)
        shown = await _count(sight, letter)
    typed = await sight.ask("() => bench.typed")
    memory = await sight.memory()
    figures: Figures = await sight.ask(
        "() => ({ paint_ms: bench.paintAt, editor_ms: bench.editorAt,"
        " longest_task_ms: bench.longest(0) })"
    )
    await sight.page.close()
    return figures | {
        "typed_ms": typed and typed["paint"],
        "lost": 10 - kept,
        "kilobytes": sight.received_bytes / 1e3,
        "requests": sight.requests,
        "heap_mb": memory["heap_mb"],
        "nodes": memory["nodes"],
    }


async def _count(sight: Sight, letter: str) -> int:
    text = await sight.ask("() => document.querySelector(bench.names.editor)?.textContent ?? ''")
    return str(text).count(letter)


async def run(desk: Desk, chromium: Browser) -> Figures:
    """Shift+Enter on `1+1`, cell after cell."""
    address = desk.written("run", sums(WARM_UP + RUNS))
    async with visitor(chromium, desk) as person:
        sight = await person.visit(address)
        await _rested(sight)
        await sight.enter()
        await sight.ask("() => bench.watchRuns('2')")
        for count in range(1, WARM_UP + RUNS + 1):
            await sight.press("Shift+Enter")
            await _until(sight, f"() => bench.runs.length >= {count}", within_s=20)
            await asyncio.sleep(0.1)
        runs = (await sight.ask("() => bench.runs"))[WARM_UP:]
    return {
        "dom_p50_ms": percentile([one["dom"] for one in runs], 0.5),
        "dom_p95_ms": percentile([one["dom"] for one in runs], 0.95),
        "paint_p50_ms": percentile([one["paint"] for one in runs], 0.5),
        "paint_p95_ms": percentile([one["paint"] for one in runs], 0.95),
    }


async def typing(desk: Desk, chromium: Browser) -> Figures:
    """Into the long cell of a notebook of 200: as soon as it is there, and when it rests."""
    address = desk.written("typing", long_cell_first(200, 200))
    async with visitor(chromium, desk) as person:
        sight = await person.visit(address)
        await sight.ask("() => bench.watchKeys()")
        await sight.enter()
        early = await _typed(sight, 20)
        rested = await _rested(sight)
        await sight.ask("() => { bench.keys.length = 0; }")
        start = await sight.ask("() => performance.now()")
        late = await _typed(sight, TYPED)
        longest = await sight.ask("start => bench.longest(start)", start)
    return {
        "p50_ms": percentile(late, 0.5),
        "p95_ms": percentile(late, 0.95),
        "early_p50_ms": percentile(early, 0.5),
        "early_p95_ms": percentile(early, 0.95),
        "longest_task_ms": longest,
        "rested_s": rested,
    }


async def _typed(sight: Sight, keys: int) -> list[float]:
    text = "  value = total + 12 * len('some words') # and then more of it"
    for at in range(keys):
        await sight.press(text[at % len(text)].replace(" ", "Space").replace("'", "x"))
        await asyncio.sleep(KEY_PAUSE_S)
    await asyncio.sleep(0.3)
    return list(await sight.ask("() => bench.keys"))


async def textarea(desk: Desk, chromium: Browser) -> Figures:
    """The floor of machine and method: keys into a bare text field."""
    async with visitor(chromium, desk) as person:
        page = await person.context.new_page()
        await page.set_content("<div class='cm-content' contenteditable style='height:90px'></div>")
        sight = Sight(page, await person.context.new_cdp_session(page), desk.names)
        await sight.ask("() => bench.watchKeys()")
        await page.locator(".cm-content").click()
        keys = await _typed(sight, TYPED)
    return {"p50_ms": percentile(keys, 0.5), "p95_ms": percentile(keys, 0.95)}


async def thousand(desk: Desk, chromium: Browser) -> Figures:
    """Open 1,000 cells, type, let it rest, look at the memory, scroll to the end."""
    cells = report(1000)
    address = desk.written("thousand", [Cell("1 + 1"), *cells[1:]])
    async with visitor(chromium, desk) as person:
        sight = await person.visit(address, within_s=90)
        await sight.ask(
            "() => { bench.typed = bench.when(() => document.querySelector("
            "bench.names.editor)?.textContent.includes('q'), 60000); }"
        )
        editor = sight.page.locator(sight.names.editor).first
        for _ in range(60):
            await editor.click(position={"x": 40, "y": 10}, timeout=90_000)
            await sight.press("q")
            await asyncio.sleep(0.12)
            if await _count(sight, "q"):
                break
        typed = await sight.ask("() => bench.typed")
        figures: Figures = {"typed_s": typed and typed["paint"] / 1e3}
        figures["settled_s"] = await _rested(sight, within_s=60)
        figures |= await sight.memory()
        scrolled: Figures = await sight.ask("() => bench.scroll(150, 45000)")
        return figures | scrolled


async def flood(desk: Desk, chromium: Browser) -> Figures:
    """100,000 lines, and somebody who presses a button all the while."""
    address = desk.written("flood", [Cell("1 + 1"), Cell("2 + 2")])
    async with visitor(chromium, desk) as person:
        sight = await _warm(person, address)
        await sight.replace("for _i in range(100_000): print('line', _i)")
        await sight.ask(
            """() => {
              bench.addButton();
              bench.first = null;
              addEventListener("keydown", (event) => {
                if (event.key !== "Enter") return;
                bench.asked = event.timeStamp;
                bench.first = bench.when(() => /line 0(?!\\d)/.test(bench.outputs()), 30000);
                bench.last = bench.when(() => bench.outputs().includes("line 99999"), 30000);
              }, true);
            }"""
        )
        await sight.press("Control+Enter")
        for _ in range(12):
            await sight.page.mouse.click(30, 884)
            await asyncio.sleep(0.04)
        found: Figures = await sight.ask(
            "async () => ({ first: await bench.first, last: await bench.last,"
            " asked: bench.asked, longest_task_ms: bench.longest(bench.asked),"
            " clicks: bench.clicks })"
        )
        memory = await sight.memory()
    asked, clicks = found["asked"], found["clicks"]
    return {
        "first_ms": found["first"] and found["first"]["dom"] - asked,
        "last_ms": found["last"] and found["last"]["dom"] - asked,
        "longest_task_ms": found["longest_task_ms"],
        "click_p50_ms": percentile(clicks, 0.5),
        "click_p95_ms": percentile(clicks, 0.95),
        "heap_mb": memory["heap_mb"],
        "nodes": memory["nodes"],
    }


async def progress(desk: Desk, chromium: Browser) -> Figures:
    """A bar drawn 2,000 times, once a millisecond."""
    address = desk.written("progress", [Cell("1 + 1"), Cell("2 + 2")])
    async with visitor(chromium, desk) as person:
        sight = await _warm(person, address)
        await sight.replace(PROGRESS)
        await sight.ask("() => bench.watchSteps(/step (\\d+) of 2000/g)")
        await sight.press("Control+Enter")
        ended = await sight.ask(
            "() => bench.when(() => bench.outputs().includes('step 2000 of 2000'), 30000)"
        )
        await asyncio.sleep(0.3)
        found = await sight.ask(
            "() => ({ start: bench.asked, drawn: bench.steps.size, text: bench.outputs(),"
            " longest_task_ms: bench.longest(bench.asked) })"
        )
    return {
        "updates_per_s": ended and 1e3 * found["drawn"] / (ended["dom"] - found["start"]),
        "bars_left": found["text"].count(" of 2000"),
        "longest_task_ms": found["longest_task_ms"],
    }


async def reload(desk: Desk, chromium: Browser) -> Figures:
    """The page is loaded anew in the middle of a cell that prints."""
    address = desk.written("reload", [Cell("1 + 1"), Cell("2 + 2")])
    async with visitor(chromium, desk) as person:
        sight = await _warm(person, address)
        await sight.replace(TICKS)
        await sight.press("Control+Enter")
        await sight.wait_for_output("tick 15")
        await sight.page.reload(wait_until="commit")
        return await _came_back(sight)


async def closed(desk: Desk, chromium: Browser) -> Figures:
    """The tab is closed for three seconds while the cell prints."""
    address = desk.written("closed", [Cell("1 + 1"), Cell("2 + 2")])
    async with visitor(chromium, desk) as person:
        sight = await _warm(person, address)
        await sight.replace(TICKS)
        await sight.press("Control+Enter")
        await sight.wait_for_output("tick 15")
        await sight.page.close(run_before_unload=False)
        await asyncio.sleep(3)
        return await _came_back(await person.visit(address))


async def _came_back(sight: Sight) -> Figures:
    """Which of the hundred lines are there, and whether the page knows that the cell runs."""
    back = await sight.ask("() => bench.when(() => bench.outputs().includes('tick 0'), 8000)")
    await asyncio.sleep(0.5)
    is_busy = await sight.ask("() => document.querySelector(bench.names.busy) !== null")
    await sight.wait_for_output("tick 99", within_s=12)
    await asyncio.sleep(0.5)
    text = str(await sight.ask("() => bench.outputs()"))
    ticks = [int(number) for number in re.findall(r"tick (\d+)", text)]
    return {
        "back_ms": back and back["paint"],
        "lines": len(set(ticks)),
        "twice": len(ticks) - len(set(ticks)),
        "busy_then": is_busy,
        "busy_at_the_end": await sight.ask(
            "() => document.querySelector(bench.names.busy) !== null"
        ),
    }


async def second_browser(desk: Desk, chromium: Browser) -> Figures:
    """What is typed in one browser, seen in another."""
    address = desk.written("second", [Cell("1 + 1"), Cell("2 + 2")])
    async with visitor(chromium, desk) as one, visitor(chromium, desk) as other:
        writing, reading = await one.visit(address), await other.visit(address)
        await asyncio.sleep(2)
        await writing.page.bring_to_front()
        await reading.ask("() => bench.watchText()")
        await writing.ask("() => bench.watchKeys()")
        await writing.enter()
        for _ in range(20):
            await writing.press("q")
            await asyncio.sleep(0.5)
        pressed = await writing.ask("() => bench.keysAt")
        changed = await reading.ask("() => bench.changedAt")
    took = [
        seen - at
        for at in pressed
        if (seen := next((then for then in changed if then > at), None)) and seen - at < 500
    ]
    if len(took) < len(pressed) / 2:
        return {"edits": False}
    return {"edits": True, "p50_ms": percentile(took, 0.5), "p95_ms": percentile(took, 0.95)}


# ── what several do ──────────────────────────────────────────────────────────


async def _warm(person: Visitor, address: str) -> Sight:
    """A page whose kernel has answered; the cursor is in the second cell."""
    sight = await person.visit(address)
    await _rested(sight, within_s=15)
    await sight.enter(0)
    await sight.ask("() => bench.watchRuns('2')")
    await sight.press("Shift+Enter")
    await _until(sight, "() => bench.runs.length > 0", within_s=30)
    await asyncio.sleep(0.3)
    await sight.enter(1)
    return sight


async def _rested(sight: Sight, *, within_s: float = 40) -> float | None:
    """Seconds until the page had nothing long to do for two seconds."""
    rested = await sight.ask("ms => bench.rest(2000, ms)", within_s * 1e3)
    return None if rested is None else float(rested) / 1e3


async def _until(sight: Sight, claim: str, *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if await sight.ask(claim):
                return
            await asyncio.sleep(0.02)


def percentile(values: list[float], part: float) -> float | None:
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


BROWSER_SCENARIOS: dict[str, BrowserScenario] = {
    "load": load,
    "run": run,
    "typing": typing,
    "textarea": textarea,
    "thousand": thousand,
    "flood": flood,
    "progress-bar": progress,
    "reload": reload,
    "closed": closed,
    "second": second_browser,
}
