"""`impound`: containers seized where they stand."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option(
    "--reason", type=click.Choice(["evidence", "danger", "unlawful-transfer", "other"]), default="evidence",
    show_default=True,
)  # fmt: skip
@click.option("--note", help="Sealed.")
@acting
def command(actor: Actor, containers: tuple[str, ...], reason: str, note: str | None) -> None:
    """Seize containers, as supervising authority: they go on no manifest until they are released.

    \b
    Example:
    wasteledger impound drum-30 --reason evidence --as bureau
    """
    for name in containers:
        thing = actor.find.container(name)
        body = {
            "container": thing.id,
            "place": {"party": thing.holder, "site": thing.site},
            "reason": reason,
            "note": {"clear": note} if note else None,
        }
        actor.says("container-impounded", body, f"{name} 已查封", f"{name} is impounded")
        actor.then(f"wasteledger release {name}")
