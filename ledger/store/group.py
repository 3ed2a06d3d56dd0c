"""Group commit: callers that come while one is writing are written together by the next.

Whoever finds nobody leading leads: it takes what waits, does it, wakes those it answered and hands the lead to the
first still waiting. So there is one queue and one writer at a time, and a single caller never changes threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ledger.errors import LedgerError

Job = TypeVar("Job")

_MOMENT_S: Final = 0.0004
_PATIENCE: Final = 2  # moments in which nobody comes


class Busy(LedgerError):
    """The queue is full; try again shortly."""

    code = "busy"
    zh = "写入队列已满，请稍后重试"
    en = "the write queue is full; try again shortly"


class _Turn(Generic[Job]):
    __slots__ = ("caller", "done", "error", "gate", "job", "weight")

    def __init__(self, job: Job, weight: int) -> None:
        self.caller = threading.get_ident()
        self.job = job
        self.weight = weight
        self.done = False
        self.error: BaseException | None = None
        self.gate = threading.Lock()
        self.gate.acquire()


class Group(Generic[Job]):
    """Runs `work` on jobs of many threads, up to weight `at_once` together; beyond `waiting_max`, callers meet Busy."""

    def __init__(self, work: Callable[[list[Job]], None], *, at_once: int, waiting_max: int) -> None:
        self._work = work
        self._at_once = at_once
        self._waiting_max = waiting_max
        self._mutex = threading.Lock()
        self._complete = threading.Lock()  # opened by the last caller that the leader waits for
        self._waiting: deque[_Turn[Job]] = deque()
        self._weight = 0
        self._led = False
        self._newest: set[int] = set()  # callers of the newest group
        self._expected = 1  # callers of the two newest groups

    @property
    def waiting(self) -> int:
        """The weight that waits to be taken."""
        return self._weight

    def run(self, job: Job, weight: int) -> None:
        """Return when `work` has done this job; raises what it raised for it."""
        turn = _Turn(job, weight)
        with self._mutex:
            if self._weight and self._weight + weight > self._waiting_max:
                raise Busy(expected=f"at most {self._waiting_max} waiting", got=self._weight + weight)
            self._weight += weight
            self._waiting.append(turn)
            leads, self._led = not self._led, True
            if len(self._waiting) >= self._expected and self._complete.locked():
                self._complete.release()
        if not leads:
            turn.gate.acquire()  # opened when the job is done, or when it is this thread's turn to lead
        if not turn.done:
            self._lead()
        if turn.error is not None:
            raise turn.error

    def _lead(self) -> None:
        self._gather()
        turns: list[_Turn[Job]] = []
        taken = 0
        with self._mutex:
            while self._waiting and (not turns or taken + self._waiting[0].weight <= self._at_once):
                turns.append(self._waiting.popleft())
                taken += turns[-1].weight
            self._weight -= taken
        callers = {turn.caller for turn in turns}
        # One alone may come on another thread each time, and waits for nobody.
        self._expected, self._newest = len(callers | self._newest) if len(callers) > 1 else 1, callers
        self._do(turns)
        with self._mutex:
            successor = self._waiting[0] if self._waiting else None
            self._led = successor is not None
        for turn in turns[1:]:  # the first is the leader's own
            turn.gate.release()
        if successor is not None:
            successor.gate.release()

    def _gather(self) -> None:
        """Callers answered together come back together: while they still come, wait for the rest. Otherwise the first
        one back makes all others wait for a sync of its own, and callers stay split in two groups that take turns."""
        self._complete.acquire(blocking=False)  # of an earlier group
        came, idle = len(self._waiting), 0
        while came < self._expected and idle < _PATIENCE:
            self._complete.acquire(timeout=_MOMENT_S)
            idle = idle + 1 if came == len(self._waiting) else 0
            came = len(self._waiting)

    def _do(self, turns: list[_Turn[Job]]) -> None:
        try:
            self._work([turn.job for turn in turns])
        except BaseException as error:
            if len(turns) == 1:
                turns[0].error = error
            else:  # one caller's trouble is not the others'
                for turn in turns:
                    self._do([turn])
        for turn in turns:
            turn.done = True
