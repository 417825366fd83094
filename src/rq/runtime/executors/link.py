"""A job process's end of the socket to its supervisor.

After user code ran, nothing in this process can be trusted: what is needed then is bound to names of this module when it is imported.
"""

import array
import os
import socket
import sys
from contextlib import suppress
from typing import Any

from rq.runtime.executors.channel import HEADER, CallbackBegan, encode_callback_began, encode_output_began
from rq.runtime.executors.output import make_shared_memory
from rq.runtime.executors.process_control import Identity, identity_of

_CHUNK_BYTES = 1024 * 1024

_exit, _getpid, _write, _close = os._exit, os.getpid, os.write, os.close
_Socket, _SOCK_STREAM, _SOL_SOCKET = socket.socket, socket.SOCK_STREAM, socket.SOL_SOCKET
# Where these are missing no descriptor can be passed on.
_AF_UNIX, _SCM_RIGHTS = getattr(socket, "AF_UNIX", None), getattr(socket, "SCM_RIGHTS", None)
_INT_BYTES = array.array("i").itemsize


class Link:
    """This process's end of the socket to the supervisor."""

    def __init__(self, fd: int, identity: Identity) -> None:
        self.owner_pid = _getpid()
        self._fd = fd
        self._identity = identity

    def receive(self) -> bytes | None:
        """Wait for a frame and return its body; None if the supervisor closed the socket."""
        header = self._read(HEADER.size)
        return None if header is None else self._read(HEADER.unpack(header)[0])

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            OSError: The socket is gone: the job closed it, and perhaps opened something of the same number, which is
                left alone.
        """
        if identity_of(self._fd) != self._identity:
            raise OSError("the job closed the socket to its supervisor; its outcome is lost")
        view = memoryview(data)
        while view:
            view = view[_write(self._fd, view) :]

    def tell_callback_began(self, limit_seconds: float | None) -> None:
        """Tell the supervisor that the function is over and a callback begins. A copy of this process, forked by the job, ends instead.

        Raises:
            OSError: The socket is gone.
        """
        self.end_copy()
        self.send(encode_callback_began(CallbackBegan(limit_seconds)))

    def end_copy(self) -> None:
        """End this process if it is a copy that the job forked: it has nothing to tell."""
        if _getpid() != self.owner_pid:
            flush_output()
            _exit(0)

    def share_output(self, size: int) -> Any:
        """Return memory for what this process prints, that the supervisor can read.

        Raises:
            OSError: The socket is gone, or the system refuses; or a copy of this process, forked by the job, asks.
        """
        if _AF_UNIX is None or _SCM_RIGHTS is None:
            raise OSError("this platform passes no descriptors on")
        if _getpid() != self.owner_pid or identity_of(self._fd) != self._identity:
            raise OSError("nobody would read it")
        memory, fd = make_shared_memory(size)
        end = _Socket(_AF_UNIX, _SOCK_STREAM, 0, self._fd)
        try:
            end.sendmsg([encode_output_began()], [(_SOL_SOCKET, _SCM_RIGHTS, fd.to_bytes(_INT_BYTES, sys.byteorder))])
        finally:
            end.detach()
            _close(fd)
        return memory

    def _read(self, size: int) -> bytes | None:
        chunks: list[bytes] = []
        while size > 0:
            chunk = os.read(self._fd, min(size, _CHUNK_BYTES))
            if not chunk:
                return None
            chunks.append(chunk)
            size -= len(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def flush_output() -> None:
    """Write out what Python buffers of stdout and stderr, if that is possible."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # closed, replaced or broken by the job: its output, its choice
            stream.flush()
