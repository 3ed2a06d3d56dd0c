"""Forms that put containers together in an outer one, and take single ones out again; what a scan of a group reads."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, request

from api.auth import ledger, queries
from api.pages.acting import FieldMissing, said_before, say
from api.pages.shown import t
from ledger import groups
from ledger.custody.container import Container
from ledger.errors import FormError
from ledger.journeys import things
from ledger.service import Answer


def put_together(thing: Container, place: Mapping[str, str]) -> Answer:
    """Into a group, or with a container into a new one."""
    members = _chosen(groups.NotLoose, groups.loose_beside(queries(), thing))
    if thing.kind == groups.GROUP:
        whole(thing, groups.inside(queries(), thing.id))
        return say("containers-grouped", {"place": place, "outer": thing.id, "members": members})
    group = f"container:{ledger().new_id()}"
    return say("containers-grouped", {"place": place, "outer": group, "members": sorted([*members, thing.id])})


def take_out(thing: Container, among: list[Container], place: Mapping[str, str]) -> Answer:
    """Some or all of a group's members."""
    members = _chosen(groups.NotInGroup, among)
    return say("containers-ungrouped", {"place": place, "outer": thing.id, "members": members})


def whole(thing: Container, members: list[Container]) -> list[Container]:
    """What a form about a group is about; sent a second time it is answered as it was, wherever they are by now."""
    return [each for each in members if each.status != "emptied"] if said_before() else groups.together(thing, members)


def _chosen(wrong: type[FormError], among: list[Container]) -> list[str]:
    wanted = request.form.getlist("member")
    if not wanted:
        raise FieldMissing(what=t("至少一个容器", "at least one container"))
    return sorted(set(wanted)) if said_before() else groups.chosen(wrong, wanted, among)


def outer_codes(thing: Container) -> list[str]:
    """What a scan of the group reads that a container is in: its id and its label."""
    if not thing.outer:
        return []
    known: dict[str, list[str]] = g.setdefault("outer_codes", {})
    if thing.outer not in known:
        found = things(queries(), [thing.outer]).get(thing.outer)
        known[thing.outer] = [thing.outer, *([found.label] if found and found.label else [])]
    return known[thing.outer]
