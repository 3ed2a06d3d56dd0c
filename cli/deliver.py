"""`deliver`: a journey without a manifest, one signature at each end."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import PIECE, Quantity
from cli.words import say
from ledger.custody.events import body_of
from ledger.custody.events.movement import DeliveryRecorded


@click.command()
@click.argument("containers", nargs=-1, type=PIECE, metavar="[CONTAINER[=MASS]]...")
@click.option("--to", help="A party or site of this ledger, or somebody outside it by name.")
@click.option(
    "--kind", type=click.Choice(["licensed", "exempt", "abroad", "other"]), default="licensed", show_default=True
)
@click.option("--outside", is_flag=True, help="--to names somebody outside this ledger.")
@click.option("--licence", help="The recipient's licence number.")
@click.option("--notice", help="The notice number of an export.")
@click.option("--carrier", help="A party of this ledger (the sender itself).")
@click.option("--method", help="How it will be treated, for instance R5.")
@click.option("--manifest-number", help="A manifest kept elsewhere.")
@click.option("--contract")
@click.option("--batch-code")
@click.option("--handler", help="Sealed.")
@click.option("--received", metavar="DELIVERY", help="Instead: the other end, by the id that the sender's --json gave.")
@acting
def command(
    actor: Actor,
    containers: tuple[tuple[str, Quantity | None], ...],
    to: str | None,
    kind: str,
    outside: bool,
    licence: str | None,
    notice: str | None,
    carrier: str | None,
    handler: str | None,
    received: str | None,
    **more: str | None,
) -> None:
    """Send containers without a manifest (general industrial waste), or to somebody outside this ledger.

    To somebody outside it says only that the waste left: that is never a proof of what became of it.

    \b
    Example:
    wasteledger deliver tank-1 --to "Old Refinery" --outside --licence X-77 --as ann
    """
    if received is not None:
        _receive(actor, received, containers, handler)
        return
    if to is None or not containers:
        raise click.UsageError(say("请给出容器与 --to", "name containers and --to"))
    things = [(actor.find.container(name), part) for name, part in containers]
    there = {"name": to} if outside else actor.find.end(to)
    body = {
        "delivery": actor.new("delivery"),
        "end": "sent",
        "from": actor.find.place(things[0][0].site or None),
        "to": {"kind": kind, "licence": licence, "notice": notice} | there,
        "lines": [{"container": t.id, "code": t.code, "net_g": part.whole if part else t.net_g} for t, part in things],
        "carrier": actor.find.any_party(carrier) if carrier else None,
        "handler": actor.person(handler),
    } | more
    actor.says("delivery-recorded", body, f"已出厂，送往 {to}", f"sent to {to}")


def _receive(
    actor: Actor, delivery: str, weights: tuple[tuple[str, Quantity | None], ...], handler: str | None
) -> None:
    stream = actor.find.stream("delivery", delivery)
    sent = next(
        (s.fact.event for s in actor.queries.history(stream) if isinstance(s.fact.event, DeliveryRecorded)), None
    )
    if sent is None:
        raise click.UsageError(say(f"没有出厂记录 {delivery}", f"there is no delivery {delivery}"))
    loads = [load.container for load in sent.lines]
    own: dict[str, int] = {
        actor.find.container(name, loads).id: weight.whole for name, weight in weights if weight is not None
    }
    body: dict[str, Any] = body_of(sent)
    body |= {
        "end": "received",
        "lines": [line | {"net_g": own.get(line["container"], line["net_g"])} for line in body["lines"]],
        "handler": actor.person(handler),
    }
    actor.says("delivery-recorded", body, f"已收到 {delivery}", f"received {delivery}")
