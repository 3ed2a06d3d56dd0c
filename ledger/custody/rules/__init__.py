"""What breaks a rule: refusals of intentions (an entry without effect). Flags on what did happen are in `flags`."""

from __future__ import annotations

from typing import ClassVar

from ledger.errors import LedgerError


class Refusal(LedgerError):
    """An intention broke a rule. `cites` are keys that the regime resolves to the law in force on the event's day."""

    code = "refused"
    zh = "已拒绝：{detail}"
    en = "refused: {detail}"
    cites: ClassVar[tuple[str, ...]] = ()


def refusal_by_code(code: str) -> Refusal:
    """The refusal that an entry's `refused` names, without its particulars."""
    for cls in _subclasses(Refusal):
        if cls.code == code:
            return cls()
    return Refusal(detail=code)


def _subclasses(cls: type[Refusal]) -> list[type[Refusal]]:
    return [s for sub in cls.__subclasses__() for s in (sub, *_subclasses(sub))]


class NotAuthorised(Refusal):
    """This key has no right to make this statement."""

    code = "not-authorised"
    zh = "此密钥无权作出该声明"
    en = "this key has no right to make this statement"
    cites = ("authority",)


class NotOwn(Refusal):
    """A party can state only what it did itself."""

    code = "not-own"
    zh = "只能声明本单位所做之事"
    en = "a party can state only what it did itself"
    cites = ("authority",)


class RolesNotHeld(Refusal):
    """A role can be passed on only by a key that holds it."""

    code = "roles-not-held"
    zh = "不能授予自己没有的职权"
    en = "a role can be passed on only by a key that holds it"
    cites = ("authority",)


class AuthorityKeyCustodial(Refusal):
    """An authority's key is never kept by the server."""

    code = "authority-key-custodial"
    zh = "主管部门的密钥不得由服务器代管"
    en = "an authority's key is never kept by the server"
    cites = ("authority",)


class ContainerExists(Refusal):
    """Container already has its birth record; an identity is used once."""

    code = "container-exists"
    zh = "容器 {container} 已有来源记录，编号不可重复使用"
    en = "container {container} already has its birth record; an identity is used once"
    cites = ("ledger",)


class ManifestExists(Refusal):
    """Manifest was already issued."""

    code = "manifest-exists"
    zh = "联单 {manifest} 已经开具"
    en = "manifest {manifest} was already issued"
    cites = ("manifest",)


class OnOpenManifest(Refusal):
    """Container is on open manifest ; cancel or finish that one first."""

    code = "container-on-open-manifest"
    zh = "容器 {container} 已在未办结的联单 {manifest} 上；请先取消或办结"
    en = "container {container} is on open manifest {manifest}; cancel or finish that one first"
    cites = ("manifest",)


class LabelDiffers(Refusal):
    """Container : label and manifest differ, so it must not be loaded."""

    code = "label-differs"
    zh = "容器 {container} 的标签与联单不一致，不得装运"
    en = "container {container}: label and manifest differ, so it must not be loaded"
    cites = ("manifest-check",)


class AlreadyCollected(Refusal):
    """Container was already collected on this manifest."""

    code = "already-collected"
    zh = "容器 {container} 在此联单上已经起运"
    en = "container {container} was already collected on this manifest"
    cites = ("manifest",)


class AlreadyReceived(Refusal):
    """Container was already decided on at the gate for this manifest."""

    code = "already-received"
    zh = "容器 {container} 在此联单上已有接受结论"
    en = "container {container} was already decided on at the gate for this manifest"
    cites = ("manifest",)


class AlreadyReturned(Refusal):
    """Container already came back on this manifest."""

    code = "already-returned"
    zh = "容器 {container} 在此联单上已经退回"
    en = "container {container} already came back on this manifest"
    cites = ("manifest",)


class AlreadyClosed(Refusal):
    """The content of container was already closed."""

    code = "already-closed"
    zh = "容器 {container} 的内容物已经办结"
    en = "the content of container {container} was already closed"
    cites = ("ledger",)


class Impounded(Refusal):
    """A seized container goes on no manifest."""

    code = "container-impounded"
    zh = "容器 {container} 已被查封，不得转移；须先由主管部门解除"
    en = "container {container} is impounded; the authority must release it first"
    cites = ("authority",)


class ExplanationUnknown(Refusal):
    """Only an explanation that was recorded can be accepted."""

    code = "explanation-unknown"
    zh = "在 {object} 的记录中找不到说明 {explanation}"
    en = "explanation {explanation} is not among the records of {object}"
    cites = ("ledger",)


class ManifestInMotion(Refusal):
    """Manifest is under way or done and cannot be cancelled."""

    code = "manifest-in-motion"
    zh = "联单 {manifest} 已起运或到达，不能取消"
    en = "manifest {manifest} is under way or done and cannot be cancelled"
    cites = ("manifest",)


class CorrectionTargetUnknown(Refusal):
    """Statement is not among the records of."""

    code = "correction-target-unknown"
    zh = "在 {object} 的记录中找不到要更正的声明 {target}"
    en = "statement {target} is not among the records of {object}"
    cites = ("ledger",)


class FieldNotCorrectable(Refusal):
    """Field cannot be corrected; an identity is voided and issued again."""

    code = "field-not-correctable"
    zh = "字段 {field} 不可更正；身份类字段须作废重开"
    en = "field {field} cannot be corrected; an identity is voided and issued again"
    cites = ("ledger",)


class OldValueDiffers(Refusal):
    """Field does not have the old value named."""

    code = "old-value-differs"
    zh = "字段 {field} 的原值不符"
    en = "field {field} does not have the old value named"
    cites = ("ledger",)


class NewValueImpossible(Refusal):
    """The new value of is not possible."""

    code = "new-value-impossible"
    zh = "字段 {field} 的新值不成立"
    en = "the new value of {field} is not possible"
    cites = ("ledger",)


class PeriodIsClosed(Refusal):
    """What was declared for a closed period is lowered or raised only with the authority's agreement, asked for."""

    code = "period-is-closed"
    zh = "{period} 已结账：减少产生量或增加办结量须经主管部门同意，请在更正中选明该申报期间"
    en = "{period} is closed: less generated or more closed needs the authority; name the period in `closed`"
    cites = ("ledger",)


class CorrectionUnknown(Refusal):
    """Correction is not among the records of."""

    code = "correction-unknown"
    zh = "在 {object} 的记录中找不到更正 {correction}"
    en = "correction {correction} is not among the records of {object}"
    cites = ("ledger",)
