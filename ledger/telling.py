"""Events, states and exceptions in the words of the law and of the books, for people to read in zh or en."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.custody.events import Event
from ledger.custody.events.authority import SettingAdopted
from ledger.custody.events.correction import EntryCorrected
from ledger.custody.flags import RULES, Flag
from ledger.custody.regimes.base import Regime
from ledger.custody.values import Declared, Mass, Place
from ledger.log.ids import is_stream
from ledger.log.wire import is_time

Name = Callable[[str], str]

TITLES: dict[str, tuple[str, str]] = {
    "ledger-opened": ("账本开启", "ledger opened"),
    "party-registered": ("单位登记", "party registered"),
    "party-amended": ("单位信息变更", "party amended"),
    "site-registered": ("场所登记", "site registered"),
    "facility-registered": ("设施登记", "facility registered"),
    "waste-profile-registered": ("废物种类登记", "waste profile registered"),
    "vehicle-registered": ("车辆登记", "vehicle registered"),
    "scale-registered": ("衡器登记", "scale registered"),
    "scale-calibrated": ("衡器检定", "scale calibrated"),
    "contract-registered": ("合同登记", "contract registered"),
    "key-enrolled": ("密钥登记", "key enrolled"),
    "key-revoked": ("密钥吊销", "key revoked"),
    "label-codes-reserved": ("预留数字识别码", "digital codes reserved"),
    "subject-erased": ("删除个人信息", "personal texts erased"),
    "heads-snapshotted": ("各对象链头快照", "heads snapshotted"),
    "licence-granted": ("颁发许可证", "licence granted"),
    "licence-amended": ("许可证变更", "licence amended"),
    "licence-suspended": ("许可证暂停", "licence suspended"),
    "licence-revoked": ("许可证吊销", "licence revoked"),
    "catalogue-adopted": ("启用名录", "catalogue adopted"),
    "calendar-adopted": ("启用工作日历", "calendar adopted"),
    "setting-adopted": ("启用参数", "setting adopted"),
    "cross-province-approved": ("批准跨省转移", "transfer across provinces approved"),
    "cross-province-reported": ("备案跨省转移", "transfer across provinces reported"),
    "emergency-plan-declared": ("发布应急处置方案", "emergency plan declared"),
    "exemption-confirmed": ("确认豁免", "exemption confirmed"),
    "plan-filed": ("提交管理计划", "plan filed"),
    "period-closed": ("申报期关闭", "period closed"),
    "inspection-drawn": ("抽取检查对象", "inspection drawn"),
    "inspection-reported": ("报告检查结果", "inspection reported"),
    "rectification-ordered": ("责令整改", "rectification ordered"),
    "rectification-closed": ("整改销号", "rectification closed"),
    "complaint-registered": ("受理投诉", "complaint registered"),
    "complaint-answered": ("答复投诉", "complaint answered"),
    "container-opened": ("开始装入", "filling starts"),
    "waste-added": ("装入", "waste added"),
    "container-closed": ("装满封口", "filling ends"),
    "container-filled": ("产生并装入", "generated and filled"),
    "stock-declared": ("登记期初存量", "stock declared"),
    "load-weighed-in": ("过磅进厂", "weighed in"),
    "waste-discovered": ("发现无主废物", "ownerless waste found"),
    "label-issued": ("打印空白标签", "blank label printed"),
    "label-bound": ("贴标签", "label stuck on"),
    "label-replaced": ("更换标签", "label replaced"),
    "container-stored": ("入库", "stored"),
    "container-moved": ("移库", "moved"),
    "container-taken-out": ("出库", "taken out of store"),
    "container-weighed": ("复称", "weighed again"),
    "container-emptied": ("清空", "emptied"),
    "container-lost": ("登记遗失", "reported lost"),
    "container-found": ("找到", "found again"),
    "container-impounded": ("查封", "impounded"),
    "container-released": ("解封", "released"),
    "containers-grouped": ("编组", "grouped"),
    "containers-ungrouped": ("拆组", "ungrouped"),
    "store-counted": ("盘点", "store counted"),
    "leak-reported": ("报告泄漏", "leak reported"),
    "loss-determined": ("认定损失", "loss determined"),
    "contents-transferred": ("倒装", "contents transferred"),
    "custody-transferred": ("权属转移", "custody transferred"),
    "waste-reclassified": ("重新归类", "reclassified"),
    "identification-confirmed": ("确认鉴别结论", "identification confirmed"),
    "manifest-issued": ("开具联单", "manifest issued"),
    "manifest-cancelled": ("取消联单", "manifest cancelled"),
    "manifest-collected": ("起运", "collected"),
    "manifest-handed-over": ("交接", "handed over"),
    "manifest-arrived": ("到达", "arrived"),
    "manifest-received": ("接受确认", "decided on at the gate"),
    "manifest-return-started": ("开始退运", "return started"),
    "manifest-return-received": ("退回收讫", "back at its sender"),
    "manifest-redirected": ("改送", "redirected"),
    "paper-manifest-backfilled": ("补录纸质联单", "paper manifest recorded"),
    "discrepancy-found-later": ("事后发现不符", "discrepancy found later"),
    "roadside-checked": ("路检", "checked at the roadside"),
    "trip-started": ("安排车次", "trip planned"),
    "delivery-recorded": ("出厂登记", "delivery recorded"),
    "waste-treated": ("利用处置", "treated"),
    "fate-asserted": ("主张去向", "fate asserted"),
    "entry-corrected": ("更正", "correction"),
    "correction-agreed": ("同意更正", "correction agreed"),
    "correction-decided": ("裁定更正", "correction decided"),
    "exception-explained": ("说明异常", "exception explained"),
    "explanation-accepted": ("认可说明", "explanation accepted"),
    "statement-adopted": ("认领声明", "statement adopted"),
}
STATUS: dict[str, tuple[str, str]] = {
    "unknown": ("只闻其名，来源未记录", "heard of only, its origin is not recorded"),
    "filling": ("装填中", "being filled"),
    "held": ("在库", "held"),
    "in-transit": ("运输中", "on the road"),
    "lost": ("遗失", "lost"),
    "emptied": ("已办结（内容物已全部转出或处置）", "emptied"),
    "issued": ("已开具", "issued"),
    "under-way": ("在途", "under way"),
    "arrived": ("已到达", "arrived"),
    "done": ("已办结", "done"),
    "cancelled": ("已取消", "cancelled"),
}
LINES: dict[str, tuple[str, str]] = {
    "listed": ("待起运", "to be collected"),
    "left-behind": ("未装运", "left behind"),
    "collected": ("运输中", "on the road"),
    "accepted": ("接受", "accepted"),
    "accepted-in-part": ("部分接受", "accepted in part"),
    "in-part": ("部分接受", "accepted in part"),
    "refused": ("拒收", "refused"),
    "missing": ("缺失", "missing"),
    "returning": ("退运中", "on its way back"),
    "returned": ("已退回", "returned"),
    "redirected": ("已改送", "redirected"),
}
KINDS: dict[str, tuple[str, str]] = {
    "package": ("包装件", "package"),
    "vessel": ("罐、池、堆", "vessel"),
    "load": ("一车", "load"),
    "group": ("组", "group"),
    "lot": ("一批（未逐个编码）", "lot without single codes"),
}
REASONS: dict[str, tuple[str, str]] = {
    "no-licence": ("没有有效许可证", "no valid licence"),
    "licence-only-asserted": (
        "许可证仅为自行登记，未经主管部门确认",
        "its licence is asserted only, no authority confirmed it",
    ),
    "licence-wrong-kind": ("许可证种类不符", "its licence is of another kind"),
    "licence-does-not-cover": ("许可证不覆盖该代码或方式", "its licence does not cover code or method"),
    "facility-not-registered": ("设施未登记", "its facility is not registered"),
    "no-contract": ("没有合同", "there is no contract"),
}
STAGES: dict[str, tuple[str, str]] = {
    "held": ("在库", "in store"),
    "in-transit": ("运输中", "on the road"),
    "to-outside": ("已交账本外单位，去向未证明", "gone to somebody outside the ledger, fate not proven"),
    "lost": ("遗失", "lost"),
}
PLAIN: dict[str, tuple[str, str]] = {
    "utilised": ("利用", "utilised"),
    "disposed": ("处置", "disposed of"),
    "intermediate": ("预处理（不办结）", "intermediate: nothing is closed"),
    "sent": ("发出", "sent"),
    "received": ("收到", "received"),
    "repack": ("倒桶", "repacked"),
    "split": ("分装", "split"),
    "merge": ("合并", "merged"),
    "pump": ("泵送", "pumped"),
    "missing-at-count": ("盘点缺失", "missing at the count"),
    "stolen": ("被盗", "stolen"),
    "fell-off": ("途中掉落", "fell off on the road"),
    "unknown": ("原因不明", "cause unknown"),
    "held": ("在场所内", "at the site"),
    "in-transit": ("运输途中", "on the road"),
    "damaged": ("破损", "damaged"),
    "lost": ("脱落或遗失", "lost"),
    "reclassified": ("重新归类", "reclassified"),
    "reprinted": ("重印", "printed again"),
    "apply": ("准予更正", "to be applied"),
    "reject": ("不予更正", "rejected"),
    "typing": ("录入错误", "mistyped"),
    "unit": ("单位错误", "a wrong unit"),
    "scale": ("衡器误差", "the scale was wrong"),
    "wrong-container": ("记错容器", "the wrong container"),
    "other": ("其他", "other"),
    "evidence": ("证据保全", "evidence"),
    "danger": ("危险", "danger"),
    "unlawful-transfer": ("非法转移", "unlawful transfer"),
    "dumped": ("倾倒、流失于环境", "dumped, or lost into the environment"),
    "process-loss": ("工艺损耗，无危害", "gone in the process, with no harm"),
    "in-order": ("无问题", "in order"),
    "faults": ("发现问题", "faults found"),
    "differs": ("与联单不符", "differs from its papers"),
    "justified": ("属实", "justified"),
    "unjustified": ("不属实", "unjustified"),
    "referred": ("转办", "referred"),
    "mistake": ("填写错误", "a mistake"),
    "carrier-did-not-come": ("承运人未到", "the carrier did not come"),
    "consignee-cannot": ("接受人不能接受", "the consignee cannot take it"),
    "name": ("名称不符", "name differs"),
    "quantity": ("数量不符", "quantity differs"),
    "characteristic": ("特性不符", "characteristic differs"),
    "form": ("形态不符", "form differs"),
    "packaging": ("包装不符", "packaging differs"),
    "label-differs": ("标签与联单不一致", "label and manifest differ"),
    "no-room": ("车辆装不下", "no room"),
    "not-found": ("未找到", "not found"),
    "report": ("鉴别报告", "an identification report"),
    "error": ("归类错误", "a wrong classification"),
    "catalogue": ("名录修订", "a new edition of the catalogue"),
    "provisional": ("暂按此归类", "for the time being"),
    "sale": ("转让", "sale"),
    "merger": ("合并", "merger"),
    "division": ("分立", "division"),
    "epidemic": ("疫情", "an epidemic"),
    "plant-outage": ("处置设施停运", "a plant's outage"),
    "accident": ("突发事故", "an accident"),
    "all": ("全过程", "all of it"),
    "collection": ("收集", "collection"),
    "transport": ("运输", "transport"),
    "utilisation": ("利用", "utilisation"),
    "disposal": ("处置", "disposal"),
    "storage": ("贮存", "storage"),
    "comprehensive": ("综合经营", "comprehensive"),
    "medical": ("医疗废物", "medical waste"),
    "own-facility": ("自行利用处置", "own facility"),
    "site-permit": ("场所许可", "site permit"),
    "left": ("离职", "left the enterprise"),
    "replaced": ("更换", "replaced"),
    "used": ("已用完", "used up"),
    "order": ("依法定要求", "by order"),
    "request": ("本人申请", "asked for"),
    "retention-ended": ("保存期满", "its time was over"),
}
SEALED: dict[str, tuple[str, str]] = {
    "carried_by": ("运送人", "carried by"),
    "complaint": ("投诉内容", "the complaint"),
    "destination": ("去向", "destination"),
    "driver": ("司机", "driver"),
    "escort": ("押运员", "escort"),
    "explanation": ("说明", "explanation"),
    "found_at": ("发现地点", "found at"),
    "handler": ("经办人", "handler"),
    "name": ("姓名", "name"),
    "note": ("说明", "note"),
    "phone": ("电话", "phone"),
    "told": ("告知何人", "told to"),
}
FIGURES: dict[str, tuple[str, str]] = {
    "net_g": ("净重", "net mass"),
    "rest_g": ("余量", "what is left"),
    "lost_g": ("泄漏量", "what leaked"),
}
SEVERITIES: dict[str, tuple[str, str]] = {
    "serious": ("严重", "serious"),
    "warning": ("警告", "warning"),
    "notice": ("提示", "notice"),
}
WASTES: dict[str, tuple[str, str]] = {
    "hazardous": ("危险废物", "hazardous waste"),
    "medical": ("医疗废物", "medical waste"),
    "industrial": ("一般工业固体废物", "general industrial waste"),
    "construction": ("建筑垃圾", "construction waste"),
    "household": ("生活垃圾", "household waste"),
    "sludge": ("污泥", "sludge"),
}
VIEWS: dict[str, tuple[str, str]] = {
    "origin": (
        "产生口径：在此范围内首次产生的，无论现在何处",
        "origin view: first produced in this scope, wherever it is now",
    ),
    "facility": ("设施口径：进入此场所的", "facility view: what came to this place"),
}
CAME_IN: dict[str, tuple[str, str]] = {
    "generated": ("产生", "generated"),
    "derived": ("处置残渣", "residues"),
    "opening": ("期初申报", "declared stock"),
    "found": ("发现无主", "found ownerless"),
    "gain": ("复称增加", "gained by weighing"),
    "unrecorded": ("来源未记录", "origin not recorded"),
    "reclassified": ("改变归类", "reclassified"),
}
WHY: dict[str, tuple[str, str]] = {
    "open": ("未办结，时限未到", "still open, its clock runs"),
    "overdue": ("未办结，已超期", "still open, overdue"),
    "lost": ("遗失，未找到", "lost and not found"),
    "dumped": ("倾倒", "dumped"),
    "difference": ("超出容差的重量差", "differences beyond the tolerance"),
    "closed-by-unentitled": ("由无资质单位利用处置", "closed by somebody not entitled"),
    "process-loss-by-unentitled": ("在无资质单位处损耗", "process loss at somebody not entitled"),
}
LEVELS: dict[str, tuple[str, str]] = {
    "hashes": ("散列与链", "hashes and chains"),
    "signatures": ("散列、链与签名", "hashes, chains and signatures"),
    "replay": ("散列、链、签名并重放全部事实", "hashes, chains, signatures, and every fact replayed"),
}
_PARTS = ("lines", "inputs", "outputs", "sources", "targets")
TOLD_AS_SAID = (
    "number", "facility", "zone", "decision", "discrepancy", "end", "method", "reason", "cause", "outcome", "rule",
    "kind", "vehicle", "batch_code", "container_type", "stage", "edition", "effective_from",
)  # fmt: skip
USUAL = {"stage": "final"}
_SAID_ELSEWHERE = {"kind": ("container-opened", "container-filled", "stock-declared")}


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells one reader: `lang` is "zh" or "en", `name` says what people call an object, `regime` dates and cites."""

    lang: str
    name: Name
    regime: Regime

    def say(self, zh: str, en: str) -> str:
        """The words in the reader's language."""
        return zh if self.lang == "zh" else en

    def local(self, moment: str) -> str:
        """A wire moment at the regime's own clock, to the minute."""
        return (datetime.fromisoformat(moment) + self.regime.offset).strftime("%Y-%m-%d %H:%M")

    def word(self, table: dict[str, tuple[str, str]], key: str) -> str:
        """A key in the reader's language; itself where the table has no word."""
        return self.say(*table.get(key, (key, key)))

    def sealed(self, path: str) -> str:
        """What a sealed field holds, such as the handler's telephone."""
        return " · ".join(self.word(SEALED, part) for part in path.split(".") if part in SEALED)

    def happened(self, event: Event, of: str) -> str:
        """What an event says of one container or manifest, on one line."""
        return " · ".join([self.word(TITLES, event.type), *dict.fromkeys(filter(None, self._details(event, of)))])

    def _details(self, event: Event, of: str) -> Iterator[str]:
        part = next(
            (p for field in _PARTS for p in getattr(event, field, ()) if getattr(p, "container", "") == of), None
        )
        if part is not None:
            yield self._weight(part)
            yield self.word(LINES, getattr(part, "decision", ""))
            discrepancy = getattr(part, "discrepancy", None)
            yield self.word(PLAIN, discrepancy) if discrepancy else ""
        else:
            yield self._weight(event)
            yield from self._loads(event)
        yield self._journey(event)
        for field in TOLD_AS_SAID:
            value = getattr(event, field, None)
            if (
                isinstance(value, str)
                and value != USUAL.get(field)
                and event.type not in _SAID_ELSEWHERE.get(field, ())
            ):
                yield self.name(value) if is_stream(value) else self.word(PLAIN | KINDS, value)
        if isinstance(event, EntryCorrected):
            yield self._change(event)
        if isinstance(event, SettingAdopted):
            yield f"{event.name} = {event.value}"
        source = getattr(event, "source", None)
        if source is not None:
            yield self.say(
                f"转录自 {source.sheet} 第 {source.row} 行", f"transcribed from {source.sheet}, row {source.row}"
            )

    def _change(self, said: EntryCorrected) -> str:
        """What was said and what it should have been."""
        old, new = (mass(value) if isinstance(value, int) else value for value in (said.old, said.new))
        return f"{self.word(FIGURES, said.field.rpartition('.')[2])} {old} → {new}"

    def _weight(self, said: Any) -> str:
        """The mass that an event or one of its lines names, with the unit as it was declared."""
        net, declared = getattr(said, "net_g", None), getattr(said, "declared", None)
        weighed = getattr(said, "mass", None)
        if isinstance(weighed, Mass):
            if weighed.net_g is None:
                return self.say("重量未知", "mass unknown")
            net, declared = weighed.net_g, weighed.declared
        if not isinstance(net, int):
            return ""
        as_declared = isinstance(declared, Declared) and declared.unit not in ("kg", "g")
        return mass(net) + (f" ({declared.value} {declared.unit})" if as_declared and declared else "")

    def _loads(self, event: Event) -> Iterator[str]:
        loads = getattr(event, "lines", ())
        if loads:
            count, known = (
                len(loads),
                [getattr(x, "net_g", None) or getattr(getattr(x, "mass", None), "net_g", 0) or 0 for x in loads],
            )
            yield (
                self.say(f"{count} 个容器", f"{count} containers" if count > 1 else "1 container")
                + f" {mass(sum(known))}"
            )

    def _journey(self, event: Event) -> str:
        """Where, or from where to where and by whom."""
        ends = [getattr(event, field, None) for field in ("from_", "to")]
        shown = [self._where(end) for end in ends if end is not None]
        if not shown and isinstance(place := getattr(event, "place", None), Place):
            shown = [self.name(place.site)]
        carrier = getattr(event, "carrier", None) or getattr(event, "to_carrier", None)
        by = (
            self.say(f"（承运 {self.name(carrier)}）", f" (carrier {self.name(carrier)})")
            if isinstance(carrier, str)
            else ""
        )
        return " → ".join(shown) + by

    def _where(self, end: Any) -> str:
        party, site, called = (getattr(end, field, None) for field in ("party", "site", "name"))
        if party is None:
            return called or str(end)
        return f"{self.name(party)} {self.name(site)}" if site else self.name(party)

    def exception(self, flag: Flag) -> Iterator[str]:
        """An exception in three lines: what, whose and since when, the law and what ends it."""
        rule = RULES[flag.rule]
        title = f"[{self.word(SEVERITIES, rule.severity)}] {self.say(rule.zh, rule.en)}"
        grams = f" · {mass(flag.grams)}" if flag.grams else ""
        yield f"{title}{grams} · {self.name(flag.object)} · {flag.rule}"
        since, until = self.local(flag.opened_at), flag.closed_at and self.local(flag.closed_at)
        span = self.say(f"自 {since}", f"since {since}") + (
            self.say(f"，{until} 结束", f", ended {until}") if until else ""
        )
        holder = (
            self.say(f" · 责任单位 {self.name(flag.holder)}", f" · with {self.name(flag.holder)}")
            if flag.holder
            else ""
        )
        detail = self.detail(flag)
        yield f"  {span}{holder}" + (f" · {detail}" if detail else "")
        law = self.regime.cite(rule.cites, self.regime.day_of(flag.opened_at))
        yield "  " + self.say(f"依据 {law} · 办法：{rule.todo_zh}", f"law: {law} · to end it: {rule.todo_en}")

    def detail(self, flag: Flag) -> str:
        """What an exception says beyond its rule: names, moments and reasons in the reader's words."""
        return " ".join(self._detail(x) for x in flag.detail.split(" ") if x)

    def _detail(self, text: str) -> str:
        if is_stream(text):
            return self.name(text)
        return self.local(text) if is_time(text) else self.word(REASONS | STAGES, text)

    def exception_document(self, flag: Flag) -> dict[str, Any]:
        """An exception for machines, with its words in the reader's language."""
        rule = RULES[flag.rule]
        return {
            "rule": flag.rule,
            "severity": rule.severity,
            "words": rule.zh if self.lang == "zh" else rule.en,
            "to_do": rule.todo_zh if self.lang == "zh" else rule.todo_en,
            "law": self.regime.cite(rule.cites, self.regime.day_of(flag.opened_at)),
            "object": flag.object,
            "object_name": self.name(flag.object),
            "grams": flag.grams,
            "holder": flag.holder,
            "holder_name": self.name(flag.holder) if flag.holder else "",
            "site": flag.site,
            "detail": flag.detail,
            "opened_at": flag.opened_at,
            "opened_by": flag.opened_by,
            "closed_at": flag.closed_at,
            "closed_by": flag.closed_by,
        }


def mass(grams: int) -> str:
    """Grams as kilograms, exactly."""
    return f"{Decimal(grams).scaleb(-3).normalize():,f} kg"
