"""`scale`: what masses are weighed on, and until when it is calibrated."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.values import MASS, Quantity
from cli.words import say
from ledger.custody.events.registry import ScaleCalibrated, ScaleRegistered
from ledger.custody.fact import Fact
from ledger.log.hashing import sha256

command = click.Group("scale", help=__doc__)


@command.command()
@click.argument("name")
@click.option("--site", help="Where it stands.")
@click.option("--capacity", type=MASS, help="The most it weighs, for instance 80t.")
@click.option("--division", type=MASS, help="What it tells apart, for instance 20kg.")
@acting
def register(actor: Actor, name: str, site: str | None, capacity: Quantity | None, division: Quantity | None) -> None:
    """Register a scale of the acting person's party.

    \b
    Example:
    wasteledger scale register weighbridge --site Furnace --capacity 80t --division 20kg --as dee
    """
    body = {
        "holder": actor.party,
        "scale": actor.new("scale"),
        "name": name,
        "site": actor.find.site(site) if site else None,
        "capacity_g": capacity.whole if capacity else None,
        "division_g": division.whole if division else None,
    }
    actor.says("scale-registered", body, f"已登记衡器 {name}", f"scale {name} is registered")
    actor.then(f"wasteledger scale calibrate {name} CERTIFICATE --until YYYY-MM-DD")


@command.command()
@click.argument("name")
@click.argument("certificate", type=click.File("rb"))
@click.option("--until", required=True, help="The last day for which it holds (YYYY-MM-DD).")
@acting
def calibrate(actor: Actor, name: str, certificate: IO[bytes], until: str) -> None:
    """A scale of the acting person's party was calibrated; the ledger keeps the hash of the CERTIFICATE.

    \b
    Example:
    wasteledger scale calibrate weighbridge report.txt --until 2027-06-30 --as dee
    """
    own = {s.scale: s.name for s in _registered(actor.queries.told_of([actor.party], ScaleRegistered))}
    named = [scale for scale, called in own.items() if name in (scale, called)]
    if len(named) != 1:
        listed = ", ".join(own.values())
        raise click.UsageError(
            say(
                f"衡器 {name} 对应 {len(named)} 台；已登记：{listed or '无'}",
                f"{name} is {len(named)} scales; registered: {listed or 'none'}",
            )
        )
    body = {
        "holder": actor.party,
        "scale": named[0],
        "valid_until": until,
        "certificate": sha256(certificate.read()).hex(),
    }
    actor.says("scale-calibrated", body, f"{name} 检定有效期至 {until}", f"{name} is calibrated until {until}")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every registered scale, with the last day of its calibration.

    \b
    Example:
    wasteledger scale list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
        told = queries.told_of(registry.parties, ScaleRegistered, ScaleCalibrated)
    until = {(c.holder, c.scale): c.valid_until for fact in told if isinstance(c := fact.event, ScaleCalibrated)}
    rows = [
        {
            "scale": s.scale,
            "name": s.name,
            "party": registry.name_of(s.holder),
            "site": registry.name_of(s.site) if s.site else "",
            "calibrated_until": until.get((s.holder, s.scale), ""),
        }
        for s in _registered(told)
    ]
    rows_out(rows, as_json)


def _registered(told: list[Fact]) -> list[ScaleRegistered]:
    return [fact.event for fact in told if isinstance(fact.event, ScaleRegistered)]
