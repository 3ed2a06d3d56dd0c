"""`manifest`: a journey from issue to receipt, with its returns and redirections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import MASS, REASON, WEIGHED, Quantity, mass_of
from cli.words import mass, say
from ledger.custody.container import Container, Manifest

command = click.Group("manifest", help=__doc__)
LEFT = ("label-differs", "damaged", "no-room", "not-found", "other")
KINDS = ("name", "quantity", "characteristic", "form", "packaging")


@command.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--to", required=True, help="The consignee's site, or its name when it has one site.")
@click.option("--carrier", required=True)
@click.option("--number", help="The national 14-digit number.")
@click.option("--site", help="From where (the party's only site).")
@click.option("--planned", help="YYYY-MM-DD")
@click.option("--phone", help="Emergency phone of the organisation.")
@click.option("--handler", help="Who issued it; sealed.")
@acting
def issue(
    actor: Actor,
    containers: tuple[str, ...],
    to: str,
    carrier: str,
    number: str | None,
    site: str | None,
    planned: str | None,
    phone: str | None,
    handler: str | None,
) -> None:
    """Issue a manifest for containers of the acting person's party.

    \b
    Example:
    wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --number 20261506000001 --as ann
    """
    things = actor.find.containers(containers)
    body = {
        "manifest": actor.new("manifest"),
        "number": number,
        "from": actor.find.place(site or _common_site(things)),
        "to": actor.find.end(to),
        "carrier": actor.find.any_party(carrier),
        "lines": [_load(thing, thing.net_g) for thing in things],
        "planned": planned,
        "emergency_phone": phone,
        "handler": actor.person(handler),
    }
    name = number or body["manifest"]
    actor.says("manifest-issued", body, f"联单 {name} 已开具，送往 {to}", f"manifest {name} to {to} is issued")
    actor.then(f"wasteledger manifest collect {name}")


@command.command()
@click.argument("manifest")
@click.option(
    "--reason",
    type=click.Choice(["mistake", "carrier-did-not-come", "consignee-cannot", "other"]),
    default="other",
    show_default=True,
)
@acting
def cancel(actor: Actor, manifest: str, reason: str) -> None:
    """Cancel a manifest that has not started: its containers are free again.

    \b
    Example:
    wasteledger manifest cancel 20261506000009 --reason mistake --as ann
    """
    found = actor.find.manifest(manifest)
    body = {"manifest": found.id, "place": _start(found), "free": sorted(found.lines), "reason": reason}
    actor.says("manifest-cancelled", body, f"联单 {manifest} 已取消", f"manifest {manifest} is cancelled")


@command.command()
@click.argument("manifest")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--left-behind", multiple=True, type=REASON, help=f"CONTAINER=REASON, of {', '.join(LEFT)}.")
@click.option("--vehicle", help="Plate.")
@click.option("--driver", help="Sealed.")
@click.option("--handler", help="Who handed over; sealed.")
@acting
def collect(
    actor: Actor,
    manifest: str,
    containers: tuple[str, ...],
    left_behind: tuple[tuple[str, str], ...],
    vehicle: str | None,
    driver: str | None,
    handler: str | None,
) -> None:
    """Load the containers scanned (all of the manifest, unless named); told by the sender or the carrier.

    \b
    Example:
    wasteledger manifest collect 20261506000001 --vehicle DEMO-001 --driver "Wang Demo" --as hal
    """
    found = actor.find.manifest(manifest)
    left = [(actor.find.container(name, found.lines), reason) for name, reason in left_behind]
    loaded = _lines(actor, found, containers, ("listed", "left-behind"), but=[thing for thing, _ in left])
    body = _ends(found) | {
        "lines": [_load(thing, thing.net_g if thing.born else found.listed.get(thing.id, 0)) for thing in loaded],
        "left_behind": [{"container": thing.id, "reason": reason} for thing, reason in left],
        "vehicle": vehicle,
        "driver": actor.person(driver),
        "handler": actor.person(handler),
    }
    n = len(loaded)
    actor.says("manifest-collected", body, f"联单 {manifest} 起运，{n} 件", f"manifest {manifest}: {n} loaded")
    actor.then(f"wasteledger manifest arrive {manifest}")


@command.command("hand-over")
@click.argument("manifest")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--to", "to_carrier", help="The next carrier (the same: another vehicle).")
@click.option("--where", help="The place, in words.")
@click.option("--vehicle", help="Plate.")
@click.option("--driver", help="Sealed.")
@acting
def hand_over(
    actor: Actor,
    manifest: str,
    containers: tuple[str, ...],
    to_carrier: str | None,
    where: str | None,
    vehicle: str | None,
    driver: str | None,
) -> None:
    """Hand a load over to the next carrier, or to another vehicle.

    \b
    Example:
    wasteledger manifest hand-over 20261506000001 --where "K 12 lay-by" --vehicle DEMO-002 --as hal
    """
    found = actor.find.manifest(manifest)
    things = _lines(actor, found, containers, ("collected", "returning", "redirected"))
    body = {
        "manifest": found.id,
        "from_carrier": found.carrier,
        "to_carrier": actor.find.any_party(to_carrier) if to_carrier else found.carrier,
        "lines": [_load(thing, _sent(thing, found)) for thing in things],
        "where": where,
        "vehicle": vehicle,
        "driver": actor.person(driver),
    }
    actor.says("manifest-handed-over", body, f"联单 {manifest} 已交接", f"manifest {manifest} is handed over")


@command.command()
@click.argument("manifest")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--differs", is_flag=True, help="The load is not what its papers say (in order, without this).")
@click.option("--note", help="What was seen; sealed.")
@acting
def check(actor: Actor, manifest: str, containers: tuple[str, ...], differs: bool, note: str | None) -> None:
    """Record a roadside check of the load, as supervising authority.

    \b
    Example:
    wasteledger manifest check 20261506000031 --as bureau
    """
    found = actor.find.manifest(manifest)
    things = _lines(actor, found, containers, ("collected", "redirected"))
    body = {
        "manifest": found.id,
        "carrier": found.carrier,
        "checked": [thing.id for thing in things],
        "outcome": "differs" if differs else "in-order",
        "note": {"clear": note} if note else None,
    }
    zh, en = ("账货不符", "differs from its papers") if differs else ("账货相符", "is in order")
    actor.says("roadside-checked", body, f"路检：联单 {manifest} {zh}", f"roadside: the load of {manifest} {en}")


@command.command()
@click.argument("manifest")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--vehicle", help="Plate.")
@acting
def arrive(actor: Actor, manifest: str, containers: tuple[str, ...], vehicle: str | None) -> None:
    """At the consignee's gate: its clock starts here, not with acceptance.

    \b
    Example:
    wasteledger manifest arrive 20261506000001 --vehicle DEMO-002 --as dee
    """
    found = actor.find.manifest(manifest)
    things = _lines(actor, found, containers, ("collected", "redirected"))
    body = {
        "manifest": found.id,
        "place": _end(found),
        "carrier": found.carrier,
        "arrived": [thing.id for thing in things],
        "vehicle": vehicle,
    }
    actor.says("manifest-arrived", body, f"联单 {manifest} 到达", f"manifest {manifest} is at the gate")
    actor.then(f"wasteledger manifest receive {manifest} CONTAINER=MASS ...")


@command.command()
@click.argument("manifest")
@click.argument("accepted", nargs=-1, type=WEIGHED, metavar="[CONTAINER=MASS]...")
@click.option("--part", "parts", multiple=True, type=WEIGHED, help="CONTAINER=MASS: accepted in part (loads only).")
@click.option("--refuse", multiple=True, help="A container that is refused.")
@click.option("--missing", multiple=True, help="A container that did not come.")
@click.option("--unlisted", multiple=True, type=WEIGHED, help="CONTAINER=MASS: came without being on the manifest.")
@click.option("--rest", is_flag=True, help="Accept all others at the masses of the manifest (basis: document).")
@click.option("--method", help="How it will be treated, for instance D10.")
@click.option("--discrepancy", multiple=True, type=REASON, help=f"CONTAINER=KIND, of {', '.join(KINDS)}.")
@click.option("--note", "notes", multiple=True, type=REASON, help="CONTAINER=TEXT; sealed.")
@click.option("--told", help="Who was told of discrepancies; sealed.")
@click.option("--basis", type=click.Choice(["weighed", "weighbridge", "estimated", "document"]), default="weighed")
@click.option("--gross", type=MASS, help="The whole load on the weighbridge, full.")
@click.option("--tare", type=MASS, help="The whole load on the weighbridge, empty.")
@click.option("--handler", help="Who received; sealed.")
@acting
def receive(
    actor: Actor,
    manifest: str,
    accepted: tuple[tuple[str, Quantity], ...],
    parts: tuple[tuple[str, Quantity], ...],
    refuse: tuple[str, ...],
    missing: tuple[str, ...],
    unlisted: tuple[tuple[str, Quantity], ...],
    rest: bool,
    method: str | None,
    discrepancy: tuple[tuple[str, str], ...],
    notes: tuple[tuple[str, str], ...],
    told: str | None,
    basis: str,
    gross: Quantity | None,
    tare: Quantity | None,
    handler: str | None,
) -> None:
    """Decide on each container at the gate: accepted with its mass, in part, refused, missing, unlisted.

    \b
    Example:
    wasteledger manifest receive 20261506000001 drum-1=182.4kg --method D10 --handler "Zhao Demo" --as dee
    """
    found = actor.find.manifest(manifest)
    kinds, texts = dict(discrepancy), dict(notes)
    lines: list[dict[str, Any]] = []

    def decide(name: str, decision: str, weight: Quantity | None = None, **more: Any) -> None:
        thing = actor.find.container(name, found.lines)
        differs = kinds.pop(name, None)
        note = texts.pop(name, None)
        closes = decision in ("accepted", "accepted-in-part")
        lines.append(
            {
                "container": thing.id,
                "code": thing.code,
                "decision": decision,
                "listed_g": found.listed.get(thing.id),
                "mass": mass_of(weight, basis=basis) if weight else None,
                "method": method if closes else None,
                "discrepancy": differs,
                "told": actor.person(told) if differs else None,
                "note": {"clear": note} if note else None,
            }
            | more
        )

    for name, weight in accepted:
        decide(name, "accepted", weight)
    for name, weight in parts:
        decide(name, "accepted-in-part", weight)
    for name, weight in unlisted:
        decide(name, "accepted", weight, unlisted=True)
    for name in refuse:
        decide(name, "refused")
    for name in missing:
        decide(name, "missing")
    named = {line["container"] for line in lines}
    others = [c for c in found.open_lines() if c not in named and found.lines[c] != "refused"]
    for stream in others if rest else ():
        listed = found.listed[stream]
        decide(stream, "accepted", mass={"net_g": listed, "basis": "document"})
    if kinds or texts:
        raise click.UsageError(
            say(
                f"{', '.join(kinds | texts)} 不在此次接受之列",
                f"{', '.join(kinds | texts)}: not among those decided on",
            )
        )
    if not lines:
        names = ", ".join(actor.find.name(c) for c in others)
        raise click.UsageError(
            say(
                f"请对容器作出结论（容器=重量、--refuse、--missing 或 --rest）；尚无结论：{names or '无'}",
                f"decide on containers (CONTAINER=MASS, --refuse, --missing or --rest); not decided: {names or 'none'}",
            )
        )
    whole = mass_of(None, gross, tare, basis="weighbridge") if gross or tare else None
    body = _ends(found) | {"lines": lines, "weighbridge": whole, "handler": actor.person(handler)}
    weighed = sum((line.get("mass") or {}).get("net_g", 0) for line in lines)
    actor.says(
        "manifest-received",
        body,
        f"联单 {manifest}：{len(lines)} 件有结论，接受 {mass(weighed)}",
        f"manifest {manifest}: {len(lines)} decided, {mass(weighed)} accepted",
    )
    if others and not rest:
        names = ", ".join(actor.find.name(c) for c in others)
        click.echo(say(f"尚无结论：{names}", f"not decided yet: {names}"), err=True)
    if refuse:
        actor.then(f"wasteledger manifest return-start {manifest}")


@command.command("return-start")
@click.argument("manifest")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--carrier", help="Who takes them back (the carrier that brought them).")
@click.option("--vehicle", help="Plate.")
@click.option("--driver", help="Sealed.")
@acting
def return_start(
    actor: Actor,
    manifest: str,
    containers: tuple[str, ...],
    carrier: str | None,
    vehicle: str | None,
    driver: str | None,
) -> None:
    """Send refused containers (all, unless named) back to their sender.

    \b
    Example:
    wasteledger manifest return-start 20261506000002 --as dee
    """
    found = actor.find.manifest(manifest)
    things = _lines(actor, found, containers, ("refused", "in-part"))
    body = {
        "manifest": found.id,
        "from": _end(found),
        "to": _start(found),
        "carrier": actor.find.any_party(carrier) if carrier else found.carrier,
        "lines": [_load(thing, _sent(thing, found)) for thing in things],
        "vehicle": vehicle,
        "driver": actor.person(driver),
    }
    n = len(things)
    actor.says("manifest-return-started", body, f"联单 {manifest} 退回 {n} 件", f"manifest {manifest}: {n} go back")
    actor.then(f"wasteledger manifest return-receive {manifest} CONTAINER=MASS ...")


@command.command("return-receive")
@click.argument("manifest")
@click.argument("containers", nargs=-1, required=True, type=WEIGHED, metavar="CONTAINER=MASS...")
@click.option("--handler", help="Who took them back; sealed.")
@acting
def return_receive(
    actor: Actor, manifest: str, containers: tuple[tuple[str, Quantity], ...], handler: str | None
) -> None:
    """The sender has refused containers in hand again; their clocks never stopped.

    \b
    Example:
    wasteledger manifest return-receive 20261506000002 drum-3=90kg --as ann
    """
    found = actor.find.manifest(manifest)
    back = [(actor.find.container(name, found.lines), weight) for name, weight in containers]
    body = {
        "manifest": found.id,
        "to": _start(found),
        "carrier": found.carrier,
        "lines": [{"container": t.id, "code": t.code, "mass": mass_of(weight)} for t, weight in back],
        "handler": actor.person(handler),
    }
    n = len(back)
    actor.says(
        "manifest-return-received", body, f"联单 {manifest} 退回的 {n} 件已收到", f"manifest {manifest}: {n} are back"
    )


@command.command()
@click.argument("manifest")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--to", required=True, help="The new consignee's site, or its name when it has one site.")
@click.option("--carrier", help="Who takes them there (the carrier that has them).")
@acting
def redirect(actor: Actor, manifest: str, containers: tuple[str, ...], to: str, carrier: str | None) -> None:
    """Send refused containers (all, unless named) on to another consignee, by the sender's decision.

    \b
    Example:
    wasteledger manifest redirect 20261506000003 --to Secondburn --as ann
    """
    found = actor.find.manifest(manifest)
    things = _lines(actor, found, containers, ("refused", "in-part"))
    body = {
        "manifest": found.id,
        "from": _start(found),
        "to": actor.find.end(to),
        "carrier": actor.find.any_party(carrier) if carrier else found.carrier,
        "lines": [_load(thing, _sent(thing, found)) for thing in things],
    }
    actor.says("manifest-redirected", body, f"联单 {manifest} 改送 {to}", f"manifest {manifest} goes on to {to}")


# ---------------------------------------------------------------------------------------------- parts of a body


def _start(found: Manifest) -> dict[str, str]:
    return {"party": found.sender, "site": found.sender_site}


def _end(found: Manifest) -> dict[str, str]:
    return {"party": found.receiver, "site": found.receiver_site}


def _ends(found: Manifest) -> dict[str, Any]:
    return {"manifest": found.id, "from": _start(found), "to": _end(found), "carrier": found.carrier}


def _load(thing: Container, grams: int) -> dict[str, Any]:
    return {"container": thing.id, "code": thing.code, "net_g": grams}


def _sent(thing: Container, found: Manifest) -> int:
    """What is on the road of a container: the grams it was sent with, less what was accepted of it."""
    leg = thing.legs.get(found.id)
    sent = leg.sent_g if leg is not None and leg.sent_g is not None else found.listed.get(thing.id, thing.net_g)
    return sent - ((leg.accepted_g or 0) if leg is not None else 0)


def _lines(
    actor: Actor, found: Manifest, names: Iterable[str], standing: tuple[str, ...], but: Iterable[Container] = ()
) -> list[Container]:
    """The containers named, else all of the manifest that stand so."""
    names, left = tuple(names), {thing.id for thing in but}
    if not names:
        names = tuple(c for c, state in found.lines.items() if state in standing and c not in left)
    if not names:
        raise click.UsageError(
            say(
                f"联单上没有可操作的容器（{', '.join(standing)}）",
                f"no container of the manifest is {' or '.join(standing)}",
            )
        )
    return actor.find.containers(names, found.lines)


def _common_site(things: list[Container]) -> str | None:
    sites = {thing.site for thing in things if thing.site}
    return next(iter(sites)) if len(sites) == 1 else None
