"""Where `rq up` answers over HTTP how things are: at the address that its file names, wherever that moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from rq.cli.boundary import CommandFailed
from rq.cli.deployed import serve_health
from rq.model.health import Health
from rq.observe.pool_logs import logger

Address = tuple[str, int]


class HealthDoor:
    """Answers at an address that may change, or be none.

    Args:
        check: looks how things are; called in other threads.
        is_alive: whether the program goes on; likewise.
    """

    def __init__(self, check: Callable[[], Health], is_alive: Callable[[], bool]) -> None:
        self._check = check
        self._is_alive = is_alive
        self._address: Address | None = None
        self._port: int | None = None
        self._open = ExitStack()

    @contextmanager
    def serving(self, address: Address | None) -> Iterator[None]:
        """Answer there, or where it moves to, until the block ends.

        Raises:
            CommandFailed: it is not possible to listen there.
        """
        self._move(address)
        try:
            yield
        finally:
            self._open.close()

    def follow(self, address: Address | None) -> None:
        """Answer there from now on; None: nowhere. Where it is not possible to listen, the former address goes on."""
        if address == self._address:
            return
        former, is_same_port = self._address, address is not None and address[1] == self._port
        try:
            if is_same_port:  # 0.0.0.0:80 leaves no room for 127.0.0.1:80
                self._open.close()
            self._move(address)
        except CommandFailed as error:
            logger.error("%s; until then, nothing changes", error.message)
            if is_same_port:
                self._address = self._port = None
                with suppress(CommandFailed):  # somebody was quicker
                    self._move(former)

    def _move(self, address: Address | None) -> None:
        with ExitStack() as opening:
            url = None if address is None else opening.enter_context(serve_health(address, self._check, self._is_alive))
            self._open.close()
            self._open = opening.pop_all()
        if url is not None:
            logger.info("Serving %s/live and %s/ready", url, url)
        elif self._address is not None:
            logger.info("Health is not served any more")
        self._address, self._port = address, None if url is None else int(url.rpartition(":")[2])
