"""EPA's e-Manifest documents (JSON schema 1.3): read, told as transcribed events, written back."""

from ledger.custody.regimes.us import REGIME
from ledger.exchange.emanifest.model import Handler, Line, Manifest, Rejection, Signature, render
from ledger.exchange.emanifest.planning import Context, Plan, plan
from ledger.exchange.emanifest.reading import Document, document_text, leaves, read_document
from ledger.exchange.emanifest.recorded import NotIssued, recorded_manifest
from ledger.exchange.emanifest.remarks import DocumentRefused, Fault, Notice, OtherRegime, Remark

__all__ = [
    "REGIME",
    "Context",
    "Document",
    "DocumentRefused",
    "Fault",
    "Handler",
    "Line",
    "Manifest",
    "NotIssued",
    "Notice",
    "OtherRegime",
    "Plan",
    "Rejection",
    "Remark",
    "Signature",
    "document_text",
    "leaves",
    "plan",
    "read_document",
    "recorded_manifest",
    "render",
]
