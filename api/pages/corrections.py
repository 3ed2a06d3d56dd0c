"""Corrections: a figure of one's own record is put right by a new one, once those who relied on the old one agree."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, reading, record_shown, requires, verify_right
from api.errors import NoSuchPlace
from api.pages.acting import BadMass, done, field, grams, said_before, say
from api.pages.authority import offer
from api.pages.containers import NotNow
from api.pages.shown import mass_text, name, page, registry, t, teller
from ledger.accounts.errors import NotAllowed
from ledger.custody.decide import AUTHORITY, Proposal, effective, proposals
from ledger.custody.events.correction import CorrectionAgreed, CorrectionDecided, EntryCorrected, figures
from ledger.custody.fact import Fact
from ledger.errors import FormError
from ledger.log import statement
from ledger.queries import ContainerStory

blueprint = Blueprint("page_corrections", __name__)
REASONS: Final = ("typing", "unit", "scale", "wrong-container", "other")


class NoFigure(FormError):
    """A figure that the record does not have, or has no more."""

    code = "no-such-figure"
    zh = "该记录中没有这个数，或已被更正：请重新打开"
    en = "the record has no such figure, or it was corrected already: open it again"


@blueprint.get("/containers/<container>/correct/<record>")
@requires(Right.HANDLE)
def form(container: str, record: str) -> Response:
    story, said = _own(container, record)
    return page(
        "correct.html",
        thing=story.thing,
        said=said,
        told=teller().happened(said.event, container),
        figures=list(figures(said.event, container)),
        reasons=REASONS,
        periods=_declared(said),
    )


@blueprint.post("/containers/<container>/correct/<record>")
@requires(Right.HANDLE)
def correct(container: str, record: str) -> Any:
    _, said = _own(container, record)
    path, _, old = field("figure", "要更正的数", "the figure").partition("|")
    known = (path, old) in [(at, str(now)) for at, now in figures(said.event, container)]
    if not known and not (said_before() and old.isdecimal()):
        raise NoFigure(got=f"{path} {old}"[:40])
    new = grams(field("net", "更正后的重量", "the mass as it should be"), request.form.get("unit", "kg"))
    if str(new) == old:
        raise BadMass(expected=f"≠ {mass_text(new)}", got=mass_text(new))
    note, closed = (request.form.get(key, "").strip() for key in ("note", "closed"))
    body = {"container": container, "target": record, "field": path, "old": int(old), "new": new}
    body |= {"reason": field("reason", "原因", "the reason")}
    body |= {"note": {"clear": note}} if note else {}
    answer = say("entry-corrected", body | ({"closed": closed} if closed else {}))
    return done(f"/corrections/{answer.id}", answer)


@blueprint.get("/corrections/<correction>")
@requires(Right.READ)
def correction(correction: str) -> Response:
    story, found = proposed(correction)
    viewer = current_viewer()
    return page(
        "correction.html",
        thing=story.thing,
        found=found,
        facts=facts_of(story, found),
        answers=[step.fact for step in story.steps if _answers(step.fact, correction)],
        may_agree=_waits_for_me(found),
        decide=offer("correction-decided", correction) if "regulator" in current_actor().roles else None,
        note=ledger().clear_text(correction).get("note", "") if viewer.is_own(found.fact.by.party) else "",
    )


@blueprint.post("/corrections/<correction>/agree")
@requires(Right.HANDLE)
def agree(correction: str) -> Any:
    story, found = proposed(correction)
    if not _waits_for_me(found) and not said_before():
        raise NotNow(expected=", ".join(map(name, found.waiting - {AUTHORITY})) or "–", got=name(current_actor().party))
    answer = say("correction-agreed", {"container": story.thing.id, "correction": correction})
    return done(f"/corrections/{correction}", answer)


def proposed(correction: str) -> tuple[ContainerStory, Proposal]:
    """A correction as it stands, with the container's story; raises NoSuchPlace, and NotFound where the reader takes no
    part."""
    said = statement.parse(record_shown(correction).statement)
    if said.type != EntryCorrected.type:
        raise NoSuchPlace()
    story = reading().container(current_viewer(), said.body["container"])
    made = proposals(story.thing.id, (step.fact for step in story.steps))
    found = next((each for each in made if each.fact.id == correction), None)
    if found is None:
        raise NoSuchPlace()
    return story, found


def facts_of(story: ContainerStory, found: Proposal) -> list[tuple[str, Any]]:
    """What a correction says, and for whom it waits."""
    change, container = found.fact.event, story.thing.id
    assert isinstance(change, EntryCorrected)
    waits = (t("主管部门", "the authority") if x == AUTHORITY else name(x) for x in sorted(found.waiting))
    facts = [
        (t("更正", "Correction"), teller().happened(change, container).partition(" · ")[2]),
        (t("更正的记录", "Of what was recorded"), teller().happened(found.target.event, container)),
        (t("提出单位", "Proposed by"), name(found.fact.by.party)),
    ]
    if change.closed:
        facts.append((t("已申报的期间", "Of a declared period"), change.closed))
    if found.waiting and not found.applied and not found.rejected:
        facts.append((t("等待", "Waits for"), t("、", ", ").join(waits)))
    return facts


def _own(container: str, record: str) -> tuple[ContainerStory, Fact]:
    """A record of the reader's own party with figures of this container, as it now counts; raises NoSuchPlace."""
    story = reading().container(current_viewer(), container)
    now = effective(container, sorted((step.fact for step in story.steps), key=lambda fact: fact.order))
    said = next((fact for fact in now if fact.id == record and fact.by.party == current_actor().party), None)
    if said is None or not any(figures(said.event, container)):
        raise NoSuchPlace()
    return story, said


def _declared(said: Fact) -> list[str]:
    """The reader's declared periods in which a record lies."""
    closings = registry().closings.get(said.by.party, ())
    return sorted({closed.period for closed, _ in closings if closed.start <= said.at < closed.end})


def _answers(said: Fact, correction: str) -> bool:
    return isinstance(said.event, CorrectionAgreed | CorrectionDecided) and said.event.correction == correction


def _waits_for_me(found: Proposal) -> bool:
    """True when the reader's party has yet to agree and the reader may say so for it."""
    who = current_actor()
    try:
        verify_right(who, Right.HANDLE)
    except NotAllowed:
        return False
    return who.party in found.waiting and not found.applied and not found.rejected
