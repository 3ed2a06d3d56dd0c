"""The clocks that run in somebody's hands: by container, the nearest first."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, func, select

from ledger.custody.lots import OPEN
from ledger.custody.regimes.base import KINDS
from ledger.store import tables as t


def running(
    connection: Connection, holders: Iterable[str] | None, site: str, before: str
) -> list[tuple[str, str, str, str, str, int]]:
    """(container, holder, site, since, deadline, grams) of open mass with these holders (None: anybody's), at one site
    or ("") anywhere, whose clock runs out before a moment or ("") ever."""
    c, r = t.clock.c, t.lot_row.c
    keys = (c.container, c.holder, c.site, c.deadline)
    # Put together with "" no column but the container's offers SQLite an index: its rows are few, a holder's are not.
    mine = (r.container == c.container, *(r[key.name] + "" == key for key in keys[1:]))
    came = and_(*mine, r.account.in_(OPEN), r.grams > 0)
    since = select(func.min(r.clock_at)).where(came).scalar_subquery()
    query = select(c.container, c.holder, c.site, since, c.deadline, func.sum(c.grams))
    query = query.where(c.deadline != "").group_by(*keys).having(func.sum(c.grams) > 0)
    if holders is not None:
        query = query.where(c.holder.in_(sorted(holders)))
    if site:
        query = query.where(c.site == site)
    if before:
        query = query.where(c.kind.in_(KINDS), c.deadline < before)
    rows = connection.execute(query.order_by(c.deadline, c.container))
    return [(container, holder, where, start, end, int(grams)) for container, holder, where, start, end, grams in rows]
