"""A small web server with documents, which can keep one reader waiting until that reader has died."""

import select
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Every answer takes this long, as it would from a server on the other side of the world.
SECONDS_PER_ANSWER = 0.08
# The reader who is kept waiting gets a proper error after this long, so that nothing can hang for ever.
LONGEST_HOLD_SECONDS = 60.0


class Library(ThreadingHTTPServer):
    """Serves the files of a folder on a loopback port, in threads of its own.

    Args:
        folder: where the documents are; no subfolders.
        held: the name of a document whose first reader gets no answer as long as he lives.

    Attributes:
        readings: how often each document was asked for.
        held_reader_came: set when somebody waits for the held document.
        held_reader_left: set when that reader's end of the connection was closed.
    """

    daemon_threads = True

    def __init__(self, folder: Path, held: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.documents = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        self.held = held
        self.readings: Counter[str] = Counter()
        self.held_reader_came = threading.Event()
        self.held_reader_left = threading.Event()
        threading.Thread(target=self.serve_forever, name="library", daemon=True).start()

    def url_of(self, name: str) -> str:
        """Return the address of a document."""
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Library

    def do_GET(self) -> None:
        """Answer one request."""
        name = self.path.removeprefix("/")
        document = self.server.documents.get(name)
        if document is None:
            self.send_error(404)
            return
        self.server.readings[name] += 1
        if name == self.server.held and self.server.readings[name] == 1:
            self._hold()
            return
        time.sleep(SECONDS_PER_ANSWER)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def _hold(self) -> None:
        """Say nothing until the reader closes the connection: a process that was killed does that too."""
        self.server.held_reader_came.set()
        readable, _, _ = select.select([self.connection], [], [], LONGEST_HOLD_SECONDS)
        if readable:
            self.close_connection = True
            self.server.held_reader_left.set()
        else:
            self.send_error(503, "Nobody came to interrupt")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the demonstration says what happens."""
