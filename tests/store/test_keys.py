"""The names of keys, in Python and in Lua."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rq.core.keys import TEMPLATES, Keyspace, current_keyspace, lua_functions

if TYPE_CHECKING:
    import redis

PREFIXES = ["rq:", "{rq}:", "", 'it\'s a \\ "prefix"\n\r[[x]] -- ', "\u00e9:", "{}:"]
ARGUMENTS = ("a:b", "{c}\n'\\")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_python_and_lua_name_every_key_the_same(redis_client: redis.Redis, prefix: str):
    keys = Keyspace(prefix)
    for template, shape in TEMPLATES.items():
        arguments = ARGUMENTS[: shape.count("{}")]
        call = f"return {template}_key({', '.join(f'ARGV[{place + 1}]' for place in range(len(arguments)))})"
        named = redis_client.eval(f"{lua_functions(prefix)}\n{call}", 0, *arguments)
        assert named.decode() == keys.name(template, *arguments), template


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_key_begins_with_the_prefix_and_names_its_arguments(prefix: str):
    keys = Keyspace(prefix)
    for template, shape in TEMPLATES.items():
        arguments = ARGUMENTS[: shape.count("{}")]
        assert keys.name(template, *arguments) == prefix + shape.replace("{}", "%s") % arguments


def test_the_named_accessors_agree_with_the_table():
    keys = Keyspace()
    assert keys.queue("q") == "rq:queue:q"
    assert keys.intermediate("q") == "rq:queue:q:intermediate"
    assert keys.job("a") == "rq:job:a"
    assert keys.dependents("a") == "rq:job:a:dependents"
    assert keys.dependencies("a") == "rq:job::a:dependencies"
    assert keys.results("a") == "rq:results:a"
    assert keys.executions("a") == "rq:executions:a"
    assert keys.execution("a", "e") == "rq:execution:a:e"
    assert keys.worker("w") == "rq:worker:w"
    assert keys.queue_workers("q") == "rq:workers:q"
    assert keys.commands("w") == "rq:pubsub:w"
    assert [keys.queues, keys.workers, keys.suspended] == ["rq:queues", "rq:workers", "rq:suspended"]
    assert keys.registry("wip", "q") == "rq:wip:q"


def test_what_rq_does_not_know_stands_apart():
    keys = Keyspace()
    ours = [keys.paused, keys.presence, keys.held("w"), keys.caught("q"), keys.bad("q"), keys.name("ended", "a"), keys.test_clock]
    assert all(key.startswith("rq:x:") for key in ours)


def test_the_prefix_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RQ_KEY_PREFIX", "{other}:")
    assert current_keyspace().job("a") == "{other}:job:a"
    monkeypatch.setenv("RQ_KEY_PREFIX", "")
    assert current_keyspace() == Keyspace("rq:")
