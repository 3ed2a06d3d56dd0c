"""Containers: the list, each one's line of custody, and what may be said of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import authority, grouping, next_steps
from api.pages.acting import BadMass, FieldMissing, done, field, grams, optional, said_before, say, say_all
from api.pages.exceptions import told
from api.pages.next_steps import HANDS, NextStep
from api.pages.shown import mass_text, name, page, t, teller, word
from api.pages.tables import Column, Table, in_parts, rows_max, skipped, tabled, this_page
from ledger import groups
from ledger.accounts.actor import Actor
from ledger.custody.container import Container
from ledger.custody.decide import unfold
from ledger.custody.events.containers import Birth
from ledger.custody.events.correction import EntryCorrected, figures
from ledger.custody.fact import Fact
from ledger.errors import FormError, LedgerError
from ledger.journeys import how_many, manifest
from ledger.labels import code
from ledger.labels.wording import birth_of
from ledger.log import statement
from ledger.log.ids import is_stream
from ledger.queries import ContainerStory, Step
from ledger.scanned import Scanner
from ledger.service import Answer
from ledger.stores import Clock, Stores, lost_by

blueprint = Blueprint("page_containers", __name__)
SHOWN: Final = 50
STATUSES: Final = ("held", "filling", "in-transit", "lost", "emptied", "unknown")
STATES: Final = {"held": "ok", "filling": "ok", "in-transit": "soon", "lost": "wrong", "emptied": "ok"}
REASONS: Final = ("unknown", "missing-at-count", "stolen", "fell-off")
SINKS: Final = ("floor", "sump", "soil", "water", "air")
REPACKED: Final = {
    "repack": ("倒装", "repacked"),
    "split": ("分装", "split"),
    "merge": ("合并", "merged"),
    "pump": ("泵送", "pumped"),
}
WHATS: Final = {
    "package": ("新容器", "a new package"),
    "vessel": ("新储罐", "a new vessel"),
    "there": ("已有容器", "one that is there"),
}
TARGETS: Final = 3
REPLACED: Final = ("damaged", "lost", "reclassified", "reprinted")
COLUMNS: Final = (
    Column("called", "容器", "Container", "recorded", link="to"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("state", "状态", "State", "state"),
    Column("net_g", "净重", "Net mass", "grams"),
    Column("holder", "持有单位", "Holder", "recorded"),
    Column("where", "位置", "Place", "recorded"),
    Column("born_at", "产生时间", "Generated", "moment"),
)


class NotNow(LedgerError):
    """What the page offers does not fit the container's state any more."""

    code = "not-now"
    zh = "该容器当前不能进行此操作"
    en = "this cannot be done with the container as it is now"


class NoTarget(FormError):
    """A container to put something into that is not the party's at that site, or several are called so."""

    code = "no-target"
    zh = "本场所没有这个容器：{container}"
    en = "no such container is at this site: {container}"


class NoLabel(FormError):
    """A text that names no label."""

    code = "not-a-label"
    zh = "这不是标签"
    en = "this is not a label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """One step of the line of custody, and where the container stood right after it."""

    step: Step
    title: str
    told: str
    holder: str
    site: str
    net_g: int
    correct: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that a screen says of one container to one reader."""

    story: ContainerStory
    members: list[Container]
    outer: Container | None
    birth: Birth | None
    clocks: list[Clock]
    flags: list[dict[str, Any]]
    steps: list[NextStep]
    acts: frozenset[str]
    by: Actor
    now: str

    @property
    def thing(self) -> Container:
        return self.story.thing

    @property
    def moved(self) -> list[Container]:
        """What is put down with it: itself, or every container of a group."""
        return grouping.whole(self.thing, self.members) if self.thing.kind == groups.GROUP else [self.thing]

    @property
    def state(self) -> str:
        return "wrong" if self.flags or self.late else STATES.get(self.thing.status, "unknown")

    @property
    def late(self) -> bool:
        return any(clock.days_left(self.now) < 0 for clock in self.clocks)

    def custody(self) -> list[Custody]:
        """Who held it, when, how heavy."""
        places = {step.fact.id: step for step in self.story.steps}
        line = []
        for fact, thing in unfold(self.thing.id, (step.fact for step in self.story.steps)):
            assert isinstance(thing, Container)
            title, _, told = teller().happened(fact.event, self.thing.id).partition(" · ")
            line.append(
                Custody(
                    step=places[fact.id],
                    title=title,
                    told=told,
                    holder=thing.holder,
                    site=thing.site,
                    net_g=thing.net_g,
                    correct=self._correcting(fact),
                )
            )
        return line

    def _correcting(self, said: Fact) -> str:
        """Where a record of the reader's own is put right, or how a correction stands; "" for none of both."""
        if isinstance(said.event, EntryCorrected):
            return f"/corrections/{said.id}"
        own = said.by.party == self.by.party and self.by.roles & HANDS
        return (
            f"/containers/{self.thing.id}/correct/{said.id}" if own and any(figures(said.event, self.thing.id)) else ""
        )


def card(container: str) -> Card:
    """A container as the reader is shown it; raises Unknown."""
    story, now, who = reading().container(current_viewer(), container), ledger().now(), current_actor()
    thing = story.thing
    journey = manifest(queries(), thing.manifest) if thing.manifest else None
    outer = groups.outer(queries(), thing)
    return Card(
        story=story,
        outer=outer,
        members=groups.inside(queries(), container) if thing.kind == groups.GROUP else [],
        birth=birth_of(step.fact for step in story.steps),
        clocks=stores().clocks_of(story),
        flags=[told(flag) for flag in story.flags if flag.open_at(now)],
        steps=next_steps.next_steps(thing, who, journey),
        acts=next_steps.acts(thing, who, grouped=outer is not None),
        by=who,
        now=now,
    )


def stores() -> Stores:
    """The stores that the reader is shown, as of now."""
    return Stores(reading(), queries(), current_viewer(), ledger().now())


def called(row: Mapping[str, Any]) -> str:
    """What people call a container: the code on it, else the end of its id."""
    return str(row["container_code"] or f"…{row['id'][-8:]}")


# ---------------------------------------------------------------------------------------------- reading


@blueprint.get("/containers")
@requires(Right.READ)
def containers() -> Response:
    wanted = {k: request.args[k] for k in ("status", "code", "holder", "site", "facility") if request.args.get(k)}
    found = reading().containers(current_viewer(), wanted, request.args.get("cursor", ""), rows_max(SHOWN))
    table = Table(
        name="containers",
        caption=t("容器", "Containers"),
        columns=COLUMNS,
        rows=[_row(row) for row in found.items],
        start=skipped(),
        next=this_page(cursor=found.next, skip=skipped() + SHOWN) if found.next else "",
        total=how_many(queries(), current_viewer(), "containers", wanted) if in_parts(found.next) else None,
        empty=t(
            "没有符合条件的容器。放宽条件，或先装桶贴标。",
            "No container fits. Widen the filter, or fill the first one.",
        ),
    )
    return tabled("container-list.html", table, statuses=STATUSES)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "called": called(row),
        "to": url_for(".container_page", container=row["id"]),
        "waste": row["name"],
        "code": row["code"],
        "state": (STATES.get(row["status"], "unknown"), word(row["status"], "STATUS")),
        "net_g": None if row["mass_unknown"] else row["net_g"],
        "holder": name(row["holder"]),
        "where": " ".join(filter(None, (name(row["site"]), name(row["facility"]), row["zone"]))),
        "born_at": row["born_at"],
    }


@blueprint.get("/containers/<container>")
@requires(Right.READ)
def container_page(container: str) -> Response:
    found = card(container)
    return tabled(
        "container-page.html",
        _lots(found.story),
        card=found,
        acts=next_steps.ACTS,
        offers=list(authority.offers(found.story)),
    )


_LOTS: Final = (
    Column("producer", "产生单位", "Producer", "recorded"),
    Column("born_at", "产生时间", "Generated", "moment"),
    Column("holder", "现持有", "Held by", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("grams", "重量", "Mass", "grams"),
)


def _lots(story: ContainerStory) -> Table:
    rows = [
        {
            "producer": name(part.producer),
            "born_at": part.born_at,
            "holder": name(account.holder),
            "code": part.code,
            "grams": part.grams,
        }
        for account, part in story.lots
    ]
    caption = t("现在由谁持有，最初由谁产生", "Who holds it now, who generated it first")
    return Table(name="lots", caption=caption, columns=_LOTS, rows=rows)


# ---------------------------------------------------------------------------------------------- saying


@blueprint.get("/containers/<container>/<act>")
@requires(Right.ACT)
def act(container: str, act: str) -> Response:
    found = _able(container, act)
    return page(f"container-{act}.html", card=found, act=act, **_CHOICES.get(act, _nothing)(found))


@blueprint.post("/containers/<container>/<act>")
@requires(Right.ACT)
def said(container: str, act: str) -> Response:
    found = _able(container, act)
    answer = _SAYS[act](found)
    after = labelled(found.thing) if act in ("bind", "replace", "close") else f"/scan?q={container}"
    if act in ("group", "ungroup"):
        after = f"/containers/{group_of(answer)}"
    return done(f"/scan?q={first_target(answer)}" if act == "repack" else after, answer)


def _able(container: str, act: str) -> Card:
    found = card(container)
    repeated = request.method == "POST" and act in _SAYS and said_before()
    if act not in found.acts and not repeated:
        able = [t(*words) for each, words in next_steps.ACTS.items() if each in found.acts]
        raise NotNow(expected=t("、", ", ").join(able) or t("无", "none"), got=t(*next_steps.ACTS.get(act, (act, act))))
    return found


def weight() -> dict[str, Any]:
    """The mass of a form: net, or gross and tare, all in one unit."""
    unit = request.form.get("unit", "kg")
    gross, tare = (request.form.get(key, "").strip() for key in ("gross", "tare"))
    if not gross:
        return {"basis": "weighed", "net_g": grams(field("net", "净重", "the net mass"), unit)}
    whole, empty = grams(gross, unit), grams(tare or "0", unit)
    if empty >= whole:
        raise BadMass(expected=t(f"大于 {tare} {unit}", f"more than {tare} {unit}"), got=f"{gross} {unit}")
    return {"basis": "weighed", "net_g": whole - empty, "gross_g": whole, "tare_g": empty}


def label_of(text: str) -> str:
    """The label that a scanned text names; raises NoLabel."""
    if is_stream(text) and text.startswith("label:"):
        return text
    try:
        return code.parse(text).label
    except FormError:
        raise NoLabel(expected=t("标签上的二维码", "the code on a label"), got=text[:40]) from None


def labelled(thing: Container) -> str:
    """Where to go on once a label is stuck on: to print it, but a group's label is printed already."""
    return f"/{'containers' if thing.kind == groups.GROUP else 'labels'}/{thing.id}"


def stick(thing: Container, place: Mapping[str, str], text: str) -> Answer:
    """Say which label a container wears: the one scanned, or ("") a new one that is printed with it."""
    bound = {"container": thing.id, "place": place}
    if text:
        return say("label-bound", bound | {"label": label_of(text)})
    label = f"label:{ledger().new_id()}"
    return say_all([("label-issued", {"label": label, "place": place}), ("label-bound", bound | {"label": label})])[-1]


def _at(found: Card) -> dict[str, str]:
    """Where it is; for what is on the road, where its journey began."""
    thing = found.thing
    leg = thing.legs.get(thing.manifest)
    return {"party": thing.holder, "site": thing.site or (leg.sender_site if leg else "")}


def _here(found: Card) -> dict[str, Any]:
    return {"container": found.thing.id, "place": _at(found), "code": found.thing.code}


def _stage(found: Card) -> str:
    return "in-transit" if found.thing.status == "in-transit" else "held"


def _weigh(found: Card) -> Answer:
    return say("container-weighed", _here(found) | {"mass": weight(), "previous_g": found.thing.net_g})


def _add(found: Card) -> Answer:
    return say("waste-added", _here(found) | {"mass": weight()})


def _close(found: Card) -> Answer:
    return say("container-closed", _here(found) | {"mass": weight(), "previous_g": found.thing.net_g})


def _place(found: Card) -> Answer:
    facility, _, zone = field("spot", "位置", "the place").partition("|")
    there, here = {"facility": facility} | ({"zone": zone} if zone else {}), _at(found)
    if not (moved := found.moved):
        raise FieldMissing(what=t("至少一个容器", "at least one container"))
    return say_all([_put(thing, here, there) for thing in moved])[0]


def _put(thing: Container, here: Mapping[str, str], there: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Into store the first time, moved after that."""
    body = {"container": thing.id, **there}
    if not thing.facility:
        return "container-stored", body | {"place": here} | ({"net_g": thing.net_g} if thing.net_g > 0 else {})
    return "container-moved", body | {"from": here, "to": here, "code": thing.code, "net_g": thing.net_g}


def _lost(found: Card) -> Answer:
    reason = field("reason", "原因", "the reason")
    return say("container-lost", _here(found) | {"net_g": found.thing.net_g, "stage": _stage(found), "reason": reason})


def _found(found: Card) -> Answer:
    place, lost_g = lost_by(found.thing.id, found.story.steps)
    site = field("site", "现在的场所", "where it is now")
    here = {"party": current_actor().party, "site": site}
    was = {"party": place.party, "site": place.site}
    body = {"container": found.thing.id, "place": here, "code": found.thing.code, "net_g": lost_g, "lost_by": was}
    return say("container-found", body)


def _leak(found: Card) -> Answer:
    lost_g = grams(field("net", "泄漏量", "how much"), request.form.get("unit", "kg"))
    into = field("into", "流向", "where it went")
    return say("leak-reported", _here(found) | {"lost_g": lost_g, "stage": _stage(found), "into": into})


def _bind(found: Card) -> Answer:
    return stick(found.thing, _at(found), _label_field(found.thing))


def _label_field(thing: Container) -> str:
    """The label scanned, "" for a new one; nothing is printed for a group, so that one must be scanned."""
    if thing.kind == groups.GROUP:
        return field("label", "预印的空白标签", "a pre-printed blank label")
    return request.form.get("label", "").strip()


def _replace(found: Card) -> Answer:
    scanned = _label_field(found.thing)
    new = label_of(scanned) if scanned else f"label:{ledger().new_id()}"
    reason = field("reason", "原因", "the reason")
    body = {"container": found.thing.id, "place": _at(found), "old": found.thing.label, "new": new, "reason": reason}
    return say("label-replaced", body)


def _repack(found: Card) -> Answer:
    thing, unit = found.thing, request.form.get("unit", "kg")
    taken = request.form.get("taken", "").strip()
    net_g = grams(taken, unit) if taken else thing.net_g
    if not thing.mass_unknown and net_g > thing.net_g:
        raise BadMass(expected=f"<= {mass_text(thing.net_g)}", got=mass_text(net_g))
    body = {
        "place": _at(found),
        "sources": [{"container": thing.id, "code": thing.code, "net_g": net_g}],
        "targets": list(_targets(thing, unit)),
        "reason": field("reason", "方式", "how"),
        "handler": {"person": current_actor().person},
    }
    return say("contents-transferred", body)


def _targets(thing: Container, unit: str) -> Iterator[dict[str, Any]]:
    """What the form puts where; rows without a mass are not meant."""
    for text, what, mass in zip(*(request.form.getlist(key) for key in ("into", "what", "mass")), strict=False):
        if not mass.strip():
            continue
        poured = {"net_g": grams(mass, unit)}
        if what == "there":
            there = _beside(thing, text.strip())
            yield poured | {"container": there.id, "code": there.code, "kind": there.kind, "name": there.name}
        else:
            begun = {"container": f"container:{ledger().new_id()}", "code": thing.code, "name": thing.name, "new": True}
            yield poured | begun | {"kind": what} | optional(container_code=text)


def _beside(thing: Container, text: str) -> Container:
    """The container of the same party at the same site that a text names; raises NoTarget."""
    found = Scanner(ledger(), queries(), reading(), current_viewer()).read(text).found
    if [each.kind for each in found] == ["container"]:
        other = reading().container(current_viewer(), found[0].id).thing
        here = (other.holder, other.site) == (thing.holder, thing.site)
        if here and other.id != thing.id and other.kind != groups.GROUP:
            return other
    raise NoTarget(container=text[:40], expected=t("本场所的一个容器", "one container at this site"), got=text[:40])


def first_target(answer: Answer) -> str:
    """The first container that something was put into, also when it was sent twice."""
    assert answer.id is not None
    return str(statement.parse(ledger().record_of(answer.id).statement).body["targets"][0]["container"])


def group_of(answer: Answer) -> str:
    """The group that something was put into or taken out of, also when it was sent twice."""
    assert answer.id is not None
    return str(statement.parse(ledger().record_of(answer.id).statement).body["outer"])


_SAYS: Final[dict[str, Callable[[Card], Answer]]] = {
    "weigh": _weigh,
    "add": _add,
    "close": _close,
    "place": _place,
    "lost": _lost,
    "found": _found,
    "leak": _leak,
    "bind": _bind,
    "replace": _replace,
    "repack": _repack,
    "group": lambda found: grouping.put_together(found.thing, _at(found)),
    "ungroup": lambda found: grouping.take_out(found.thing, found.members, _at(found)),
}


def _nothing(found: Card) -> dict[str, Any]:
    return {}


def _spots(found: Card) -> dict[str, Any]:
    rows = [{"id": each.id, "code": each.code, "net_g": each.net_g, "zone": each.zone} for each in found.moved]
    return {"spots": stores().spots(found.thing.site, rows)}


_CHOICES: Final[dict[str, Callable[[Card], dict[str, Any]]]] = {
    "place": _spots,
    "lost": lambda found: {"reasons": REASONS},
    "found": lambda found: {"sites": stores().sites()},
    "leak": lambda found: {"sinks": SINKS},
    "replace": lambda found: {"reasons": REPLACED},
    "group": lambda found: {"members": groups.loose_beside(queries(), found.thing)},
    "ungroup": lambda found: {"members": found.members},
    "repack": lambda found: {"reasons": REPACKED, "whats": WHATS, "targets": range(TARGETS)},
}


@blueprint.app_template_filter("called")
def _called(thing: Container | Mapping[str, Any]) -> str:
    row = thing if isinstance(thing, Mapping) else {"container_code": thing.container_code, "id": thing.id}
    return called(row)


@blueprint.app_template_filter("scanned")
def _scanned(thing: Container) -> Markup:
    """What a scan may read that means a container, or its whole group: for static/ticking.js."""
    own = "\n".join(filter(None, (thing.id, thing.container_code, thing.label)))
    return Markup('data-codes="{}" data-outer="{}"').format(own, "\n".join(grouping.outer_codes(thing)))


@blueprint.app_template_global("rule_words")
def _rule_words(flag: Any) -> dict[str, Any]:
    return teller().exception_document(flag)
