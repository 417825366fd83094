"""Measures this package beside RQ 2.12.0 on one server, in turns, and prints a table of ratios; see README.md in this folder.

python -m benchmarks.run [--quick]
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from redis import Redis

from benchmarks.sides import BenchmarkFailed, Side, both_sides, server

_QUEUE = "bench"
_SETTLING_SECONDS = 1.0
_TASKS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a measurement happens: the server's URL and a client of it, and how much of the usual work to do (1.0: all of it)."""

    url: str
    client: Redis
    scale: float

    def scaled(self, count: int) -> int:
        """Return how many of `count` to do."""
        return max(int(count * self.scale), 5)


Measurement = Callable[[Place, Side], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Args:
        text: what it says.
        figure: which figure of its measurement.
        unit: of the figure.
        target: what the ratio ought to be, `>= 5x`; '' for a figure that is only told.
    """

    text: str
    figure: str
    unit: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A measurement, taken so many times by either side in turns, and the lines it gives."""

    title: str
    measure: Measurement
    rounds: int
    rows: tuple[Row, ...]


# --- what is measured ---------------------------------------------------------------------------------------------------------


def measure_enqueueing(place: Place, side: Side) -> Mapping[str, float]:
    """Enqueue jobs one by one."""
    return {"rate": side.task("enqueue", place.url, _QUEUE, "bench_jobs.do_nothing", place.scaled(1500))["per_second"]}


def measure_enqueueing_many(place: Place, side: Side) -> Mapping[str, float]:
    """Enqueue jobs in one call."""
    return {"rate": side.task("enqueue_many", place.url, _QUEUE, "bench_jobs.do_nothing", place.scaled(10_000))["per_second"]}


def measure_asyncio(place: Place, side: Side, ours: Side) -> Mapping[str, float]:
    """Enqueue jobs from a hundred tasks at once; what stands for the other side is our synchronous client, one job after the other."""
    count = place.scaled(3000)
    if side is not ours:
        return {"rate": ours.task("enqueue", place.url, _QUEUE, "bench_jobs.do_nothing", count)["per_second"]}
    return {"rate": ours.task(place.url, _QUEUE, "bench_jobs.do_nothing", count, _TASKS, program="asyncio_side.py")["per_second"]}


def measure_simple_worker(place: Place, side: Side) -> Mapping[str, float]:
    """Run jobs in a SimpleWorker; then see how much memory the finished ones take."""
    count = place.scaled(1500)
    figures = _drain(place, side, "bench_jobs.do_nothing", count, lambda: side.task("simple_worker", place.url, _QUEUE))
    used = sum(int(place.client.memory_usage(key, samples=0) or 0) for key in place.client.scan_iter(count=1000))
    return {**figures, "memory": used / count}


def measure_worker(place: Place, side: Side) -> Mapping[str, float]:
    """Run jobs in a Worker that a script starts."""
    return _drain(place, side, "bench_jobs.do_nothing", place.scaled(400), lambda: side.task("worker", place.url, _QUEUE))


def measure_command_line(place: Place, side: Side) -> Mapping[str, float]:
    """Run jobs in a Worker that the command line starts."""
    arguments = ("worker", "--burst", "--url", place.url, _QUEUE)
    return _drain(place, side, "bench_jobs.do_nothing", place.scaled(400), lambda: side.command_line(*arguments))


def measure_executor(place: Place, side: Side, function: str, options: Sequence[str], ours: Side) -> Mapping[str, float]:
    """Run jobs in a worker of the command line: ours with another executor than its usual one, RQ's as it is."""
    arguments = ("worker", "--burst", "--url", place.url, *(options if side is ours else ()), _QUEUE)
    return _drain(place, side, function, place.scaled(400), lambda: side.command_line(*arguments))


def measure_slow_import(place: Place, side: Side, count_of_theirs: int, theirs: str) -> Mapping[str, float]:
    """Run jobs whose module takes 300 ms to import; RQ's rate does not depend on their number, so that side gets few."""
    count = count_of_theirs if side.name == theirs else place.scaled(400)
    return _drain(place, side, "bench_slow_jobs.do_nothing", count, lambda: side.task("worker", place.url, _QUEUE))


def measure_latency(place: Place, side: Side, kind: str, queues: Sequence[str]) -> Mapping[str, float]:
    """Enqueue jobs one at a time for an idle worker."""
    with side.background("serve", place.url, kind, *queues):
        time.sleep(_SETTLING_SECONDS)
        return {"latency": side.task("latency", place.url, queues[len(queues) // 2], place.scaled(30))["milliseconds"]}


def _drain(place: Place, side: Side, function: str, count: int, work: Callable[[], object]) -> Mapping[str, float]:
    """Have `count` jobs enqueued and done, and tell the rate from the jobs' own dates: that leaves out start-up and leaving."""
    ids = side.task("enqueue", place.url, _QUEUE, function, count)["ids"]
    began = time.perf_counter()
    work()
    whole = time.perf_counter() - began
    pipeline = place.client.pipeline(transaction=False)
    for job_id in ids:
        pipeline.hmget(f"rq:job:{job_id}", "status", "started_at", "ended_at")
    jobs = pipeline.execute()
    unfinished = sum(status != b"finished" for status, _, _ in jobs)
    if unfinished:
        raise BenchmarkFailed(f"{side.name}: {unfinished} of {count} jobs did not finish")
    drained = max(_seconds(ended) for _, _, ended in jobs) - min(_seconds(started) for _, started, _ in jobs)
    return {"rate": count / drained, "rest": whole - drained}


def _seconds(date: bytes) -> float:
    return datetime.fromisoformat(date.decode()).timestamp()


def chapters(ours: Side, theirs: Side, rounds: int, jobs_of_slow_imports: int) -> tuple[Chapter, ...]:
    """Return everything that is measured."""
    slow_import = partial(measure_slow_import, count_of_theirs=jobs_of_slow_imports, theirs=theirs.name)
    rate, rest = partial(Row, figure="rate", unit="jobs/s"), partial(Row, figure="rest", unit="s")
    latencies = [
        Chapter(
            f"latency of {kind} on {text}",
            partial(measure_latency, kind=kind, queues=queues),
            min(rounds, 3),
            (Row(f"latency, idle {kind}, {text}", "latency", "ms", "<= 0.5x"),),
        )
        for kind in ("SimpleWorker", "Worker")
        for text, queues in (("one queue", (_QUEUE,)), ("three queues", ("first", _QUEUE, "last")))
    ]
    executors = [
        Chapter(
            f"executor {options[1]}",
            partial(measure_executor, function=function, options=options, ours=ours),
            rounds,
            (rate(f"rq worker --burst {' '.join(options)} / rq worker --burst"),),
        )
        for options, function in (
            (("--executor", "warm"), "bench_jobs.do_nothing"),
            (("--executor", "asyncio", "--concurrency", "100"), "bench_jobs.await_nothing"),
        )
    ]
    return (
        Chapter("enqueueing", measure_enqueueing, rounds, (rate("enqueue(), one by one", target=">= 1.5x"),)),
        Chapter("enqueueing many", measure_enqueueing_many, rounds, (rate("enqueue_many(), 10,000 jobs", target=">= 3x"),)),
        Chapter("asyncio", partial(measure_asyncio, ours=ours), rounds, (rate("rq.aio, 100 tasks / enqueue(), one by one", target=">= 1x"),)),
        Chapter(
            "SimpleWorker",
            measure_simple_worker,
            rounds,
            (
                rate("SimpleWorker", target=">= 5x"),
                rest("SimpleWorker: start and end of the process"),
                Row("memory per finished job on the server", "memory", "bytes"),
            ),
        ),
        Chapter(
            "Worker from a script",
            measure_worker,
            rounds,
            (rate("Worker(...).work()", target=">= 4x"), rest("Worker(...).work(): start and end")),
        ),
        Chapter(
            "Worker from the command line",
            measure_command_line,
            rounds,
            (rate("rq worker --burst", target=">= 4x"), rest("rq worker --burst: start and end")),
        ),
        Chapter("slow import", slow_import, rounds, (rate("Worker, 300 ms to import the job", target=">= 20x"),)),
        *executors,
        *latencies,
    )


# --- measuring and telling ----------------------------------------------------------------------------------------------------


def run_chapter(chapter: Chapter, place: Place, ours: Side, theirs: Side) -> list[tuple[Mapping[str, float], Mapping[str, float]]]:
    """Measure both sides in turns, and return the figures of each round: ours, theirs."""
    found = []
    for number in range(chapter.rounds):
        sides = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        figures = {}
        for side in sides:
            print(f"\r\x1b[2K{chapter.title}: round {number + 1} of {chapter.rounds}, {side.name}", end="", file=sys.stderr, flush=True)
            place.client.flushall()
            figures[side.name] = chapter.measure(place, side)
        found.append((figures[ours.name], figures[theirs.name]))
    print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
    return found


def line_of(row: Row, found: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]) -> list[str]:
    """Return the cells of a row: medians of either side, and the ratios of the rounds."""
    ours = [pair[0][row.figure] for pair in found]
    theirs = [pair[1][row.figure] for pair in found]
    ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
    medians = [f"{statistics.median(values):,.{_digits(row.unit)}f}" for values in (ours, theirs)]
    return [
        row.text,
        row.unit,
        *medians,
        f"{ratios[0]:.2f}x",
        f"{statistics.median(ratios):.2f}x",
        f"{ratios[-1]:.2f}x",
        row.target,
    ]


def _digits(unit: str) -> int:
    return {"ms": 2, "s": 2}.get(unit, 0)


def print_table(lines: Sequence[Sequence[str]]) -> None:
    """Print lines in aligned columns: the first two to the left, figures to the right."""
    heads = ["", "unit", "ours", "RQ", "min", "median", "max", "target"]
    widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
    for line in (heads, ["-" * width for width in widths], *lines):
        cells = [cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True))]  # noqa: PLR2004 - see above
        print("  ".join(cells).rstrip())


def describe(side: Side) -> str:
    """Return what a side is made of."""
    version, python, client, hiredis = side.describe()
    return f"{side.name}: rq {version}, Python {python}, redis-py {client}, hiredis {hiredis}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure this package beside RQ 2.12.0, in turns, on one server.")
    parser.add_argument("--quick", action="store_true", help="less work and two rounds: shows that all runs, says little")
    parser.add_argument("--only", metavar="WORD", default="", help="only the measurements whose title contains this")
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        ours, theirs = both_sides()
        with server() as (url, client):
            place = Place(url, client, 0.2 if arguments.quick else 1.0)
            print(describe(ours), describe(theirs), sep="\n")
            print(f"server: {client.info('server').get('server_name', 'redis')} on loopback, no persistence; {os.cpu_count()} cores\n", flush=True)
            chosen = chapters(ours, theirs, 2 if arguments.quick else 5, 3 if arguments.quick else 8)
            lines = [
                line_of(row, found)
                for chapter in chosen
                if arguments.only.lower() in chapter.title.lower()
                for found in [run_chapter(chapter, place, ours, theirs)]
                for row in chapter.rows
            ]
    except BenchmarkFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print_table(lines)
    print(f"\nratios: ours / RQ's, round by round; {time.monotonic() - began:.0f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
