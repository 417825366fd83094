"""What an `rq.toml` says, and what is said of a wrong one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rq.core.errors import InvalidOptionError
from rq.runtime.deployment.addresses import parse_address
from rq.runtime.deployment.plans import environment_of, list_plans
from rq.runtime.deployment.reading import read_deployment
from rq.runtime.deployment.values import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from rq.runtime.deployment.values import Deployment

WHOLE = """
url = "redis://shop:6379/1"
prefix = "shop:"

[health]
listen = ":8080"

[pools.web]
queues = ["high", "default"]
workers = 4
executor = "threads"
concurrency = 8
directory = "web"
python = "web/.venv"
env = { MODE = "production", PORT = 8000 }
env_file = "web/.env"
path = "web/lib"
worker_class = "shop.Worker"
job_class = "shop.Job"
queue_class = "shop.Queue"
serializer = "json"
lease = 7.5
max_jobs = 1000
limits = { memory = "512M", nofile = 4096, nice = 5 }
stop_timeout = "10m"

[pools.mail]
queues = "mail"

[cron.nightly]
file = "nightly.py"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that `WHOLE` names."""
    (tmp_path / "web" / "lib").mkdir(parents=True)
    (tmp_path / "web" / ".env").write_text("# of the shop\n\nexport KEY='a b'\nMODE=test\nEMPTY=\n")
    interpreter = tmp_path / "web" / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to(sys.executable)
    (tmp_path / "nightly.py").touch()
    return tmp_path


def read(folder: Path, text: str) -> Deployment:
    (folder / "rq.toml").write_text(text)
    return read_deployment(folder / "rq.toml")


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InvalidOptionError) as refused:
        read(folder, text)
    return str(refused.value).removeprefix(f"{folder / 'rq.toml'}: ").replace(f"{folder}", "FOLDER")


def test_everything_that_can_be_said_is_read(folder: Path):
    deployment = read(folder, WHOLE)
    web, mail = deployment.pools
    assert (deployment.url, deployment.prefix, deployment.listen) == ("redis://shop:6379/1", "shop:", ("127.0.0.1", 8080))
    assert (web.name, web.queues, web.workers, web.stop_seconds) == ("web", ("high", "default"), 4, 600)
    assert web.project.directory == folder / "web"
    assert web.project.path == (folder / "web" / "lib",)
    assert web.project.limits == Limits(512 * 1024**2, 4096, 5)
    assert (mail.queues, mail.workers, mail.project.directory) == (("mail",), 1, folder)
    assert [process.file for process in deployment.cron] == [folder / "nightly.py"]
    assert deployment.queues == ("high", "default", "mail")


def test_variables_of_a_pool_win_over_those_of_its_file_and_of_the_deployment(folder: Path):
    deployment = read(folder, WHOLE + '[pools.other]\nenv = { RQ_REDIS_URL = "redis://other" }')
    web, _, other = (environment_of(deployment, pool.project, {"HOME": "/root", "PORT": "1", "NOTIFY_SOCKET": "x"}) for pool in deployment.pools)
    server = {"RQ_REDIS_URL": "redis://shop:6379/1", "RQ_KEY_PREFIX": "shop:"}
    assert web == {
        "HOME": "/root",
        "KEY": "a b",
        "MODE": "production",
        "EMPTY": "",
        "PORT": "8000",
        "PYTHONUNBUFFERED": "1",
        "RQ_FILE": str(folder / "rq.toml"),
        **server,
    }
    assert other["RQ_REDIS_URL"] == "redis://other"


def test_the_queues_of_a_deployment_are_those_of_its_own_server_that_somebody_listens_on(folder: Path):
    deployment = read(
        folder,
        """
        [pools.web]
        queues = ["high", "low"]
        [pools.mail]
        queues = ["mail", "low"]
        [pools.idle]
        queues = "idle"
        workers = 0
        [pools.elsewhere]
        queues = "elsewhere"
        env = { RQ_REDIS_URL = "redis://other" }
        """,
    )
    assert deployment.queues == ("high", "low", "mail")


def test_a_pool_is_a_command_of_its_own_python(folder: Path):
    web, mail, nightly = list_plans(read(folder, WHOLE))
    assert web.command("web.1")[:7] == [f"{folder}/web/.venv/bin/python", "-P", "-m", "rq", "worker", "--name", "web.1"]
    assert web.arguments == (
        *("worker", "--path", f"{folder}/web", "--path", f"{folder}/web/lib", "--executor", "threads", "--concurrency", "8", "--max-jobs", "1000"),
        *("--worker-class", "shop.Worker", "--job-class", "shop.Job", "--queue-class", "shop.Queue", "--serializer", "json"),
        *("--lease", "7.5", "--", "high", "default"),
    )
    assert mail.command("mail.1-x") == [sys.executable, "-P", "-m", "rq", "worker", "--name", "mail.1-x", "--", "mail"]
    assert nightly.name == "cron.nightly"
    assert nightly.command("cron.nightly.1") == [sys.executable, "-P", "-m", "rq", "cron", "--", f"{folder}/nightly.py"]


def test_processes_that_run_many_jobs_can_be_limited(folder: Path):
    deployment = read(folder, '[pools.web]\nexecutor = "warm"\nmax_jobs_per_child = 500\nmax_child_age = "1h"\nmax_child_memory = "1G"\n')
    [web] = list_plans(deployment)
    assert web.arguments == (
        *("worker", "--executor", "warm", "--max-jobs-per-child", "500", "--max-child-age", "3600", "--max-child-memory", "1024"),
        *("--", "default"),
    )


def test_what_is_true_or_false_and_what_is_several_become_words_as_well(folder: Path):
    flags = "keep_output = false\nwith_scheduler = false\ndisable_job_desc_logging = true\n"
    [web] = list_plans(read(folder, f'[pools.web]\n{flags}exception_handler = ["shop.tell", "shop.note"]\n'))
    assert web.arguments == (
        *("worker", "--no-keep-output", "--exception-handler", "shop.tell", "--exception-handler", "shop.note", "--disable-job-desc-logging"),
        *("--", "default"),
    )


def test_levels_and_choices_may_be_written_in_any_case(folder: Path):
    [web] = list_plans(read(folder, '[pools.web]\nlogging_level = "WARNING"\n'))
    assert web.arguments == ("worker", "--logging-level", "warning", "--", "default")


def test_a_tilde_is_the_home(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(folder / "web"))
    [pool] = read(folder, '[pools.web]\ndirectory = "~/lib"').pools
    assert pool.project.directory == folder / "web" / "lib"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[pools.web\n", "this is no TOML: Expected ']' at the end of a table declaration (at line 1, column 11)"),
        ("", "it describes nothing to run; begin with a table such as [pools.default]"),
        ("ulr = 'x'\n[pools.web]", "ulr: there is no such key; did you mean url?"),
        ("url = 7\n[pools.web]", "url: it is 7; it must be a text in quotes"),
        ("url = ''\n[pools.web]", "url: it is ''; it must be a text in quotes"),
        ("pools = 4", "pools: it is 4; it must be a table"),
        ("[pools]\nworkers = 4", "[pools] workers: it is 4; it must be a table"),
        ('[pools."my web"]', '[pools] "my web": a name may have letters, digits, _ and -'),
        ("[pools.web]\nconcurency = 4", "[pools.web] concurency: there is no such key; did you mean concurrency?"),
        ("[pools.web]\nworkers = 'four'", "[pools.web] workers: it is 'four'; it must be a whole number from 0 to 10000"),
        ("[pools.web]\nworkers = true", "[pools.web] workers: it is True; it must be a whole number from 0 to 10000"),
        ("[pools.web]\nworkers = -1", "[pools.web] workers: it is -1; it must be a whole number from 0 to 10000"),
        ("[pools.web]\nexecutor = 'thread'", "[pools.web] executor: it is 'thread'; it must be one of fork, spawn, warm, threads, asyncio, inline"),
        (
            "[pools.web]\nmax_child_age = '1h'",
            '[pools.web] max_child_age: it is not for the executor fork; choose executor = "warm", or leave it out',
        ),
        (
            "[pools.web]\njob_memory = '1G'\nexecutor = 'threads'",
            '[pools.web] job_memory: it is not for the executor threads; choose executor = "fork" or "spawn" or "warm", or leave it out',
        ),
        ("[pools.web]\nconcurrency = 2\nexecutor = 'inline'", "[pools.web] concurrency: the executor inline runs one job at a time; "),
        ("[pools.web]\njob_memory = 1024", '[pools.web] job_memory: it is 1024; it must be a size from "64M" to "1024T"'),
        ("[pools.web]\noutput_size = '1G'", '[pools.web] output_size: it is \'1G\'; it must be a size from "1K" to "16M"'),
        ("[pools.web]\nkeep_output = 'no'", "[pools.web] keep_output: it is 'no'; it must be true or false"),
        ("[pools.web]\nresults_ttl = 0.5", "[pools.web] results_ttl: it is 0.5; it must be from -1 to 3153600000 seconds, as a whole number or a text"),
        ("[pools.web]\nworker_ttl = nan", "[pools.web] worker_ttl: it is nan; it must be from 1"),
        ("[pools.web]\nlogging_level = 'loud'", "[pools.web] logging_level: it is 'loud'; it must be one of debug, info, warning, error, critical"),
        (
            "[pools.web]\nlog_format = '%(mesage)s'",
            "[pools.web] log_format: it is '%(mesage)s': Formatting field not found in record: 'mesage'; write it as for Python's logging.Formatter",
        ),
        ("[pools.web]\nlog_format = 'x'", "[pools.web] log_format: it is 'x': "),
        ('[pools.web]\nqueues = ["a\\u0000"]', "[pools.web] queues: it is ['a\\x00']; it must be a list of texts"),
        ('[pools.web]\npython = "a\\u0000"', "[pools.web] python: it is 'a\\x00'; it must be a text in quotes"),
        ('[pools.web]\nenv = { A = "\\u0000" }', "[pools.web.env] A: it is '\\x00'; it must be a text in quotes"),
        ('[pools.web]\nenv = { "A=B" = "1" }', '[pools.web.env] "A=B": a variable has a name, without the sign ='),
        ('[pools.web]\nenv = { "" = "1" }', '[pools.web.env] "": a variable has a name, without the sign ='),
        ("[pools.web]\nqueues = 'redis://x'", "[pools.web] queues: 'redis://x' is no name of a queue, but the URL of a server; "),
        ("[pools.web]\ndirectory = '~nobody-here/x'", "[pools.web] directory: it is '~nobody-here/x'; nobody of that name has a home here"),
        ('[pools.web]\n"\\u001b[31m" = 1', "[pools.web] \\x1b[31m: there is no such key; "),
        ("[pools.web]\n[pools.web]", "this is no TOML: Cannot declare ('pools', 'web') twice (at line 2, column 11)"),
        ("[[pools.web]]", "[pools] web: it is [{}]; it must be a table, such as [pools.web]"),
        ("[pools.web]\nworkers = '" + "9" * 500 + "'", "[pools.web] workers: it is '" + "9" * 99 + "...; it must be a whole number"),
        ("x = " + "[" * 5000, "this is no TOML: "),
        ("[pools.web]\n[health]\nlisten = 'a..b:80'", "[health] listen: 'a..b:80' is no address; "),
        ("[pools.web]\nburst = true", "[pools.web] burst: there is no such key; a worker that leaves is replaced at once, "),
        ("[pools.web]\nverbose = true", '[pools.web] verbose: there is no such key; write logging_level = "debug"'),
        ("[pools.web]\nexception_handlers = 'a.b'", "[pools.web] exception_handlers: there is no such key; did you mean exception_handler?"),
        ("[pools.web]\nResult-TTL = 5", "[pools.web] Result-TTL: there is no such key; did you mean results_ttl?"),
        ("[pools.web]\nqueues = []", '[pools.web] queues: it is []; it must be a list of texts, such as ["high", "default"]'),
        ("[pools.web]\nqueues = [1]", '[pools.web] queues: it is [1]; it must be a list of texts, such as ["high", "default"]'),
        ("[pools.web]\nlease = 0", '[pools.web] lease: it is 0; it must be from 2 to 31536000 seconds, as a number or a text such as "10m"'),
        ("[pools.web]\nstop_timeout = 'soon'", "[pools.web] stop_timeout: it is 'soon'; it must be from 0"),
        ("[pools.web]\ndirectory = 'nowhere'", "[pools.web] directory: there is no directory FOLDER/nowhere"),
        ("[pools.web]\npath = ['web', 'nowhere']", "[pools.web] path: there is no directory FOLDER/nowhere"),
        (
            "[pools.web]\npython = 'web'",
            "[pools.web] python: there is no Python at FOLDER/web/bin/python; name an environment's folder, or an interpreter",
        ),
        ("[pools.web]\nenv = { A = true }", "[pools.web.env] A: it is True; it must be a text in quotes"),
        ("[pools.web]\nenv_file = 'nowhere'", "[pools.web] env_file: cannot use FOLDER/nowhere: No such file or directory"),
        ("[pools.web]\nenv_file = 'broken.env'", "[pools.web] env_file: line 2 of FOLDER/broken.env is no NAME=value"),
        ("[pools.web]\nenv_file = 'nul.env'", "[pools.web] env_file: line 1 of FOLDER/nul.env is no NAME=value"),
        ("[pools.web]\nlimits.memory = 1024", '[pools.web.limits] memory: it is 1024; it must be a size from "256M" to "1024T"'),
        ("[pools.web]\nlimits.memory = 'much'", '[pools.web.limits] memory: it is \'much\'; it must be a size from "256M" to "1024T"'),
        ("[pools.web]\nlimits.cpu = 1", "[pools.web.limits] cpu: there is no such key; there are memory, nice, nofile"),
        ("[cron.nightly]", "[cron.nightly] file: it is missing; name the file that `rq cron` reads"),
        ("[cron.nightly]\nfile = 'web'", "[cron.nightly] file: there is no file FOLDER/web"),
        ("[pools.web]\n[health]\nlisten = 'here'", "[health] listen: 'here' is no address; write HOST:PORT, such as 127.0.0.1:8080, or a port alone"),
    ],
)
def test_a_mistake_is_a_sentence_with_its_table_and_key(folder: Path, text: str, sentence: str):
    (folder / "broken.env").write_text("A=1\nB\n")
    (folder / "nul.env").write_text("A=\0\n")
    assert refusal(folder, text).startswith(sentence)


def test_a_file_that_an_editor_marked_as_utf_8_is_read_as_any_other(folder: Path):
    assert [pool.name for pool in read(folder, "\ufeff[pools.web]").pools] == ["web"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8080", ("127.0.0.1", 8080)),
        (":0", ("127.0.0.1", 0)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("web.example:80", ("web.example", 80)),
        ("[::1]:80", ("::1", 80)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]):
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "here", "here:", "1.2.3.4:70000", "::1:80", "-1"])
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(InvalidOptionError):
        parse_address(text)
