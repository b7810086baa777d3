"""A person at a browser: a fresh profile, one page, and what can be read of it."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

from benchmarks.browser.desk import Desk, Names

NAMES = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chromium-headless-shell",
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that is not in front is measured too.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]
WATCH = Path(__file__).with_name("watch.js").read_text()


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium where it is installed, else Playwright's own."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield started
        finally:
            await started.close()


class Visitor:
    """One profile. `visit` opens a page in it."""

    def __init__(self, context: BrowserContext, desk: Desk) -> None:
        self.context = context
        self.desk = desk

    async def visit(self, address: str, *, within_s: float = 60.0) -> "Sight":
        page = await self.context.new_page()
        # "Leave the site?" is answered with yes, as by somebody who means it.
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        sight = Sight(page, await self.context.new_cdp_session(page), self.desk.names)
        await sight.open(address, within_s=within_s)
        return sight


@contextlib.asynccontextmanager
async def visitor(chromium: Browser, desk: Desk) -> AsyncIterator[Visitor]:
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    try:
        names = json.dumps(desk.names._asdict())
        await context.add_init_script(WATCH.replace("= $names", f"= {names}"))
        login = desk.login()
        if login is not None:
            await context.request.get(login)
        yield Visitor(context, desk)
    finally:
        await context.close()


class Sight:
    """A page, watched from inside by `watch.js` and from outside by the DevTools protocol."""

    def __init__(self, page: Page, cdp: CDPSession, names: Names) -> None:
        self.page = page
        self.names = names
        self.requests = 0
        self.received_bytes = 0.0
        self._cdp = cdp

    async def open(self, address: str, *, within_s: float) -> None:
        self._cdp.on("Network.requestWillBeSent", self._asked)
        self._cdp.on("Network.loadingFinished", self._loaded)
        await self._cdp.send("Network.enable")
        await self.page.goto(address, wait_until="commit")
        await self.page.wait_for_selector(self.names.editor, timeout=within_s * 1e3)

    def _asked(self, event: dict[str, Any]) -> None:
        if not str(event["request"]["url"]).startswith(("data:", "blob:")):
            self.requests += 1

    def _loaded(self, event: dict[str, Any]) -> None:
        self.received_bytes += float(event["encodedDataLength"])

    async def ask(self, script: str, argument: object = None) -> Any:
        return await self.page.evaluate(script, argument)

    async def enter(self, cell: int = 0) -> None:
        """Puts the cursor into an editor, at the end of its first line."""
        editor = self.page.locator(self.names.editor).nth(cell)
        await editor.click(position={"x": 60, "y": 10}, timeout=20_000)
        await self.press("End")

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def replace(self, source: str, cell: int = 0) -> None:
        await self.enter(cell)
        await self.press("Control+a")
        await self.press("Delete")
        await self.page.keyboard.insert_text(source)

    async def wait_for_output(self, text: str, *, within_s: float = 60.0) -> bool:
        found = await self.ask(
            "([text, ms]) => bench.when(() => bench.outputs().includes(text), ms)",
            [text, within_s * 1e3],
        )
        return found is not None

    async def memory(self) -> dict[str, float]:
        """What lives after a collection: the script heap in MB, and all nodes of the page."""
        await self._cdp.send("HeapProfiler.enable")
        await self._cdp.send("HeapProfiler.collectGarbage")
        await self._cdp.send("Performance.enable")
        metrics = await self._cdp.send("Performance.getMetrics")
        values = {entry["name"]: entry["value"] for entry in metrics["metrics"]}
        return {
            "heap_mb": values["JSHeapUsedSize"] / 1e6,
            "nodes": values["Nodes"],
            "elements": await self.ask("() => document.querySelectorAll('*').length"),
        }
