"""Inspections drawn by a public seed, what they found, and what must be put right: an authority signs for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, request
from flask import Response as Answer
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, requires
from api.errors import NoSuchPlace
from api.pages.acting import done, say
from api.pages.authority import OUTCOMES
from api.pages.shown import name, registry, t, word
from api.pages.tables import Column, Table, tabled
from ledger import figures as told
from ledger.custody.events.oversight import (
    ComplaintAnswered,
    ComplaintRegistered,
    InspectionDrawn,
    RectificationClosed,
    RectificationOrdered,
)
from ledger.custody.fact import Fact
from ledger.log.hashing import sha256

blueprint = Blueprint("page_inspections", __name__)
SAYABLE: Final = frozenset({"inspection-drawn", "inspection-reported", "rectification-ordered", "rectification-closed"})
FIELDS: Final = frozenset(
    {
        "holder", "inspection", "outcome", "report", "drawn_from", "seed", "concerns", "until", "order", "ordered",
        "evidence",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A draw that anybody can repeat: the party, and the hashes of roll and seed."""

    holder: str
    drawn_from: str
    seed: str


def roll(parties: Sequence[str]) -> bytes:
    """The list that is drawn from: a party in each line, sorted."""
    return "".join(f"{party}\n" for party in sorted(parties)).encode()


def draw(parties: Sequence[str], seed: str) -> Drawn:
    """The line of the roll at SHA-256(roll ‖ seed) modulo the count of lines, from 0."""
    text, said = roll(parties), seed.encode()
    names = text.decode().splitlines()
    holder = names[int.from_bytes(sha256(text + said)) % len(names)]
    return Drawn(holder=holder, drawn_from=sha256(text).hex(), seed=sha256(said).hex())


@blueprint.get("/inspections")
@requires(Right.READ)
def inspections() -> Response:
    parties, seed = _watched(), request.args.get("seed", "").strip()
    said = told.oversight(queries(), parties)
    closed = {f.event.ordered: f for f in said if isinstance(f.event, RectificationClosed)}
    return tabled(
        "inspections.html",
        _orders(said, closed),
        _records(said),
        seed=seed,
        drawn=draw(parties, seed) if seed and parties else None,
        parties=sorted(parties, key=name),
        open_orders=[f for f in said if isinstance(f.event, RectificationOrdered) and f.id not in closed],
        complaints=_unanswered(said),
        draws=[f for f in said if isinstance(f.event, InspectionDrawn)],
        may_order="regulator" in current_actor().roles,
    )


@blueprint.get("/inspections/roll.txt")
@requires(Right.READ)
def the_roll() -> Response:
    """The list as a file, byte for byte as it is hashed."""
    answer = Answer(roll(_watched()), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="roll.txt"'
    return answer


@blueprint.post("/inspections/<type_>")
@requires(Right.OVERSEE)
def order(type_: str) -> Any:
    """Without a device that signs, this ends in the answer that the server keeps no authority's key."""
    if type_ not in SAYABLE:
        raise NoSuchPlace()
    body = {key: value.strip() for key, value in request.form.items() if key in FIELDS and value.strip()}
    return done("/inspections", say(type_, body))


def _unanswered(said: Sequence[Fact]) -> list[Fact]:
    answered = {f.event.complaint for f in said if isinstance(f.event, ComplaintAnswered)}
    return [f for f in said if isinstance(f.event, ComplaintRegistered) and f.id not in answered]


def _watched() -> list[str]:
    """The enterprises that this reader watches, or itself."""
    enterprises = {site.holder for site in registry().sites.values() if site.use != "authority"}
    return sorted(party for party in enterprises if current_viewer().is_own(party))


def _orders(said: Sequence[Fact], closed: dict[str, Fact]) -> Table:
    today = ledger().regime.day_of(ledger().now())
    rows = [
        {
            "holder": name(fact.event.holder),
            "at": fact.at,
            "until": fact.event.until,
            "state": _state(fact.event.until, today, fact.id in closed),
            "closed": closed[fact.id].at if fact.id in closed else "",
            "proof": t("证明", "proof"),
            "href": f"/evidence/{fact.id}",
        }
        for fact in said
        if isinstance(fact.event, RectificationOrdered)
    ]
    columns = (
        Column("holder", "企业", "Enterprise", "recorded"),
        Column("state", "状态", "State", "state"),
        Column("until", "限期", "Until"),
        Column("at", "下达", "Ordered", "moment"),
        Column("closed", "销号", "Closed", "moment"),
        Column("proof", "记录", "Record", link="href"),
    )
    empty = t("没有整改通知。", "No rectification was ordered.")
    return Table(name="orders", caption=t("责令整改", "Rectification orders"), columns=columns, rows=rows, empty=empty)


def _state(until: str, today: str, closed: bool) -> tuple[str, str]:
    if closed:
        return "ok", t("已销号", "closed")
    return ("wrong", t("逾期", "overdue")) if until < today else ("soon", t("整改中", "to be put right"))


def _records(said: Sequence[Fact]) -> Table:
    rows = [
        {
            "at": fact.at,
            "what": word(fact.event.type, "TITLES"),
            "href": f"/evidence/{fact.id}",
            "holder": name(str(getattr(fact.event, "holder", ""))),
            "outcome": t(*OUTCOMES[outcome]) if (outcome := getattr(fact.event, "outcome", "")) else "",
            "by": name(fact.by.party),
        }
        for fact in reversed(said)
    ]
    columns = (
        Column("at", "时间", "When", "moment"),
        Column("what", "事项", "What", link="href"),
        Column("holder", "企业", "Enterprise", "recorded"),
        Column("outcome", "结果", "Outcome"),
        Column("by", "主管部门", "Authority", "recorded"),
    )
    first = t("还没有检查记录。用公开种子抽取第一家。", "Nothing is recorded yet. Draw the first by a public seed.")
    caption = t("检查、整改与投诉", "Inspections, rectification, complaints")
    return Table(name="records", caption=caption, columns=columns, rows=rows, empty=first)
