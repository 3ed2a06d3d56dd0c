"""Containers put together in an outer one (bags in a bin, drums on a pallet), and single ones taken out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from flask import g, request

from api.auth import ledger, queries
from api.pages.acting import FieldMissing, said_before, say
from api.pages.shown import t
from ledger.custody.container import Container
from ledger.custody.events.stock import ContainersGrouped
from ledger.errors import FormError
from ledger.journeys import things
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


class NotStanding(FormError):
    """A group is moved or added to when all of it is there."""

    code = "not-standing"
    zh = "组内容器 {container} 不在本场所：请先从组中取出"
    en = "container {container} of the group is not at this site: take it out of the group first"


def inside(group: str) -> list[Container]:
    """What is in a group now."""
    told = [step.fact.event for step in queries().history(group)]
    ever = {member for event in told if isinstance(event, ContainersGrouped) for member in event.members}
    known = things(queries(), ever - {group})
    return _ordered(each for each in known.values() if each.outer == group)


def outer(thing: Container) -> Container | None:
    """The group of its holder's that a container is in; one that came on somebody else's pallet is in none."""
    found = things(queries(), [thing.outer]).get(thing.outer) if thing.outer else None
    return found if found is not None and found.holder == thing.holder else None


def meant(container: str) -> list[str]:
    """The containers that a scan of one means: all of a group, else itself."""
    return [each.id for each in inside(container)] or [container]


def loose_beside(thing: Container) -> list[Container]:
    """What stands at the same site in no group and on no manifest: it can be put together with a container."""
    rows = [row["id"] for status in _STANDING for row in queries().containers(holder=thing.holder, status=status)
            if row["site"] == thing.site and not row["manifest"] and row["id"] != thing.id]  # fmt: skip
    return _ordered(each for each in things(queries(), rows).values() if each.kind != GROUP and not outer(each))


def put_together(thing: Container, place: Mapping[str, str]) -> Answer:
    """Into a group, or with a container into a new one."""
    chosen = _chosen(NotLoose, loose_beside(thing))
    if thing.kind == GROUP:
        whole(thing, inside(thing.id))
        group, members = thing.id, chosen
    else:
        group, members = f"container:{ledger().new_id()}", [*chosen, thing.id]
    return say("containers-grouped", {"place": place, "outer": group, "members": sorted(members)})


def whole(thing: Container, members: Iterable[Container]) -> list[Container]:
    """Every member of a group that is not empty; raises NotStanding for one that is elsewhere."""
    found = [each for each in members if each.status != "emptied"]
    for each in found if not said_before() else ():
        if (each.holder, each.site) != (thing.holder, thing.site) or each.status not in _STANDING:
            raise NotStanding(
                container=each.container_code or each.id[-8:], expected=" / ".join(_STANDING), got=each.status
            )
    return found


def take_out(thing: Container, among: list[Container], place: Mapping[str, str]) -> Answer:
    """Some or all of a group's members."""
    members = _chosen(NotInGroup, among)
    return say("containers-ungrouped", {"place": place, "outer": thing.id, "members": sorted(members)})


def _chosen(wrong: type[FormError], among: list[Container]) -> list[str]:
    chosen, known = set(request.form.getlist("member")), {each.id for each in among}
    if not chosen:
        raise FieldMissing(what=t("至少一个容器", "at least one container"))
    for other in sorted(chosen - known) if not said_before() else ():
        raise wrong(
            container=other[-8:], expected=", ".join(sorted(each[-8:] for each in known)) or "-", got=other[-8:]
        )
    return sorted(chosen)


def outer_codes(thing: Container) -> list[str]:
    """What a scan of the group reads that a container is in: its id and its label."""
    if not thing.outer:
        return []
    known: dict[str, list[str]] = g.setdefault("outer_codes", {})
    if thing.outer not in known:
        found = things(queries(), [thing.outer]).get(thing.outer)
        known[thing.outer] = [thing.outer, *([found.label] if found and found.label else [])]
    return known[thing.outer]


def _ordered(found: Iterable[Container]) -> list[Container]:
    return sorted(found, key=lambda each: (each.container_code, each.id))
