"""Group commit: one writer at a time, everybody answered once, a bounded queue, one caller's trouble his own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from ledger.store.group import Busy, Group


class Work:
    """Notes the groups it was given; holds the first one until it is let go, and fails on jobs called `bad`."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.at_work = threading.Event()
        self.go_on = threading.Event()
        self._one = threading.Lock()

    def __call__(self, jobs: list[str]) -> None:
        assert self._one.acquire(blocking=False), "two writers at a time"
        try:
            self.groups.append(jobs)
            if not self.at_work.is_set():
                self.at_work.set()
                assert self.go_on.wait(30)
            if "bad" in jobs:
                raise ValueError("bad job")
        finally:
            self._one.release()


@contextmanager
def held(work: Work, group: Group[str]) -> Iterator[Callable[[str, int], Future[None]]]:
    """The first job is being written; what is sent meanwhile waits until the block ends."""
    with ThreadPoolExecutor(64) as pool:
        pool.submit(group.run, "first", 1)
        assert work.at_work.wait(30)
        yield lambda job, weight: _queued(pool, group, job, weight)
        work.go_on.set()


def _queued(pool: ThreadPoolExecutor, group: Group[str], job: str, weight: int) -> Future[None]:
    before = group.waiting
    sent = pool.submit(group.run, job, weight)
    while group.waiting == before and not sent.done():
        pass
    return sent


def test_callers_that_come_while_one_writes_are_written_together() -> None:
    work = Work()
    group = Group(work, at_once=100, waiting_max=100)
    with held(work, group) as send:
        sent = [send(f"job {n}", 1) for n in range(9)]
    assert [each.result() for each in sent] == [None] * 9
    assert work.groups == [["first"], [f"job {n}" for n in range(9)]]


def test_a_group_is_no_heavier_than_allowed_but_for_one_caller_alone() -> None:
    work = Work()
    group = Group(work, at_once=10, waiting_max=100)
    with held(work, group) as send:
        sent = [send(name, weight) for name, weight in (("a", 6), ("b", 4), ("c", 1), ("heavy", 50), ("d", 1))]
    assert [each.result() for each in sent] == [None] * 5
    assert work.groups == [["first"], ["a", "b"], ["c"], ["heavy"], ["d"]]


def test_a_full_queue_sends_callers_away_and_takes_them_again_when_there_is_room() -> None:
    work = Work()
    group = Group(work, at_once=100, waiting_max=10)
    with held(work, group) as send:
        waiting = send("a", 9)
        refused = send("b", 2).exception()
        assert isinstance(refused, Busy)
        assert refused.fields == {"expected": "at most 10 waiting", "got": 11}
        fits = send("c", 1)
    assert (waiting.result(), fits.result()) == (None, None)
    group.run("b", 2)
    assert work.groups == [["first"], ["a", "c"], ["b"]]


def test_a_job_heavier_than_the_queue_is_taken_when_nobody_waits() -> None:
    work = Work()
    work.at_work.set()
    Group(work, at_once=10, waiting_max=10).run("heavy", 11)
    assert work.groups == [["heavy"]]


def test_one_callers_trouble_is_not_the_others() -> None:
    work = Work()
    group = Group(work, at_once=100, waiting_max=100)
    with held(work, group) as send:
        sent = [send(name, 1) for name in ("a", "bad", "b")]
    assert [type(each.exception()) for each in sent] == [type(None), ValueError, type(None)]
    assert work.groups == [["first"], ["a", "bad", "b"], ["a"], ["bad"], ["b"]]
    with pytest.raises(ValueError, match="bad job"):
        group.run("bad", 1)
    group.run("after", 1)


def test_callers_split_in_two_groups_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.store.group._MOMENT_S", 0.05)
    work = Work()
    group = Group(work, at_once=4, waiting_max=100)
    with ExitStack() as stack:
        callers = {name: stack.enter_context(ThreadPoolExecutor(1)) for name in "abcd"}
        with held(work, group):
            first = [_queued(callers[name], group, name, 2) for name in "abcd"]
        for each in first:
            each.result()
        again = [_queued(callers[name], group, name, 1) for name in "cd"]
        time.sleep(0.06)
        for each in (*again, *(callers[name].submit(group.run, name, 1) for name in "ab")):
            each.result()
    assert [sorted(each) for each in work.groups] == [["first"], ["a", "b"], ["c", "d"], ["a", "b", "c", "d"]]
