"""What of a deployment cannot work is found before anything runs: a Python without this package, a class that is not there.

Each project's own Python looks, in a process of its own, since nothing else knows what can be imported there. What may go away by itself (a module that
cannot be imported because a database is down) is no reason to refuse anything: then the processes are started, and started again.
"""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.plans import environment_of
from rq.runtime.deployment.values import Deployment, Pool, Project

# A module of which the import takes longer is believed. The supervisor's loop stands still meanwhile, when it reads its file again.
PATIENCE_SECONDS = 15.0

_WRONG = 3
_DONE = "rq: looked at everything"
# What keeps a program from being started that does not go away by itself.
_LASTING = {errno.ENOEXEC, errno.EACCES, errno.ENOENT, errno.ENOTDIR}
_SERIALIZERS = {"pickle", "json"}
# Runs in the project's Python, whatever version of this package is there.
_PROGRAM = f"""
import os, sys
sys.path += [os.getcwd(), *filter(None, sys.argv[1].splitlines())]
def refuse(key, reason):
    print(key + ": " + " ".join(str(reason).split()))
    sys.exit({_WRONG})
try:
    import rq
except ModuleNotFoundError:
    refuse("python", "the package rq is not installed in the environment of " + sys.executable)
for word in sys.argv[2:]:
    from rq.utils import import_attribute
    key, members, path = word.split(" ", 2)
    try:
        found = import_attribute(path)
    except Exception as error:
        if type(error).__name__ == "ReferenceNotFound":
            refuse(key, error)
        continue
    for member in members.split(","):
        if not hasattr(found, member):
            refuse(key, path + " is no " + key.replace("_", " ") + ": it has no " + member + "()")
print()
print({_DONE!r})
"""


@dataclass(frozen=True, slots=True)
class _Question:
    """What the Python of a project is asked.

    Args:
        heading: of the table it stands in.
        project: whose Python is asked, in its directory.
        paths: the dotted paths that must be there, each behind its key and the members that it must have: `queue_class enqueue_call,dequeue_any shop.Queue`.
        environment: of the process.
    """

    heading: str
    project: Project
    paths: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def is_worth_asking(self) -> bool:
        """Whether the answer is not known: the Python that runs this has this package."""
        return bool(self.paths) or self.project.python != Path(sys.executable)

    def ask(self) -> subprocess.Popen[str]:
        """Begin to ask."""
        argv = [str(self.project.python), "-P", "-c", _PROGRAM, "\n".join(map(str, self.project.path)), *self.paths]
        return subprocess.Popen(  # noqa: S603 - the interpreter is the user's
            argv, env=dict(self.environment), cwd=self.project.directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
        )


def check_projects(deployment: Deployment, inherited: Mapping[str, str]) -> None:
    """Refuse a deployment of which something cannot work. All pools that have workers, and all cron processes, are looked at at the same time.

    Args:
        deployment: what is to run.
        inherited: the environment of this program.

    Raises:
        InvalidOptionError: one of them cannot; the message names its table, and the key.
    """
    asked = [(f"[pools.{pool.name}]", pool.project, _paths_of(pool)) for pool in deployment.pools if pool.workers]
    asked += [(f"[cron.{process.name}]", process.project, ()) for process in deployment.cron]
    questions = [_Question(*words, environment_of(deployment, words[1], inherited)) for words in asked]
    questions = [question for question in questions if question.is_worth_asking]
    answers = _answers(questions)
    for question, answer in zip(questions, answers, strict=True):
        if answer:
            raise InvalidOptionError(f"{question.heading} {answer}")


def _paths_of(pool: Pool) -> tuple[str, ...]:
    return tuple(f"{told.key.name} {','.join(told.key.members)} {path}" for told in pool.told for path in told.paths if path not in _SERIALIZERS)


def _answers(questions: Sequence[_Question]) -> list[str]:
    """Return to each question what is wrong; '' for nothing that is certain."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    asked = [_begin(question) for question in questions]
    return [began if isinstance(began, str) else _answer(question.project.python, began, deadline) for question, began in zip(questions, asked, strict=True)]


def _begin(question: _Question) -> subprocess.Popen[str] | str:
    try:
        return question.ask()
    except OSError as error:
        if error.errno not in _LASTING:
            return ""  # too many processes, say: that goes away
        key = "directory" if error.filename == question.project.directory else "python"
        return f"{key}: cannot use {error.filename}: {error.strerror}"


def _answer(python: Path, process: subprocess.Popen[str], deadline: float) -> str:
    try:
        said, _ = process.communicate(timeout=max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return ""
    lines = said.strip().splitlines()
    if process.returncode == 0 and _DONE not in lines:
        return f"python: {python} is no Python; name an environment's folder, or an interpreter"
    return lines[-1] if process.returncode == _WRONG and lines else ""
