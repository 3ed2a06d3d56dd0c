"""Groups (bags in a bin, drums on a pallet): what is in one, and what may go into it or move with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ledger.custody.container import Container
from ledger.custody.events.stock import ContainersGrouped
from ledger.errors import FormError
from ledger.journeys import things
from ledger.queries import Queries

GROUP: Final = "group"
STANDING: Final = ("held", "filling")


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


def inside(queries: Queries, group: str) -> list[Container]:
    """What is in a group now."""
    told = [step.fact.event for step in queries.history(group)]
    ever = {member for event in told if isinstance(event, ContainersGrouped) for member in event.members}
    known = things(queries, ever - {group})
    return _ordered(each for each in known.values() if each.outer == group)


def outer(queries: Queries, thing: Container) -> Container | None:
    """The group of its holder's that a container is in; one that came on somebody else's pallet is in none."""
    found = things(queries, [thing.outer]).get(thing.outer) if thing.outer else None
    return found if found is not None and found.holder == thing.holder else None


def meant(queries: Queries, container: str) -> list[str]:
    """The containers that a scan of one means: all of a group, else itself."""
    return [each.id for each in inside(queries, container)] or [container]


def loose_beside(queries: Queries, thing: Container) -> list[Container]:
    """What stands at the same site in no group and on no manifest: it can be put together with a container."""
    rows = [row["id"] for status in STANDING for row in queries.containers(holder=thing.holder, status=status)
            if row["site"] == thing.site and not row["manifest"] and row["id"] != thing.id]  # fmt: skip
    found = things(queries, rows).values()
    return _ordered(each for each in found if each.kind != GROUP and outer(queries, each) is None)


def together(thing: Container, members: Iterable[Container]) -> list[Container]:
    """Every member of a group that is not empty; raises NotStanding for one that is elsewhere."""
    found = [each for each in members if each.status != "emptied"]
    for each in found:
        if (each.holder, each.site) != (thing.holder, thing.site) or each.status not in STANDING:
            raise NotStanding(
                container=each.container_code or each.id[-8:], expected=" / ".join(STANDING), got=each.status
            )
    return found


def chosen(wrong: type[FormError], wanted: Iterable[str], among: Iterable[Container]) -> list[str]:
    """The ids wanted, each shown to be among these; raises `wrong` for the first that is not."""
    asked, known = set(wanted), {each.id for each in among}
    for other in sorted(asked - known):
        raise wrong(
            container=other[-8:], expected=", ".join(sorted(each[-8:] for each in known)) or "-", got=other[-8:]
        )
    return sorted(asked)


def _ordered(found: Iterable[Container]) -> list[Container]:
    return sorted(found, key=lambda each: (each.container_code, each.id))
