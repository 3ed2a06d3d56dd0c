"""Makes an enterprise's books as people keep them, `fixtures/hj1259/sample.xlsx`; run as `python -m` this module.

The enterprise, its people and its partners are invented and say so; the waste codes are those of the 2021 catalogue.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from tests.support.repository import ROOT

PATH = ROOT / "fixtures" / "hj1259" / "sample.xlsx"
WHO = "示例机电厂（虚构）"
OIL, EMULSION, PAINT = "900-214-08", "900-007-09", "900-252-12"
SLUDGE, DRUMS, CARBON = "336-064-17", "900-041-49", "900-039-49"
NAMES = {
    OIL: ("废机油", "废矿物油与含矿物油废物"),
    EMULSION: ("废切削液", "油/水、烃/水混合物或乳化液"),
    PAINT: ("漆渣", "染料、涂料废物"),
    SLUDGE: ("电镀污泥", "表面处理废物"),
    DRUMS: ("废油漆桶", "其他废物"),
    CARBON: ("废活性炭", "其他废物"),
}
ZHANG, LI, WANG, ZHAO = "张示例", "李示例", "王示例", "赵示例"
OIL_FIRM = ("示例再生油公司（虚构）", "示危废证 9101 号（虚构）")
BURNER = ("示例焚烧公司（虚构）", "示危废证 9102 号（虚构）")

# batch, time, code, tonnes, container code, type, count, facility, handler, destination
GENERATED: tuple[tuple[str, datetime, str, float, str, str, int, str, str, str], ...] = (
    ("HWCS20260105001", datetime(2026, 1, 5, 9, 20), OIL, 0.18, "YT-0001", "200 L 钢桶", 1, "MF0001", ZHANG, "危废库"),
    (
        "HWCS20260105002",
        datetime(2026, 1, 5, 16, 0),
        OIL,
        0.1755,
        "YT-0002",
        "200 L 钢桶",
        1,
        "MF0001",
        ZHANG,
        "危废库",
    ),
    ("HWCS20260112001", datetime(2026, 1, 12), PAINT, 0.12, "QZ-0001", "吨袋", 1, "MF0002", LI, "危废库"),
    ("HWCS20260119001", datetime(2026, 1, 19), SLUDGE, 0.85, "WN-0001", "吨袋", 1, "MF0003", LI, "危废库"),
    ("HWCS20260119001", datetime(2026, 1, 19), SLUDGE, 0.9025, "WN-0002", "吨袋", 1, "MF0003", LI, "危废库"),
    ("HWCS20260126001", datetime(2026, 1, 26), DRUMS, 0.0425, "", "捆扎空桶", 25, "MF0002", LI, "危废库"),
    ("HWCS20260202001", datetime(2026, 2, 2), EMULSION, 3.2, "CG-01", "储罐", 1, "MF0004", ZHANG, "厂内处理"),
    ("HWCS20260209001", datetime(2026, 2, 9), OIL, 0.181, "YT-0003", "200 L 钢桶", 1, "MF0001", ZHANG, "危废库"),
    ("HWCS20260216001", datetime(2026, 2, 16), CARBON, 0.36, "HT-0001", "吨袋", 1, "MF0005", LI, "危废库"),
    ("HWCS20260302001", datetime(2026, 3, 2), OIL, 0.179, "YT-0004", "200 L 钢桶", 1, "MF0001", ZHANG, "危废库"),
    ("HWCS20260309001", datetime(2026, 3, 9), PAINT, 0.11, "QZ-0002", "吨袋", 1, "MF0002", LI, "危废库"),
)
# batch, time as text, generated batches as written, container code, kilograms as written, code, handlers
STORED: tuple[tuple[str, str, str, str, str | float, str, int], ...] = (
    ("HWRK20260106001", "2026-01-06", "HWCS20260105001", "YT-0001", 180, OIL, 1),
    ("HWRK20260106002", "2026/1/6", "HWCS20260105002", "YT-0002", "175.5", OIL, 1),
    ("HWRK20260113001", "2026年1月13日", "HWCS20260112001", "QZ-0001", 120, PAINT, 1),
    ("HWRK20260120001", "2026-01-20 10:30", "HWCS20260119001", "WN-0001", 850, SLUDGE, 1),
    ("HWRK20260120002", "2026-01-20 10:45", "HWCS20260119001", "WN-0002", "902.5", SLUDGE, 1),
    ("HWRK20260127001", "2026.1.27", "HWCS20260126001", "", 42.5, DRUMS, 25),
    ("HWRK20260210001", "2026-02-10", "HWCS20260209001", "YT-0003", 181, OIL, 1),
    ("HWRK20260217001", "20260217", "HWCS20260216001", "HT-0001", 360, CARBON, 1),
    ("HWRK20260303001", "2026-03-03", "HWCS20260302001", "YT-0004", 179, OIL, 1),
    ("HWRK20260310001", "2026-03-10", "HWCS20260309001", "QZ-0002", 110, PAINT, 1),
)
# batch, time, stored batches as written, container code, tonnes, code, count, destination
TAKEN_OUT: tuple[tuple[str, datetime, str, str, float, str, int, str], ...] = (
    (
        "HWCK20260225001",
        datetime(2026, 2, 25, 8, 30),
        "HWRK20260106001、HWRK20260106002；HWRK20260210001",
        "",
        0.5365,
        OIL,
        3,
        OIL_FIRM[0],
    ),
    ("HWCK20260226001", datetime(2026, 2, 26), "HWRK20260113001", "QZ-0001", 0.12, PAINT, 1, BURNER[0]),
    ("HWCK20260318001", datetime(2026, 3, 18), "HWRK20260127001", "", 0.017, DRUMS, 10, BURNER[0]),
    ("HWCK20260320001", datetime(2026, 3, 20), "HWRK20260120001 HWRK20260120002", "", 1.2, SLUDGE, 2, BURNER[0]),
)
# batch, started, ended, generated batch, container code, tonnes
TREATED: tuple[tuple[str, datetime, datetime, str, str, float], ...] = (
    ("HWZXCZ20260210001", datetime(2026, 2, 10), datetime(2026, 2, 12), "HWCS20260202001", "CG-01", 1.5),
    ("HWZXCZ20260224001", datetime(2026, 2, 24), datetime(2026, 2, 25), "HWCS20260202001", "CG-01", 1.2),
)
# batch, time, taken-out batch, container code, tonnes, code, count, method, receiver, manifest number
SENT: tuple[tuple[str, datetime, str, str, float, str, int, str, tuple[str, str], str], ...] = (
    (
        "HWWWLY20260225001",
        datetime(2026, 2, 25, 10),
        "HWCK20260225001",
        "",
        0.5365,
        OIL,
        3,
        "R9",
        OIL_FIRM,
        "20261501000001",
    ),
    (
        "HWWWCZ20260226001",
        datetime(2026, 2, 26),
        "HWCK20260226001",
        "QZ-0001",
        0.12,
        PAINT,
        1,
        "D10",
        BURNER,
        "20261501000002",
    ),
    ("HWWWCZ20260318001", datetime(2026, 3, 18), "HWCK20260318001", "", 0.017, DRUMS, 10, "D10", BURNER, ""),
    ("HWWWCZ20260320001", datetime(2026, 3, 20), "HWCK20260320001", "", 1.2, SLUDGE, 2, "D10 焚烧", BURNER, ""),
)


def sample_workbook() -> bytes:
    """The workbook's bytes, always the same."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 4, 1), "author": WHO})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    bold = book.add_format({"bold": True, "text_wrap": True})

    def table(name: str, *above: Sequence[Any]) -> Any:
        sheet = book.add_worksheet(name)
        for place, cells in enumerate(above):
            sheet.write_row(place, 0, cells, bold)
        return sheet

    def fill(sheet: Any, first: int, rows: Sequence[Sequence[Any]]) -> None:
        for place, cells in enumerate(rows, first):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    sheet.write_datetime(place, column, cell, moment if cell.hour else day)
                elif cell != "":
                    sheet.write(place, column, cell)

    # fmt: off
    b1 = table("表B.1 产生环节", (f"表B.1 危险废物产生环节记录表　{WHO}",), (
        "序号", "产生批次编码", "产生时间", "危险废物名称", "", "危险废物类别", "危险废物代码", "产生量（吨）",
        "容器/包装编码", "容器/包装类型", "容器/包装数量", "产生危险废物设施编码", "产生部门经办人", "去向"), (
        "", "", "", "行业俗称/单位内部名称", "国家危险废物名录名称"))
    fill(b1, 3, [
        (n, batch, at, *NAMES[code], f"HW{code[-2:]}", code, tonnes, container, kind, count, facility, who, to)
        for n, (batch, at, code, tonnes, container, kind, count, facility, who, to) in enumerate(GENERATED, 1)])
    total = sum(row[3] for row in GENERATED)
    fill(b1, 3 + len(GENERATED), [("合计", "", "", "", "", "", "", total)])

    b2 = table("入库", (
        "序号", "入库时间", "入库批次编码", "产生批次编码", "容器编码", "容器类型", "容器数量", "单位内部名称",
        "危险废物代码", "入库量", "计量单位", "贮存设施编码", "贮存设施类型", "运送部门经办人", "贮存部门经办人"))
    kinds = {(batch, container): kind for batch, _, _, _, container, kind, *_ in GENERATED}
    fill(b2, 1, [
        (n, at, batch, origin, container, kinds[origin, container], count, NAMES[code][0], code, mass, "千克",
         "TS001", "贮存库", ZHANG, WANG)
        for n, (batch, at, origin, container, mass, code, count) in enumerate(STORED, 1)])

    b3 = table("B.3出库", (
        "序号", "出库批次编码", "出库时间", "容器/包装编码", "容器/包装数量", "危险废物代码", "出库量", "计量单位",
        "贮存设施编码", "贮存设施类型", "出库部门经办人", "运送部门经办人", "入库批次编码", "去向"))
    fill(b3, 1, [
        (n, batch, at, container, count, code, mass, "t", "TS001", "贮存库", WANG, ZHAO, origins, to)
        for n, (batch, at, origins, container, mass, code, count, to) in enumerate(TAKEN_OUT, 1)])

    b4 = table("自行利用处置", (
        "自行处置批次编码", "处置时间", "处置完毕时间", "容器/包装编码", "危险废物代码", "处置量(t)", "处置设施编码",
        "处置方式", "经办人", "产生批次编码/出库批次编码"))
    fill(b4, 1, [
        (batch, started, ended, container, EMULSION, mass, "TW001", "D9", ZHAO, origin)
        for batch, started, ended, origin, container, mass in TREATED])

    b5 = table("表B.5", ("危险废物委外利用/处置记录表",), (
        "序号", "委外利用/处置批次编码", "出厂时间", "容器/包装编码", "容器/包装数量", "危险废物代码",
        "委外利用/处置量", "计量单位", "利用/处置方式", "接收单位类型",
        "危险废物经营许可证持有单位", "", "豁免管理单位", "境外单位", "",
        "产生批次编码/出库批次编码", "转移联单编号"), (
        "", "", "", "", "", "", "", "", "", "", "单位名称", "许可证编码", "单位名称", "单位名称", "出口核准通知单编号"))
    fill(b5, 3, [
        (n, batch, at, container, count, code, mass, "吨", method, "许可证持有单位", *receiver, "", "", "", origin,
         number)
        for n, (batch, at, origin, container, mass, code, count, method, receiver, number) in enumerate(SENT, 1)])
    # fmt: on
    book.add_worksheet("填表说明").write(
        0, 0, f"本工作簿为演示数据：{WHO}及其往来单位均为虚构，废物代码为名录真实代码。"
    )
    book.close()
    return out.getvalue()


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_bytes(sample_workbook())
    print(PATH.relative_to(ROOT))
