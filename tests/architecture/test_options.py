"""Every door that takes the options of a job takes all of them."""

import inspect
from dataclasses import fields

import pytest

from rq import Queue
from rq.cli.commands.enqueue import enqueue
from rq.cli.job_options import JOB_OPTIONS, flag
from rq.client.enqueueing import OPTION_NAMES, CallOptions
from rq.client.prepared import EnqueueData
from rq.decorators import JobOptions, job
from rq.model.options import EnqueueOptions

THE_CALL = {"self", "func", "args", "kwargs"}

# What takes options, what else it takes, and the options that it does not take, because they are those of one job only, or of the whole call.
DOORS = {
    "Queue.enqueue_call": (set(inspect.signature(Queue.enqueue_call).parameters) - THE_CALL, set()),
    "rq.aio.Queue.enqueue_call": ({*CallOptions.__annotations__, "pipeline"}, set()),
    "EnqueueData": (set(EnqueueData._fields) - THE_CALL, {"pipeline"}),
    "using": (set(JobOptions.__annotations__), set()),
    "job": (set(inspect.signature(job).parameters) - {"queue", "connection", "queue_class"}, {"job_id", "pipeline"}),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_takes_every_option(door):
    taken, of_one_job = DOORS[door]
    assert taken | of_one_job == OPTION_NAMES
    assert not taken & of_one_job


def test_the_command_line_can_say_every_option():
    assert set(JOB_OPTIONS) == {field.name for field in fields(EnqueueOptions)}
    said = {flag(parameter) for row in JOB_OPTIONS.values() for parameter in row.options}
    assert said <= {written for parameter in enqueue.params for written in parameter.opts}


def test_the_decorator_has_the_positions_of_rq():
    positional = [name for name, parameter in inspect.signature(job).parameters.items() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    assert ", ".join(positional) == (
        "queue, connection, timeout, result_ttl, ttl, queue_class, depends_on, at_front, meta, description, failure_ttl, retry, "
        "on_failure, on_success, on_stopped, webhooks"
    )
