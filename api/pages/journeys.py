"""On the way: pick-up, trips, hand-over, arrival, proof at the roadside, return and redirection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, ledger, reading, requires
from api.errors import NoSuchPlace
from api.pages.acting import field, grams, local_moment, optional, say
from api.pages.on_the_way import (
    DISCREPANCY_WORDS,
    LEFT_WORDS,
    NoLoad,
    NotSaid,
    additions,
    arrival,
    back,
    carriers,
    chosen,
    clear_names,
    deeds,
    driver,
    drivers,
    end,
    ends,
    given,
    line_row,
    load,
    once_only,
    open_for,
    place,
    seen,
    sites_of_others,
    start,
)
from api.pages.places import FORMS
from api.pages.shown import page, registry, t
from api.pages.tables import Column, Table, tabled
from ledger.custody.events.journeys import TripStarted
from ledger.journeys import ON_THE_ROAD, REFUSED, TO_LOAD, Line
from ledger.service import NotYet

blueprint = Blueprint("page_journeys", __name__)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "deeds": deeds,
        "additions": additions,
        "left_reasons": LEFT_WORDS,
        "discrepancy_words": DISCREPANCY_WORDS,
        "clear_names": clear_names,
    }


# ---------------------------------------------------------------------------------------------- pick-up


@blueprint.get("/manifests/<manifest>/pick-up")
@requires(Right.ACT)
def pick_up(manifest: str) -> Response:
    return page(
        "manifest-pick-up.html",
        journey=open_for("pick-up", manifest),
        to_load=TO_LOAD,
        trip=_trip(manifest),
        drivers=_own_drivers(manifest),
    )


@blueprint.post("/manifests/<manifest>/pick-up")
@requires(Right.ACT)
@once_only
def picked_up(manifest: str) -> Response:
    found = seen(manifest)
    ticked, lines = set(request.form.getlist("container")), found.at(*TO_LOAD)
    loaded = [line for line in lines if line.container.id in ticked]
    left = [_left(line) for line in lines if line.container.id not in ticked]
    body = ends(found) | given(
        lines=[load(line, _loaded_g(line)) for line in loaded],
        left_behind=left,
        vehicle=request.form.get("vehicle", "").strip(),
        driver=driver() or _trip_driver(manifest),
    )
    if not loaded:
        raise NoLoad(expected=t("至少一个容器装车", "at least one container aboard"), got=0)
    return back(found, say("manifest-collected", body))


def _own_drivers(manifest: str) -> list[Any]:
    """The drivers to choose from: none when another party's carrier takes the load, or a driver says so themself."""
    who = current_actor()
    return drivers() if seen(manifest).thing.carrier == who.party and "driver" not in who.roles else []


def _loaded_g(line: Line) -> int:
    """The sender's mass: the container's own, the manifest's where its origin is not recorded."""
    return line.container.net_g if line.container.born else line.listed_g or 0


def _left(line: Line) -> dict[str, Any]:
    name_, reason = line.container.id, request.form.get(f"reason:{line.container.id}", "")
    if reason not in LEFT_WORDS:
        raise NotSaid(container=line.container.container_code or name_)
    note = " ".join(filter(None, (request.form.get(f"{key}:{name_}", "").strip() for key in ("note", "photo"))))
    return {"container": name_, "reason": reason} | given(note={"clear": note} if note else None)


def _trip(manifest: str) -> TripStarted | None:
    """The newest trip planned for a manifest."""
    events = [e for e in seen(manifest).events if isinstance(e, TripStarted)]
    return events[-1] if events else None


def _trip_driver(manifest: str) -> dict[str, Any] | None:
    planned = _trip(manifest)
    return None if planned is None or planned.driver is None else {"person": planned.driver.person}


@blueprint.get("/manifests/<manifest>/trip")
@requires(Right.HANDLE)
def trip(manifest: str) -> Response:
    return page("manifest-trip.html", journey=open_for("trip", manifest), drivers=drivers(), trip=_trip(manifest))


@blueprint.post("/manifests/<manifest>/trip")
@requires(Right.HANDLE)
@once_only
def trip_planned(manifest: str) -> Response:
    found = seen(manifest)
    body = {
        "trip": f"trip:{ledger().new_id()}",
        "carrier": found.thing.carrier,
        "vehicle": field("vehicle", "车牌号", "the plate"),
        "manifests": [manifest],
        **given(waybill=request.form.get("waybill", "").strip(), driver=driver()),
    }
    return back(found, say("trip-started", body))


# ---------------------------------------------------------------------------------------------- on the road


@blueprint.get("/manifests/<manifest>/hand-over")
@requires(Right.ACT)
def hand_over(manifest: str) -> Response:
    found = open_for("hand-over", manifest)
    return page("manifest-hand-over.html", journey=found, lines=found.at(*ON_THE_ROAD), carriers=carriers())


@blueprint.post("/manifests/<manifest>/hand-over")
@requires(Right.ACT)
@once_only
def handed_over(manifest: str) -> Response:
    found = seen(manifest)
    body = {
        "manifest": manifest,
        "from_carrier": found.thing.carrier,
        "to_carrier": field("to_carrier", "承运人", "the carrier"),
        "lines": [load(line) for line in chosen(found, *ON_THE_ROAD)],
        **optional(where=request.form.get("where", ""), vehicle=request.form.get("vehicle", "")),
    }
    own = body["to_carrier"] == current_actor().party
    return back(found, say("manifest-handed-over", body | given(driver=driver() if own else None)))


@blueprint.get("/manifests/<manifest>/arrive")
@requires(Right.ACT)
def arrive(manifest: str) -> Response:
    found = open_for("arrive", manifest)
    return page("manifest-arrive.html", journey=found, lines=found.at("collected", "redirected"))


@blueprint.post("/manifests/<manifest>/arrive")
@requires(Right.ACT)
@once_only
def arrived(manifest: str) -> Response:
    found = seen(manifest)
    lines = chosen(found, "collected", "redirected")
    return back(found, say("manifest-arrived", arrival(found, [line.container.id for line in lines])))


@blueprint.get("/manifests/<manifest>/roadside")
@requires(Right.READ)
def roadside(manifest: str) -> Response:
    """What is on board, from whom and to whom, with the receipts that prove it where there is no network."""
    found = seen(manifest)
    aboard = found.at(*ON_THE_ROAD)
    if not aboard:
        raise NoSuchPlace()
    receipts = [(step, ledger().receipt(step.fact.id)) for step in found.steps]
    printed = [(line, reading().label(line.container.id).printed) for line in aboard]
    phones = [getattr(found.issued, "emergency_phone", ""), *(each.get("duty_phone", "") for _, each in printed)]
    return tabled(
        "manifest-roadside.html",
        _aboard(printed),
        journey=found,
        phones=list(dict.fromkeys(filter(None, phones))),
        receipts=[(step, None if isinstance(text, NotYet) else text) for step, text in receipts],
    )


_ABOARD: Final = (
    Column("called", "容器", "Container", "recorded", link="to"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("grams", "重量", "Mass", "grams"),
    Column("hazards", "危险特性", "Hazards", "code"),
    Column("code", "代码", "Code", "code"),
    Column("form", "形态", "Form"),
)


def _aboard(printed: Iterable[tuple[Line, Mapping[str, str]]]) -> Table:
    rows = [
        line_row(line)
        | {
            "hazards": each.get("hazards") or "–",
            "form": t(*FORMS[each["form"]]) if each.get("form") else "–",
            "grams": line.expected_g,
        }
        for line, each in printed
    ]
    return Table(name="aboard", caption=t("车上容器", "Containers aboard"), columns=_ABOARD, rows=rows, sums=True)


# ---------------------------------------------------------------------------------------------- refused ones


@blueprint.get("/manifests/<manifest>/return")
@requires(Right.ACT)
def send_back(manifest: str) -> Response:
    found = open_for("return", manifest)
    return page("manifest-return.html", journey=found, lines=found.at(*REFUSED), carriers=carriers())


@blueprint.post("/manifests/<manifest>/return")
@requires(Right.ACT)
@once_only
def sent_back(manifest: str) -> Response:
    found = seen(manifest)
    body = {
        "manifest": manifest,
        "from": end(found),
        "to": start(found),
        "carrier": request.form.get("carrier") or found.thing.carrier,
        "lines": [load(line) for line in chosen(found, *REFUSED)],
        **given(vehicle=request.form.get("vehicle", "").strip(), driver=driver()),
    }
    return back(found, say("manifest-return-started", body))


@blueprint.get("/manifests/<manifest>/take-back")
@requires(Right.HANDLE)
def take_back(manifest: str) -> Response:
    found = open_for("take-back", manifest)
    return page("manifest-take-back.html", journey=found, lines=found.at("returning"))


@blueprint.post("/manifests/<manifest>/take-back")
@requires(Right.HANDLE)
@once_only
def taken_back(manifest: str) -> Response:
    found = seen(manifest)
    body = {
        "manifest": manifest,
        "to": start(found),
        "carrier": found.thing.carrier,
        "lines": [
            {"container": line.container.id, "code": line.code, "mass": weighed(line)}
            for line in chosen(found, "returning")
        ],
        "handler": {"person": current_actor().person},
    }
    return back(found, say("manifest-return-received", body))


def weighed(line: Line) -> dict[str, Any]:
    """The mass that a form gives for a container."""
    value = request.form.get(f"mass:{line.container.id}", "")
    return {"basis": "weighed", "net_g": grams(value, request.form.get("unit", "kg"))}


@blueprint.get("/manifests/<manifest>/redirect")
@requires(Right.HANDLE)
def redirect_page(manifest: str) -> Response:
    found = open_for("redirect", manifest)
    sites = sites_of_others(current_actor().party)
    return page("manifest-redirect.html", journey=found, lines=found.at(*REFUSED), sites=sites, carriers=carriers())


@blueprint.post("/manifests/<manifest>/redirect")
@requires(Right.HANDLE)
@once_only
def redirected(manifest: str) -> Response:
    found = seen(manifest)
    body = {
        "manifest": manifest,
        "from": start(found),
        "to": place("to"),
        "carrier": request.form.get("carrier") or found.thing.carrier,
        "lines": [load(line) for line in chosen(found, *REFUSED)],
    }
    return back(found, say("manifest-redirected", body))


# ---------------------------------------------------------------------------------------------- afterwards


@blueprint.get("/manifests/<manifest>/defect")
@requires(Right.HANDLE)
def defect(manifest: str) -> Response:
    found = open_for("defect", manifest)
    return page("manifest-defect.html", journey=found, lines=found.at("accepted", "in-part"))


@blueprint.post("/manifests/<manifest>/defect")
@requires(Right.HANDLE)
@once_only
def defect_found(manifest: str) -> Response:
    """A defect came to light after acceptance."""
    found = open_for("defect", manifest)
    told, note = (request.form.get(key, "").strip() for key in ("told", "note"))
    body = {
        "manifest": manifest,
        "place": end(found),
        "concerned": [line.container.id for line in chosen(found, "accepted", "in-part")],
        "kind": field("kind", "差异", "the difference"),
    }
    named = {"person": f"person:{ledger().new_id()}", "name": {"clear": told}} if told else None
    return back(found, say("discrepancy-found-later", body | given(told=named, note={"clear": note} if note else None)))


@blueprint.get("/manifests/<manifest>/paper")
@requires(Right.HANDLE)
def paper(manifest: str) -> Response:
    found = open_for("paper", manifest)
    return page("manifest-paper.html", journey=found, lines=found.lines, sites=_own_sites())


@blueprint.post("/manifests/<manifest>/paper")
@requires(Right.HANDLE)
@once_only
def ran_on_paper(manifest: str) -> Response:
    """The manifest ran on paper while the system was out: its statements may come later."""
    found = open_for("paper", manifest)
    body = {
        "manifest": manifest,
        "place": {"party": current_actor().party, "site": field("site", "场所", "the site")},
        "on_paper": [line.container.id for line in chosen(found, *{line.state for line in found.lines})],
        "outage_from": local_moment(field("outage_from", "开始时间", "when it began")),
        "outage_until": local_moment(field("outage_until", "结束时间", "when it ended")),
        **optional(paper_number=request.form.get("paper_number", "")),
    }
    return back(found, say("paper-manifest-backfilled", body))


def _own_sites() -> list[str]:
    return [site for site, e in registry().sites.items() if e.holder == current_actor().party]
