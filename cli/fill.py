"""`fill`: waste goes into a container, at once or over weeks."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import Quantity, mass_of, weighed
from cli.words import mass, say


@click.command()
@click.argument("container")
@click.option("--open", "step", flag_value="open", help="Filling starts: no mass yet; the storage clock starts now.")
@click.option("--add", "step", flag_value="add", help="Some waste was added.")
@click.option("--close", "step", flag_value="close", help="Filling ends, with the final weight.")
@weighed
@click.option("--profile", help="The kind of waste, by name or code (the party's only one).")
@click.option("--site", help="Where (the party's only site).")
@click.option("--facility", help="The facility that generated it.")
@click.option("--kind", type=click.Choice(["package", "vessel", "load", "group", "lot"]), default="package")
@click.option("--type", "container_type", help="For instance 'steel drum 200 l'.")
@click.option("--asset", help="The code of a drum or bin that comes back.")
@click.option("--batch-code")
@click.option("--destination", help="Where it is meant to go; sealed.")
@click.option("--handler", help="Who filled it; sealed.")
@acting
def command(
    actor: Actor,
    container: str,
    step: str | None,
    profile: str | None,
    site: str | None,
    facility: str | None,
    kind: str,
    container_type: str | None,
    asset: str | None,
    batch_code: str | None,
    destination: str | None,
    handler: str | None,
    **weights: Any,
) -> None:
    """Fill CONTAINER: a new one, generated, packed and weighed at once; or step by step with --open, --add, --close.

    CONTAINER is the code on the drum. One drum is one filling: when it comes back empty, fill it again.

    \b
    Example:
    wasteledger fill drum-2 --open --as ann
    wasteledger fill drum-2 --add --mass 60kg --as ann
    wasteledger fill drum-2 --close --gross 139kg --tare 19kg --as ann
    wasteledger fill drum-1 --mass 182.5kg --handler "Li Demo" --as ann
    """
    if step in ("add", "close"):
        _more(actor, container, step, facility, batch_code, handler, weights)
        return
    if actor.find.in_use(container):
        raise click.UsageError(
            say(f"{container} 尚未清空，请换一个编码", f"{container} is in use and not empty yet: choose another code")
        )
    id_, waste = actor.find.profile(profile)
    body: dict[str, Any] = {
        "container": actor.new("container"),
        "place": actor.find.place(site),
        "kind": kind,
        "code": waste.code,
        "name": waste.name,
        "profile": id_,
        "facility": actor.find.facility(facility).facility if facility else waste.facility,
        "form": waste.form,
        "hazards": waste.hazards,
        "catalogue_name": waste.catalogue_name,
        "container_code": container,
        "container_type": container_type,
        "asset": asset,
        "batch_code": batch_code,
        "destination": {"clear": destination} if destination else None,
        "handler": actor.person(handler),
    }
    if step == "open":
        actor.says(
            "container-opened", body, f"{container} 开始装 {waste.name}", f"{container}: filling with {waste.name}"
        )
        actor.then(f"wasteledger fill {container} --add --mass ...")
        return
    body["mass"] = mass_of(**weights)
    filled = _shown(body["mass"])
    words = f"{waste.name} ({waste.code})"
    actor.says("container-filled", body, f"{container} 装入 {filled} {words}", f"{container}: {filled} of {words}")
    actor.then(f"wasteledger store {container}")


def _more(
    actor: Actor,
    container: str,
    step: str,
    facility: str | None,
    batch_code: str | None,
    handler: str | None,
    weights: dict[str, Quantity],
) -> None:
    thing = actor.find.container(container)
    body: dict[str, Any] = {
        "container": thing.id,
        "place": {"party": actor.party, "site": thing.site or actor.find.site(None)},
        "code": thing.code,
        "mass": mass_of(**weights),  # type: ignore[arg-type]
        "handler": actor.person(handler),
    }
    filled = _shown(body["mass"])
    if step == "add":
        body |= {"facility": actor.find.facility(facility).facility if facility else None, "batch_code": batch_code}
        actor.says("waste-added", body, f"{container} 加入 {filled}", f"{container}: {filled} more")
        actor.then(f"wasteledger fill {container} --close --gross ... --tare ...")
    else:
        body["previous_g"] = thing.net_g
        actor.says("container-closed", body, f"{container} 装满，{filled}", f"{container}: closed with {filled}")
        actor.then(f"wasteledger store {container}")


def _shown(weight: dict[str, Any]) -> str:
    return mass(weight["net_g"]) if "net_g" in weight else say("（质量未知）", "(mass unknown)")
