"""Rules about what somebody orders: pauses, and commands to workers."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.properties.families import Families
from tests.properties.setup import QUEUES, WORKERS, fates, jobs, picks, queues
from tests.properties.wire import Fate

NAMES = [name for name, _, _ in WORKERS]
some_queues = st.lists(queues, max_size=2, unique=True)
some_workers = st.lists(st.sampled_from(NAMES), max_size=1)
lengths = st.sampled_from([None, 3, 20, 100])


class Orders(Families):
    """Whoever looks after the workers."""

    @rule(seconds=lengths, which=some_queues, workers=some_workers, fate=fates)
    def pause(self, seconds: float | None, which: list[str], workers: list[str], fate: Fate) -> None:
        if which or workers:
            self.fleet.pause(seconds, which, workers, fate)

    @rule(which=some_queues, workers=some_workers, fate=fates)
    def resume(self, which: list[str], workers: list[str], fate: Fate) -> None:
        self.fleet.resume(which, workers, fate)

    @rule(worker=st.sampled_from(["", *NAMES]))
    def look_for_pauses(self, worker: str) -> None:
        self.fleet.find_pauses(worker, QUEUES)

    @rule(pick=picks, job_id=jobs, queue=queues, seconds=lengths, later=lengths, alone=st.booleans())
    def pause_what_has_work(self, pick: int, job_id: str, queue: str, seconds: float | None, later: float | None, alone: bool) -> None:
        """A worker claims during the pause and after it; `alone`: it is the worker that is paused."""
        process = self.worker(pick)
        if process and not process.attempts:
            which, workers = ([], [process.name]) if alone else ([queue], [])
            self.fleet.pause(seconds, which, workers, Fate.OK)
            self.fleet.pause(later, [], ["nobody"], Fate.OK)
            self.enqueue_and_claim(process, job_id, queue)
            self.fleet.pass_time(4)
            self.fleet.claim(process, 1, Fate.OK)
            self.fleet.resume(which, [*workers, "nobody"], Fate.OK)

    @rule(name=st.sampled_from([*NAMES, "nobody"]), command=st.sampled_from(["shutdown", "kill-horse"]), fate=fates)
    def tell_a_worker(self, name: str, command: str, fate: Fate) -> None:
        self.fleet.tell_worker(name, command, fate)

    @rule(pick=picks, command=st.sampled_from(["shutdown", "kill-horse"]), dies=st.booleans(), fate=fates)
    def tell_who_runs(self, pick: int, command: str, dies: bool, fate: Fate) -> None:
        """It hears of it by its heartbeats, one of which may be lost; or the next bearer of its name must not."""
        process = self.worker(pick)
        if not process:
            return
        self.fleet.tell_worker(process.name, command, fate)
        if dies:
            process.die()
            identity = process.identity
            process = self.fleet.start(identity.name, identity.queues, process.lease, Fate.OK, identity.incarnation)
        for beat_fate in (fate, Fate.OK, Fate.OK):
            self.fleet.beat(process, beat_fate)
