"""How papers look: each drawn from what it states and nothing else, on A4, in black and white.

The same facts give the same drawing to the last dot, which is how a file is checked: it is drawn again from the proven
facts and compared. So whatever changes a drawing here or in `pages` raises LAYOUT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from ledger.custody.regimes.base import Regime
from ledger.labels import draw
from ledger.labels.shapes import Drawing
from ledger.log.checkpoint import Checkpoint, parse_checkpoint
from ledger.log.note import Note
from ledger.log.wire import encode_base64
from ledger.papers import words
from ledger.papers.facts import (
    Carriage,
    Certificate,
    Ended,
    Inventory,
    Line,
    LoadList,
    ManifestPaper,
    Paper,
    ReceiptNote,
    Stock,
    Unit,
)
from ledger.papers.packet import NAME, Packet, codes, head_of, ranges
from ledger.papers.pages import Column, Pages
from ledger.papers.words import joined, kilograms, local, tonnes, value

LAYOUT: Final = 1
_UNOFFICIAL: Final = (
    "非官方联单；国家联单在国家系统办理。 Not the national system's manifest, which this does not replace."
)
_TO_WRITE: Final = "____________________"


def pdf(paper: Paper, packet: Packet, regime: Regime) -> bytes:
    """The paper as a file, its packet attached."""
    title = joined((words.TITLES[packet.kind][0], _number(paper)))
    return draw.pdf(sheets(paper, packet, regime), title=title, attached=(NAME, packet.encode()))


def sheets(paper: Paper, packet: Packet, regime: Regime) -> list[Drawing]:
    """The paper's pages; raises GlyphMissing for a character that could not be printed."""
    at = parse_checkpoint(Note.parse(packet.checkpoint.encode()).text)
    pages = Pages(
        title=words.TITLES[packet.kind],
        number=_number(paper),
        foot=f"{at.origin} · 检查点 checkpoint {at.size} · {encode_base64(at.root)[:16]}…",
        code=head_of(packet).text,
    )
    on = _Sheet(pages=pages, packet=packet, checkpoint=at, local=partial(local, offset=regime.offset))
    match paper:
        case ManifestPaper():
            on.manifest(paper)
        case LoadList():
            on.load_list(paper)
        case ReceiptNote():
            on.receipt_note(paper)
        case Certificate():
            on.certificate(paper)
        case Inventory():
            on.inventory(paper)
    on.proof()
    return pages.finished()


def _number(paper: Paper) -> str:
    match paper:
        case ManifestPaper() | LoadList() | ReceiptNote():
            return paper.number or paper.manifest
        case Certificate():
            return joined((paper.producer.name, paper.period))
        case Inventory():
            return joined((paper.holder.name, paper.holder.site_name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A paper being drawn."""

    pages: Pages
    packet: Packet
    checkpoint: Checkpoint
    local: Callable[[str], str]

    def manifest(self, paper: ManifestPaper) -> None:
        on = self.pages
        on.pairs(
            [
                ("国家联单编号", "national number", paper.number or _TO_WRITE),
                ("状态", "status", value(paper.status)),
                ("开具时间", "issued", self.local(paper.issued_at)),
                ("计划转移日期", "planned for", paper.planned),
            ]
        )
        on.heading("第一部分 · 移出人", "Part 1 · producer")
        on.pairs(
            [
                *_unit(paper.sender),
                ("应急联系电话", "emergency phone", paper.emergency_phone or paper.sender.phone),
                ("经办人 ※", "handler", self.filled(paper.sender_handler)),
                ("移出时间", "time", self.local(paper.issued_at)),
            ]
        )
        on.table(
            [
                Column("废物名称", "waste", 24, lambda w: w.name),
                Column("废物代码 / 类别", "code / class", 20, lambda w: joined((w.code, *w.classes))),
                Column("危险特性", "hazards", 12, lambda w: w.hazards),
                Column("形态", "form", 13, lambda w: value(w.form)),
                Column("有害成分", "harmful components", 22, lambda w: w.harmful),
                Column("包装方式", "packing", 17, lambda w: value(w.packing)),
                Column("数量", "count", 9, lambda w: str(w.count), right=True),
                Column("移出质量", "mass", 19, lambda w: tonnes(w.listed_g), right=True),
            ],
            paper.wastes,
            *("合计 total", "", "", "", "", "", str(sum(w.count for w in paper.wastes)), tonnes(paper.listed_g)),
        )
        on.heading("第二部分 · 承运人", "Part 2 · carrier")
        self.carriages(paper.carriages)
        on.heading("第三部分 · 接受人", "Part 3 · consignee")
        on.pairs(
            [
                *_unit(paper.receiver),
                ("经营许可证编号", "licence", "、".join(paper.receiver.licences)),
                ("经办人 ※", "handler", self.filled(paper.receiver_handler)),
                ("接受时间", "time", self.local(paper.received_at)),
            ]
        )
        on.table(
            [
                Column("废物名称", "waste", 24, lambda w: w.name),
                Column("废物代码", "code", 18, lambda w: w.code),
                Column("重大差异", "discrepancy", 20, lambda w: _discrepancies(w.discrepancies, w.accepted)),
                Column("处理意见", "decision", 34, lambda w: _decided(w.accepted, w.refused, w.missing)),
                Column("利用处置方式", "method", 14, lambda w: "、".join(w.methods)),
                Column("接受质量", "mass accepted", 19, lambda w: tonnes(w.accepted_g), right=True),
            ],
            paper.wastes,
            *("合计 total", "", "", "", "", tonnes(paper.accepted_g)),
        )
        on.heading("附 · 容器明细", "Annex · containers")
        on.table(
            [
                Column("容器编码", "container", 24, _name),
                Column("废物", "waste", 30, lambda c: joined((c.name, c.code))),
                Column("移出质量", "listed", 18, lambda c: kilograms(c.listed_g), right=True),
                Column("装载质量", "loaded", 18, lambda c: kilograms(c.loaded_g), right=True),
                Column("接受质量", "accepted", 18, lambda c: kilograms(c.accepted_g), right=True),
                Column("状态", "state", 26, lambda c: value(c.state)),
                Column("条目", "entries", 20, lambda c: ranges(c.entries)),
            ],
            paper.lines,
        )
        on.note(_UNOFFICIAL)

    def load_list(self, paper: LoadList) -> None:
        on = self.pages
        on.pairs(
            [
                ("国家联单编号", "national number", paper.number or _TO_WRITE),
                ("起运时间", "collected", self.local(paper.collected_at)),
                ("移出人", "from", joined((paper.sender.name, paper.sender.site_name), " · ")),
                ("接受人", "to", joined((paper.receiver.name, paper.receiver.site_name), " · ")),
                ("应急联系电话", "emergency phone", paper.emergency_phone or paper.sender.phone),
                ("装载", "loaded", f"{paper.loaded} 件 · {kilograms(paper.loaded_g)}"),
            ]
        )
        on.heading("车辆与交接", "Vehicles and hand-overs")
        self.carriages(paper.carriages)
        on.heading("容器", "Containers")
        on.table(
            [
                Column("容器编码", "container", 24, _name),
                Column("废物名称", "waste", 26, lambda c: c.name),
                Column("废物代码", "code", 18, lambda c: c.code),
                Column("危险特性", "hazards", 12, lambda c: c.hazards),
                Column("包装", "packing", 18, lambda c: value(c.packing)),
                Column("装载", "loaded", 26, _loaded),
                Column("净重", "net mass", 18, lambda c: kilograms(_sent(c)), right=True),
                Column("条目", "entries", 20, lambda c: ranges(c.entries)),
            ],
            paper.lines,
            *(f"装载 loaded {paper.loaded}", f"未装 left behind {paper.left_behind}", "", "", "", ""),
            *(kilograms(paper.loaded_g), ""),
        )
        on.signatures(("移出人签字", "for the producer"), ("驾驶员签字", "driver"))

    def receipt_note(self, paper: ReceiptNote) -> None:
        on = self.pages
        bridge = "weighbridge: gross − tare = net"
        on.pairs(
            [
                ("国家联单编号", "national number", paper.number or _TO_WRITE),
                ("接收时间", "received", self.local(paper.received_at)),
                ("移出人", "from", joined((paper.sender.name, paper.sender.site_name), " · ")),
                ("承运人", "carrier", paper.carrier.name),
                ("接受人", "consignee", joined((paper.receiver.name, paper.receiver.site_name), " · ")),
                ("经营许可证编号", "licence", "、".join(paper.receiver.licences)),
                ("经办人 ※", "handler", self.filled(paper.handler)),
                ("结论", "decided", _decided(paper.accepted, paper.refused, paper.missing)),
                *(("地磅", bridge, joined(_bridge(w.gross_g, w.tare_g, w.net_g))) for w in paper.weighbridge),
            ]
        )
        on.heading("逐容器结论", "Container by container")
        on.table(
            [
                Column("容器编码", "container", 22, _name),
                Column("废物", "waste", 30, lambda c: joined((c.name, c.code))),
                Column("移出质量", "sent", 18, lambda c: kilograms(_sent(c)), right=True),
                Column("接收质量", "accepted", 18, lambda c: kilograms(c.accepted_g), right=True),
                Column("差异", "difference", 17, lambda c: kilograms(c.difference_g, sign=True), right=True),
                Column("结论", "decision", 24, _verdict),
                Column("方式", "method", 11, lambda c: c.method),
                Column("条目", "entries", 18, lambda c: ranges(c.entries)),
            ],
            paper.lines,
            *("合计 total", "", "", kilograms(paper.accepted_g), kilograms(paper.difference_g, sign=True), "", "", ""),
        )
        on.signatures(("接受人签字", "for the consignee"), ("承运人签字", "for the carrier"))

    def certificate(self, paper: Certificate) -> None:
        on = self.pages
        on.pairs([*_unit(paper.producer), ("时段", "period", paper.period or "全部 all time")])
        on.note(
            "以下质量由该单位首先产生，已按所列方式利用或处置完毕；每行由所列条目证明，混合后的份额按来源重算；未列出的不在本证明之内。"
        )
        on.note(
            "Grams first generated by this party that have come to their end, each line proven by its entry; shares of "
            "what was mixed follow from where it came from. What is not listed is not certified."
        )
        on.heading("合计", "Sums")
        on.table(
            [
                Column("废物代码", "code", 24, lambda s: s.code),
                Column("去向", "end", 24, lambda s: value(s.end)),
                Column("方式", "method", 16, lambda s: s.method),
                Column("利用处置单位", "by", 60, lambda s: s.holder),
                Column("质量", "mass", 26, lambda s: kilograms(s.grams), right=True),
            ],
            paper.sums,
        )
        on.heading("明细", "Line by line")
        on.table(
            [
                Column("容器编码", "container", 19, _code),
                Column("废物", "waste", 23, lambda e: joined((e.name, e.code))),
                Column("产生时间", "generated", 16, lambda e: self.local(e.born_at)),
                Column("质量", "mass", 17, lambda e: kilograms(e.grams), right=True),
                Column("去向 / 方式", "end / method", 17, lambda e: joined((value(e.end), e.method))),
                Column("单位 / 设施", "by / facility", 30, lambda e: joined((e.holder, e.facility), " · ")),
                Column("许可证", "licence", 17, lambda e: "、".join(e.licences)),
                Column("完成 / 批次", "ended / batch", 29, lambda e: joined((self.local(e.ended_at), e.batch), "\n")),
                Column("等级", "grade", 7, lambda e: e.grade),
                Column("条目", "entry", 8, lambda e: str(e.entry), right=True),
            ],
            paper.lines,
        )
        on.note("等级：A 处置单位自持密钥签名 · B 代管或一次性密钥 · C 产生单位凭文件声明 · D 据旧台账转录")
        on.note("Grades: A own device key · B custodial or one-time key · C asserted by the producer · D transcribed")

    def inventory(self, paper: Inventory) -> None:
        on = self.pages
        on.pairs([*_unit(paper.holder), ("在库容器", "containers", str(len(paper.lines)))])
        on.heading("按废物代码合计", "By waste code")
        on.table(
            [
                Column("废物代码", "code", 40, lambda s: s.code),
                Column("件数", "count", 20, lambda s: str(s.count), right=True),
                Column("质量", "mass", 40, lambda s: kilograms(s.net_g), right=True),
                Column("其中质量不明件数", "of unknown mass", 40, lambda s: str(s.unknown), right=True),
            ],
            paper.sums,
        )
        on.heading("明细", "Container by container")
        on.table(
            [
                Column("设施 / 分区", "facility / zone", 28, lambda s: joined((s.facility, s.zone))),
                Column("容器编码", "container", 22, _code),
                Column("废物", "waste", 31, lambda s: joined((s.name, s.code))),
                Column("产生单位", "producer", 30, lambda s: s.producer),
                Column("产生时间", "generated", 16, lambda s: self.local(s.born_at)),
                Column("入场时间", "here since", 16, lambda s: self.local(s.since)),
                Column("净重", "net mass", 19, lambda s: kilograms(s.net_g) or "不明 unknown", right=True),
                Column("条目", "entry", 9, lambda s: str(s.entry), right=True),
            ],
            paper.lines,
        )

    def carriages(self, carriages: Sequence[Carriage]) -> None:
        self.pages.table(
            [
                Column("环节", "step", 20, lambda c: value(c.what)),
                Column("时间", "time", 22, lambda c: self.local(c.at)),
                Column("承运人", "carrier", 38, lambda c: c.carrier.name),
                Column("车牌", "plate", 17, lambda c: c.vehicle),
                Column("驾驶员 ※", "driver", 22, lambda c: self.filled(c.driver)),
                Column("地点", "place", 30, lambda c: c.where),
                Column("件数", "count", 9, lambda c: str(c.count), right=True),
                Column("条目", "entry", 9, lambda c: str(c.entry), right=True),
            ],
            carriages,
        )

    def filled(self, ref: str) -> str:
        """A name from outside the log; a line to write on where none may be shown."""
        return (self.packet.filled.get(ref) or _TO_WRITE[:10]) if ref else ""

    def proof(self) -> None:
        """The checkpoint, the entries, and the packet in codes where these are few enough."""
        on, at, entries, texts = self.pages, self.checkpoint, self.packet.entries, codes(self.packet)
        places = ranges(each.index for each in entries)
        on.heading("证明", "Proof")
        on.note(f"日志 log {at.origin} · 检查点 checkpoint {at.size} · 树根 root {encode_base64(at.root)}")
        on.note(f"{len(entries)} 条条目 entries：{places}")
        on.note(
            "任何人可离线核验：每个数字由以上条目重算。※ 所填姓名不在证明之内。PDF 内附机读副本。"
            "wasteledger verify-paper 文件或二维码文本 --trust trust.json"
        )
        on.note(
            "Anybody verifies this paper offline: every figure is computed again from these entries. Names at ※ are "
            "filled in from outside the log. The file carries its proofs as an attachment."
        )
        if texts:
            on.note(f"以下 {len(texts)} 个二维码即全部证明，顺序不限。 These {len(texts)} codes are the whole proof.")
            on.codes(texts)
        else:
            on.note("证明过长，不印为二维码，随 PDF 附带；首页二维码注明检查点与文件摘要。")
            on.note("The proof is too long for codes: it travels in the file, which the first page's code names.")


# ---------------------------------------------------------------------------------------------- texts of cells


def _unit(unit: Unit) -> list[tuple[str, str, str]]:
    return [
        ("单位名称", "name", unit.name),
        ("统一社会信用代码", "credit code", unit.credit_code),
        ("场所", "site", unit.site_name),
        ("地址", "address", unit.address),
        ("联系电话", "phone", unit.phone),
    ]


def _name(row: Line) -> str:
    return joined((row.container_code or row.container, row.label_code))


def _code(row: Ended | Stock) -> str:
    return row.container_code or row.container


def _sent(row: Line) -> int | None:
    return row.loaded_g if row.loaded_g is not None else row.listed_g


def _loaded(row: Line) -> str:
    if row.reason:
        return f"未装 left behind：{value(row.reason)}"
    return "✓" if row.loaded_g is not None else "— " + value(row.state)


def _verdict(row: Line) -> str:
    if row.reason and not row.decision:
        return f"未装 left behind：{value(row.reason)}"
    told = [value(row.decision) if row.decision else "未决 undecided"]
    told += ["联单未列 unlisted"] if row.unlisted else []
    told += [f"差异：{value(row.discrepancy)}"] if row.discrepancy else []
    return "；".join(told)


def _decided(accepted: int, refused: int, missing: int) -> str:
    told = ((accepted, "接收 accepted"), (refused, "拒收 refused"), (missing, "未到 missing"))
    return "；".join(f"{word} {count}" for count, word in told if count)


def _discrepancies(kinds: Sequence[str], accepted: int) -> str:
    return "、".join(map(value, kinds)) or ("无 none" if accepted else "")


def _bridge(gross: int | None, tare: int | None, net: int | None) -> Iterator[str]:
    if gross is not None and tare is not None:
        yield f"{kilograms(gross)} − {kilograms(tare)} ="
    yield kilograms(net)
