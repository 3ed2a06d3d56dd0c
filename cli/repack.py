"""`repack`: contents put from containers into others: repacked, split, merged or pumped."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import PIECE, Quantity
from cli.words import say


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PIECE, metavar="CONTAINER[=MASS]...")
@click.option(
    "--into", "targets", multiple=True, required=True, type=PIECE, help="CONTAINER[=MASS]; a new code begins."
)
@click.option("--kind", type=click.Choice(["package", "vessel", "load", "group", "lot"]), help="Of a new target.")
@click.option("--profile", help="What a new target holds (as the first source).")
@click.option("--reason", type=click.Choice(["repack", "split", "merge", "pump"]), default="repack", show_default=True)
@click.option("--handler", help="Who did it; sealed.")
@acting
def command(
    actor: Actor,
    sources: tuple[tuple[str, Quantity | None], ...],
    targets: tuple[tuple[str, Quantity | None], ...],
    kind: str | None,
    profile: str | None,
    reason: str,
    handler: str | None,
) -> None:
    """Put the contents of containers (all of it, or =MASS) into others; a gap is posted as a difference.

    \b
    Example:
    wasteledger repack drum-2 --into tank-1 --kind vessel --reason pump --as ann
    """
    drawn = [(actor.find.container(name), part) for name, part in sources]
    taken = [
        {"container": thing.id, "code": thing.code, "net_g": part.whole if part else thing.net_g}
        for thing, part in drawn
    ]
    if len(targets) > 1 and any(part is None for _, part in targets):
        raise click.UsageError(
            say("多个去向须各写质量：--into 容器=质量", "several targets need masses: --into CONTAINER=MASS")
        )
    total = sum(part.whole if part else thing.net_g for thing, part in drawn)
    waste = actor.find.profile(profile)[1] if profile else drawn[0][0]
    poured = [
        actor.into(name, part.whole if part else total, waste, kind or drawn[0][0].kind) for name, part in targets
    ]
    body = {
        "place": {"party": actor.party, "site": drawn[0][0].site or actor.find.site(None)},
        "sources": taken,
        "targets": poured,
        "reason": reason,
        "handler": actor.person(handler),
    }
    ends = ", ".join(name for name, _ in targets)
    starts = ", ".join(name for name, _ in sources)
    actor.says("contents-transferred", body, f"{starts} 倒入 {ends}", f"{starts} into {ends}")
