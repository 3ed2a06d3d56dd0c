"""Where the grams of a rate went: from where they came, over store, road and receiver, to their end, in one balance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ledger.custody.lots import CAME_FROM, OPEN, Row
from ledger.custody.rate import CAME_IN, Question, cell_of

PLACES = ("store", "transit", "receiver", "outside")
ENDS = ("utilised", "disposed", "open", "settled", "missing")
_BAD = frozenset({"lost", "dumped", "difference"})
_DONE = frozenset({"closed", "settled", "process-loss"})
# What may come in outside its producer's gate; it counts as entrusted there.
_ENTRUSTED = CAME_FROM | {"unrecorded"}
ACCOUNTS = CAME_IN | OPEN | _BAD | _DONE | {"entrusted"}


class Spot(NamedTuple):
    """The grain of a sum over lot rows: what, where, before or during the period. `elsewhere`: at a site that is not
    the producer's (what a carrier lost is charged at the sender's); `asserted`: a fate that only a document tells."""

    account: str
    stage: str
    by_producer: bool
    elsewhere: bool
    during: bool
    entitled: bool
    asserted: bool

    @property
    def place(self) -> str:
        """In whose hands: the producer's store, the road, a receiver, or somebody outside the ledger."""
        match self.stage:
            case "in-transit":
                return "transit"
            case "to-outside":
                return "outside"
            case "utilised" | "disposed" if self.asserted:
                return "outside"
            case "lost" if not self.by_producer and not self.elsewhere:
                return "transit"
            case _:
                return "store" if self.by_producer else "receiver"


Band = tuple[str, str]
"""From a source ("before" or an account of what came in) or place, to a place or end."""


def spot_of(row: Row, question: Question) -> Spot | None:
    """The spot a row is added to, or None when it lies outside the question or counts nowhere here."""
    if row.account not in ACCOUNTS or cell_of(row, question) is None:
        return None
    return Spot(
        account=row.account,
        stage=row.stage,
        by_producer=row.by_producer,
        elsewhere=row.site not in ("", row.producer_site),
        during=row.at >= question.start,
        entitled=not row.reason,
        asserted=row.grade == "C",
    )


def spots_of(rows: Iterable[Row], question: Question) -> dict[Spot, int]:
    """The sums straight from lot rows."""
    sums: dict[Spot, int] = {}
    for row in rows:
        spot = spot_of(row, question)
        if spot is not None:
            sums[spot] = sums.get(spot, 0) + row.grams
    return sums


def bands_from(sums: Mapping[Spot, int]) -> dict[Band, int]:
    """The bands of the origin view, in grams. What came back the same way is netted; what earlier periods left and now
    moved back goes straight from "before" to where it is. Every place's bands balance; not those of one container
    alone, whose content may go on in another."""
    bands: dict[Band, int] = {}

    def add(source: str, to: str, grams: int) -> None:
        bands[source, to] = bands.get((source, to), 0) + grams

    road = 0  # what the road got, less what ended on it and what is on it still: it went on to a receiver
    for spot, grams in sums.items():
        place, end = spot.place, _end(spot)
        if spot.account == "entrusted":
            if spot.during:
                # Back at the producer it came off the road.
                to = "transit" if place == "store" else place
                add("store", to, grams)
                road += grams if to == "transit" else 0
            continue
        sign = -1
        if spot.account in CAME_IN and spot.during:
            add(spot.account, place, grams)
            sign = 1
            if spot.account in _ENTRUSTED and place != "store":
                add("store", place, -grams)  # it was entrusted as it came in, and never stood in the store
                road -= grams if place == "transit" else 0
        elif spot.account in CAME_IN:
            continue
        elif spot.account in OPEN:
            add(place, "open", grams)
            if not spot.during:
                add("before", place, grams)
        elif spot.during:
            add(place, end, grams)
        elif spot.account in ("lost", "difference"):
            add("before", end, grams)
        if place == "transit" and spot.during:
            road += sign * grams
    add("transit", "receiver", road)
    # What a receiver sent on to somebody outside was entrusted before.
    add("receiver", "outside", sum((b[0] == "outside") * g - (b[1] == "outside") * g for b, g in bands.items()))
    for place in PLACES:
        _shift(bands, (place, "missing"), ("before", "missing"), ("before", place))
    for source, to in (("transit", "receiver"), ("store", "receiver"), ("store", "outside"), ("store", "transit")):
        _shift(bands, (source, to), ("before", to), ("before", source))
    return {band: grams for band, grams in bands.items() if grams}


def _end(spot: Spot) -> str:
    match spot.account:
        case "closed" if spot.entitled:
            return spot.stage
        case "settled":
            return "settled"
        case "process-loss" if spot.entitled:
            return "settled"
        case _:
            return "missing"


def _shift(bands: dict[Band, int], band: Band, less: Band, more: Band) -> None:
    """A band that runs backwards: so much of what was there before went straight to where it is now."""
    back = min(-bands.get(band, 0), bands.get(less, 0))
    if back > 0:
        bands[band] += back
        bands[less] -= back
        bands[more] = bands.get(more, 0) + back
