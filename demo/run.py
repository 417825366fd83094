"""The main job, from end to end: count the words of many documents, lose a worker in the middle, and lose nothing.

    python -m demo.run

A small web server holds the documents of the folder `documents`. Each of them becomes a job, `count_words_at_url(url)`. Two workers are started by the ordinary
command line, on an embedded Valkey in a temporary directory. One document is not handed out to the first who asks for it: while that worker waits, in the
middle of its job, it is killed. The other worker must finish the job, and every count must be right. Ends with status 0 only if all of that is so.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from demo.display import Progress, print_table
from demo.library import Library
from demo.word_count import count_words_at_url
from rq import Queue
from rq.embedded import open_embedded
from rq.job import Job

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ROOT / "demo" / "documents"
# The document in whose middle a worker is killed.
HELD = "licence-gpl-3.txt"
WORKERS = ("ada", "grace")
# Short, so that the audience need not wait: 30 seconds is the default.
LEASE_SECONDS = 2
LINGER_SECONDS = 0.2
LONGEST_SECONDS = 90.0
LOOK_SECONDS = 0.05


class DemonstrationFailed(Exception):  # noqa: N818 - it says what happened
    """Something did not happen in time; the message says what."""


@dataclass(slots=True)
class Stage:
    """Everything that takes part: the library, the queue's connection, a job for each document, the workers, and who was killed."""

    library: Library
    connection: Redis
    jobs: dict[str, Job]
    workers: dict[str, subprocess.Popen[bytes]]
    killed: str = ""

    def look(self) -> None:
        """Read all jobs anew, in one go."""
        found = Job.fetch_many([job.id for job in self.jobs.values()], connection=self.connection)
        self.jobs = {name: job for name, job in zip(self.jobs, found, strict=True) if job is not None}

    def count_done(self) -> int:
        """Return how many jobs are finished, as far as was seen."""
        return sum(job.get_status(refresh=False) == "finished" for job in self.jobs.values())

    def activities(self) -> list[str]:
        """Return what each worker is doing, as far as was seen."""
        reading = {job.worker_name: name for name, job in self.jobs.items() if job.get_status(refresh=False) == "started"}
        return [f"{worker}: {'killed' if worker == self.killed else reading.get(worker, '-'):<26.26}" for worker in self.workers]


# --- the play -----------------------------------------------------------------------------------------------------------------


def play(stage: Stage, progress: Progress) -> None:
    """Watch the workers; kill one of them while it is in the middle of the held document.

    Raises:
        DemonstrationFailed: it takes too long.
    """
    deadline = time.monotonic() + LONGEST_SECONDS
    while stage.count_done() < len(stage.jobs):
        if time.monotonic() > deadline:
            raise DemonstrationFailed(f"Only {stage.count_done()} of {len(stage.jobs)} documents were counted within {LONGEST_SECONDS:.0f} seconds")
        ended = [name for name, worker in stage.workers.items() if name != stage.killed and worker.poll() is not None]
        if ended:
            raise DemonstrationFailed(f"{' and '.join(ended)} ended though nobody asked for it")
        time.sleep(LOOK_SECONDS)
        stage.look()
        progress.show(stage.count_done(), stage.activities())
        if stage.library.held_reader_came.is_set() and not stage.killed:
            kill_reader(stage, progress)


def kill_reader(stage: Stage, progress: Progress) -> None:
    """SIGKILL the worker that runs the job of the held document, and see that the job's process dies with it."""
    job = stage.jobs[HELD]
    job.refresh()
    stage.killed = job.worker_name or ""
    worker = stage.workers[stage.killed]
    worker.kill()
    worker.wait()
    progress.say(f"  SIGKILL to {stage.killed}, which is in the middle of {HELD} (attempt {job.attempt})")
    if not stage.library.held_reader_left.wait(timeout=10.0):
        raise DemonstrationFailed(f"The process of the job outlived its worker {stage.killed}")
    progress.say(f"  the process of the job died with it; its lease runs out in {LEASE_SECONDS} seconds")


def check(stage: Stage, survivor_status: int) -> list[tuple[str, bool]]:
    """Return what must be true, and whether it is."""
    counts = {name: len(document.decode().split()) for name, document in stage.library.documents.items()}
    held = stage.jobs[HELD]
    readings = {name: 2 if name == HELD else 1 for name in counts}
    other = next(name for name in WORKERS if name != stage.killed)
    return [
        ("every document was counted, and every count is len(text.split())", {name: job.return_value() for name, job in stage.jobs.items()} == counts),
        (f"the interrupted job was finished by {other}, in attempt 2", (held.worker_name, held.attempt) == (other, 2)),
        ("no other document was read twice", dict(stage.library.readings) == readings),
        ("nothing is left in the queue", Queue(connection=stage.connection).count == 0),
        (f"{other} was told to stop and left with status 0", survivor_status == 0),
    ]


# --- the stage ----------------------------------------------------------------------------------------------------------------


@contextmanager
def set_up() -> Iterator[Stage]:
    """Start the server and the workers, and enqueue the jobs; afterwards none of it is left."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rq-demo-"))
        stack.callback(shutil.rmtree, folder)
        library = Library(DOCUMENTS, HELD)
        stack.callback(library.server_close)
        stack.callback(library.shutdown)
        url = f"embedded://{folder}/server?linger={LINGER_SECONDS}"
        server = open_embedded(url)
        stack.callback(wait_for_end_of, server.redis_url)
        stack.callback(server.release)
        connection = stack.enter_context(Redis.from_url(server.redis_url))
        queue = Queue(connection=connection)
        jobs = {name: queue.enqueue(count_words_at_url, library.url_of(name)) for name in library.documents}
        workers = {name: stack.enter_context(running_worker(name, url, folder)) for name in WORKERS}
        yield Stage(library, connection, jobs, workers)


@contextmanager
def running_worker(name: str, url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker by the command line; its log goes to a file, which is shown if the demonstration fails."""
    arguments: Sequence[Any] = ("worker", "--url", url, "--name", name, "--lease", LEASE_SECONDS, "--path", ROOT)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "rq.cli", *map(str, arguments)], stdout=output, stderr=output)
    try:
        yield process
    except DemonstrationFailed:
        print(f"\nThe log of {name}:\n{log.read_text(errors='replace')}", file=sys.stderr)
        raise
    finally:
        process.kill()
        process.wait()


def stop(worker: subprocess.Popen[bytes]) -> int:
    """Tell a worker to stop, and return the exit status with which it leaves."""
    worker.send_signal(signal.SIGTERM)
    try:
        return worker.wait(timeout=20.0)
    except subprocess.TimeoutExpired:
        raise DemonstrationFailed("The other worker was told to stop and did not") from None


def wait_for_end_of(redis_url: str) -> None:
    """Wait until the embedded server has noticed that nobody is left, and has ended."""
    deadline = time.monotonic() + 10.0
    with Redis.from_url(redis_url) as client:
        while time.monotonic() < deadline:
            try:
                client.ping()
            except RedisConnectionError:
                return
            time.sleep(LOOK_SECONDS)
    raise DemonstrationFailed("The embedded server did not stop after its last user had gone")


# --- what is told -------------------------------------------------------------------------------------------------------------


def print_results(stage: Stage) -> None:
    """Print the table of results."""
    rows = [(name, job.return_value(), len(stage.library.documents[name]), job.attempt, job.worker_name) for name, job in stage.jobs.items()]
    print()
    print_table(("document", "words", "bytes", "attempt", "worker"), rows)
    print()


def main() -> int:
    """Play, and say how it went."""
    began = time.monotonic()
    try:
        with set_up() as stage:
            print(f"{len(stage.jobs)} documents at {stage.library.url_of('')}, two workers: {' and '.join(WORKERS)}", flush=True)
            progress = Progress(len(stage.jobs))
            play(stage, progress)
            progress.end()
            print_results(stage)
            findings = check(stage, stop(next(worker for name, worker in stage.workers.items() if name != stage.killed)))
    except DemonstrationFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    findings.append(("workers and server have ended", True))
    for text, is_true in findings:
        print(f"  {'yes' if is_true else 'NO '}  {text}")
    print(f"\n{time.monotonic() - began:.1f} seconds")
    return 0 if all(is_true for _, is_true in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
