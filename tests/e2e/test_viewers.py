"""Files shown as what they are: tables, PDFs, JSON, pictures, bytes (PAGE-36)."""

import base64
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.e2e.browser import reader, until
from tests.e2e.conftest import Server

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def page(server: Server, chromium: Browser) -> Iterator[Page]:
    with reader(chromium, server.login) as page:
        problems: list[str] = []

        def heard(said: ConsoleMessage) -> None:
            if said.type == "error":
                problems.append(f"{said.text} {said.location['url']}")

        page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        # That a file is no text, or not there, is told by a status, which the browser itself says.
        told = re.compile(r"422|404.*/api/v1/files/.*path=later\.")
        assert [problem for problem in problems if not told.search(problem)] == []


def grid(page: Page) -> str:
    return page.locator(".table-body").inner_text()


def words(page: Page, place: str) -> str:
    """What stands there; numbers with plain spaces in them."""
    return page.locator(place).inner_text().replace("\N{NARROW NO-BREAK SPACE}", " ")


def foot(page: Page) -> str:
    return words(page, ".table-foot")


def go_down(page: Page) -> None:
    """To the last row, as in a spreadsheet."""
    page.locator(".table-grid").click(position={"x": 60, "y": 60})
    page.keyboard.press("Control+End")


def test_a_large_csv_is_scrolled_sorted_and_searched(server: Server, page: Page) -> None:
    rows = "\n".join(f'{n:07},"name {n}, ""x""",{n * 1.5}' for n in range(120_000))
    (server.folder / "t.csv").write_text(f"id,name,value\r\n{rows}\n")
    page.goto(f"{server.base}/view/t.csv")
    until(lambda: "120 000 rows" in foot(page), "the table")
    assert "3 columns" in foot(page)
    assert "0000000" in grid(page)
    assert 'name 0, "x"' in grid(page)
    go_down(page)
    until(lambda: "0119999" in grid(page), "the last row")
    page.get_by_label("Search all columns of this table").fill("name 77777,")
    until(lambda: "0077777" in grid(page) and "1 of" in foot(page), "the one row")


def test_a_parquet_file_is_read_by_its_parts(server: Server, page: Page) -> None:
    count = 100_000
    table = pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "name": pa.array([None if n % 7 == 3 else f"name {n}" for n in range(count)]),
            "at": pa.array([n * 1_000_001 for n in range(count)], pa.timestamp("us")),
            "tags": pa.array([{"a": [n, None], "b": "x"} for n in range(count)]),
            "price": pa.array([Decimal(n) / 4 for n in range(count)], pa.decimal128(12, 2)),
            "raw": pa.array([bytes([n % 256]) for n in range(count)]),
        }
    )
    for compression in ("zstd", "snappy", "gzip", "brotli"):
        name = f"{compression}.parquet"
        rows = table if compression == "zstd" else table.slice(0, 10_000)
        pq.write_table(rows, server.folder / name, compression=compression, row_group_size=10_000)
    asked: list[int] = []
    page.on(
        "response",
        lambda answer: (
            asked.append(int(answer.headers.get("content-length", 0)))
            if "files/content" in answer.url
            else None
        ),
    )
    page.goto(f"{server.base}/view/zstd.parquet")
    until(lambda: "100 000 rows" in foot(page), "the table")
    until(lambda: "name 0" in grid(page), "the first row")
    for shown in ("null", "1970-01-01 00:00:01.000001", '{"a":[1,null],"b":"x"}', "0x01"):
        assert shown in grid(page), shown
    go_down(page)
    until(lambda: f"name {count - 1}" in grid(page), "the last row")
    assert sum(asked) < (server.folder / "zstd.parquet").stat().st_size * 0.7
    for compression in ("snappy", "gzip", "brotli"):
        page.goto(f"{server.base}/view/{compression}.parquet")
        until(lambda: "name 0" in grid(page), compression)


def pdf(texts: list[str]) -> bytes:
    """A page for each text, a link to the last one, and a script that would tell on us."""
    pages = range(4, 4 + 2 * len(texts), 2)
    last = pages[-1]
    bodies = {
        1: "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript"
        " /JS (app.alert\\('hit'\\); this.hit = 1) >> >>",
        2: f"<< /Type /Pages /Count {len(texts)} /Kids [{' '.join(f'{n} 0 R' for n in pages)}] >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    for number, text in zip(pages, texts, strict=True):
        inner = "/Type /Annot /Subtype /Link /Border [0 0 0]"
        link = (
            f"/Annots [<< {inner} /Rect [20 20 120 60] /Dest [{last} 0 R /Fit] >>"
            f" << {inner} /Rect [20 100 90 120] /A << /S /URI /URI (javascript:window.hit=1) >> >>]"
        )
        bodies[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents {number + 1} 0 R"
            f" /Resources << /Font << /F 3 0 R >> >> {link} >>"
        )
        stream = zlib.compress(f"BT /F 24 Tf 40 400 Td ({text}) Tj ET".encode())
        bodies[number + 1] = (
            f"<< /Length {len(stream)} /Filter /FlateDecode >> stream\n"
            + stream.decode("latin-1")
            + "\nendstream"
        )
    out = b"%PDF-1.7\n"
    offsets = []
    for number in sorted(bodies):
        offsets.append(len(out))
        out += f"{number} 0 obj {bodies[number]} endobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}".encode()
    start = out.rindex(b"xref")
    end = f"trailer << /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF"
    return out + end.encode()


def test_a_pdf_is_read_searched_and_followed_and_runs_nothing(server: Server, page: Page) -> None:
    texts = [f"This is page number {n}" for n in range(1, 41)]
    texts[30] = "Here stands the needle twice: needle"
    (server.folder / "d.pdf").write_bytes(pdf(texts))
    page.goto(f"{server.base}/view/d.pdf")
    until(lambda: "page number 1" in page.locator(".textLayer").first.inner_text(), "its text")
    assert "Page 1 of 40" in page.locator(".pdf-where").inner_text()
    # Only what is near is drawn, and it is drawn.
    assert page.locator(".pdf-page canvas").count() < 10
    dark = """canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, at) => at % 4 === 0 && value < 100);
    }"""
    until(lambda: page.locator(".pdf-page canvas").first.evaluate(dark), "ink")
    page.get_by_label("Search this PDF").fill("the needle")
    until(lambda: page.locator(".pdf-found").inner_text() == "1 of 1", "the match")
    until(lambda: "Page 31" in page.locator(".pdf-where").inner_text(), "its page")
    until(lambda: page.evaluate("CSS.highlights.get('pdf-current')?.size") == 1, "the mark")
    before = page.locator(".pdf-page").first.bounding_box()
    page.get_by_label("Larger").click()
    until(
        lambda: (
            (page.locator(".pdf-page").first.bounding_box() or {}).get("width", 0)
            > (before or {}).get("width", 0)
        ),
        "a larger page",
    )
    page.locator('[data-page="31"] .pdf-link').first.click()
    until(lambda: "Page 40" in page.locator(".pdf-where").inner_text(), "the last page")
    assert page.locator("a.pdf-link").count() == 0  # javascript: is no address
    assert page.evaluate("window.hit") is None


def test_what_is_not_there_is_named_and_can_be_tried_again(server: Server, page: Page) -> None:
    failure = page.get_by_role("alert")
    for name in ("later.csv", "later.png", "later.txt"):
        page.goto(f"{server.base}/view/{name}")
        failure.get_by_text("there is no file").wait_for()
        assert failure.get_by_role("heading").inner_text() == f"{name} cannot be shown"
    (server.folder / "later.txt").write_text("here it is")
    page.get_by_role("button", name="Try again").click()
    until(lambda: "here it is" in page.locator(".view-text").inner_text(), "the text")


def test_a_json_file_that_is_none_is_told_of_and_can_be_mended(server: Server, page: Page) -> None:
    (server.folder / "broken.json").write_text('{"key": ')
    page.goto(f"{server.base}/view/broken.json")
    page.get_by_role("alert").get_by_text("It is no JSON").wait_for()
    page.get_by_role("button", name="Edit the text").click()
    until(lambda: '{"key":' in page.locator(".view-text").inner_text(), "its text")
    assert page.get_by_role("alert").count() == 0


def test_small_things_are_shown_as_what_they_are(server: Server, page: Page) -> None:
    (server.folder / "r.md").write_text("# Title\n\n<script>window.hit = 1</script>\n\n*words*")
    (server.folder / "d.json").write_text('{"key": [1, 2]}')
    (server.folder / "p.png").write_bytes(PIXEL)
    (server.folder / "s.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
        "<script>window.top.hit = 1</script></svg>"
    )
    (server.folder / "model.bin").write_bytes(b"\x00\x01\xffSTART" + bytes(5_000))
    (server.folder / "nothing").write_bytes(b"")
    base = f"{server.base}/view"
    page.goto(f"{base}/r.md")
    until(lambda: page.locator(".view h1").inner_text() == "Title", "the heading")
    page.get_by_role("button", name="Edit the text").click()
    until(lambda: "# Title" in page.locator(".view-text .cm-content").inner_text(), "its text")
    page.goto(f"{base}/d.json")
    until(lambda: "key" in page.locator(".view-json").inner_text(), "the tree")
    for name, size in [("p.png", "1 × 1"), ("s.svg", "40 × 20")]:
        page.goto(f"{base}/{name}")
        shown = page.locator(".view-image figcaption")
        until(lambda at=shown, wanted=size: wanted in at.inner_text(), name)  # type: ignore[misc]
    page.get_by_role("button", name="Larger").click()
    until(
        lambda: (page.locator(".view-image img").bounding_box() or {}).get("width", 0) > 45,
        "a larger picture",
    )
    page.goto(f"{base}/model.bin")
    until(lambda: "00 01 ff 53 54 41 52 54" in page.locator(".view-bytes").inner_text(), "bytes")
    assert "5 008 bytes" in words(page, ".view")
    page.goto(f"{base}/nothing")
    until(lambda: page.locator(".view-text .cm-content").count() == 1, "an empty text")
    assert page.evaluate("window.hit") is None
