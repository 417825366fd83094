"""The two libraries as tests see them: the same calls, carried out by ours in this process or by RQ 2.12 in its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SERVER = HERE / "rq212_server.py"


class CallRefused(Exception):  # noqa: N818 - it says what happened
    """The library raised an error; `kind` is the name of its class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Rq212Process:
    """RQ 2.12, in one process for all tests of a run."""

    def __init__(self, python: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen([str(python), str(SERVER)], env=environment, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def carry_out(self, *call: Any) -> dict[str, Any]:
        """Carry out one call; see `shared_calls.carry_out`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "RQ's process ended; what it wrote stands above"
        reply: dict[str, Any] = json.loads(line)
        return reply

    def close(self) -> None:
        """End it."""
        with self._process:  # closes its streams, and waits
            pass
        assert self._process.returncode == 0


class Side:
    """One library: every method of `shared_calls.Calls` can be called on it."""

    def __init__(self, name: str, carry_out: Any, url: str, serializer: str | None = None) -> None:
        self.name = name
        self._carry_out = carry_out
        self._url = url
        self._serializer = serializer

    def with_serializer(self, serializer: str) -> Side:
        """Return the same library with another serializer."""
        return Side(self.name, self._carry_out, self._url, serializer)

    def __getattr__(self, action: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            reply = json.loads(json.dumps(self._carry_out(self._url, self._serializer, action, args, options)))
            if "error" in reply:
                raise CallRefused(reply["error"], reply["message"])
            return reply["answer"]

        return call

    def __repr__(self) -> str:
        return self.name
