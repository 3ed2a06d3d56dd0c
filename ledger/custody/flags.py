"""Exceptions (异常): what did happen and should not have; recorded, flagged, closed only by a later event.

A flag stands while its condition holds in an object's state, so that a flag closes by the fact that ends the condition,
whatever order the facts came in. Time-driven ones carry the moment from which they count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from operator import itemgetter
from typing import Literal

from ledger.custody import conditions
from ledger.custody.conditions import Finding, Sighting
from ledger.custody.decide import AUTHORITY, Proposal, proposals
from ledger.custody.events.correction import CorrectionAgreed, CorrectionDecided, EntryCorrected
from ledger.custody.fact import Fact
from ledger.custody.lots import OPEN, Row, Trace, is_late
from ledger.custody.regimes.base import Regime, local_day
from ledger.custody.registry import Registry

Severity = Literal["notice", "warning", "serious"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRule:
    """A rule's words: what is wrong, and what ends it."""

    code: str
    severity: Severity
    cites: str
    zh: str
    en: str
    todo_zh: str
    todo_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One exception of one object. It counts from `opened_at` (for time-driven ones: when the time ran out) until
    `closed_at` ("" while open)."""

    rule: str
    object: str
    key: str
    grams: int
    holder: str
    site: str
    detail: str
    opened_at: str
    opened_by: str
    closed_at: str = ""
    closed_by: str = ""

    def open_at(self, moment: str) -> bool:
        """True when the exception stands at that moment."""
        return self.opened_at <= moment and not (self.closed_at and self.closed_at <= moment)


def _rule(code: str, severity: Severity, cites: str, zh: str, en: str, todo_zh: str, todo_en: str) -> FlagRule:
    return FlagRule(code=code, severity=severity, cites=cites, zh=zh, en=en, todo_zh=todo_zh, todo_en=todo_en)


RULES: dict[str, FlagRule] = {
    r.code: r
    for r in (
        _rule(
            "step-missing",
            "warning",
            "manifest",
            "缺少一步记录：接受早于起运记录，或未记交接",
            "a step is missing: received without its pick-up, or a hand-over not recorded",
            "由转出方或承运人补录",
            "the sender or the carrier records the missing step",
        ),
        _rule(
            "over-book",
            "serious",
            "truth",
            "转出量超过账面存量",
            "more went out than the books held",
            "补录来源，或更正错误的重量",
            "record where it came from, or correct the wrong weight",
        ),
        _rule(
            "mass-difference",
            "serious",
            "receipt",
            "收发重量差超过容许范围",
            "the difference between sent and received is beyond the tolerance",
            "更正错误的重量，或说明原因并经对方确认",
            "correct the wrong weight, or explain it and have it accepted",
        ),
        _rule(
            "code-differs",
            "serious",
            "manifest-check",
            "接受时的废物代码与标签不同",
            "the code at the gate differs from the label's",
            "重新鉴别或更正",
            "reclassify or correct",
        ),
        _rule(
            "refused-not-returned",
            "serious",
            "receipt",
            "拒收后逾期未退回或改送",
            "refused, and neither returned nor redirected in time",
            "退回转出方或改送其他接受方",
            "return it to its sender or redirect it",
        ),
        _rule(
            "container-lost",
            "serious",
            "truth",
            "容器遗失",
            "a container is lost",
            "找到后登记，或由主管部门认定",
            "record that it was found, or let the authority determine the loss",
        ),
        _rule(
            "missing-at-arrival",
            "serious",
            "receipt",
            "到货缺少容器",
            "a container did not arrive",
            "承运人查找并登记",
            "the carrier finds and records it",
        ),
        _rule(
            "wrong-consignee",
            "serious",
            "manifest",
            "接受方不是联单所列单位",
            "received by somebody else than the manifest says",
            "改送或重新开具联单",
            "redirect it",
        ),
        _rule(
            "not-on-manifest",
            "warning",
            "receipt",
            "收到联单未列的容器",
            "a container came that no manifest lists",
            "转出方补开联单",
            "the sender records the manifest",
        ),
        _rule(
            "receiver-not-entitled",
            "serious",
            "licence",
            "接受单位无权接收该废物",
            "the receiver is not entitled to this waste",
            "转给有资质单位，或由主管部门确认许可",
            "send it on to an entitled party, or have the licence confirmed by the authority",
        ),
        _rule(
            "closed-by-unentitled",
            "serious",
            "licence",
            "由无资质单位利用或处置",
            "utilised or disposed of by a party not entitled",
            "由主管部门确认许可或查处",
            "the authority confirms the licence or acts",
        ),
        _rule("mass-unknown", "warning", "ledger", "重量未知", "the mass is unknown", "称重", "weigh it"),
        _rule(
            "code-not-in-catalogue",
            "warning",
            "catalogue",
            "代码不在现行名录中",
            "the code is not in the catalogue in force",
            "核对代码",
            "check the code",
        ),
        _rule(
            "recorded-late",
            "notice",
            "ledger",
            "补录：超过规定时限",
            "recorded after the time allowed",
            "无需处理",
            "nothing to do",
        ),
        _rule(
            "clock-ahead", "notice", "truth", "设备时钟超前", "the device's clock is ahead", "校准时钟", "set the clock"
        ),
        _rule(
            "after-revocation",
            "warning",
            "authority",
            "密钥注销后送达",
            "came after its key was revoked",
            "核对，说明情况并经对方或主管部门认可",
            "check it; explain it and have it accepted",
        ),
        _rule(
            "stored-too-long",
            "serious",
            "storage",
            "贮存超期",
            "stored too long",
            "转移或处置",
            "send it on or treat it",
        ),
        _rule(
            "transit-overtime",
            "serious",
            "manifest",
            "运输超时",
            "on the road too long",
            "查明去向",
            "find out where it is",
        ),
        _rule(
            "confirmation-late",
            "warning",
            "receipt",
            "到达后逾期未确认接受",
            "arrived and not confirmed in time",
            "接受人确认",
            "the receiver confirms",
        ),
        _rule(
            "licence-only-asserted",
            "serious",
            "licence",
            "许可证仅由持有人自行登记，未经主管部门确认",
            "the licence was entered by its holder only, no authority confirmed it",
            "由主管部门确认",
            "the authority confirms it",
        ),
        _rule(
            "licence-quantity",
            "serious",
            "licence",
            "接收量超过许可数量",
            "received more than the licence allows",
            "重新申请许可",
            "apply for a new licence",
        ),
        _rule(
            "calendar-provisional",
            "notice",
            "receipt",
            "当年工作日历未采用，按周一至周五暂算",
            "no calendar adopted for the year: Monday to Friday assumed",
            "采用工作日历",
            "adopt the calendar",
        ),
        _rule(
            "correction-waiting",
            "warning",
            "truth",
            "更正等待确认",
            "a correction waits for agreement",
            "相关单位确认",
            "the parties that relied on it agree",
        ),
        _rule(
            "not-holder",
            "warning",
            "truth",
            "操作单位不是账面持有人",
            "told by a party that does not hold it on the books",
            "补录交接",
            "record the missing hand-over",
        ),
        _rule(
            "count-gap",
            "serious",
            "ledger",
            "盘点时未找到",
            "not found when the store was counted",
            "找到后再盘点，或登记遗失",
            "find it and count again, or record it lost",
        ),
        _rule(
            "impounded",
            "notice",
            "authority",
            "已被主管部门查封",
            "impounded by the authority",
            "由主管部门解除",
            "the authority releases it",
        ),
        _rule("leak", "serious", "truth", "泄漏", "a leak", "由主管部门认定损失", "the authority determines the loss"),
        _rule(
            "defect-found-later",
            "warning",
            "receipt",
            "接受后发现不符",
            "a defect found after acceptance",
            "说明并经对方确认",
            "explain it and have it accepted",
        ),
        _rule(
            "stock-after-go-live",
            "warning",
            "ledger",
            "启用后才申报的库存",
            "stock declared after the site went live",
            "说明来源",
            "explain where it came from",
        ),
        _rule(
            "reclassification-unconfirmed",
            "serious",
            "catalogue",
            "由危险废物改为一般废物，未经主管部门确认",
            "changed from hazardous to not, and no authority confirmed it",
            "由主管部门确认鉴别结论",
            "the authority confirms the identification",
        ),
        _rule(
            "over-capacity",
            "serious",
            "storage",
            "超过贮存设施容量",
            "more than the store's capacity",
            "转出",
            "send some of it on",
        ),
        _rule(
            "point-over-limit",
            "serious",
            "storage",
            "贮存点超过 3 吨",
            "a storage point holds more than 3 t",
            "转出或入库",
            "send it on or put it into a store",
        ),
        _rule(
            "incompatible-neighbours",
            "serious",
            "storage",
            "不相容废物同区存放",
            "incompatible wastes in one zone",
            "分区存放",
            "move one of them to another zone",
        ),
        _rule(
            "no-approval",
            "serious",
            "crossing",
            "跨省转移未经批准",
            "went to another province without approval",
            "补办批准",
            "obtain the approval",
        ),
        _rule(
            "asset-in-use",
            "warning",
            "label",
            "周转容器尚未清空又重新装入",
            "a drum that comes back was filled again before it was emptied",
            "补录清空，或更正容器编码",
            "record that it was emptied, or put the drum's code right",
        ),
        _rule(
            "silent-devices",
            "warning",
            "truth",
            "产废单位设备长时间没有任何记录",
            "an enterprise's devices have said nothing for long",
            "联系该单位，补录",
            "ask why; it records what happened",
        ),
        _rule(
            "approval-exceeded",
            "serious",
            "crossing",
            "跨省转移超出批准的数量或次数",
            "more, or more often, went to another province than was approved",
            "补办批准，或由主管部门关闭整改",
            "obtain another approval, or rectify it and have the authority close that",
        ),
        _rule(
            "net-difference",
            "warning",
            "receipt",
            "当月容许范围内的重量差累计过大",
            "the tolerated differences of a month add up to too much",
            "双方校秤核查，由主管部门关闭整改",
            "compare the scales and look into it; the authority closes the rectification",
        ),
        _rule(
            "carried-overdue",
            "serious",
            "storage",
            "曾经超期的废物已转手，尚未办结",
            "once overdue, it moved on and is not closed yet",
            "利用或处置",
            "treat it",
        ),
        _rule(
            "without-manifest",
            "serious",
            "manifest",
            "危险废物未用联单转移",
            "hazardous waste went without a manifest",
            "补开联单，或由主管部门认可说明",
            "record the manifest, or have an explanation accepted by the authority",
        ),
        _rule(
            "method-not-listed",
            "warning",
            "method",
            "利用处置方式不在该类废物的方式代码中",
            "a method that the list for this kind of waste does not have",
            "核对方式代码，由主管部门认可说明",
            "check the method; the authority accepts an explanation",
        ),
        _rule(
            "no-residues",
            "warning",
            "ledger",
            "处置后未记录残渣",
            "treated, and no residue was recorded",
            "补记同一设施的残渣",
            "record the residues of this facility",
        ),
        _rule(
            "label-not-issued",
            "warning",
            "label",
            "标签没有领用记录",
            "the label was never issued",
            "补录标签领用",
            "record that it was issued",
        ),
        _rule(
            "label-on-two",
            "serious",
            "label",
            "同一标签贴在两个容器上",
            "one label on two containers",
            "给其中一个更换标签",
            "replace the label of one of them",
        ),
        _rule(
            "label-replaced",
            "warning",
            "label",
            "已作废的标签又被使用",
            "a replaced label was used again",
            "核查标签来源",
            "find out where it came from",
        ),
        _rule(
            "impossible-travel",
            "serious",
            "truth",
            "短时间内出现在两处，疑似复制标签",
            "seen at two sites in too short a time: perhaps a cloned label",
            "核查标签与时间，由主管部门认可说明",
            "check label and clocks; the authority accepts an explanation",
        ),
        _rule(
            "licence-nearly-full",
            "warning",
            "licence",
            "接收量已达许可数量",
            "received what the licence allows in a year",
            "停止接收或申请变更",
            "receive no more, or apply for more",
        ),
        _rule(
            "not-in-plan",
            "warning",
            "plan",
            "产生的废物不在管理计划内",
            "generated, and not in the filed plan",
            "变更管理计划",
            "file an amended plan",
        ),
        _rule(
            "plan-overdue",
            "warning",
            "plan",
            "逾期未报管理计划",
            "the plan was not filed in time",
            "报送管理计划",
            "file the plan",
        ),
        _rule(
            "declaration-overdue",
            "warning",
            "plan",
            "逾期未申报",
            "the declaration was not made in time",
            "申报",
            "declare",
        ),
    )
}


# What an accepted explanation ends although it goes on being so. All else ends when it is put right.
EXPLAINABLE = frozenset(
    {"mass-difference", "defect-found-later", "not-on-manifest", "wrong-consignee", "code-differs", "without-manifest",
     "no-approval", "after-revocation"}
)  # fmt: skip


_OF_CORRECTION = (EntryCorrected, CorrectionAgreed, CorrectionDecided)


def flags_of(trace: Trace, facts: Sequence[Fact]) -> list[Flag]:
    """Run the trace over the facts, which are unwrapped, and return the container's flags, open and closed."""
    flags = _run(trace, facts)
    plain = [f for f in facts if not isinstance(f.event, _OF_CORRECTION)]
    if len(plain) == len(facts):
        return flags
    flags += _waiting_corrections(trace.container, facts)
    # What a correction made vanish was there: it is shown as closed by the correction.
    standing = proposals(trace.container, facts)
    for fact in (p.fact for p in standing if p.applied and p.fact in trace.too_late):
        flags.append(
            _flag(trace.container, Finding("correction-waiting", fact.id, 0, fact.by.party, "", AUTHORITY), fact)
        )
    applied = [_completing(p.fact, facts) for p in standing if p.applied]
    if applied:
        by = max(applied, key=lambda f: f.order)
        before = _run(Trace(trace.container, trace.regime, trace.registry, trace.inflows), plain)
        now = {(f.rule, f.key) for f in flags}
        gone = [f for f in before if (f.rule, f.key) not in now]
        flags += [f if f.closed_at else replace(f, closed_at=by.at, closed_by=by.statement) for f in gone]
    return flags


def _completing(correction: Fact, facts: Iterable[Fact]) -> Fact:
    assents = (CorrectionAgreed, CorrectionDecided)
    later_ones = [f for f in facts if isinstance(f.event, assents) and f.event.correction == correction.id]
    return max([correction, *later_ones], key=lambda f: f.order)


def _run(trace: Trace, facts: Sequence[Fact]) -> list[Flag]:
    opened: dict[tuple[str, str], Flag] = {}
    closed: list[Flag] = []
    seen: Sighting | None = None
    for fact in trace.steps(facts):
        found = conditions.standing(trace)
        if found or opened:
            closed += _turned(trace, found, opened)
        closed += [_flag(trace.container, f, fact) for f in conditions.notices(trace, fact)]
        sighting = conditions.sighting(trace.container, fact)
        if seen and sighting and seen.site != sighting.site:
            closed += [_flag(trace.container, f, fact) for f in conditions.travel(trace, seen, sighting, fact)]
        seen = seen if fact.id in trace.unheard else sighting or seen
    closed = [_explained(trace, flag) for flag in closed]
    closed += _late_leavers(trace)
    closed += _out_of_plan(trace)
    return [*closed, *opened.values()]


def _turned(trace: Trace, found: Iterable[Finding], opened: dict[tuple[str, str], Flag]) -> Iterator[Flag]:
    """Bring what is open to what was found after the present step; those that it closed."""
    fact = trace.fact
    standing = {
        (f.rule, f.key): f for f in found if f.rule not in EXPLAINABLE or not trace.thing.accepted(f.rule, f.key)
    }
    for key in [k for k in opened if k not in standing]:
        flag = opened.pop(key)
        # A time-driven one that ended before its time never was.
        if fact.at > flag.opened_at:
            yield replace(flag, closed_at=fact.at, closed_by=fact.statement)
    for key, f in standing.items():
        if key not in opened:
            opened[key] = _flag(trace.container, f, fact)
        elif opened[key].grams != f.grams:
            opened[key] = replace(opened[key], grams=f.grams)


def _explained(trace: Trace, flag: Flag) -> Flag:
    """What nothing can undo ends when an explanation of it is accepted."""
    at, by = trace.thing.acceptance(flag.rule, flag.key)
    return replace(flag, closed_at=at, closed_by=by) if at and not flag.closed_at else flag


def _waiting_corrections(container: str, facts: Sequence[Fact]) -> Iterator[Flag]:
    """Corrections that wait, or waited, for agreement or for another correction; also again, when what happened later
    undid one that was applied."""
    opened: dict[str, Flag] = {}
    for fact, standing in _turns(container, sorted(facts, key=lambda f: f.order)):
        for proposal in standing:
            key = proposal.fact.id
            if proposal.applied or proposal.rejected:
                if key in opened:
                    yield replace(opened.pop(key), closed_at=fact.at, closed_by=fact.statement)
                continue
            waiting = " ".join(sorted(proposal.waiting)) or "below-zero"
            finding = Finding("correction-waiting", key, holder=proposal.fact.by.party)
            opened[key] = replace(opened.get(key) or _flag(container, finding, fact), detail=waiting)
    yield from opened.values()


def _turns(container: str, ordered: list[Fact]) -> Iterator[tuple[Fact, list[Proposal]]]:
    """Each fact of a correction, and each between two of them that changed how corrections stand, with how they stand
    right after it. Between, it is searched for by halves: a vessel has thousands of facts."""

    @cache
    def standing(n: int) -> list[Proposal]:
        return proposals(container, ordered[:n])

    def next_turn(n: int, last: int) -> int:
        return n + bisect_left(range(n, last), True, key=lambda k: standing(k) != standing(n))

    counts = [n for n, f in enumerate(ordered, 1) if isinstance(f.event, _OF_CORRECTION)]
    for turn, end in pairwise([*counts, len(ordered) + 1]):
        yield ordered[turn - 1], standing(turn)
        while standing(turn) != standing(end - 1):
            turn = next_turn(turn, end - 1)
            yield ordered[turn - 1], standing(turn)


def _flag(container: str, f: Finding, fact: Fact) -> Flag:
    return Flag(
        rule=f.rule, object=container, key=f.key, grams=f.grams, holder=f.holder, site=f.site, detail=f.detail,
        opened_at=f.due_at or fact.at, opened_by=fact.statement,
    )  # fmt: skip


def overdue(rows: Iterable[Row], as_of: str) -> list[Flag]:
    """The time-driven exceptions of open mass whose clock has run out by `as_of`."""
    sums: dict[tuple[str, str, str, str, str], int] = {}
    for r in rows:
        if r.account in OPEN and r.deadline and r.deadline < as_of and r.clock_at <= as_of:
            key = (r.container, r.stage, r.holder, r.site, r.deadline)
            sums[key] = sums.get(key, 0) + r.grams
    return [
        overdue_flag(container, stage, holder, site, deadline, grams)
        for (container, stage, holder, site, deadline), grams in sums.items()
        if grams > 0
    ]


def overdue_flag(container: str, stage: str, holder: str, site: str, deadline: str, grams: int) -> Flag:
    """The exception of mass still open after its deadline."""
    rule = "transit-overtime" if stage == "in-transit" else "stored-too-long"
    return Flag(
        rule=rule, object=container, key=f"{holder}/{stage}/{deadline}", grams=grams, holder=holder, site=site,
        detail=stage, opened_at=deadline, opened_by="",
    )  # fmt: skip


def _late_leavers(trace: Trace) -> Iterator[Flag]:
    """Mass that left its holder after the deadline: late but gone, shown as closed."""
    net: dict[tuple[str, str, str, str, str, str], int] = {}
    for r in trace.rows:
        if r.account in OPEN and r.deadline and r.deadline < r.clock_at:
            key = (r.statement, r.clock_at, r.stage, r.holder, r.site, r.deadline)
            net[key] = net.get(key, 0) + r.grams
    for (statement, clock_at, stage, holder, site, deadline), grams in net.items():
        if grams < 0:
            flag = overdue_flag(trace.container, stage, holder, site, deadline, -grams)
            yield replace(flag, closed_at=clock_at, closed_by=statement)


def _out_of_plan(trace: Trace) -> Iterator[Flag]:
    """Waste generated at a site whose plan of the year, as filed by then, does not name it; a plan told late counts
    from when it was received."""
    born = next((r for r in trace.rows if r.account in ("generated", "derived")), None)
    if born is None or not trace.regime.listed(born.code):
        return
    year = int(local_day(born.at, trace.regime.offset)[:4])
    filed = [
        (fact.received_at if is_late(trace.regime, trace.registry, fact) else fact.at, plan, fact)
        for plan, fact in trace.registry.plans_of(born.producer_site, year)
    ]
    known = [plan for at, plan, _ in filed if at <= born.at]
    if not known or any(line.code == born.code for line in known[-1].lines):
        return
    amended = ((at, f) for at, plan, f in filed if at > born.at and any(line.code == born.code for line in plan.lines))
    closed_at, by = min(amended, key=itemgetter(0), default=("", None))
    yield Flag(
        rule="not-in-plan", object=trace.container, key=born.code, grams=born.grams, holder=born.producer,
        site=born.producer_site, detail=born.code, opened_at=born.at, opened_by=born.statement,
        closed_at=closed_at, closed_by=by.statement if by else "",
    )  # fmt: skip


def ledger_flags(regime: Regime, registry: Registry, as_of: str) -> list[Flag]:
    """Exceptions of the registry: licences that only their holders assert, years without an adopted calendar."""
    flags = []
    for holder, licences in registry.licences.items():
        for licence in licences:
            if licence.confirmed:
                continue
            same = [x.fact for x in licences if x.confirmed and x.terms.number == licence.terms.number]
            finding = Finding("licence-only-asserted", licence.terms.licence, 0, holder, "", licence.terms.number)
            flag = _flag(licence.terms.licence, finding, licence.fact)
            if same:
                by = min(same, key=lambda f: f.order)
                flag = replace(flag, closed_at=by.at, closed_by=by.statement)
            if not same or flag.closed_at > flag.opened_at:
                flags.append(flag)
    year = int(local_day(as_of, regime.offset)[:4])
    start, adopted = regime.period(str(year))[0], registry.calendars_since.get(year)
    if registry.opened is not None and (adopted is None or adopted.at > start):
        flags.append(
            Flag(
                rule="calendar-provisional",
                object=registry.opened.operator,
                key=str(year),
                grams=0,
                holder="",
                site="",
                detail=str(year),
                opened_at=start,
                opened_by="",
                closed_at=adopted.at if adopted is not None else "",
                closed_by=adopted.statement if adopted is not None else "",
            )
        )
    return flags
