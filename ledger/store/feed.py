"""Which entries of the log concern a party, by index."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, or_, select

from ledger.log import statement
from ledger.store import tables as t


def news(connection: Connection, party: str, start: int, count: int) -> tuple[Sequence[tuple[int, str]], int]:
    """Index and type of the entries among `count` from `start` that concern the party, and the index after those: what
    its keys signed, and what is about it or about a container or manifest that it holds, held, sends, carries or
    receives. The log is read as far as the projections have followed it."""
    projected = connection.execute(select(t.projection_state.c.size)).scalar_one()
    stop = min(start + count, projected)
    leaf, said, author, link = t.leaf.c, t.statement.c, t.author_head.c, t.link.c
    c, m, lot = t.container.c, t.manifest.c, t.lot_row.c
    takes_part = or_(
        link.stream == party,
        exists().where(c.id == link.stream, c.holder == party),
        exists().where(lot.container == link.stream, or_(lot.holder == party, lot.producer == party)),
        exists().where(m.id == link.stream, or_(m.sender == party, m.receiver == party, m.carrier == party)),
    )
    query = (
        select(leaf.index, said.bytes)
        .join_from(t.leaf, t.statement, said.hash == leaf.statement)
        .join(t.author_head, author.key == said.key)
        .where(leaf.index >= start, leaf.index < stop)
        .where(or_(author.party == party, exists().where(link.statement == leaf.statement, takes_part)))
        .order_by(leaf.index)
    )
    return [(index, statement.parse(raw).type) for index, raw in connection.execute(query)], max(start, stop)
