"""The words of papers: what each figure is called, and the values that stand for something, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from ledger.custody.regimes.base import moment_of

Said = tuple[str, str]

TITLES: Final[dict[str, Said]] = {
    "manifest": ("固体（危险）废物转移联单", "Waste transfer manifest"),
    "load-list": ("装载清单", "Load list"),
    "receipt-note": ("接收单", "Receipt note"),
    "certificate": ("利用处置证明", "Certificate of recovery or disposal"),
    "inventory": ("贮存清单", "Store inventory"),
}

CAPTIONS: Final[dict[str, Said]] = {
    "accepted": ("接收件数", "accepted"),
    "accepted_g": ("接收质量", "mass accepted"),
    "address": ("地址", "address"),
    "at": ("时间", "time"),
    "batch": ("批次", "batch"),
    "born_at": ("产生时间", "generated"),
    "carriages": ("运输", "carriage"),
    "carrier": ("承运人", "carrier"),
    "classes": ("类别", "class"),
    "code": ("废物代码", "waste code"),
    "collected_at": ("起运时间", "collected"),
    "container": ("容器标识", "container id"),
    "container_code": ("容器编码", "container"),
    "count": ("件数", "count"),
    "credit_code": ("统一社会信用代码", "credit code"),
    "decision": ("处理意见", "decision"),
    "difference_g": ("差异", "difference"),
    "discrepancy": ("重大差异", "discrepancy"),
    "discrepancies": ("重大差异", "discrepancies"),
    "driver": ("驾驶员", "driver"),
    "emergency_phone": ("应急电话", "emergency phone"),
    "end": ("去向", "end"),
    "ended_at": ("完成时间", "ended"),
    "entries": ("条目", "entries"),
    "entry": ("条目", "entry"),
    "facility": ("设施", "facility"),
    "form": ("形态", "form"),
    "grade": ("证据等级", "grade"),
    "grams": ("质量", "mass"),
    "gross_g": ("毛重", "gross"),
    "handler": ("经办人", "handler"),
    "harmful": ("有害成分", "harmful components"),
    "hazards": ("危险特性", "hazards"),
    "holder": ("单位", "party"),
    "issued_at": ("开具时间", "issued"),
    "kind": ("包装", "kind"),
    "label_code": ("数字识别码", "digital code"),
    "last_in": ("末次容器", "last in"),
    "left_behind": ("未装件数", "left behind"),
    "licences": ("许可证编号", "licence"),
    "lines": ("第", "line"),
    "listed_g": ("联单质量", "mass listed"),
    "loaded": ("装载件数", "loaded"),
    "loaded_g": ("装载质量", "mass loaded"),
    "manifest": ("联单标识", "manifest id"),
    "method": ("方式", "method"),
    "methods": ("方式", "methods"),
    "missing": ("缺失件数", "missing"),
    "name": ("名称", "name"),
    "net_g": ("净重", "net mass"),
    "number": ("国家联单编号", "national number"),
    "packing": ("包装", "packing"),
    "party": ("单位标识", "party id"),
    "period": ("时段", "period"),
    "phone": ("联系电话", "phone"),
    "planned": ("计划转移日期", "planned for"),
    "producer": ("产生单位", "producer"),
    "reason": ("未装原因", "why left behind"),
    "received_at": ("接收时间", "received"),
    "receiver": ("接受人", "consignee"),
    "receiver_handler": ("接受人经办人", "consignee's handler"),
    "refused": ("拒收件数", "refused"),
    "returned_g": ("退回质量", "mass returned"),
    "sender": ("移出人", "producer"),
    "sender_handler": ("移出人经办人", "producer's handler"),
    "since": ("入场时间", "here since"),
    "site": ("场所", "site"),
    "site_name": ("场所", "site"),
    "state": ("状态", "state"),
    "status": ("状态", "status"),
    "sums": ("合计", "sum"),
    "tare_g": ("皮重", "tare"),
    "undecided": ("未决件数", "undecided"),
    "unknown": ("质量不明件数", "of unknown mass"),
    "unlisted": ("联单未列", "unlisted"),
    "vehicle": ("车牌", "plate"),
    "wastes": ("废物", "waste"),
    "weighbridge": ("地磅", "weighbridge"),
    "what": ("环节", "step"),
    "where": ("地点", "place"),
    "zone": ("分区", "zone"),
}

VALUES: Final[dict[str, Said]] = {
    "accepted": ("接收", "accepted"),
    "accepted-in-part": ("部分接收", "accepted in part"),
    "in-part": ("部分接收", "accepted in part"),
    "refused": ("拒收", "refused"),
    "missing": ("未到", "missing"),
    "listed": ("已列入", "listed"),
    "collected": ("已起运", "collected"),
    "left-behind": ("未装", "left behind"),
    "returning": ("退回途中", "returning"),
    "returned": ("已退回", "returned"),
    "redirected": ("改送", "redirected"),
    "handed-over": ("交接", "handed over"),
    "arrived": ("到达", "arrived"),
    "return-started": ("退回起运", "return started"),
    "issued": ("已开具", "issued"),
    "under-way": ("在途", "under way"),
    "done": ("办结", "done"),
    "cancelled": ("已取消", "cancelled"),
    "unknown": ("未知", "unknown"),
    "label-differs": ("标签不符", "label differs"),
    "damaged": ("破损", "damaged"),
    "no-room": ("装不下", "no room"),
    "not-found": ("未找到", "not found"),
    "other": ("其他", "other"),
    "name": ("名称", "name"),
    "quantity": ("数量", "quantity"),
    "characteristic": ("特性", "characteristic"),
    "form": ("形态", "form"),
    "packaging": ("包装", "packaging"),
    "solid": ("固态", "solid"),
    "semi-solid": ("半固态", "semi-solid"),
    "liquid": ("液态", "liquid"),
    "gas": ("气态", "gas"),
    "package": ("包装物", "package"),
    "vessel": ("储罐池", "vessel"),
    "load": ("整车", "load"),
    "group": ("集合包装", "group"),
    "lot": ("批", "lot"),
    "utilised": ("利用", "utilised"),
    "disposed": ("处置", "disposed"),
    "held": ("贮存", "held"),
    "filling": ("装填中", "filling"),
}

_moment = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z").fullmatch


def value(word: str) -> str:
    """A value in both languages."""
    said = VALUES.get(word)
    return word if said is None else f"{said[0]} {said[1]}"


def kilograms(grams: int | None, *, sign: bool = False) -> str:
    """Grams as kilograms, exactly; "" where there are none."""
    return "" if grams is None else f"{Decimal(grams).scaleb(-3).normalize():{'+' if sign and grams else ''},f} kg"


def tonnes(grams: int) -> str:
    """Grams as tonnes, exactly."""
    return f"{Decimal(grams).scaleb(-6).normalize():,f} t"


def local(moment: str, offset: timedelta) -> str:
    """A moment by the local clock, to the minute; "" where there is none."""
    return (moment_of(moment) + offset).strftime("%Y-%m-%d %H:%M") if moment else ""


def captioned(path: str, lang: str) -> str:
    """A figure's place in words: "lines.0.net_g" as 第 1 行 净重, or as line 1 net mass."""
    words: list[str] = []
    zh = lang.startswith("zh")
    for part in path.split("."):
        if part.isdigit():
            words[-1] = f"第 {int(part) + 1} 行" if zh and words[-1] == "第" else f"{words[-1]} {int(part) + 1}"
        else:
            words.append(CAPTIONS.get(part, (part, part))[not zh])
    return " ".join(words)


def shown(figure: str, got: object, offset: timedelta) -> str:
    """A figure as papers print it, by the name of its field."""
    match got:
        case None:
            return "—"
        case bool():
            return "是 yes" if got else "否 no"
        case int() if figure.endswith("_g") or figure == "grams":
            return kilograms(got)
        case str() if _moment(got):
            return local(got, offset)
        case str():
            return value(got) if figure in _CHOSEN else got
        case list() | tuple():
            return ", ".join(shown(figure, each, offset) for each in got)
        case _:
            return str(got)


_CHOSEN: Final = frozenset(
    {"decision", "discrepancy", "end", "form", "kind", "packing", "reason", "state", "status", "what"}
)


def joined(parts: Iterable[str], between: str = " ") -> str:
    """What there is of some texts."""
    return between.join(part for part in parts if part)
