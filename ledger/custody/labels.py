"""What is wrong with a label: stuck on without having been issued, on two containers, or used after its replacement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ledger.custody.decide import unwrapped
from ledger.custody.events import Event
from ledger.custody.events.containers import Birth, ContentsTransferred, LabelBound, LabelIssued
from ledger.custody.events.stock import LabelReplaced
from ledger.custody.events.treatment import WasteTreated
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag


def label_flags(label: str, facts: Iterable[Fact]) -> list[Flag]:
    """The exceptions of one label, from every event that names it.

    A label printed with its container, or in place of another, is issued by that.
    """
    issued = replaced = False
    wearers: dict[str, None] = {}
    opened: dict[str, Flag] = {}
    closed: list[Flag] = []
    for fact in sorted(map(unwrapped, facts), key=lambda f: f.order):
        event = fact.event
        if isinstance(event, LabelReplaced) and event.old == label:
            wearers.pop(event.container, None)
            replaced = True
        elif isinstance(event, LabelIssued):
            issued = True
        else:
            used = list(_stuck_on(event, label))
            issued |= bool(used) and not isinstance(event, LabelBound)
            if used and replaced:
                closed.append(_flag("label-replaced", label, fact, used[0]))
            wearers |= dict.fromkeys(used)
        standing = {}
        if wearers and not issued:
            standing["label-not-issued"] = next(iter(wearers))
        if len(wearers) > 1:
            standing["label-on-two"] = " ".join(wearers)
        for rule in [r for r in opened if r not in standing]:
            closed.append(replace(opened.pop(rule), closed_at=fact.at, closed_by=fact.statement))
        for rule, detail in standing.items():
            opened.setdefault(rule, _flag(rule, label, fact, detail))
    return [*closed, *opened.values()]


def _stuck_on(event: Event, label: str) -> Iterator[str]:
    """The containers that an event says wear the label."""
    match event:
        case Birth() | LabelBound() if event.label == label:
            yield event.container
        case LabelReplaced(new=new) if new == label:
            yield event.container
        case ContentsTransferred(targets=pours) | WasteTreated(outputs=pours):
            yield from (p.container for p in pours if p.label == label)
        case _:
            pass


def _flag(rule: str, label: str, fact: Fact, detail: str) -> Flag:
    place = getattr(fact.event, "place", None)
    return Flag(
        rule=rule,
        object=label,
        key=fact.id if rule == "label-replaced" else "",
        grams=0,
        holder=fact.by.party,
        site=place.site if place is not None else "",
        detail=detail,
        opened_at=fact.at,
        opened_by=fact.statement,
    )
