"""Files over HTTP: listed, made, saved; nothing outside, nothing hidden, nothing as a page."""

import json
import os
from pathlib import Path

import pytest

from tailrace.protocol.ids import KernelId
from tests.server.conftest import TOKEN
from tests.server.site import Site, SmallNotebook, running_site


def root(site: Site) -> Path:
    return site.application.workspace.root


def test_a_folder_is_listed_folders_first_with_what_runs(tmp_path: Path) -> None:
    running = SmallNotebook("b.ipynb", kernel_id=KernelId("k1"))
    with running_site(tmp_path, notebooks=(running,)) as site:
        (root(site) / "sub").mkdir()
        (root(site) / "a.txt").write_text("abc")
        (root(site) / "b.ipynb").write_text("{}")
        (root(site) / ".hidden").write_text("secret")

        listed = site.browser().get("/api/v1/files").json()

    assert listed["path"] == ""
    shown = [(e["name"], e["kind"], e["size_bytes"], e["running"]) for e in listed["entries"]]
    assert shown == [
        ("sub", "folder", 0, False),
        ("a.txt", "file", 3, False),
        ("b.ipynb", "notebook", 2, True),
    ]
    assert all(entry["modified_at"] > 0 for entry in listed["entries"])


@pytest.mark.parametrize("kind", ["notebook", "folder", "file"])
def test_what_is_made_is_there_once(site: Site, kind: str) -> None:
    name = "new.ipynb" if kind == "notebook" else "new"
    client = site.browser()

    made = client.post("/api/v1/files", json={"path": name, "kind": kind})
    again = client.post("/api/v1/files", json={"path": name, "kind": kind})

    assert (made.status_code, made.json()["kind"]) == (201, kind)
    assert (again.status_code, again.json()["code"]) == (409, "file.taken")


def test_a_new_notebook_is_valid_for_every_tool(site: Site) -> None:
    import nbformat

    site.browser().post("/api/v1/files", json={"path": "n.ipynb", "kind": "notebook"})

    text = (root(site) / "n.ipynb").read_text()
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert json.loads(text)["nbformat_minor"] == 5


def test_a_notebook_is_called_one(site: Site) -> None:
    answer = site.browser().post("/api/v1/files", json={"path": "n.txt", "kind": "notebook"})

    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


OUTSIDE = [
    "..",
    "../secret.txt",
    "sub/../../secret.txt",
    "%2e%2e/secret.txt",
    "..%2fsecret.txt",
    "..\\secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "\\\\host\\share",
    "sub/../../work-other/secret.txt",
    "link-out/secret.txt",
    "link-to-file",
    "x\0y",
    ".ssh/key",
    "sub/.hidden",
    "a" * 5000,
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_or_hidden_is_read_listed_or_made(tmp_path: Path, path: str) -> None:
    # SEC-17
    with running_site(tmp_path) as site:
        (tmp_path / "secret.txt").write_text("canary")
        (tmp_path / "work-other").mkdir()
        (tmp_path / "work-other/secret.txt").write_text("canary")
        (root(site) / "sub").mkdir()
        (root(site) / "sub/.hidden").write_text("canary")
        (root(site) / ".ssh").mkdir()
        (root(site) / ".ssh/key").write_text("canary")
        os.symlink(tmp_path, root(site) / "link-out")
        os.symlink(tmp_path / "secret.txt", root(site) / "link-to-file")
        client = site.browser()

        answers = [
            client.get("/api/v1/files", params={"path": path}),
            client.get("/api/v1/files/content", params={"path": path}),
            client.post("/api/v1/files", json={"path": path, "kind": "file"}),
            client.post("/api/v1/files", json={"path": f"{path}/x", "kind": "folder"}),
        ]

        for answer in answers:
            if answer.status_code == 201:  # `%2e%2e` and `..\` are plain names on disk
                assert answer.json()["path"].startswith(("%", "..%", "..\\", "\\\\"))
                continue
            assert answer.status_code in (400, 403, 404), answer.text
            assert set(answer.json()) == {"code", "message"}
            assert str(tmp_path) not in answer.text
            assert "canary" not in answer.text
        assert sorted(p.name for p in tmp_path.iterdir() if p.name != "run") == sorted(
            ["secret.txt", "work", "work-other", "state"]
        )


HOSTILE = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.mark.parametrize(
    "name", ["a.html", "a.svg", "a.xml", "a.pdf", "a.ipynb", "a.js", "a", "a b\u202e<x>.html"]
)
def test_a_users_bytes_are_an_attachment_in_a_sandbox(site: Site, name: str) -> None:  # SEC-18
    (root(site) / name).write_bytes(HOSTILE)

    answer = site.browser().get("/api/v1/files/content", params={"path": name})

    assert answer.content == HOSTILE
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert "allow-" not in answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_large_file_comes_whole(site: Site) -> None:
    content = os.urandom(1 << 20) * 5
    (root(site) / "large.bin").write_bytes(content)

    answer = site.program(TOKEN).get("/api/v1/files/content", params={"path": "large.bin"})

    assert answer.content == content


def test_a_name_cannot_add_a_header(site: Site) -> None:
    name = "a\r\nset-cookie: x=y"
    (root(site) / name).write_bytes(b"x")

    answer = site.browser().get("/api/v1/files/content", params={"path": name})

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_kernels_are_listed_and_stopped(tmp_path: Path) -> None:
    opened = SmallNotebook("a.ipynb", KernelId("k1"), is_running=True, clients=2)
    with running_site(tmp_path, notebooks=(opened,)) as site:
        site.application.kernels.add("k1", str(root(site) / "a.ipynb"))
        site.application.kernels.add("k2", "/elsewhere/b.ipynb")
        client = site.browser()

        first, second = client.get("/api/v1/kernels").json()["kernels"]
        assert (first["path"], first["running"], first["clients"]) == ("a.ipynb", True, 2)
        assert first["memory_bytes"] > 1_000_000
        assert (second["notebook"], second["path"]) == ("b.ipynb", None)

        assert client.delete("/api/v1/kernels/k2").status_code == 204
        assert client.delete("/api/v1/kernels/k2").json()["code"] == "kernel.missing"
        assert client.delete("/api/v1/kernels/no%20id").status_code == 404
    assert site.application.stopped[0] == "k2"


# ── parts of a file ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "status", "got"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=10-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=5-4", 200, b"0123456789"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
    ],
)
def test_a_part_of_a_file_is_asked_for_by_range(
    site: Site, asked: str, status: int, got: bytes
) -> None:  # PAGE-36
    (site.application.workspace.root / "ten.bin").write_bytes(b"0123456789")
    answer = site.program(TOKEN).get("/api/v1/files/content?path=ten.bin", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, got)
    if status == 206:
        start = 10 - len(got) if asked.startswith("bytes=-") else int(asked[6])
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(got) - 1}/10"
    if status == 416:
        assert answer.headers["content-range"] == "bytes */10"


def test_a_part_of_a_file_that_changed_is_the_whole(site: Site) -> None:  # PAGE-36
    place = site.application.workspace.root / "ten.bin"
    place.write_bytes(b"0123456789")
    program = site.program(TOKEN)
    etag = program.get("/api/v1/files/content?path=ten.bin").headers["etag"]
    place.write_bytes(b"another one")
    asked = {"Range": "bytes=0-3", "If-Range": etag}
    answer = program.get("/api/v1/files/content?path=ten.bin", headers=asked)
    assert (answer.status_code, answer.content) == (200, b"another one")


def test_a_text_that_says_so_is_listed_as_a_notebook(site: Site) -> None:  # FMT-7
    (root(site) / "cells.py").write_text("import os\n# %%\nos\n")
    (root(site) / "script.py").write_text("import os\n")
    (root(site) / "page.md").write_text("---\njupyter:\n  kernelspec: {}\n---\n")
    (root(site) / "prose.md").write_text("# Title\n")

    def kinds() -> dict[str, str]:
        listed = site.browser().get("/api/v1/files").json()["entries"]
        return {entry["name"]: entry["kind"] for entry in listed}

    assert kinds() == {
        "cells.py": "notebook",
        "script.py": "file",
        "page.md": "notebook",
        "prose.md": "file",
    }
    (root(site) / "script.py").write_text("# %% now it is\n")
    assert kinds()["script.py"] == "notebook"


def test_outputs_beside_a_notebook_are_not_listed(site: Site) -> None:  # FMT-12
    for name in ("a.ipynb", "a.ipynb.outputs.json", "b.ipynb.outputs.json"):
        (root(site) / name).write_text("{}")

    listed = site.browser().get("/api/v1/files").json()["entries"]
    assert [entry["name"] for entry in listed] == ["a.ipynb", "b.ipynb.outputs.json"]


def test_a_new_text_notebook_says_that_it_is_one(site: Site) -> None:  # FMT-7
    for name in ("n.py", "n.md"):
        made = site.browser().post("/api/v1/files", json={"path": name, "kind": "notebook"})
        assert (made.status_code, made.json()["kind"]) == (201, "notebook")
        assert "name: python3" in (root(site) / name).read_text()


def test_new_notebooks_keep_outputs_where_the_setting_says(site: Site) -> None:  # PAGE-58
    site.browser().put("/api/v1/settings", json={"outputs_beside": True})
    for name in ("n.ipynb", "n.py"):
        site.browser().post("/api/v1/files", json={"path": name, "kind": "notebook"})
    held = json.loads((root(site) / "n.ipynb").read_text())
    assert held["metadata"]["tailrace"] == {"outputs": "beside"}
    assert "outputs: beside" in (root(site) / "n.py").read_text()
