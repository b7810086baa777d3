"""What a notebook's metadata says of its kernel, after the kernel has said it itself."""

from typing import Any

from tailrace.kernels.kernelspecs import Kernelspec
from tailrace.session.kernel_words import told

BASH = Kernelspec("bash", "Bash", "bash", "/specs/bash")
SAYS = {"name": "bash", "file_extension": ".sh", "codemirror_mode": "shell"}


def test_a_kernel_of_another_language_is_told_of_as_jupyter_does() -> None:  # KER-50
    before: dict[str, Any] = {"kernelspec": {"name": "bash", "theirs": 1}, "title": "kept"}

    after = told(before, SAYS, BASH)

    words = {"name": "bash", "display_name": "Bash", "language": "bash", "theirs": 1}
    assert after == {"kernelspec": words, "title": "kept", "language_info": SAYS}
    assert told(after, SAYS, BASH) is None


def test_python_replaces_only_the_words_of_another_language() -> None:  # KER-50
    python = {"name": "python", "version": "3.13.1"}

    assert told({}, python, None) is None
    assert told({"language_info": {"name": "python", "version": "3.8"}}, python, None) is None
    assert told({"language_info": SAYS}, python, None) == {"language_info": python}
