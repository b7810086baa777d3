"""A notebook on disk, with the file of its outputs beside it, as one thing (FMT-10 to FMT-13).

Read and written as *the whole* of `formats/beside.py`. Each of the two files is written as a
checkpoint is; first the outputs, then the notebook, so that a notebook never names outputs
that are not there yet. Whoever is stopped between the two finds the new outputs beside the old
notebook, which both read, and the session's log has the rest.

All of it blocks: call it from a thread.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from tailrace.files.checkpoint import ANYTHING, digest_of, read_content, write_checkpoint
from tailrace.files.light_import import load_jupytext
from tailrace.files.workspace import Entry, Workspace
from tailrace.formats.beside import SUFFIX, Whole, is_outputs_file, whole_of
from tailrace.formats.forms import form_of, may_be_notebook
from tailrace.protocol.errors import FileChanged, FileError, FileMissing, FileTaken


def beside(file: Path) -> Path:
    """Where the outputs of the notebook `file` are when they are not in it."""
    return file.with_name(file.name + SUFFIX)


def is_beside(name: str) -> bool:
    """Whether a file of this name belongs to a notebook beside it."""
    return name.endswith(SUFFIX) and may_be_notebook(name.removesuffix(SUFFIX))


def read_notebook(file: Path) -> bytes:
    """The whole. Raises `FileMissing` where there is no notebook."""
    real = Path(os.path.realpath(file))
    if form_of(file.name).is_text:
        load_jupytext()
    return Whole(read_content(real).data, _outputs(real)).joined()


def notebook_digest(file: Path) -> str:
    return hashlib.sha256(read_notebook(file)).hexdigest()


def write_notebook(
    file: Path,
    data: bytes,
    *,
    expected: str | None,
    backup_folder: Path | None,
    allow_empty: bool = False,
    root: Path | None = None,
    is_alone: bool = False,
) -> None:
    """Put the whole `data` there; `is_alone`: it is the notebook only, and what is beside it
    stays. Arguments and errors are those of `write_checkpoint`; `FileTaken` where a file that
    is none of ours has the name of the outputs."""
    wanted = whole_of(data)
    real = Path(os.path.realpath(file))
    held = None if is_alone else _outputs(real)
    if wanted.outputs is None and held is None:
        write_checkpoint(
            file,
            wanted.notebook,
            expected=expected,
            backup_folder=backup_folder,
            allow_empty=allow_empty,
            root=root,
        )
        return
    was = _notebook(real)
    found = None if was is None else digest_of(Whole(was, held).joined())
    if expected not in (ANYTHING, found):
        raise FileChanged(str(file), found=found)
    if wanted.outputs is not None and wanted.outputs != held:
        _write_outputs(real, wanted.outputs, held, backup_folder)
    if wanted.notebook != was:
        write_checkpoint(
            file,
            wanted.notebook,
            expected=None if was is None else digest_of(was),
            backup_folder=backup_folder,
            allow_empty=allow_empty,
            root=root,
        )
    if wanted.outputs is None:  # they are in the notebook again
        with suppress(FileNotFoundError):
            beside(real).unlink()


def copied(workspace: Workspace, old: str, new: str) -> Entry:
    """`Workspace.copy`, and what is beside goes along."""
    entry = workspace.copy(old, new)
    if may_be_notebook(old):
        with suppress(FileMissing, FileTaken):
            workspace.copy(old + SUFFIX, new + SUFFIX)
    return entry


def _write_outputs(file: Path, data: bytes, held: bytes | None, backup_folder: Path | None) -> None:
    place = beside(file)
    if held is None and os.path.lexists(place):
        raise FileTaken(f"{place.name} is there already and holds no outputs of a notebook")
    write_checkpoint(
        place,
        data,
        expected=None if held is None else digest_of(held),
        backup_folder=backup_folder,
        allow_empty=True,
    )


def _notebook(file: Path) -> bytes | None:
    try:
        return read_content(file).data
    except FileMissing:
        return None


def _outputs(file: Path) -> bytes | None:
    """What is beside, if it is of ours; whatever is wrong with it keeps no notebook shut. A
    link is none of ours: it could lead out of the folder that is served."""
    if beside(file).is_symlink():
        return None
    try:
        data = read_content(beside(file)).data
    except (FileError, OSError):
        return None
    return data if is_outputs_file(data) else None
