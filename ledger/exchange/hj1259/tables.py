"""The five tables of HJ 1259-2022: what a row holds, how its columns are headed, how headings are recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Table = Literal["B.1", "B.2", "B.3", "B.4", "B.5"]
TABLES: Final[tuple[Table, ...]] = ("B.1", "B.2", "B.3", "B.4", "B.5")
TITLES: Final[dict[Table, str]] = {
    "B.1": "危险废物产生环节记录表",
    "B.2": "危险废物入库环节记录表",
    "B.3": "危险废物出库环节记录表",
    "B.4": "危险废物自行利用/处置环节记录表",
    "B.5": "危险废物委外利用/处置记录表",
}


class Identity(NamedTuple):
    """What makes a row the same row, within one party: `ordinal` counts rows that are equal in the rest."""

    table: Table
    batch: str
    container_code: str
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of one table, told the same way whoever wrote it; "" where a cell is empty.

    `at` and `ended` are moments (UTC); with `whole_day` the book says only the local day. `net_g` is None where a
    volume was written or nobody knows. `quantity` is the value and unit as written; `count` is 0 where none was. None
    as a person or a destination means: sealed, and not to be had any more.
    """

    table: Table
    sheet: str = ""
    number: int = 0
    ordinal: int = 0
    batch: str
    at: str
    whole_day: bool = False
    code: str = ""
    name: str = ""
    catalogue_name: str = ""
    net_g: int | None = None
    volume_ml: int | None = None
    quantity: tuple[str, str] | None = None
    container_code: str = ""
    container_type: str = ""
    count: int = 0
    facility: str = ""
    store_kind: str = ""
    handler: str | None = ""
    carried_by: str | None = ""
    destination: str | None = ""
    from_batches: tuple[str, ...] = ()
    method: str = ""
    ended: str = ""
    receiver_kind: str = ""
    receiver: str = ""
    licence: str = ""
    notice: str = ""
    manifest_number: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(self.table, self.batch, self.container_code, self.ordinal)


class Column(NamedTuple):
    """A column as the standard heads it: `field` of Row ("" for the running number), what recognises it elsewhere."""

    field: str
    heading: str
    pattern: str
    group: str = ""
    required: bool = False


_NUMBER = Column("", "序号", r"^序号$|^编号$")
_CONTAINER = (
    Column("container_code", "容器/包装编码", r"(容器|包装).*(编码|编号)"),
    Column("container_type", "容器/包装类型", r"(容器|包装).*(类型|方式)"),
    Column("count", "容器/包装数量", r"(容器|包装).*(数量|个数)"),
)
_WASTE = (
    Column(
        "name",
        "行业俗称/单位内部名称",
        r"俗称|内部名称|(?<!名录|单位|设施|企业|部门|容器|包装)名称$",
        "危险废物名称",
    ),
    Column("catalogue_name", "国家危险废物名录名称", r"名录", "危险废物名称"),
    Column("category", "危险废物类别", r"类别"),
    Column("code", "危险废物代码", r"(废物|^)代码"),
)
_UNIT = Column("unit", "计量单位", r"^(计量)?单位$")
_STORE = (
    Column("facility", "贮存设施编码", r"设施.*(编码|编号)", required=True),
    Column("store_kind", "贮存设施类型", r"设施.*类型"),
)


# A book has other quantities too: what is left, what was planned, what was on the scale with its container.
_QUANTITY = r"^(?!.*([毛皮]重|[库结]存|剩余|累计|容量|含量|上期|期[初末]|计划|许可)).*(量$|重量|净重)|^数量"


def _batch(stage: str) -> Column:
    return Column("batch", f"{stage}批次编码", r"批次", required=True)


def _at(what: str) -> Column:
    return Column("at", what, r"(?<!填报|填表|登记|录入|打印|审核)(时间|日期)$", required=True)


def _quantity(what: str) -> Column:
    return Column("quantity", what, _QUANTITY, required=True)


def _from(*stages: str) -> Column:
    heading = "/".join(f"{stage}批次编码" for stage in stages)
    return Column("from_batches", heading, "|".join(f"{stage}批次" for stage in stages), required=True)


# A heading is tried against the columns of its table in this order; the first that recognises it has it.
COLUMNS: Final[dict[Table, tuple[Column, ...]]] = {
    "B.1": (
        _NUMBER,
        _batch("产生"),
        _at("产生时间"),
        _WASTE[0],
        *_WASTE[1:3],
        _WASTE[3]._replace(required=True),
        _quantity("产生量"),
        _UNIT,
        *_CONTAINER,
        Column("facility", "产生危险废物设施编码", r"设施.*(编码|编号)"),
        Column("handler", "产生部门经办人", r"经办人"),
        Column("destination", "去向", r"去向"),
    ),
    "B.2": (
        _NUMBER,
        _batch("入库"),
        _at("入库时间"),
        *_CONTAINER,
        *_WASTE,
        _quantity("入库量"),
        _UNIT,
        *_STORE,
        Column("carried_by", "运送部门经办人", r"运送.*经办人"),
        Column("handler", "贮存部门经办人", r"经办人"),
        _from("产生"),
    ),
    "B.3": (
        _NUMBER,
        _batch("出库"),
        _at("出库时间"),
        *_CONTAINER,
        *_WASTE,
        _quantity("出库量"),
        _UNIT,
        _STORE[0]._replace(required=False),
        _STORE[1],
        Column("handler", "出库部门经办人", r"(?<!运送部门)经办人"),
        Column("carried_by", "运送部门经办人", r"运送.*经办人"),
        _from("入库"),
        Column("destination", "去向", r"去向"),
    ),
    "B.4": (
        _NUMBER,
        _batch("自行利用/处置"),
        _at("自行利用/处置时间"),
        *_CONTAINER,
        *_WASTE,
        _quantity("自行利用/处置量"),
        _UNIT,
        Column("facility", "自行利用/处置设施编码", r"设施.*(编码|编号)", required=True),
        Column("method", "自行利用/处置方式", r"方式", required=True),
        Column("ended", "自行利用/处置完毕时间", r"完毕|结束"),
        Column("handler", "自行利用/处置部门经办人", r"经办人"),
        _from("产生", "出库"),
    ),
    "B.5": (
        _NUMBER,
        _batch("委外利用/处置"),
        _at("出厂时间"),
        *_CONTAINER,
        *_WASTE,
        _quantity("委外利用/处置量"),
        _UNIT,
        Column("method", "利用/处置方式", r"方式"),
        Column("receiver_kind", "接收单位类型", r"单位类型|接收.*类型"),
        Column("licensed", "单位名称", r"许可证.*名称", "危险废物经营许可证持有单位"),
        Column("licence", "许可证编码", r"许可证.*(编码|编号|号)|信用代码", "危险废物经营许可证持有单位"),
        Column("exempt", "单位名称", r"豁免.*名称", "危险废物利用/处置环节豁免管理单位"),
        Column("abroad", "单位名称", r"境外.*名称", "中华人民共和国境外单位"),
        Column("notice", "出口核准通知单编号", r"通知单", "中华人民共和国境外单位"),
        Column("other", "接收单位名称", r"接收单位(名称)?$|^单位名称$", "其他接收单位"),
        _from("产生", "出库"),
        Column("handler", "委外部门经办人", r"经办人"),
        Column("manifest_number", "转移联单编号", r"联单"),
    ),
}
# Where one heading holds the words of another column, the special one is tried first.
_FIRST: Final = (
    "count",
    "from_batches",
    "ended",
    "licensed",
    "exempt",
    "abroad",
    "licence",
    "notice",
    "catalogue_name",
    "other",
)
PATTERNS: Final[dict[Table, tuple[tuple[str, re.Pattern[str]], ...]]] = {
    table: tuple(
        (column.field, re.compile(column.pattern))
        for column in sorted(columns, key=lambda c: _FIRST.index(c.field) if c.field in _FIRST else len(_FIRST))
    )
    for table, columns in COLUMNS.items()
}

HEADINGS: Final = {
    (table, column.field, said)
    for table, columns in COLUMNS.items()
    for column in columns
    for said in (column.heading, column.group + column.heading)
}

# What the events of a table keep of its row: where these differ, a row under a known identity is another one.
_ALWAYS = ("at", "net_g", "count")
KEPT: Final[dict[Table, tuple[str, ...]]] = {
    "B.1": (
        *_ALWAYS,
        "volume_ml",
        "code",
        "name",
        "catalogue_name",
        "container_type",
        "facility",
        "handler",
        "destination",
    ),
    "B.2": (*_ALWAYS, "facility", "carried_by", "handler", "from_batches"),
    "B.3": (*_ALWAYS, "facility", "handler", "carried_by", "from_batches", "destination"),
    "B.4": (*_ALWAYS, "facility", "method", "ended", "handler", "from_batches"),
    "B.5": (
        *_ALWAYS,
        "method",
        "receiver_kind",
        "receiver",
        "licence",
        "notice",
        "from_batches",
        "handler",
        "manifest_number",
    ),
}
STORE_KINDS: Final = {"store": "贮存库", "point": "贮存点", "yard": "贮存场", "pool": "贮存池", "tank-farm": "贮存罐区"}
RECEIVER_KINDS: Final = {
    "licensed": "危险废物经营许可证持有单位",
    "exempt": "危险废物利用/处置环节豁免管理单位",
    "abroad": "中华人民共和国境外单位",
    "other": "其他",
}
UNITS: Final = {"t": "吨", "kg": "千克", "g": "克", "l": "升", "m3": "立方米"}
BATCH_PREFIXES: Final[dict[Table, str]] = {
    "B.1": "HWCS",
    "B.2": "HWRK",
    "B.3": "HWCK",
    "B.4": "HWZX",  # and LY or CZ: utilised or disposed of
    "B.5": "HWWW",  # likewise; HWCK when it goes abroad
}


def heading_of(table: Table, field: str) -> str:
    """The standard's heading of a field, for messages."""
    name = {"receiver": "receiver_kind", "net_g": "quantity", "volume_ml": "quantity"}.get(field, field)
    return next((c.heading for c in COLUMNS[table] if c.field == name), field)
