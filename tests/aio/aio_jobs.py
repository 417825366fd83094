"""What the tests of the asyncio client decorate."""

from __future__ import annotations


def multiply(left: int, right: int) -> int:
    return left * right
