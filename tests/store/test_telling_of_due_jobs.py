"""Who waits is told of a job that is due before he would look by himself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.harness import START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.store.harness import Store


@pytest.fixture
def told(store: Store) -> Iterator[Callable[[], int]]:
    """Answers how often those who listen for the queue `q` were told since this was asked last."""
    with store.client.pubsub() as subscription:
        subscription.subscribe(store.keys.wakes("q"))
        assert subscription.get_message(timeout=5)

        def count() -> int:
            store.client.publish(store.keys.wakes("q"), "the end")
            messages = iter(lambda: subscription.get_message(timeout=5), None)
            return sum(1 for _ in iter(lambda: next(messages)["data"], b"the end"))

        yield count


def test_a_job_that_is_due_at_once_is_nobodys_news_but_the_queues(store: Store, told: Callable[[], int]):
    store.enqueue("a")
    assert told() == 0


def test_a_job_that_is_due_soon_is_told_of(store: Store, told: Callable[[], int]):
    store.enqueue("a", due=START + 0.2)
    assert told() == 1


def test_a_job_that_is_due_already_is_told_of(store: Store, told: Callable[[], int]):
    store.enqueue("a", due=START - 100)
    assert told() == 1


def test_a_job_that_is_due_later_is_found_in_time(store: Store, told: Callable[[], int]):
    store.enqueue("a", due=START + 3)
    assert told() == 0


def test_a_job_that_is_due_after_another_is_no_news(store: Store, told: Callable[[], int]):
    store.enqueue("a", due=START + 0.2)
    store.enqueue("b", due=START + 0.3)
    assert told() == 1
    store.enqueue("c", due=START + 0.1)
    assert told() == 1


def test_many_jobs_in_due_order_are_told_of_once(store: Store, told: Callable[[], int]):
    store.enqueue_many(*(store.new_job(f"j{number}", due=START + 0.2 + number / 1000) for number in range(100)))
    assert told() == 1


def test_a_retry_soon_is_told_of(store: Store, told: Callable[[], int]):
    store.retry(store.start("a", retries_left=3), 3, delay=1)
    assert (store.status("a"), told()) == ("scheduled", 1)


def test_a_retry_that_the_function_asked_for_is_told_of(store: Store, told: Callable[[], int]):
    store.ask(store.start("a"), delay=1)
    assert (store.status("a"), told()) == ("scheduled", 1)


def test_a_repetition_soon_is_told_of(store: Store, told: Callable[[], int]):
    store.repeat(store.start("a", repeats_left=3), 1)
    assert (store.status("a"), told()) == ("scheduled", 1)


def test_a_job_whose_parent_ends_just_before_it_is_due_is_told_of(store: Store, told: Callable[[], int]):
    attempt = store.start("p")
    store.enqueue("c", due=START + 1, after=["p"])
    assert told() == 0
    store.finish(attempt)
    assert (store.status("c"), told()) == ("scheduled", 1)


def test_who_waits_is_told_that_a_queue_was_resumed(store: Store, told: Callable[[], int]):
    store.pause("q")
    store.resume("q", "other", workers=["q"])
    assert told() == 1
