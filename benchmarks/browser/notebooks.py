"""The notebooks that are opened, as plain cells; each product writes them in its own form."""

import json
from typing import Any, Literal, NamedTuple


class Cell(NamedTuple):
    source: str
    kind: Literal["code", "markdown"] = "code"
    printed: str = ""
    """What is saved as its output."""


def report(cells: int) -> list[Cell]:
    """Half code with four lines of saved output, half prose."""
    return [_printing(at) if at % 2 == 0 else _prose(at) for at in range(cells)]


def sums(cells: int) -> list[Cell]:
    return [Cell("1+1")] * cells


def long_cell_first(cells: int, lines: int) -> list[Cell]:
    """A cell of `lines` lines at the top of a report."""
    body = "\n".join(
        f"    total += len('line {at}') * {at}  # one of many" for at in range(lines - 2)
    )
    return [Cell(f"def work(total):\n{body}\n    return total"), *report(cells - 1)]


def _printing(at: int) -> Cell:
    lines = [f"line {line} of cell {at}" for line in range(4)]
    source = f"# cell {at}\nfor _line in range(4):\n    print(f'line {{_line}} of cell {at}')"
    return Cell(source, printed="".join(f"{line}\n" for line in lines))


def _prose(at: int) -> Cell:
    text = f"## Part {at}\n\nSome *words* about what follows, with `code` and a [link](#{at})."
    return Cell(text, "markdown")


def as_ipynb(cells: list[Cell]) -> str:
    written: list[dict[str, Any]] = []
    for at, cell in enumerate(cells):
        one: dict[str, Any] = {"id": f"c{at}", "metadata": {}, "source": cell.source}
        if cell.kind == "markdown":
            one["cell_type"] = "markdown"
        else:
            text = {"output_type": "stream", "name": "stdout", "text": cell.printed}
            one |= {
                "cell_type": "code",
                "execution_count": 1 if cell.printed else None,
                "outputs": [text] if cell.printed else [],
            }
        written.append(one)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(
        {"cells": written, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    )


def as_marimo(cells: list[Cell]) -> str:
    parts = ["import marimo\n\napp = marimo.App()\n"]
    if any(cell.kind == "markdown" for cell in cells):
        # Last, so that the first cell is the same one in every product.
        cells = [*cells, Cell("import marimo as mo")]
    for cell in cells:
        source = cell.source
        if cell.kind == "markdown":
            source = f'mo.md(r"""{source}""")'
        wants = "mo" if cell.kind == "markdown" else ""
        gives = {"import marimo as mo": "(mo,)"}.get(source, "")
        head = "@app.cell(hide_code=True)" if cell.kind == "markdown" else "@app.cell"
        body = "\n".join(f"    {line}" if line else "" for line in source.split("\n"))
        parts.append(f"\n{head}\ndef _({wants}):\n{body}\n    return {gives}".rstrip() + "\n")
    return "\n".join([*parts, '\nif __name__ == "__main__":\n    app.run()\n'])
