"""The commands that messages name work when they are typed as they stand there."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from rq.cli.boundary import Command
from rq.cli.hints import complete_hints
from rq.cli.options import SharedOptions, takes_shared_options

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Rq

HINT = re.compile(r"`rq ([^`]+)`")


def hints_of(text: str) -> list[list[str]]:
    """The commands in a text, without `rq`."""
    return [shlex.split(hint) for hint in HINT.findall(text)]


def test_a_hint_repeats_the_url_of_the_command_line(rq_without_server: Rq, redis_url: str):
    rq_without_server.start("suspend", "low", "--url", redis_url).succeed()
    [command] = hints_of(rq_without_server.run("resume", "--url", redis_url))
    assert command == ["resume", "low", "--url", redis_url]
    assert rq_without_server.run(*command) == "Resuming queue low. 1 of 1 was paused\n"


def test_a_hint_repeats_the_settings_of_the_command_line(rq_without_server: Rq, redis_url: str, tmp_path: Path):
    (tmp_path / "my.py").write_text(f"REDIS_URL = {redis_url!r}\n")
    [command] = hints_of(rq_without_server.run("suspend", "--config", "./my.py"))
    assert command == ["resume", "--config", "./my.py"]
    assert rq_without_server.run(*command) == "Resuming workers.\n"


def test_a_hint_does_not_repeat_what_the_environment_says(rq: Rq):
    assert hints_of(rq.run("suspend")) == [["resume"]]


def test_a_refusal_names_a_command_that_works(rq_without_server: Rq, redis_url: str):
    rq_without_server.run("suspend", "--url", redis_url)
    [command] = hints_of(rq_without_server.refuse("worker", "--url", redis_url, status=1))
    assert rq_without_server.run(*command) == "Resuming workers.\n"


def test_doctor_keeps_a_command_on_one_line(rq: Rq, redis_url: str):
    rq.enqueue("tasks.greet", queue="a queue with a rather long name, in which there are spaces")
    process = rq.start("doctor", "--url", redis_url)
    assert process.wait() == 1
    [command] = [words for words in hints_of(process.stdout) if words[0] == "worker"]
    assert command == ["worker", "a queue with a rather long name, in which there are spaces", "--url", redis_url]
    assert "Job OK" in rq.start(*command, "--burst").succeed()


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        ([], ""),
        (["-u", "redis://h/1"], " --url redis://h/1"),
        (["-u", "redis://me:pass@h/1"], " --url redis://me:PASSWORD@h/1"),
        (["-u", "redis://:p:a/s@s@h/1"], " --url redis://:PASSWORD@h/1"),
        (["-u", "redis://h/1?password=pass"], " --url 'redis://h/1?password=PASSWORD'"),
        (["-u", "redis://[h:1/1"], " --url 'redis://[h:1/1'"),
        (["-u", "redis://h/1?a=1&b=2"], " --url 'redis://h/1?a=1&b=2'"),
        (["-u", "redis://h/1", "-P", "src"], " --url redis://h/1"),
        (["-c", "settings", "-P", "src"], " --config settings --path src"),
    ],
)
def test_hints_carry_what_says_which_server_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], added: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    said: list[str] = []

    @takes_shared_options()
    def say(shared: SharedOptions) -> None:
        said.append(complete_hints(f"{shared.url and 'ok'}: `rq info` or `rq explain ID`, not `redis-cli`"))

    command = Command("say", callback=say, params=say.__click_params__[::-1])  # type: ignore[attr-defined]
    command.main(arguments, standalone_mode=False)
    assert said[0].partition(": ")[2] == f"`rq info{added}` or `rq explain ID{added}`, not `redis-cli`"
