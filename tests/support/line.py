"""A bad line between a browser and a served park: slow, silent, or one that loses what the server answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 2_000


@dataclass(slots=True, kw_only=True)
class Line:
    """What may be changed while it is in use: `bytes_per_s` (0: as fast as can be), and what gets through."""

    url: str
    bytes_per_s: int = 0
    asks: bool = True
    answers: bool = True
    _open: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Every connection ends now, as when a device changes its network."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()


@contextmanager
def line(url: str) -> Iterator[Line]:
    """A line to a server until the block ends."""
    to = urlsplit(url)
    door = socket.create_server(("127.0.0.1", 0))
    made = Line(url=f"http://127.0.0.1:{door.getsockname()[1]}")

    def serve() -> None:
        with suppress(OSError):
            while True:
                here, _ = door.accept()
                there = socket.create_connection((to.hostname, to.port))
                made._open += [here, there]
                for source, sink, asks in ((here, there, True), (there, here, False)):
                    threading.Thread(target=_carry, args=(made, source, sink, asks), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield made
    finally:
        door.close()
        made.cut()


def _carry(line: Line, source: socket.socket, sink: socket.socket, asks: bool) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            if line.bytes_per_s:
                time.sleep(len(piece) / line.bytes_per_s)
            if line.asks if asks else line.answers:
                sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
