"""The rules that every Lua script keeps, read off its text."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from rq.core.errors import StoreError
from rq.core.keys import TEMPLATES, Keyspace
from rq.model.states import TRANSITIONS
from rq.store.scripts import HEADER_FIELDS, ScriptLibrary, check_header, script_names, script_source

LIBRARY_NAMES = sorted(f"lib/{entry.name.removesuffix('.lua')}" for entry in (resources.files("rq.store") / "lua" / "lib").iterdir())
EVERY_FILE = [*script_names(), *LIBRARY_NAMES]
MOST_LINES = 120

# Scripts that change no job's state: workers come and go, registries forget, somebody looks, locks are taken, messages are sent; what is changed by hand.
NO_TRANSITION = {
    *("birth", "death", "sweep", "sweep_groups", "expired_workers", "update_hash"),
    *("list_worker", "unlist_worker", "forget_workers", "acquire_lock", "release_lock"),
    *("take_deliveries", "end_delivery"),
    *("cron_register", "cron_beat", "cron_pause", "cron_resume"),
    *("compact", "forget_queue", "expire", "register_dependencies", "enlist", "forget_expired", "write_execution", "end_executions", "add_result"),
    *("pause", "resume", "paused", "tell_worker"),
    "save",  # its caller says which state
}
# Producers are meant to be refused by a full server; everybody else is not.
PRODUCERS = {"enqueue", "enqueue_many", "requeue", "save", "cron_tick"}

COMMAND = re.compile(r"(?:redis\.p?call|try)\(\s*'([A-Z]+)'")
READS = {
    *("EXISTS", "GET", "HGET", "HGETALL", "HMGET", "LLEN", "LRANGE", "TIME", "TYPE"),
    *("ZCARD", "ZRANGE", "ZRANGEBYSCORE", "ZSCORE", "SMEMBERS", "SISMEMBER", "SRANDMEMBER", "SSCAN", "TTL", "LPOS", "HEXISTS", "HLEN", "SCARD"),
}
NEVER_REFUSED = {"DEL", "EXPIRE", "HDEL", "LPOP", "LREM", "LTRIM", "PERSIST", "RPOP", "SREM", "ZREM", "UNLINK"}


def body_of(name: str) -> str:
    """A file without its comments."""
    lines = script_source(name).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))


@pytest.mark.parametrize("name", script_names())
def test_every_script_says_in_its_header_what_it_does(name: str):
    source = script_source(name)
    check_header(name, source)
    assert re.match(r"-- [A-Z][^\0]*?\.\n-- From:", source), "the header begins with sentences"


@pytest.mark.parametrize("field", HEADER_FIELDS)
def test_a_script_whose_header_lacks_a_field_is_refused(field: str):
    source = "\n".join(f"-- {name} something" for name in HEADER_FIELDS if name != field)
    with pytest.raises(StoreError, match=f"bad.lua has no '{field}'"):
        check_header("bad", source)


@pytest.mark.parametrize("name", LIBRARY_NAMES)
def test_every_shared_step_says_what_it_is_for(name: str):
    assert script_source(name).startswith("-- ")


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_lua_file_is_short(name: str):
    assert len(script_source(name).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_script_contains_the_name_of_a_key(name: str):
    literals = re.findall(r"'((?:[^'\\]|\\.)*)'", body_of(name))
    first_words = {template.split(":")[0] + ":" for template in TEMPLATES.values() if ":" in template}
    assert not [text for text in literals if "rq:" in text or any(text.startswith(word) for word in first_words)]


@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_script_decodes_what_users_wrote(name: str):
    assert not re.search(r"\bcjson\b|\bcmsgpack\b|\bloadstring\b", body_of(name))


@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_script_asks_for_the_time_by_itself(name: str):
    commands = COMMAND.findall(body_of(name))
    assert "TIME" not in commands or name == "lib/server_time"
    assert body_of(name).count("server_time()") <= 1


@pytest.mark.parametrize("name", EVERY_FILE)
def test_only_the_steps_made_for_it_swallow_errors(name: str):
    # redis.pcall would also swallow that this user has no permission, and a good id would be taken for a bad one. To tell others changes no data.
    swallowed = body_of(name).split("redis.pcall")[1:]
    assert name == "lib/try" or swallowed == [] or (name == "lib/tell" and all(call.startswith("('PUBLISH', ") for call in swallowed))


@pytest.mark.parametrize("name", [name for name in script_names() if name not in PRODUCERS])
def test_the_first_write_of_a_workers_script_is_never_refused_for_lack_of_memory(name: str):
    main = re.sub(r"(?ms)^local function .*?^end$", "", body_of(name))
    writes = [command for command in COMMAND.findall(main) if command not in READS]
    assert not writes or writes[0] in NEVER_REFUSED


@pytest.mark.parametrize("name", script_names())
def test_every_script_that_changes_a_jobs_state_has_a_row_in_the_table_and_says_the_same(name: str):
    rows = [row for row in TRANSITIONS if row.name == name]
    assert len(rows) == (0 if name in NO_TRANSITION else 1)
    for row in rows:
        header = {line.split(":")[0]: line for line in script_source(name).splitlines() if line.startswith("-- ")}
        for target in row.targets:
            assert ("no such job" if target is None else target.value) in header["-- To"]


def test_every_row_of_the_table_has_a_script():
    assert {row.name for row in TRANSITIONS} <= set(script_names())


@pytest.mark.parametrize("name", script_names())
def test_the_text_of_a_script_follows_from_the_keyspace_alone(name: str):
    plain, tagged = (ScriptLibrary(Keyspace(prefix)).script(name) for prefix in ("rq:", "{rq}:"))
    assert plain.text.replace("'rq:", "'{rq}:") == tagged.text
    assert (plain.sha != tagged.sha) == ("'rq:" in plain.text)
    assert not [line for line in plain.text.splitlines() if line.startswith("--")]


LUA_WORDS = {
    *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat", "return", "then"),
    *("true", "until", "while"),
}
LUA_GLOBALS = {"redis", "KEYS", "ARGV", "tonumber", "string", "math", "table", "ipairs", "unpack", "type", "error", "pcall"}


# What defines names: local variables, functions and their arguments, loops.
LUA_DEFINITION = re.compile(r"\blocal (?!function\b)([\w, ]+)|\bfunction\b *(\w*)\(([\w, .]*)\)|\bfor ([\w, ]+?) (?:in|=)")


@pytest.mark.parametrize("name", script_names())
def test_a_script_names_nothing_that_it_does_not_define(name: str):
    """A branch that is seldom taken would be the first to miss it."""
    text = re.sub(r"'(?:[^'\\]|\\.)*'|--.*", " ", ScriptLibrary(Keyspace()).script(name).text)
    defined = {word for groups in LUA_DEFINITION.findall(text) for word in re.findall(r"\w+", " ".join(groups))}
    fields_of_tables = set(re.findall(r"[{,]\s*(\w+) =", text))
    named = set(re.findall(r"(?<![\w.:])[A-Za-z_]\w*", text))
    assert named - defined - fields_of_tables - LUA_WORDS - LUA_GLOBALS == set()
