"""All an import has to say about rows: faults stop a row, notices stop nothing, corrections are still to make."""

from __future__ import annotations

from ledger.errors import FormError, LedgerError


class Remark(LedgerError):
    """Said of a workbook; `sheet` and `row` say where, `row` counted as the spreadsheet counts."""

    code = "hj-1259-remark"
    zh = "台账：{detail}"
    en = "workbook: {detail}"

    @property
    def place(self) -> tuple[str, int]:
        """Sheet and row."""
        return str(self.fields.get("sheet", "")), int(str(self.fields.get("row", 0)))


class Fault(Remark):
    """A row that cannot be imported as it is."""

    code = "hj-1259-fault"
    zh = "{sheet} 第 {row} 行“{column}”有误"
    en = "{sheet} row {row}, {column}: not correct"


class Notice(Remark):
    """Worth knowing; stops nothing."""

    code = "hj-1259-notice"
    zh = "提示：{detail}"
    en = "notice: {detail}"


class CellUnreadable(Fault):
    """A cell is not what its column holds."""

    code = "hj-1259-cell-unreadable"
    zh = "{sheet} 第 {row} 行“{column}”无法读取，请改正该单元格"
    en = "{sheet} row {row}, {column}: cannot be read, correct the cell"


class CellMissing(Fault):
    """A cell without which nothing can be recorded is empty."""

    code = "hj-1259-cell-missing"
    zh = "{sheet} 第 {row} 行“{column}”为空，请补填"
    en = "{sheet} row {row}, {column}: empty, fill it in"


class ColumnMissing(Fault):
    """A table lacks a column without which none of its rows can be recorded."""

    code = "hj-1259-column-missing"
    zh = "工作表“{sheet}”（表 {table}，表头第 {row} 行）缺少“{column}”列，请按 HJ 1259-2022 补上"
    en = (
        "sheet {sheet} (table {table}, headings in row {row}): column {column} is missing, add it as HJ"
        " 1259-2022 has it"
    )


class ColumnTwice(Fault):
    """Several columns may be meant as one of the standard's, and none has its very heading."""

    code = "hj-1259-column-twice"
    zh = "工作表“{sheet}”（表头第 {row} 行）有几列都可作“{column}”：{columns}；请将应读取的一列改名为“{column}”"
    en = (
        "sheet {sheet} (headings in row {row}): several columns may be {column}: {columns}; head the one to be read"
        " {column}"
    )


class UnitDiffers(Fault):
    """Two places name two units for one quantity."""

    code = "hj-1259-unit-differs"
    zh = "{sheet} 第 {row} 行“{column}”的计量单位前后不一：{units}，请改为一致"
    en = "{sheet} row {row}, {column}: two places name two units for it: {units}, make them the same"


class DayDiffers(Fault):
    """The day that the batch code names is this one with day and month exchanged, or of another year."""

    code = "hj-1259-day-differs"
    zh = "{sheet} 第 {row} 行“{column}”与批次编码 {batch} 中的日期年份不同或月日颠倒，请改正其一"
    en = (
        "{sheet} row {row}, {column}: of another year than batch code {batch} says, or day and month are"
        " exchanged, correct one of the two"
    )


class ReceiversTwo(Fault):
    """Two receivers are named where one took the waste."""

    code = "hj-1259-receivers-two"
    zh = "{sheet} 第 {row} 行“{column}”：接收单位填了几个（{names}），请只留一个"
    en = "{sheet} row {row}, {column}: several receivers are named ({names}), leave one"


class NoTable(Fault):
    """No sheet is one of the five tables."""

    code = "hj-1259-no-table"
    zh = "未找到 HJ 1259-2022 表 B.1 至 B.5，请将工作表命名为“表B.1”等"
    en = "none of the tables B.1 to B.5 of HJ 1259-2022 was found, name the sheets B.1 and so on"


class CategoryDiffers(Fault):
    """The category is not the code's last two digits."""

    code = "hj-1259-category-differs"
    zh = "{sheet} 第 {row} 行“{column}”与危险废物代码 {waste} 不一致，请改正其一"
    en = "{sheet} row {row}, {column}: differs from waste code {waste}, correct one of the two"


class RowTwice(Fault):
    """Two rows say that the same container is in the same batch."""

    code = "hj-1259-row-twice"
    zh = "{sheet} 第 {row} 行“{column}”与工作表“{other_sheet}”第 {other} 行的批次和容器相同，请删去重复行或另编批次"
    en = (
        "{sheet} row {row}, {column}: same batch and container as sheet {other_sheet}, row {other}, delete"
        " one or give it a batch of its own"
    )


class ReferenceUnknown(Fault):
    """A row refers back to a batch that nobody told of."""

    code = "hj-1259-reference-unknown"
    zh = "{sheet} 第 {row} 行“{column}”所引批次在本工作簿和账本中均不存在，请补录该批次或改正编码"
    en = (
        "{sheet} row {row}, {column}: this batch is neither in the workbook nor in the ledger, add it or"
        " correct its code"
    )


class ReferenceFaulty(Fault):
    """A row refers back to a row that cannot be imported."""

    code = "hj-1259-reference-faulty"
    zh = "{sheet} 第 {row} 行“{column}”所引的行本身有误（工作表“{other_sheet}”第 {other} 行），请先改正那一行"
    en = (
        "{sheet} row {row}, {column}: the row it refers to is itself faulty (sheet {other_sheet}, row"
        " {other}), correct that one first"
    )


class ContainerNotInBatch(Fault):
    """The batch referred to does not hold this container."""

    code = "hj-1259-container-not-in-batch"
    zh = "{sheet} 第 {row} 行“{column}”：所引批次中没有该容器，请改正容器编码或批次"
    en = "{sheet} row {row}, {column}: not in the batch that the row refers to, correct the container or the batch"


class CodeDiffers(Fault):
    """The row gives the container another waste code than it was filled with."""

    code = "hj-1259-code-differs"
    zh = "{sheet} 第 {row} 行“{column}”与该容器产生时的代码不一致，请改正；确需变更的，应另行记录重新归类"
    en = (
        "{sheet} row {row}, {column}: not the code the container was filled with, correct it or record a"
        " reclassification"
    )


class NothingLeft(Fault):
    """Earlier rows took everything out of the container already."""

    code = "hj-1259-nothing-left"
    zh = "{sheet} 第 {row} 行“{column}”：所引容器此前已全部利用、处置或转出，请改正数量或批次"
    en = (
        "{sheet} row {row}, {column}: earlier rows took everything out of the container, correct a quantity"
        " or the batch"
    )


class QuantityOff(Fault):
    """A row takes far more than what it refers to holds, or stores a thousandth of it: kilograms for tonnes."""

    code = "hj-1259-quantity-off"
    zh = "{sheet} 第 {row} 行“{column}”与所引批次的量相差过大，请核对两处的数量与计量单位"
    en = "{sheet} row {row}, {column}: far from what the batch it refers to holds, check quantity and unit of both"


class InFuture(Fault):
    """The row happened later than now."""

    code = "hj-1259-in-future"
    zh = "{sheet} 第 {row} 行“{column}”晚于现在，请改正时间"
    en = "{sheet} row {row}, {column}: later than now, correct the time"


class BeforeOrigin(Fault):
    """The row happened before the one that it refers to."""

    code = "hj-1259-before-origin"
    zh = "{sheet} 第 {row} 行“{column}”早于其所引批次，请改正时间"
    en = "{sheet} row {row}, {column}: before the batch it refers to, correct the time"


class SheetsNotRead(Notice):
    """Sheets that are none of the five tables."""

    code = "hj-1259-sheets-not-read"
    zh = "以下工作表不是表 B.1 至 B.5，未读取：{sheets}"
    en = "these sheets are none of the tables B.1 to B.5 and were not read: {sheets}"


class ColumnsNotRead(Notice):
    """Headings that no column of the table has."""

    code = "hj-1259-columns-not-read"
    zh = "工作表“{sheet}”（表头第 {row} 行）以下列无法识别，未读取：{columns}"
    en = "sheet {sheet} (headings in row {row}): these columns are not known and were not read: {columns}"


class RowNotRead(Notice):
    """A total or a note below the table."""

    code = "hj-1259-row-not-read"
    zh = "{sheet} 第 {row} 行是合计或说明，未读取"
    en = "sheet {sheet}, row {row} is a total or a note and was not read"


class HiddenRead(Notice):
    """Rows that nobody sees who opens the workbook."""

    code = "hj-1259-hidden-read"
    zh = "工作表“{sheet}”是隐藏的，其中的行照常读取；如不应读取，请先删去"
    en = "sheet {sheet} is hidden and was read like others; delete it first if it should not be"


class RowsHidden(Notice):
    """Rows that are hidden, by hand or by a filter."""

    code = "hj-1259-rows-hidden"
    zh = "{sheet} 第 {row} 行起有 {count} 行被隐藏或筛选，照常读取；如不应读取，请先删去"
    en = (
        "{sheet}: {count} rows, the first of them row {row}, are hidden or filtered out and were read like others;"
        " delete them first if they should not be"
    )


class RowAlike(Notice):
    """Two rows are the same in everything, and no container code tells them apart."""

    code = "hj-1259-row-alike"
    zh = "{sheet} 第 {row} 行与第 {other} 行完全相同且无容器编码，按另一容器读取；如系重复录入，请先删去"
    en = (
        "{sheet} row {row} is the same as row {other} and neither has a container code: read as another container;"
        " delete it first if it was entered twice"
    )


class CodesAreNumbers(Notice):
    """Codes kept as numbers have lost what their cells may show: leading zeros, letters of a format."""

    code = "hj-1259-codes-are-numbers"
    zh = "{sheet} 第 {row} 行起“{column}”以数值保存，读作 {got}；如应有前导零或字母，请先将该列改为文本"
    en = (
        "{sheet} from row {row}, {column} is kept as numbers, read as {got}; if there are leading zeros or letters,"
        " make the column text first"
    )


class DescriptionDiffers(Notice):
    """A later table describes the container in other words than its filling; the filling's words are kept."""

    code = "hj-1259-description-differs"
    zh = "{sheet} 第 {row} 行“{column}”与产生记录不同，以产生记录为准"
    en = "{sheet} row {row}, {column}: other words than at the filling, whose words are kept"


class Transcribed(Notice):
    """Once for an import: what old books say is asserted, not proven."""

    code = "hj-1259-transcribed"
    zh = "共 {count} 行为既往台账转录（{first} 至 {last}），按 D 级（转录、主张）计，不作逐行迟报提示"
    en = "{count} rows are transcribed from old books ({first} to {last}): grade D, asserted; no late flag for each row"


class Correction(Remark):
    """The ledger already holds this row with other content: a correction is to be made, nothing is imported."""

    code = "hj-1259-correction"
    zh = "{sheet} 第 {row} 行“{column}”与账本已有记录不同；如确需更改，请对声明 {statement} 记录更正"
    en = "{sheet} row {row}, {column}: the ledger holds something else; if it is wrong, correct statement {statement}"


class RowsRefused(FormError):
    """Some rows are faulty and nobody asked to import the others alone; `remarks` lists them all."""

    code = "hj-1259-rows-refused"
    zh = "{count} 处有误，未写入任何内容；请改正后重试，或只导入无误的行"
    en = "{count} faults, nothing was written; correct them and try again, or accept the good rows only"

    def __init__(self, remarks: tuple[Fault, ...]) -> None:
        super().__init__(count=len(remarks))
        self.remarks = remarks
