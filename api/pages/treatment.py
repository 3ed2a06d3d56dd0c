"""The end of waste: treatment by batch with its residues, and what ended where, when and how."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, record_shown, requires
from api.pages.acting import done, field, grams, local_moment, optional, say
from api.pages.exceptions import told
from api.pages.on_the_way import called, held_table, once_only
from api.pages.shown import name, registry, short, t, word
from api.pages.tables import Column, Table, following, in_parts, part, rows_max, skipped, tabled
from fixtures import open_text
from ledger.custody.container import Container
from ledger.custody.events import parse
from ledger.custody.events.registry import FacilityRegistered
from ledger.custody.events.treatment import WasteTreated
from ledger.errors import FormError
from ledger.journeys import endings, how_many_ended, in_store
from ledger.log import statement

blueprint = Blueprint("page_treatment", __name__)
OUTPUTS: Final = 3
SHOWN: Final = 100
ALL_TIME: Final = ("1000-01-01T00:00:00.000Z", "2999-12-31T00:00:00.000Z")
COLUMNS: Final = (
    Column("producer", "产生单位", "Producer", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("grams", "重量", "Mass", "grams"),
    Column("end", "去向", "End"),
    Column("method", "方式", "Method"),
    Column("holder", "利用处置单位", "Treated by", "recorded"),
    Column("site", "场所", "Site", "recorded"),
    Column("at", "时间", "When", "moment"),
    Column("state", "资质", "Entitled", "state"),
    Column("grade", "证据等级", "Grade"),
    Column("proof", "证明", "Proof", link="to"),
)


class NothingToTreat(FormError):
    """A treatment of nothing."""

    code = "nothing-to-treat"
    zh = "没有选择要利用处置的容器"
    en = "no container was chosen to be treated"


class NotHeld(FormError):
    """A container that the party does not hold at the facility's site."""

    code = "not-held-there"
    zh = "容器 {container} 不在该设施所在场所"
    en = "container {container} is not held at the site of the facility"


class MoreThanHeld(FormError):
    """More grams than the container holds."""

    code = "more-than-held"
    zh = "容器 {container} 的用量超过在库重量"
    en = "more is taken out of container {container} than it holds"


@dataclass(frozen=True, slots=True)
class Method:
    """A way of utilising or disposing of waste; `end` is what it does to it."""

    code: str
    end: str
    name: str


@cache
def methods() -> tuple[Method, ...]:
    """The methods of the published list: R and two C's utilise, the others dispose."""
    with open_text("cn/method-codes.csv") as rows:
        return tuple(
            Method(row["code"], "utilised" if row["kind"] == "utilisation" else "disposed", row["name"])
            for row in csv.DictReader(rows)
        )


# ---------------------------------------------------------------------------------------------- a batch


@blueprint.get("/treat")
@requires(Right.HANDLE)
def treat() -> Response:
    chosen = set(request.args.getlist("container"))
    held = sorted(_held(), key=lambda x: (x.id not in chosen, x.site, x.code, x.born_at, x.id))
    return tabled(
        "treat.html",
        held_table(
            "held", t("投入", "Inputs"), held, Column("", "用量（kg，空为全部）", "Taken (kg, blank: all)", "drawn")
        ),
        chosen=chosen,
        facilities=_facilities(),
        methods=methods(),
        outputs=range(OUTPUTS),
        kinds=("package", "vessel"),
    )


@blueprint.post("/treat")
@requires(Right.HANDLE)
@once_only
def treated() -> Response:
    facility = _facility()
    method = field("method", "利用处置方式", "the method")
    body = {
        "place": {"party": facility.holder, "site": facility.site},
        "facility": facility.facility,
        "stage": field("stage", "处理阶段", "the stage"),
        "end": next((each.end for each in methods() if each.code == method), "disposed"),
        "method": method,
        "basis": "weighed",
        "inputs": list(_inputs(facility.site)),
        "outputs": list(_outputs()),
        "handler": {"person": current_actor().person},
        **_times(),
        **optional(batch_code=request.form.get("batch_code", "")),
    }
    if not body["inputs"]:
        raise NothingToTreat(expected=t("至少一个容器", "at least one container"), got=0)
    answer = say("waste-treated", {key: value for key, value in body.items() if value != []})
    return done(url_for(".result", record=answer.id), answer)


@blueprint.get("/treat/<record>")
@requires(Right.READ)
def result(record: str) -> Response:
    """What one treatment closed, what came out of it and what remains in what was treated."""
    found = record_shown(record)
    said = statement.parse(found.statement)
    event = parse(said.type, said.body, ledger().regime)
    if not isinstance(event, WasteTreated):
        raise NothingToTreat(expected="waste-treated", got=said.type)
    raised = list(_raised(event, statement.statement_hash(found.statement).hex()))
    return tabled(
        "treat-result.html", _drawn(event), _poured(event), event=event, said=said, index=found.index, raised=raised
    )


def _raised(event: WasteTreated, said: str) -> Iterator[dict[str, Any]]:
    """The exceptions that stand because of it, such as a method that no licence covers."""
    for container in list(dict.fromkeys(each.container for each in event.inputs))[:SHOWN]:
        flags = reading().container(current_viewer(), container).flags
        yield from (told(flag) for flag in flags if flag.opened_by == said and flag.open_at(ledger().now()))


_DRAWN: Final = (
    Column("called", "容器", "Container", "recorded", link="to"),
    Column("code", "代码", "Code", "code"),
    Column("taken", "用量", "Taken", "grams"),
    Column("rest", "剩余", "Remains", "grams"),
)
_POURED: Final = (
    Column("called", "容器", "Container", "recorded", link="to"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("grams", "重量", "Mass", "grams"),
)


def _drawn(event: WasteTreated) -> Table:
    things = ((draw, _container(draw.container)) for draw in event.inputs)
    rows = [
        {
            "called": called(thing),
            "to": _address(draw.container),
            "code": draw.code,
            "taken": draw.net_g,
            "rest": thing.net_g,
        }
        for draw, thing in things
    ]
    caption = t("投入与剩余", "Inputs and what remains")
    return Table(name="inputs", caption=caption, columns=_DRAWN, rows=rows)


def _poured(event: WasteTreated) -> Table:
    rows = [
        {
            "called": pour.container_code or short(pour.container),
            "to": _address(pour.container),
            "waste": pour.name,
            "code": pour.code,
            "grams": pour.net_g,
        }
        for pour in event.outputs
    ]
    caption = t("产物与残渣（新产生，待处置）", "What came out: new waste, still to be dealt with")
    return Table(name="outputs", caption=caption, columns=_POURED, rows=rows)


def _address(container: str) -> str:
    return url_for("page_containers.container_page", container=container)


def _held() -> list[Container]:
    return [thing for thing in in_store(queries(), current_actor().party) if thing.born or thing.net_g]


def _facilities() -> list[FacilityRegistered]:
    own = current_actor().party
    known = registry().facilities.values()
    return [f for f in known if f.holder == own and f.purpose in ("utilise", "dispose")]


def _facility() -> FacilityRegistered:
    chosen = field("facility", "利用处置设施", "the facility")
    found = next((f for f in _facilities() if f.facility == chosen), None)
    if found is None:
        raise FormError(detail="facility", expected="、".join(f.code for f in _facilities()), got=chosen)
    return found


def _inputs(site: str) -> Iterator[dict[str, Any]]:
    known = {thing.id: thing for thing in _held() if thing.site == site}
    for container in dict.fromkeys(request.form.getlist("container")):
        thing = known.get(container)
        if thing is None:
            raise NotHeld(container=container)
        text = request.form.get(f"mass:{container}", "").strip()
        taken = grams(text, "kg") if text else thing.net_g
        if taken > thing.net_g:
            raise MoreThanHeld(container=thing.container_code or container, expected=thing.net_g, got=taken)
        yield {"container": container, "code": thing.code, "net_g": taken}


def _outputs() -> Iterator[dict[str, Any]]:
    for n in range(OUTPUTS):
        weight = request.form.get(f"out_mass:{n}", "").strip()
        if not weight:
            continue
        yield {
            "container": f"container:{ledger().new_id()}",
            "code": field(f"out_code:{n}", "残渣代码", "the code of what came out"),
            "name": field(f"out_name:{n}", "残渣名称", "the name of what came out"),
            "net_g": grams(weight, "kg"),
            "kind": request.form.get(f"out_kind:{n}", "package"),
            "new": True,
            **optional(container_code=request.form.get(f"out_container:{n}", "")),
        }


def _times() -> dict[str, str]:
    """Begin and end of the batch: the form's local times as moments."""
    return {k: local_moment(v) for k in ("started", "ended") if (v := request.form.get(k, "").strip())}


def _container(name: str) -> Container:
    state = ledger().state(name)
    return Container(id=name) if state is None else Container.from_bytes(state)


# ---------------------------------------------------------------------------------------------- certificates


@blueprint.get("/certificates")
@requires(Right.READ)
def certificates() -> Response:
    """What ended where, when and how, by first producer; the paper proves it."""
    period, producer = request.args.get("period", "").strip(), request.args.get("producer", "")
    start, end = ledger().regime.period(period) if period else ALL_TIME
    asked = {"producer": producer, "start": start, "end": end}
    found = endings(queries(), current_viewer(), **asked, limit=rows_max(skipped() + SHOWN + 1))
    shown = part(found, SHOWN)
    sums: dict[str, int] = {}
    for each in shown:
        sums[each.row.producer] = sums.get(each.row.producer, 0) + each.row.grams
    table = Table(
        name="endings",
        caption=t("去向明细", "What ended where"),
        columns=COLUMNS,
        rows=[_row(each) for each in shown],
        start=skipped(),
        next=following(len(found), SHOWN),
        total=how_many_ended(queries(), current_viewer(), **asked) if in_parts(len(found) > SHOWN) else None,
        empty=t("尚无已利用处置的废物。", "Nothing has been treated yet."),
    )
    producers = sorted({*sums, *([producer] if producer else [])}, key=name)
    return tabled("treat-certificates.html", table, sums=sums, producers=producers, period=period, producer=producer)


def _row(each: Any) -> dict[str, Any]:
    row = each.row
    return {
        "producer": name(row.producer),
        "code": row.code,
        "grams": row.grams,
        "end": word(each.end, "PLAIN"),
        "method": each.method,
        "holder": name(row.holder),
        "site": name(row.site),
        "at": row.at,
        "state": ("wrong", word(row.reason, "REASONS")) if row.reason else ("ok", t("有资质", "entitled")),
        "grade": row.grade,
        "proof": f"#{row.index}",
        "to": f"/evidence/{each.fact.id}",
    }
