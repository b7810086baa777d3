"""When two paths name the same interpreter of the same environment."""

import os


def is_same(one: str, other: str) -> bool:
    """`bin/python` and `bin/python3` of one environment are; two environments whose links
    lead to one installation are not."""
    if one == other:
        return True
    return os.path.dirname(one) == os.path.dirname(other) and os.path.realpath(
        one
    ) == os.path.realpath(other)
