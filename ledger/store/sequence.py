"""Gives committed entries their index: leaves, complete tiles, frontier and root move in one transaction.

Order comes from `statement.n`, drawn after all heads were locked, read under the lock of `log_state`; so an index is
greater than that of every predecessor in a stream or author chain. A crash anywhere here leaves entries pending.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from ledger.errors import ProofError
from ledger.log import entry
from ledger.log.hashing import leaf_hash
from ledger.log.merkle import Frontier, root_of
from ledger.log.tiles import HEIGHT, WIDTH
from ledger.store.failpoints import hit, wrote
from ledger.store.moments import moment
from ledger.store.rows import Conflict, Row, Rows, open_rows

BATCH: Final = 2_000
STEP_BACK_MAX_S: Final = 10  # of `received_at` along the log


class LogStateBroken(ProofError):
    """`log_state` does not agree with itself."""

    code = "log-state-broken"
    zh = "日志状态行自相矛盾"
    en = "the log_state row contradicts itself"


class LogMoved(ProofError):
    """Somebody else gave indices meanwhile."""

    code = "log-moved"
    zh = "恢复期间有其他进程在写入日志；请停止服务后重试"
    en = "another process wrote to the log meanwhile; stop the server and try again"


@dataclass(slots=True)
class LogEnd:
    """The right edge of the tree and the newest `received_at` in it."""

    frontier: Frontier
    received_at: str = ""
    exists: bool = False


def read_end(rows: Rows) -> LogEnd:
    """The log's end, locked until the transaction ends (on SQLite the whole database is)."""
    found = rows.query(f"SELECT size, root, frontier, received_at FROM log_state{rows.for_update}")
    if not found:
        return LogEnd(Frontier())
    size, root, packed, received_at = found[0]
    frontier = Frontier.from_bytes(packed)
    if frontier.size != size or frontier.root() != root:
        raise LogStateBroken(expected=f"{size} {root.hex()}", got=f"{frontier.size} {frontier.root().hex()}")
    return LogEnd(frontier, received_at, exists=True)


def extend(rows: Rows, end: LogEnd, leaves: Sequence[tuple[int, bytes]], received_at: str) -> LogEnd:
    """Write (number of the statement, leaf hash) pairs at the end of the log; `end` itself is left as it was."""
    before = end.frontier.size
    frontier = end.frontier.copy()
    for _, leaf in leaves:
        frontier.append(leaf)
    rows.insert("leaf", [(index, leaf, n) for index, (n, leaf) in enumerate(leaves, before)])
    _write_tiles(rows, before, frontier.size)
    moved = LogEnd(frontier, max(end.received_at, received_at), exists=True)
    _write_end(rows, moved, end.exists)
    return moved


def _write_end(rows: Rows, end: LogEnd, exists: bool) -> None:
    state = (end.frontier.size, end.frontier.root(), end.frontier.to_bytes(), end.received_at)
    if exists:
        rows.execute("UPDATE log_state SET size = ?, root = ?, frontier = ?, received_at = ?", *state)
        wrote("log_state")
    else:
        rows.insert("log_state", [(1, *state)])  # a second first writer meets the primary key


def _write_tiles(rows: Rows, before: int, after: int) -> None:
    """Complete tiles only, from the lowest level up (docs/decisions/0002)."""
    level = 0
    while (first := before >> HEIGHT * (level + 1)) < (last := after >> HEIGHT * (level + 1)):
        tiles: list[Row] = []
        for number in range(first, last):
            hashes = hashes_of(rows, level, number * WIDTH, (number + 1) * WIDTH)
            tiles.append((level, number, root_of(hashes), b"".join(hashes)))
        rows.insert("tile", tiles)
        level += 1


def hashes_of(rows: Rows, level: int, start: int, stop: int) -> list[bytes]:
    """Hashes [start, stop) of a tile level: leaf hashes, or roots of the complete tiles below."""
    if level == 0:
        found = rows.query('SELECT hash FROM leaf WHERE "index" >= ? AND "index" < ? ORDER BY "index"', start, stop)
    else:
        found = rows.query(
            "SELECT root FROM tile WHERE level = ? AND number >= ? AND number < ? ORDER BY number",
            level - 1,
            start,
            stop,
        )
    return [hash_ for (hash_,) in found]


def sequence_waiting(engine: Engine) -> int:
    """Give every waiting entry its index; how many there were. SQLite's are never waiting."""
    total = 0
    with closing(open_rows(engine)) as rows:
        while not rows.inline:
            with suppress(Conflict):
                if not (moved := sequence(rows)):
                    break
                total += moved
    return total


def place(engine: Engine, first: int, hashes: Sequence[bytes]) -> None:
    """Give these waiting statements, by their hashes, the indices from `first` on; SQLite's have them."""
    with closing(open_rows(engine)) as rows:
        while not rows.inline:
            with suppress(Conflict):
                sequence_as(rows, first, hashes)
                break


def sequence(rows: Rows, limit: int = BATCH) -> int:
    """Move up to `limit` pending entries into the log (PostgreSQL: SQLite leaves none pending); how many were moved."""
    rows.begin()
    try:
        end = read_end(rows)
        oldest = rows.oldest_append()  # before the queue is read: what is committed in between is in the queue
        # Each entry sought by its number: a join is merged, which walks through every statement there is.
        queue = rows.query(
            "SELECT p.n, s.entry FROM pending p CROSS JOIN LATERAL"
            " (SELECT entry FROM statement WHERE n = p.n OFFSET 0) s ORDER BY p.n LIMIT ?",
            limit,
        )
        times = [entry.parse(raw).received_at for _, raw in queue]
        # Nothing enters more than 10 s ahead of an append that is still under way.
        latest = None if oldest is None else moment(1000 * (oldest + STEP_BACK_MAX_S))
        stop = next((n for n, time in enumerate(times) if latest is not None and time > latest), len(queue))
        waiting = queue[:stop]
        if not waiting:
            rows.rollback()
            return 0
        _move(rows, end, waiting, max(times[:stop]))
    except BaseException:
        rows.rollback()
        raise
    hit("sequence.after-commit")
    return len(waiting)


def sequence_as(rows: Rows, first: int, hashes: Sequence[bytes]) -> None:
    """Move these pending statements, by their hashes, to the indices that they had before: from `first` on, in this
    order, whatever else waits; raises LogMoved when something else is there."""
    rows.begin()
    try:
        end = read_end(rows)
        found = {
            hash_: (n, raw)
            for hash_, n, raw in rows.query(
                "SELECT s.hash, s.n, s.entry FROM statement s JOIN pending p ON p.n = s.n WHERE s.hash = ANY(?)",
                list(hashes),
            )
        }
        if (end.frontier.size, len(found)) != (first, len(hashes)):
            raise LogMoved(expected=f"{len(hashes)} from {first}", got=f"{len(found)} from {end.frontier.size}")
        waiting = [found[each] for each in hashes]
        _move(rows, end, waiting, max(entry.parse(raw).received_at for _, raw in waiting))
    except BaseException:
        rows.rollback()
        raise
    hit("sequence.after-commit")


def _move(rows: Rows, end: LogEnd, waiting: Sequence[Row], received_at: str) -> None:
    hit("sequence.before-write")
    extend(rows, end, [(n, leaf_hash(raw)) for n, raw in waiting], received_at)
    # These rows and no others: a smaller number may have been committed since they were read.
    removed = rows.execute("DELETE FROM pending WHERE n = ANY(?)", [n for n, _ in waiting])
    if removed != len(waiting):
        raise Conflict(f"pending: expected to remove {len(waiting)}, removed {removed}")
    hit("sequence.after-write")
    hit("sequence.before-commit")
    rows.commit()
