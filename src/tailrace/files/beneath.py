"""Open what is below a folder, and never anything that is not.

A path is checked in two steps. First as text (`parts_of`): no absolute path, no `..`, no
NUL, nothing a file system reads differently than we do; no file is touched before that
(FIL-1). Then as folders (`open_folder`): from the root down, each component is opened
relative to the one above it with O_NOFOLLOW. Where one is a symbolic link, the place it
leads to is worked out, must be below the root again, and the walk starts over from there.
So what was checked is what is open, and a link that is swapped in meanwhile makes the
walk fail instead of leading out (FIL-2).

Where a system cannot open relative to a folder (Windows), folders are plain paths that
were resolved and compared first; the race is then open and said so in `docs/spec/sync.md`.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailrace.protocol.errors import FileMissing, NameRefused, PathOutside

HAS_DIR_FD = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
NAME_BYTES = 255
PATH_BYTES = 4096
LEADS_OUT = "a symbolic link in the path leads out of the folder that is served"
LINKS_FOLLOWED = 40  # what Linux allows in one path

O_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
O_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
O_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
O_BINARY = getattr(os, "O_BINARY", 0)

_RESERVED = re.compile(
    r"\A(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ .]*(\.|\Z)", re.IGNORECASE
)
_WINDOWS_FORBIDS = re.compile(r'[<>:"|?*\\\x00-\x1f]')


def parts_of(relative: str, *, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """The components of a relative path written with `/`; `()` is the root itself.

    Raises `PathOutside` for what leads out of the root, `NameRefused` for what no file
    can be called. Looks at the text only.
    """
    if "\0" in relative:
        raise NameRefused("a path cannot hold a NUL character")
    if relative.startswith("/") or (windows and re.match(r"[A-Za-z]:|[\\/]", relative)):
        raise PathOutside("the path must be relative to the folder that is served")
    if windows and "\\" in relative:
        raise PathOutside("folders are separated by /, not by a backslash")
    encoded_length = len(relative.encode("utf-8", "surrogatepass"))
    if encoded_length > PATH_BYTES:
        raise NameRefused(f"the path is longer than {PATH_BYTES} bytes")
    parts = tuple(part for part in relative.split("/") if part not in ("", "."))
    for part in parts:
        if part == "..":
            raise PathOutside("the path leads out of the folder that is served")
        if any("\ud800" <= character <= "\udfff" for character in part):
            raise NameRefused("a name must be text that UTF-8 can hold")
        if len(part.encode()) > NAME_BYTES:
            raise NameRefused(f"a name may have at most {NAME_BYTES} bytes")
        if windows and (_RESERVED.match(part) or _WINDOWS_FORBIDS.search(part) or part[-1] in " ."):
            raise NameRefused(f"{part!r} is a name that Windows keeps for itself")
    return parts


def real_parts(root: Path, parts: tuple[str, ...], *, follow_last: bool = True) -> tuple[str, ...]:
    """`parts` with every symbolic link inside them resolved, still below `root`.

    `root` must be resolved itself. The last component need not exist. Raises
    `PathOutside` when a link leads out of `root`, `FileMissing` when a folder on the way
    is missing or is not a folder.
    """
    done: list[str] = []
    todo = list(reversed(parts))
    links = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":  # out of a link's text: `done` holds no link, so this is one up
            if not done:
                raise PathOutside(LEADS_OUT)
            done.pop()
            continue
        place = root.joinpath(*done, part)
        is_last = not todo
        try:
            found = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            if is_last:
                return (*done, part)
            raise FileMissing(f"there is no folder {'/'.join([*done, part])}") from None
        except PermissionError as error:
            raise FileMissing(f"{'/'.join([*done, part])} cannot be looked at") from error
        if stat.S_ISLNK(found.st_mode) and (follow_last or not is_last):
            links += 1
            if links > LINKS_FOLLOWED:
                raise FileMissing("the path goes through too many symbolic links")
            target = os.readlink(place)
            outward = os.path.isabs(target) or target.count("..") > len(done)
            if outward:
                todo.extend(reversed(_below(root, place)))
                done = []
            else:
                todo.extend(reversed(target.split("/")))
            continue
        if not is_last and not stat.S_ISDIR(found.st_mode):
            raise FileMissing(f"{'/'.join([*done, part])} is not a folder")
        done.append(part)
    return tuple(done)


def _below(root: Path, place: Path) -> tuple[str, ...]:
    """Where a link leads, as parts below `root`; compared component by component."""
    target = Path(os.path.realpath(place))
    if not target.is_relative_to(root):
        raise PathOutside(LEADS_OUT)
    return target.relative_to(root).parts


@contextmanager
def open_folder(root: Path, parts: tuple[str, ...]) -> Iterator[int | None]:
    """A descriptor of the folder `root/parts`, which must hold no symbolic link any more
    (see `real_parts`). None where the system has no such descriptors.

    Raises `FileMissing` where a component is missing or became a link meanwhile.
    """
    if not HAS_DIR_FD:
        yield None
        return
    folder = _folder(str(root), os.O_RDONLY, None)
    try:
        for part in parts:
            inner = _folder(part, os.O_RDONLY | O_NOFOLLOW, folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _folder(name: str, flags: int, inside: int | None) -> int:
    try:
        return os.open(name, flags | O_DIRECTORY | O_CLOEXEC, dir_fd=inside)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES):
            raise FileMissing(f"the folder {os.path.basename(name)} cannot be opened") from error
        raise
