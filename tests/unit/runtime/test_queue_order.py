"""Which queue comes first in the next claim."""

from __future__ import annotations

import pytest

from rq.core.errors import InvalidOptionError
from rq.runtime.queue_order import DequeueStrategy, FixedOrder, reordered, strategy_named

QUEUES = ["a", "b", "c"]


@pytest.mark.parametrize(("served", "order"), [("a", "bca"), ("b", "cab"), ("c", "abc"), ("of another worker", "abc")])
def test_in_turn_the_queue_that_was_served_comes_last(served: str, order: str):
    assert "".join(reordered(QUEUES, served, DequeueStrategy.ROUND_ROBIN)) == order


def test_by_default_the_order_stays():
    assert reordered(QUEUES, "a", DequeueStrategy.DEFAULT) == QUEUES


def test_a_random_order_has_all_queues_and_changes():
    orders = {tuple(reordered(QUEUES, "a", DequeueStrategy.RANDOM)) for _ in range(200)}
    assert all(sorted(order) == QUEUES for order in orders)
    assert len(orders) == 6


def test_a_fixed_order_does_not_care_which_queue_was_served():
    order = FixedOrder(QUEUES)
    order.note_served("a")
    assert order.names() == QUEUES


def test_a_strategy_has_rqs_name():
    assert strategy_named("round_robin") is DequeueStrategy.ROUND_ROBIN
    assert strategy_named(DequeueStrategy.RANDOM).value == "random"
    with pytest.raises(InvalidOptionError, match="use default, round_robin or random"):
        strategy_named("fair")
