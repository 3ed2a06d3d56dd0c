"""An enterprise's own ledger as the five tables B.1 to B.5 of HJ 1259-2022: read, told as events, written back."""

from ledger.exchange.hj1259.drafting import Context, Draft, Sealer
from ledger.exchange.hj1259.planning import Plan, plan
from ledger.exchange.hj1259.reading import NotAWorkbook, Workbook, read_workbook
from ledger.exchange.hj1259.recorded import Recorded, Share, recorded_rows
from ledger.exchange.hj1259.remarks import Correction, Fault, Notice, Remark, RowsRefused
from ledger.exchange.hj1259.tables import TABLES, Identity, Row
from ledger.exchange.hj1259.writing import write_workbook

__all__ = [
    "TABLES",
    "Context",
    "Correction",
    "Draft",
    "Fault",
    "Identity",
    "NotAWorkbook",
    "Notice",
    "Plan",
    "Recorded",
    "Remark",
    "Row",
    "RowsRefused",
    "Sealer",
    "Share",
    "Workbook",
    "plan",
    "read_workbook",
    "recorded_rows",
    "write_workbook",
]
