"""What an authority approves, decides and seizes: what waits for it, a form for each act, the check before it signs.

A form is first sent to be checked: what is shown then is what the device signs (static/say.js), and nothing else.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import orjson
from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, current_viewer, ledger, queries, reading, requires
from api.errors import BadRequest, NoSuchPlace
from api.pages.acting import BadMass, done, say
from api.pages.authority import ACTS, LICENCES, ROLES, Act, Field, NotInOrder, ending, may_sign, offers
from api.pages.containers import NotNow, called
from api.pages.corrections import facts_of, proposed
from api.pages.exceptions import age_of, object_address, rule_words, standing, titled
from api.pages.shown import counted, grams, mass_text, moment, name, page, registry, short, t
from api.pages.tables import Column, Table, following, part, skipped, tabled
from ledger import figures as told
from ledger.custody.container import Container
from ledger.custody.events import body_of, event_types
from ledger.custody.events.authority import CrossProvinceApproved
from ledger.custody.events.stock import LeakReported
from ledger.custody.registry import UNSET
from ledger.custody.wire import wire_name
from ledger.exchange.author import seal
from ledger.journeys import ON_THE_ROAD, journey
from ledger.log import statement
from ledger.queries import ContainerStory
from ledger.stores import NeverLost, lost_by

blueprint = Blueprint("page_acts", __name__)
LIST_MAX: Final = 100
# First and last day of what an act is for.
_SPANS: Final = (("from", "until"), ("from", "valid_until"), ("valid_from", "valid_until"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an act is about, as this reader is shown it: `fixed` is what follows from it and is not asked for, `usual`
    what the form begins with, `most_g` how much there is of it, `role` whose key may sign it where it is not the act's
    usual one ("": any authority's)."""

    on: str = ""
    title: str = ""
    href: str = ""
    facts: Sequence[tuple[str, Any]] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    usual: Mapping[str, Any] = field(default_factory=dict)
    most_g: int | None = None
    role: str | None = None


# ------------------------------------------------------------------------------------ what waits, what stands


@blueprint.get("/acts")
@requires(Right.OVERSEE)
def acts() -> Response:
    own = current_viewer().is_own
    return tabled("acts.html", _waiting(), crossings(own), plans(own), exemptions(own), acts=ACTS)


def _waiting() -> Table:
    """Exceptions that an act of an authority ends, the oldest first."""
    found = [(flag, end) for flag in standing(current_viewer()) if (end := ending(flag))]
    shown = part(found, LIST_MAX)
    titles = told.titles(queries(), sorted({f.object for f, _ in shown if f.object.startswith("container:")}))
    titles |= {x.terms.licence: x.terms.number for held in registry().licences.values() for x in held}
    rows = [
        {
            "act": act.title,
            "href": href,
            "rule": rule_words(flag.rule),
            "object": titled(flag.object, titles),
            "object_href": object_address(flag.object),
            "holder": name(flag.holder),
            "grams": flag.grams or None,
            "days": age_of(flag),
        }
        for flag, (act, href) in shown
    ]
    columns = (
        Column("act", "办理", "To do", link="href"),
        Column("rule", "因为", "Because of"),
        Column("object", "对象", "Object", "recorded", link="object_href"),
        Column("holder", "单位", "With", "recorded"),
        Column("grams", "质量", "Mass", "grams"),
        Column("days", "天数", "Days", "number"),
    )
    return Table(
        name="waiting",
        caption=t("待主管部门办理", "Waiting for the authority"),
        columns=columns,
        rows=rows,
        empty=t("没有待办事项。", "Nothing waits for an authority."),
        start=skipped(),
        next=following(len(found), LIST_MAX),
        total=len(found),
    )


def _span(start: str, end: str) -> tuple[str, str]:
    """Whether something from day to day is in force."""
    today = _today()
    if today < start:
        return "soon", t("未生效", "not yet")
    return ("ok", t("有效", "in force")) if today <= end else ("unknown", t("已到期", "ended"))


_SPAN: Final = (
    Column("state", "状态", "State", "state"),
    Column("from", "自", "From"),
    Column("until", "至", "Until"),
)


def crossings(concerns: Callable[[str], bool]) -> Table:
    """What may go, or went, from one province to another, of the parties that are meant; the newest first."""
    rows = [
        {
            "number": each.number or t("（无文号）", "(no number)"),
            "kind": t("批准", "approved") if isinstance(each, CrossProvinceApproved) else t("备案", "reported"),
            "sender": name(each.sender),
            "receiver": name(each.receiver),
            "codes": " ".join(each.codes),
            "mass": each.mass_g,
            "shipments": each.shipments,
            "state": _span(each.valid_from, each.valid_until),
            "from": each.valid_from,
            "until": each.valid_until,
        }
        for each in reversed(registry().crossings)
        if concerns(each.sender) or concerns(each.receiver)
    ]
    columns = (
        Column("number", "文号", "Number", "recorded"),
        Column("kind", "种类", "Kind"),
        Column("sender", "移出单位", "Sender", "recorded"),
        Column("receiver", "接受单位", "Receiver", "recorded"),
        Column("codes", "代码", "Codes"),
        Column("mass", "数量上限", "At most", "grams"),
        Column("shipments", "次数上限", "Shipments", "number"),
        *_SPAN,
    )
    empty = t("没有批准或备案。", "Nothing was approved or reported.")
    caption = t("跨省转移", "Transfers across provinces")
    return Table(name="crossings", caption=caption, columns=columns, rows=rows, empty=empty)


def plans(concerns: Callable[[str], bool]) -> Table:
    """Emergency plans in which these parties take waste."""
    rows = [
        {
            "receivers": "、".join(name(each) for each in plan.receivers),
            "codes": " ".join(plan.codes),
            "state": _span(plan.valid_from, plan.valid_until),
            "from": plan.valid_from,
            "until": plan.valid_until,
        }
        for plan in reversed(registry().emergencies)
        if any(map(concerns, plan.receivers))
    ]
    columns = (
        Column("receivers", "应急收集处置单位", "Who may take it", "recorded"),
        Column("codes", "类别或代码", "Classes or codes"),
        *_SPAN,
    )
    empty = t("没有应急预案。", "No emergency plan was declared.")
    return Table(name="emergencies", caption=t("应急预案", "Emergency plans"), columns=columns, rows=rows, empty=empty)


def exemptions(concerns: Callable[[str], bool]) -> Table:
    """Rows of the exemption list that were confirmed for these parties."""
    stages = next(each.choices for each in ACTS["exemption-confirmed"].fields if each.key == "stage")
    rows = [
        {
            "holder": name(each.holder),
            "row": each.row,
            "codes": " ".join(each.codes),
            "stage": t(*stages[each.stage]),
            "state": _span(each.valid_from, each.valid_until),
            "from": each.valid_from,
            "until": each.valid_until,
        }
        for each in reversed(registry().exemptions)
        if concerns(each.holder)
    ]
    columns = (
        Column("holder", "单位", "Enterprise", "recorded"),
        Column("row", "清单条目", "Row", "recorded"),
        Column("codes", "代码", "Codes"),
        Column("stage", "环节", "Stage"),
        *_SPAN,
    )
    empty = t("没有确认的豁免。", "No exemption was confirmed.")
    return Table(name="exemptions", caption=t("豁免", "Exemptions"), columns=columns, rows=rows, empty=empty)


# ------------------------------------------------------------------------------------------------ one act


@blueprint.get("/acts/<type_>")
@requires(Right.OVERSEE)
def form(type_: str) -> Response:
    act, subject = _asked(type_)
    fields = [each for each in act.fields if each.key not in subject.fixed]
    begun = {each.key: _begun(each, subject.usual.get(each.key)) for each in fields}
    options = _options(fields, subject)
    return page("act.html", subject=subject, fields=fields, begun=begun, options=options, **signing(act, subject))


@blueprint.post("/acts/<type_>")
@requires(Right.OVERSEE)
def check(type_: str) -> Response:
    """Read the form as an event and show what will be signed; nothing is recorded yet."""
    act, subject = _asked(type_)
    body = _body(act, subject)
    ledger().event(type_, seal(body, os.urandom)[0])
    lines = list(_lines(act, body))
    return page(
        "act-check.html", subject=subject, lines=lines, body=orjson.dumps(body).decode(), **signing(act, subject)
    )


@blueprint.post("/acts/<type_>/sign")
@requires(Right.OVERSEE)
def sign(type_: str) -> Any:
    """Without a device that signs, this ends in the answer that the server keeps no authority's key."""
    if type_ not in ACTS:
        raise NoSuchPlace()
    try:
        body = orjson.loads(request.form.get("body", ""))
    except ValueError:
        raise BadRequest(expected="body: JSON", got=request.form.get("body", "")[:40]) from None
    return done("/acts", say(type_, body))


def signing(act: Act, subject: Subject) -> dict[str, Any]:
    """What both pages of an act say: the law as of today, and whether a key of the person's may sign it."""
    law = ledger().regime.cite(act.law, _today()) if act.law else ""
    role = act.role if subject.role is None else subject.role
    who = current_actor()
    waiting = [each.key for each in accounts().keys.waiting(who) if each.person == who.person]
    ready = may_sign(role)
    return {"act": act, "law": law, "ready": ready, "role": ROLES[role or act.role], "waiting": "".join(waiting[-1:])}


def _asked(type_: str) -> tuple[Act, Subject]:
    """The act and what the address says it is about; raises NoSuchPlace, also for what the reader is not shown."""
    act, on = ACTS.get(type_), request.values.get("on", "")
    if act is None:
        raise NoSuchPlace()
    kind = on.partition(":")[0] if ":" in on or not on else next(iter(act.on & {"correction", "complaint"}), "none")
    if kind not in act.on:
        raise NoSuchPlace()
    return act, _SUBJECTS[kind](act, on)


def _nothing(act: Act, on: str) -> Subject:
    return Subject(usual=request.args.to_dict())


def _party(act: Act, party: str) -> Subject:
    if party not in registry().parties or not current_viewer().is_own(party):
        raise NoSuchPlace()
    key = next(each.key for each in act.fields if each.kind in ("own", "scope") or each.key == "holder")
    fixed, usual = {key: party}, {"concerns": party}
    return Subject(on=party, title=name(party), href=object_address(party), fixed=fixed, usual=usual)


def _licence(act: Act, licence: str) -> Subject:
    """Amended, suspended and revoked are licences as they are today; what is confirmed was asserted by the holder."""
    found = [x for held in registry().licences.values() for x in held if x.terms.licence == licence]
    if not found or not current_viewer().is_own(found[0].terms.holder):
        raise NoSuchPlace()
    newest = next((x for x in reversed(found) if x.confirmed), found[-1])
    terms = registry().amended(newest, _today()).terms
    facts = (
        (t("持证单位", "Holder"), name(terms.holder)),
        (t("种类", "Kind"), t(*LICENCES[terms.kind])),
        (t("有效期", "Valid"), f"{terms.valid_from} – {terms.valid_until}"),
        (t("类别或代码", "Classes or codes"), " ".join(terms.include) or t("全部", "all")),
        (t("方式", "Methods"), " ".join(terms.methods) or t("不限", "any")),
        (t("年经营规模", "Mass a year"), grams(terms.annual_g)),
    )
    return Subject(
        on=licence, title=terms.number, href=object_address(terms.holder), facts=facts,
        fixed={"licence": licence, "holder": terms.holder}, usual=body_of(terms),
    )  # fmt: skip


def _container(act: Act, container: str) -> Subject:
    story = reading().container(current_viewer(), container)
    thing = story.thing
    able = [words for words, _ in offers(story)]
    if act.title not in able:
        raise NotNow(expected=t("、", ", ").join(able) or t("无", "none"), got=act.title)
    place, most_g = _lost(story) if act.type == "loss-determined" else (_place(thing), None)
    fixed: dict[str, Any] = {"container": container, "place": place}
    if act.type in ("identification-confirmed", "loss-determined"):
        fixed["code"] = thing.code
    return Subject(
        on=container, title=called({"container_code": thing.container_code, "id": thing.id}),
        href=object_address(container), facts=_of_container(thing, most_g), fixed=fixed,
        usual={"net_g": most_g}, most_g=most_g,
    )  # fmt: skip


def _of_container(thing: Container, lost_g: int | None = None) -> list[tuple[str, Any]]:
    lost = [] if lost_g is None else [(t("遗失或泄漏", "Lost or leaked"), grams(lost_g))]
    return [
        (t("废物", "Waste"), f"{thing.name} {thing.code}"),
        (t("持有单位", "Held by"), " · ".join(filter(None, (name(thing.holder), name(thing.site))))),
        (t("重量", "Mass"), grams(None if thing.mass_unknown else thing.net_g)),
        *lost,
    ]


def _place(thing: Container) -> dict[str, str]:
    """Where it is; for what is on the road, where its journey began."""
    leg = thing.legs.get(thing.manifest)
    return {"party": thing.holder, "site": thing.site or (leg.sender_site if leg else "")}


def _lost(story: ContainerStory) -> tuple[dict[str, str], int]:
    """Whose loss it is, and how many grams of it nobody has determined yet; raises NeverLost."""
    if story.thing.status == "lost":
        place, lost_g = lost_by(story.thing.id, story.steps)
        return {"party": place.party, "site": place.site}, lost_g
    leaks = (step.fact.event for step in reversed(story.steps) if isinstance(step.fact.event, LeakReported))
    leak = next(leaks, None)
    if leak is None or not story.thing.leaked_g:
        raise NeverLost()
    return {"party": leak.place.party, "site": leak.place.site}, story.thing.leaked_g


def _correction(act: Act, correction: str) -> Subject:
    story, found = proposed(correction)
    thing = story.thing
    return Subject(
        on=correction, title=called({"container_code": thing.container_code, "id": thing.id}),
        href=f"/corrections/{correction}", facts=[*facts_of(story, found), *_of_container(thing)],
        fixed={"container": thing.id, "correction": correction},
    )  # fmt: skip


def _complaint(act: Act, complaint: str) -> Subject:
    said = statement.parse(ledger().record_of(complaint).statement)
    if said.type != "complaint-registered" or not current_viewer().is_own(said.body["holder"]):
        raise NoSuchPlace()
    holder = said.body["holder"]
    facts = (
        (t("被投诉单位", "Complained of"), name(holder)),
        (t("受理", "Registered"), moment(said.at)),
        (t("投诉内容", "The complaint"), ledger().clear_text(complaint).get("complaint", "–")),
    )
    return Subject(
        on=complaint, title=name(holder), href="/inspections", facts=facts,
        fixed={"holder": holder, "complaint": complaint},
    )  # fmt: skip


def _manifest(act: Act, manifest: str) -> Subject:
    """A manifest with something on the road: all of that is what was checked."""
    found = journey(queries(), current_viewer(), manifest)
    aboard = [line.container.id for line in found.at(*ON_THE_ROAD)]
    if not aboard:
        raise NoSuchPlace()
    facts = (
        (t("移出人", "Sender"), name(found.thing.sender)),
        (t("承运人", "Carrier"), name(found.thing.carrier)),
        (t("接受人", "Receiver"), name(found.thing.receiver)),
        (t("车上", "On board"), counted(len(aboard), "个容器", "container")),
    )
    return Subject(
        on=manifest, title=found.thing.number or short(manifest), href=object_address(manifest), facts=facts,
        fixed={"manifest": manifest, "carrier": found.thing.carrier, "checked": sorted(aboard)},
    )  # fmt: skip


def _key(act: Act, key: str) -> Subject:
    """A key that waits to be let in, or one of the authority's own that is lost."""
    who, keys = current_actor(), accounts().keys
    if act.type == "key-revoked":
        row = keys.one(who, key)
        fixed: dict[str, Any] = {"key": key, "holder": row.party, "last_seq": row.seq}
        return Subject(on=key, title=short(key), href="/admin/devices", facts=[_hash_of(row.key.hex())], fixed=fixed)
    body = keys.one_waiting(who, key).body
    own = body["holder"] == who.party
    facts = [
        (t("单位", "Enterprise"), name(body["holder"])),
        (t("公钥", "Public key"), body["public_key"]),
        (t("先核对", "First compare"), t("与该设备上显示的一致", "it with the one that the device shows")),
    ]
    # Roles are an authority's; to its own keys each of its keys may pass on what it has itself.
    fixed = dict(body) if own else body | {"roles": None}
    return Subject(
        on=key, title=short(key), href="/admin/devices", facts=facts, fixed=fixed, role="" if own else "registrar"
    )


def _hash_of(key: str) -> tuple[str, str]:
    return t("密钥", "Key"), f"{key[:16]}…"


_SUBJECTS: Final[dict[str, Callable[[Act, str], Subject]]] = {
    "": _nothing,
    "party": _party,
    "licence": _licence,
    "container": _container,
    "correction": _correction,
    "complaint": _complaint,
    "manifest": _manifest,
    "key": _key,
}


def _body(act: Act, subject: Subject) -> dict[str, Any]:
    """The event's body as the form has it; raises FormError."""
    id_ = {"party": "holder"}.get(act.new, act.new)
    new = {id_: f"{act.new}:{ledger().new_id()}"} if act.new else {}
    read = {each.key: each.read() for each in act.fields if each.key not in subject.fixed}
    said = new | read | dict(subject.fixed)
    usual = {wire_name(each.name): each.default for each in dataclasses.fields(event_types()[act.type])}  # type: ignore[arg-type]
    # What is not said, and what is usual, is absent.
    body = {key: value for key, value in said.items() if value not in (None, []) and value != usual.get(key)}
    for start, end in _SPANS:
        if start in body and end in body and body[end] < body[start]:
            raise NotInOrder(expected=f">= {body[start]}", got=body[end])
    if subject.most_g is not None and body["net_g"] > subject.most_g:
        raise BadMass(expected=f"<= {mass_text(subject.most_g)}", got=mass_text(body["net_g"]))
    return body


def _lines(act: Act, body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the form says, field by field, as it is going to be signed."""
    for each in act.fields:
        if each.key not in body:
            continue
        value = body[each.key]
        match each.kind:
            case "mass":
                yield t(each.zh, each.en), grams(value)
            case "choice":
                yield t(each.zh, each.en), t(*each.choices[value])
            case "own" | "party" | "site" | "of-holder" | "scope":
                yield t(each.zh, each.en), name(value)
            case "parties":
                yield t(each.zh, each.en), "、".join(name(one) for one in value)
            case "several":
                yield t(each.zh, each.en), t("、", ", ").join(t(*each.choices[one]) for one in value)
            case "uscc":
                yield t(each.zh, each.en), value[0]["value"]
            case "note":
                yield t(each.zh, each.en), value["clear"]
            case "codes" | "days":
                yield t(each.zh, each.en), " ".join(value)
            case _:
                yield t(each.zh, each.en), value


def _begun(each: Field, value: Any) -> Any:
    """What a field of the form begins with."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return " ".join(value)
    if each.kind == "mass":
        return f"{Decimal(value).scaleb(-6 if each.unit == 't' else -3).normalize():f}"
    return value


def _options(fields: Sequence[Field], subject: Subject) -> dict[str, list[tuple[str, str]]]:
    """(value, words) of what is chosen from lists of this ledger."""
    known: dict[str, Callable[[], list[tuple[str, str]]]] = {
        "own": lambda: _parties(current_viewer().is_own),
        "scope": lambda: _parties(current_viewer().is_own),
        "party": lambda: _parties(lambda party: True),
        "parties": lambda: _parties(current_viewer().is_own),
        "site": lambda: _sites(subject.fixed.get("holder")),
        "of-holder": lambda: [(subject.on, name(subject.on)), *_sites(subject.on)],
        "row": lambda: [(x.row, x.condition) for x in registry().exemptions_on(_today()).values()],
        "setting": lambda: [(k, f"{k} ({_now(k)})") for k in sorted({*ledger().regime.defaults, *UNSET})],
    }
    return {each.key: known[each.kind]() for each in fields if each.kind in known}


def _today() -> str:
    return ledger().regime.day_of(ledger().now())


def _now(setting: str) -> int | str:
    """A setting's value in force today: as adopted, else the regime's own."""
    adopted = registry().setting(setting, _today())
    return adopted if adopted is not None else ledger().regime.defaults.get(setting, t("未采用", "not adopted"))


def _sites(holder: str | None) -> list[tuple[str, str]]:
    return [(site, each.name) for site, each in registry().sites.items() if each.holder == holder]


def _parties(shown: Callable[[str], bool]) -> list[tuple[str, str]]:
    found = [(party, name(party)) for party in registry().parties if shown(party)]
    return sorted(found, key=lambda pair: pair[1])
