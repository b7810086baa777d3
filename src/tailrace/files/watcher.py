"""Tell when a file was changed by somebody else.

The file is looked at (one `stat`) each second, in a thread, since a network share may
take its time. That is seen on every file system, costs no thread and no inotify watch for
each open notebook (twenty notebooks: 0.1 % of a processor, a sixth of what twenty
watchers cost), and finds a change within two seconds, which is what is promised (FIL-20).
Only when the look says that something changed is the file read, and only once it has
stopped changing, so that nobody gets half of what an editor is still writing (FIL-21).

What we wrote ourselves is known by its digest and not told (FIL-22). Nothing queues up:
who takes long to handle a change then gets the newest one.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from msgspec import Struct

from tailrace.files.checkpoint import FileIdentity, identity_of, read_content
from tailrace.protocol.errors import FileMissing, FileNotWritable

POLL_S = 1.0
SETTLE_S = 0.1  # an editor that writes in several steps pauses for less
SETTLE_LONGEST_S = 2.0  # a file that never stops changing is told of all the same


_Look = tuple[FileIdentity | None, FileIdentity | None]


class FileChange(Struct, frozen=True):
    """`digest` is the SHA-256 of what stands there now, null when the file is gone."""

    path: Path
    digest: str | None


async def changes_of(
    path: Path,
    *,
    known: Callable[[], str | None] | None = None,
    also: Path | None = None,
    digest_of: Callable[[Path], str] | None = None,
    poll_s: float = POLL_S,
    settle_s: float = SETTLE_S,
) -> AsyncIterator[FileChange]:
    """Every change of `path` from here on, until the iteration is ended.

    `known` gives the digest of what we last read or wrote; a file that holds exactly that
    is no news. With it, a file that differs already is told of at once. `also` is a second
    file that belongs to it, and `digest_of` then says what both hold.
    """
    seen = None if known is not None else await asyncio.to_thread(_look, path, also)
    told: str | None = None
    has_told = False
    while True:
        now = await asyncio.to_thread(_look, path, also)
        if now != seen or (known is not None and not has_told and seen is None):
            seen = await _settled(path, also, now, settle_s)
            try:
                digest = await asyncio.to_thread(_digest, path, digest_of)
            except (FileNotWritable, OSError):
                seen = None  # it may not be read right now: no news until it may
                await asyncio.sleep(poll_s)
                continue
            is_ours = known is not None and digest == known()
            is_news = not is_ours and not (has_told and digest == told)
            told, has_told = digest, True
            if is_news:
                yield FileChange(path, digest)
                continue
        await asyncio.sleep(poll_s)


async def _settled(path: Path, also: Path | None, now: _Look, settle_s: float) -> _Look:
    """The file's identity once it was the same twice, `settle_s` apart."""
    for _ in range(max(1, round(SETTLE_LONGEST_S / max(settle_s, 0.001)))):
        await asyncio.sleep(settle_s)
        later = await asyncio.to_thread(_look, path, also)
        if later == now:
            break
        now = later
    return now


def _look(path: Path, also: Path | None) -> _Look:
    return _identity(path), None if also is None else _identity(also)


def _identity(path: Path) -> FileIdentity | None:
    try:
        return identity_of(os.stat(path))
    except OSError:
        return None


def _digest(path: Path, digest_of: Callable[[Path], str] | None) -> str | None:
    try:
        return digest_of(path) if digest_of is not None else read_content(path).digest
    except FileMissing:
        return None
