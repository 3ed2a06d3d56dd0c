"""An enterprise's places and papers: sites, facilities, kinds of waste, contracts, vehicles, licences and plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, ledger, queries, requires
from api.errors import NoSuchPlace
from api.pages.acting import FieldMissing, done, field, grams, optional, say, year_of
from api.pages.authority import LICENCES, stopped
from api.pages.shown import name, registry, t
from api.pages.tables import Column, Table, tabled
from ledger.custody.duties import Planned
from ledger.custody.registry import Licence

blueprint = Blueprint("page_places", __name__, url_prefix="/admin")
RENEW_DAYS: Final = 90
"""A licence that ends within so many days is shown as due for renewal."""
PURPOSES: Final = {
    "store": ("贮存", "stores"),
    "generate": ("产生", "generates"),
    "utilise": ("利用", "utilises"),
    "dispose": ("处置", "disposes"),
}
FORMS: Final = {
    "solid": ("固态", "solid"),
    "semi-solid": ("半固态", "semi-solid"),
    "liquid": ("液态", "liquid"),
    "gas": ("气态", "gas"),
}
USES: Final = {
    "enterprise": ("生产经营", "enterprise"),
    "medical": ("医疗卫生", "medical"),
    "collection": ("收集贮存", "collection"),
    "disposal": ("利用处置", "disposal"),
}


@blueprint.get("/places")
@requires(Right.ADMINISTER)
def places() -> Response:
    """What the party has registered, and the forms for more."""
    party, known = current_actor().party, registry()
    own = {id_: site for id_, site in known.sites.items() if site.holder == party}
    return tabled(
        "admin-places.html",
        Table(name="facilities", caption=t("设施", "Facilities"), columns=_FACILITIES, rows=list(_facilities(own))),
        Table(name="profiles", caption=t("废物种类", "Kinds of waste"), columns=_PROFILES, rows=list(_profiles(party))),
        Table(name="contracts", caption=t("合同", "Contracts"), columns=_CONTRACTS, rows=list(_contracts(party))),
        sites=own,
        partners={id_: p.name for id_, p in known.parties.items() if {"carrier", "disposer"} & set(p.duties)},
        purposes=PURPOSES,
        forms=FORMS,
        uses=USES,
    )


_FACILITIES: Final = (
    Column("name", "名称", "Name", "recorded"),
    Column("code", "编号", "Code", "recorded"),
    Column("site", "场所", "Site", "recorded"),
    Column("purpose", "用途", "Purpose"),
    Column("capacity", "能力", "Capacity", "grams"),
    Column("zones", "分区", "Zones", "recorded"),
)
_PROFILES: Final = (
    Column("name", "名称", "Name", "recorded"),
    Column("code", "废物代码", "Waste code", "recorded"),
    Column("form", "形态", "Form"),
    Column("hazards", "危险特性", "Hazards", "recorded"),
    Column("packing", "包装", "Packing", "recorded"),
)
_CONTRACTS: Final = (
    Column("with", "对方", "With", "recorded"),
    Column("number", "编号", "Number", "recorded"),
    Column("codes", "废物", "Waste", "recorded"),
    Column("until", "有效期至", "Until"),
)


def _facilities(sites: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in registry().facilities.values():
        if each.site in sites:
            yield {
                "name": each.name,
                "code": each.code,
                "site": sites[each.site].name,
                "purpose": t(*PURPOSES[each.purpose]),
                "capacity": each.capacity_g,
                "zones": " ".join(each.zones),
            }


def _profiles(party: str) -> Iterator[dict[str, Any]]:
    for each in registry().profiles.values():
        if each.holder == party:
            shown = {"name": each.name, "code": each.code, "hazards": each.hazards, "packing": each.packing}
            yield shown | {"form": t(*FORMS[each.form])}


def _contracts(party: str) -> Iterator[dict[str, Any]]:
    for pair, contracts in registry().contracts.items():
        for each in contracts if party in pair else ():
            other = each.with_ if each.holder == party else each.holder
            shown = {"with": name(other), "number": each.number, "codes": " ".join(each.codes)}
            yield shown | {"until": each.valid_until}


@blueprint.post("/places/<what>")
@requires(Right.ADMINISTER)
def register(what: str) -> Response:
    """Register a site, a facility, a kind of waste, a contract or a vehicle of the own party."""
    if what not in _REGISTERS:
        raise NoSuchPlace()
    type_, fields = _REGISTERS[what]()
    return done(url_for(".places"), say(type_, {"holder": current_actor().party, **fields}))


def _site() -> tuple[str, dict[str, Any]]:
    made = {"site": f"site:{ledger().new_id()}", "name": field("name", "名称", "a name")}
    use = request.form.get("use", "enterprise")
    more = optional(region=request.form.get("region", ""), address=request.form.get("address", ""))
    return "site-registered", made | more | ({} if use == "enterprise" else {"use": use})


def _facility() -> tuple[str, dict[str, Any]]:
    made: dict[str, Any] = {
        "facility": f"facility:{ledger().new_id()}",
        "site": field("site", "场所", "a site"),
        "code": field("code", "编号", "a code"),
        "purpose": field("purpose", "用途", "a purpose"),
    }
    made |= optional(name=request.form.get("name", ""))
    if made["purpose"] == "store":
        made["store_kind"] = request.form.get("store_kind", "store")
    if request.form.get("capacity", "").strip():
        made["capacity_g"] = grams(request.form["capacity"], request.form.get("capacity_unit", "t"))
    zones = request.form.get("zones", "").split()
    return "facility-registered", made | ({"zones": zones} if zones else {})


def _profile() -> tuple[str, dict[str, Any]]:
    made = {
        "profile": f"profile:{ledger().new_id()}",
        "name": field("name", "名称", "a name"),
        "code": field("code", "废物代码", "a waste code"),
        "form": field("form", "形态", "a form"),
    }
    texts = {key: request.form.get(key, "") for key in ("components", "harmful", "hazards", "precautions", "packing")}
    return "waste-profile-registered", made | optional(**texts)


def _contract() -> tuple[str, dict[str, Any]]:
    made: dict[str, Any] = {
        "contract": f"contract:{ledger().new_id()}",
        "with": field("with", "对方单位", "the other party"),
        "codes": field("codes", "废物代码", "waste codes").split(),
        "valid_from": field("valid_from", "生效日期", "the first day"),
        "valid_until": field("valid_until", "终止日期", "the last day"),
    }
    return "contract-registered", made | optional(number=request.form.get("number", ""))


def _vehicle() -> tuple[str, dict[str, Any]]:
    made = {"vehicle": f"vehicle:{ledger().new_id()}", "plate": field("plate", "车牌", "a plate").upper()}
    return "vehicle-registered", made | optional(permit=request.form.get("permit", ""))


_REGISTERS: Final = {
    "site": _site,
    "facility": _facility,
    "profile": _profile,
    "contract": _contract,
    "vehicle": _vehicle,
}


# ------------------------------------------------------------------------------------------------ licences


@blueprint.get("/licences")
@requires(Right.ADMINISTER)
def licences() -> Response:
    """The party's licences, and which end soon."""
    rows = [_licence(each) for each in registry().licences.get(current_actor().party, [])]
    found = Table(
        name="licences",
        caption=t("许可证", "Licences"),
        columns=_LICENCES,
        rows=rows,
        empty=t("没有登记许可证。", "No licence is registered."),
    )
    return tabled("admin-licences.html", found, kinds=LICENCES)


_LICENCES: Final = (
    Column("number", "编号", "Number", "recorded"),
    Column("kind", "种类", "Kind"),
    Column("covers", "经营类别", "Covers", "recorded"),
    Column("annual", "年规模", "A year", "grams"),
    Column("until", "有效期至", "Until"),
    Column("state", "状态", "State", "state"),
    Column("said", "依据", "By"),
)


def _licence(each: Licence) -> dict[str, Any]:
    today = ledger().regime.day_of(ledger().now())
    each = registry().amended(each, today)
    terms = each.terms
    return {
        "number": terms.number,
        "kind": t(*LICENCES[terms.kind]),
        "covers": " ".join((*terms.include, *(f"-{x}" for x in terms.exclude))),
        "annual": terms.annual_g,
        "until": terms.valid_until,
        "state": _licence_state(each, today),
        "said": t("主管部门", "an authority") if each.confirmed else t("本单位登记", "the holder itself"),
    }


def _licence_state(each: Licence, today: str) -> tuple[str, str]:
    if words := stopped(each, today):
        return "wrong", words
    if not each.valid_on(today):
        return "wrong", t("不在有效期内", "not valid today")
    soon = (date.fromisoformat(today) + timedelta(days=RENEW_DAYS)).isoformat()
    return ("soon", t("请办理换证", "renew it")) if each.terms.valid_until <= soon else ("ok", t("有效", "valid"))


@blueprint.post("/licences")
@requires(Right.ADMINISTER)
def declare_licence() -> Response:
    """Enter a licence oneself: it counts as asserted until the authority says the same."""
    body: dict[str, Any] = {
        "licence": f"licence:{ledger().new_id()}",
        "holder": current_actor().party,
        "number": field("number", "编号", "a number"),
        "kind": field("kind", "种类", "a kind"),
        "valid_from": field("valid_from", "生效日期", "the first day"),
        "valid_until": field("valid_until", "终止日期", "the last day"),
    }
    include = request.form.get("include", "").split()
    body |= {"include": include} if include else {}
    if request.form.get("annual", "").strip():
        body["annual_g"] = grams(request.form["annual"], "t")
    return done(url_for(".licences"), say("licence-granted", body))


# ------------------------------------------------------------------------------------------------ plans


@blueprint.get("/plans")
@requires(Right.ADMINISTER)
def plans() -> Response:
    """Each site's plan of a year against what was."""
    party, regime = current_actor().party, ledger().regime
    year = year_of(request.args.get("year") or regime.day_of(ledger().now())[:4])
    own = {id_: site.name for id_, site in registry().sites.items() if site.holder == party}
    rows = [_planned(own[site], each) for site in own for each in queries().planned(site, year)]
    found = Table(
        name="plans",
        caption=t(f"{year} 年计划与实际", f"Planned against actual, {year}"),
        columns=_PLANNED,
        rows=rows,
        empty=t("这一年没有计划，也没有产生记录。", "Nothing was planned or generated in this year."),
    )
    return tabled("admin-plans.html", found, year=year, sites=own, codes=_codes(party))


_PLANNED: Final = (
    Column("site", "场所", "Site", "recorded"),
    Column("code", "废物代码", "Waste code", "recorded"),
    Column("plan", "计划产生", "Planned", "grams"),
    Column("was", "实际产生", "Generated", "grams"),
    Column("treated", "自行利用处置", "Treated on site", "grams"),
    Column("entrusted", "委托外送", "Entrusted", "grams"),
    Column("state", "状态", "State", "state"),
)


def _planned(site: str, each: Planned) -> dict[str, Any]:
    state = ("ok", t("计划之内", "within the plan"))
    if not each.planned:
        state = ("wrong", t("未列入计划", "not in the plan"))
    elif each.generated_g > each.planned_generated_g:
        state = ("soon", t("超出计划", "above the plan"))
    return {
        "site": site,
        "code": each.code,
        "plan": each.planned_generated_g if each.planned else None,
        "was": each.generated_g,
        "treated": each.treated_g,
        "entrusted": each.entrusted_g,
        "state": state,
    }


def _codes(party: str) -> list[str]:
    return sorted({p.code for p in registry().profiles.values() if p.holder == party})


@blueprint.post("/plans")
@requires(Right.ADMINISTER)
def file_plan() -> Response:
    """File a site's plan of a year; it replaces the one before."""
    site, year = field("site", "场所", "a site"), year_of(field("year", "年度", "a year"))
    columns = [request.form.getlist(name) for name in ("code", "generated", "entrusted")]
    if len({len(column) for column in columns}) > 1:
        raise FieldMissing(what=t("每一行的代码与两个数量", "code and both masses of each line"))
    lines = [
        {"code": code, "generated_g": grams(amount, "t")} | ({"entrusted_g": grams(away, "t")} if away.strip() else {})
        for code, amount, away in zip(*columns, strict=True)
        if code.strip() and amount.strip()
    ]
    plan = f"plan:{ledger().new_id()}"
    body = {"holder": current_actor().party, "plan": plan, "site": site, "year": year, "lines": lines}
    return done(url_for(".plans", year=year), say("plan-filed", body))
