"""The command `rq cron`, under the path that RQ has it at."""

from rq.cli.commands.cron import cron
from rq.cli.main import main
from rq.runtime.cron.scheduler import CronScheduler

__all__ = ["CronScheduler", "cron", "main"]
