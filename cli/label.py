"""`label`: blank labels and which container each was stuck on."""

from __future__ import annotations

import click

from cli.acting import Actor, acting

command = click.Group("label", help=__doc__)


@command.command()
@click.option("--count", type=click.IntRange(1, 200), default=1, show_default=True)
@click.option("--site", help="Where (the party's only site).")
@acting
def issue(actor: Actor, count: int, site: str | None) -> None:
    """Issue blank labels, to be bound to containers at their first scan.

    \b
    Example:
    wasteledger label issue --as ann
    """
    place = actor.find.place(site)
    for n in range(count):
        label = actor.new("label", "label" if count == 1 else f"label-{n + 1}")
        actor.says("label-issued", {"label": label, "place": place}, f"空白标签 {label}", f"blank {label}")


@command.command()
@click.argument("container")
@click.option("--label", help="An issued label's id (a fresh one).")
@click.option("--digital-code", help="The 37-character code printed on it.")
@acting
def bind(actor: Actor, container: str, label: str | None, digital_code: str | None) -> None:
    """Say which label was stuck on a container.

    \b
    Example:
    wasteledger label bind drum-1 --as ann
    """
    thing = actor.find.container(container)
    stuck = actor.find.stream("label", label) if label else actor.new("label")
    body = {
        "container": thing.id,
        "place": {"party": actor.party, "site": thing.site or actor.find.site(None)},
        "label": stuck,
        "digital_code": digital_code,
    }
    actor.says("label-bound", body, f"{stuck} 贴在 {container} 上", f"{stuck} is on {container}")
