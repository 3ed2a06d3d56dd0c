"""`discover`: ownerless waste was found."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting
from cli.stock import package
from cli.values import weighed


@click.command()
@click.argument("container")
@weighed
@click.option("--profile", help="What it seems to be, by name or code (the party's only one).")
@click.option("--site", help="Where it is now (the party's only site).")
@click.option("--where", help="Where it was found; sealed.")
@acting
def command(
    actor: Actor, container: str, profile: str | None, site: str | None, where: str | None, **weights: Any
) -> None:
    """Record ownerless waste that the acting party found and holds from now on.

    \b
    Example:
    wasteledger discover found-1 --mass 20kg --where "behind the bridge" --as ann
    """
    body = package(actor, container, profile, site, weights) | {"found_at": {"clear": where} if where else None}
    actor.says("waste-discovered", body, f"发现无主废物 {container}", f"ownerless waste found: {container}")
