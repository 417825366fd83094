"""Files in which cron jobs are written down: `rq.cron.register(...)` for each, and `rq cron FILE` to run them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rq.core.defaults import DEFAULT_RESULT_TTL
from rq.core.errors import CronConfigError
from rq.core.legacy import normalize_config_path, validate_absolute_path

if TYPE_CHECKING:
    from rq.model.webhook import Webhook
    from rq.runtime.cron.job import CronOptions

# What `register` was told since a scheduler took it; the one place that a file has to put it, as in RQ.
_job_data_registry: list[dict[str, Any]] = []


def register(  # noqa: PLR0913, PLR0917 - RQ's signature
    func: Callable[..., Any] | str,
    queue_name: str,
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    interval: int | str | None = None,
    cron: str | None = None,
    job_timeout: int | str | None = None,
    result_ttl: int | str | None = DEFAULT_RESULT_TTL,
    ttl: int | str | None = None,
    failure_ttl: int | str | None = None,
    meta: Mapping[str, Any] | None = None,
    webhooks: Sequence[Webhook] | None = None,
    name: str = "",
    **more: Unpack[CronOptions],
) -> dict[str, Any]:
    """Note a cron job for the scheduler that loads this file, or that `create_cron` makes. It is checked there. Returns what was noted.

    The arguments are those of `CronJob`.
    """
    entry: dict[str, Any] = {
        "func": func,
        "queue_name": queue_name,
        "args": args,
        "kwargs": kwargs,
        "interval": interval,
        "cron": cron,
        "job_timeout": job_timeout,
        "result_ttl": result_ttl,
        "ttl": ttl,
        "failure_ttl": failure_ttl,
        "meta": meta,
        "webhooks": webhooks,
        "name": name,
        **more,
    }
    _job_data_registry.append(entry)
    return entry


def take_registered() -> list[dict[str, Any]]:
    """Return what was noted, and forget it."""
    taken = list(_job_data_registry)
    _job_data_registry.clear()
    return taken


def load_cron_config(config_path: str) -> list[dict[str, Any]]:
    """Return what a file or module registers. What was noted before is forgotten, as in RQ.

    Args:
        config_path: an absolute path of a Python file; otherwise a module, or its path, that can be imported from here.

    Raises:
        FileNotFoundError, IsADirectoryError: if there is no file at an absolute path. CronConfigError: if importing it fails (an ImportError).
    """
    _job_data_registry.clear()
    if os.path.isabs(config_path):  # noqa: PTH117 - a text, as it was given
        _run_file(validate_absolute_path(config_path))
    else:
        _import(normalize_config_path(config_path), config_path)
    return take_registered()


def _import(module_name: str, config_path: str) -> None:
    """Import a module, again if it was imported before. A file that no import path leads to is run as it is."""
    try:
        if module_name in sys.modules:
            importlib.reload(sys.modules[module_name])
        else:
            importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        is_absent = error.name is not None and f"{module_name}.".startswith(f"{error.name}.")
        if is_absent and Path(config_path).is_file():
            _run_file(config_path)
        elif is_absent:
            message = f"There is no file or module {config_path} here; name a Python file with cron jobs, or a module that can be imported from {Path.cwd()}"
            raise CronConfigError(message) from error
        else:
            raise _broken(config_path, error) from error
    except Exception as error:  # the module is the user's code
        raise _broken(config_path, error) from error


def _run_file(path: str) -> None:
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None:
        raise CronConfigError(f"{path} is no Python file; name one with cron jobs, such as cron_config.py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file is the user's code
        raise _broken(path, error) from error


def _broken(config_path: str, error: Exception) -> CronConfigError:
    return CronConfigError(f"Importing the cron jobs of {config_path} failed with {type(error).__name__}: {error}; mend that file")
