"""`tailrace page`: the page as a static site, to be hosted apart from the server.

It is the built page, with where the server is (`tailrace.json`) and with the security policy
that our server would have sent as a header. What the server must allow is said.
"""

import html
import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import click

from tailrace.protocol.errors import FileNotWritable, FileTaken, SettingsError
from tailrace.server.static import BUILT

ADDRESS = re.compile(r"\Ahttps?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[\w.~/-]*)?\Z")


@click.command("page")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--server", help="The server's address; without it the page asks for one.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
def page(folder: Path, server: str | None, force: bool) -> None:
    """Write the page into FOLDER, as a site for any host of static files."""
    if server is not None and not ADDRESS.match(server):
        raise SettingsError(f"{server!r} is no address such as https://notebooks.example.org/")
    if not (BUILT / "index.html").is_file():
        raise SettingsError("this copy of Tailrace came without its page; `make web` builds it")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise FileTaken(f"{folder} is not empty; --force writes into it all the same")
    address = None if server is None else server.rstrip("/") + "/"
    try:
        shutil.copytree(BUILT, folder, dirs_exist_ok=True)
        document = folder / "index.html"
        document.write_text(with_policy(document.read_text("utf-8"), address), "utf-8")
        for compressed in folder.glob("index.html.*"):  # of the document without its policy
            compressed.unlink()
        said = json.dumps({"server": address}) + "\n"
        (folder / "tailrace.json").write_text(said, "utf-8")
    except OSError as problem:
        raise FileNotWritable(f"{folder} cannot be written: {problem.strerror}") from problem
    click.echo(f"wrote {folder}", err=True)
    click.echo(
        'the server needs the setting page_origins = ["https://where-it-is-hosted"]', err=True
    )


def with_policy(document: str, server: str | None) -> str:
    """The document with its policy (SEC-28): it speaks to this server and to no other; one
    that asks for its server may speak to any."""
    if server is None:
        servers, images = "http: https: ws: wss:", "http: https:"
    else:
        parts = urlsplit(server)
        images = f"{parts.scheme}://{parts.netloc}"
        servers = f"{images} {'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob: {images}; font-src 'self'; frame-src {images}; "
        f"connect-src 'self' {servers}; "
        "object-src 'none'; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
    return document.replace("<head>", f"<head>{meta}", 1)
