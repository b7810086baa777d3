"""A text is found in names, in sources, in outputs and in plain files, within a time."""

import json
import os
from pathlib import Path

import pytest

from tailrace.files.search import MATCHES_PER_FILE, Findings, find
from tailrace.files.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def searched(workspace: Workspace, query: str) -> Findings:
    return find(workspace, query, is_late=lambda: False)


def test_sources_and_outputs_of_notebooks_are_found(workspace: Workspace) -> None:  # PAGE-17
    cells = [
        {"cell_type": "markdown", "source": ["# The Needle\n", "text"]},
        {
            "cell_type": "code",
            "source": "x = 1\ny = 'needle'",
            "outputs": [
                {"output_type": "stream", "text": ["hay\n", "NEEDLE in it\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "needle 2"}},
                {"output_type": "error", "ename": "NeedleError", "evalue": "gone"},
            ],
        },
        None,
    ]
    workspace.create("n.ipynb", json.dumps({"cells": cells}).encode())

    [file] = searched(workspace, "needle").files

    assert [(m.where, m.cell, m.line) for m in file.matches] == [
        ("source", 0, 0),
        ("source", 1, 1),
        ("output", 1, 1),
        ("output", 1, 0),
        ("output", 1, 0),
    ]
    assert file.matches[1].text == "y = 'needle'"
    assert not file.in_name


def test_names_come_first_and_long_lines_are_cut(workspace: Workspace) -> None:
    workspace.create("a.txt", b"x" * 500 + b"needle" + b"y" * 500 + b"\n" + b"needle\n" * 20)
    workspace.create_folder("Needle folder")
    workspace.create("Needle folder/inner.txt", b"nothing")

    files = searched(workspace, "needle").files

    assert [(file.path, file.in_name) for file in files] == [
        ("Needle folder", True),
        ("a.txt", False),
    ]
    assert len(files[1].matches) == MATCHES_PER_FILE
    assert files[1].more == 21 - MATCHES_PER_FILE
    assert "needle" in files[1].matches[0].text
    assert len(files[1].matches[0].text) < 250


def test_what_is_hidden_or_made_by_programs_is_left_out(workspace: Workspace) -> None:
    root = workspace.root
    for folder in ("node_modules", "env", ".git"):
        (root / folder).mkdir()
        (root / folder / "needle.txt").write_text("needle")
    (root / "env" / "pyvenv.cfg").write_text("")
    (root / "picture.bin").write_bytes(b"\0needle")
    os.symlink("..", root / "round")

    assert searched(workspace, "needle").files == []


def test_a_search_that_is_late_says_that_it_is_not_complete(workspace: Workspace) -> None:
    workspace.create("needle.txt")

    found = find(workspace, "needle", is_late=lambda: True)

    assert found == Findings([], complete=False)


def test_a_broken_notebook_is_searched_as_text(workspace: Workspace) -> None:
    workspace.create("broken.ipynb", b'{"cells": [ needle')

    [file] = searched(workspace, "needle").files

    assert file.matches[0].where == "text"
