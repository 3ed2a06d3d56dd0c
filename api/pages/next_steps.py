"""What somebody can do now with a thing: the one place that decides which buttons a scan shows, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from api.auth import Right, verify_right
from api.pages.on_the_way import DEEDS
from ledger import journeys
from ledger.accounts.actor import Actor
from ledger.accounts.errors import NotAllowed
from ledger.custody.container import Container, Manifest

STEPS_MAX: Final = 3
HANDS: Final = frozenset({"admin", "clerk", "disposer"})

# What may be said of a container, in the order in which it is offered.
ACTS: Final = {
    "weigh": ("复称", "Weigh it again"),
    "add": ("继续装入", "Add more"),
    "close": ("装满封口", "Close it"),
    "place": ("入库或移库", "Store or move it"),
    "repack": ("倒装、分装", "Repack or split it"),
    "group": ("合装成组", "Put together in a group"),
    "ungroup": ("从组中取出", "Take out of the group"),
    "bind": ("贴标签", "Label it"),
    "replace": ("更换标签", "Replace its label"),
    "lost": ("登记遗失", "Report it lost"),
    "found": ("登记找到", "Report it found"),
    "leak": ("报告泄漏", "Report a leak"),
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do: where, and in words."""

    where: str
    zh: str
    en: str


def next_steps(thing: Container, who: Actor, journey: Manifest | None = None) -> list[NextStep]:
    """At most three steps with a container, the likely one first; `journey` is the manifest that it is on."""
    return list(islice(_of_container(thing, who, journey), STEPS_MAX))


def steps_of_manifest(thing: Manifest, who: Actor) -> list[NextStep]:
    """At most three steps with a manifest, the likely one first."""
    return list(islice(_of_manifest(thing, who), STEPS_MAX))


def steps_of_blank(label: str) -> list[NextStep]:
    """What to do with a label that is on nothing yet."""
    return [
        NextStep(f"/fill?label={label}", "装入新容器并用此标签", "Fill a new container under it"),
        NextStep(f"/labels/bind?label={label}", "贴到已有容器", "Put it on a container that is there"),
    ]


def acts(thing: Container, who: Actor, grouped: bool = False) -> frozenset[str]:
    """What may be said of a container at all: place, weigh, add, close, repack, group, lost, found, leak, bind,
    replace; of a group only place (all of it), group (more into it), ungroup, and bind or replace its own label."""
    if who.party != thing.holder or not who.roles & (HANDS | {"driver"}):
        return frozenset()
    hands = bool(who.roles & HANDS)
    label = {"replace"} if thing.label else {"bind"}
    if thing.kind == "group":
        return frozenset({"place", "group", "ungroup", *label}) if hands else frozenset()
    match thing.status:
        case "lost":
            return frozenset({"found"}) if hands else frozenset()
        case "in-transit":
            return frozenset({"lost", "leak"})
        case "filling" | "held" if hands:
            filling = {"add", "close"} if thing.status == "filling" else {"weigh"}
            repack = () if thing.manifest or thing.impounded_at else ("repack",)
            group = {"group"} if repack and thing.kind == "package" and not grouped else set()
            return frozenset({"place", "lost", "leak", *filling, *label, *repack, *group})
        case _:
            return frozenset()


def _of_container(thing: Container, who: Actor, journey: Manifest | None) -> Iterator[NextStep]:
    can, at = acts(thing, who), f"/containers/{thing.id}"
    if journey is not None and journeys.acts(journey, who.party):
        yield from _of_manifest(journey, who)
    if "found" in can:
        yield NextStep(f"{at}/found", "登记找到", "Report it found")
    if "add" in can:
        yield NextStep(f"{at}/add", "继续装入", "Add more")
        yield NextStep(f"{at}/close", "装满封口", "Close it")
    if thing.kind == "group":
        yield from _of_group(at, can)
        return
    if "bind" in can:
        yield NextStep(f"{at}/bind", "贴标签", "Label it")
    if "place" in can and not thing.facility:
        yield NextStep(f"{at}/place", "入库", "Put it into store")
    if "weigh" in can and not thing.impounded_at:
        if "disposer" in who.roles:
            yield NextStep(f"/treat?container={thing.id}", "利用处置", "Treat it")
        elif not thing.manifest:
            yield NextStep(f"/manifests/new?container={thing.id}", "开具联单", "Put it on a manifest")
    if "place" in can and thing.facility:
        yield NextStep(f"{at}/place", "移库", "Move it")
    if "weigh" in can:
        yield NextStep(f"{at}/weigh", "复称", "Weigh it again")
    if thing.status == "emptied" and who.party == thing.holder and who.roles & HANDS:
        yield NextStep("/fill", "装下一桶", "Fill another")
    yield NextStep(at, "查看来龙去脉", "Its whole story")


def _of_group(at: str, can: frozenset[str]) -> Iterator[NextStep]:
    if "place" in can:
        yield NextStep(f"{at}/place", "整组入库或移库", "Store or move all of it")
        yield NextStep(f"{at}/ungroup", "从组中取出", "Take out of the group")
    yield NextStep(at, "查看全组", "Open the group")


def _of_manifest(thing: Manifest, who: Actor) -> Iterator[NextStep]:
    at = f"/manifests/{thing.id}"
    for act in journeys.acts(thing, who.party):
        if _allows(who, DEEDS[act].right):
            yield NextStep(f"{at}/{act}", DEEDS[act].zh, DEEDS[act].en)
    yield NextStep(at, "查看联单", "Open the manifest")


def _allows(who: Actor, right: Right) -> bool:
    try:
        verify_right(who, right)
    except NotAllowed:
        return False
    return True
