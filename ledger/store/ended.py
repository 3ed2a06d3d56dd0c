"""Reads what came to its end: grams by first producer, holder, code and the statement that ended them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select, true

from ledger.access import Viewer
from ledger.store import tables as t

_HASHES_MAX: Final = 10_000  # in one query
_PLACED: Final = (t.statement, t.leaf, t.leaf.c.n == t.statement.c.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRow:
    """Grams of one first producer that one statement ended; `index` is where it stands in the log."""

    producer: str
    holder: str
    site: str
    code: str
    at: str
    grade: str
    reason: str
    grams: int
    index: int


def ended(connection: Connection, viewer: Viewer, *, producer: str, start: str, end: str, limit: int) -> list[EndRow]:
    """What ended in [start, end) of the reader's own waste or at its hands, of one producer unless "", newest first."""
    r = t.lot_row.c
    query = _ended(viewer, producer, start, end).order_by(r.at.desc(), r.statement, r.producer, r.code).limit(limit)
    rows = [row._asdict() for row in connection.execute(query)]
    hashes, places = sorted({bytes.fromhex(row["statement"]) for row in rows}), dict[str, int]()
    for first in range(0, len(hashes), _HASHES_MAX):
        part = t.statement.c.hash.in_(hashes[first : first + _HASHES_MAX])
        found = connection.execute(select(t.statement.c.hash, t.leaf.c.index).join_from(*_PLACED).where(part))
        places |= {bytes(hash_).hex(): index for hash_, index in found}
    return [EndRow(index=places[row.pop("statement")], grams=int(row.pop("grams")), **row) for row in rows]


def how_many(connection: Connection, viewer: Viewer, *, producer: str, start: str, end: str) -> int:
    """How many rows there are of these."""
    query = select(func.count()).select_from(_ended(viewer, producer, start, end).subquery())
    return int(connection.execute(query).scalar_one())


def _ended(viewer: Viewer, producer: str, start: str, end: str) -> Select[Any]:
    r, own = t.lot_row.c, sorted(viewer.own)
    keys = (r.producer, r.holder, r.site, r.code, r.at, r.grade, r.reason, r.statement)
    return (
        select(*keys, func.sum(r.grams).label("grams"))
        .where(
            r.account == "closed",
            and_(r.at >= start, r.at < end),
            true() if viewer.who is None else or_(r.producer.in_(own), r.holder.in_(own)),
            true() if not producer else r.producer == producer,
        )
        .group_by(*keys)
        .having(func.sum(r.grams) != 0)
    )
