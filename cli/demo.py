"""`demo`: a small invented park in a ledger of its own: really signed, really recorded, really verified."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from cli import keyring
from cli.acting import Actor, settle
from cli.entrance import furnish, let_in, open_doors
from cli.import_ import plan_of, say_plan, say_written
from cli.import_ import record as record_plan
from cli.keyring import Member
from cli.lookup import Lookup
from cli.rate import told
from cli.telling import SEVERITIES, exception, word
from cli.verify import verified
from cli.words import language, local, say, speak
from ledger import bootstrap
from ledger.custody.events import parse
from ledger.custody.flags import RULES
from ledger.custody.rate import Question
from ledger.custody.regimes.base import KINDS, later, moment_of
from ledger.errors import LedgerError
from ledger.exchange.author import seal
from ledger.exchange.catalogue import carried
from ledger.exchange.stories import PARK_MS, Player, in_order_of_arrival, shipped
from ledger.figures import figures
from ledger.log import entry
from ledger.log.checkpoint import Policy
from ledger.log.keys import PrivateKey
from ledger.log.proof import verify_receipt
from ledger.log.trust import Trust
from ledger.queries import Queries
from ledger.service import Ledger, RootAuthority
from ledger.settings import Settings, from_environment

ORIGIN = "ledger.example/demo-park"
MARK = "a demonstration ledger: `wasteledger demo` makes this folder anew\n"
WORKS, CLERK = "示例机电厂（虚构）", "works-clerk"


class DemoTaken(LedgerError):
    """The folder holds something that the demo did not make."""

    code = "demo-taken"
    zh = "{path} 不是演示所建，不会清空"
    en = "{path} was not made by the demo and will not be emptied"


@dataclass(slots=True)
class StoryClock:
    """Stands where the story is: arrivals happen when they are told to have happened."""

    ms: int = PARK_MS

    def __call__(self) -> int:
        return self.ms

    def at(self, moment: str) -> None:
        self.ms = max(self.ms, round(moment_of(moment).timestamp() * 1000))

    @property
    def moment(self) -> str:
        return datetime.fromtimestamp(self.ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(slots=True, kw_only=True)
class Stage:
    """The ledger of the demo and everybody who acts in it."""

    folder: Path
    ledger: Ledger
    queries: Queries
    clock: StoryClock
    members: dict[str, Member]
    stack: ExitStack
    day: str = ""

    @property
    def people(self) -> Path:
        return home(self.folder).home / "people"

    def join(self, name: str) -> None:
        """Take up the key that the keyring holds under this name."""
        self.members[name] = self.stack.enter_context(keyring.member(self.people, name))

    def say(self, who: str, type_: str, body: dict[str, Any], at: str | None = None, id_: str | None = None) -> None:
        """One person signs one statement and the ledger records it; everybody sees a checkpoint a day."""
        me, at = self.members[who], at or self.clock.moment
        if self.ledger.regime.day_of(self.clock.moment) != self.day:
            self.day = self.ledger.regime.day_of(self.clock.moment)
            self.ledger.sign()
        me.look(self.ledger.unwitnessed_checkpoint(), self.ledger.opened.log_key, self.ledger.tile)
        sealed_body, texts = seal(body, os.urandom)
        event = parse(type_, sealed_body, self.ledger.regime)
        made = me.chain.statement(event, at, id_ or self.ledger.new_id(), sealed_body)
        me.put([keyring.signed(made, texts, me.note)])
        for answer in me.deliver(self.ledger.record):
            if answer.error is not None:
                raise answer.error

    def enrol(self, name: str, party: str, person: str, **rights: Any) -> None:
        """A new person with a key of their own, enrolled by the registrar."""
        seed = os.urandom(32)
        body = self.ledger.enrolment(PrivateKey(seed), holder=party, person=person, **rights)
        self.say("registrar", "key-enrolled", body)
        keyring.create(
            self.people, name, seed=seed, ledger=ORIGIN, party=party, person=person, stream=body["key"],
            regime=self.ledger.regime.name,
        )  # fmt: skip
        self.join(name)

    def actor(self, name: str) -> Actor:
        """That person as the commands know one."""
        me = self.members[name]
        find = Lookup(self.ledger, self.queries, me.chain.party)
        return Actor(
            ledger=self.ledger, queries=self.queries, find=find, me=me, at=self.clock.moment, people=self.people
        )


@click.command()
@click.option(
    "--home", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("demo"), show_default=True
)
@click.option("--keep", is_flag=True, help="Show the demo that is there already.")
@click.option("--serve", "serving", is_flag=True, help="Then serve it on this machine until Ctrl-C.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, callback=speak, is_eager=True)
def command(folder: Path, keep: bool, serving: bool, port: int) -> None:
    """Make a ledger of an invented park, then show its rate, what is missing, its exceptions, and verify it all.

    Everybody in it is invented and says so; waste codes, clocks and laws are real, and so is every signature.

    \b
    Example:
    wasteledger demo
    """
    with ExitStack() as stack:
        stage = _opened(folder, stack) if keep and (folder / "demo.txt").exists() else _made(folder, stack)
        show(stage)
    if serving:
        open_doors(home(folder), port)


def home(folder: Path) -> Settings:
    """The settings of a demo in a folder: nothing of the surrounding environment."""
    return from_environment({"WASTELEDGER_HOME": str(folder / "ledger")})


# ---------------------------------------------------------------------------------------------- making it


def _opened(folder: Path, stack: ExitStack) -> Stage:
    ledger = bootstrap.open_ledger(home(folder))
    stack.callback(ledger.close)
    queries = bootstrap.open_queries(ledger)
    queries.projector.follow()
    clock = StoryClock()
    clock.at(entry.parse(ledger.record_at(ledger.size() - 1).entry).received_at)
    return Stage(folder=folder, ledger=ledger, queries=queries, clock=clock, members={}, stack=stack)


def _made(folder: Path, stack: ExitStack) -> Stage:
    _clear(folder)
    park, stories = shipped()
    stories = [story for story in stories if story.demo]
    settings, clock = home(folder), StoryClock()
    people = settings.home / "people"
    roots = [p for p in park.players.values() if p.genesis]
    authorities = [_root(people, player) for player in roots]
    ledger = bootstrap.init_ledger(
        settings, origin=ORIGIN, operator_name="示例园区运营方（虚构）", authorities=authorities, told=clock
    )
    stack.callback(ledger.close)
    queries = bootstrap.open_queries(ledger)
    stage = Stage(folder=folder, ledger=ledger, queries=queries, clock=clock, members={}, stack=stack)
    for player in roots:
        stage.join(player.alias)
    for player in park.players.values():
        if not player.genesis:
            stage.enrol(player.alias, player.party, player.person, admin=player.admin)
    _adopt_catalogue(stage)
    steps = in_order_of_arrival([*park.steps, *(step for story in stories for step in story.steps)])
    click.echo(say("记录故事：", "recording the stories:"))
    for story in stories:
        click.echo(f"  {story.name}: {say(story.zh, story.en)}")
    for step in steps:
        clock.at(step.received_at)
        stage.say(step.by.alias, step.type, step.body, step.at, step.id)
    _import(stage)
    let_in(ledger, settings, park.players, stage.say)
    furnish(ledger, park.story.ids["coating-yard"], park.players, stage.say)
    settle(ledger, queries)
    return stage


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "demo.txt").exists():
            raise DemoTaken(
                path=folder, expected=say("空目录，或演示所建的目录", "an empty folder or one of the demo's")
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo.txt").write_text(MARK, encoding="utf-8")


def _root(people: Path, player: Player) -> RootAuthority:
    chain = keyring.create(
        people, player.alias, seed=os.urandom(32), ledger=ORIGIN, party=player.party, person=player.person,
        stream=player.key, regime="cn.1",
    )  # fmt: skip
    return RootAuthority(
        party=player.party,
        person=player.person,
        key=player.key,
        public_key=chain.key.public,
        roles=player.roles,
        name="示例区生态环境局（虚构）",
    )


def _adopt_catalogue(stage: Stage) -> None:
    edition = carried("2021")
    stage.ledger.keep_document(edition.content)
    stage.say("settings", "catalogue-adopted", edition.body("2021", "2021-01-01"))


def _import(stage: Stage) -> None:
    """The sample workbook, brought in by the enterprise whose books it is, once it is registered."""
    stage.clock.at(later(stage.clock.moment, days=1))
    party, site = (f"{kind}:{stage.ledger.new_id()}" for kind in ("party", "site"))
    stage.enrol(CLERK, party, f"person:{stage.ledger.new_id()}", admin=True)
    for who, type_, body in (
        ("registrar", "party-registered", {"holder": party, "name": WORKS, "duties": ["generator"]}),
        ("registrar", "site-registered", {"holder": party, "site": site, "name": "机电厂厂区（虚构）"}),
        ("licensing", "licence-granted", {
            "licence": f"licence:{stage.ledger.new_id()}", "holder": party, "number": "示自证 001 号（虚构）",
            "kind": "own-facility", "valid_from": "2025-01-01", "valid_until": "2029-12-31", "include": ["HW09"],
        }),
    ):  # fmt: skip
        stage.say(who, type_, body)
    settle(stage.ledger, stage.queries)
    click.echo(say(f"导入 {WORKS} 的既有台账 sample.xlsx：", f"importing the books of {WORKS}, sample.xlsx:"))
    content = files("fixtures").joinpath("hj1259/sample.xlsx").read_bytes()
    actor = stage.actor(CLERK)
    planned = plan_of(actor, content)
    say_plan(planned, (), False)
    say_written(record_plan(actor, planned))
    settle(stage.ledger, stage.queries)


# ---------------------------------------------------------------------------------------------- showing it


def show(stage: Stage) -> None:
    """Figures, gaps, exceptions, verification, a receipt, and what to try."""
    ledger, queries = stage.ledger, stage.queries
    as_of = stage.clock.moment
    find = Lookup(ledger, queries, "")
    year = ledger.regime.day_of(as_of)[:4]
    start, end = ledger.regime.period(year)
    settings = home(stage.folder)
    policy = Policy.parse(settings.policy.read_bytes())
    for kind in KINDS:
        question = Question(view="origin", kind=kind, start=start, end=end, as_of=as_of)
        found = figures(ledger, queries, question, policy)
        if found.rate.proven.whole_g or found.unresolved:
            _section(say("安全处置率", "the rate"))
            click.echo("\n".join(told(found, say("全园区", "the whole park"), year, find)))
    flags = queries.exceptions(as_of)
    when = local(as_of, ledger.regime.offset)
    _section(say(f"{when} 未结异常 {len(flags)} 项", f"{len(flags)} exceptions stand at {when}"))
    _exceptions(flags, find, ledger)
    _section(say("验证整个账本", "verifying the whole ledger"))
    verdict = verified(ledger, settings, processes=1)
    click.echo("\n".join(verdict.says(language())))
    _section(say("一张可离线验证的收据", "a receipt that verifies offline"))
    drum = queries.find("G-001", "container")
    index = queries.history(drum.id)[-1].index
    receipt = stage.folder / "receipt.txt"
    made = ledger.receipt(queries.history(drum.id)[-1].fact.id, policy)
    assert isinstance(made, str)
    receipt.write_text(made, encoding="utf-8")
    trust = Trust.parse(settings.trust.read_bytes())
    click.echo(f"{receipt} (#{index})")
    click.echo(verify_receipt(receipt.read_bytes(), policy, trust).says(language()))
    _section(say("接下来可以试试", "what to try next"))
    click.echo("\n".join(suggestions(stage.folder, as_of[:10], index)))
    click.echo("")
    click.echo(say(
        "单位、人员、编号、时间均为虚构（名称已注明，信用代码的地区 999999 不存在）；废物代码、方法、时限与法规为真。",
        "Parties, people, numbers and times are invented (their names say so, their credit codes lie in region 999999, "
        "which does not exist); waste codes, methods, clocks and laws are real.",
    ))  # fmt: skip


def _exceptions(flags: Iterable[Any], find: Lookup, ledger: Ledger) -> None:
    """Serious ones in full, the others counted."""
    others: dict[str, int] = {}
    for flag in flags:
        if RULES[flag.rule].severity == "serious":
            click.echo("\n".join(exception(flag, find.title, ledger.regime)))
        else:
            others[flag.rule] = others.get(flag.rule, 0) + 1
    for rule, count in sorted(others.items()):
        severity = word(SEVERITIES, RULES[rule].severity)
        click.echo(f"[{severity}] {say(RULES[rule].zh, RULES[rule].en)} · {rule} × {count}")


def suggestions(folder: Path, day: str, index: int) -> Iterator[str]:
    """Commands that work as they stand, in this order, in a shell."""
    found = shutil.which("wasteledger")
    path = f' PATH={shlex.quote(str(Path(sys.argv[0]).resolve().parent))}:"$PATH"' if found is None else ""
    ledger = shlex.quote(str(folder / "ledger"))
    yield f"export WASTELEDGER_HOME={ledger}{path}"
    yield "wasteledger show G-001"
    yield f"wasteledger rate --as-of {day} --party 91999999DEM0000016"
    yield f"wasteledger exceptions --as-of {day} --rule closed-by-unentitled"
    yield "wasteledger fill G-900 --mass 42kg --as garage-clerk"
    yield f"wasteledger receipt {index} -o receipt.txt"
    yield f"wasteledger verify-receipt receipt.txt --policy {ledger}/policy.txt --trust {ledger}/trust.json"
    yield f"wasteledger export hj1259 --party {shlex.quote(WORKS)} -o books.xlsx"
    yield f"wasteledger import hj1259 books.xlsx --as {CLERK}"
    yield "wasteledger verify"


def _section(title: str) -> None:
    click.echo("")
    click.echo(f"── {title} " + "─" * 20)
