"""A private Valkey server behind the URL `embedded://`, for trying, developing, and running on one machine.

`open_embedded(url)` gives the socket of a server that lives in a directory of the user. The first process that opens
the directory starts it, all processes that name the same directory share it, and it stops soon after the last of them
has gone.

Who is there is never written down, so no crash, SIGKILL or reboot can leave a wrong note behind: it is locked. Each
of these files in the directory carries one `flock`, which the kernel takes away when its holder ends:

    users.lock     shared by every process that opened the server; exclusively by the watcher while it stops the server
    start.lock     by the process that starts a watcher right now
    watcher.lock   by the watcher
    server.lock    by the server, which inherits it: as long as it is taken there is a server, and none beside it

The *watcher* is a small detached process that starts the server, starts it again if it dies while somebody uses it,
and then sleeps in the kernel until it gets `users.lock` for itself, which means that nobody is left. If the watcher
itself is killed, the server goes on, and the next `open_embedded` or `ensure_running` starts a new watcher, which
adopts it.
"""

from rq.embedded.server import EmbeddedServer, open_embedded
from rq.embedded.url import is_embedded_url

__all__ = ["EmbeddedServer", "is_embedded_url", "open_embedded"]
