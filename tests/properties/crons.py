"""Cron processes, each of which computes ticks by itself, and those who pause and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from rq.model.record import JobRecord
from rq.store.codec import encode_new_job
from rq.store.cron import CronKey, beat_cron, enqueue_tick, pause_cron, register_cron_job, resume_cron
from rq.store.replies import Enqueued
from tests.properties.cron_model import CronModel
from tests.properties.orders import Orders
from tests.properties.producers import flat
from tests.properties.setup import fates, jobs, queues
from tests.properties.wire import Fate, Message

if TYPE_CHECKING:
    from rq.core.errors import CorruptDataError

# Two that share a name, and one that has its own.
KEYS = (CronKey("i1", "n1"), CronKey("i2", "n1"), CronKey("i3", "n2"))

keys = st.sampled_from(KEYS)
names = st.sampled_from(["n1", "n2"])


class Crons(Orders):
    """Ticks become jobs, each of them one."""

    def __init__(self) -> None:
        super().__init__()
        self.cron = CronModel(self.fleet.model)

    @rule(key=keys, queue=queues, fate=fates)
    def register_a_cron_job(self, key: CronKey, queue: str, fate: Fate) -> None:
        template = JobRecord("template", data=b"call", origin=queue, timeout=180)
        about = {"name": key.name, "queue": queue}
        call = register_cron_job(self.scripts, key.identity, about, template)
        written = flat(encode_new_job(template))
        self.fleet.send(Message("register cron job", call, lambda: self.cron.register(key.identity, about, written)), fate)

    @rule(process=st.sampled_from(["p1", "p2"]), has=st.lists(keys, unique=True, max_size=3), tells=st.booleans(), fate=fates)
    def a_cron_process_lives(self, process: str, has: list[CronKey], tells: bool, fate: Fate) -> None:
        fields = {"name": process, "pid": "1"} if tells else None
        call = beat_cron(self.scripts, process, has, fields)
        self.fleet.send(Message("cron beat", call, lambda: self.cron.beat(process, tuple(has), fields)), fate)

    @rule(key=keys, job_id=jobs, queue=queues, behind=st.sampled_from([0, 0, 5, 10, 60, -2, None]), front=st.booleans(), fate=fates)
    def a_tick_is_sent(self, key: CronKey, job_id: str, queue: str, behind: int | None, front: bool, fate: Fate) -> None:
        """`behind`: how long ago it was due by the process's last look at the clock; None for a run now."""
        tick = None if behind is None else int(self.fleet.model.now) - behind
        self._send_tick(key, tick, job_id, queue, fate, front=front)

    @rule(key=keys, queue=queues, first=fates, second=fates)
    def two_processes_send_the_same_tick(self, key: CronKey, queue: str, first: Fate, second: Fate) -> None:
        """The second one a while later; and then the next tick."""
        self.register_a_cron_job(key, queue, Fate.OK)
        tick = int(self.fleet.model.now)
        self._send_tick(key, tick, "a", queue, first)
        self._send_tick(key, tick, "b", queue, second)
        self.fleet.pass_time(5)
        self._send_tick(key, tick + 5, "c", queue, first)

    @rule(key=keys, queue=queues, fate=fates, is_long_ago=st.booleans())
    def a_pause_comes_and_goes(self, key: CronKey, queue: str, fate: Fate, is_long_ago: bool) -> None:
        """`is_long_ago`: the switch is forgotten, as it is after a month."""
        self.register_a_cron_job(key, queue, Fate.OK)
        self.pause_a_cron_job(key.name, Fate.OK)
        self.fleet.pass_time(5)
        tick = int(self.fleet.model.now)
        self._send_tick(key, tick, "a", queue, fate)
        self.resume_a_cron_job(key.name, Fate.OK)
        self.a_cron_process_lives("p1", [key], tells=True, fate=Fate.OK)
        if is_long_ago:
            self.fleet.wire.write(("DEL", self.scripts.keyspace.cron_switch(key.name)))
            self.fleet.model.crons.switches.pop(key.name, None)
        self._send_tick(key, tick, "b", queue, fate)

    @rule(name=names, fate=fates)
    def pause_a_cron_job(self, name: str, fate: Fate) -> None:
        self.fleet.send(Message("pause cron", pause_cron(self.scripts, name), lambda: self.cron.pause(name)), fate)

    @rule(name=names, fate=fates)
    def resume_a_cron_job(self, name: str, fate: Fate) -> None:
        self.fleet.send(Message("resume cron", resume_cron(self.scripts, name), lambda: self.cron.resume(name)), fate)

    @invariant()
    def no_tick_has_two_jobs(self) -> None:
        made = self.fleet.model.crons.made
        assert len(made) == len(set(made)), f"twice: {made}"

    def _send_tick(self, key: CronKey, tick: int | None, job_id: str, queue: str, fate: Fate, *, front: bool = False) -> None:
        new, entry = self.fleet.new_job(JobRecord(job_id, data=b"call", origin=queue), at_front=front)

        def predict() -> Enqueued | type[CorruptDataError]:
            self.fleet.forgive_entries_out_of_reach(job_id)
            answer = self.cron.tick(key, tick, entry)
            if isinstance(answer, Enqueued) and answer.code == "ok":
                self.fleet.accepted[job_id] = entry.nonce
            return answer

        self.fleet.send(Message("cron tick", enqueue_tick(self.scripts, key, tick, new), predict), fate)
