"""What pages of journeys share: who may do what next with a manifest, the containers chosen, and parts of forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, current_viewer, ledger, queries, reading, verify_right
from api.errors import NoSuchPlace
from api.pages.acting import done, field, form_id, optional
from api.pages.shown import name, registry, short, t, word
from api.pages.tables import Column, Table, following, part, skipped
from ledger.accounts.errors import NotAllowed
from ledger.custody.container import Container
from ledger.errors import FormError
from ledger.journeys import Journey, Line, acts, afterthoughts, journey
from ledger.log import entry, statement
from ledger.log.statement import Statement
from ledger.service import Answer, NotFound

HELD_SHOWN: Final = 500
V = TypeVar("V", bound=Callable[..., Any])


class SeveralSites(FormError):
    """Containers of more than one site on one manifest."""

    code = "several-sites"
    zh = "一张联单只能从一个场所移出"
    en = "one manifest leaves one site"


class NotSaid(FormError):
    """A container about which the form says nothing, or too little."""

    code = "container-not-said"
    zh = "容器 {container} 未说明：请扫码装车，或填写未装运原因"
    en = "container {container}: scan it aboard, or say why it stays behind"


class NoLoad(FormError):
    """A step of a journey without a container."""

    code = "no-load"
    zh = "没有选择容器"
    en = "no container was chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a person may do with a manifest: its words, its page, and who may."""

    zh: str
    en: str
    endpoint: str
    right: Right


def _deed(zh: str, en: str, endpoint: str, right: Right) -> Deed:
    return Deed(zh=zh, en=en, endpoint=endpoint, right=right)


DEEDS: Final = {
    "gate": _deed("验收", "Receive", "page_gate.gate", Right.HANDLE),
    "take-back": _deed("收回退运", "Take back", "page_journeys.take_back", Right.HANDLE),
    "redirect": _deed("改送", "Redirect", "page_journeys.redirect_page", Right.HANDLE),
    "return": _deed("退运", "Send back", "page_journeys.send_back", Right.ACT),
    "pick-up": _deed("起运", "Pick up", "page_journeys.pick_up", Right.ACT),
    "arrive": _deed("到达", "Arrived", "page_journeys.arrive", Right.ACT),
    "hand-over": _deed("交接", "Hand over", "page_journeys.hand_over", Right.ACT),
    "trip": _deed("安排车次", "Plan the trip", "page_journeys.trip", Right.HANDLE),
    "roadside": _deed("路检出示", "Show at the roadside", "page_journeys.roadside", Right.READ),
    "cancel": _deed("取消联单", "Cancel", "page_manifests.cancel", Right.HANDLE),
    "defect": _deed("补报差异", "Report a defect found later", "page_journeys.defect", Right.HANDLE),
    "paper": _deed("补录纸质联单", "It ran on paper", "page_journeys.paper", Right.HANDLE),
}


def allowed(act: str) -> bool:
    """True when the person's role may do it."""
    try:
        verify_right(current_actor(), DEEDS[act].right)
    except NotAllowed:
        return False
    return True


def act_word(act: str) -> str:
    return t(DEEDS[act].zh, DEEDS[act].en)


def act_address(act: str, manifest: str) -> str:
    return url_for(DEEDS[act].endpoint, manifest=manifest)


def deeds(found: Journey) -> list[tuple[str, str, bool]]:
    """(words, address, waited for) of what this person may do next, the likely first."""
    known = acts(found.thing, current_actor().party)
    return [(act_word(act), act_address(act, found.thing.id), due) for act, due in known.items() if allowed(act)]


def additions(found: Journey) -> list[tuple[str, str]]:
    """(words, address) of what this person may add to it at any time."""
    known = afterthoughts(found.thing, current_actor().party)
    return [(act_word(act), act_address(act, found.thing.id)) for act in known if allowed(act)]


LEFT_WORDS: Final = {
    "label-differs": ("标签与联单不一致", "label and manifest differ"),
    "damaged": ("破损", "damaged"),
    "no-room": ("车辆装不下", "no room"),
    "not-found": ("未找到", "not found"),
    "other": ("其他", "other"),
}
DISCREPANCY_WORDS: Final = {
    "name": ("名称不符", "name differs"),
    "quantity": ("数量不符", "quantity differs"),
    "characteristic": ("特性不符", "characteristic differs"),
    "form": ("形态不符", "form differs"),
    "packaging": ("包装不符", "packaging differs"),
}


def seen(manifest: str) -> Journey:
    """The journey as the reader is shown it; raises Unknown."""
    return journey(queries(), current_viewer(), manifest)


def open_for(act: str, manifest: str) -> Journey:
    """The journey, where the reader's party may do this now; nothing is here otherwise."""
    found, party = seen(manifest), current_actor().party
    if act not in (*acts(found.thing, party), *afterthoughts(found.thing, party)):
        raise NoSuchPlace()
    return found


def clear_names(statement_id: str, party: str) -> str:
    """The names of persons in a statement, for its own party and regulators only."""
    if not current_viewer().is_own(party):
        return ""
    texts = ledger().clear_text(statement_id)
    return "、".join(text for path, text in sorted(texts.items()) if path.endswith(".name"))


def once_only(view: V) -> V:
    """A form sent twice, as by a double click, leads where it led the first time."""

    @wraps(view)
    def guarded(**places: str) -> Response:
        said = _recorded_before(form_id())
        if said is None:
            answer: Response = view(**places)
            return answer
        manifest = places.get("manifest") or said.body.get("manifest")
        if manifest is None:
            return redirect(url_for("page_treatment.result", record=said.id, done=said.id), 303)
        return redirect(url_for("page_manifests.manifest_page", manifest=manifest, done=said.id), 303)

    return guarded  # type: ignore[return-value]


def _recorded_before(id_: str) -> Statement | None:
    """What this person had recorded under that id."""
    try:
        record = ledger().record_of(id_)
    except NotFound:
        return None
    said = statement.parse(record.statement)
    mine = said.by == current_actor().person and entry.parse(record.entry).refused is None
    return said if mine else None


def manifest_of(answer: Answer) -> str:
    """The manifest that a recorded statement names, also when it was sent twice."""
    assert answer.id is not None
    return str(statement.parse(ledger().record_of(answer.id).statement).body["manifest"])


# ---------------------------------------------------------------------------------------------- parts of forms


def place(key: str) -> dict[str, str]:
    """The site that a form names, with its party."""
    site = field(key, "接受单位", "the consignee")
    return {"party": reading().site(site).holder, "site": site}


def sites_of_others(party: str) -> list[tuple[str, str, str]]:
    """(site, its party, words) of everybody else's sites, by name."""
    found = [(s, e.holder, f"{name(e.holder)} · {e.name}") for s, e in registry().sites.items() if e.holder != party]
    return sorted(found, key=lambda each: each[2])


def carriers() -> list[tuple[str, str]]:
    """(party, name): registered carriers first, then the others, who may carry as well."""
    known = registry().parties.items()
    return [(p, e.name) for p, e in sorted(known, key=lambda x: ("carrier" not in x[1].duties, x[1].name))]


def drivers() -> list[Any]:
    """The people of the reader's own party who drive."""
    return [person for person in accounts().people(current_actor()) if "driver" in person.roles]


def driver() -> dict[str, Any] | None:
    """Who drives: the person chosen, or named, or the driver who is logged in; None for nobody said."""
    who, named, chosen = current_actor(), request.form.get("driver_name", "").strip(), request.form.get("driver", "")
    if named:
        return {"person": f"person:{ledger().new_id()}", "name": {"clear": named}}
    if chosen:
        return {"person": chosen}
    return {"person": who.person} if "driver" in who.roles else None


def given(**values: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {key.rstrip("_"): value for key, value in values.items() if value not in (None, "", [], ())}


def start(found: Journey) -> dict[str, str]:
    return {"party": found.thing.sender, "site": found.thing.sender_site}


def end(found: Journey) -> dict[str, str]:
    return {"party": found.thing.receiver, "site": found.thing.receiver_site}


def ends(found: Journey) -> dict[str, Any]:
    return {"manifest": found.thing.id, "from": start(found), "to": end(found), "carrier": found.thing.carrier}


def chosen(found: Journey, *states: str) -> list[Line]:
    """The containers ticked, of those of the manifest that stand so."""
    ticked = set(request.form.getlist("container"))
    lines = [line for line in found.at(*states) if line.container.id in ticked]
    if not lines:
        raise NoLoad(expected=t("至少一个容器", "at least one container"), got=len(ticked))
    return lines


def load(line: Line, net_g: int | None = None) -> dict[str, Any]:
    return {"container": line.container.id, "code": line.code, "net_g": line.expected_g if net_g is None else net_g}


def line_row(line: Line) -> dict[str, Any]:
    """What every table says of a container on the way, which opens for whom it concerns."""
    thing = line.container
    return {
        "called": called(thing),
        "to": url_for("page_containers.container_page", container=thing.id) if line.shown else "",
        "waste": thing.name,
        "code": line.code,
    }


def called(thing: Container) -> str:
    """What people call a container: the code on it, else the end of its id."""
    return thing.container_code or short(thing.id)


def held_table(name_: str, caption: str, things: Sequence[Container], *more: Column) -> Table:
    """Containers in store, of which a form chooses: `called` is drawn, with the box to tick."""
    shown = part(things, HELD_SHOWN)
    rows = [
        {
            "thing": thing,
            "called": called(thing),
            "waste": thing.name,
            "code": thing.code,
            "state": _held_state(thing),
            "net_g": thing.net_g,
            "site": name(thing.site),
        }
        for thing in shown
    ]
    return Table(
        name=name_,
        caption=caption,
        columns=(Column("called", "容器", "Container", "drawn"), *more, *_HELD),
        rows=rows,
        start=skipped(),
        next=following(len(things), HELD_SHOWN),
        total=len(things),
    )


_HELD: Final = (
    Column("net_g", "净重", "Net mass", "grams"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("state", "状态", "State", "state"),
    Column("site", "场所", "Site", "recorded"),
)


def _held_state(thing: Container) -> tuple[str, str]:
    if thing.impounded_at:
        return "wrong", t("已查封", "impounded")
    if thing.mass_unknown:
        return "wrong", t("重量未知", "mass unknown")
    return ("soon", t("在联单上", "on a manifest")) if thing.manifest else ("ok", word(thing.status, "STATUS"))


def arrival(found: Journey, containers: list[str]) -> dict[str, Any]:
    """What is said when the load is at the gate."""
    body = {"manifest": found.thing.id, "place": end(found), "carrier": found.thing.carrier, "arrived": containers}
    return body | optional(vehicle=request.form.get("vehicle", ""))


def back(found: Journey, answer: Answer) -> Response:
    """To the manifest, where it now stands."""
    return done(url_for("page_manifests.manifest_page", manifest=found.thing.id), answer)
