"""The built page: its document, its assets, and the frame's document.

The build puts a digest into every name below `assets/`, so browsers may keep those for
ever; documents are asked for each time and answered with 304 when they have not changed.
Files the build compressed beforehand (`.br`, `.gz`) are sent as they are. Links in the
documents are put below the base URL here, since one build serves all of them.

Only files of the built folder are ever opened, by names checked part by part.
"""

import asyncio
import re
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tailrace.protocol.errors import FileMissing
from tailrace.server.guards import ORIGINS
from tailrace.server.headers import ASSET_HEADERS, FRAME_HEADERS, FRAME_PATH, OPENED, frame_policy
from tailrace.server.permissions import Routes

BUILT = Path(__file__).parent.parent / "web"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_ROOTED = re.compile(rb"""((?:src|href)=["'])\.?/(?=[^/])""")
_HEAD = re.compile(rb"<head>")

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Tailrace: the page is missing</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:12vh auto;padding:0 1.5rem}</style>
<main><h1>The page has not been built</h1>
<p>The server runs, but this copy of Tailrace came without its page.</p>
<p>In a checkout run <code>make web</code> and reload. In an installation run
<code>pip install --force-reinstall tailrace</code>.</p></main></html>
"""


class _Found(Struct, frozen=True):
    content: bytes
    encoding: str | None
    etag: str


class BuiltPage:
    """The files of one built front end. They are read off the event loop."""

    def __init__(self, folder: Path = BUILT) -> None:
        self._folder = folder

    @property
    def is_built(self) -> bool:
        return (self._folder / "index.html").is_file()

    async def document(self, request: Request, name: str) -> Response:
        """`index.html` or the frame's document, linked below the base URL."""
        found = await asyncio.to_thread(self._read, name, "")
        if found is None:
            return HTMLResponse(NOT_BUILT, status_code=503, headers={"cache-control": "no-store"})
        base = str(request.scope.get("root_path", "")) + "/"
        content = _ROOTED.sub(rb"\g<1>" + base.encode(), found.content)
        meta = f'<head><meta name="tailrace-base" content="{base}">'
        content = _HEAD.sub(meta.encode(), content, count=1)
        etag = f'{found.etag[:-1]}-{len(base)}"'
        return _answer(request, content, ".html", {"etag": etag, "cache-control": "no-cache"})

    async def asset(self, request: Request, name: str) -> Response:
        """A file of the build, compressed where the browser takes it. Raises `FileMissing`."""
        accepted = request.headers.get("accept-encoding", "")
        found = await asyncio.to_thread(self._read, name, accepted)
        if found is None or name.endswith(".html"):
            raise FileMissing(f"there is no {name} in this version; reload the page")
        lasting = name.startswith("assets/")
        headers = {
            **ASSET_HEADERS,
            "cache-control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            "etag": found.etag,
            "vary": "accept-encoding",
        }
        if found.encoding:
            headers["content-encoding"] = found.encoding
        return _answer(request, found.content, Path(name).suffix, headers)

    def _read(self, name: str, accepted: str) -> _Found | None:
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            return None
        plain = self._folder.joinpath(*parts)
        offered = {entry.partition(";")[0].strip() for entry in accepted.split(",")}
        choices = [(enc, f"{plain}{suffix}") for enc, suffix in _ENCODINGS if enc in offered]
        for encoding, path in (*choices, (None, str(plain))):
            file = Path(path)
            try:
                if not file.resolve().is_relative_to(self._folder.resolve()):
                    return None
                content = file.read_bytes()
                changed = file.stat()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                continue
            return _Found(content, encoding, f'"{changed.st_mtime_ns:x}-{changed.st_size:x}"')
        return None


def static_routes(page: BuiltPage, *, pages: tuple[str, ...] = ()) -> Routes:
    """`pages`: the origins of pages hosted apart, which may show the frame."""
    routes = Routes()

    @routes.http(["GET", "HEAD"], "/", permission="read")
    @routes.http(["GET", "HEAD"], "/notebook/{path:path}", permission="read")
    @routes.http(["GET", "HEAD"], "/view/{path:path}", permission="read")
    async def index(request: Request) -> Response:
        return await page.document(request, "index.html")

    @routes.http(["GET", "HEAD"], FRAME_PATH, permission="public")
    async def frame(request: Request) -> Response:
        response = await page.document(request, FRAME_PATH.lstrip("/"))
        opened = request.url.query == OPENED
        response.headers["content-security-policy"] = frame_policy(
            request.scope[ORIGINS],
            str(request.scope.get("root_path", "")),
            opened=opened,
            pages=pages,
        )
        if not opened:
            response.headers.update(FRAME_HEADERS)
        return response

    @routes.http(["GET", "HEAD"], "/assets/{name:path}", permission="public")
    async def asset(request: Request, name: str) -> Response:
        return await page.asset(request, f"assets/{name}")

    @routes.http(["GET", "HEAD"], "/{name}", permission="public")
    async def file(request: Request, name: str) -> Response:
        return await page.asset(request, name)

    return routes


def _answer(request: Request, content: bytes, suffix: str, headers: dict[str, str]) -> Response:
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    media_type = _MEDIA_TYPES.get(suffix, "application/octet-stream")
    return Response(content, media_type=media_type, headers=headers)
