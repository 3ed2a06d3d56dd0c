"""Transfer manifests: what is mine to do, each with its three parts, issuing a new one and cancelling one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import journeys as on_the_way
from api.pages.acting import done, field, optional, say
from api.pages.shown import name, page, registry, t, teller, word
from api.pages.tables import Column, Table, rows_max, tabled
from ledger.custody.container import Container, Manifest
from ledger.errors import FormError
from ledger.journeys import Foreseen, acts, foresee, in_store, journey, may_travel, standing
from ledger.journeys import manifests as states

blueprint = Blueprint("page_manifests", __name__)
OPEN: Final = ("arrived", "under-way", "issued", "unknown")
ENDED: Final = ("done", "cancelled")
SHOWN: Final = 50
OPEN_MAX: Final = 200
STATES: Final = {"done": "ok", "arrived": "soon", "under-way": "soon"}
REASONS: Final = ("mistake", "carrier-did-not-come", "consignee-cannot", "other")
COLUMNS: Final = (
    Column("called", "联单", "Manifest", "recorded", link="to"),
    Column("state", "状态", "State", "state"),
    Column("todo", "待我办理", "Mine to do", link="act"),
    Column("sender", "移出人", "Sender", "recorded"),
    Column("carrier", "承运人", "Carrier", "recorded"),
    Column("receiver", "接受人", "Receiver", "recorded"),
    Column("issued_at", "开具时间", "Issued", "moment"),
)


class NothingChosen(FormError):
    """A manifest without containers."""

    code = "nothing-chosen"
    zh = "请至少选择一个容器"
    en = "choose at least one container"


class NotHere(FormError):
    """A container that the party does not have in store, or that may not travel."""

    code = "not-in-store"
    zh = "容器 {container} 不在本单位库存中，或已在联单上，或已被查封"
    en = "container {container} is not in this party's store, or is on a manifest, or is impounded"


# ---------------------------------------------------------------------------------------------- the list


@blueprint.get("/manifests")
@requires(Right.READ)
def manifests() -> Response:
    wanted = {key: request.args[key] for key in ("sender", "carrier", "receiver", "number") if request.args.get(key)}
    show = request.args.get("show", "")
    opened = [row for status in _statuses(OPEN) for row in _rows(wanted | {"status": status}, OPEN_MAX)[0]]
    mine, others = [r for r in opened if r["todo"]], [r for r in opened if not r["todo"]]
    ended, following = _ended(wanted, request.args.get("cursor", ""))
    parties = sorted({p for row in (*opened, *ended) for p in row["parties"]}, key=name)
    lists = (
        _table("mine", t("待我办理", "Mine to do"), mine, t("没有等您办理的联单。", "No manifest waits for you.")),
        _table("under-way", t("进行中", "Under way"), others, t("没有进行中的联单。", "No manifest is under way.")),
        _table("done", t("已办结", "Done"), ended, t("还没有办结的联单。", "No manifest is done yet."), following),
    )
    chosen = tuple(table for table in lists if show in ("", table.name)) or lists
    return tabled("manifest-list.html", *chosen, lists=chosen, parties=parties, states=(*OPEN, *ENDED))


def _statuses(known: Iterable[str]) -> list[str]:
    return [status for status in known if request.args.get("status", "") in ("", status)]


def _ended(wanted: Mapping[str, str], cursor: str) -> tuple[list[dict[str, Any]], str]:
    """Done ones a page at a time, before them (on the first page) those cancelled."""
    cancelled = [] if cursor or not _statuses(["cancelled"]) else _rows({**wanted, "status": "cancelled"}, SHOWN)[0]
    finished, following = (
        _rows({**wanted, "status": "done"}, rows_max(SHOWN), cursor) if _statuses(["done"]) else ([], "")
    )
    address = {**request.args, "show": "done", "cursor": following}
    return [*cancelled, *finished], url_for(".manifests", **address) if following else ""  # type: ignore[arg-type]


def _rows(wanted: Mapping[str, str], limit: int, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
    found = reading().manifests(current_viewer(), wanted, cursor, limit)
    known = states(queries(), [row["id"] for row in found.items if row["status"] in OPEN])
    return [_row(row, known.get(row["id"])) for row in found.items], found.next


def _row(row: Mapping[str, Any], thing: Manifest | None) -> dict[str, Any]:
    """A manifest for the list, with the first thing that waits for the reader."""
    known = acts(thing, current_actor().party) if thing is not None else {}
    due = next((act for act, waits in known.items() if waits and on_the_way.allowed(act)), "")
    return {
        "called": row["number"] or row["id"][-8:],
        "to": url_for(".manifest_page", manifest=row["id"]),
        "state": (STATES.get(row["status"], "unknown"), word(row["status"], "STATUS")),
        "todo": on_the_way.act_word(due) if due else "",
        "act": on_the_way.act_address(due, row["id"]) if due else "",
        "parties": {row["sender"], row["carrier"], row["receiver"]} - {""},
        "issued_at": row["issued_at"],
    } | {role: name(row[role]) for role in ("sender", "carrier", "receiver")}


def _table(key: str, caption: str, rows: list[dict[str, Any]], empty: str, following: str = "") -> Table:
    columns = COLUMNS if key == "mine" else tuple(c for c in COLUMNS if c.key != "todo")
    return Table(name=key, caption=caption, columns=columns, rows=rows, empty=empty, next=following)


# ---------------------------------------------------------------------------------------------- one manifest


@blueprint.get("/manifests/<manifest>")
@requires(Right.READ)
def manifest_page(manifest: str) -> Response:
    found = journey(queries(), current_viewer(), manifest)
    flags = [teller().exception_document(flag) for flag in standing(queries(), found, ledger().now())]
    return page("manifest-page.html", journey=found, state=STATES.get(found.thing.status, "unknown"), flags=flags)


@blueprint.get("/manifests/<manifest>/cancel")
@requires(Right.HANDLE)
def cancel(manifest: str) -> Response:
    return page("manifest-cancel.html", journey=on_the_way.open_for("cancel", manifest), reasons=REASONS)


@blueprint.post("/manifests/<manifest>/cancel")
@requires(Right.HANDLE)
@on_the_way.once_only
def cancelled(manifest: str) -> Response:
    thing = on_the_way.seen(manifest).thing
    place = {"party": thing.sender, "site": thing.sender_site}
    reason = field("reason", "取消原因", "the reason")
    body = {"manifest": manifest, "place": place, "free": sorted(thing.lines), "reason": reason}
    return done(url_for(".manifest_page", manifest=manifest), say("manifest-cancelled", body))


# ---------------------------------------------------------------------------------------------- a new one


@blueprint.get("/manifests/new")
@requires(Right.HANDLE)
def new() -> Response:
    return _form(_may_travel(), chosen=request.args.getlist("container"))


@blueprint.post("/manifests/new")
@requires(Right.HANDLE)
def check() -> Response:
    """The same form with what the transfer would meet: nothing is recorded yet."""
    return _form(_may_travel(), chosen=request.form.getlist("container"), found=_foreseen(_loads()))


@blueprint.post("/manifests")
@requires(Right.HANDLE)
@on_the_way.once_only
def issue() -> Response:
    things = _loads()
    body = {
        "manifest": f"manifest:{ledger().new_id()}",
        "from": {"party": current_actor().party, "site": things[0].site},
        "to": on_the_way.place("to"),
        "carrier": _carrier(),
        "lines": [{"container": x.id, "code": x.code, "net_g": x.net_g} for x in things],
        **optional(**{key: request.form.get(key, "") for key in ("planned", "emergency_phone", "number")}),
        "handler": {"person": current_actor().person},
    }
    answer = say("manifest-issued", body)
    return done(url_for(".manifest_page", manifest=on_the_way.manifest_of(answer)), answer)


def _form(travelling: list[Container], *, chosen: list[str], found: list[Foreseen] | None = None) -> Response:
    own, known, day = current_actor().party, registry(), ledger().regime.day_of(ledger().now())
    wanted = set(chosen)
    valid = {p: list(known.licence_for(p, day, confirmed=False)) for p in known.parties}
    return page(
        "manifest-new.html",
        travelling=sorted(travelling, key=lambda x: (x.id not in wanted, x.site, x.code)),
        chosen=wanted,
        found=found,
        sites=on_the_way.sites_of_others(own),
        carriers=on_the_way.carriers(),
        licences=valid,
        phone=getattr(known.parties.get(own), "duty_phone", "") or "",
        form=request.form,
        day=day,
    )


def _may_travel() -> list[Container]:
    return may_travel(in_store(queries(), current_actor().party))


def _loads() -> list[Container]:
    """The containers chosen, of one site; raises for any that may not go."""
    known = {thing.id: thing for thing in _may_travel()}
    chosen = list(dict.fromkeys(request.form.getlist("container")))
    if not chosen:
        raise NothingChosen(expected=t("勾选或扫码", "ticked or scanned"), got=0)
    for container in chosen:
        if container not in known:
            raise NotHere(container=container)
    things = [known[container] for container in chosen]
    if len({thing.site for thing in things}) > 1:
        raise on_the_way.SeveralSites(got="、".join(sorted({name(thing.site) for thing in things})))
    return things


def _carrier() -> str:
    return field("carrier", "承运人", "the carrier")


def _foreseen(things: list[Container]) -> list[Foreseen]:
    to, own = on_the_way.place("to"), current_actor().party
    codes, day = {thing.code for thing in things}, ledger().regime.day_of(ledger().now())
    ends = (own, things[0].site), (to["party"], to["site"])
    return list(foresee(*ends, _carrier(), codes, day, ledger().regime, registry()))
