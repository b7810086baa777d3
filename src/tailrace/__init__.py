"""Tailrace: a Python notebook whose output streams, lasts, and is there when you come back.

import tailrace

result = tailrace.run("report.ipynb", parameters={"year": 2026})
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tailrace.headless.api import Failure, Output, RunResult, run, run_async
    from tailrace.protocol.errors import RunFailed

__version__ = "0.1.0"
__all__ = ["Failure", "Output", "RunFailed", "RunResult", "__version__", "run", "run_async"]


def __getattr__(name: str) -> Any:
    """Load what runs notebooks when it is asked for: most of us need the version alone."""
    if name not in __all__:
        raise AttributeError(f"module 'tailrace' has no attribute {name!r}")
    from tailrace.headless import api
    from tailrace.protocol import errors

    return getattr(errors if name == "RunFailed" else api, name)
