"""Transfer manifests: what is mine to do, each with its three parts, issuing a new one and cancelling one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import on_the_way
from api.pages.acting import done, field, optional, say
from api.pages.authority import offer
from api.pages.exceptions import told
from api.pages.shown import name, page, registry, t, word
from api.pages.tables import (
    FILE_ROWS_MAX,
    Column,
    Table,
    following,
    in_parts,
    part,
    rows_max,
    skipped,
    tabled,
    this_page,
)
from ledger.custody.container import Container
from ledger.errors import FormError
from ledger.journeys import (
    ON_THE_ROAD,
    Foreseen,
    Journey,
    Line,
    acts,
    foresee,
    how_many,
    in_store,
    journey,
    may_travel,
    standing,
)
from ledger.journeys import manifests as states
from ledger.reading import Page as Part

blueprint = Blueprint("page_manifests", __name__)
OPEN: Final = ("arrived", "under-way", "issued", "unknown")
ENDED: Final = ("done", "cancelled")
PARTS: Final = ("sender", "carrier", "receiver")
SHOWN: Final = 100
LISTS: Final = {
    "mine": (("待我办理", "Mine to do"), ("没有等您办理的联单。", "No manifest waits for you.")),
    "under-way": (("进行中", "Under way"), ("没有进行中的联单。", "No manifest is under way.")),
    "done": (("已办结", "Done"), ("还没有办结的联单。", "No manifest is done yet.")),
    "cancelled": (("已取消", "Cancelled"), ("没有取消的联单。", "No manifest was cancelled.")),
}
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
    wanted = {key: request.args[key] for key in (*PARTS, "number") if request.args.get(key)}
    asked = request.args.get("show", "")
    opened = [row for status in OPEN for row in _found(wanted, status, FILE_ROWS_MAX).items]
    due = _due(opened)
    keys = [asked] if asked in LISTS else [*LISTS]
    lists = tuple(_ended(key, wanted) if key in ENDED else _open(key, opened, due) for key in keys)
    rows = (row for table in lists for row in table.rows)
    parties = {row[each] for row in opened for each in PARTS}.union(*(row["parties"] for row in rows)) - {""}
    return tabled(
        "manifest-list.html",
        *lists,
        lists=lists,
        parties=sorted(parties, key=name),
        states=(*OPEN, *ENDED),
        shows=LISTS,
    )


def _found(wanted: Mapping[str, str], status: str, limit: int, cursor: str = "") -> Part:
    """Manifests in one state; none where the address asks for another."""
    if request.args.get("status", "") not in ("", status):
        return Part(items=[], next="", as_of=0)
    return reading().manifests(current_viewer(), {**wanted, "status": status}, cursor, limit)


def _due(opened: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Of open manifests the first thing that waits for the reader, by manifest, where something does."""
    party = current_actor().party
    known = states(queries(), [row["id"] for row in opened if party in {row[each] for each in PARTS}])
    found = {
        id_: next((act for act, waits in acts(thing, party).items() if waits and on_the_way.allowed(act)), "")
        for id_, thing in known.items()
    }
    return {id_: act for id_, act in found.items() if act}


def _open(key: str, opened: Iterable[Mapping[str, Any]], due: Mapping[str, str]) -> Table:
    rows = [row for row in opened if (row["id"] in due) == (key == "mine")]
    shown = [_row(row, due.get(row["id"], "")) for row in part(rows, SHOWN)]
    return replace(_table(key, shown, following(len(rows), SHOWN, show=key)), total=len(rows))


def _ended(key: str, wanted: dict[str, str]) -> Table:
    found = _found(wanted, key, rows_max(SHOWN), request.args.get("cursor", ""))
    next_ = this_page(show=key, cursor=found.next, skip=skipped() + SHOWN) if found.next else ""
    total = how_many(queries(), current_viewer(), "manifests", wanted | {"status": key}) if in_parts(next_) else None
    return replace(_table(key, [_row(row) for row in found.items], next_), total=total)


def _row(row: Mapping[str, Any], due: str = "") -> dict[str, Any]:
    return {
        "called": row["number"] or row["id"][-8:],
        "to": url_for(".manifest_page", manifest=row["id"]),
        "state": (STATES.get(row["status"], "unknown"), word(row["status"], "STATUS")),
        "todo": on_the_way.act_word(due) if due else "",
        "act": on_the_way.act_address(due, row["id"]) if due else "",
        "parties": {row[each] for each in PARTS},
        "issued_at": row["issued_at"],
    } | {each: name(row[each]) for each in PARTS}


def _table(key: str, rows: list[dict[str, Any]], next_: str) -> Table:
    caption, empty = LISTS[key]
    columns = COLUMNS if key == "mine" else tuple(c for c in COLUMNS if c.key != "todo")
    return Table(
        name=key, caption=t(*caption), columns=columns, rows=rows, empty=t(*empty), start=skipped(), next=next_
    )


# ---------------------------------------------------------------------------------------------- one manifest


@blueprint.get("/manifests/<manifest>")
@requires(Right.READ)
def manifest_page(manifest: str) -> Response:
    found = journey(queries(), current_viewer(), manifest)
    flags = [told(flag) for flag in standing(queries(), found, ledger().now())]
    state = STATES.get(found.thing.status, "unknown")
    checked = "regulator" in current_actor().roles and bool(found.at(*ON_THE_ROAD))
    checks = [offer("roadside-checked", manifest)] if checked else []
    return tabled(
        "manifest-page.html",
        _lines(found),
        journey=found,
        state=state,
        flags=flags,
        checks=checks,
        receiver_absent=accounts().visits.absent(found.thing.receiver),
    )


_LINES: Final = (
    Column("called", "容器", "Container", "recorded", link="to"),
    Column("state", "状态", "State", "state"),
    Column("remark", "说明", "Remark"),
    Column("listed", "所列", "Listed", "grams"),
    Column("loaded", "装运", "Loaded", "grams"),
    Column("received", "接受", "Received", "grams"),
    Column("verdict", "结论", "Verdict", "state"),
    Column("difference", "差异", "Difference", "grams"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("code", "代码", "Code", "code"),
)
LINE_STATES: Final = {"accepted": "ok", "returned": "ok", "refused": "wrong", "missing": "wrong"} | dict.fromkeys(
    ("in-part", "collected", "redirected", "returning"), "soon"
)


def _lines(found: Journey) -> Table:
    rows = [
        on_the_way.line_row(line)
        | {
            "state": (LINE_STATES.get(line.state, "unknown"), word(line.state, "LINES")),
            "remark": t("；", "; ").join(_remarks(line)),
            "listed": line.listed_g,
            "loaded": line.leg.sent_g,
            "received": line.received_g,
            "verdict": _verdict(line),
            "difference": line.difference_g,
        }
        for line in found.lines
    ]
    caption = t("所列、装运与接受重量", "Listed, loaded and received")
    return Table(name="lines", caption=caption, columns=_LINES, rows=rows, sums=True)


def _remarks(line: Line) -> Iterator[str]:
    """What else is to be known of a container: that it was not listed, why it stayed, what was found of it."""
    if line.listed_g is None:
        yield t("联单未列", "unlisted")
    if line.reason:
        yield t(*on_the_way.LEFT_WORDS[line.reason])
    if line.discrepancy:
        yield t(*on_the_way.DISCREPANCY_WORDS[line.discrepancy])


def _verdict(line: Line) -> tuple[str, str] | None:
    if line.leg.missing_g is not None:
        return "wrong", t("缺失", "missing")
    if line.difference_g is None:
        return None
    if not line.tolerable:
        return "wrong", t("超差", "beyond tolerance")
    return "ok", t("允许范围内", "within tolerance") if line.difference_g else t("一致", "equal")


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
    shown = sorted(travelling, key=lambda x: (x.id not in wanted, x.site, x.code, x.born_at, x.id))
    return tabled(
        "manifest-new.html",
        on_the_way.held_table("travelling", t("可转移的容器", "Containers that may travel"), shown),
        _checked(found or []),
        chosen=wanted,
        warned=any(each.rule for each in found or ()),
        sites=on_the_way.sites_of_others(own),
        carriers=on_the_way.carriers(),
        licences=valid,
        phone=getattr(known.parties.get(own), "duty_phone", "") or "",
        form=request.form,
        day=day,
    )


_CHECKED: Final = (
    Column("what", "条件", "Condition"),
    Column("result", "结论", "Result", "state"),
    Column("reason", "原因", "Reason"),
    Column("unit", "单位", "Unit", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("law", "依据", "Law", "recorded"),
)
CONDITIONS: Final = {
    "entitled": ("有权接收", "entitled to receive"),
    "approved": ("跨省转移批准", "approval across provinces"),
    "contract": ("合同", "contract"),
}


def _checked(found: Iterable[Foreseen]) -> Table:
    rows = [
        {
            "unit": name(each.concerned),
            "code": each.code,
            "what": t(*CONDITIONS[each.what]),
            "result": _result(each),
            "reason": word(each.reason, "REASONS") if each.reason else "",
            "law": each.law,
        }
        for each in found
    ]
    caption = t("许可、批准与合同", "Licence, approval and contract")
    return Table(name="checked", caption=caption, columns=_CHECKED, rows=rows, files=False)


def _result(each: Foreseen) -> tuple[str, str]:
    if each.met:
        return "ok", t("符合", "met")
    return ("wrong", t("将产生异常", "raises an exception")) if each.rule else ("soon", t("未登记", "not registered"))


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
