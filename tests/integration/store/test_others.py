"""Copies of a process share its work while it lives, and end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.repository import ROOT

COPIED = """
import os, sys, time
from ledger.store.database import open_engine
from ledger.store.others import Others
engine = open_engine(sys.argv[1])
with engine.begin() as connection:
    connection.exec_driver_sql('CREATE TABLE leaf ("index" INTEGER)')
    connection.exec_driver_sql("INSERT INTO leaf VALUES (0)")
others = Others.begun(engine, (1, 1), 2, "ledger.store.others")
print(others.pool.submit(os.getpid).result(), flush=True)
time.sleep(60)
"""


def test_a_copy_ends_when_its_original_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COPIED, f"sqlite:///{tmp_path / 'log.db'}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as original:
        assert original.stdout is not None
        copy = int(original.stdout.readline())
        assert copy != original.pid and running(copy)
        original.send_signal(signal.SIGKILL)
        original.wait(30)
    began = time.monotonic()
    while running(copy) and time.monotonic() < began + 30:
        time.sleep(0.05)
    assert not running(copy)


def running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
