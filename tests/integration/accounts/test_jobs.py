"""The job runner keeps time, goes on after a failure, and stops without losing what it does."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from ledger import bootstrap
from ledger.jobs import Jobs, Task
from ledger.log.ids import new_uuid7
from ledger.settings import from_environment
from tests.support.receiver import Receiver


def test_a_task_is_repeated_and_as_long_as_there_is_work_at_once() -> None:
    left = [3, 0, 2, 0]
    done = threading.Event()
    ran: list[int] = []

    def run() -> int:
        ran.append(left.pop(0) if left else 0)
        if not left:
            done.set()
        return ran[-1]

    jobs = Jobs({"work": Task(run=run, every_s=0.05, busy=10)})
    jobs.start()
    assert done.wait(5)
    jobs.stop()
    assert ran[:4] == [3, 0, 2, 0]


def test_a_failing_task_is_logged_and_tried_again_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    turns = {"bad": 0, "good": 0}
    enough = threading.Event()

    def bad() -> int:
        turns["bad"] += 1
        raise RuntimeError("broken")

    def good() -> int:
        turns["good"] += 1
        if min(turns.values()) >= 2:
            enough.set()
        return 0

    jobs = Jobs({"bad": Task(run=bad, every_s=0.05), "good": Task(run=good, every_s=0.05)})
    with caplog.at_level(logging.ERROR):
        jobs.start()
        assert enough.wait(5)
        jobs.stop()
    assert turns["bad"] >= 2 and "task failed" in caplog.text


def test_stopping_waits_for_what_is_running() -> None:
    began, ended = threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        time.sleep(0.3)
        ended.set()
        return 0

    jobs = Jobs({"slow": Task(run=slow, every_s=0.02)})
    jobs.start()
    assert began.wait(5)
    jobs.stop()
    assert ended.is_set()


def test_the_whole_set_of_tasks_numbers_signs_and_tells_by_itself(tmp_path: Path, database_url: str) -> None:
    """As `jobs` and `serve` run it: settings from the environment, real keys, a real clock, a real receiver."""
    settings = from_environment(
        {
            "WASTELEDGER_HOME": str(tmp_path / "home"),
            "WASTELEDGER_DATABASE": database_url,
            "WASTELEDGER_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }
    )
    ledger = bootstrap.init_ledger(settings, origin="ledger.example/jobs", operator_name="x")
    queries = bootstrap.open_queries(ledger)
    accounts = bootstrap.open_accounts(ledger, settings)
    webhooks = bootstrap.open_webhooks(ledger, queries, settings)
    accounts.create(name="root", password="a fine long word", roles=["operator"], party=ledger.opened.operator)
    actor = accounts.actor_for_session(accounts.log_in("root", "a fine long word", address=""))
    assert actor is not None
    jobs = bootstrap.open_jobs(ledger, queries, accounts, webhooks, sign=True)
    with Receiver().running() as receiver:
        hook, _ = webhooks.add(actor, receiver.url, ["subject-erased"])
        jobs.start()
        ledger.erase(f"person:{new_uuid7(bootstrap.clock(), bytes(10))}")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not receiver.posts:
            time.sleep(0.05)
        while time.monotonic() < deadline and webhooks.log(actor, hook.id)[0].state != "delivered":
            time.sleep(0.05)
        jobs.stop()
    assert len(receiver.posts) == 1
    assert webhooks.log(actor, hook.id)[0].state == "delivered"
    assert ledger.size() == 2
    assert b"\n2\n" in ledger.unwitnessed_checkpoint()
    ledger.close()
