"""Stores: what stands where with load, clocks and neighbours, and the count by scanning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, current_viewer, ledger, queries, reading, requires
from api.errors import NoSuchPlace
from api.pages.acting import done, field, say_all
from api.pages.containers import called
from api.pages.containers import stores as known_stores
from api.pages.shown import name, page, registry, t, teller
from api.pages.tables import Column, Table, tabled
from ledger.errors import FormError
from ledger.groups import meant
from ledger.journeys import things
from ledger.scanned import Scanner
from ledger.service import Answer
from ledger.stores import Clock, Room

blueprint = Blueprint("page_stores", __name__)
PART: Final = 200  # containers of one statement of a count


class NothingCounted(FormError):
    """A store with nothing in it, in the books or on the floor."""

    code = "nothing-counted"
    zh = "库中无账面容器，也没有扫描到容器"
    en = "the books have nothing in this store and nothing was scanned"


@blueprint.get("/stores")
@requires(Right.READ)
def stores() -> Response:
    found = known_stores()
    own = [s for s in found.sites() if request.args.get("holder", "") in ("", registry().sites[s].holder)]
    held = [(site, found.rooms(site)) for site in own]
    return page("stores.html", sites=[(s, rooms) for s, rooms in held if rooms], bare=[s for s, r in held if not r])


@blueprint.get("/stores/<site>")
@requires(Right.READ)
def store(site: str) -> Response:
    found = known_stores()
    rooms, clocks = found.rooms(site), found.clocks(site)
    rows = {room.facility.facility: [_row(row, room.facility.code, clocks) for row in room.rows] for room in rooms}
    rest = [_row(row, "", clocks) for row in found.elsewhere(site)]
    return tabled(
        "store.html",
        Table(name="store", caption=name(site), columns=_PRESENT, rows=[*chain(*rows.values(), rest)]),
        site=site,
        rooms=[(room, _stand(room.facility.code, rows[room.facility.facility])) for room in rooms],
        elsewhere=_stand(t("请入库，或登记实际位置", "Put them into store, or say where they are"), rest),
        countable=any(room.facility.purpose == "store" for room in rooms),
        now=ledger().now(),
    )


_PRESENT: Final = (
    Column("called", "容器", "Container", "recorded", link="to"),
    Column("deadline", "贮存期限", "Storage clock", "drawn"),
    Column("net_g", "净重", "Net mass", "grams"),
    Column("facility", "设施", "Facility", "recorded"),
    Column("zone", "分区", "Zone", "recorded"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("code", "代码", "Code", "code"),
)


def _row(row: Mapping[str, Any], facility: str, clocks: Mapping[str, Clock]) -> dict[str, Any]:
    clock = clocks.get(row["id"])
    return {
        "called": called(row),
        "to": url_for("page_containers.container_page", container=row["id"]),
        "waste": row["name"],
        "code": row["code"],
        "net_g": None if row["mass_unknown"] else row["net_g"],
        "facility": facility,
        "zone": row["zone"],
        "clock": clock,
        "deadline": teller().local(clock.deadline) if clock else "",
    }


def _stand(caption: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """What stands in one room: the files are those of the whole site."""
    columns = [column for column in _PRESENT if column.key != "facility"]
    return Table(name="", caption=caption, columns=columns, rows=rows, files=False)


# ---------------------------------------------------------------------------------------------- counting


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A store counted: what the books have in it, what was there, and texts that lead to nothing."""

    room: Room
    present: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def expected(self) -> dict[str, Any]:
        return {row["id"]: row for row in self.room.rows if row["status"] == "held"}

    @property
    def missing(self) -> list[Any]:
        return [row for id_, row in self.expected.items() if id_ not in self.present]

    @property
    def unexpected(self) -> list[Any]:
        found = (id_ for id_ in self.present if id_ not in self.expected)
        return [reading().container(current_viewer(), id_).thing for id_ in found]


@blueprint.get("/count/<site>")
@requires(Right.HANDLE)
def count(site: str) -> Response:
    rooms = [room for room in known_stores().rooms(site) if room.facility.purpose == "store"]
    chosen = request.args.get("facility") or (rooms[0].facility.facility if len(rooms) == 1 else "")
    room = _room(rooms, chosen) if chosen else None
    rows = things(queries(), [row["id"] for row in room.rows]) if room else {}
    return page("count.html", site=site, rooms=rooms, room=room, things=rows)


@blueprint.post("/count/<site>")
@requires(Right.HANDLE)
def counted(site: str) -> Response:
    """First the count is read out: what is missing, what is there unexpectedly; confirmed, it is recorded."""
    found = _count(site)
    if request.form.get("confirmed") != "yes":
        return page("count-review.html", site=site, count=found)
    return done(f"/stores/{site}", _record(site, found))


def _record(site: str, found: Count) -> Answer:
    facility = found.room.facility
    here = {"place": {"party": facility.holder, "site": site}, "facility": facility.facility}
    absent = [row["id"] for row in found.missing]
    if not found.present and not absent:
        raise NothingCounted()
    parts = [*_parts("present", found.present), *_parts("absent", absent)]
    return say_all([("store-counted", here | part) for part in parts])[0]


def _parts(key: str, names: Iterable[str]) -> list[dict[str, Any]]:
    ordered = sorted(names)
    return [{key: ordered[n : n + PART]} for n in range(0, len(ordered), PART)]


def _count(site: str) -> Count:
    room = _room(known_stores().rooms(site), field("facility", "贮存设施", "the store"))
    scanner = Scanner(ledger(), queries(), reading(), current_viewer())
    others = [scanner.read(line) for line in request.form.get("others", "").splitlines() if line.strip()]
    seen = [each.found[0].id for each in others if [f.kind for f in each.found] == ["container"]]
    unknown = tuple(each.text for each in others if [f.kind for f in each.found] != ["container"])
    present = dict.fromkeys(chain(request.form.getlist("present"), *(meant(queries(), each) for each in seen)))
    return Count(room=room, present=tuple(present), unknown=unknown)


def _room(rooms: Iterable[Room], facility: str) -> Room:
    found = next((room for room in rooms if room.facility.facility == facility), None)
    if found is None:
        raise NoSuchPlace()
    return found
