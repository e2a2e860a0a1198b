"""What the limits of a configuration are written with."""

from __future__ import annotations

from tilewright.hw.spec.errors import RequestError


def require(condition: bool, message: str) -> None:
    """Raise RequestError with ``message`` unless ``condition`` holds."""
    if not condition:
        raise RequestError(f"configuration: {message}")


def next_power_of_two(value: int) -> int:
    """Smallest power of two that is at least ``value`` (>= 1)."""
    return 1 << (value - 1).bit_length()


def is_power_of_two(value: int) -> bool:
    """Whether ``value`` is one of 1, 2, 4, ..."""
    return value > 0 and value & (value - 1) == 0
