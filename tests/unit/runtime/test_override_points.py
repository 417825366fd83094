"""Which methods of a worker somebody put something in the place of."""

from __future__ import annotations

from typing import Any

import pytest

from rq import SimpleWorker, Worker
from rq.runtime.override_points import OVERRIDE_POINTS, methods_of, replaced_points
from rq.worker import BaseWorker, HerokuWorker, RoundRobinWorker

AS_WRITTEN = methods_of(BaseWorker, Worker, SimpleWorker)


class Wrapper:
    """Pretends to be what it wraps, as the wrappers of tracers do."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __get__(self, instance: object, owner: type) -> Any:
        return self._wrapped.__get__(instance, owner)

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == other)

    def __hash__(self) -> int:
        return hash(self._wrapped)


def replaced(worker_class: type[BaseWorker]) -> frozenset[str]:
    return replaced_points(worker_class.__new__(worker_class), AS_WRITTEN)


@pytest.mark.parametrize("worker_class", [BaseWorker, Worker, SimpleWorker])
def test_nothing_is_replaced_as_it_comes(worker_class: type[BaseWorker]):
    assert replaced(worker_class) == frozenset()
    assert replaced(type("Own", (worker_class,), {"other": None})) == frozenset()


@pytest.mark.parametrize("name", OVERRIDE_POINTS)
def test_every_point_exists_and_is_noticed_when_a_subclass_overrides_it(name: str):
    assert callable(getattr(BaseWorker, name, None) or getattr(Worker, name))
    assert replaced(type("Own", (Worker,), {name: lambda *_: None})) == {name}


def test_what_our_own_further_classes_override_is_called():
    assert replaced(HerokuWorker) == {"setup_work_horse_signals", "handle_warm_shutdown_request"}
    assert replaced(RoundRobinWorker) == {"reorder_queues"}


@pytest.mark.parametrize("owner", [BaseWorker, Worker])
def test_a_wrapper_that_pretends_to_be_the_method_is_noticed(owner: type[BaseWorker], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(owner, "perform_job", Wrapper(owner.perform_job))
    assert replaced(Worker) == {"perform_job"}


def test_what_is_replaced_on_one_worker_is_noticed():
    worker = Worker.__new__(Worker)
    worker.handle_exception = print  # type: ignore[method-assign, assignment]
    assert replaced_points(worker, AS_WRITTEN) == {"handle_exception"}
