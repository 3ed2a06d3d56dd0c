"""Other processes that take a share of long work, or do one step of it ahead of this one: copies of this one where that
is safe, else made by a fork server.

A copy is there at once, but it has what its original has: the locks that another thread holds just then, and
connections, whose locks and sockets are no longer one process's own. So a process is copied only while it has one
thread and no connection, and opens its own connection afterwards.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, QueuePool

T = TypeVar("T")
_PR_SET_PDEATHSIG: Final = 1  # of linux/prctl.h
_BEGUN: Final = 12  # tasks that each of them is given at first, of few tasks only half of its share
_AHEAD: Final = 2  # and has waiting later on, so that none ends long after the others


@dataclass(frozen=True, slots=True)
class Others:
    """`pool` is None where this process works alone; `starting` is the thread that waits for the first of them."""

    processes: int
    pool: ProcessPoolExecutor | None = None
    starting: threading.Thread | None = None

    @classmethod
    def begun(cls, engine: Engine, worth: tuple[int, int], processes: int, module: str) -> Others:
        """As many as are worth their start: `worth` says from how many entries on copies are, and others, which cost
        far more; `module` is what they run."""
        if processes < 2 or engine.url.database in (None, "", ":memory:"):
            return cls(1)
        with engine.connect() as connection:
            last = connection.exec_driver_sql('SELECT max("index") FROM leaf').scalar()
        size = last + 1 if type(last) is int else 0
        copied, made = worth
        if size < copied:
            return cls(1)
        if _alone(engine):
            fork = get_context("fork")
            pool = ProcessPoolExecutor(processes - 1, mp_context=fork, initializer=_end_with, initargs=(os.getpid(),))
            pool.submit(int)  # copies this process as it is now
            return cls(processes, pool)
        if size < made:
            return cls(1)
        context = get_context("forkserver")
        context.set_forkserver_preload(["__main__", module])  # read once, not by each process
        pool = ProcessPoolExecutor(processes - 1, mp_context=context)
        starting = threading.Thread(target=pool.submit, args=(int,), name="starting", daemon=True)
        starting.start()
        return cls(processes, pool, starting)

    def prepare(self, work: Callable[..., None], *told: Any) -> None:
        """Has the others prepare themselves, while this process finds out what there is to do."""
        if self.pool is not None and self._ready():
            for _ in range(self.processes - 1):
                self.pool.submit(work, *told)

    def share(
        self,
        work: Callable[..., T],
        told: bytes,
        own: Callable[..., T],
        tasks: Sequence[tuple[Any, ...]],
        ahead: int = _AHEAD,
    ) -> Iterator[T]:
        """What `own` gives for each of these tasks, in their order; `work` is the same in another process, which is
        `told` what it must know. The others begin at once, this process when it is asked for the first result; results
        that wait for an earlier one are few. Who does much with each result gives tasks less often, more `ahead`."""
        running: deque[Future[T]] = deque()
        if self.pool is not None and self._ready():
            each = min(_BEGUN, len(tasks) // (2 * self.processes))
            begun = tasks[: each * (self.processes - 1)]
            running.extend(self.pool.submit(work, told, *task) for task in begun)
        return self._shared(work, told, own, tasks[len(running) :], running, ahead)

    def _shared(
        self,
        work: Callable[..., T],
        told: bytes,
        own: Callable[..., T],
        tasks: Sequence[tuple[Any, ...]],
        running: deque[Future[T]],
        ahead: int,
    ) -> Iterator[T]:
        for task in tasks:
            if self.pool is not None and self._ready() and self._free(running, ahead):
                running.append(self.pool.submit(work, told, *task))
            else:
                mine: Future[T] = Future()
                mine.set_result(own(*task))
                running.append(mine)
            while running and (running[0].done() or len(running) > 2 * _BEGUN * self.processes):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()

    def _ready(self) -> bool:
        return self.starting is None or not self.starting.is_alive()

    def _free(self, running: deque[Future[T]], ahead: int) -> bool:
        return sum(not each.done() for each in running) < ahead * (self.processes - 1)

    def end(self) -> None:
        if self.starting is not None:
            self.starting.join()
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)


@contextmanager
def ahead(engine: Engine, make: Callable[[], Iterable[T]]) -> Iterator[Iterable[T]]:
    """What `make` gives, made by a copy of this process while this one uses what came before; by this one where it
    cannot be copied. The copy may use no connection. It waits until a result is taken, and ends when nobody takes more,
    as when this process was killed."""
    if (os.cpu_count() or 1) < 2 or not _alone(engine):
        yield make()
        return
    context = get_context("fork")
    taking, giving = context.Pipe(duplex=False)
    process = context.Process(target=_give, args=(make, taking, giving), daemon=True)
    process.start()
    giving.close()  # the copy's end alone is left
    try:
        yield _taken(taking)
    finally:
        taking.close()
        process.join()


def _give(make: Callable[[], Iterable[T]], taking: Connection, giving: Connection) -> None:
    taking.close()
    with suppress(BrokenPipeError):  # nobody takes it any more
        try:
            for each in make():
                giving.send((each, None))
        except Exception as error:
            giving.send((None, error))
        else:
            giving.send(None)


def _taken(taking: Connection) -> Iterator[Any]:
    while (given := taking.recv()) is not None:  # EOFError where the copy was killed
        each, error = given
        if error is not None:
            raise error
        yield each


def _end_with(original: int) -> None:
    """A copy ends when its original is killed: it has what that had open, the lock on a person's key for one."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != original:  # it was killed before that
        os._exit(1)


def _alone(engine: Engine) -> bool:
    """Whether a copy of this process would share nothing with it that anybody uses."""
    if sys.platform != "linux" or threading.active_count() > 1 or not _has_one_thread():
        return False
    if not isinstance(engine.pool, QueuePool) or engine.pool.checkedout():
        return False
    engine.dispose()
    return True


def _has_one_thread() -> bool:
    """Threads that Python knows nothing of count as well; one that has just ended may still be seen for a moment."""
    for _ in range(20):
        if len(os.listdir("/proc/self/task")) == 1:
            return True
        time.sleep(0.005)
    return False
