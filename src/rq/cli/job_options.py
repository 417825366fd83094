"""How the options of a job are written on the command line: one row for each field of `EnqueueOptions`.

A row has the options that say the field, and how they are read. Most fields are one option; `--retry-max`, `--retry-interval` and the like are one `Retry`
together. Options that RQ has keep its names.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from rq.cli.arguments import check_function_name, read_json
from rq.cli.boundary import WrongCall, one_line
from rq.cli.headings import HeadedOption
from rq.cli.options import at_least
from rq.core.errors import RQError
from rq.core.formats import parse_duration
from rq.model.callback import Callback
from rq.model.dependency import POLICIES, Dependency
from rq.model.options import EnqueueOptions
from rq.model.repeat import Repeat
from rq.model.retry import Retry
from rq.model.webhook import METHODS, Webhook

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobOption:
    """A field of `EnqueueOptions` as it is said on the command line.

    Args:
        options: the Click options, by parameter name.
        read: returns the field's value, from what was given for all parameters.
    """

    options: dict[str, Callable[..., Any]]
    read: Callable[[Given], Any]

    def value(self, given: Given) -> Any:
        """Return the value of the field.

        Raises:
            WrongCall: what was given makes no sense, or a file cannot be read.
        """
        try:
            return self.read(given)
        except RQError as error:
            raise WrongCall(f"{flag(next(iter(self.options)))}: {one_line(error)}") from error


def read_job_options(given: dict[str, Any]) -> dict[str, Any]:
    """Take the options of a job out of what was given to a command, and return them as fields of `EnqueueOptions`.

    Raises:
        WrongCall: one of them makes no sense, or names a file that cannot be read.
    """
    said = {name: given.pop(name) for row in JOB_OPTIONS.values() for name in row.options}
    if said["unique"] and said["job_id"] is None:
        raise WrongCall("--unique needs --job-id: it is the id that there may be only one of")
    values = {field: row.value(said) for field, row in JOB_OPTIONS.items()}
    try:
        EnqueueOptions(**values)
    except RQError as error:
        raise WrongCall(one_line(error)) from error
    return values


def takes_job_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command all options of a job."""
    for row in reversed(JOB_OPTIONS.values()):
        for option in reversed(row.options.values()):
            function = option(function)
    return function


def flag(parameter: str) -> str:
    """Return a parameter as it is written on the command line."""
    return f"--{parameter.replace('_', '-')}"


# --- how they are read ------------------------------------------------------------------------------------------------


def _one(parameter: str, heading: str, **option: Any) -> JobOption:
    """Return the row of a field that one option says as it is."""
    return JobOption({parameter: _option(parameter, heading, **option)}, lambda given: given[parameter])


def _option(parameter: str, heading: str, **option: Any) -> Callable[..., Any]:
    return click.option(flag(parameter), cls=HeadedOption, heading=heading, **option)


def _read_meta(given: Given) -> dict[str, Any] | None:
    if given["meta"] is None:
        return None
    meta = read_json(given["meta"], "--meta")
    if not isinstance(meta, dict):
        raise WrongCall(f'--meta {given["meta"]}: write a JSON object, such as {{"user": 7}}')
    return meta


def _read_dependencies(given: Given) -> Dependency | None:
    if not given["depends_on"]:
        _refuse_strays(given, ["on_dependency_failure"], "depends_on")
        return None
    return Dependency(given["depends_on"], on_failure=given["on_dependency_failure"])


def _read_retry(given: Given) -> Retry | None:
    if not _is_wanted(given, "retry_max", _RETRY):
        return None
    return Retry(
        given["retry_max"],
        _intervals(given["retry_interval"]),
        given["retry_at_front"],
        backoff=1.0 if given["retry_backoff"] is None else given["retry_backoff"],
        max_interval=parse_duration(given["retry_max_interval"]),
        jitter=given["retry_jitter"] or 0.0,
        only_on=given["retry_only_on"],
        never_on=given["retry_never_on"],
    )


def _read_repeat(given: Given) -> Repeat | None:
    return Repeat(given["repeat"], _intervals(given["repeat_interval"])) if _is_wanted(given, "repeat", _REPEAT) else None


def _is_wanted(given: Given, times: str, parameters: Iterable[str]) -> bool:
    """Say whether something is to be done again: a number of 0 means no, as in RQ; without a number, nothing else can be said about it."""
    if given[times] is None:
        _refuse_strays(given, parameters, times)
    return bool(given[times])


def _refuse_strays(given: Given, parameters: Iterable[str], needed: str) -> None:
    for name in parameters:
        value = given[name]
        if value is not None and value is not False and value != ():
            raise WrongCall(f"{flag(name)} says nothing without {flag(needed)}")


def _intervals(texts: tuple[str, ...]) -> list[int]:
    return [parse_duration(text) or 0 for text in texts] or [0]


def _read_callback(parameter: str, given: Given) -> Callback | None:
    if given[parameter] is None:
        return None
    path, _, timeout = given[parameter].partition(":")
    check_function_name(path)
    return Callback(path, timeout or None)


def _read_webhooks(given: Given) -> list[Webhook]:
    if not given["webhook"]:
        _refuse_strays(given, _WEBHOOK, "webhook")
    headers = dict(_split(text, ":", "--webhook-header", "NAME:VALUE") for text in given["webhook_header"]) or None
    timeout = {} if given["webhook_timeout"] is None else {"timeout": parse_duration(given["webhook_timeout"])}
    statuses_and_urls = [_split(text, "=", "--webhook", "finished=URL or failed=URL") for text in given["webhook"]]
    return [Webhook(url, status, method=given["webhook_method"] or "GET", headers=headers, **timeout) for status, url in statuses_and_urls]  # type: ignore[arg-type] # a duration that was given is a number


def _split(text: str, mark: str, option: str, form: str) -> tuple[str, str]:
    name, found, value = text.partition(mark)
    if not found:
        raise WrongCall(f"{option} {text}: write {form}")
    return name.strip(), value.strip()


# --- the table --------------------------------------------------------------------------------------------------------

_JOB, _TIME, _AFTER, _AGAIN, _END = "The job", "How long", "After other jobs", "Retry and repeat", "When it ends"

_dependency = functools.partial(_option, heading=_AFTER)
_again = functools.partial(_option, heading=_AGAIN)
_webhook = functools.partial(_option, heading=_END)

_RETRY = {
    "retry_max": _again("retry_max", type=at_least(0), metavar="N", help="Try that many times more if it fails."),
    "retry_interval": _again("retry_interval", multiple=True, metavar="TIME", help="Wait so long before (default: 0); repeatable."),
    "retry_backoff": _again("retry_backoff", type=float, metavar="FACTOR", help="Let each wait be that many times the one before."),
    "retry_max_interval": _again("retry_max_interval", metavar="TIME", help="The longest wait that it may grow to."),
    "retry_jitter": _again("retry_jitter", type=float, metavar="FRACTION", help="Spread waits by up to that much, as 0.1."),
    "retry_only_on": _again("retry_only_on", multiple=True, metavar="CLASS", help="Retry this exception only; repeatable."),
    "retry_never_on": _again("retry_never_on", multiple=True, metavar="CLASS", help="Do not retry this exception; repeatable."),
    "retry_at_front": _again("retry_at_front", is_flag=True, help="Retry it before all other jobs of the queue."),
}
_REPEAT = {
    "repeat": _again("repeat", type=at_least(0), metavar="TIMES", help="Run it that many times more if it succeeds."),
    "repeat_interval": _again("repeat_interval", multiple=True, metavar="TIME", help="Wait so long before (default: 0); repeatable."),
}
_WEBHOOK = {
    "webhook": _webhook("webhook", multiple=True, metavar="STATUS=URL", help="Call URL once finished, or failed; repeatable."),
    "webhook_method": _webhook("webhook_method", type=click.Choice(METHODS), metavar="METHOD", help="GET (default), or POST, which tells about it."),
    "webhook_header": _webhook("webhook_header", multiple=True, metavar="NAME:VALUE", help="A header of these requests; repeatable."),
    "webhook_timeout": _webhook("webhook_timeout", metavar="TIME", help="How long such a request may take (default: 10)."),
}


def _callback(parameter: str, when: str) -> JobOption:
    option = _option(parameter, _END, metavar="PATH[:TIME]", help=f"Call it {when} (at most 60s, or TIME).")
    return JobOption({parameter: option}, functools.partial(_read_callback, parameter))


# Field of `EnqueueOptions` -> how it is said; in the order of the help.
JOB_OPTIONS: dict[str, JobOption] = {
    "description": _one("description", _JOB, metavar="TEXT", help="What people see (default: the call)."),
    "job_id": _one("job_id", _JOB, metavar="ID", help="Letters, digits, _ and - (default: a random one)."),
    "unique": _one("unique", _JOB, is_flag=True, help="Refuse it if there is a job with this --job-id."),
    "at_front": _one("at_front", _JOB, is_flag=True, help="Put it before all other jobs of the queue."),
    "meta": JobOption({"meta": _option("meta", _JOB, metavar="JSON", help="An object to keep with it, or @FILE with one.")}, _read_meta),
    "group_id": JobOption({"group": _option("group", _JOB, metavar="NAME", help="The group that it belongs to.")}, lambda given: given["group"]),
    "timeout": _one("timeout", _TIME, metavar="TIME", help="How long it may run; -1: no limit (default: 180s)."),
    "ttl": _one("ttl", _TIME, metavar="TIME", help="How long it may wait before it is dropped."),
    "result_ttl": _one("result_ttl", _TIME, metavar="TIME", help="How long the result is kept; -1: for ever."),
    "failure_ttl": _one("failure_ttl", _TIME, metavar="TIME", help="How long it is kept if it fails; -1: for ever."),
    "depends_on": JobOption(
        {
            "depends_on": _dependency("depends_on", multiple=True, metavar="ID", help="Wait for this job to succeed; repeatable."),
            "on_dependency_failure": _dependency(
                "on_dependency_failure", type=click.Choice(POLICIES), metavar="WHAT", help="If it fails: wait (default), run, cancel, fail."
            ),
        },
        _read_dependencies,
    ),
    "retry": JobOption(_RETRY, _read_retry),
    "repeat": JobOption(_REPEAT, _read_repeat),
    "on_success": _callback("on_success", "after success"),
    "on_failure": _callback("on_failure", "after a failure"),
    "on_stopped": _callback("on_stopped", "if it is stopped"),
    "webhooks": JobOption(_WEBHOOK, _read_webhooks),
}
