"""`import rq` resolves its names when they are first asked for, and looks as if everything were loaded."""

import importlib
import subprocess
import sys

import pytest

import rq


@pytest.mark.parametrize("name", [*rq._DOORS, "worker.base", "worker.worker_classes"])
def test_a_door_is_an_attribute_after_a_plain_import(name):
    script = f"import rq; print(rq.{name}.__name__)"
    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == f"rq.{name}"


def test_a_star_import_gives_rqs_names():
    script = "from rq import *; print(Callback, Queue, Repeat, Retry, SimpleWorker, SpawnWorker, Webhook, Worker, cancel_job, get_current_job, requeue_job)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_export_is_that_of_its_door():
    for name, door in rq._EXPORTS.items():
        assert getattr(rq, name) is getattr(importlib.import_module(door), name)


def test_what_rq_exports_is_listed():
    assert {*rq.__all__, *rq._EXPORTS, *rq._DOORS} <= set(dir(rq))


def test_a_name_rq_does_not_have_is_an_attribute_error():
    assert not hasattr(rq, "nope")


def test_the_version_is_that_of_the_distribution():
    assert rq.__version__ == rq.VERSION
