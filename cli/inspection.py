"""`inspection`: drawn at random for everybody to recompute, and what it found."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from cli.words import say
from ledger.custody.events.oversight import InspectionDrawn
from ledger.log.hashing import sha256

command = click.Group("inspection", help=__doc__)


@command.command()
@click.argument("roll", type=click.File("rb"))
@click.option("--seed", required=True, help="Something nobody could know before, such as a lottery's draw.")
@acting
def draw(actor: Actor, roll: IO[bytes], seed: str) -> None:
    """Draw one party, as supervising authority, from ROLL: a file with a name in each line.

    The line drawn is SHA-256 of the file followed by the seed, as a number, modulo how many lines there are, from 0.
    The record holds the hashes of both, so that whoever has the file and the seed finds the same.

    \b
    Example:
    wasteledger inspection draw roll.txt --seed "2026-03-01 lottery 4 8 15 16 23 42" --as bureau
    """
    text, said = roll.read(), seed.encode()
    names = text.decode().split("\n")
    names = [name.strip() for name in names if name.strip()]
    if not names:
        raise click.UsageError(say("名单为空", "the roll is empty"))
    drawn = names[int.from_bytes(sha256(text + said)) % len(names)]
    body = {"holder": actor.find.any_party(drawn), "drawn_from": sha256(text).hex(), "seed": sha256(said).hex()}
    actor.says("inspection-drawn", body, f"抽中 {drawn}", f"{drawn} is drawn")
    actor.then(f"wasteledger inspection report {drawn} REPORT")


@command.command()
@click.argument("holder")
@click.argument("report", type=click.File("rb"))
@click.option("--faults", is_flag=True, help="It found faults (all was in order).")
@acting
def report(actor: Actor, holder: str, report: IO[bytes], faults: bool) -> None:
    """Report, as supervising authority, what an inspection of HOLDER found: of the newest draw, if it was drawn.

    \b
    Example:
    wasteledger inspection report Garage report.txt --faults --as bureau
    """
    party = actor.find.any_party(holder)
    drawn = [s.fact.id for s in actor.queries.history(party) if isinstance(s.fact.event, InspectionDrawn)]
    body = {
        "holder": party,
        "inspection": drawn[-1] if drawn else None,
        "outcome": "faults" if faults else "in-order",
        "report": sha256(report.read()).hex(),
    }
    zh, en = ("发现问题", "faults found") if faults else ("无问题", "in order")
    actor.says("inspection-reported", body, f"{holder}：检查{zh}", f"{holder}: inspected, {en}")
    if faults:
        actor.then(f"wasteledger rectification order {holder} ORDER --until YYYY-MM-DD")
