"""Tables out of HTML that nobody vouches for: their cells and their text, nothing else.

A data frame's HTML is the form people know it by. What is written here is made anew from what
was read: seven tags without attributes but two numbers, and escaped text. Everything else
(styles, links, scripts, images, what stands around the table) is left away.
"""

from html import escape
from html.parser import HTMLParser

CELLS_MOST = 20_000  # of all tables of one output; more is no page to read

_KEPT = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"})
_SKIPPED = frozenset({"style", "script", "template", "title", "noscript", "svg", "math"})
_SPANS = ("colspan", "rowspan")


def tables_of(html: str) -> str | None:
    """The tables in `html` as safe HTML; None when there are none, or too many cells."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    while reader.open:
        reader.handle_endtag(reader.open[-1])
    return "".join(reader.out) if reader.cells and reader.cells <= CELLS_MOST else None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[str] = []
        self.cells = 0
        self._skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipping.append(tag)
        if self._skipping:
            return
        if tag == "br" and self._in_cell():
            self.out.append("<br>")
        if tag not in _KEPT or (tag != "table" and "table" not in self.open):
            return
        self.cells += tag in ("th", "td")
        spans = "".join(
            f' {name}="{int(value)}"'
            for name, value in attrs
            if name in _SPANS and value and value.isascii() and value.isdigit() and len(value) < 4
        )
        self.open.append(tag)
        self.out.append(f"<{tag}{spans}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipping:
            while self._skipping and self._skipping.pop() != tag:
                pass
            return
        if self._skipping or tag not in self.open:
            return
        while self.open:
            closed = self.open.pop()
            self.out.append(f"</{closed}>")
            if closed == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._skipping and self._in_cell():
            self.out.append(escape(data))

    def _in_cell(self) -> bool:
        return any(tag in ("th", "td", "caption") for tag in self.open)
