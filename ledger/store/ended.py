"""Reads what came to its end: grams by first producer, holder, code and the statement that ended them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select, true

from ledger.access import Viewer
from ledger.store import tables as t


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
    r, own = t.lot_row.c, sorted(viewer.own)
    keys = (r.producer, r.holder, r.site, r.code, r.at, r.grade, r.reason, r.statement)
    query = (
        select(*keys, func.sum(r.grams).label("grams"))
        .where(
            r.account == "closed",
            and_(r.at >= start, r.at < end),
            true() if viewer.who is None else or_(r.producer.in_(own), r.holder.in_(own)),
            true() if not producer else r.producer == producer,
        )
        .group_by(*keys)
        .having(func.sum(r.grams) != 0)
        .order_by(r.at.desc(), r.statement, r.producer, r.code)
        .limit(limit)
    )
    rows = [row._asdict() for row in connection.execute(query)]
    hashes = {row["statement"]: bytes.fromhex(row["statement"]) for row in rows}
    leaves = select(t.leaf.c.statement, t.leaf.c.index).where(t.leaf.c.statement.in_(hashes.values()))
    places = {bytes(hash_).hex(): index for hash_, index in connection.execute(leaves)}
    return [EndRow(index=places[row.pop("statement")], grams=int(row.pop("grams")), **row) for row in rows]
