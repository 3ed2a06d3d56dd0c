"""What only an authority says, as forms: which fields each act asks for, and where it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlencode

from flask import request

from api.auth import accounts, current_actor
from api.pages.acting import FieldMissing, grams
from api.pages.shown import registry, t
from ledger.custody.decide import proposals
from ledger.custody.events import event_types
from ledger.custody.events.authority import LicenceSuspended
from ledger.custody.flags import Flag
from ledger.custody.registry import Licence
from ledger.errors import FormError
from ledger.queries import ContainerStory
from ledger.telling import PLAIN

Kind = Literal[
    "text", "day", "days", "codes", "mass", "count", "choice", "own", "party", "parties", "site", "of-holder",
    "scope", "row", "several", "setting", "value", "hash", "note", "uscc",
]  # fmt: skip
Words = tuple[str, str]
_SPLIT: Final = re.compile(r"[\s,，、;；]+")

LICENCES: Final[dict[str, Words]] = {
    "comprehensive": ("综合经营", "comprehensive"),
    "collection": ("收集经营", "collection"),
    "medical": ("医疗废物", "medical waste"),
    "own-facility": ("自行利用处置", "own facility"),
    "site-permit": ("场所许可", "site permit"),
}
ROLES: Final[dict[str, Words]] = {
    "licensing": ("许可审批", "licensing"),
    "supervision": ("监督执法", "supervision"),
    "settings": ("参数管理", "settings"),
    "registrar": ("登记", "registrar"),
}
OUTCOMES: Final[dict[str, Words]] = {
    key: PLAIN[key] for key in ("in-order", "faults", "differs", "justified", "unjustified", "referred")
}
REVOKED: Final[dict[str, Words]] = {
    "lost": ("遗失", "lost"),
    "stolen": ("被盗", "stolen"),
    "left": ("离职", "left the enterprise"),
    "replaced": ("更换", "replaced"),
    "used": ("已用完", "used up"),
}


class NotInOrder(FormError):
    """A last day that lies before the first."""

    code = "days-not-in-order"
    zh = "终止日期早于起始日期：请改正日期"
    en = "the last day lies before the first: put the days right"


class NotACount(FormError):
    """A number of times or a year that is none."""

    code = "not-a-count"
    zh = "{what}应为正整数"
    en = "{what} is a whole number above nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an act's form, called as the event's own; `own` is an enterprise that the reader watches, `party`
    any, `row` of the exemption list, `note` sealed."""

    key: str
    zh: str
    en: str
    kind: Kind = "text"
    choices: Mapping[str, Words] = field(default_factory=dict)
    required: bool = True
    unit: str = "t"
    hint: Words = ("", "")

    def read(self) -> Any:
        """What the form says of it, in wire form; None when it says nothing. Raises FormError."""
        texts = [each.strip() for each in request.form.getlist(self.key) if each.strip()]
        if not texts:
            if self.required:
                raise FieldMissing(what=t(self.zh, self.en))
            return None
        match self.kind:
            case "several":
                return sorted(set(texts))
            case "codes" | "days" | "parties":
                return list(dict.fromkeys(one for text in texts for one in _SPLIT.split(text) if one))
            case "mass":
                return grams(texts[0], request.form.get(f"{self.key}_unit", self.unit))
            case "count":
                if not (texts[0].isascii() and texts[0].isdigit() and int(texts[0])):
                    raise NotACount(what=t(self.zh, self.en), expected="1, 2, 3 …", got=texts[0][:40])
                return int(texts[0])
            case "value":
                return int(texts[0]) if texts[0].isascii() and texts[0].isdigit() else texts[0]
            case "note":
                return {"clear": texts[0]}
            case "uscc":
                return [{"scheme": "uscc", "value": texts[0]}]
            case _:
                return texts[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that an authority says: of what (`on`: kinds of objects; "" for nothing in particular), by which law
    (a key of the regime; "": none of it), with which fields; `new` is a field that is given a fresh id of its kind."""

    type: str
    zh: str
    en: str
    law: str
    on: frozenset[str]
    fields: tuple[Field, ...]
    new: str = ""

    @property
    def role(self) -> str:
        """The role of a key that may sign it as an authority: what others may say of themselves a registrar says of
        anybody, but for licences."""
        author = event_types()[self.type].author
        if author in ROLES:
            return author
        return "licensing" if self.type == "licence-granted" else "registrar"

    @property
    def title(self) -> str:
        return t(self.zh, self.en)

    def address(self, on: str = "", **usual: str) -> str:
        """Its form, about an object, with some of its fields filled in."""
        given = {key: value for key, value in {"on": on, **usual}.items() if value}
        return f"/acts/{self.type}" + (f"?{urlencode(given)}" if given else "")


_FROM: Final = Field(key="from", zh="生效日期", en="From", kind="day")
_VALID: Final = (
    Field(key="valid_from", zh="有效期自", en="Valid from", kind="day"),
    Field(key="valid_until", zh="有效期至", en="Valid until", kind="day"),
)
_COVERED: Final = (
    Field(key="include", zh="类别或代码（空为全部）", en="Classes or codes; blank for all", kind="codes",
          required=False, hint=("空格分隔，如 HW08 HW09", "with a space between, such as HW08 HW09")),
    Field(key="exclude", zh="不含的类别或代码", en="Classes or codes left out", kind="codes", required=False),
    Field(key="methods", zh="利用处置方式（空为不限）", en="Methods; blank for any", kind="codes", required=False,
          hint=("如 R9 D10", "such as R9 D10")),
    Field(key="annual_g", zh="年经营规模", en="Mass a year", kind="mass", required=False),
)  # fmt: skip
_CODES: Final = Field(
    key="codes", zh="废物代码", en="Waste codes", kind="codes", hint=("空格分隔", "with a space between")
)
_NOTE: Final = Field(
    key="note", zh="说明", en="Note", kind="note", required=False,
    hint=("加密封存，只有有权的人可见", "sealed: read only by who may"),
)  # fmt: skip
_CROSSING: Final = (
    Field(key="sender", zh="移出单位", en="Sender", kind="own"),
    Field(key="receiver", zh="接受单位", en="Receiver", kind="party"),
    _CODES,
    Field(key="mass_g", zh="数量上限", en="At most, in all", kind="mass", required=False),
    Field(key="shipments", zh="转移次数上限", en="Shipments at most", kind="count", required=False),
    Field(key="number", zh="文号", en="Number of the document", required=False),
    _VALID[0],
    Field(key="valid_until", zh="有效期至", en="Valid until", kind="day",
          hint=("自起始日起最长 12 个月，超出的不算", "12 months at most from the first day; no day counts beyond")),
)  # fmt: skip


def _act(type_: str, zh: str, en: str, law: str, on: str, *fields: Field, new: str = "") -> Act:
    return Act(type=type_, zh=zh, en=en, law=law, on=frozenset(on.split(" ")), fields=fields, new=new)


def _of(*outcomes: str) -> dict[str, Words]:
    return {each: OUTCOMES[each] for each in outcomes}


ACTS: Final[dict[str, Act]] = {
    act.type: act
    for act in (
        _act(
            "licence-granted", "颁发许可证", "Grant a licence", "licence", " party licence",
            Field(key="holder", zh="持证单位", en="Holder", kind="own"),
            Field(key="number", zh="许可证编号", en="Number of the licence"),
            Field(key="kind", zh="种类", en="Kind", kind="choice", choices=LICENCES),
            *_COVERED,
            *_VALID,
            Field(key="site", zh="仅限场所", en="For one site only", kind="site", required=False),
            new="licence",
        ),
        _act(
            "licence-amended", "变更许可证", "Amend the licence", "licence", "licence",
            _FROM, _VALID[1], *_COVERED,
        ),
        _act(
            "licence-suspended", "暂停许可证", "Suspend the licence", "licence", "licence",
            Field(key="from", zh="暂停自", en="Suspended from", kind="day"),
            Field(key="until", zh="暂停至（含当日）", en="Until, that day included", kind="day"),
        ),
        _act(
            "licence-revoked", "吊销许可证", "Revoke the licence", "licence", "licence",
            Field(key="from", zh="吊销自", en="Revoked from", kind="day"),
        ),
        _act(
            "cross-province-approved", "批准跨省转移", "Approve a transfer across provinces", "crossing", " party",
            *_CROSSING,
            new="approval",
        ),
        _act(
            "cross-province-reported", "备案跨省转移", "Take down a reported transfer", "crossing", " party",
            *_CROSSING,
            new="approval",
        ),
        _act(
            "emergency-plan-declared", "发布应急预案", "Declare an emergency plan", "", "",
            Field(key="receivers", zh="应急收集处置单位", en="Who may take and close it", kind="parties"),
            Field(key="codes", zh="废物类别或代码", en="Classes or codes", kind="codes",
                  hint=("如 HW01", "such as HW01")),
            Field(key="reason", zh="原因", en="Reason", kind="choice", choices={
                "epidemic": ("疫情", "an epidemic"),
                "plant-outage": ("处置设施停运", "a plant's outage"),
                "accident": ("突发事故", "an accident"),
                "other": ("其他", "other"),
            }),
            *_VALID,
            Field(key="order", zh="应急预案文件", en="The order", kind="hash", required=False),
            new="plan",
        ),
        _act(
            "exemption-confirmed", "确认豁免", "Confirm an exemption", "exemption", " party",
            Field(key="holder", zh="适用单位", en="Whose waste", kind="own"),
            Field(key="row", zh="豁免管理清单条目", en="Row of the exemption list", kind="row"),
            _CODES,
            Field(key="stage", zh="豁免环节", en="Stage", kind="choice", choices={
                "all": ("全过程", "all"),
                "collection": ("收集", "collection"),
                "transport": ("运输", "transport"),
                "utilisation": ("利用", "utilisation"),
                "disposal": ("处置", "disposal"),
                "storage": ("贮存", "storage"),
            }),
            *_VALID,
            Field(key="evidence", zh="符合豁免条件的证明", en="That its condition is met", kind="hash", required=False),
        ),
        _act(
            "container-impounded", "查封扣押", "Impound it", "", "container",
            Field(key="reason", zh="查封扣押理由", en="Why it is seized", kind="choice", choices={
                "evidence": ("证据保全", "evidence"),
                "danger": ("危险", "danger"),
                "unlawful-transfer": ("非法转移", "unlawful transfer"),
                "other": ("其他", "other"),
            }),
            _NOTE,
        ),
        _act("container-released", "解除查封", "Release it", "", "container"),
        _act(
            "identification-confirmed", "确认鉴别结论", "Confirm its identification", "catalogue", "container",
            Field(key="evidence", zh="鉴别报告", en="The identification report", kind="hash"),
        ),
        _act(
            "loss-determined", "认定损失", "Determine the loss", "", "container",
            Field(key="net_g", zh="认定的量", en="How much of it", kind="mass", unit="kg"),
            Field(key="outcome", zh="认定结论", en="What became of it", kind="choice", choices={
                "dumped": ("倾倒、流失于环境", "dumped, or lost into the environment"),
                "process-loss": ("工艺损耗，无危害", "gone in the process, with no harm"),
            }),
            Field(key="evidence", zh="认定依据", en="What it rests on", kind="hash", required=False),
        ),
        _act(
            "correction-decided", "裁定更正", "Decide the correction", "", "correction",
            Field(key="outcome", zh="裁定", en="Decision", kind="choice", choices={
                "apply": ("准予更正", "to be applied"),
                "reject": ("不予更正", "rejected"),
            }),
            _NOTE,
        ),
        _act(
            "roadside-checked", "记录路检", "Record a roadside check", "manifest", "manifest",
            Field(key="outcome", zh="检查结果", en="Outcome", kind="choice", choices=_of("in-order", "differs")),
            _NOTE,
        ),
        _act(
            "complaint-registered", "受理投诉", "Register a complaint", "", "party",
            Field(key="holder", zh="被投诉单位", en="Complained of", kind="own"),
            Field(key="concerns", zh="涉及单位或场所", en="Concerns the enterprise, or a site", kind="of-holder"),
            Field(key="complaint", zh="投诉内容", en="The complaint", kind="note",
                  hint=("加密封存，只有有权的人可见", "sealed: read only by who may")),
        ),
        _act(
            "complaint-answered", "答复投诉", "Answer the complaint", "", "complaint",
            Field(key="outcome", zh="结论", en="Outcome", kind="choice",
                  choices=_of("justified", "unjustified", "referred")),
            Field(key="answer", zh="答复文件", en="The answer", kind="hash"),
        ),
        _act(
            "party-registered", "登记单位", "Register an enterprise", "", "",
            Field(key="name", zh="单位名称", en="Name"),
            Field(key="identifiers", zh="统一社会信用代码", en="Unified social credit code", kind="uscc",
                  required=False),
            Field(key="duties", zh="业务", en="Business", kind="several", required=False, choices={
                "generator": ("产生单位", "generator"),
                "carrier": ("运输单位", "carrier"),
                "disposer": ("利用处置单位", "disposer"),
            }),
            Field(key="duty_phone", zh="值班电话", en="Duty phone", required=False),
            new="party",
        ),
        _act(
            "site-registered", "登记场所", "Register a site", "", " party",
            Field(key="holder", zh="单位", en="Enterprise", kind="party"),
            Field(key="name", zh="场所名称", en="Name"),
            Field(key="region", zh="行政区划代码（6 位）", en="Region code, 6 digits", required=False),
            Field(key="address", zh="地址", en="Address", required=False),
            Field(key="use", zh="用途", en="Use", kind="choice", choices={
                "enterprise": ("生产经营", "enterprise"),
                "medical": ("医疗卫生机构", "medical"),
                "collection": ("收集", "collection"),
                "disposal": ("利用处置", "disposal"),
                "authority": ("主管部门", "authority"),
            }),
            Field(key="live_from", zh="启用日期", en="Live from", kind="day", required=False),
            new="site",
        ),
        _act(
            "key-enrolled", "登记密钥", "Let in a key", "", "key",
            Field(key="roles", zh="职责", en="Roles", kind="several", choices=ROLES, required=False,
                  hint=("只能赋予签署密钥自身具有的职责", "only such as the key that signs has itself")),
        ),
        _act(
            "key-revoked", "吊销密钥", "Revoke a key", "", "key",
            Field(key="reason", zh="原因", en="Reason", kind="choice", choices=REVOKED),
        ),
        _act(
            "setting-adopted", "启用参数", "Adopt a setting", "", " party",
            Field(key="name", zh="参数", en="Setting", kind="setting"),
            Field(key="value", zh="取值", en="Value", kind="value"),
            Field(key="effective_from", zh="启用日期", en="In force from", kind="day"),
            Field(key="scope", zh="仅适用于（空为全部）", en="For this party only; blank for all", kind="scope",
                  required=False),
        ),
        _act(
            "calendar-adopted", "启用工作日历", "Adopt a calendar", "", "",
            Field(key="year", zh="年度", en="Year", kind="count"),
            Field(key="days_off", zh="周一至周五中的休息日", en="Days off among Monday to Friday", kind="days",
                  required=False, hint=("如 2026-01-01 2026-01-02", "such as 2026-01-01 2026-01-02")),
            Field(key="working_days", zh="周末中的工作日", en="Working days at week-ends", kind="days", required=False),
        ),
        _act("catalogue-adopted", "启用名录", "Adopt a catalogue", "catalogue", ""),
    )
}  # fmt: skip

# What an exception waits for, when it is an authority's act.
_ENDS: Final = {
    "licence-only-asserted": "licence-granted",
    "reclassification-unconfirmed": "identification-confirmed",
    "container-lost": "loss-determined",
    "missing-at-arrival": "loss-determined",
    "leak": "loss-determined",
    "impounded": "container-released",
}


def ending(flag: Flag) -> tuple[Act, str] | None:
    """The act that ends an exception, and the address of its form; None when it is nobody's but the parties'."""
    match flag.rule:
        case "no-approval":
            act = ACTS["cross-province-approved"]
            return act, act.address(sender=flag.holder, receiver=flag.detail)
        case "correction-waiting":
            act = ACTS["correction-decided"]
            return act, act.address(flag.key)
        case "calendar-provisional":
            act = ACTS["calendar-adopted"]
            return act, act.address(year=flag.key)
        case rule if rule in _ENDS:
            act = ACTS[_ENDS[rule]]
            return act, act.address(flag.object)
        case _:
            return None


def offers(story: ContainerStory) -> Iterator[tuple[str, str]]:
    """(words, address) of what an authority may say of a container as it is now; nothing for anybody else."""
    if "regulator" not in current_actor().roles:
        return
    thing = story.thing
    if thing.impounded_at:
        yield offer("container-released", thing.id)
    elif thing.status in ("held", "filling", "in-transit"):
        yield offer("container-impounded", thing.id)
    if thing.born:
        yield offer("identification-confirmed", thing.id)
    if thing.status == "lost" or thing.leaked_g:
        yield offer("loss-determined", thing.id)
    for each in proposals(thing.id, (step.fact for step in story.steps)):
        if not each.applied and not each.rejected:
            yield offer("correction-decided", each.fact.id)


def offer(type_: str, on: str) -> tuple[str, str]:
    """(words, address) of an act."""
    return ACTS[type_].title, ACTS[type_].address(on)


def stopped(licence: Licence, day: str) -> str:
    """Why a licence does not count on a day although its term runs; "" when it does."""
    match registry().stopped(licence, day):
        case None:
            return ""
        case LicenceSuspended(until=until):
            return t(f"暂停至 {until}", f"suspended until {until}")
        case _:
            return t("已吊销", "revoked")


def may_sign(role: str) -> bool:
    """True when a key of the person's own, on whatever device, holds the role ("": any)."""
    who = current_actor()
    keys = (row for row in accounts().keys.enrolled(who) if row.person == who.person and not row.server)
    held = {each for row in keys if row.revoked_last_seq is None for each in row.roles.split()}
    return role in held or (not role and bool(held))
