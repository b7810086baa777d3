"""Somebody's JSON as a value that every wire of ours can carry."""

from typing import Any


def fitting(value: Any) -> Any:
    """`value` with integers beyond 64 bits as floating-point numbers, as JavaScript has them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else _nearest(value)
    if isinstance(value, dict):
        return {str(key): fitting(each) for key, each in value.items()}
    if isinstance(value, list):
        return [fitting(each) for each in value]
    return value


def _nearest(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
