"""The code blocks of documents that people wrote about RQ, and a folder in which they are run as a reader would run them.

`seeds/*.md` has the blocks, each under a line that says what it is, and unchanged: Python 2 and slips of the pen included. What has to be changed so that a
block can run is in `ADAPTATIONS`, and nothing else is. What a block takes for granted (the module `somewhere`, a queue `q`) is written before it.
"""

from __future__ import annotations

import re
import shlex
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.conftest import Rq
    from tests.support.processes import Processes, StartedProcess

SEEDS = ROOT / "tests" / "acceptance" / "seeds"

_BLOCK = re.compile(r"^## (?P<name>[^\n]+)\n\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def read_blocks() -> dict[str, str]:
    """Return all blocks: `<document>: <what it is>` -> its text."""
    return {f"{page.stem}: {block['name']}": block["text"] for page in sorted(SEEDS.glob("*.md")) for block in _BLOCK.finditer(page.read_text())}


class Adaptation(NamedTuple):
    """A text that is replaced wherever it stands, and why."""

    pattern: str
    replacement: str
    reason: str


ADAPTATIONS = (
    Adaptation(r"^( *)print (?!\()((?:.*\\\n)*.*?)( *#.*)?$", r"\1print(\2)\3", "print is a function since Python 3"),
    Adaptation(r"\basync=False", "**{'async': False}", "async is a word of the language since Python 3.7"),
    Adaptation(r"http://nvie\.com", "{page}", "a page of known length, without the internet"),
    Adaptation(r"redis://localhost:6379/1", "{server}", "the test's server"),
    Adaptation(r"\bRedis\(\)", "Redis.from_url('{server}')", "the test's server"),
    Adaptation(r"\buse_connection\(\)", "use_connection(Redis.from_url('{server}'))", "the test's server"),
    Adaptation(r"\btime\.sleep\(\d\)", "wait_until(lambda: job.is_finished)", "waits for the worker as long as it takes, and no longer"),
    Adaptation(r"^作业和排队操作不能在一个文件里面\n", "", "a sentence: the job and what enqueues it cannot stand in one file"),
    Adaptation(r"failed_job_count\. ", "failed_job_count ", "a slip of the pen"),
    Adaptation(r"^Find file:\n", "", "not Python"),
)

# What all programs begin with: blocks use names that their documents imported earlier, or not at all.
_HEAD = """\
import sys, time
from redis import Redis
from rq import Queue
from tests.support.waiting import wait_until
"""


class SeedFolder:
    """A folder with the modules of a document, a server, and a page on the web.

    Args:
        rq: the command line in this folder.
        processes: what starts programs.
        page_url: where the page is, up to its number of words.
    """

    def __init__(self, rq: Rq, processes: Processes, page_url: str) -> None:
        self.rq = rq
        self.words = 889
        self._processes = processes
        self._page_url = page_url

    def write(self, name: str, text: str) -> None:
        """Write a module of the document."""
        file = self.rq.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.adapt(text))

    def start(self, *pieces: str) -> StartedProcess:
        """Start a program that is made of these pieces, one below the other."""
        program = self.rq.folder / "program.py"
        program.write_text(self.adapt("\n".join([_HEAD, *pieces])))
        return self._processes.script(program, cwd=self.rq.folder, env={"NO_PROXY": "*"})

    def run(self, *pieces: str) -> str:
        """Run a program to its end, and return what it printed."""
        return self.start(*pieces).succeed()

    def run_session(self, before: str, session: str) -> None:
        """Run what somebody typed behind `>>>`; each answer must be what the document shows."""
        self.write("session.txt", session)
        self.run(before, "import doctest", "doctest.testfile('session.txt', module_relative=False, globs=globals(), raise_on_error=True)")

    def start_command(self, *arguments: str, **where: Any) -> StartedProcess:
        """Start a command, `rq` or another one of ours, as it is written."""
        program, *rest = arguments
        return self.rq.start(*rest, command=program, env={"NO_PROXY": "*", **where})

    def burst(self, *queues: str) -> None:
        """Let a worker run what waits."""
        self.start_command("rq", "worker", "--burst", *queues).succeed()

    def adapt(self, text: str) -> str:
        """Return a text with everything replaced that `ADAPTATIONS` names."""
        for adaptation in ADAPTATIONS:
            replacement = adaptation.replacement.replace("{page}", f"{self._page_url}/{self.words}").replace("{server}", self.rq.url or "")
            text = re.sub(adaptation.pattern, replacement, text, flags=re.MULTILINE)
        return text


def commands_of(session: str) -> list[list[str]]:
    """Return the commands of a shell session: what stands behind `$`, or its one line."""
    lines = [line.removeprefix("$ ") for line in session.splitlines() if line.startswith("$ ")]
    return [shlex.split(line) for line in lines or session.splitlines()]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer `/889` with a page of 889 words."""
        body = b"word " * int(self.path.strip("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's output is its own."""


@contextmanager
def serve_page() -> Iterator[str]:
    """Serve pages on this machine; gives the URL that `/<number of words>` is put behind."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
