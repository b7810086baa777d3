"""Uploads in pieces, folders as a zip."""

import io
import os
import time
import zipfile
from pathlib import Path

import httpx

from tests.server.conftest import TOKEN
from tests.server.site import Site


def begun(program: httpx.Client, path: str, size: int) -> str:
    answer = program.post("/api/v1/uploads", json={"path": path, "size": size})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["upload_id"])


def files(root: Path) -> list[str]:
    return sorted(os.listdir(root))


def test_an_upload_in_pieces_is_seen_when_it_is_whole(site: Site) -> None:  # PAGE-37
    root = site.application.workspace.root
    program = site.program(TOKEN)
    upload = begun(program, "big.bin", 10)
    for start, piece in ((0, b"01234"), (5, b"56789"), (5, b"56789")):  # one was sent twice
        answer = program.put(f"/api/v1/uploads/{upload}?from={start}", content=piece)
        assert answer.json() == {"received": start + 5}
    assert program.get("/api/v1/files").json()["entries"] == []
    done = program.post(f"/api/v1/uploads/{upload}/finish")
    assert (done.status_code, done.json()["path"]) == (201, "big.bin")
    assert (root / "big.bin").read_bytes() == b"0123456789"
    assert files(root) == ["big.bin"]
    assert program.post(f"/api/v1/uploads/{upload}/finish").status_code == 404


def test_an_upload_replaces_nothing_and_leaves_nothing(site: Site) -> None:  # PAGE-37
    root = site.application.workspace.root
    program = site.program(TOKEN)
    upload = begun(program, "a.bin", 3)
    program.put(f"/api/v1/uploads/{upload}?from=0", content=b"new")
    (root / "a.bin").write_bytes(b"old")
    assert program.post(f"/api/v1/uploads/{upload}/finish").status_code == 409
    assert (root / "a.bin").read_bytes() == b"old"
    assert files(root) == ["a.bin"]
    # Its place is looked at before anything is sent.
    for path, status in (("a.bin", 409), ("../x", 403), ("none/x", 404), ("a\nb", 400)):
        wanted = {"path": path, "size": 1}
        assert program.post("/api/v1/uploads", json=wanted).status_code == status, path
    full = {"path": "huge.bin", "size": 2**50}
    assert program.post("/api/v1/uploads", json=full).status_code == 507
    given_up = begun(program, "b.bin", 3)
    assert program.delete(f"/api/v1/uploads/{given_up}").status_code == 204
    assert files(root) == ["a.bin"]


def test_pieces_that_do_not_fit_are_refused(site: Site) -> None:  # PAGE-37
    program = site.program(TOKEN)
    upload = begun(program, "c.bin", 4)
    for start, piece in ((1, b"x"), (0, b"12345"), (9, b"x")):
        answer = program.put(f"/api/v1/uploads/{upload}?from={start}", content=piece)
        assert answer.status_code == 400
    assert program.post(f"/api/v1/uploads/{upload}/finish").status_code == 400
    assert program.put("/api/v1/uploads/nobody?from=0", content=b"").status_code == 404


def test_an_upload_that_was_left_goes_with_the_server(site: Site) -> None:
    begun(site.program(TOKEN), "left.bin", 4)
    root = site.application.workspace.root
    assert len(files(root)) == 1
    site.server.should_exit = True
    deadline = time.monotonic() + 60
    while files(root) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert files(root) == []


def test_a_folder_is_fetched_as_a_zip(site: Site) -> None:  # PAGE-38
    root = site.application.workspace.root
    (root / "data" / "inner").mkdir(parents=True)
    (root / "data" / "a.txt").write_text("one")
    (root / "data" / "inner" / "b <script>.txt").write_text("two")
    (root / "data" / ".secret").write_text("hidden")
    (root / "data" / "up").symlink_to("..")
    (root / "data" / "out").symlink_to("/etc/passwd")
    (root / "c.txt").write_text("three")
    program = site.program(TOKEN)
    answer = program.get("/api/v1/files/archive", params={"path": ["data", "c.txt"]})
    assert "files.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert found.pop("LEFT OUT.txt") == "out: cannot be read\n"
    assert found == {
        "data/": "",
        "data/a.txt": "one",
        "data/inner/": "",
        "data/inner/b <script>.txt": "two",
        "c.txt": "three",
    }
    one = program.get("/api/v1/files/archive?path=data")
    assert "data.zip" in one.headers["content-disposition"]
    assert program.get("/api/v1/files/archive?path=nowhere").status_code == 404
    assert program.get("/api/v1/files/archive?path=..").status_code == 403
