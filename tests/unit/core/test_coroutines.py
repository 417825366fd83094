"""A coroutine where a plain value is wanted."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from rq.core.coroutines import completed

word = ContextVar("word", default="nothing")


async def where() -> tuple[str, int]:
    await asyncio.sleep(0)
    return word.get(), threading.get_ident()


async def fail() -> None:
    raise ZeroDivisionError


def test_a_plain_value_is_returned_as_it_is() -> None:
    value = object()
    assert completed(value) is value


def test_a_coroutine_runs_here_with_the_context_of_its_caller() -> None:
    token = word.set("hello")
    try:
        assert completed(where()) == ("hello", threading.get_ident())
    finally:
        word.reset(token)


def test_a_coroutine_runs_in_another_thread_where_an_event_loop_is_busy() -> None:
    async def program() -> tuple[str, int]:
        word.set("hello")
        found: tuple[str, int] = completed(where())
        return found

    said, thread = asyncio.run(program())
    assert said == "hello"
    assert thread != threading.get_ident()


def test_what_a_coroutine_raises_is_raised() -> None:
    async def program() -> None:
        completed(fail())

    with pytest.raises(ZeroDivisionError):
        completed(fail())
    with pytest.raises(ZeroDivisionError):
        asyncio.run(program())


def test_the_event_loop_of_the_thread_is_left_as_it_was() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        completed(where())
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()
