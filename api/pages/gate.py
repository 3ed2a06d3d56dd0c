"""The gate of the receiver: a decision on each container that came, did not come, or came unlisted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import on_the_way
from api.pages.acting import grams, say
from api.pages.shown import page, registry, short, t
from api.pages.tables import Column, Table
from api.pages.treatment import methods
from ledger.custody.container import Container
from ledger.errors import FormError
from ledger.groups import GROUP
from ledger.journeys import REFUSED, TO_DECIDE, Journey, Line, tolerable_g
from ledger.labels.code import LabelCodeMistyped, NoLabelCode
from ledger.labels.code import parse as parse_label
from ledger.log.ids import is_stream
from ledger.queries import Unknown
from ledger.scanned import Scanner

blueprint = Blueprint("page_gate", __name__)
DECISIONS: Final = {
    "accepted": ("接受", "accept"),
    "accepted-in-part": ("部分接受", "accept in part"),
    "refused": ("拒收", "refuse"),
    "missing": ("缺失", "missing"),
}


class MassMissing(FormError):
    """A container is accepted without having been weighed."""

    code = "mass-missing"
    zh = "容器 {container} 已接受，请填写重量"
    en = "container {container} is accepted: its mass is needed"


class CodeMissing(FormError):
    """An unlisted container of which nobody recorded what it holds."""

    code = "waste-code-missing"
    zh = "账本中没有容器 {container} 的记录，请填写废物代码"
    en = "nothing is recorded of container {container}: its waste code is needed"


class GroupWeighed(FormError):
    """What came unlisted is a bin or pallet: each container in it is decided on by itself."""

    code = "group-weighed"
    zh = "{container} 是一组容器的外层（桶、托盘）：请逐个扫描其中的容器"
    en = "{container} is what a group of containers is in: scan each of them"


class NothingDecided(FormError):
    """A gate form without one decision."""

    code = "nothing-decided"
    zh = "尚未对任何容器作出结论"
    en = "no container was decided on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision on one container as the form gives it: `verdict` is its line of the event, `added` marks what came
    without being expected."""

    called: str
    name: str
    verdict: dict[str, Any]
    expected_g: int | None = None
    difference_g: int | None = None
    tolerance_g: int = 0
    added: bool = False

    @property
    def state(self) -> str:
        """ok, soon or wrong: how the reader is shown it."""
        if self.verdict["decision"] in ("refused", "missing") or self.added:
            return "wrong"
        if self.difference_g is not None and abs(self.difference_g) > self.tolerance_g:
            return "wrong"
        return "soon" if self.verdict["decision"] == "accepted-in-part" else "ok"


@blueprint.get("/manifests/<manifest>/gate")
@requires(Right.HANDLE)
def gate(manifest: str) -> Response:
    found = on_the_way.open_for("gate", manifest)
    return page("gate.html", journey=found, lines=_expected(found), **_words())


@blueprint.post("/manifests/<manifest>/gate")
@requires(Right.HANDLE)
def summary(manifest: str) -> Response:
    """What would be confirmed: nothing is recorded yet."""
    found = on_the_way.open_for("gate", manifest)
    decided = _all_decided(found)
    named = {each.verdict["container"] for each in decided}
    open_ = [line for line, _ in _expected(found) if line.container.id not in named]
    kept = [(k, v) for k, v in request.form.items(multi=True) if k not in ("csrf_token", "id", "arrived_id", "scan")]
    context = {
        "journey": found,
        "decided": _decisions(decided),
        "undecided": open_,
        "kept": _kept(kept, decided),
        "arrived_id": ledger().new_id(),
    }
    return page("gate-summary.html", **context, **_words())


_DECISIONS: Final = (
    Column("called", "容器", "Container", "recorded"),
    Column("decision", "结论", "Decision", "state"),
    Column("received", "实收", "Received", "grams"),
    Column("difference", "差异", "Difference", "grams"),
    Column("verdict", "容差", "Tolerance", "state"),
    Column("expected", "应到", "Expected", "grams"),
    Column("waste", "废物", "Waste", "recorded"),
    Column("code", "代码", "Code", "code"),
    Column("remark", "说明", "Remark"),
)


def _decisions(decided: list[Decided]) -> Table:
    """What the form says, to be confirmed; once it is recorded the manifest's page has it."""
    rows = [
        {
            "called": each.called if ":" not in each.called else short(each.called),
            "waste": each.name,
            "code": each.verdict["code"],
            "decision": (each.state, t(*DECISIONS[each.verdict["decision"]])),
            "remark": t("；", "; ").join(_remarks(each)),
            "expected": each.expected_g,
            "received": each.verdict.get("mass", {}).get("net_g"),
            "difference": each.difference_g,
            "verdict": _tolerated(each),
        }
        for each in decided
    ]
    caption = t("各容器结论", "Decisions")
    return Table(name="decided", caption=caption, columns=_DECISIONS, rows=rows, files=False)


def _remarks(each: Decided) -> Iterator[str]:
    if each.added:
        yield t("联单未列", "unlisted") if "unlisted" in each.verdict else t("未记装运", "no loading recorded")
    if "discrepancy" in each.verdict:
        yield t(*on_the_way.DISCREPANCY_WORDS[each.verdict["discrepancy"]])


def _tolerated(each: Decided) -> tuple[str, str] | None:
    if not each.difference_g:
        return None
    if each.state == "wrong":
        return "wrong", t("超差", "beyond tolerance")
    return "ok", t("允许范围内", "within tolerance")


@blueprint.post("/manifests/<manifest>/received")
@requires(Right.HANDLE)
@on_the_way.once_only
def received(manifest: str) -> Response:
    """One confirmation: the arrival, where nobody told of it, and the decisions."""
    found = on_the_way.seen(manifest)
    decided = _all_decided(found)
    here = [each.verdict["container"] for each in decided if each.verdict["decision"] != "missing"]
    if here and not found.thing.arrived_at:
        say("manifest-arrived", on_the_way.arrival(found, here), id_=request.form.get("arrived_id"))
    body = on_the_way.ends(found) | on_the_way.given(
        lines=[each.verdict for each in decided],
        weighbridge=_weighbridge(),
        handler={"person": current_actor().person},
    )
    return on_the_way.back(found, say("manifest-received", body))


def _words() -> dict[str, Any]:
    return {"decisions": DECISIONS, "methods": methods()}


def _expected(found: Journey) -> list[tuple[Line, int]]:
    """What is still to be decided on, with its tolerance; what was not yet recorded as loaded comes last."""
    lines = sorted(found.at(*TO_DECIDE, *REFUSED[1:]), key=lambda line: (line.state == "listed", line.code))
    return [(line, _tolerance(found, line.expected_g)) for line in lines]


def _tolerance(found: Journey, expected: int) -> int:
    return tolerable_g(expected, found.thing, ledger().now(), ledger().regime, registry())


def _all_decided(found: Journey) -> list[Decided]:
    decided = [*_decided(found), *_unlisted(found)]
    if not decided:
        raise NothingDecided(expected=t("至少一个容器", "at least one container"), got=0)
    return decided


def _decided(found: Journey) -> Iterator[Decided]:
    for line, tolerance in _expected(found):
        container = line.container.id
        weight = request.form.get(f"mass:{container}", "").strip()
        decision = request.form.get(f"decision:{container}") or ("accepted" if weight else "")
        if not decision:
            continue
        called, closes = line.container.container_code or container, decision.startswith("accepted")
        if closes and not weight:
            raise MassMissing(container=called)
        net_g = _grams(weight) if closes else None
        discrepancy = request.form.get(f"discrepancy:{container}", "")
        verdict = {"container": container, "code": line.code, "decision": decision} | on_the_way.given(
            listed_g=line.expected_g,
            mass=_weighed(net_g),
            method=request.form.get("method") if closes else "",
            discrepancy=discrepancy,
            told=_told() if discrepancy else None,
            note=_note(container),
        )
        yield Decided(
            called=called, name=line.container.name, verdict=verdict, expected_g=line.expected_g,
            difference_g=None if net_g is None or decision != "accepted" else net_g - line.expected_g,
            tolerance_g=tolerance,
        )  # fmt: skip


def _unlisted(found: Journey) -> Iterator[Decided]:
    known = {line.container.id for line, _ in _expected(found)}
    rows = zip(*(request.form.getlist(f"unlisted_{key}") for key in ("text", "mass", "code")), strict=False)
    for text, weight, code in rows:
        if not text.strip():
            continue
        thing = scanned(text)
        if thing.kind == GROUP:
            raise GroupWeighed(container=short(thing.id))
        if thing.id in known:
            continue
        code = code.strip() or thing.code
        if not code:
            raise CodeMissing(container=text[:80])
        if not weight.strip():
            raise MassMissing(container=thing.container_code or text[:80])
        verdict = {"container": thing.id, "code": code, "decision": "accepted", "mass": _weighed(_grams(weight))}
        # One that was said to stay behind is on the manifest all the same.
        listed = found.thing.listed.get(thing.id)
        verdict |= {"unlisted": True} if listed is None else {"listed_g": listed}
        yield Decided(called=thing.container_code or thing.id, name=thing.name, verdict=verdict, added=True)


def scanned(text: str) -> Container:
    """The container in hand, by its label, id or code."""
    read = Scanner(ledger(), queries(), reading(), current_viewer()).read(text)
    ids = [each.id for each in read.found if each.kind == "container"] or [read.on or _in_hand(text.strip())]
    if len(ids) != 1 or not ids[0]:
        raise Unknown(name=text[:80])
    return _container(ids[0])


def _in_hand(text: str) -> str:
    """The container that a label or id names, also where nothing is recorded of it or its code is in doubt: it is here,
    and what is here can be recorded."""
    try:
        return parse_label(text).container
    except (NoLabelCode, LabelCodeMistyped):
        return text if is_stream(text) and text.startswith("container:") else ""


def _container(name: str) -> Container:
    state = ledger().state(name)
    return Container(id=name) if state is None else Container.from_bytes(state)


def _kept(form: list[tuple[str, str]], decided: list[Decided]) -> list[tuple[str, str]]:
    """The form once more, added containers by the ids that they were found under."""
    rest = [(key, value) for key, value in form if not key.startswith("unlisted_") and value]
    for each in decided:
        if each.added:
            rest.append(("unlisted_text", each.verdict["container"]))
            rest.append(("unlisted_mass", str(Decimal(each.verdict["mass"]["net_g"]).scaleb(-3))))
            rest.append(("unlisted_code", each.verdict["code"]))
    return rest


def _grams(text: str) -> int:
    return grams(text, "kg")


def _weighed(net_g: int | None) -> dict[str, Any] | None:
    return None if net_g is None else {"basis": "weighed", "net_g": net_g}


def _note(container: str) -> dict[str, str] | None:
    words = (request.form.get(f"{key}:{container}", "").strip() for key in ("note", "photo"))
    note = " ".join(filter(None, words))
    return {"clear": note} if note else None


def _told() -> dict[str, Any] | None:
    name = request.form.get("told", "").strip()
    return {"person": f"person:{ledger().new_id()}", "name": {"clear": name}} if name else None


def _weighbridge() -> dict[str, Any] | None:
    gross, tare = (request.form.get(key, "").strip() for key in ("gross", "tare"))
    if not gross or not tare:
        return None
    full, empty = _grams(gross), _grams(tare)
    return {"basis": "weighbridge", "gross_g": full, "tare_g": empty, "net_g": full - empty}
