"""One HTML file that can be opened and passed on: escaped text, images and tables, no script.

Its own content security policy allows nothing but its style and `data:` images, so that even
a mistake here could not run or load anything.
"""

from html import escape

from tailrace.exports.plain import (
    RASTER,
    Image,
    LeftOut,
    Piece,
    Table,
    Text,
    base64_text,
    left_out,
    pieces_of,
)
from tailrace.exports.prose import html_of
from tailrace.formats.notebook import Cell, Notebook

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'"
)

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1.25rem; }
pre { font: 14px/1.45 ui-monospace, monospace; overflow-x: auto; margin: 0; white-space: pre-wrap; }
.cell { margin: 1.25rem 0; }
.source { border-left: 3px solid #57a; padding: .5rem .8rem; }
.source { background: color-mix(in srgb, currentColor 5%, transparent); }
.output { padding: .35rem .8rem; }
.error { border-left: 3px solid #c33; }
.left-out, footer { opacity: .7; font-size: .9em; }
.count { opacity: .6; font-size: .8em; }
img { max-width: 100%; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9em; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; }
thead tr:last-child > * { border-bottom: 1px solid currentColor; }
tbody tr:nth-child(even) { background: color-mix(in srgb, currentColor 5%, transparent); }
@media print {
  :root { color-scheme: light; font-size: 12px; }
  body { max-width: none; margin: 0; }
  .cell { break-inside: auto; }
  .source, img, tr { break-inside: avoid; }
  pre { overflow: visible; }
}
""".strip()


def html_file_of(notebook: Notebook, title: str) -> tuple[str, list[str]]:
    """The file, and sentences about what is not in it."""
    pieces: list[Piece] = []
    cells = []
    for cell in notebook.cells:
        shown = list(pieces_of(cell)) if cell.kind == "code" else []
        pieces += shown
        cells.append(_cell(cell, shown))
    missing = left_out(pieces)
    note = ""
    if missing:
        note = f"<footer><p>Left out: {escape('; '.join(missing))}.</p></footer>\n"
    body = "\n".join(cells)
    return (
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{note}</body>\n</html>\n"
    ), missing


def _cell(cell: Cell, pieces: list[Piece]) -> str:
    if cell.kind == "markdown":
        return f'<section class="cell prose">\n{html_of(cell.source)}\n{_attached(cell)}</section>'
    source = f'<pre class="source"><code>{escape(cell.source)}</code></pre>' if cell.source else ""
    count = f'<div class="count">[{cell.execution_count}]</div>' if cell.execution_count else ""
    outputs = "\n".join(_output(piece) for piece in pieces)
    kind = "code" if cell.kind == "code" else "raw"
    return f'<section class="cell {kind}">\n{count}{source}\n{outputs}\n</section>'


def _output(piece: Piece) -> str:
    match piece:
        case Text(text=text, is_error=is_error):
            kind = "output error" if is_error else "output"
            return f'<pre class="{kind}">{escape(text)}</pre>'
        case Image(mime=mime, data=data, alt=alt):
            shown = escape(alt[:200], quote=True)
            return f'<div class="output"><img src="data:{mime};base64,{data}" alt="{shown}"></div>'
        case Table(html=html):
            return f'<div class="output table">{html}</div>'
        case LeftOut(mime=mime):
            return f'<p class="output left-out">(An output of type {escape(mime)} is left out.)</p>'


def _attached(cell: Cell) -> str:
    """Images attached to prose follow it; their places in it name them."""
    images = []
    for name, bundle in (cell.attachments or {}).items():
        if not isinstance(bundle, dict):
            continue
        for mime in RASTER:
            data = base64_text(bundle.get(mime))
            if data:
                alt = escape(name, quote=True)
                images.append(f'<img src="data:{mime};base64,{data}" alt="{alt}">\n')
                break
    return "".join(images)
