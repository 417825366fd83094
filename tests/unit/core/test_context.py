"""The running job of a context."""

import asyncio
import threading

import pytest

from rq.core import context


@pytest.fixture(autouse=True)
def outside_of_jobs():
    """Check that each test leaves the stack as it found it."""
    assert context.top() is None
    yield
    assert context.top() is None


def test_there_is_no_running_job_outside_of_jobs():
    assert context.pop() is None


def test_a_job_inside_a_job_hides_it_until_it_ends():
    context.push("outer")
    context.push("inner")
    assert context.top() == "inner"
    assert context.pop() == "inner"
    assert context.top() == "outer"
    assert context.pop() == "outer"


def test_another_thread_has_no_running_job():
    context.push("job")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(context.top()))
    thread.start()
    thread.join()
    context.pop()
    assert seen == [None]


def test_tasks_see_their_own_job_and_that_of_their_creator():
    async def run(name, seen):
        seen.append(context.top())
        context.push(name)
        await asyncio.sleep(0)
        seen.append(context.pop())

    async def main():
        context.push("creator")
        seen_by_a: list[object] = []
        seen_by_b: list[object] = []
        await asyncio.gather(run("a", seen_by_a), run("b", seen_by_b))
        return seen_by_a, seen_by_b, context.pop()

    assert asyncio.run(main()) == (["creator", "a"], ["creator", "b"], "creator")
