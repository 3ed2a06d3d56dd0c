"""`complaint`: what somebody complained of, and what came of it."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.lookup import Lookup
from cli.words import local, say
from ledger.custody.events.oversight import ComplaintAnswered, ComplaintRegistered
from ledger.custody.fact import Fact
from ledger.log import statement
from ledger.log.hashing import sha256
from ledger.queries import Queries

command = click.Group("complaint", help=__doc__)


@command.command()
@click.argument("holder")
@click.argument("complaint")
@click.option("--concerns", help="The thing complained of, by name or id (the party itself).")
@acting
def register(actor: Actor, holder: str, complaint: str, concerns: str | None) -> None:
    """Register, as supervising authority, what somebody complained of HOLDER; the words are sealed.

    \b
    Example:
    wasteledger complaint register Garage "smell of solvent at night" --concerns Workshop --as bureau
    """
    party = actor.find.any_party(holder)
    body = {
        "holder": party,
        "concerns": actor.queries.find(concerns).id if concerns else party,
        "complaint": {"clear": complaint},
    }
    actor.says("complaint-registered", body, f"已受理对 {holder} 的投诉", f"a complaint about {holder} is registered")
    actor.then(f"wasteledger complaint answer {holder} ANSWER --outcome OUTCOME")


@command.command()
@click.argument("holder")
@click.argument("answer", type=click.File("rb"))
@click.option("--outcome", type=click.Choice(["justified", "unjustified", "referred"]), required=True)
@click.option("--complaint", "number", help="Its entry number, id or hash (the party's oldest open one).")
@acting
def answer(actor: Actor, holder: str, answer: IO[bytes], outcome: str, number: str | None) -> None:
    """Answer, as supervising authority, a complaint about HOLDER; the ledger keeps the hash of the ANSWER.

    \b
    Example:
    wasteledger complaint answer Garage report.txt --outcome justified --as bureau
    """
    party = actor.find.any_party(holder)
    waiting = [fact.id for fact, _, outcome in _complaints(actor.queries, [party]) if not outcome]
    if number is None and not waiting:
        raise click.UsageError(say(f"{holder} 没有未答复的投诉", f"no complaint about {holder} waits for an answer"))
    body = {
        "holder": party,
        "complaint": waiting[0] if number is None else statement.parse(actor.find.record(number).statement).id,
        "outcome": outcome,
        "answer": sha256(answer.read()).hex(),
    }
    actor.says("complaint-answered", body, f"已答复对 {holder} 的投诉", f"the complaint about {holder} is answered")


@command.command("list")
@click.option("--party", "parties", multiple=True, help="Only about this party.")
@reading
def list_(parties: tuple[str, ...], as_json: bool) -> None:
    """Every complaint, with what came of it.

    \b
    Example:
    wasteledger complaint list
    """
    with open_ledger() as (ledger, queries):
        find = Lookup(ledger, queries, "")
        about = [find.any_party(each) for each in parties] or list(find.registry.parties)
        rows = [
            {
                "complaint": fact.id,
                "at": fact.at if as_json else local(fact.at, ledger.regime.offset),
                "party": find.name(said.holder),
                "concerns": find.name(said.concerns),
                "outcome": outcome,
            }
            for fact, said, outcome in _complaints(queries, about)
        ]
    rows_out(rows, as_json)


def _complaints(queries: Queries, parties: list[str]) -> list[tuple[Fact, ComplaintRegistered, str]]:
    """Each complaint about the parties, with the outcome of its newest answer ("" while it has none)."""
    told = queries.told_of(parties, ComplaintRegistered, ComplaintAnswered)
    outcomes = {e.complaint: e.outcome for fact in told if isinstance(e := fact.event, ComplaintAnswered)}
    return [(f, e, outcomes.get(f.id, "")) for f in told if isinstance(e := f.event, ComplaintRegistered)]
