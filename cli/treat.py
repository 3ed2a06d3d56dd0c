"""`treat`: the end of waste, by batch, with what comes out of it."""

from __future__ import annotations

import csv
from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import PIECE, WEIGHED, Quantity, moment_at
from cli.words import mass, say
from fixtures import open_text


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=PIECE, metavar="CONTAINER[=MASS]...")
@click.option("--method", required=True, help="For instance D10 or R9.")
@click.option("--facility", help="Where (the party's only facility).")
@click.option("--end", type=click.Choice(["utilised", "disposed"]), help="As the method says, unless it is unknown.")
@click.option("--intermediate", is_flag=True, help="A pre-treatment: closes nothing.")
@click.option("--output", "outputs", multiple=True, type=WEIGHED, help="CONTAINER=MASS: what comes out of it.")
@click.option("--output-profile", help="What comes out (the party's only waste profile).")
@click.option(
    "--basis", type=click.Choice(["weighed", "weighbridge", "metered", "estimated", "document"]), default="weighed"
)
@click.option("--started", help="As --at.")
@click.option("--ended", help="As --at.")
@click.option("--batch-code")
@click.option("--exemption", help="ROW=HASH: the exemption relied on, with the hash of its evidence.")
@click.option("--handler", help="Who did it; sealed.")
@acting
def command(
    actor: Actor,
    inputs: tuple[tuple[str, Quantity | None], ...],
    method: str,
    facility: str | None,
    end: str | None,
    intermediate: bool,
    outputs: tuple[tuple[str, Quantity], ...],
    output_profile: str | None,
    basis: str,
    started: str | None,
    ended: str | None,
    batch_code: str | None,
    exemption: str | None,
    handler: str | None,
) -> None:
    """Treat the contents of containers (all of it, or =MASS); every residue is new mass with a container of its own.

    \b
    Example:
    wasteledger treat drum-1 --method D10 --facility KILN-1 --output ash-1=12kg --as dee
    """
    drawn = [(actor.find.container(name), part) for name, part in inputs]
    where = actor.find.facility(facility)
    offset = actor.ledger.regime.offset
    begins = any(not actor.find.in_use(name) for name, _ in outputs)
    residue = actor.find.profile(output_profile)[1] if begins else None
    row, _, evidence = (exemption or "").partition("=")
    body: dict[str, Any] = {
        "place": {"party": actor.party, "site": where.site},
        "facility": where.facility,
        "stage": "intermediate" if intermediate else "final",
        "end": end or _end_of(method),
        "method": method,
        "basis": basis,
        "inputs": [{"container": t.id, "code": t.code, "net_g": p.whole if p else t.net_g} for t, p in drawn],
        "outputs": [actor.into(name, weight.whole, residue, "package") for name, weight in outputs],
        "started": moment_at(started, 0, offset) if started else None,
        "ended": moment_at(ended, 0, offset) if ended else None,
        "exemption": {"row": row, "evidence": evidence} if exemption else None,
        "batch_code": batch_code,
        "handler": actor.person(handler),
    }
    treated = mass(sum(each["net_g"] for each in body["inputs"]))
    actor.says("waste-treated", body, f"已按 {method} 处理 {treated}", f"{treated} treated by {method}")


def _end_of(method: str) -> str:
    """utilised or disposed, as the table of methods has it."""
    with open_text("cn/method-codes.csv") as table:
        kinds = {row["code"]: row["kind"] for row in csv.DictReader(table)}
    match kinds.get(method):
        case "utilisation":
            return "utilised"
        case "disposal" | "medical" | "chromium-slag":
            return "disposed"
        case _:
            raise click.UsageError(
                say(f"方式 {method} 不在表中，请给出 --end", f"method {method} is not in the table: give --end")
            )
