"""What a notebook's metadata says of its kernel once the kernel has answered (KER-50).

As Jupyter writes it: `kernelspec` with name, title and language, `language_info` as the
kernel gives it. A kernel of another language is always told of. Our own Python changes only
what names another language: who runs a notebook with a newer Python changes no file by that.
"""

from collections.abc import Mapping
from typing import Any

from tailrace.kernels import kernelspecs
from tailrace.kernels.kernelspecs import Kernelspec


def told(
    metadata: Mapping[str, Any], about: Mapping[str, Any], spec: Kernelspec | None
) -> dict[str, Any] | None:
    """The metadata as it is to be; None when it says all that already. `about` is the
    kernel's `language_info`, `spec` its kernelspec, None for Python as it is here."""
    wanted = dict(metadata)
    known = metadata.get("language_info")
    if spec is not None:
        before = metadata.get("kernelspec")
        language = spec.language or str(about.get("name") or "")
        words = {**kernelspecs.as_metadata(spec), "language": language}
        wanted["kernelspec"] = {**(before if isinstance(before, dict) else {}), **words}
        if about:
            wanted["language_info"] = dict(about)
    elif isinstance(known, dict) and not kernelspecs.is_python(str(known.get("name") or "")):
        wanted["language_info"] = dict(about)
    return None if wanted == metadata else wanted
