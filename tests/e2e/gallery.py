"""What the pictures are of: a notebook with every kind of output, some neighbours, and how a
window is brought to a place in them. What is asked of a picture is in `studio.py`."""

import json
import struct
import zlib
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.e2e.browser import until
from tests.e2e.studio import Screen

WORDS = """# Rivers of Europe

How long they are, how much they carry, and what a *dry* year does to them. The discharge $Q$ \
through a section of area $A$ is

$$Q = \\int_A \\vec{v} \\cdot \\mathrm{d}\\vec{A} \\approx \\bar{v}\\,A.$$

| Station | Since | Gauge |
|---|---|---:|
| Kaub, Rhine | 1930 | 546 m |
| Kienstock, Danube | 1976 | 663 m |

- [x] Read what the stations sent
- [ ] Ask for the missing years; see [the register](https://example.org)

> A year counts as dry when no month reaches its mean.

Read it with `stations.load()`, or by hand:

```python
for station in stations:
    print(station.name, station.mean)  # cubic metres per second
```"""

# Sources by the id of their cell, in order; one that begins with `%%md` is Markdown.
GALLERY = {
    "words": "%%md\n" + WORDS,
    "text": (
        "import sys, time\n"
        'print("\\x1b[32mKaub\\x1b[0m  \\x1b[1m1640\\x1b[0m m³/s   '
        '\\x1b[38;2;224;122;47mlow water\\x1b[0m")\n'
        'print("\\x1b[41;97m FLOOD \\x1b[0m \\x1b[7m Kienstock \\x1b[0m '
        '\\x1b[2mas of 06:00\\x1b[0m")\n'
        'print("a gauge did not answer", file=sys.stderr)\n'
        'print("the register: https://example.org/stations")'
    ),
    "progress": (
        "for done in range(0, 101, 20):\n"
        "    print(f'\\rreading {\"█\" * (done // 5):20} {done} %', end='')"
    ),
    "value": '{"station": "Kaub", "mean": 1640, "years": [1976, 2003, 2018, 2022]}',
    "plot": (
        "import numpy as np\n"
        "import matplotlib.pyplot as plt\n\n"
        "days = np.arange(365)\n"
        "figure, axes = plt.subplots(figsize=(7.5, 2.6))\n"
        'for year, level in {"1976": 0.7, "2003": 0.8, "2022": 0.65}.items():\n'
        "    flow = 1640 * level * (1 + 0.35 * np.sin(days / 58))\n"
        "    axes.plot(days, flow, label=year)\n"
        'axes.set(xlabel="day of the year", ylabel="m³/s")\n'
        "axes.legend(frameon=False)\n"
        "plt.show()"
    ),
    "table": (
        "import pandas as pd\n\n"
        "n = np.arange(2_000)\n"
        "readings = pd.DataFrame({\n"
        '    "station": np.array(["Kaub", "Worms", "Kienstock", "Linz"])[n % 4],\n'
        '    "at": pd.date_range("2022-01-01", periods=2_000, freq="6h"),\n'
        '    "flow": (1640 + 600 * np.sin(n / 90)).round(1),\n'
        '    "level": np.where(n % 17 == 0, np.nan, 250 + n % 90),\n'
        '    "checked": n % 3 == 0,\n'
        "})\n"
        "readings"
    ),
    "rich": (
        "from IPython.display import HTML, JSON, SVG, Latex, Markdown, display\n"
        'display(Markdown("**Markdown** from code, with $\\\\bar v = 1.2$"))\n'
        'display(Latex(r"$$\\frac{\\partial h}{\\partial t} + '
        '\\frac{\\partial (hv)}{\\partial x} = 0$$"))\n'
        'display(JSON({"river": "Rhine", "km": 1233, "basin": {"states": 9, "open": True}}))\n'
        "display(HTML(\"<p>HTML in a <b>frame</b> of its own, <a href='https://example.org'>"
        'with a link</a></p>"))\n'
        'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="240" height="48">'
        '<path d="M4 24 Q 60 0 120 24 T 236 24" fill="none" stroke="#2a8fa8" '
        'stroke-width="4"/></svg>\'))'
    ),
    "chart": (
        "import altair as alt\n\n"
        "by_day = readings.assign(day=readings['at'].dt.dayofyear).groupby("
        "['day', 'station'], as_index=False)['flow'].mean()\n"
        "alt.Chart(by_day).mark_line().encode(x='day', y='flow', color='station')"
        ".properties(width=560, height=160)"
    ),
    "error": (
        "def mean_of(station):\n"
        "    values = json.loads(station)\n"
        "    return sum(values) / len(values)\n\n"
        "import json\n"
        "mean_of('[]')"
    ),
    "raw": "%%raw\nA raw cell: what stands here is kept as it is.",
    "question": "name = input('Which station? ')",
}

FLOOD = {
    "flood": (
        "import time\n"
        "for reading in range(1_000_000):\n"
        "    print(f'reading {reading:>7}  Kaub  {1640 + reading % 97} m³/s')\n"
        "    if reading % 500 == 0:\n"
        "        time.sleep(0.05)"
    ),
    "after": "print('when the readings are in')",
    "last": "readings_by_year = {}",
}

# Ran once, edited since, failed, with a dead kernel's last words: what a morning looks like.
DAY = {
    "load": "stations = ['Kaub', 'Worms', 'Kienstock', 'Linz']\nlevels = list(range(2_000))",
    "mean": "sum(levels) / len(levels)",
    "die": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}


def notebook(cells: dict[str, str]) -> str:
    """The file of a notebook with these sources."""
    made = []
    for cell_id, source in cells.items():
        kind, _, rest = source.partition("\n") if source.startswith("%%") else ("", "", source)
        cell = {"id": cell_id, "metadata": {}, "source": rest}
        match kind:
            case "%%md":
                cell["cell_type"] = "markdown"
            case "%%raw":
                cell["cell_type"] = "raw"
            case _:
                cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        made.append(cell)
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def picture(width: int, height: int) -> bytes:
    """A PNG of a gradient."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (40, 90 + 120 * x // width, 90 + y))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def lay_out(folder: Path) -> None:
    """Puts the files into an empty folder."""
    rivers = folder / "rivers"
    rivers.mkdir()
    (folder / "nothing").mkdir()
    (rivers / "old years").mkdir()
    (rivers / "Rivers of Europe.ipynb").write_text(notebook(GALLERY))
    (rivers / "flood.ipynb").write_text(notebook(FLOOD))
    (rivers / "morning.ipynb").write_text(notebook(DAY))
    (rivers / "empty.ipynb").write_text(notebook({}))
    (rivers / "begin.ipynb").write_text(notebook({"only": ""}))
    (rivers / "a rather long name of a notebook about low water in dry years.ipynb").write_text(
        notebook({"one": "1"})
    )
    (rivers / "notes.md").write_text(WORDS)
    rows = "\n".join(f"Station {n},{1900 + n},{n * 37 % 700}.5,Rhine" for n in range(60))
    (rivers / "stations.csv").write_text(f"name,since,gauge,river\n{rows}\n")
    (rivers / "config.json").write_text('{"stations": ["Kaub", "Worms"], "every": "6h"}')
    (rivers / "load.py").write_text(
        'from pathlib import Path\n\n\ndef load(path: Path) -> list[str]:\n    """Its lines."""\n'
        "    return path.read_text().splitlines()  # without their ends\n"
    )
    (rivers / "map.png").write_bytes(picture(320, 160))


def open_notebook(base: str, seen: Screen, name: str) -> Page:
    page = seen.page
    page.goto(f"{base}/notebook/rivers/{name}")
    until(lambda: page.locator("body").get_attribute("data-connection") == "open", "a connection")
    page.wait_for_selector(".cells-end")
    return page


def place(page: Page, cell: str) -> Locator:
    return page.locator(f'[data-cell-id="{cell}"]')


def state(page: Page, cell: str) -> str | None:
    return place(page, cell).get_attribute("data-execution")


def bring(page: Page, cell: str) -> Locator:
    """Scrolls a cell to the top; it is there, and so are the drawings in it."""
    found = place(page, cell)
    found.evaluate("cell => cell.scrollIntoView({ block: 'start' })")
    until(lambda: found.get_attribute("data-near") is not None, "the cell to be made")
    frames = found.locator("iframe")
    until(
        lambda: all(
            (frame.bounding_box() or {"height": 0})["height"] > 10 for frame in frames.all()
        ),
        "the drawings",
    )
    return found
