"""Names for the code of cells, by which debuggers and front ends speak of it.

Jupyter's front ends make the file name of a cell from its code, by the same hash; a breakpoint
in a cell that has not run yet so has a place. The files are written only for the debugger.
"""

import functools
import os
import tempfile

SEED = 0xC70F6907
SUFFIX = ".py"


class CellFiles:
    """`prefix` with a code's hash and `SUFFIX` is the name of its file."""

    @property
    def prefix(self) -> str:
        return self._folder + os.sep

    @functools.cached_property
    def _folder(self) -> str:
        return os.path.join(tempfile.gettempdir(), f"tailrace_{os.getpid()}")

    def name_of(self, code: str) -> str:
        return f"{self.prefix}{murmur2(code.encode('utf-8', 'surrogatepass'), SEED)}{SUFFIX}"

    def write(self, code: str) -> str:
        """Put the code where the debugger finds it; returns the file's name."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        found = os.lstat(self._folder)
        if hasattr(os, "getuid") and found.st_uid != os.getuid():
            raise PermissionError(f"{self._folder} belongs to somebody else")
        name = self.name_of(code)
        with open(name, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(code)
        return name


def murmur2(data: bytes, seed: int) -> int:
    """MurmurHash2, 32 bits: the one that Jupyter's front ends know."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(data)
    h = seed ^ length
    whole = length & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little")
        k = (k * m) & mask
        k ^= k >> 24
        k = (k * m) & mask
        h = ((h * m) & mask) ^ k
    rest = data[whole:]
    if rest:
        h ^= int.from_bytes(rest, "little")
        h = (h * m) & mask
    h ^= h >> 13
    h = (h * m) & mask
    return h ^ (h >> 15)
