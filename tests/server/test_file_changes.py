"""Files changed over HTTP: nothing is replaced unseen, nothing deleted is gone at once."""

from pathlib import Path

import httpx
import pytest

from tests.server.conftest import TOKEN
from tests.server.site import Site


@pytest.fixture
def client(site: Site) -> httpx.Client:
    return site.program(TOKEN)


@pytest.fixture
def root(site: Site) -> Path:
    return site.application.workspace.root


def test_a_file_is_renamed_moved_and_copied(client: httpx.Client, root: Path) -> None:  # PAGE-13
    (root / "a.txt").write_text("a")
    (root / "sub").mkdir()

    moved = client.patch("/api/v1/files", json={"path": "a.txt", "to": "sub/b.txt"})
    copied = client.post("/api/v1/files/copy", json={"path": "sub/b.txt", "to": "c.txt"})
    taken = client.patch("/api/v1/files", json={"path": "c.txt", "to": "sub/b.txt"})

    assert (moved.status_code, moved.json()["path"]) == (200, "sub/b.txt")
    assert (copied.status_code, (root / "c.txt").read_text()) == (201, "a")
    assert (taken.status_code, taken.json()["code"]) == (409, "file.taken")


def test_deleted_is_in_the_trash_until_it_is_emptied(  # PAGE-14
    client: httpx.Client, root: Path
) -> None:
    (root / "a.txt").write_text("kept")
    item = client.delete("/api/v1/files", params={"path": "a.txt"}).json()
    assert not (root / "a.txt").exists()
    assert [each["path"] for each in client.get("/api/v1/trash").json()["items"]] == ["a.txt"]

    back = client.post(f"/api/v1/trash/{item['item_id']}/restore")

    assert (back.status_code, back.json()["path"]) == (200, "a.txt")
    assert (root / "a.txt").read_text() == "kept"
    assert client.get("/api/v1/trash").json()["items"] == []
    item = client.delete("/api/v1/files", params={"path": "a.txt"}).json()
    assert client.delete(f"/api/v1/trash/{item['item_id']}").status_code == 204
    assert client.post(f"/api/v1/trash/{item['item_id']}/restore").status_code == 404
    assert client.delete("/api/v1/trash/..%2Flogs").status_code == 404


def test_an_upload_replaces_nothing(client: httpx.Client, root: Path) -> None:  # PAGE-15
    data = bytes(range(256)) * 10
    first = client.put("/api/v1/files/content", params={"path": "up.bin"}, content=data)
    second = client.put("/api/v1/files/content", params={"path": "up.bin"}, content=b"other")

    assert (first.status_code, second.status_code) == (201, 409)
    assert (root / "up.bin").read_bytes() == data
    outside = client.put("/api/v1/files/content", params={"path": "../up.bin"}, content=b"")
    assert outside.status_code == 403


def test_a_text_is_written_only_over_what_was_read(  # PAGE-16
    client: httpx.Client, root: Path
) -> None:
    (root / "a.md").write_text("one")
    read = client.get("/api/v1/files/text", params={"path": "a.md"}).json()
    wanted = {"path": "a.md", "text": "two ü", "expected": read["digest"]}
    written = client.put("/api/v1/files/text", json=wanted)
    assert (written.status_code, (root / "a.md").read_text("utf-8")) == (200, "two ü")

    again = client.put("/api/v1/files/text", json={**wanted, "text": "three"})

    assert (again.status_code, again.json()["code"]) == (409, "file.changed")
    assert (root / "a.md").read_text("utf-8") == "two ü"
    wanted["expected"] = written.json()["digest"]
    assert client.put("/api/v1/files/text", json={**wanted, "text": ""}).status_code == 200


def test_what_is_no_text_is_not_shown_as_one(client: httpx.Client, root: Path) -> None:
    (root / "a.bin").write_bytes(b"\xff\xfe\0")
    (root / "n.ipynb").write_text("{}")

    answer = client.get("/api/v1/files/text", params={"path": "a.bin"})
    wanted = {"path": "n.ipynb", "text": "", "expected": "any"}

    assert (answer.status_code, answer.json()["code"]) == (422, "file.not-text")
    assert client.put("/api/v1/files/text", json=wanted).status_code == 400


def test_a_search_answers_names_and_contents(client: httpx.Client, root: Path) -> None:  # PAGE-17
    (root / "a.txt").write_text("the needle")

    found = client.get("/api/v1/search", params={"query": "needle"}).json()

    assert found["complete"]
    assert found["files"][0]["path"] == "a.txt"
    assert found["files"][0]["matches"][0]["text"] == "the needle"
    assert client.get("/api/v1/search", params={"query": ""}).status_code in (400, 422)
