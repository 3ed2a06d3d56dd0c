"""Reads for the exceptions that only many records together show: quantities, journeys, drums in use, silent devices."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from ledger.custody.assets import Use
from ledger.custody.hauls import Haul
from ledger.custody.registry import Registry
from ledger.store import tables as t


def arrivals(connection: Connection, holder: str, start: str, end: str) -> list[tuple[str, str, str, int]]:
    """(code, site, moment, grams) of what came to a holder of others' waste in [start, end). What one statement takes
    out and puts in again, as repacking does, did not come."""
    r = t.lot_row.c
    came = func.sum(case((r.account == "arrived", r.grams), else_=-r.grams))
    site = func.max(case((r.account == "arrived", r.site), else_=""))
    query = (
        select(r.code, site, r.at, came)
        .where(r.account.in_(("arrived", "departed")), r.holder == holder, ~r.by_producer)
        .where(r.at >= start, r.at < end)
        .group_by(r.statement, r.code, r.at)
        .having(came > 0)
    )
    return [(code, place, at, int(grams)) for code, place, at, grams in connection.execute(query)]


def adding_up(connection: Connection, least_ppm: int, as_of: str, ended: bool) -> Iterator[Haul]:
    """The journeys weighed by `as_of` of every pair and month whose tolerated gaps add up to more than so many ppm;
    with `ended` of all of them, as what evened out again had added up to more before."""
    h = t.haul.c
    month = (h.sender_site, h.receiver, h.month)
    weighed = and_(h.decided_at != "", h.decided_at <= as_of)
    if ended:
        yield from _hauls(connection, weighed)
        return
    beyond = func.abs(func.sum(h.gap_g)) * 1_000_000 > func.sum(h.sent_g) * least_ppm
    for site, receiver, name in connection.execute(select(*month).where(weighed).group_by(*month).having(beyond)):
        yield from _hauls(connection, weighed, h.sender_site == site, h.receiver == receiver, h.month == name)


def crossed(connection: Connection, registry: Registry, as_of: str) -> list[Haul]:
    """The journeys by `as_of` between the parties of every approval that has a limit."""
    h = t.haul.c
    pairs = {(c.sender, c.receiver) for c in registry.crossings if c.mass_g is not None or c.shipments is not None}
    if not pairs:
        return []
    between = or_(*(and_(h.sender == sender, h.receiver == receiver) for sender, receiver in sorted(pairs)))
    return list(_hauls(connection, between, h.collected_at <= as_of))


def _hauls(connection: Connection, *conditions: ColumnElement[bool]) -> Iterator[Haul]:
    for row in connection.execute(select(t.haul).where(*conditions)):
        yield Haul(**row._mapping)


def uses(connection: Connection, registry: Registry) -> list[Use]:
    """Every filling of an asset whose code was used more than once."""
    c = t.container.c
    again = select(c.asset).where(c.asset != "").group_by(c.asset).having(func.count() > 1)
    found = connection.execute(
        select(c.id, c.asset, c.born_site, c.born_at, c.status, c.emptied_at).where(c.asset.in_(again))
    )
    return [
        Use(
            container=id_,
            asset=asset,
            holder=registry.sites[site].holder if site in registry.sites else site,
            site=site,
            since=born_at,
            until=emptied_at if status == "emptied" else "",
        )
        for id_, asset, site, born_at, status, emptied_at in found
    ]


def last_words(connection: Connection) -> dict[str, str]:
    """When each party's newest statement came in, refused or not: the ends of its keys' chains. What a statement says
    of its own time could be years ahead, or be that of old books brought in today."""
    heads = select(t.author_head.c.party, t.statement.c.entry).join(
        t.statement, t.statement.c.hash == t.author_head.c.hash
    )
    newest: dict[str, str] = {}
    for party, raw in connection.execute(heads):
        newest[party] = max(newest.get(party, ""), orjson.loads(raw)["received_at"])
    return newest
