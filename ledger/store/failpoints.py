"""Named places where a test may kill this process, so that the crash table is about real crashes."""

from __future__ import annotations

import os
import signal
from typing import Final

WRITES: Final = (
    "statement", "link", "posting", "stream_head", "author_head", "quarantine", "leaf", "tile", "log_state",
    "checkpoint",
)  # fmt: skip
"""Tables with a point `wrote.<table>` behind each of their writes; PostgreSQL writes the entry's tables in one."""

NAMES: Final = (
    "append.before-write",
    "append.after-write",
    "append.before-commit",
    "append.after-commit",
    "sequence.before-write",
    "sequence.after-write",
    "sequence.before-commit",
    "sequence.after-commit",
    "sign.before-high-water",
    "sign.high-water-temp-written",
    "sign.high-water-renamed",
    "sign.after-high-water",
    "sign.before-commit",
    "sign.after-commit",
    *(f"wrote.{table}" for table in WRITES),
)

_armed = os.environ.get("WASTELEDGER_FAIL_AT")
if _armed is not None and _armed not in NAMES:
    raise ValueError(f"WASTELEDGER_FAIL_AT: expected one of {', '.join(NAMES)}, got {_armed}")


def wrote(table: str) -> None:
    """A point behind a write."""
    if _armed is not None:
        hit(f"wrote.{table}")


def hit(name: str) -> None:
    """Die here, without a goodbye, when the environment says so; otherwise nothing."""
    if name == _armed:
        os.kill(os.getpid(), signal.SIGKILL)
