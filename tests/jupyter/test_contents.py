"""Jupyter's contents API, case by case, on real files."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest

from tests.e2e.conftest import Server

NOTEBOOK: dict[str, Any] = {
    "cells": [
        {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {"x": 1},
         "outputs": [], "source": "1 + 1"},
    ],
    "metadata": {"unknown": {"kept": True}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


@pytest.fixture
def folder(server: Server, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own below the served one."""
    name = "".join(letter for letter in request.node.name if letter.isalnum())[:60]
    place = server.folder / name
    place.mkdir()
    return place


def ask(api: httpx.Client, method: str, path: str, status: int, **given: Any) -> Any:
    """The answer's JSON, of this status."""
    answer = api.request(method, f"/api/contents/{path}", **given)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def test_a_file_is_shown_with_its_text_size_type_and_hash(
    api: httpx.Client, folder: Path
) -> None:  # JUP-30
    (folder / "a.txt").write_text("häuser\n")

    model = ask(api, "GET", f"{folder.name}/a.txt?hash=1", 200)

    assert (model["name"], model["path"]) == ("a.txt", f"{folder.name}/a.txt")
    assert (model["type"], model["format"], model["content"]) == ("file", "text", "häuser\n")
    assert (model["mimetype"], model["size"], model["writable"]) == ("text/plain", 8, True)
    digest = hashlib.sha256("häuser\n".encode()).hexdigest()
    assert (model["hash"], model["hash_algorithm"]) == (digest, "sha256")
    assert model["last_modified"].endswith("Z")
    bare = ask(api, "GET", f"{folder.name}/a.txt?content=0", 200)
    assert (bare["content"], bare["format"], bare["hash"]) == (None, None, None)


def test_bytes_that_are_no_text_come_as_base64(api: httpx.Client, folder: Path) -> None:  # JUP-30
    (folder / "b.bin").write_bytes(b"\xff\x00")

    model = ask(api, "GET", f"{folder.name}/b.bin", 200)

    assert (model["format"], base64.b64decode(model["content"])) == ("base64", b"\xff\x00")
    refused = ask(api, "GET", f"{folder.name}/b.bin?format=text", 400)
    assert refused["reason"] == "bad format"


def test_a_folder_lists_what_is_in_it(api: httpx.Client, folder: Path) -> None:  # JUP-30
    (folder / "inner").mkdir()
    (folder / "n.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / ".hidden").write_text("")

    model = ask(api, "GET", folder.name, 200)

    assert (model["type"], model["format"]) == ("directory", "json")
    listed = {each["name"]: each["type"] for each in model["content"]}
    assert listed == {"inner": "directory", "n.ipynb": "notebook"}
    assert all(each["content"] is None for each in model["content"])
    root = ask(api, "GET", "", 200)
    assert (root["path"], root["type"]) == ("", "directory")


@pytest.mark.parametrize(
    ("query", "status"),
    [("?type=directory", 400), ("?type=nonsense", 400), ("?format=xml", 400), ("?content=2", 400)],
)
def test_what_cannot_be_is_refused(
    api: httpx.Client, folder: Path, query: str, status: int
) -> None:  # JUP-31
    (folder / "a.txt").write_text("x")

    refused = ask(api, "GET", f"{folder.name}/a.txt{query}", status)

    assert set(refused) >= {"message", "reason"}


def test_a_folder_is_no_file_and_a_missing_one_is_missing(
    api: httpx.Client, folder: Path
) -> None:  # JUP-31
    assert ask(api, "GET", f"{folder.name}?type=file", 400)["reason"] == "bad type"
    assert ask(api, "GET", f"{folder.name}/none.txt", 404)["message"]
    assert ask(api, "GET", f"{folder.name}/none/none.txt", 404)["message"]


def test_a_notebook_comes_back_as_it_was_saved(api: httpx.Client, folder: Path) -> None:  # JUP-32
    path = f"{folder.name}/n.ipynb"
    body = {"type": "notebook", "format": "json", "content": NOTEBOOK}

    saved = api.put(f"/api/contents/{path}", json=body)
    again = ask(api, "PUT", path, 200, json=body)

    assert (saved.status_code, saved.headers["location"]) == (201, f"/api/contents/{path}")
    assert (again["content"], again["type"]) == (None, "notebook")
    written = (folder / "n.ipynb").read_bytes()
    assert again["hash"] == hashlib.sha256(written).hexdigest()
    assert ask(api, "GET", path, 200)["content"] == NOTEBOOK
    nbformat.validate(nbformat.reads(written.decode(), as_version=4))


def test_an_old_notebook_is_shown_as_version_four(
    api: httpx.Client, folder: Path
) -> None:  # JUP-32
    cell = {"cell_type": "code", "collapsed": False, "input": "1", "language": "python",
            "metadata": {}, "outputs": [], "prompt_number": 3}  # fmt: skip
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0,
           "worksheets": [{"cells": [cell], "metadata": {}}]}  # fmt: skip
    (folder / "old.ipynb").write_text(json.dumps(old))

    shown = ask(api, "GET", f"{folder.name}/old.ipynb", 200)["content"]

    assert (shown["nbformat"], shown["cells"][0]["source"]) == (4, "1")


def test_what_is_no_notebook_is_not_saved_as_one(api: httpx.Client, folder: Path) -> None:  # JUP-32
    path = f"{folder.name}/n.ipynb"

    for content in ({"cells": 1, "nbformat": 4}, "text", None, {"nbformat": 99}):
        ask(api, "PUT", path, 400, json={"type": "notebook", "format": "json", "content": content})

    assert list(folder.iterdir()) == []
    (folder / "broken.ipynb").write_text("{")
    assert "Unreadable" in ask(api, "GET", f"{folder.name}/broken.ipynb", 400)["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "file"},
        {"type": "file", "content": "x"},
        {"type": "file", "format": "json", "content": "x"},
        {"type": "file", "format": "base64", "content": "%%%"},
        {"type": "socket", "format": "text", "content": "x"},
        {"type": "file", "format": "text", "content": {"no": "text"}},
        {"copy_from": "a.txt"},
    ],
)
def test_what_says_too_little_is_not_saved(
    api: httpx.Client, folder: Path, body: dict[str, Any]
) -> None:  # JUP-31
    ask(api, "PUT", f"{folder.name}/a.txt", 400, json=body)

    assert list(folder.iterdir()) == []


def test_a_body_that_is_no_json_object_is_refused(
    api: httpx.Client, folder: Path
) -> None:  # JUP-31
    for content in (b"{", b"[1]", b"\xff"):
        ask(api, "PUT", f"{folder.name}/a.txt", 400, content=content)


def test_a_large_file_comes_in_pieces_and_is_there_when_it_is_whole(
    api: httpx.Client, folder: Path
) -> None:  # JUP-33
    path, pieces = f"{folder.name}/large.bin", [b"\x00\x01" * 5000, b"\xff" * 3000, b"end"]

    for number, piece in zip((1, 2, -1), pieces, strict=True):
        body = {"type": "file", "format": "base64", "chunk": number,
                "content": base64.b64encode(piece).decode()}  # fmt: skip
        assert not (folder / "large.bin").exists()
        answer = ask(api, "PUT", path, 201, json=body)

    assert (folder / "large.bin").read_bytes() == b"".join(pieces)
    assert answer["size"] == 13_003


def test_pieces_that_do_not_fit_are_refused(api: httpx.Client, folder: Path) -> None:  # JUP-33
    path = f"{folder.name}/a.bin"
    piece = {"type": "file", "format": "text", "content": "x"}

    ask(api, "PUT", path, 400, json={**piece, "chunk": 2})
    ask(api, "PUT", path, 201, json={**piece, "chunk": 1})
    ask(api, "PUT", path, 400, json={**piece, "chunk": 3})
    ask(api, "PUT", path, 400, json={**piece, "chunk": 1, "type": "notebook"})
    ask(api, "PUT", path, 400, json={**piece, "chunk": "one"})

    assert list(folder.iterdir()) == []


def test_untitled_files_take_the_next_free_name(api: httpx.Client, folder: Path) -> None:  # JUP-34
    def made(**body: Any) -> str:
        answer = api.post(f"/api/contents/{folder.name}", json=body)
        assert answer.status_code == 201
        model = answer.json()
        assert answer.headers["location"].endswith(model["path"].replace(" ", "%20"))
        return str(model["name"])

    assert [made(type="notebook"), made(type="notebook")] == ["Untitled.ipynb", "Untitled1.ipynb"]
    assert [made(type="file", ext=".txt"), made(ext=".txt")] == ["untitled.txt", "untitled1.txt"]
    assert made(type="directory") == "Untitled Folder"
    assert made(type="directory") == "Untitled Folder 1"
    assert made(ext=".ipynb") == "Untitled2.ipynb"
    assert made() == "untitled"
    nbformat.validate(nbformat.read(folder / "Untitled.ipynb", as_version=4))
    refused = ask(api, "POST", f"{folder.name}/untitled.txt", 400, json={"type": "file"})
    assert "PUT" in refused["message"]
    ask(api, "POST", f"{folder.name}/none", 404, json={"type": "file"})


def test_a_copy_has_a_name_of_its_own(api: httpx.Client, folder: Path) -> None:  # JUP-34
    (folder / "inner").mkdir()
    for name in ("a.tar.gz", "my.data.ipynb", "a-Copycat.txt"):
        (folder / name).write_bytes(b"x")

    def copied(name: str, to: str = folder.name) -> str:
        source = {"copy_from": f"{folder.name}/{name}"}
        return str(ask(api, "POST", to, 201, json=source)["name"])

    assert [copied("a.tar.gz"), copied("a.tar.gz")] == ["a-Copy1.tar.gz", "a-Copy2.tar.gz"]
    assert copied("a-Copy1.tar.gz") == "a-Copy3.tar.gz"
    assert copied("my.data.ipynb") == "my.data-Copy1.ipynb"
    assert copied("a-Copycat.txt") == "a-Copycat-Copy1.txt"
    elsewhere = f"{folder.name}/inner"
    assert [copied("a.tar.gz", elsewhere) for _ in range(2)] == ["a.tar.gz", "a-Copy1.tar.gz"]
    assert (folder / "inner" / "a.tar.gz").read_bytes() == b"x"
    ask(api, "POST", folder.name, 404, json={"copy_from": f"{folder.name}/none"})
    ask(api, "POST", folder.name, 400, json={"copy_from": 5})


def test_a_folder_is_copied_with_what_is_in_it(api: httpx.Client, folder: Path) -> None:  # JUP-34
    (folder / "full" / "deep").mkdir(parents=True)
    (folder / "full" / "deep" / "a.txt").write_text("a")
    (folder / "full" / ".hidden").write_text("h")
    source = {"copy_from": f"{folder.name}/full"}

    model = ask(api, "POST", folder.name, 201, json=source)

    assert (model["name"], model["type"]) == ("full-Copy1", "directory")
    copy = folder / "full-Copy1"
    found = sorted(each.relative_to(copy).as_posix() for each in copy.rglob("*"))
    assert found == ["deep", "deep/a.txt"]
    assert ask(api, "POST", folder.name, 201, json=source)["name"] == "full-Copy2"
    inside = ask(api, "POST", f"{folder.name}/full", 400, json=source)
    assert "itself" in inside["message"]
    (folder / "full" / "round").symlink_to(folder / "full")
    assert "round" in ask(api, "POST", folder.name, 400, json=source)["message"]
    assert not (folder / "full-Copy3").exists()


def test_a_rename_moves_a_file_and_replaces_none(api: httpx.Client, folder: Path) -> None:  # JUP-35
    (folder / "a.txt").write_text("a")
    (folder / "taken.txt").write_text("t")
    (folder / "inner").mkdir()
    old, new = f"{folder.name}/a.txt", f"{folder.name}/inner/b.txt"

    ask(api, "PATCH", old, 409, json={"path": f"{folder.name}/taken.txt"})
    moved = ask(api, "PATCH", old, 200, json={"path": new})

    assert (moved["path"], (folder / "inner" / "b.txt").read_text()) == (new, "a")
    ask(api, "GET", old, 404)
    ask(api, "PATCH", old, 404, json={"path": new})
    ask(api, "PATCH", new, 400, json={})


def test_what_is_deleted_is_in_the_trash(api: httpx.Client, folder: Path) -> None:  # JUP-35
    (folder / "full").mkdir()
    (folder / "full" / "a.txt").write_text("a")

    ask(api, "DELETE", f"{folder.name}/full", 204)

    assert not (folder / "full").exists()
    thrown = api.get("/api/v1/trash").json()["items"]
    assert f"{folder.name}/full" in [item["path"] for item in thrown]
    ask(api, "DELETE", f"{folder.name}/full", 404)
    assert api.delete("/api/contents/").status_code in (400, 405)


def test_a_checkpoint_brings_back_what_was_kept(api: httpx.Client, folder: Path) -> None:  # JUP-36
    path, file = f"{folder.name}/a.txt", folder / "a.txt"
    file.write_text("first")

    assert ask(api, "GET", f"{path}/checkpoints", 200) == []
    kept = ask(api, "POST", f"{path}/checkpoints", 201)
    file.write_text("second")
    assert ask(api, "GET", f"{path}/checkpoints", 200) == [kept]
    ask(api, "POST", f"{path}/checkpoints/{kept['id']}", 204)

    assert file.read_text() == "first"
    assert sorted(each.name for each in folder.iterdir()) == ["a.txt"]
    ask(api, "PATCH", path, 200, json={"path": f"{folder.name}/b.txt"})
    assert ask(api, "GET", f"{folder.name}/b.txt/checkpoints", 200) == [kept]
    ask(api, "POST", f"{folder.name}/b.txt/checkpoints/other", 404)
    ask(api, "DELETE", f"{folder.name}/b.txt/checkpoints/{kept['id']}", 204)
    ask(api, "DELETE", f"{folder.name}/b.txt/checkpoints/{kept['id']}", 404)
    ask(api, "GET", f"{folder.name}/none.txt/checkpoints", 404)


def test_hidden_files_do_not_exist(api: httpx.Client, folder: Path) -> None:  # JUP-37
    (folder / ".secret").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")

    for path in (".secret", ".git/config", ".git"):
        ask(api, "GET", f"{folder.name}/{path}", 404)
        ask(api, "DELETE", f"{folder.name}/{path}", 404)
        assert api.get(f"/files/{folder.name}/{path}").status_code == 404
    body = {"type": "file", "format": "text", "content": "y"}
    answer = api.put(f"/api/contents/{folder.name}/.new", json=body)
    assert answer.status_code in (400, 404)
    assert sorted(each.name for each in folder.iterdir()) == [".git", ".secret"]
    assert (folder / ".secret").read_text() == "x"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_followed_inside_and_never_out(api: httpx.Client, folder: Path) -> None:  # JUP-38
    outside = folder.parent.parent / f"outside-{folder.name}"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (folder / "real.txt").write_text("inside")
    (folder / "good").symlink_to(folder / "real.txt")
    (folder / "bad").symlink_to(outside / "secret.txt")
    (folder / "way").symlink_to(outside)

    shown = ask(api, "GET", f"{folder.name}/good", 200)
    assert (shown["content"], shown["name"]) == ("inside", "good")
    listed = [each["name"] for each in ask(api, "GET", folder.name, 200)["content"]]
    assert listed == ["good", "real.txt"]
    body = {"type": "file", "format": "text", "content": "y"}
    for path in ("bad", "way/secret.txt", "way"):
        ask(api, "GET", f"{folder.name}/{path}", 404)
        assert api.get(f"/files/{folder.name}/{path}").status_code == 404
        assert api.put(f"/api/contents/{folder.name}/{path}", json=body).status_code >= 400
    assert api.put(f"/api/contents/{folder.name}/way/new.txt", json=body).status_code == 404
    assert [each.name for each in outside.iterdir()] == ["secret.txt"]
    assert (outside / "secret.txt").read_text() == "secret"


def outside_paths(server: Server) -> list[str]:
    sibling = f"{server.folder.name}-sibling"
    return [
        "%2e%2e/home",
        "..%2fhome",
        "%2e%2e%2fhome",
        "a/..%2f..%2fhome",
        "%2Fetc%2Fpasswd",
        "%2F%2Fserver%2Fshare",
        "..%5c..%5chome",
        "%5c%5cserver%5cshare",
        "C:%5cWindows",
        f"..%2f{sibling}%2fsecret.txt",
        f"%2e%2e/{sibling}/secret.txt",
        "a%00b",
        "%252e%252e%252fhome",
    ]


def test_no_path_leads_out(server: Server, api: httpx.Client) -> None:  # JUP-39
    sibling = server.folder.parent / f"{server.folder.name}-sibling"
    sibling.mkdir()
    (sibling / "secret.txt").write_text("secret")
    body = {"type": "file", "format": "text", "content": "y"}

    for path in outside_paths(server):
        for prefix in ("/api/contents/", "/files/"):
            answer = api.get(httpx.URL(server.base).copy_with(raw_path=(prefix + path).encode()))
            assert answer.status_code in (400, 404), (path, answer.text)
            assert "secret" not in answer.text.replace("secret.txt", "")
            assert str(server.folder.parent) not in answer.text
        ask(api, "PATCH", "nothing.txt", 404, json={"path": f"../{sibling.name}/new.txt"})
    (server.folder / "here.txt").write_text("x")
    for new in (f"../{sibling.name}/new.txt", "..", "a/../../b", "../here.txt"):
        assert api.patch("/api/contents/here.txt", json={"path": new}).status_code in (400, 404)
        copied = api.post("/api/contents", json={"copy_from": new})
        assert copied.status_code in (400, 404)
    for path in ("..%2fnew.txt", f"..%2f{sibling.name}%2fnew.txt"):
        url = httpx.URL(server.base).copy_with(raw_path=f"/api/contents/{path}".encode())
        assert api.put(url, json=body).status_code == 404
    assert [each.name for each in sibling.iterdir()] == ["secret.txt"]


def test_a_path_that_is_no_unicode_names_nothing(api: httpx.Client, folder: Path) -> None:  # JUP-31
    body = {"type": "file", "format": "text", "content": "y"}
    for name in ("%ff.txt", "%ed%a0%80.txt"):
        for prefix in ("/api/contents", "/files"):
            path = f"{prefix}/{folder.name}/{name}".encode()
            url = httpx.URL(str(api.base_url)).copy_with(raw_path=path)
            assert api.get(url).status_code == 400, name
        assert api.put(url.copy_with(raw_path=path), json=body).status_code in (400, 405)
        ask(api, "PUT", f"{folder.name}/{name}", 400, json=body)

    assert list(folder.iterdir()) == []


def test_a_download_is_never_a_page_of_ours(api: httpx.Client, folder: Path) -> None:  # SEC-18
    (folder / "a.html").write_text("<script>alert(1)</script>")
    (folder / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")

    for name in ("a.html", "a.svg"):
        answer = api.get(f"/files/{folder.name}/{name}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]


def test_a_text_notebook_is_a_notebook_to_jupyter_too(
    api: httpx.Client, folder: Path
) -> None:  # FMT-4
    text = "#%%  one\n1 + 1\n# %% [markdown]\n# words\n"
    (folder / "n.py").write_text(text)

    model = ask(api, "GET", f"{folder.name}/n.py", 200)
    assert (model["type"], model["format"]) == ("notebook", "json")
    nbformat.validate(nbformat.from_dict(model["content"]))
    cells = model["content"]["cells"]
    assert [cell["source"] for cell in cells] == ["1 + 1", "words"]

    cells[0] |= {"source": "1 + 2", "outputs": [], "execution_count": 3}
    body = {"type": "notebook", "format": "json", "content": model["content"]}
    ask(api, "PUT", f"{folder.name}/n.py", 200, json=body)
    assert (folder / "n.py").read_text() == text.replace("1 + 1", "1 + 2")
    ask(api, "PUT", f"{folder.name}/new.py", 201, json=body)
    assert "# %%" in (folder / "new.py").read_text()

    as_text = ask(api, "GET", f"{folder.name}/n.py?type=file", 200)
    assert as_text["content"] == text.replace("1 + 1", "1 + 2")


def test_outputs_beside_come_with_their_notebook(api: httpx.Client, folder: Path) -> None:  # FMT-10
    shown = {"output_type": "stream", "name": "stdout", "text": "2\n"}
    cell = {**NOTEBOOK["cells"][0], "outputs": [shown], "execution_count": 1}
    content = {**NOTEBOOK, "cells": [cell], "metadata": {"tailrace": {"outputs": "beside"}}}
    body = {"type": "notebook", "format": "json", "content": content}
    ask(api, "PUT", f"{folder.name}/b.ipynb", 201, json=body)

    assert json.loads((folder / "b.ipynb").read_text())["cells"][0]["outputs"] == []
    assert (folder / "b.ipynb.outputs.json").exists()
    model = ask(api, "GET", f"{folder.name}/b.ipynb", 200)
    assert model["content"]["cells"][0]["outputs"][0]["text"] == "2\n"

    kept = ask(api, "POST", f"{folder.name}/b.ipynb/checkpoints", 201)
    ask(api, "POST", f"{folder.name}/b.ipynb/checkpoints/{kept['id']}", 204)
    as_text = {"type": "file", "format": "text", "content": (folder / "b.ipynb").read_text()}
    ask(api, "PUT", f"{folder.name}/b.ipynb", 200, json=as_text)
    assert (folder / "b.ipynb.outputs.json").exists()
    inside = {**body, "content": {**content, "metadata": {}}}
    ask(api, "PUT", f"{folder.name}/b.ipynb", 200, json=inside)
    assert not (folder / "b.ipynb.outputs.json").exists()
