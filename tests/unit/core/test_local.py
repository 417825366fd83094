"""Values that every context has for itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from rq.local import Local, LocalManager, LocalProxy, LocalStack, release_local


def in_a_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def test_a_thread_does_not_see_what_another_one_set():
    local, stack = Local(), LocalStack()
    local.user = "Ada"
    stack.push("job")
    assert in_a_thread(lambda: (hasattr(local, "user"), stack.top)) == (False, None)
    assert (local.user, stack.top) == ("Ada", "job")


def test_a_task_sees_what_its_starter_set_and_keeps_its_own_changes_to_itself():
    local, stack = Local(), LocalStack()

    async def change():
        seen = (local.user, stack.top)
        local.user = "Bob"
        stack.push("inner")
        return seen

    async def main():
        local.user = "Ada"
        stack.push("outer")
        seen = await asyncio.create_task(change())
        return seen, (local.user, stack.top)

    assert asyncio.run(main()) == (("Ada", "outer"), ("Ada", "outer"))


def test_a_stack_gives_back_the_last_first_and_then_none():
    stack = LocalStack()
    assert stack.push(1) == [1]
    assert stack.push(2) == [1, 2]
    assert len(stack) == 2
    assert [stack.pop(), stack.pop(), stack.pop(), stack.top] == [2, 1, None, None]


def test_an_attribute_that_was_not_set_or_was_deleted_is_none_of_a_local():
    local = Local()
    local.x = 1
    assert list(local) == [("x", 1)]
    del local.x
    with pytest.raises(AttributeError, match="x"):
        local.x  # noqa: B018 - asking for it is what is tested
    with pytest.raises(AttributeError, match="x"):
        del local.x


def test_releasing_empties_what_a_manager_knows():
    local, stack = Local(), LocalStack()
    local.x = 1
    stack.push(1)
    manager = LocalManager([local, stack])
    assert repr(manager) == "<LocalManager storages: 2>"
    assert LocalManager(local).locals == [local]
    assert manager.get_ident() != in_a_thread(manager.get_ident)
    manager.cleanup()
    assert (list(local), stack.top) == ([], None)
    stack.push(2)
    release_local(stack)
    assert len(stack) == 0


def test_a_proxy_is_used_like_what_it_stands_for():
    local = Local()
    proxy = local("numbers")
    local.numbers = [3, 1, 2]
    proxy.sort()
    proxy[0] = 10
    assert proxy == [10, 2, 3]
    assert (len(proxy), list(proxy), 10 in proxy, str(proxy), repr(proxy)) == (3, [10, 2, 3], True, "[10, 2, 3]", "[10, 2, 3]")
    local.numbers = 5
    assert (int(proxy), proxy + 1, proxy * 2, -proxy, proxy > 4, bool(proxy), hash(proxy)) == (5, 6, 10, -5, True, True, hash(5))
    local.numbers = dict
    assert proxy(a=1) == {"a": 1}


def test_a_proxy_of_a_stack_follows_its_top():
    stack = LocalStack()
    proxy = stack()
    stack.push("one")
    assert proxy.upper() == "ONE"
    stack.push("two")
    assert proxy == "two"
    assert LocalProxy(lambda: 7) == 7


def test_a_proxy_of_nothing_says_so():
    proxy, other = LocalStack()(), Local()("name")
    assert (repr(proxy), bool(proxy), dir(proxy)) == ("<LocalProxy unbound>", False, [])
    with pytest.raises(RuntimeError, match="object unbound"):
        proxy.anything  # noqa: B018 - asking for it is what is tested
    with pytest.raises(RuntimeError, match="no object bound to name"):
        other.anything  # noqa: B018 - likewise
