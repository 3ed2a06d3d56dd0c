"""Small workbooks of HJ 1259 for tests, and the facts that an import makes of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from ledger.custody.events import parse
from ledger.custody.fact import Author, Fact
from ledger.custody.regimes.cn import REGIME
from ledger.custody.registry import Registry
from ledger.exchange.hj1259 import Context, Draft, Plan, Recorded, Row, plan, read_workbook, recorded_rows
from ledger.log.hashing import seal_commitment, sha256
from ledger.log.ids import new_uuid7
from ledger.store.answers import SealedText

PARTY = "party:" + new_uuid7(1, b"p" * 10)
SITE = "site:" + new_uuid7(1, b"s" * 10)
ORIGIN = "ledger.example/books"
NOW = "2026-12-31T16:00:00.000Z"

B1 = ("产生批次编码", "产生时间", "单位内部名称", "危险废物代码", "产生量", "计量单位", "容器编码", "容器数量")
B2 = ("入库批次编码", "入库时间", "容器编码", "入库量(kg)", "贮存设施编码", "产生批次编码")
B3 = ("出库批次编码", "出库时间", "容器编码", "出库量(kg)", "入库批次编码", "容器数量")
B4 = ("处置批次编码", "处置时间", "完毕时间", "容器编码", "处置量(kg)", "设施编码", "处置方式", "产生批次编码")
B5 = ("委外批次编码", "出厂时间", "容器编码", "委外量(kg)", "许可证持有单位名称", "许可证编码", "产生批次/出库批次编码")

FILLED = ("HWCS20260105001", "2026-01-05", "废机油", "900-249-08", 180, "kg", "D-1", 1)
STORED = ("HWRK20260106001", "2026-01-06", "D-1", 180, "TS001", "HWCS20260105001")
OUT = ("HWCK20260110001", "2026-01-10", "D-1", 180, "HWRK20260106001", 1)
SENT = ("HWWWLY20260110001", "2026-01-10", "D-1", 180, "示例公司（虚构）", "示危废证 1 号", "HWCK20260110001")


def book(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """A workbook of sheets; dates become date cells, "" stays empty."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    for name, rows in sheets.items():
        sheet = made.add_worksheet(name)
        for place, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    sheet.write_datetime(place, column, cell)
                elif isinstance(cell, str) and cell:
                    sheet.write_string(place, column, cell)
                elif cell != "":
                    sheet.write(place, column, cell)
    made.close()
    return out.getvalue()


class World:
    """A party's ledger of lists: imports add to its facts, nothing else does."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.registry = Registry()
        self.clear: dict[str, str] = {}

    def seal(self, path: str, value: str) -> tuple[str, SealedText]:
        salt = sha256(f"{path} {value} {len(self.clear)}".encode())
        commitment = seal_commitment(salt, path, value)
        self.clear[commitment] = value
        return commitment, SealedText(path=path, salt=salt, value=value)

    def recorded(self) -> list[Recorded]:
        return recorded_rows(self.facts, party=PARTY, registry=self.registry, reveal=self.clear.get)

    def context(self) -> Context:
        return Context.of(
            self.registry,
            origin=ORIGIN,
            party=PARTY,
            site=SITE,
            recorded=self.recorded(),
            person=lambda name: "person:" + new_uuid7(1, sha256(name.encode())[:10]),
            now=NOW,
        )

    def plan(self, content: bytes) -> Plan:
        return plan(read_workbook(content), self.context())

    def take(self, content: bytes, *, accept_good_rows: bool = False) -> Plan:
        """Import a workbook as far as it is good."""
        made = self.plan(content)
        self.record(made.drafts(self.seal, accept_good_rows=accept_good_rows))
        return made

    def record(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            event = parse(draft.type, draft.body, REGIME)
            assert len(event.streams(PARTY)) <= 256
            fact = Fact(
                event=event,
                by=Author(party=PARTY, person="person:" + new_uuid7(1, b"x" * 10), key="0" * 64),
                at=draft.at,
                received_at="2026-06-01T00:00:00.000Z",
                seq=len(self.facts) + 1,
                id=draft.id,
                statement=sha256(draft.id.encode()).hex(),
            )
            sealed = {(text.path, seal_commitment(text.salt, text.path, text.value)) for text in draft.sealed}
            assert sealed == {(path, commitment) for path, commitment, _ in event.sealed()}
            self.facts.append(fact)
            self.registry.add(fact)


def content(rows: Iterable[Row]) -> list[Row]:
    """Rows without where they stood in their workbook and in which words a blank was left."""
    return [replace(row, sheet="", number=0) for row in rows]
