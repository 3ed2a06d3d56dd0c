"""`simulate`: an invented park of any size, signed and recorded as it lives, with frauds planted on request."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from cli import keyring
from cli.acting import settle
from cli.demo import StoryClock
from cli.lookup import Lookup
from cli.progress import progress
from cli.rate import told
from cli.verify import verified
from cli.words import language, say, speak
from ledger import bootstrap
from ledger.custody.events import parse
from ledger.custody.flags import RULES
from ledger.custody.rate import Question
from ledger.custody.regimes.base import KINDS, moment_of
from ledger.exchange.author import AuthorChain, seal
from ledger.exchange.catalogue import carried
from ledger.exchange.stories import Player, Step
from ledger.exchange.worlds import FRAUDS, World
from ledger.figures import figures
from ledger.log.checkpoint import Policy, parse_checkpoint
from ledger.log.hashing import sha256
from ledger.log.keys import PrivateKey
from ledger.log.note import Note
from ledger.log.statement import Seen, statement_hash
from ledger.queries import Queries
from ledger.service import Ledger, RootAuthority, Submission
from ledger.settings import Settings, from_environment

ORIGIN = "ledger.example/simulated-park"
BATCH = 1_000
PARK = (8, 365)


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same world.")
@click.option("--enterprises", type=click.IntRange(1, 10_000), default=8, show_default=True)
@click.option("--days", type=click.IntRange(1, 3_660), default=30, show_default=True)
@click.option("--park", is_flag=True, help="The demonstration park: eight enterprises, one year.")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="Where the ledger is made.")
@click.option("--fraud", "frauds", multiple=True, type=click.Choice(list(FRAUDS)), help="Plant this; repeatable.")
@click.option(
    "--planted", type=click.Path(dir_okay=False, path_type=Path), help="Write what was planted where, as JSON."
)
@click.option("--verify/--no-verify", "verifying", default=True, help="Verify the whole ledger in the end.")
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, callback=speak, is_eager=True)
def command(
    seed: int,
    enterprises: int,
    days: int,
    park: bool,
    home: Path | None,
    frauds: tuple[str, ...],
    planted: Path | None,
    verifying: bool,
) -> None:
    """Make a ledger of an invented park of any size and show its figures; everybody in it is invented and says so.

    \b
    Example:
    wasteledger simulate --enterprises 4 --days 14 --home world --fraud weight-skim --planted planted.json
    """
    started = time.monotonic()
    if park:
        enterprises, days = PARK
    frauds = tuple(dict.fromkeys(frauds))
    world = World(random.Random(seed), enterprises=enterprises, days=days, frauds=frauds)
    environment = dict(os.environ) | ({"WASTELEDGER_HOME": str(home)} if home is not None else {})
    settings, clock = from_environment(environment), StoryClock()
    ledger, queries = recorded(world, settings, clock)
    try:
        _passed(started, "recorded and projected", "已记录并投影", ledger.size())
        if planted is not None:
            size = {"seed": seed, "enterprises": enterprises, "days": days}
            document = {**size, "planted": [dataclasses.asdict(p) for p in world.planted.values()]}
            planted.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        _show(ledger, queries, settings, clock.moment)
        if verifying:
            click.echo("\n".join(verified(ledger, settings).says(language())))
            _passed(started, "verified", "已验证", ledger.size())
    finally:
        ledger.close()


def recorded(world: World, settings: Settings, clock: StoryClock) -> tuple[Ledger, Queries]:
    """A new ledger in which the world has happened: each statement signed by its author's own key, recorded in batches
    of a day or of 1,000, and projected. Who acted there is in the keyring of the home afterwards."""
    clock.ms = round(moment_of(world.begins).timestamp() * 1000)
    everybody = [*world.players, *(farm.player for farm in world.farms)]
    chains = {player.alias: _chain(player) for player in everybody}
    ledger = bootstrap.init_ledger(
        settings,
        origin=ORIGIN,
        operator_name="示例园区运营方（虚构）",
        authorities=[_root(world, player, chains[player.alias]) for player in world.players if player.genesis],
        told=clock,
    )
    ledger.keep_document(carried("2021").content)
    streams = _enrol(world, ledger, chains, clock.moment)
    # What only signing makes known, by what stands for it in a world: keys, and statements in quarantine.
    known = {player.key: streams[player.alias] for player in world.players}
    with progress(say("记录", "recording")) as bar:
        for batch in _batches(world.steps()):
            clock.at(batch[-1].received_at)
            said = []
            for s in batch:
                if s.type == "subject-erased":
                    ledger.erase(s.body["person"], s.body["reason"])
                    continue
                body = s.body
                if s.type in ("key-revoked", "statement-adopted"):
                    body = {name: known.get(value, value) if isinstance(value, str) else value
                            for name, value in body.items()}  # fmt: skip
                said.append(_signed(ledger, chains[s.by.alias], s.type, body, s.at, s.id))
                if s.refused:
                    known[sha256(s.id.encode()).hex()] = statement_hash(said[-1].raw).hex()
            _record(ledger, said)
            _look(ledger, chains.values())
            bar(ledger.size(), max(ledger.size(), 70 * world.days))
    queries = bootstrap.open_queries(ledger)
    settle(ledger, queries)
    for player in world.players:
        _keep(ledger, settings, player, streams[player.alias], chains[player.alias])
    return ledger, queries


def _chain(player: Player) -> AuthorChain:
    return AuthorChain(key=PrivateKey(os.urandom(32)), ledger=ORIGIN, party=player.party, person=player.person)


def _root(world: World, player: Player, chain: AuthorChain) -> RootAuthority:
    return RootAuthority(
        party=player.party,
        person=player.person,
        key=player.key,
        public_key=chain.key.public,
        roles=player.roles,
        name=next(name for name, party in world.offices.items() if party == player.party),
    )


def _enrol(world: World, ledger: Ledger, chains: dict[str, AuthorChain], at: str) -> dict[str, str]:
    """The registrar enrols everybody whose key the genesis does not pin, carriers vouch for the farms; the key stream
    of each player."""
    streams, said = {}, []
    for player in world.players:
        streams[player.alias] = player.key
        if not player.genesis:
            key = chains[player.alias].key
            body = ledger.enrolment(key, holder=player.party, person=player.person, admin=player.admin)
            streams[player.alias] = body["key"]
            said.append(_signed(ledger, chains["registrar"], "key-enrolled", body, at, ledger.new_id()))
    for guest in [farm.player for farm in world.farms]:
        body = ledger.enrolment(chains[guest.alias].key, holder=guest.party, person=guest.person, uses=1)
        said.append(_signed(ledger, chains[guest.vouched_by], "key-enrolled", body, at, ledger.new_id()))
    for start in range(0, len(said), BATCH):
        _record(ledger, said[start : start + BATCH])
    _look(ledger, chains.values())
    return streams


def _batches(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """At most a thousand, and none from two days: what a batch holds is received at one moment."""
    batch: list[Step] = []
    for step in steps:
        if batch and (len(batch) == BATCH or step.received_at[:10] != batch[0].received_at[:10]):
            yield batch
            batch = []
        batch.append(step)
    if batch:
        yield batch


def _signed(ledger: Ledger, chain: AuthorChain, type_: str, body: dict[str, Any], at: str, id_: str) -> Submission:
    sealed, texts = seal(body, os.urandom) if "handler" in body else (body, ())
    made = chain.statement(parse(type_, sealed, ledger.regime), at, id_, sealed)
    return Submission(raw=made.raw, signature=made.signature, sealed=texts)


def _record(ledger: Ledger, said: list[Submission]) -> None:
    for answer in ledger.record(said):
        if answer.error is not None and answer.outcome != "quarantined":
            raise answer.error


def _look(ledger: Ledger, chains: Iterable[AuthorChain]) -> None:
    """Everybody sees the newest checkpoint from now on."""
    ledger.sequence()
    ledger.sign()
    newest = parse_checkpoint(Note.parse(ledger.unwitnessed_checkpoint()).text)
    for chain in chains:
        chain.seen = Seen(size=newest.size, root=newest.root.hex())


def _keep(ledger: Ledger, settings: Settings, player: Player, stream: str, chain: AuthorChain) -> None:
    """Into the keyring: anybody of this world can go on acting."""
    people = settings.home / "people"
    keyring.create(
        people, player.alias, seed=chain.key.seed, ledger=ORIGIN, party=player.party, person=player.person,
        stream=stream, regime=ledger.regime.name,
    )  # fmt: skip
    with keyring.member(people, player.alias) as me:
        me.chain.seq, me.chain.prev = chain.seq, chain.prev
        me.look(ledger.unwitnessed_checkpoint(), ledger.opened.log_key, ledger.tile)


def _show(ledger: Ledger, queries: Queries, settings: Settings, as_of: str) -> None:
    """The figures of the year of the last day, and how many exceptions of each rule stand."""
    find, policy = Lookup(ledger, queries, ""), Policy.parse(settings.policy.read_bytes())
    year = ledger.regime.day_of(as_of)[:4]
    start, end = ledger.regime.period(year)
    for kind in KINDS:
        question = Question(view="origin", kind=kind, start=start, end=end, as_of=as_of)
        found = figures(ledger, queries, question, policy)
        if found.rate.proven.whole_g:
            click.echo("\n".join(told(found, say("全园区", "the whole park"), year, find)))
    for rule, count in sorted(Counter(flag.rule for flag in queries.exceptions(as_of)).items()):
        click.echo(f"{say(RULES[rule].zh, RULES[rule].en)} · {rule} × {count}")


def _passed(started: float, en: str, zh: str, size: int) -> None:
    click.echo(say(f"{zh} {size} 条，{time.monotonic() - started:.0f} 秒", f"{en}: {size} entries, "
               f"{time.monotonic() - started:.0f} s"), err=True)  # fmt: skip
