"""`make bench`: ours, jupyter_server and marimo in one run; a table, and JSON beside it.

    python -m benchmarks [--products tailrace,jupyter,marimo] [--only round-trip,…] [--out DIR]
    python -m benchmarks --browser       the pages alone, in a real headless Chromium
    python -m benchmarks --protocol      all but the pages

The peers are installed into an environment of their own (`.bench/peers`). Products take
turns within each scenario, so that a machine whose speed drifts drifts for all. Nothing
here passes or fails; *must* is printed beside what was reached.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import scenarios as sc
from benchmarks.browser.desk import DESKS
from benchmarks.browser.rows import BROWSER_ROWS
from benchmarks.browser.scenarios import BROWSER_SCENARIOS
from benchmarks.browser.visitor import browser
from benchmarks.products.jupyter import Jupyter
from benchmarks.products.marimo import Marimo
from benchmarks.products.product import Product
from benchmarks.products.tailrace import Tailrace
from benchmarks.table import ROWS, rendered

PEERS = Path(".bench/peers")
PEER_PACKAGES = ["jupyterlab", "jupyter_server", "ipykernel", "marimo", "matplotlib", "pandas"]

SCENARIOS: dict[str, sc.Scenario] = {
    "kernel-start": sc.kernel_start,
    "round-trip": sc.round_trip,
    "print-flushed": sc.print_latency(flush=True),
    "print-unflushed": sc.print_latency(flush=False),
    "million-lines": sc.million_lines,
    "big-string": sc.big_string,
    "progress": sc.progress_updates,
    "fan-out": sc.fan_out,
    "first-line": sc.first_line,
    "figures": sc.figures,
    "interrupt": sc.interrupt,
    "twenty-sessions": sc.twenty_sessions,
    "dropped-same": sc.dropped(as_somebody_else=False),
    "dropped-new": sc.dropped(as_somebody_else=True),
    "killed": sc.killed,
    "never-reads": sc.never_reads,
    "gigabyte": sc.gigabyte,
}
OURS_ONLY = frozenset({"never-reads", "gigabyte"})

PAGE_WITHIN_S = 170.0

MAKERS: dict[str, Callable[[Path], Product]] = {
    "tailrace": Tailrace,
    "jupyter": lambda folder: Jupyter(folder, PEERS.absolute()),
    "marimo": lambda folder: Marimo(folder, PEERS.absolute()),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--products", default="tailrace,jupyter,marimo")
    parser.add_argument("--only", help="names of scenarios, with commas between them")
    parser.add_argument("--browser", action="store_true", help="only the pages, in a browser")
    parser.add_argument("--protocol", action="store_true", help="only what needs no browser")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    chosen = parser.parse_args()
    protocol, pages = ["start", *SCENARIOS], [*BROWSER_SCENARIOS]
    if chosen.browser or chosen.protocol:
        protocol, pages = protocol * chosen.protocol, pages * chosen.browser
    products = chosen.products.split(",")
    wanted = chosen.only.split(",") if chosen.only else [*protocol, *pages]
    unknown = (set(products) - set(MAKERS)) | (
        set(wanted) - {"start", *SCENARIOS, *BROWSER_SCENARIOS}
    )
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if set(products) - {"tailrace"}:
        install_peers()
    results = asyncio.run(measured(products, wanted))
    results |= asyncio.run(seen(products, [name for name in wanted if name in BROWSER_SCENARIOS]))
    chosen.out.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine(), "versions": versions(products), "results": results}
    file = chosen.out / f"{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    file.write_text(json.dumps(report, indent=1))
    print(rendered([*ROWS, *BROWSER_ROWS], results, products))
    print(f"\n{file}")


async def measured(products: list[str], wanted: list[str]) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    if "start" in wanted:
        results["start"] = {name: await _guarded(name, _starts) for name in products}
    for scenario in wanted:
        if scenario not in SCENARIOS:
            continue
        results[scenario] = {}
        for name in products:
            if scenario in OURS_ONLY and name != "tailrace":
                continue
            found = await _guarded(name, SCENARIOS[scenario], started=True)
            results[scenario][name] = found
            print(f"{scenario:16} {name:9} {_short(found)}", file=sys.stderr, flush=True)
    return results


async def seen(products: list[str], wanted: list[str]) -> dict[str, dict[str, Any]]:
    """The browser part: a fresh server, folder and profile for each product and scenario."""
    results: dict[str, dict[str, Any]] = {}
    if not wanted:
        return results
    peers = await asyncio.to_thread(PEERS.absolute)
    async with browser() as chromium:
        for scenario in wanted:
            results[scenario] = {}
            for name in products:
                folder = Path(tempfile.mkdtemp(prefix="bench-"))
                desk = DESKS[name](folder, peers)
                try:
                    async with asyncio.timeout(PAGE_WITHIN_S):
                        await desk.product.start()
                        await asyncio.sleep(1.0)
                        found = await BROWSER_SCENARIOS[scenario](desk, chromium)
                except TimeoutError:
                    found = {"failed": f"not finished in {PAGE_WITHIN_S:.0f} s"}
                except Exception as problem:  # a result, not the end of the run
                    traceback.print_exc()
                    found = {"failed": f"{type(problem).__name__}: {problem}"}
                finally:
                    await desk.product.stop()
                    shutil.rmtree(folder, ignore_errors=True)
                results[scenario][name] = found
                print(f"{scenario:16} {name:9} {_short(found)}", file=sys.stderr, flush=True)
    return results


async def _guarded(name: str, scenario: sc.Scenario, *, started: bool = False) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    product = MAKERS[name](folder)
    try:
        async with asyncio.timeout(400):
            if started:
                await product.start()
                await asyncio.sleep(1.0)  # what a server does in the background after its start
            return await scenario(product)
    except Exception as problem:  # one product's failure is a result, not the end of the run
        traceback.print_exc()
        return {"failed": f"{type(problem).__name__}: {problem}"}
    finally:
        await product.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _starts(product: Product) -> dict[str, Any]:
    await product.start()  # the first one fills the bytecode cache
    await product.stop()
    took = []
    for _ in range(5):
        took.append(await product.start())
        await product.stop()
    return {"ready_s": sorted(took)[2], "min_s": min(took), "max_s": max(took)}


def install_peers() -> None:
    """An environment for the peers, made once. Ours and theirs share no package."""
    python = PEERS / "bin" / "python"
    if (PEERS / "bin" / "marimo").exists() and (PEERS / "bin" / "jupyter-server").exists():
        return
    print("installing the peers …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER_PACKAGES], check=True)


def machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def versions(products: list[str]) -> dict[str, str]:
    import tailrace

    found = {"tailrace": tailrace.__version__}
    if set(products) - {"tailrace"}:
        listed = subprocess.run(
            [str(PEERS / "bin" / "python"), "-m", "pip", "list", "--format=json"],
            capture_output=True,
            check=True,
        ).stdout
        found |= {p["name"]: p["version"] for p in json.loads(listed) if p["name"] in PEER_PACKAGES}
    return found


def _short(figures: dict[str, Any]) -> str:
    return "  ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in figures.items()
    )


if __name__ == "__main__":
    main()
