"""Every key name of one keyspace, in Python and in Lua, from one table.

The names are RQ 2.12's (`rq:job:<id>`, `rq:queue:<name>`, ...); what this package needs beyond stands under `rq:x:`, where RQ never looks. `Keyspace` builds
them in Python; `lua_functions` writes the same table as Lua functions, which the script loader pastes into every script. Nothing else contains a key name.

A prefix with a hash tag (`{rq}:`) puts all keys of a keyspace into one slot, so that every script also runs on a cluster.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rq.core.defaults import DEFAULT_KEY_PREFIX

# name -> the name behind the prefix, with {} for each argument. The double colon of `dependencies` is RQ's.
TEMPLATES: dict[str, str] = {
    "queues": "queues",
    "queue": "queue:{}",
    "intermediate": "queue:{}:intermediate",
    "first_seen": "queue:{}:intermediate:first_seen:{}",
    "job": "job:{}",
    "dependents": "job:{}:dependents",
    "dependencies": "job::{}:dependencies",
    "results": "results:{}",
    "groups": "groups",
    "group": "group:{}",
    "wip": "wip:{}",
    "finished": "finished:{}",
    "failed": "failed:{}",
    "deferred": "deferred:{}",
    "scheduled": "scheduled:{}",
    "canceled": "canceled:{}",
    "registry": "registry:{}",
    "executions": "executions:{}",
    "execution": "execution:{}:{}",
    "suspended": "suspended",
    "maintenance_lock": "clean_registries:{}",
    "scheduler_lock": "scheduler-lock:{}",
    "scheduler": "scheduler:{}",
    "workers": "workers",
    "queue_workers": "workers:{}",
    "worker": "worker:{}",
    "cron_jobs": "cron_jobs",
    "cron_history": "cron_job:{}:jobs",
    "cron_schedulers": "cron_schedulers",
    "cron_scheduler": "cron_scheduler:{}",
    "commands": "pubsub:{}",
    "wakes": "pubsub:x:{}",
    "presence": "x:workers",
    "held": "x:worker:{}",
    "caught": "x:caught:{}",
    "paused": "x:paused",
    "promoter": "x:promoter:{}",
    "ended": "x:ended:{}",
    "bad": "x:bad:{}",
    "pending": "x:pending:{}",
    "releases": "x:releases",
    "outbox": "x:outbox",
    "deliveries": "x:deliveries",
    "crons": "x:crons",
    "cron": "x:cron:{}",
    "cron_template": "x:cron_template:{}",
    "cron_switch": "x:cron_switch:{}",
    "nothing": "x:-",
    "test_clock": "x:test_clock",
}


@dataclass(frozen=True, slots=True)
class Keyspace:
    """The names of all keys under one prefix.

    Args:
        prefix: what every key begins with, `rq:` as in RQ. With a hash tag, `{rq}:`, all keys share one cluster slot.
    """

    prefix: str = DEFAULT_KEY_PREFIX
    _parts: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Split every template once, so that building a name is one concatenation."""
        parts = {name: _parts(self.prefix, template) for name, template in TEMPLATES.items()}
        object.__setattr__(self, "_parts", parts)

    def name(self, template: str, *arguments: str) -> str:
        """Return the key of `template` (a key of `TEMPLATES`) with its `arguments` filled in."""
        parts = self._parts[template]
        if not arguments:
            return parts[0]
        if len(arguments) == 1:
            return parts[0] + arguments[0] + parts[1]
        return parts[0] + arguments[0] + parts[1] + arguments[1] + parts[2]

    @property
    def queues(self) -> str:
        """The set of the keys of all queues."""
        return self._parts["queues"][0]

    @property
    def suspended(self) -> str:
        """Exists while no worker may take new jobs."""
        return self._parts["suspended"][0]

    @property
    def workers(self) -> str:
        """The set of the keys of all workers."""
        return self._parts["workers"][0]

    @property
    def presence(self) -> str:
        """The zset of our workers, scored by the end of their lease."""
        return self._parts["presence"][0]

    @property
    def test_clock(self) -> str:
        """The number that tests put in the place of the server's time."""
        return self._parts["test_clock"][0]

    def queue(self, queue_name: str) -> str:
        """The list of waiting job ids; the head runs next."""
        return self.name("queue", queue_name)

    def intermediate(self, queue_name: str) -> str:
        """RQ's list of ids between pop and start; ours only repair it."""
        return self.name("intermediate", queue_name)

    def job(self, job_id: str) -> str:
        """The hash of a job."""
        return self.name("job", job_id)

    def dependents(self, job_id: str) -> str:
        """The set of ids that wait for a job."""
        return self.name("dependents", job_id)

    def dependencies(self, job_id: str) -> str:
        """The set of ids a job waits for."""
        return self.name("dependencies", job_id)

    def results(self, job_id: str) -> str:
        """The stream of a job's results."""
        return self.name("results", job_id)

    def of_new_job(self, job_id: str, queue_name: str) -> tuple[str, str, str, str]:
        """The keys of a job that enters a queue: its hash, the list, the registry of scheduled jobs, and the set of queues."""
        parts = self._parts
        (job, job_end), (queue, queue_end), (scheduled, scheduled_end) = parts["job"], parts["queue"], parts["scheduled"]
        return job + job_id + job_end, queue + queue_name + queue_end, scheduled + queue_name + scheduled_end, parts["queues"][0]

    def registry(self, kind: str, queue_name: str) -> str:
        """The zset of a registry: `wip`, `finished`, `failed`, `deferred`, `scheduled` or `canceled`; and `registry` for none of these."""
        return self.name(kind, queue_name)

    def executions(self, job_id: str) -> str:
        """The zset of a job's running executions."""
        return self.name("executions", job_id)

    def execution(self, job_id: str, execution_id: str) -> str:
        """The hash of one execution."""
        return self.name("execution", job_id, execution_id)

    def worker(self, worker_name: str) -> str:
        """The hash of a worker."""
        return self.name("worker", worker_name)

    def queue_workers(self, queue_name: str) -> str:
        """The set of the keys of the workers that listen on a queue."""
        return self.name("queue_workers", queue_name)

    def commands(self, worker_name: str) -> str:
        """The channel on which a worker hears commands."""
        return self.name("commands", worker_name)

    def wakes(self, queue_name: str) -> str:
        """The channel on which workers hear that a queue is worth a look."""
        return self.name("wakes", queue_name)

    def held(self, worker_name: str) -> str:
        """What one of our workers has: its incarnation, its last claim and the executions it holds."""
        return self.name("held", worker_name)

    def caught(self, queue_name: str) -> str:
        """The head of a queue on its way: ids that woke waiting workers and were not claimed yet, the first one first."""
        return self.name("caught", queue_name)

    @property
    def paused(self) -> str:
        """The zset of the queues and workers that are paused, scored by when that ends."""
        return self._parts["paused"][0]

    @property
    def groups(self) -> str:
        """The set of the names of all groups."""
        return self._parts["groups"][0]

    def group(self, group_name: str) -> str:
        """The set of the ids of a group's jobs."""
        return self.name("group", group_name)

    def pending(self, job_id: str) -> str:
        """The set of ids whose end a deferred job still needs."""
        return self.name("pending", job_id)

    @property
    def releases(self) -> str:
        """Notes about ended jobs that not all of their dependents have heard of: job id -> how it ended, and how far the telling has come."""
        return self._parts["releases"][0]

    @property
    def outbox(self) -> str:
        """The zset of what is to be sent to others, scored by when it is to be tried next."""
        return self._parts["outbox"][0]

    @property
    def deliveries(self) -> str:
        """The hash of the bodies of what is to be sent."""
        return self._parts["deliveries"][0]

    @property
    def cron_jobs(self) -> str:
        """The zset of the names of all cron jobs, scored by when each was enqueued last."""
        return self._parts["cron_jobs"][0]

    def cron_history(self, cron_name: str) -> str:
        """The zset of the ids of the jobs that a cron job became, scored by when."""
        return self.name("cron_history", cron_name)

    @property
    def cron_schedulers(self) -> str:
        """The zset of the names of the cron processes, scored by their last sign of life."""
        return self._parts["cron_schedulers"][0]

    def cron_scheduler(self, scheduler_name: str) -> str:
        """The hash of a cron process."""
        return self.name("cron_scheduler", scheduler_name)

    @property
    def crons(self) -> str:
        """The zset of the identities of all cron jobs, scored by when a process last said that it has them."""
        return self._parts["crons"][0]

    def cron(self, identity: str) -> str:
        """The hash of a cron job: what it is, and how far its ticks have come."""
        return self.name("cron", identity)

    def cron_template(self, identity: str) -> str:
        """The hash of the job that each tick of a cron job becomes, as far as all of these are alike."""
        return self.name("cron_template", identity)

    def cron_switch(self, cron_name: str) -> str:
        """The hash that says whether the cron jobs of a name are paused, and when they were resumed."""
        return self.name("cron_switch", cron_name)

    def bad(self, queue_name: str) -> str:
        """Ids set aside because their data cannot be read."""
        return self.name("bad", queue_name)


def current_keyspace() -> Keyspace:
    """Return the keyspace that `RQ_KEY_PREFIX` names at this moment, RQ's own if it is unset or empty."""
    return _keyspace(os.environ.get("RQ_KEY_PREFIX") or DEFAULT_KEY_PREFIX)


@lru_cache(maxsize=64)
def _keyspace(prefix: str) -> Keyspace:
    return Keyspace(prefix)


def lua_functions(prefix: str) -> str:
    """Return the table above as Lua: one local function `<name>_key(...)` for each template, bound to `prefix`."""
    lines = []
    for name in TEMPLATES:
        arguments = "ab"[: TEMPLATES[name].count("{}")]
        lines.append(f"local function {name}_key({', '.join(arguments)}) return {_lua_expression(prefix, name, arguments)} end")
    return "\n".join(lines)


def inline_keys(source: str, prefix: str) -> str:
    """Return a Lua text in which each call of one of those functions is replaced by what the function would return. As a value, a function keeps its name."""
    whole, at = [], 0
    while call := _KEY_CALL.search(source, at):
        arguments, end = _arguments(source, call.end())
        terms = [argument if argument.isidentifier() else f"({inline_keys(argument, prefix)})" for argument in arguments]
        whole += [source[at : call.start()], f"({_lua_expression(prefix, call[1], terms)})"]
        at = end
    return "".join([*whole, source[at:]])


def _lua_expression(prefix: str, name: str, terms: Sequence[str]) -> str:
    """Return a key as a Lua expression; `terms` are those of its arguments.

    Raises:
        ValueError: there are more or fewer than the key has arguments.
    """
    first, *rest = _parts(prefix, TEMPLATES[name])
    pieces = [_lua_string(first)]
    for term, part in zip(terms, rest, strict=True):
        pieces += [term, _lua_string(part)] if part else [term]
    return " .. ".join(pieces)


_KEY_CALL = re.compile(rf"(?<!function )\b({'|'.join(TEMPLATES)})_key\(")
_LUA_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|.", re.DOTALL)


def _arguments(source: str, at: int) -> tuple[list[str], int]:
    """Return the arguments of a call whose opening parenthesis stands before `at`, and where the text goes on behind the closing one."""
    arguments, depth = [""], 0
    for token in _LUA_TOKEN.finditer(source, at):
        text = token[0]
        if depth == 0 and text == ")":
            return [argument.strip() for argument in arguments if argument.strip()], token.end()
        depth += (text in "([{") - (text in ")]}")
        if depth == 0 and text == ",":
            arguments.append("")
        else:
            arguments[-1] += text
    message = f"A call of a key function is not closed: {source[at : at + 40]}"
    raise ValueError(message)


def _parts(prefix: str, template: str) -> tuple[str, ...]:
    first, *rest = template.split("{}")
    return (prefix + first, *rest)


def _lua_string(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"
