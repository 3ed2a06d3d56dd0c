"""Repeats the work that no request does: each task alone in its process, on its own interval, until stopped.

Several processes may run the same tasks: each task claims its work in the database (docs/decisions/0003), so this
runner only keeps time. A task that fails is logged and tried again at its next turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

log = logging.getLogger("wasteledger.jobs")
logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a turn left out because the last one still runs is no news


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`run` says how much it did; as long as that is something, it is run again at once, `busy` times at most."""

    run: Callable[[], object]
    every_s: float
    busy: int = 1


class Jobs:
    """The tasks of one process, each in a thread of its own."""

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        executor = ThreadPoolExecutor(max(1, len(tasks)))
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(executors={"default": executor}, job_defaults=defaults, timezone="UTC")
        for name, task in tasks.items():
            self._scheduler.add_job(_turn, "interval", [name, task], seconds=task.every_s, id=name)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Waits for the tasks that are running; what they claimed and did not finish is due again later."""
        self._scheduler.shutdown(wait=True)


def _turn(name: str, task: Task) -> None:
    try:
        for _ in range(task.busy):
            if not task.run():
                return
    except Exception as error:  # whatever it is, the next turn may go better; nothing of it is told but its kind
        log.error("task failed", exc_info=error, extra={"task": name})
