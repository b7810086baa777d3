"""A notebook and its outputs beside, on a real disk."""

import os
import sys
from pathlib import Path

import pytest

from tailrace.files.checkpoint import ANYTHING, digest_of
from tailrace.files.notebook_files import beside, notebook_digest, read_notebook, write_notebook
from tailrace.formats.beside import Whole
from tailrace.protocol.errors import FileChanged, FileTaken

OUTPUTS = b'{\n "application": "tailrace outputs",\n "cells": [],\n "version": 1\n}\n'
WHOLE = Whole(b'{"cells": [1]}', OUTPUTS).joined()


def put(file: Path, data: bytes, expected: str | None = ANYTHING) -> None:
    write_notebook(file, data, expected=expected, backup_folder=None)


def test_two_files_are_written_and_read_as_one(tmp_path: Path) -> None:  # FMT-12
    file = tmp_path / "n.ipynb"
    put(file, WHOLE, None)

    assert file.read_bytes() == b'{"cells": [1]}'
    assert beside(file).read_bytes() == OUTPUTS
    assert read_notebook(file) == WHOLE
    assert notebook_digest(file) == digest_of(WHOLE)
    put(file, b'{"cells": [2]}', digest_of(WHOLE))
    assert [each.name for each in tmp_path.iterdir()] == ["n.ipynb"]


def test_what_others_wrote_beside_is_not_overwritten_unseen(tmp_path: Path) -> None:  # FMT-12
    file = tmp_path / "n.ipynb"
    put(file, WHOLE, None)
    beside(file).write_bytes(OUTPUTS + b"\n")

    with pytest.raises(FileChanged):
        put(file, Whole(b'{"cells": [2]}', OUTPUTS).joined(), digest_of(WHOLE))
    assert file.read_bytes() == b'{"cells": [1]}'


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_beside_is_not_followed(tmp_path: Path) -> None:  # FMT-12
    outside = tmp_path / "outside"
    outside.write_bytes(OUTPUTS)
    folder = tmp_path / "served"
    folder.mkdir()
    file = folder / "n.ipynb"
    put(file, b'{"cells": [1]}', None)
    os.symlink(outside, beside(file))

    assert read_notebook(file) == b'{"cells": [1]}'
    with pytest.raises(FileTaken):
        put(file, Whole(b'{"cells": [1]}', OUTPUTS + b" ").joined())
    assert outside.read_bytes() == OUTPUTS
