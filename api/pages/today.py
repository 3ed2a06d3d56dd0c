"""What is due today and soon: clocks, manifests that wait, exceptions, duties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import next_steps
from api.pages.containers import stores
from api.pages.exceptions import object_address, titled, titles_of, told
from api.pages.shown import page, registry
from ledger.custody.duties import Duty, years_owed
from ledger.custody.regimes.base import later
from ledger.journeys import manifest

blueprint = Blueprint("page_today", __name__)
SOON_DAYS: Final = 30
SHOWN: Final = 50
_WAITING: Final = ("arrived", "under-way", "issued")


@blueprint.get("/today")
@requires(Right.READ)
def today() -> Response:
    now, viewer = ledger().now(), current_viewer()
    soon = later(now, days=SOON_DAYS)
    clocks = list(stores().clocks(before=soon).values())
    flags = reading().exceptions(viewer, now, False, "", SHOWN)
    corrections = [x for x in queries().corrections_waiting(viewer, now) if current_actor().party in x.detail.split()]
    titles = titles_of([*(row["flag"] for row in flags.items), *corrections])
    return page(
        "today.html",
        now=now,
        clocks=[(clock, _row(clock.container)) for clock in clocks[:SHOWN]],
        more=max(0, len(clocks) - SHOWN),
        manifests=list(_manifests()),
        more_flags=bool(flags.next),
        flags=[told(row["flag"]) for row in flags.items],
        corrections=corrections,
        titled=lambda stream: titled(stream, titles),
        object_address=object_address,
        duties=sorted(_duties(now, soon), key=lambda duty: duty.due_at),
    )


def _row(container: str) -> dict[str, Any]:
    (row,) = reading().containers(current_viewer(), {"id": container}, "", 1).items
    return dict(row)


def _manifests() -> Iterator[dict[str, Any]]:
    """Those on which this person has something to do, each with that."""
    for status in _WAITING:
        for row in reading().manifests(current_viewer(), {"status": status}, "", SHOWN).items:
            steps = next_steps.steps_of_manifest(manifest(queries(), row["id"]), current_actor())
            if len(steps) > 1:
                yield row | {"step": steps[0]}


def _duties(now: str, soon: str) -> Iterator[Duty]:
    """What the reader's own sites owe by then, from the year on in which an authority takes it through this ledger."""
    day, known = ledger().regime.day_of(now), registry()
    for site, event in known.sites.items():
        if current_viewer().is_own(event.holder):
            for year in years_owed(site, event.holder, day, known):
                yield from (d for d in queries().duties(site, year)[1] if not d.done_at and d.due_at < soon)
