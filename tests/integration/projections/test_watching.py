"""What many records together show is the same from those that the database picks out as from all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, insert

from ledger.custody.events.authority import CrossProvinceApproved
from ledger.custody.events.registry import SiteRegistered
from ledger.custody.hauls import Haul, approval_flags, net_gap_flags
from ledger.custody.lots import Row
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import later
from ledger.custody.registry import Registry
from ledger.store import tables as t
from ledger.store import watching
from ledger.store.database import open_engine
from tests.support.world import OIL

CN = regime("cn.1")
PPM = int(CN.defaults["net-tolerance-ppm"])
DAYS = [f"2025-01-{day:02}T01:00:00.000Z" for day in (1, 5, 9, 20)]


@contextmanager
def kept(table: Table, rows: Sequence[dict[str, Any]], url: str = "sqlite://") -> Iterator[Connection]:
    engine = open_engine(url)
    with engine.connect() as connection:
        t.metadata.create_all(connection, [table])
        if rows:
            connection.execute(insert(table), rows)
        yield connection
        connection.rollback()
    engine.dispose()


@st.composite
def any_hauls(draw: st.DrawFn) -> list[Haul]:
    made = []
    for n in range(draw(st.integers(1, 30))):
        collected, decided = sorted((draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))))
        weighed = draw(st.integers(0, 9)) > 0
        sender, sent = draw(st.sampled_from("aaaab")), draw(st.sampled_from((1, 1_000_000)))
        made.append(
            Haul(
                container=f"container:{n}", journey=f"manifest:{n // 2}", sender=sender, sender_site=sender,
                receiver=draw(st.sampled_from("xxxxy")), receiver_site="plant",
                code=OIL, collected_at=collected, decided_at=decided if weighed else "",
                month=decided[:7] if weighed else "", sent_g=sent,
                gap_g=draw(st.sampled_from((0, 1, 2, 2, -2))) * PPM * sent // 1_000_000,
            )
        )  # fmt: skip
    return made


@given(hauls=any_hauls(), as_of=st.sampled_from(DAYS))
@settings(max_examples=100, deadline=None)
def test_gaps_that_added_up_are_told_until_they_even_out_and_afterwards_of_what_was(
    hauls: list[Haul], as_of: str
) -> None:
    weighed = [haul for haul in hauls if haul.decided_at and haul.decided_at <= as_of]
    want = list(net_gap_flags(weighed, CN, Registry()))
    with kept(t.haul, [asdict(haul) for haul in hauls]) as connection:
        for ended in (True, False):
            picked = watching.adding_up(connection, PPM, as_of, ended)
            got = [flag for flag in net_gap_flags(picked, CN, Registry()) if ended or flag.open_at(as_of)]
            assert got == [flag for flag in want if ended or flag.open_at(as_of)]


def test_a_net_difference_that_evened_out_is_still_told_of_what_was(database_url: str) -> None:
    gaps = [2 * PPM // 10] * 12 + [-2 * PPM // 10] * 12
    hauls = [
        Haul(
            container=f"container:{n}", journey=f"manifest:{n}", sender="a", sender_site="yard", receiver="x",
            receiver_site="plant", code=OIL, collected_at=DAYS[0], decided_at=f"2025-01-{n + 1:02}T01:00:00.000Z",
            month="2025-01", sent_g=100_000, gap_g=gap,
        )
        for n, gap in enumerate(gaps)
    ]  # fmt: skip
    with kept(t.haul, [asdict(haul) for haul in hauls], database_url) as connection:
        (told,) = net_gap_flags(watching.adding_up(connection, PPM, "2025-02-01", True), CN, Registry())
        assert told.closed_at and not told.open_at("2025-02-01")
        (before,) = net_gap_flags(watching.adding_up(connection, PPM, hauls[11].decided_at, False), CN, Registry())
        assert before.open_at(hauls[11].decided_at)


@given(hauls=any_hauls(), as_of=st.sampled_from(DAYS), limits=st.tuples(*[st.sampled_from((None, 1, 1_500_000))] * 3))
@settings(max_examples=100, deadline=None)
def test_an_approval_is_charged_with_every_journey_between_its_parties_and_no_other(
    hauls: list[Haul], as_of: str, limits: tuple[int | None, ...]
) -> None:
    registry = Registry()
    for site, region in (("a", "110000"), ("b", "110000"), ("plant", "320500")):
        known = SiteRegistered(holder=site, site=site, name=site, region=region)  # type: ignore[call-arg]
        registry.site_history[site] = [("", known)]
    for n, (ends, limit) in enumerate(zip(("ax", "ax", "by"), limits, strict=True)):
        registry.crossings.append(
            CrossProvinceApproved(
                approval=f"approval:{n}", number=str(n), sender=ends[0], receiver=ends[1], codes=(OIL,),
                valid_from=f"2025-01-0{n + 1}", valid_until="2025-12-31", mass_g=limit, shipments=(None, 3, 2)[n],
            )
        )  # fmt: skip
    want = list(approval_flags([haul for haul in hauls if haul.collected_at <= as_of], CN, registry))
    with kept(t.haul, [asdict(haul) for haul in hauls]) as connection:
        assert list(approval_flags(watching.crossed(connection, registry, as_of), CN, registry)) == want


@pytest.mark.parametrize(
    ("statement", "rows", "came"),
    [
        ("weighed in", (("arrived", 5),), 5),
        ("in two lots", (("arrived", 5), ("arrived", 2)), 7),
        ("repacked", (("arrived", 5), ("departed", 5)), 0),
        ("repacked with more", (("departed", 5), ("arrived", 8)), 3),
        ("sent away", (("departed", 5),), 0),
        ("treated", (("closed", 5),), 0),
        ("treated as it came", (("arrived", 5), ("closed", 5)), 5),
        ("a gram", (("arrived", 1),), 1),
    ],
)
def test_what_a_plant_took_in_is_what_came_by_each_statement_from_others(
    statement: str, rows: tuple[tuple[str, int], ...], came: int, database_url: str
) -> None:
    start, end = CN.period("2025")

    def row(account: str, grams: int) -> dict[str, Any]:
        usual = Row(
            container="container:1", statement=statement, at=start, clock_at=start, account=account, lot="lot",
            producer="party:shop", producer_site="", holder="party:plant",
            site="site:plant" if account == "arrived" else "", stage="held", code=OIL, kind="hazardous", grams=grams,
            born_at=start, deadline="", grade="A", reason="", by_producer=False,
        )  # fmt: skip
        return usual._asdict()

    others: list[dict[str, Any]] = [
        {"holder": "party:other"}, {"by_producer": True}, {"at": end}, {"at": "2024-12-31T15:59:59.999Z"},
    ]  # fmt: skip
    away: list[dict[str, Any]] = [{"statement": "another"}, {"code": "900-249-08"}, {"at": later(start, hours=1)}]
    told = [row(*each) for each in rows] + [row("arrived", 100) | one for one in others]
    told += [row("departed", 100) | one for one in away]
    with kept(t.lot_row, [each | {"n": n} for n, each in enumerate(told)], database_url) as connection:
        found = watching.arrivals(connection, "party:plant", start, end)
        assert found == ([(OIL, "site:plant", start, came)] if came else [])
