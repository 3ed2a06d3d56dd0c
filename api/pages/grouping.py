"""Containers put together in an outer one (bags in a bin, drums on a pallet), and single ones taken out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from flask import request

from api.auth import ledger, queries
from api.pages.acting import FieldMissing, said_before, say
from api.pages.shown import t
from ledger.custody.container import Container
from ledger.custody.events.stock import ContainersGrouped
from ledger.errors import FormError
from ledger.queries import ContainerStory
from ledger.service import Answer

GROUP: Final = "group"
_STANDING: Final = ("held", "filling")


class NotInGroup(FormError):
    """Somebody took it out meanwhile."""

    code = "not-in-group"
    zh = "容器 {container} 不在此组内"
    en = "container {container} is not in this group"


class NotLoose(FormError):
    """Not at this site, not the party's, or inside another group."""

    code = "not-loose"
    zh = "容器 {container} 不能编入此组：须在本场所，且不在其他组内"
    en = "container {container} cannot go into this group: it must be at this site and in no other group"


def inside(story: ContainerStory) -> list[Container]:
    """What is in a group now."""
    told = [step.fact.event for step in story.steps]
    ever = {member for event in told if isinstance(event, ContainersGrouped) for member in event.members}
    return _ordered(thing for thing in _things(ever - {story.thing.id}) if thing.outer == story.thing.id)


def loose_beside(thing: Container) -> list[Container]:
    """What stands at the same site in no group and on no manifest: it can be put together with a container."""
    rows = [row["id"] for status in _STANDING for row in queries().containers(holder=thing.holder, status=status)
            if row["site"] == thing.site and not row["manifest"] and row["id"] != thing.id]  # fmt: skip
    return _ordered(each for each in _things(rows) if each.kind != GROUP and not each.outer)


def put_together(thing: Container, place: Mapping[str, str]) -> Answer:
    """Into a group, or with a container into a new one."""
    chosen = _chosen(NotLoose, loose_beside(thing))
    group = thing.id if thing.kind == GROUP else f"container:{ledger().new_id()}"
    members = chosen if thing.kind == GROUP else [*chosen, thing.id]
    return say("containers-grouped", {"place": place, "outer": group, "members": sorted(members)})


def take_out(story: ContainerStory, place: Mapping[str, str]) -> Answer:
    """Some or all of a group's members."""
    members = _chosen(NotInGroup, inside(story))
    return say("containers-ungrouped", {"place": place, "outer": story.thing.id, "members": sorted(members)})


def _chosen(wrong: type[FormError], among: list[Container]) -> list[str]:
    chosen, known = set(request.form.getlist("member")), {each.id for each in among}
    if not chosen:
        raise FieldMissing(what=t("至少一个容器", "at least one container"))
    for other in sorted(chosen - known) if not said_before() else ():
        raise wrong(
            container=other[-8:], expected=", ".join(sorted(each[-8:] for each in known)) or "-", got=other[-8:]
        )
    return sorted(chosen)


def _things(names: Iterable[str]) -> Iterable[Container]:
    for name in names:
        if state := ledger().state(name):
            yield Container.from_bytes(state)


def _ordered(things: Iterable[Container]) -> list[Container]:
    return sorted(things, key=lambda each: (each.container_code, each.id))
