"""`rate`: the safe-disposal rate, never without its terms and what is missing from it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, get_args

import click

from cli.acting import open_ledger, reading
from cli.lookup import Lookup
from cli.telling import REASONS, STAGES, word
from cli.values import moment_at
from cli.words import language, local, mass, say
from ledger import bootstrap
from ledger.custody.rate import Question, Rate, Share, View
from ledger.custody.regimes.base import KINDS
from ledger.figures import Figures, figures
from ledger.log.checkpoint import Policy
from ledger.service import Ledger
from ledger.telling import CAME_IN, VIEWS, WASTES, WHY


@click.command()
@click.option("--view", type=click.Choice(get_args(View)), default="origin", show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default="hazardous", show_default=True)
@click.option("--period", help="2026, 2026-Q1, 2026-03 or 2026-03-31 (the current year).")
@click.option("--party", "parties", multiple=True, help="Only this party, by name, credit code or id.")
@click.option("--site", "sites", multiple=True, help="Only this site.")
@click.option("--code", help="Only this waste code.")
@click.option("--as-of", help="The moment up to which clocks are read (now), such as '2026-03-31 24:00' or 2026-04-01.")
@click.option("--at-size", type=click.IntRange(1), help="What an earlier checkpoint of so many entries gave.")
@reading
def command(
    view: View,
    kind: str,
    period: str | None,
    parties: tuple[str, ...],
    sites: tuple[str, ...],
    code: str | None,
    as_of: str | None,
    at_size: int | None,
    as_json: bool,
) -> None:
    """The safe-disposal rate: declared, proven and due, each with its two terms, and what is missing from 100 %.

    Kinds of waste are never added together, nor are the two views. Nothing is ever rounded up.

    \b
    Example:
    wasteledger rate --kind hazardous --party Garage
    """
    with open_ledger() as (ledger, queries):
        find = Lookup(ledger, queries, "")
        moment = moment_at(as_of, bootstrap.clock(), ledger.regime.offset)
        period = period or ledger.regime.day_of(moment)[:4]
        start, end = ledger.regime.period(period)
        question = Question(
            view=view,
            kind=kind,
            start=start,
            end=end,
            as_of=moment,
            parties=frozenset(find.any_party(each) for each in parties),
            sites=frozenset(find.site(each) for each in sites),
            code=code or "",
        )
        if at_size is not None and at_size > (known := queries.projected()):
            raise click.UsageError(say(f"--at-size：账本只有 {known} 条", f"--at-size: the ledger has {known} entries"))
        found = figures(ledger, queries, question, pinned(ledger), at_size)
        if as_json:
            click.echo(json.dumps(document(found), ensure_ascii=False, indent=1))
        else:
            scope = "、".join(map(find.name, sorted(question.parties | question.sites))) or say(
                "全账本", "whole ledger"
            )
            click.echo("\n".join(told(found, scope, period or start_year(question, ledger), find)))


def start_year(question: Question, ledger: Ledger) -> str:
    return ledger.regime.day_of(question.start)[:4]


def pinned(ledger: Ledger) -> Policy:
    """The policy of this home, else one that believes the log's own key alone."""
    path = bootstrap.settings().policy
    return Policy.parse(path.read_text(encoding="utf-8") if path.exists() else ledger.policy_text())


def told(found: Figures, scope: str, period: str, find: Lookup) -> Iterator[str]:
    """The figures for people."""
    rate, question = found.rate, found.rate.question
    offset = find.ledger.regime.offset
    yield say("安全处置率", "safe-disposal rate") + f" · {word(WASTES, question.kind)} · {scope} · {period}"
    yield f"  {word(VIEWS, question.view)}" + (f" · {question.code}" if question.code else "")
    yield "  " + say(f"时限读至 {local(question.horizon, offset)}", f"clocks read at {local(question.horizon, offset)}")
    yield "  " + as_of_words(found)
    yield ""
    closed = say("由有资质单位办结 ÷（产生 + 期初）", "closed by an entitled party ÷ (generated + opening)")
    yield _line(say("已证明", "proven"), rate.proven, closed)
    with_stock = say(
        "另一分母：产生 + 办结的往年存量", "second denominator: generated + closed from earlier years' stock"
    )
    yield _line("", rate.proven_with_stock, with_stock)
    if rate.nothing_due:
        yield say("到期    没有到期的废物", "due       nothing due")
    else:
        yield _line(say("到期", "due"), rate.due, say("安全 ÷（安全 + 不安全 + 超期）", "ok ÷ (ok + bad + overdue)"))
    yield _line(
        say("申报", "declared"), rate.declared, say("按 HJ 1259：出厂即计", "HJ 1259 basis: counts on leaving the gate")
    )
    if question.view == "origin" and rate.declared.part_g > rate.proven.part_g:
        gap = mass(rate.declared.part_g - rate.proven.part_g)
        yield say(f"申报多于已证明 {gap}", f"declared beyond proven: {gap}")
    yield ""
    yield from _missing(found, find)
    yield ""
    yield from _terms(rate)
    yield ""
    yield from verdict(found, find)


def as_of_words(found: Figures) -> str:
    level = say(*found.level)
    words = say(f"截至检查点 {found.size}（{level}）", f"as of checkpoint {found.size} ({level})")
    if found.signed < found.size:
        words += say(
            f"；其中仅前 {found.signed} 条已由日志签署", f"; only the first {found.signed} are signed by the log yet"
        )
    return words


def verdict(found: Figures, find: Lookup) -> Iterator[str]:
    """100 % of the recorded mass that was due, or what keeps it from that."""
    rate = found.rate
    match found.verdict:
        case "complete":
            running = mass(rate.open_g)
            yield say(
                f"结论：截至检查点 {found.size}，已到期的记录质量 100 % 安全处置；另有 {running} 时限未到，不在其内。",
                f"verdict: 100 % of the recorded mass that was due, as of checkpoint {found.size}; "
                f"{running} whose clock still runs stand outside.",
            )
        case "nothing-due":
            yield say("结论：没有到期的废物，不作 100 % 结论。", "verdict: nothing due, so no verdict of 100 %.")
        case _:
            reasons = []
            if found.bad_g:
                reasons.append(say(f"不安全 {mass(found.bad_g)}", f"{mass(found.bad_g)} bad"))
            if rate.overdue_g:
                reasons.append(say(f"超期 {mass(rate.overdue_g)}", f"{mass(rate.overdue_g)} overdue"))
            if found.unresolved:
                names = ", ".join(map(find.name, found.unresolved[:5])) + (" …" if len(found.unresolved) > 5 else "")
                count = len(found.unresolved)
                reasons.append(say(f"{count} 个容器重量未知（{names}）", f"{count} of unknown mass ({names})"))
            joined = "；".join(reasons) if language() == "zh" else "; ".join(reasons)
            yield say(f"结论：不是 100 %：{joined}。", f"verdict: not 100 %: {joined}.")
    yield say(
        "  不能证明的：所填是否属实，未记录之事；账本本身以 wasteledger verify 验证。",
        "  not proven: that what was entered is true; what nobody recorded. The ledger itself: wasteledger verify.",
    )


def document(found: Figures) -> dict[str, Any]:
    """The figures for machines; percentages are text, rounded down."""
    rate = found.rate
    question = dataclasses.asdict(rate.question)
    question |= {"parties": sorted(rate.question.parties), "sites": sorted(rate.question.sites)}
    shares = {n: getattr(rate, n) for n in ("declared", "proven", "proven_with_stock", "due")}
    return {
        "question": question,
        **{n: {"part_g": s.part_g, "whole_g": s.whole_g, "percent": s.percent} for n, s in shares.items()},
        "nothing_due": rate.nothing_due,
        "missing_g": found.missing_g,
        "missing": [dataclasses.asdict(gap) for gap in found.gaps],
        "missing_outside_g": found.outside_g,
        "opening_g": rate.opening_g,
        "came_in_g": rate.came_in_g,
        "settled_g": rate.settled_g,
        "bad_g": rate.bad_g,
        "overdue_g": rate.overdue_g,
        "open_g": rate.open_g,
        "next_deadline": found.next_deadline,
        "verified_g": rate.verified_g,
        "custodial_g": rate.custodial_g,
        "asserted_g": rate.asserted_g,
        "unresolved": list(found.unresolved),
        "verdict": found.verdict,
        "checkpoint": {"size": found.size, "signed": found.signed, "level": say(*found.level)},
    }


def _line(title: str, share: Share, terms: str) -> str:
    percent = say("无", "none") if share.percent is None else f"{share.percent} %"
    width = 10 - sum(2 if ord(c) > 255 else 1 for c in title)
    return f"{title}{' ' * width}{percent:>9}  = {mass(share.part_g)} ÷ {mass(share.whole_g)}   {terms}"


def _missing(found: Figures, find: Lookup) -> Iterator[str]:
    missing = found.missing_g
    yield say(f"距 100 % 还差 {mass(missing)}（已证明）", f"missing from 100 % (proven): {mass(missing)}")
    for gap in found.gaps:
        detail = say("：", ": ") + word(REASONS | STAGES, gap.detail) if gap.detail else ""
        yield f"  {mass(gap.grams):>14}  {word(WHY, gap.why)}{detail}"
    if found.outside_g:
        yield f"  {mass(found.outside_g):>14}  " + say(
            "发生于本期之前，或已不在此处", "from before the period, or no longer at this place"
        )
    if found.next_deadline:
        until = local(found.next_deadline, find.ledger.regime.offset)
        yield say(f"  最近的时限：{until}", f"  next deadline: {until}")


def _terms(rate: Rate) -> Iterator[str]:
    terms = [f"{say('期初', 'opening')} {mass(rate.opening_g)}"]
    terms += [f"{word(CAME_IN, name)} {mass(grams)}" for name, grams in rate.came_in_g.items() if grams]
    if rate.settled_g:
        terms.append(say("容差内已了结", "settled within tolerance") + f" −{mass(rate.settled_g)}")
    yield say("来源：", "came in: ") + " · ".join(terms)
    own = rate.verified_g - rate.custodial_g
    grades = [
        say(f"处置单位自有设备签署（A）{mass(own)}", f"signed by the disposer's own device (A) {mass(own)}"),
        say(
            f"代管或一次性密钥（B）{mass(rate.custodial_g)}", f"custodial or one-time key (B) {mass(rate.custodial_g)}"
        ),
        say(f"仅为主张（C、D）{mass(rate.asserted_g)}", f"asserted only (C, D) {mass(rate.asserted_g)}"),
    ]
    yield say("办结依据：", "closed on: ") + " · ".join(grades)
