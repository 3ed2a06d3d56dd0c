"""Prints how fast the ledger is, each figure beside a baseline of the same run; `make bench`.

BENCH_PARTS (default ledger,custody,http,workbook,labels,pages) says what is measured; BENCH_SIZES (default 10000) are
ledgers' sizes, separated by commas; BENCH_DATABASES (default sqlite,postgres) where they lie; BENCH_ROWS (default 2000)
the rows of the workbook that is imported; BENCH_KILLS (default 200) how many processes the crash test kills at random;
BENCH_UPLOADS (default 100000) how many statements T9 sends over a line that drops, doubles and reorders. 0: not at all.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg

from benchmarks import appending, custody, labels, pages, proving, serving
from benchmarks.databases import DATABASES, dsn, new_url
from benchmarks.measure import Machine, Row, folder, watched
from benchmarks.worlds import grown
from tests.support.repository import ROOT

LIBRARIES = ("sqlalchemy", "psycopg", "orjson", "PyNaCl", "pymerkle", "eventsourcing", "python-calamine", "granian")
LARGE = (
    ("BENCH_KILLS", "200", "CRASH_KILLS", "tests/crash -k any_moment"),
    ("BENCH_UPLOADS", "100000", "T9_STATEMENTS", "tests/attacks/test_authors.py -k t9"),
)  # tests of `make test` with numbers that are too large for it
PARTS = "ledger,custody,http,workbook,labels,pages"


def main() -> None:
    """Run everything that is asked for; each row is printed as soon as it is known."""
    sizes = [int(each) for each in os.environ.get("BENCH_SIZES", "10000").split(",")]
    databases = os.environ.get("BENCH_DATABASES", ",".join(DATABASES)).split(",")
    server: list[Path] = []
    print(_described(server, databases), flush=True)
    missed: list[Row] = []
    machine: list[Machine] = []
    for row in _watched_rows(sizes, databases, server, machine):
        print(line(row, machine[-1]), flush=True)
        if row.reached(row.floor) is False:
            missed.append(row)
    print(
        f"\nfloors missed: {len(missed)}" + "".join(f"\n  {each.what}, {each.where}, {each.size:,}" for each in missed)
    )
    failed = 0
    for many, default, setting, tests in LARGE:
        if count := int(os.environ.get(many, default)):
            command = [sys.executable, "-m", "pytest", "-q", *tests.split()]
            failed |= subprocess.run(command, cwd=ROOT, env=os.environ | {setting: str(count)}).returncode
    sys.exit(failed)


def _watched_rows(sizes: list[int], databases: list[str], server: list[Path], machine: list[Machine]) -> Iterator[Row]:
    rows = _rows(sizes, databases, server)
    while True:
        with watched(machine):
            row = next(rows, None)
        if row is None:
            return
        yield row


def _rows(sizes: list[int], databases: list[str], server: list[Path]) -> Iterator[Row]:
    parts = os.environ.get("BENCH_PARTS", PARTS).split(",")
    if "http" in parts and "postgres" in databases:
        yield from serving.rows(new_url("postgres", server))
    if "ledger" in parts:
        yield from _ledger_rows(sizes, databases, server)
    if "custody" in parts:
        for database in databases:
            for size in sizes:
                park = grown(new_url(database, server), folder(), size, mixed=True)
                yield from custody.rows(database, park.ledger.engine, park.ledger.regime)
                park.close()
    if "workbook" in parts:
        yield proving.workbook_row(int(os.environ.get("BENCH_ROWS", "2000")))
    if "labels" in parts:
        yield from labels.rows()
    if "pages" in parts:
        yield from pages.rows()


def _ledger_rows(sizes: list[int], databases: list[str], server: list[Path]) -> Iterator[Row]:
    pymerkle = proving.pymerkle_proofs()
    for database in databases:
        small: float | None = None
        for size in sizes:
            world = grown(new_url(database, server), folder(), size)
            for row in appending.rows(database, world, size):
                yield row
                if row.what == "batches of 1,000":
                    if small is not None:
                        yield Row(what="append cost against the smallest size", where=database, size=size,
                                  value=1e6 / row.value, unit="us", baseline=1e6 / small,
                                  against=f"at {sizes[0]:,}", ratio=small / row.value, floor=1.3, aim=1.1,
                                  least=True)  # fmt: skip
                    small = small or row.value
            world.look()
            yield from proving.proof_rows(database, world, pymerkle)
            yield from proving.verification_rows(database, world)
            if size == sizes[0]:
                yield from appending.eventsourcing_rows(database, world)
            world.close()


def line(row: Row, machine: Machine) -> str:
    """One row of the table, as Markdown."""
    beside = "" if row.baseline is None else f"{_figure(row.baseline, row.unit)} ({row.against})"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    targets = " | ".join(_target(row, each) for each in (row.floor, row.aim))
    signed = "" if row.signed else ", no signatures"
    return (
        f"| {row.what}{signed} | {row.where} | {row.size:,} | {_figure(row.value, row.unit)} | {beside} | {ratio} |"
        f" {targets} | {machine} |"
    )


def _target(row: Row, target: float | None) -> str:
    if target is None:
        return ""
    sign = "≤" if row.least else "≥"
    return f"{sign} {target:g} {'met' if row.reached(target) else 'MISSED'}"


def _figure(value: float, unit: str) -> str:
    return f"{value:,.0f}{unit}" if value >= 100 else f"{value:.2f} {unit}"


def _described(server: list[Path], databases: list[str]) -> str:
    """What the figures rest on, and the head of the table."""
    import sqlite3

    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    postgres = ""
    if "postgres" in databases:
        with psycopg.connect(**dsn(new_url("postgres", server))) as connection:  # type: ignore[arg-type]
            (number,) = connection.execute("SHOW server_version").fetchone() or ("",)
            postgres = f", PostgreSQL {number} (fsync on)"
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL){postgres},"
        f" {os.cpu_count()} cores; {versions}.\nStatements of about 880 bytes with one container and one site link,"
        " every signature verified unless said.\n\n"
        "| what | where | entries | ours | baseline of the same run | ratio | floor | aim | machine |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )


if __name__ == "__main__":
    main()
