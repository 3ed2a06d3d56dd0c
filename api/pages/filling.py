"""Fill and label: the clerk chooses the kind of waste, weighs, and the label is there to be printed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages.acting import done, field, form_id, optional, say
from api.pages.containers import label_of, weight
from api.pages.shown import page, registry
from ledger.custody.events.registry import WasteProfileRegistered
from ledger.errors import FormError
from ledger.log import statement
from ledger.queries import Unknown
from ledger.service import Answer

blueprint = Blueprint("page_filling", __name__)


class CodeInUse(FormError):
    """A code on a drum names one filling at a time."""

    code = "container-code-in-use"
    zh = "容器编码 {container} 正在使用，清空后才能再用；请换一个编码"
    en = "container code {container} is in use until that container is empty: choose another"


@blueprint.get("/fill")
@requires(Right.HANDLE)
def fill() -> Response:
    return page(
        "fill.html",
        profiles=profiles(),
        sites=sites(),
        types=sorted({p.packing for _, p in profiles() if p.packing}),
        filling=reading()
        .containers(current_viewer(), {"status": "filling", "holder": current_actor().party}, "", 50)
        .items,
    )


@blueprint.post("/fill")
@requires(Right.HANDLE)
def filled() -> Response:
    waste = field("profile", "废物种类", "the kind of waste")
    answer = _fill(waste, _profile(waste), request.form.get("over", "") == "days")
    return done(f"/labels/{container_of(answer)}", answer)


def profiles() -> list[tuple[str, WasteProfileRegistered]]:
    """The kinds of waste of the clerk's own party, by name."""
    party = current_actor().party
    return sorted(((p, e) for p, e in registry().profiles.items() if e.holder == party), key=lambda each: each[1].name)


def sites() -> list[str]:
    """The sites of the clerk's own party, by name."""
    known, party = registry(), current_actor().party
    return sorted((s for s, e in known.sites.items() if e.holder == party), key=known.name_of)


def container_of(answer: Answer) -> str:
    """The container that a recorded statement names, also when it was sent twice."""
    assert answer.id is not None
    return str(statement.parse(ledger().record_of(answer.id).statement).body["container"])


def _profile(id_: str) -> WasteProfileRegistered:
    found = dict(profiles()).get(id_)
    if found is None:
        raise Unknown(name=id_)
    return found


def _fill(id_: str, waste: WasteProfileRegistered, over_days: bool) -> Answer:
    """Filled at once, or begun to be filled over days; the label is the one scanned, or a new one printed with it."""
    scanned = request.form.get("label", "").strip()
    body: dict[str, Any] = {
        "container": f"container:{ledger().new_id()}",
        "place": {"party": current_actor().party, "site": field("site", "场所", "the site")},
        "kind": "package",
        "code": waste.code,
        "name": waste.name,
        "profile": id_,
        "form": waste.form,
        "label": label_of(scanned) if scanned else f"label:{ledger().new_id()}",
        **optional(
            facility=waste.facility or "",
            hazards=waste.hazards or "",
            catalogue_name=waste.catalogue_name or "",
            container_code=_free_code(),
            container_type=request.form.get("container_type", ""),
        ),
    }
    return say("container-opened", body) if over_days else say("container-filled", body | {"mass": weight()})


def _free_code() -> str:
    chosen = request.form.get("container_code", "").strip()
    used = queries().containers(holder=current_actor().party, code=chosen) if chosen else []
    # The very form sent twice finds its own container here: what was said under its id is answered as it was.
    if any(row["status"] not in ("emptied", "lost") and not _by_this_form(row["id"]) for row in used):
        raise CodeInUse(container=chosen)
    return chosen


def _by_this_form(container: str) -> bool:
    return any(step.fact.id == form_id() for step in queries().history(container)[:1])
