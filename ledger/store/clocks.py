"""The clocks that run in somebody's hands: by container, the nearest first."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, case, func, select

from ledger.custody.lots import OPEN
from ledger.store import tables as t


def running(
    connection: Connection, holders: Iterable[str] | None, site: str, before: str
) -> list[tuple[str, str, str, str, str, int]]:
    """(container, holder, site, since, deadline, grams) of open mass with these holders (None: anybody's), at one site
    or ("") anywhere, whose clock runs out before a moment or ("") ever."""
    r = t.lot_row.c
    keys = (r.container, r.holder, r.site, r.deadline)
    since = func.min(case((r.grams > 0, r.clock_at)))
    query = select(r.container, r.holder, r.site, since, r.deadline, func.sum(r.grams))
    query = query.where(r.account.in_(OPEN), r.deadline != "").group_by(*keys).having(func.sum(r.grams) > 0)
    if holders is not None:
        query = query.where(r.holder.in_(sorted(holders)))
    if site:
        query = query.where(r.site == site)
    if before:
        query = query.where(r.deadline < before)
    rows = connection.execute(query.order_by(r.deadline, r.container))
    return [(container, holder, where, start, end, int(grams)) for container, holder, where, start, end, grams in rows]
