"""`stock`: what a site had before it went live."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import mass_of, weighed


@click.command()
@click.argument("container")
@weighed
@click.option("--since", required=True, help="Held since this day (YYYY-MM-DD): its clock started then.")
@click.option("--profile", help="The kind of waste, by name or code (the party's only one).")
@click.option("--site", help="Where (the party's only site).")
@acting
def command(actor: Actor, container: str, since: str, profile: str | None, site: str | None, **weights: Any) -> None:
    """Declare CONTAINER as stock of a site, before its go-live.

    \b
    Example:
    wasteledger stock old-1 --mass 75kg --since 2026-01-15 --as ann
    """
    body = package(actor, container, profile, site, weights) | {"since": since}
    actor.says("stock-declared", body, f"申报期初存量 {container}", f"{container} is declared as stock")


def package(
    actor: Actor, container: str, profile: str | None, site: str | None, weights: dict[str, Any]
) -> dict[str, Any]:
    """A new container's fields that say what is in it and where it is."""
    id_, waste = actor.find.profile(profile)
    return {
        "container": actor.new("container"),
        "place": actor.find.place(site),
        "kind": "package",
        "code": waste.code,
        "name": waste.name,
        "profile": id_,
        "container_code": container,
        "mass": mass_of(**weights),
    }
