"""A load client that costs little beside what it measures: one thread, one epoll, connections kept alive, requests made
of bytes beforehand, answers looked at no further than their status and length."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of it; `own` is the share of one core that the client took: below 1 it waited for answers."""

    count: int
    seconds: float
    latencies_ms: list[float]
    own: float

    def percentile_ms(self, percent: int) -> float:
        return statistics.quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1]


def request(method: str, path: str, body: bytes = b"", token: str = "") -> bytes:
    """A request as it goes over the wire."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*head, "", ""]).encode() + body


def load(port: int, work: Sequence[Sequence[bytes]]) -> Load:
    """Send each connection's requests one after another; raises AssertionError for an answer that is none of 2xx."""
    selector = selectors.EpollSelector()
    lines = [_Line(socket.create_connection(("127.0.0.1", port)), list(reversed(each))) for each in work]
    for line in lines:
        line.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(line.wire, selectors.EVENT_READ, line)
    took: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    for line in lines:
        line.send()
    open_ = len(lines)
    while open_:
        for key, _ in selector.select():
            line = key.data
            line.got += line.wire.recv(1 << 18)
            if line.whole():
                took.append(time.perf_counter() - line.sent)
                if line.waiting:
                    line.send()
                else:
                    selector.unregister(line.wire)
                    open_ -= 1
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    for line in lines:
        line.wire.close()
    return Load(count=len(took), seconds=seconds, latencies_ms=[1000 * each for each in took], own=cpu / seconds)


class _Line:
    """One connection."""

    __slots__ = ("got", "sent", "waiting", "wire")

    def __init__(self, wire: socket.socket, waiting: list[bytes]) -> None:
        self.wire = wire
        self.waiting = waiting
        self.got = b""
        self.sent = 0.0

    def send(self) -> None:
        self.got = b""
        self.sent = time.perf_counter()
        self.wire.sendall(self.waiting.pop())

    def whole(self) -> bool:
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end:
            assert self.got, "the server hung up"
            return False
        assert head.startswith(b"HTTP/1.1 2"), self.got[:2000]
        start = head.lower().index(b"content-length:") + 15
        return len(body) >= int(head[start:].split(b"\r\n", 1)[0])
