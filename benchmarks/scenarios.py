"""What is measured. Each scenario takes a product that runs and returns named figures.

`time.perf_counter()` is the machine's monotonic clock, the same in every process, so a
kernel can print when it printed and the client subtract.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.memory import peak_of, pss_of, rss_of
from benchmarks.products.product import Product, Said, Seat

Figures = dict[str, Any]
Scenario = Callable[[Product], Awaitable[Figures]]

STAMP = re.compile(r"T([0-9]+\.[0-9]+)E")
LINES_250 = (
    "import time, os\nfor i in range(250):\n"
    "    print(f'line {i} of {os.getpid()}')\n    time.sleep(0.02)"
)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def until_finished(seat: Seat, *, within_s: float = 120.0) -> list[Said]:
    """Everything that is said up to the end of the run."""
    said: list[Said] = []
    async with asyncio.timeout(within_s):
        while True:
            said.append(await seat.next())
            if said[-1].kind == "finished":
                return said


async def warm_seat(product: Product, number: int = 0) -> Seat:
    seat = await product.sit_down(number)
    await seat.run("import time, sys\n1+1")
    await until_finished(seat)
    return seat


async def kernel_start(product: Product) -> Figures:
    """Kernel asked for → result of `1+1`, eight sessions one after the other; and what each
    adds to the memory of the tree."""
    took = []
    await _settled()
    before = pss_of(product.process_ids())
    for number in range(8):
        began = time.perf_counter()
        seat = await product.sit_down(100 + number)
        await seat.run("1+1")
        while (await seat.next()).kind != "result":
            pass
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.3)
    await _settled()
    grown = pss_of(product.process_ids()) - before
    return {
        "kernel_start_s": statistics.median(took),
        "kernel_start_max_s": max(took),
        "session_pss_mb": grown / 8 / 1e6,
    }


async def _settled() -> None:
    await asyncio.sleep(1.5)


async def round_trip(product: Product) -> Figures:
    seat = await warm_seat(product)
    times = []
    for _ in range(300):
        began = time.perf_counter()
        await seat.run("1+1")
        while True:
            said = await seat.next()
            if said.kind == "result":
                times.append(said.at - began)
            elif said.kind == "finished":
                break
    await seat.close()
    return {"p50_ms": 1e3 * percentile(times, 0.5), "p99_ms": 1e3 * percentile(times, 0.99)}


def print_latency(flush: bool) -> Scenario:
    async def measured(product: Product) -> Figures:
        seat = await warm_seat(product)
        await seat.run(
            "import time\nfor _ in range(100):\n"
            f"    print(f'T{{time.perf_counter():.7f}}E', flush={flush})\n    time.sleep(0.05)"
        )
        times: list[float] = []
        pending = ""
        while True:
            said = await seat.next()
            if said.kind == "finished":
                break
            pending = _stamped(pending + said.text, said.at, times)
        await seat.close()
        return {
            "p50_ms": 1e3 * percentile(times, 0.5),
            "p99_ms": 1e3 * percentile(times, 0.99),
            "lines": len(times),
        }

    return measured


def _stamped(text: str, at: float, times: list[float]) -> str:
    """Add the age of each whole stamp in `text`; returns what may be the start of the next."""
    end = 0
    for found in STAMP.finditer(text):
        times.append(at - float(found.group(1)))
        end = found.end()
    return text[end:]


async def million_lines(product: Product) -> Figures:
    seat = await warm_seat(product)
    began = time.perf_counter()
    await seat.run("for i in range(1_000_000):\n    print(i)")
    said = await until_finished(seat)
    text = [s for s in said if s.kind == "text"]
    whole = "".join(s.text for s in text)
    seen = sum(1 for line in whole.split("\n") if line.isdigit())
    figures = {
        "last_line_s": text[-1].at - began,
        "lost": 1_000_000 - seen,
        "frames": len({s.frame for s in text}),
        "server_peak_mb": peak_of(product.server_id()) / 1e6,
    }
    await seat.close()
    return figures


async def first_line(product: Product) -> Figures:
    seat = await warm_seat(product)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        await seat.run("for i in range(60_000):\n    print(i)\n    sum(range(60))")
        said = await until_finished(seat)
        took.append(next(s.at for s in said if s.kind == "text") - began)
    await seat.close()
    return {"first_line_ms": 1e3 * statistics.median(took)}


async def big_string(product: Product) -> Figures:
    seat = await warm_seat(product)
    await seat.run("text = 'x' * 50_000_000")
    await until_finished(seat)
    began = time.perf_counter()
    await seat.run("print(text)")
    said = await until_finished(seat)
    text = [s for s in said if s.kind == "text"]
    await seat.close()
    return {
        "last_byte_s": (text[-1].at if text else time.perf_counter()) - began,
        "megabytes": sum(s.text.count("x") for s in text) / 1e6,
    }


async def progress_updates(product: Product) -> Figures:
    seat = await warm_seat(product)
    began = time.perf_counter()
    await seat.run(
        "import sys\nfor i in range(20_000):\n"
        "    sys.stderr.write(f'\\r{i+1:6d}/20000')\n    sys.stderr.flush()"
    )
    said = await until_finished(seat)
    text = [s for s in said if s.kind == "text"]
    await seat.close()
    return {
        "last_s": text[-1].at - began,
        "frames": len({s.frame for s in text}),
        "last_state_right": "".join(s.text for s in text).endswith("20000/20000"),
    }


async def fan_out(product: Product) -> Figures:
    seat = await warm_seat(product)
    began = time.perf_counter()
    others = list(await asyncio.gather(*(product.join(seat) for _ in range(99))))
    attached = time.perf_counter() - began

    async def hear(listener: Seat) -> float:
        lines, at = 0, 0.0
        while lines < 20_000:
            said = await listener.next()
            if said.kind == "text":
                lines += said.text.count("\n")
                at = said.at
        return at

    hearing = [asyncio.create_task(hear(each)) for each in (seat, *others)]
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    await seat.run("for i in range(20_000):\n    print(i)")
    async with asyncio.timeout(60):
        ends = await asyncio.gather(*hearing)
    for each in (seat, *others):
        await each.close()
    return {"last_client_s": max(ends) - began, "attach_s": attached}


async def figures(product: Product) -> Figures:
    seat = await warm_seat(product)
    await seat.run("%matplotlib inline\n" if product.name != "marimo" else "")
    await until_finished(seat)
    code = (
        "import matplotlib.pyplot as plt\n"
        "for i in range({n}):\n    plt.figure(figsize=(4, 3))\n"
        "    plt.plot([i, 1, 3, 2])\n    plt.show()\n    {close}"
    )
    close = "plt.close('all')"
    await seat.run(code.format(n=1, close=close))
    await until_finished(seat)
    began = time.perf_counter()
    await seat.run(code.format(n=100, close=close))
    said = await until_finished(seat)
    shown = [s.at - began for s in said if s.kind == "display"]
    await seat.close()
    return {"first_ms": 1e3 * shown[0], "all_s": shown[-1], "count": len(shown)}


async def interrupt(product: Product) -> Figures:
    seat = await warm_seat(product)
    took = []
    for _ in range(5):
        await seat.run("print('going')\nwhile True: pass")
        while (await seat.next()).kind != "text":
            pass
        await asyncio.sleep(0.3)
        began = time.perf_counter()
        await seat.interrupt()
        said = await until_finished(seat)
        took.append(said[-1].at - began)
    await seat.close()
    return {"first_ms": 1e3 * took[0], "ms": 1e3 * statistics.median(took[1:])}


async def twenty_sessions(product: Product) -> Figures:
    seats = [await warm_seat(product, 200 + number) for number in range(20)]
    code = (
        "import time\nfor _ in range(500):\n"
        "    print(f'T{time.perf_counter():.7f}E', flush=True)\n    time.sleep(0.01)"
    )
    times: list[float] = []

    async def hear(seat: Seat) -> None:
        pending = ""
        while True:
            said = await seat.next()
            if said.kind == "finished":
                return
            pending = _stamped(pending + said.text, said.at, times)

    for seat in seats:
        await seat.run(code)
    async with asyncio.timeout(90):
        await asyncio.gather(*map(hear, seats))
    for seat in seats:
        await seat.close()
    return {
        "p50_ms": 1e3 * percentile(times, 0.5),
        "p99_ms": 1e3 * percentile(times, 0.99),
        "lines": len(times),
    }


def dropped(*, as_somebody_else: bool) -> Scenario:
    """250 lines in 5 s; the socket is lost at 1 s and back at 3 s."""

    async def measured(product: Product) -> Figures:
        seat = await warm_seat(product)
        await seat.run(LINES_250)
        text, began = "", time.perf_counter()
        while time.perf_counter() - began < 1.0:
            text += (await seat.next()).text
        await seat.drop()
        await asyncio.sleep(2.0)
        if as_somebody_else:
            text = ""  # a page that was reloaded has nothing
        await seat.come_back(as_somebody_else=as_somebody_else)
        text += await _rest(seat, 8.0)
        await seat.close()
        return _counted(text)

    return measured


async def killed(product: Product) -> Figures:
    """The server is killed at 1 s and started again at 3 s."""
    seat = await warm_seat(product)
    await seat.run("marker = 42")
    await until_finished(seat)
    await seat.run(LINES_250)
    text, began = "", time.perf_counter()
    while time.perf_counter() - began < 1.0:
        text += (await seat.next()).text
    product.kill()
    await asyncio.sleep(2.0)
    await product.start()
    try:
        await seat.come_back(as_somebody_else=False)
        text += await _rest(seat, 8.0)
        kept = False
        await seat.run("print('kept', marker)")
        kept = "kept 42" in "".join(s.text for s in await until_finished(seat, within_s=10))
    except Exception as problem:  # the peers refuse in their own ways: that is the result
        return {**_counted(text), "kept": False, "refused": type(problem).__name__}
    await seat.close()
    return {**_counted(text), "kept": kept}


async def _rest(seat: Seat, within_s: float) -> str:
    text = ""
    try:
        async with asyncio.timeout(within_s):
            while True:
                said = await seat.next()
                if said.kind == "finished" and "line 249 " in text:
                    return text
                text += said.text if said.kind == "text" else ""
    except TimeoutError:
        return text


def _counted(text: str) -> Figures:
    numbers = [int(found) for found in re.findall(r"line (\d+) of \d+\n", text)]
    processes = set(re.findall(r" of (\d+)\n", text))
    return {
        "lines": len(set(numbers)),
        "in_order_once": numbers == sorted(set(numbers)),
        "processes": len(processes),
    }


async def never_reads(product: Product) -> Figures:
    """A flood with one client that never reads: what it does to another, and to memory."""
    seat = await warm_seat(product)
    calm = await _flood_latency(seat)
    silent = await product.join(seat)
    before = rss_of(product.server_id())
    crowded = await _flood_latency(seat)
    grown = peak_of(product.server_id()) - before
    await seat.close()
    await silent.drop()
    return {
        "p95_alone_ms": 1e3 * calm,
        "p95_beside_ms": 1e3 * crowded,
        "ratio": crowded / calm,
        "server_grew_mb": grown / 1e6,
    }


async def _flood_latency(seat: Seat) -> float:
    await seat.run(
        "import time\nend = time.perf_counter() + 4\nwhile time.perf_counter() < end:\n"
        "    print(f'T{time.perf_counter():.7f}E' + 'x' * 4000)\n    time.sleep(0.0005)"
    )
    times: list[float] = []
    while True:
        said = await seat.next()
        if said.kind == "finished":
            return percentile(times, 0.95)
        times += [said.at - float(found.group(1)) for found in STAMP.finditer(said.text)]


async def gigabyte(product: Product) -> Figures:
    """1 GB of lines in one cell."""
    seat = await warm_seat(product)
    began = time.perf_counter()
    await seat.run("line = 'x' * 999\nfor i in range(1_000_000):\n    print(line)")
    said = await until_finished(seat, within_s=300)
    size = sum(len(s.text) for s in said if s.kind == "text")
    await seat.close()
    return {
        "seconds": time.perf_counter() - began,
        "client_got_mb": size / 1e6,
        "server_peak_mb": peak_of(product.server_id()) / 1e6,
    }
