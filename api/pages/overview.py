"""The rate as one honest number, with its terms, what is missing from it, its trend, and where the grams went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args
from urllib.parse import urlencode

from flask import Blueprint, current_app, request
from werkzeug.wrappers import Response

from api.auth import Right, current_viewer, ledger, queries, reading, requires
from api.errors import BadRequest
from api.pages import charts
from api.pages.charts import Point, Ribbon
from api.pages.shown import mass_text, percent, registry, t, teller, word
from api.pages.tables import Column, Table, following, part, skipped, tabled
from ledger import figures as told
from ledger import verdicts
from ledger.custody.flow import ENDS, PLACES, Band
from ledger.custody.missing import Gap
from ledger.custody.rate import CAME_IN, Question, Rate, Share, View
from ledger.custody.regimes.base import KINDS
from ledger.log.checkpoint import Policy
from ledger.telling import REASONS, STAGES

blueprint = Blueprint("page_overview", __name__)
LIST_MAX: Final = 200
FIGURES: Final = (
    ("proven", "已证明", "Proven"),
    ("due", "到期", "Due"),
    ("declared", "申报", "Declared"),
)
NODES: Final[dict[str, tuple[int, str, str]]] = {
    "before": (0, "期初", "from before"),
    "generated": (0, "产生", "generated"),
    "derived": (0, "处置残渣", "residues"),
    "opening": (0, "期初申报", "declared stock"),
    "found": (0, "发现无主", "found ownerless"),
    "gain": (0, "复称增加", "gained by weighing"),
    "unrecorded": (0, "来源未记录", "origin not recorded"),
    "reclassified": (0, "改变归类", "reclassified"),
    "store": (1, "产生单位贮存", "in the producer's store"),
    "transit": (2, "转移途中", "on the road"),
    "receiver": (3, "接收单位", "at a receiver"),
    "outside": (3, "账本外单位", "outside the ledger"),
    "utilised": (4, "利用", "utilised"),
    "disposed": (4, "处置", "disposed of"),
    "open": (4, "未办结", "still open"),
    "settled": (4, "容差与工艺损耗", "tolerance, process loss"),
    "missing": (4, "去向不明或不安全", "missing or not safe"),
}
_TONES: Final = {"utilised": "ok", "disposed": "ok", "missing": "wrong", "open": "soon"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks: a question, and the words of its filters."""

    question: Question
    period: str
    region: str
    party: str

    def address(self, where: str = "/overview", **changes: str) -> str:
        """An address with these filters, some of them changed; blank ones are left out."""
        question = self.question
        kept = {"kind": question.kind, "period": self.period, "view": question.view}
        kept |= {"region": self.region, "party": self.party, "code": question.code} | changes
        return f"{where}?{urlencode({key: value for key, value in kept.items() if value})}"


def asked() -> Asked:
    """The filters in the address: kind, period, view, region, party, code. Raises BadRequest or PeriodError."""
    given, now = request.args, ledger().now()
    kind = one_of("kind", given.get("kind") or "hazardous", KINDS)
    period = given.get("period") or ledger().regime.day_of(now)[:4]
    start, end = ledger().regime.period(period)
    region, party = given.get("region", ""), given.get("party", "")
    sites = [s for s, site in registry().sites.items() if region and (site.region or "").startswith(region)]
    question = Question(
        view=one_of("view", given.get("view") or "origin", get_args(View)),  # type: ignore[arg-type]
        kind=kind,
        start=start,
        end=end,
        as_of=now,
        parties=frozenset({party} - {""}),
        sites=frozenset(sites or ({"none"} if region else ())),
        code=given.get("code", ""),
    )
    narrowed = reading().narrowed(current_viewer(), question)
    return Asked(question=narrowed, period=period, region=region, party=party)


def one_of(key: str, value: str, known: Sequence[str]) -> str:
    """The value, shown to be one of those that are known; raises BadRequest."""
    if value not in known:
        raise BadRequest(expected=f"{key}: {', '.join(known)}", got=value)
    return value


def policy() -> Policy:
    """The policy pinned in this home, else one that believes the log's own key alone."""
    path = current_app.extensions["settings"].policy
    return Policy.parse(path.read_text(encoding="utf-8") if path.exists() else ledger().policy_text())


def choices() -> dict[str, Any]:
    """What the filters offer: kinds, periods by year, regions of registered sites."""
    (first, last), now = told.span(queries()), ledger().now()
    begin, end = (int(ledger().regime.day_of(at)[:4]) for at in (first or now, max(last, now)))
    years = [
        (str(y), [str(y), *(f"{y}-Q{q}" for q in range(1, 5)), *told.months(str(y))])
        for y in range(end, max(begin, end - 9) - 1, -1)
    ]
    regions = sorted({site.region for site in registry().sites.values() if site.region})
    return {"kinds": KINDS, "years": years, "regions": regions}


@blueprint.get("/overview")
@requires(Right.READ)
def overview() -> Response:
    filters = asked()
    found = told.figures(ledger(), queries(), filters.question, policy())
    series = told.trend(queries(), filters.question, told.months(filters.period[:4]))
    bands = told.flow(queries(), replace(filters.question, view="origin"))
    return tabled(
        "overview.html",
        _gaps(filters, found.gaps),
        _terms(found.rate),
        _trend(filters, series),
        _flow(filters, bands),
        asked=filters,
        found=found,
        verified=verdicts.newest(current_app.extensions["settings"].verdict),
        choices=choices(),
        lines=[_line(filters, figure, series) for figure in FIGURES],
        picture=_picture(filters, bands),
    )


@blueprint.get("/overview/missing")
@requires(Right.READ)
def missing() -> Response:
    """The containers behind a gap."""
    filters, why, detail = asked(), request.args.get("why", ""), request.args.get("detail", "")
    found = told.behind_gap(queries(), filters.question, why, detail)
    title = why_words(Gap(why=why, detail=detail, grams=0))  # type: ignore[arg-type]
    return _listed(filters, title, found)


@blueprint.get("/overview/flow")
@requires(Right.READ)
def band() -> Response:
    """The containers behind a band."""
    filters, source, to = asked(), request.args.get("from", ""), request.args.get("to", "")
    question = replace(filters.question, view="origin")
    found = told.behind_band(queries(), question, (one_of("from", source, list(NODES)), one_of("to", to, list(NODES))))
    return _listed(filters, f"{node(source)} → {node(to)}", found)


_BEHIND: Final = (
    Column("name", "容器", "Container", "recorded", link="href"),
    Column("grams", "质量", "Mass", "grams"),
    Column("deadline", "时限", "Deadline", "moment"),
)


def _listed(filters: Asked, title: str, found: Sequence[told.Behind]) -> Response:
    shown = part(found, LIST_MAX)
    titles = told.titles(queries(), [each.container for each in shown])
    rows = [
        {
            "name": titles.get(each.container, each.container),
            "href": f"/containers/{each.container}",
            "grams": each.grams,
            "deadline": each.deadline,
        }
        for each in shown
    ]
    table = Table(
        name="containers",
        caption=title,
        columns=_BEHIND,
        rows=rows,
        empty=t("没有容器。", "There are no containers."),
        start=skipped(),
        next=following(len(found), LIST_MAX),
        total=len(found),
    )
    total = sum(each.grams for each in found)
    return tabled("overview-behind.html", table, asked=filters, title=title, total=total, count=len(found))


# ---------------------------------------------------------------------------------------------------- tables


def why_words(gap: Gap) -> str:
    """Why grams are missing, in the reader's language."""
    detail = teller().word(REASONS | STAGES, gap.detail) if gap.detail else ""
    return word(gap.why, "WHY") + (t("：", ": ") + detail if detail else "")


def _gaps(filters: Asked, gaps: Sequence[Gap]) -> Table:
    columns = (
        Column("why", "原因", "Why", link="href"),
        Column("grams", "质量", "Mass", "grams"),
    )
    rows = [
        {
            "why": why_words(gap),
            "grams": gap.grams,
            "href": filters.address("/overview/missing", why=gap.why, detail=gap.detail),
        }
        for gap in gaps
    ]
    caption = t("距 100 % 还差什么", "What is missing from 100 %")
    return Table(name="gaps", caption=caption, columns=columns, rows=rows)


def _terms(rate: Rate) -> Table:
    """Every term in grams, in the order in which they make the figures."""
    bad = sum(rate.bad_g.values())
    lines = [(t("期初", "opening"), rate.opening_g)]
    lines += [(word(key, "CAME_IN"), grams) for key, grams in rate.came_in_g.items() if grams]
    lines += [(t("容差内与工艺损耗（减）", "settled: tolerance and process loss (less)"), -rate.settled_g)]
    lines += [
        (t("分母：产生 + 期初", "whole: generated + opening"), rate.proven.whole_g),
        (t("由有资质单位办结", "closed by an entitled party"), rate.closed_ok_g),
        (t("其中 处置单位自有设备签署（A）", "of it signed by the disposer's own device (A)"),
         rate.verified_g - rate.custodial_g),
        (t("其中 代管或一次性密钥（B）", "of it by a custodial or one-time key (B)"), rate.custodial_g),
        (t("其中 仅为主张（C、D）", "of it asserted only (C, D)"), rate.asserted_g),
        (t("不安全", "bad"), bad),
        (t("超期", "overdue"), rate.overdue_g),
        (t("未办结（含超期）", "open (overdue included)"), rate.open_g),
    ]  # fmt: skip
    columns = (Column("term", "项", "Term"), Column("grams", "质量", "Mass", "grams"))
    rows = [{"term": term, "grams": grams} for term, grams in lines]
    return Table(name="terms", caption=t("各项", "Every term"), columns=columns, rows=rows)


def _trend(filters: Asked, series: Sequence[tuple[str, Rate]]) -> Table:
    columns = (
        Column("month", "月份", "Month", link="href"),
        *(Column(key, zh, en, "percent") for key, zh, en in FIGURES),
        Column("closed", "办结", "Closed", "grams"),
        Column("whole", "产生 + 期初", "Generated + opening", "grams"),
        Column("bad", "不安全", "Bad", "grams"),
        Column("overdue", "超期", "Overdue", "grams"),
    )
    rows = [
        {"month": month, "href": filters.address(period=month), "closed": rate.closed_ok_g}
        | {key: getattr(rate, key) for key, _, _ in FIGURES}
        | {"whole": rate.proven.whole_g, "bad": sum(rate.bad_g.values()), "overdue": rate.overdue_g}
        for month, rate in series
    ]
    year = filters.period[:4]
    return Table(name="trend", caption=t(f"{year} 年各月", f"By month, {year}"), columns=columns, rows=rows)


def _flow(filters: Asked, bands: Mapping[Band, int]) -> Table:
    columns = (
        Column("from", "从", "From"),
        Column("to", "到", "To", link="href"),
        Column("grams", "质量", "Mass", "grams"),
    )
    rows = [
        {"from": node(source), "to": node(to), "grams": grams, "href": _band_address(filters, source, to)}
        for (source, to), grams in _ordered(bands)
    ]
    return Table(name="flow", caption=t("质量去向", "Where the grams went"), columns=columns, rows=rows)


def node(key: str) -> str:
    """The words of a node."""
    return t(*NODES[key][1:])


def _ordered(bands: Mapping[Band, int]) -> Iterator[tuple[Band, int]]:
    order = list(NODES)
    yield from sorted(bands.items(), key=lambda item: (order.index(item[0][0]), order.index(item[0][1])))


def _band_address(filters: Asked, source: str, to: str) -> str:
    return filters.address("/overview/flow", **{"from": source, "to": to})


# ---------------------------------------------------------------------------------------------------- pictures


def _line(filters: Asked, figure: tuple[str, str, str], series: Sequence[tuple[str, Rate]]) -> Any:
    key, zh, en = figure
    points = [
        Point(
            label=month[5:],
            hundredths=_hundredths(getattr(rate, key)),
            says=f"{month} {t(zh, en)} {percent(getattr(rate, key))}",
            href=filters.address(period=month),
        )
        for month, rate in series
    ]
    return t(zh, en), charts.line(t(f"{zh}，按月", f"{en} by month"), points)


def _hundredths(share: Share) -> int | None:
    return None if share.percent is None else int(share.percent.replace(".", ""))


def _picture(filters: Asked, bands: Mapping[Band, int]) -> Any:
    ribbons = [
        Ribbon(
            source=source,
            to=to,
            grams=grams,
            says=f"{node(source)} → {node(to)}: {mass_text(grams)}",
            href=_band_address(filters, source, to),
            tone=_TONES.get(to, ""),
        )
        for (source, to), grams in _ordered(bands)
    ]
    columns = {key: place for key, (place, _, _) in NODES.items()}
    title = t("质量去向图", "Where the grams went, drawn")
    return charts.flow(title, columns, {key: node(key) for key in NODES}, ribbons)


assert set(NODES) == {"before", *CAME_IN, *PLACES, *ENDS}
