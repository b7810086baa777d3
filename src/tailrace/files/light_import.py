"""Import jupytext without what we do not use of it, before the first text is read.

jupytext brings an extension of Jupyter's server along, and (by way of nbformat) grammars of
internet addresses that are compiled on import. Where those are installed they cost up to some
seconds, for which somebody waits who only opens a file. Named as missing meanwhile, they are
left out: both libraries allow for that.
"""

import sys
from contextlib import suppress
from threading import Lock

_HEAVY = (
    "jupytext.sync_contentsmanager",
    "jupytext.async_contentsmanager",
    "rfc3987",
    "rfc3987_syntax",
)
_importing = Lock()


def load_jupytext() -> None:
    """Once; later calls cost nothing. Call it from a thread."""
    with _importing:
        if "jupytext" in sys.modules:
            return
        absent = [name for name in _HEAVY if name not in sys.modules]
        for name in absent:
            sys.modules[name] = None  # type: ignore[assignment]
        try:
            with suppress(ImportError):  # said better by whoever needs it
                import jupytext  # noqa: F401
        finally:
            for name in absent:
                sys.modules.pop(name, None)
