"""What the tests of the client enqueue."""

from __future__ import annotations

from typing import Any


def add(a: int, b: int = 0) -> int:
    return a + b


def anything(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    return args, kwargs


class Greeter:
    """Its methods and its objects can be enqueued."""

    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    def greet(self, name: str) -> str:
        return f"{self.greeting} {name}"

    def __call__(self, name: str) -> str:
        return self.greet(name)

    @staticmethod
    def shout(name: str) -> str:
        return name.upper()
