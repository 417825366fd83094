from __future__ import annotations

from types import SimpleNamespace

import pytest

from rq.core.errors import InvalidOptionError
from rq.job import Dependency
from rq.model.dependency import Dependencies, dependencies_of

JOB = SimpleNamespace(id="job")


def test_a_dependency_has_rqs_attributes():
    dependency = Dependency([JOB, "b"], allow_failure=True, enqueue_at_front=True)
    assert (dependency.dependencies, dependency.allow_failure, dependency.enqueue_at_front) == ([JOB, "b"], True, True)
    assert Dependency("a").dependencies == ["a"]
    assert Dependency(JOB).dependencies == [JOB]
    assert Dependency(name for name in "ab").dependencies == ["a", "b"]


@pytest.mark.parametrize("jobs", [[], (), None, [None], ["a", None], 5, b"a", [5], "", [""]], ids=repr)
def test_what_is_no_job_is_refused(jobs):
    with pytest.raises(InvalidOptionError):
        Dependency(jobs)


@pytest.mark.parametrize("on_failure", ["wait", "run", "cancel", "fail", None])
def test_a_dependency_says_what_happens_when_it_ends_badly(on_failure):
    assert Dependency("a", on_failure=on_failure).on_failure == (on_failure or "wait")


@pytest.mark.parametrize("options", [{"on_failure": "explode"}, {"on_failure": "fail", "allow_failure": True}, {"on_failure": "cancel", "allow_failure": True}])
def test_policies_that_make_no_sense_are_refused(options):
    with pytest.raises(InvalidOptionError, match="on_failure"):
        Dependency("a", **options)


@pytest.mark.parametrize(
    ("depends_on", "dependencies"),
    [
        (None, Dependencies()),
        ([], Dependencies()),
        ("a", Dependencies(("a",))),
        (JOB, Dependencies(("job",))),
        (["b", JOB, "a", "b"], Dependencies(("b", "job", "a"))),
        ((name for name in "ab"), Dependencies(("a", "b"))),
        (Dependency(["a", "b"], allow_failure=True), Dependencies(("a", "b"), True, False)),
        (["c", Dependency("a", enqueue_at_front=True)], Dependencies(("c", "a"), False, True)),
        (["a", Dependency("b", on_failure="fail"), Dependency("c", on_failure="wait")], Dependencies(("a", "b", "c"), False, False, {"b": "fail"})),
        (Dependency(["a", "b"], on_failure="run"), Dependencies(("a", "b"), False, False, {"*": "run"})),
        ([Dependency("a", on_failure="run"), Dependency("b", on_failure="fail")], Dependencies(("a", "b"), False, False, {"a": "run", "b": "fail"})),
        (Dependencies(("a",)), Dependencies(("a",))),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_all_that_a_job_waits_for_is_one_list_in_order_without_repetition(depends_on, dependencies):
    assert dependencies_of(depends_on) == dependencies


@pytest.mark.parametrize("depends_on", [5, [None], b"a", ["a", 5], {"a": 1}.items()], ids=repr)
def test_a_job_depends_on_nothing_else(depends_on):
    with pytest.raises(InvalidOptionError):
        dependencies_of(depends_on)
