"""The model of cron: what the server knows of cron jobs and their processes, and what becomes of a tick."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rq.core.errors import CorruptDataError
from rq.model.cron import Progress
from rq.store.cron import CronBeat, CronKey
from rq.store.replies import Enqueued
from tests.properties.world import Flat, seconds_text

if TYPE_CHECKING:
    from tests.properties.model import Model
    from tests.properties.waiting_and_running import Entry

PROCESS_SECONDS = 120


class CronModel:
    """The transitions, over the rest of the model: a tick enters like any other job."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._crons = model.crons

    def register(self, identity: str, about: Flat, template: Flat) -> None:
        """A process says what a cron job is; how far it has come stays."""
        since = str(math.floor(self._model.now))
        self._crons.known[identity] = {"since": since} | self._crons.known.get(identity, {}) | about
        self._crons.templates[identity] = template
        self._crons.heard[identity] = math.floor(self._model.now)

    def beat(self, process: str, cron_jobs: tuple[CronKey, ...], fields: Flat | None) -> CronBeat:
        """A process lives, and asks how far its cron jobs have come."""
        crons, now = self._crons, self._model.now
        crons.processes[process] = float(seconds_text(now))
        if fields:
            crons.hashes[process] = fields
        is_known = process in crons.hashes and all(key.identity in crons.known for key in cron_jobs)
        progress = [self._progress(key) for key in cron_jobs]
        crons.heard |= {key.identity: now for key in cron_jobs if key.identity in crons.heard}
        crons.processes = {name: moment for name, moment in crons.processes.items() if moment > now - PROCESS_SECONDS}
        return CronBeat(is_known, float(seconds_text(now)), progress)

    def _progress(self, key: CronKey) -> Progress:
        state, switch = self._crons.known.get(key.identity, {}), self._crons.switches.get(key.name, {})
        if state and "resumed" in switch:
            state["resumed"] = switch["resumed"]
        resumed = switch.get("resumed", state.get("resumed"))
        return Progress(*(float(text) if text else None for text in (state.get("since"), state.get("last"), resumed, switch.get("paused"))))

    def tick(self, key: CronKey, tick: int | None, entry: Entry) -> Enqueued | type[CorruptDataError]:
        """A tick becomes a job, unless it, or a later one, has; without a tick, a run of it is wanted now."""
        if self._is_replay(entry):
            job = self._model.job(entry.job_id)
            return Enqueued("replay", job.fields["status"] if job else "finished", "")
        refusal = "" if tick is None or self._model.is_broken(entry.job_id) else self._refusal(key, tick)
        if refusal:
            return Enqueued(refusal, "", "")
        answer = self._model.enqueue(entry)
        if isinstance(answer, Enqueued):
            self._note(key, tick, entry.job_id)
        return answer

    def _is_replay(self, entry: Entry) -> bool:
        job, note = self._model.job(entry.job_id), self._model.notes.get(entry.job_id)
        if entry.job_id in self._model.jobs:
            return bool(job and job.fields.get("x_enqueue") == entry.nonce)
        return bool(note and note.nonce == entry.nonce)

    def _refusal(self, key: CronKey, tick: int) -> str:
        state, switch = self._crons.known.get(key.identity), self._crons.switches.get(key.name, {})
        if state is None:
            return "unknown"
        if tick <= int(state.get("last", -1)):
            return "dup"
        if "paused" in switch or tick <= float(switch.get("resumed", state.get("resumed", -1))):
            return "paused"
        return "early" if tick > self._model.now else ""

    def _note(self, key: CronKey, tick: int | None, job_id: str) -> None:
        if tick is not None:
            self._crons.known[key.identity]["last"] = str(tick)
            self._crons.made.append((key.identity, tick))
        written = float(seconds_text(self._model.now))
        self._crons.histories.setdefault(key.name, {})[job_id] = written
        self._crons.names[key.name] = written

    def pause(self, name: str) -> bool:
        """No tick of a name becomes a job."""
        switch = self._crons.switches.setdefault(name, {})
        if "paused" in switch:
            return False
        switch["paused"] = seconds_text(self._model.now)
        return True

    def resume(self, name: str) -> bool:
        """The ticks of a name become jobs again, but those of the pause."""
        switch = self._crons.switches.get(name, {})
        if "paused" not in switch:
            return False
        del switch["paused"]
        switch["resumed"] = seconds_text(self._model.now)
        return True
