"""The command `rq cron`, under the path that RQ has it at."""

from rq.cli.cli_config import pass_cli_config, read_config_file
from rq.cli.commands.cron import cron
from rq.cli.main import main
from rq.runtime.cron.scheduler import CronScheduler

__all__ = ["CronScheduler", "cron", "main", "pass_cli_config", "read_config_file"]
