"""Papers as PDF, each with its proof inside, of what the reader takes part in."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from api.auth import Right, current_viewer, ledger, queries, requires
from api.openapi import operation
from api.schemas import Strict, pattern
from ledger.custody.regimes.base import PeriodError
from ledger.labels.font import GlyphMissing
from ledger.papers import making, sheets
from ledger.papers.facts import Asked, Kind, NothingToState, PaperUnknown
from ledger.papers.making import PaperTooLarge
from ledger.queries import Unknown
from ledger.service import NotFound

blueprint = Blueprint("papers", __name__, url_prefix="/v1/papers")
PDF: Final = "application/pdf"
_FAILURES: Final = (Unknown, PaperUnknown, NothingToState, PaperTooLarge, GlyphMissing, NotFound)


class CertificateQuery(Strict):
    """Of when; all time, unless said."""

    period = pattern(r"[0-9]{4}(?:-Q[1-4]|-[0-9]{2}(?:-[0-9]{2})?)?")


@blueprint.get("/manifest/<manifest>.pdf")
@requires(Right.READ)
@operation("A manifest in the form's three parts", tag="papers", answers={200: PDF}, errors=_FAILURES)
def manifest_paper(manifest: str) -> Response:
    return _paper("manifest", manifest)


@blueprint.get("/load-list/<manifest>.pdf")
@requires(Right.READ)
@operation("What is on the vehicle under a manifest", tag="papers", answers={200: PDF}, errors=_FAILURES)
def load_list(manifest: str) -> Response:
    return _paper("load-list", manifest)


@blueprint.get("/receipt-note/<manifest>.pdf")
@requires(Right.READ)
@operation("What the consignee decided on each container", tag="papers", answers={200: PDF}, errors=_FAILURES)
def receipt_note(manifest: str) -> Response:
    return _paper("receipt-note", manifest)


@blueprint.get("/certificate/<party>.pdf")
@requires(Right.READ)
@operation(
    "Which grams of a producer ended where, as far as the reader takes part", tag="papers", query=CertificateQuery,
    answers={200: PDF}, errors=(*_FAILURES, PeriodError),
)  # fmt: skip
def certificate(party: str, query: dict[str, Any]) -> Response:
    return _paper("certificate", party, query.get("period", ""))


@blueprint.get("/inventory/<site>.pdf")
@requires(Right.READ)
@operation("What stands at one of the reader's sites", tag="papers", answers={200: PDF}, errors=_FAILURES)
def inventory(site: str) -> Response:
    return _paper("inventory", site)


def _paper(kind: Kind, subject: str, period: str = "") -> Response:
    asked = Asked(kind=kind, subject=subject, period=period)
    link = making.link(ledger().origin, asked)
    paper, packet = making.make(asked, ledger(), queries(), viewer=current_viewer(), link=link)
    response = Response(sheets.pdf(paper, packet, ledger().regime), content_type=PDF)
    response.headers["Content-Disposition"] = f'inline; filename="{kind}-{subject.rpartition("-")[2]}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response
