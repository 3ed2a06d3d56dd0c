"""All there is to say of an e-Manifest document: faults refuse it whole, notices stop nothing."""

from __future__ import annotations

from ledger.errors import FormError, LedgerError


class Remark(LedgerError):
    """Said of a document; `file` names it, `path` says where in it (dots between names and positions)."""

    code = "emanifest-remark"
    zh = "文件 {file}：{detail}"
    en = "file {file}: {detail}"


class Fault(Remark):
    """Something without which the document cannot be taken."""

    code = "emanifest-fault"
    zh = "{file} {path} 有误"
    en = "{file} {path}: not correct"


class NotJson(Fault):
    """The file is no JSON object."""

    code = "emanifest-not-json"
    zh = "{file} 不是 JSON 对象：{detail}"
    en = "{file} is not a JSON object: {detail}"


class AgainstSchema(Fault):
    """The JSON schema of EPA does not allow it."""

    code = "emanifest-against-schema"
    zh = "{file} {path} 不符合 EPA 的 JSON 模式 1.3"
    en = "{file} {path}: not as EPA's JSON schema 1.3 has it"


class ValueWrong(Fault):
    """The schema allows it, the rules of the form do not."""

    code = "emanifest-value-wrong"
    zh = "{file} {path} 的值不成立"
    en = "{file} {path}: cannot be so"


class OutOfOrder(Fault):
    """Somebody signed before the step that comes first, or in the future."""

    code = "emanifest-out-of-order"
    zh = "{file} {path} 的日期与前后步骤矛盾"
    en = "{file} {path}: this date contradicts the steps around it"


class Missing(Fault):
    """Waste lines tell nothing without who sent, carried and was to receive them."""

    code = "emanifest-missing"
    zh = "{file} {path} 缺失，废物行无从记录"
    en = "{file} {path}: missing, the waste lines cannot be told without it"


class SeveralSites(Fault):
    """The party of this EPA ID has several sites here, and none is called by it."""

    code = "emanifest-several-sites"
    zh = "{file} {path}：该单位在账本中有多个场所，请将其中之一以 EPA ID 命名"
    en = "{file} {path}: this party has several sites in the ledger, name one of them by the EPA ID"


class Notice(Remark):
    """Worth knowing; stops nothing."""

    code = "emanifest-notice"
    zh = "文件 {file}：{detail}"
    en = "file {file}: {detail}"


class NotMapped(Notice):
    """What the ledger has no place for; it stays in the document, whose hash the statements name."""

    code = "emanifest-not-mapped"
    zh = "{file} 中以下 {count} 项无法记入账本，只留在原文件中：{fields}"
    en = "{file}: {count} values have no place in the ledger and stay in the document only: {fields}"


class NothingToTell(Notice):
    """A document without waste lines (an image only)."""

    code = "emanifest-nothing-to-tell"
    zh = "{file} 没有废物行（仅影像），未记录任何废物"
    en = "{file} has no waste lines (image only): nothing of waste is recorded"


class ManifestedBefore(Notice):
    """The new manifest of rejected waste or residue: as new lots it would be counted twice."""

    code = "emanifest-manifested-before"
    zh = "{file} 是被拒收废物或残留物的新联单（原联单 {numbers}），为免重复计量未记录，请以改送或退回记录"
    en = (
        "{file} is the new manifest of rejected waste or residue ({numbers}): not recorded, as its waste would count"
        " twice; record it as a redirection or return of the old one"
    )


class OlderName(Notice):
    """A field by its name in an earlier schema, read as the present one."""

    code = "emanifest-older-name"
    zh = "{file} 用了旧字段名 {old}，按 {new} 读取"
    en = "{file} has {old}, a name of an earlier schema: read as {new}"


class Undated(Notice):
    """No signature and no date: what is told is told as of the import."""

    code = "emanifest-undated"
    zh = "{file} 没有任何日期，按导入时间记录"
    en = "{file} has no date at all: told as of the import"


class MassUnknown(Notice):
    """A volume without a density, or a quantity that the receiver disputes in words only."""

    code = "emanifest-mass-unknown"
    zh = "{file} 第 {line} 行重量未知：{detail}"
    en = "{file} line {line}: mass unknown: {detail}"


class Cut(Notice):
    """A text longer than the ledger keeps."""

    code = "emanifest-cut"
    zh = "{file} {path} 过长，只记录前 {kept} 个字符"
    en = "{file} {path}: too long, only the first {kept} characters are recorded"


class RegisteredOtherwise(Notice):
    """The registry says something else of a party; the registry is kept."""

    code = "emanifest-registered-otherwise"
    zh = "{file} {path} 与登记不同，以登记为准"
    en = "{file} {path}: the registry says otherwise and is kept"


class ForOthersToTell(Notice):
    """A step that the acting party may not tell: its own party, or a registrar, imports the same document."""

    code = "emanifest-for-others-to-tell"
    zh = "{file}：{type} 应由 {party} 或登记机关导入同一文件后记录"
    en = "{file}: {type} is for {party} or a registrar to tell, by importing the same document"


class Correction(Remark):
    """The ledger already holds this step with other content: a correction is to be made, nothing is imported."""

    code = "emanifest-correction"
    zh = "{file}：账本中声明 {statement} 的 {path} 与文件不同；如确需更改，请记录更正"
    en = "{file}: statement {statement} has something else at {path}; if it is wrong, correct it"


class Transcribed(Notice):
    """Once for an import: what a document says is asserted, its signatures are quoted and not ours."""

    code = "emanifest-transcribed"
    zh = "{count} 条声明转录自文件，按 D 级（转录、主张）计；文件中的签名只是引述"
    en = "{count} statements are transcribed: grade D, asserted; the signatures in the documents are quoted only"


class DocumentRefused(FormError):
    """The document is faulty; `remarks` lists every fault."""

    code = "emanifest-refused"
    zh = "{count} 处有误，未写入任何内容"
    en = "{count} faults, nothing was written"

    def __init__(self, remarks: tuple[Fault, ...]) -> None:
        super().__init__(count=len(remarks))
        self.remarks = remarks


class OtherRegime(LedgerError):
    """e-Manifest documents are of the United States."""

    code = "emanifest-other-regime"
    zh = "电子联单（e-Manifest）只用于美国法规的账本"
    en = "e-Manifest documents belong in a ledger under the law of the United States"
