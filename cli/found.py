"""`found`: lost containers back in somebody's hands."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import language
from ledger.stores import NeverLost, lost_by


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--site", help="Where it is now (the party's only site).")
@acting
def command(actor: Actor, containers: tuple[str, ...], site: str | None) -> None:
    """Report lost containers found.

    \b
    Example:
    wasteledger found drum-2 --as ann
    """
    for name in containers:
        thing = actor.find.container(name)
        try:
            place, grams = lost_by(thing.id, actor.queries.history(thing.id))
        except NeverLost as error:
            raise click.UsageError(f"{name}: {error.says(language())}") from None
        body = {
            "container": thing.id,
            "place": actor.find.place(site),
            "code": thing.code,
            "net_g": grams,
            "lost_by": {"party": place.party, "site": place.site},
        }
        actor.says("container-found", body, f"{name} 找到了", f"{name} is found")
