"""The server of a running deployment, which may be another one when its file is read again."""

from __future__ import annotations

from redis.exceptions import RedisError

from rq.cli.boundary import CommandFailed, sentence_of
from rq.cli.connect import describe_server, load_config
from rq.cli.deployed import open_deployed_server
from rq.cli.options import SharedOptions
from rq.cli.settings import Settings
from rq.core.defaults import DEFAULT_KEY_PREFIX
from rq.core.errors import RQError
from rq.runtime.deployment.values import Deployment
from rq.store.reads import is_suspended

# So begin the settings that say which server is meant.
_NAMES_OF_SERVER = ("REDIS_", "SENTINEL", "RQ_KEY_")


class DeployedServer:
    """The server that a deployment means. At first nothing is sent to it: it may come up later.

    Args:
        deployment: what runs.
        shared: the options of the command.
    """

    def __init__(self, deployment: Deployment, shared: SharedOptions) -> None:
        self._shared = shared
        self._words = self._words_of(deployment)
        self.current = open_deployed_server(deployment, shared)

    @property
    def name(self) -> str:
        """Where it is, as people write it; without the password."""
        prefix = self.current.scripts.keyspace.prefix
        return describe_server(self.current.client) + ("" if prefix == DEFAULT_KEY_PREFIX else f", keys {prefix}*")

    def follow(self, deployment: Deployment) -> bool:
        """Become the server that a deployment means now. Say whether it is another one, or has other keys; such a one has answered.

        Raises:
            CommandFailed: it does not answer, or what names it makes no sense; then nothing changes.
        """
        words = self._words_of(deployment)
        if words == self._words:
            return False
        server = open_deployed_server(deployment, self._shared)
        try:
            server.caller.run(is_suspended(server.scripts))
        except (RedisError, OSError, RQError) as error:
            raise CommandFailed(sentence_of(error, describe_server(server.client))) from error
        self._words, self.current = words, server
        return True

    def _words_of(self, deployment: Deployment) -> tuple[object, ...]:
        """Return all that says which server is meant and may change while this program runs."""
        return (deployment.url, deployment.prefix, {} if deployment.url else _about_server(load_config(self._shared.config)))


def _about_server(settings: Settings) -> dict[str, object]:
    return {name: value for name, value in settings.values.items() if name.startswith(_NAMES_OF_SERVER)}
