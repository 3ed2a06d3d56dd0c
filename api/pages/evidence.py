"""One record with its proof in words: what was said, by whom, when, under which checkpoint, and what that proves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, current_app
from flask import Response as Answer
from werkzeug.wrappers import Response

from api.auth import Right, current_viewer, ledger, queries, record_shown, requires
from api.errors import NoSuchPlace, language
from api.pages.exceptions import object_address, titled
from api.pages.overview import policy
from api.pages.shown import page, registry, teller
from ledger import figures as told
from ledger.custody.events import parse
from ledger.custody.rules import refusal_by_code
from ledger.custody.wire import ANY_CODES
from ledger.log import entry, promise, statement
from ledger.log.entry import Entry
from ledger.log.proof import VerifiedReceipt, verify_receipt
from ledger.log.statement import Statement
from ledger.log.trust import Trust
from ledger.service import NotYet, Record

blueprint = Blueprint("page_evidence", __name__)
_NAME: Final = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


@blueprint.get("/evidence/<record>")
@requires(Right.READ)
def evidence(record: str) -> Response:
    found = _record(record)
    said, received = statement.parse(found.statement), entry.parse(found.entry)
    made = ledger().receipt_of(found, policy())
    return page(
        "evidence.html",
        said=said,
        received=received,
        index=found.index,
        lines=list(_happened(said)),
        refusal=refusal_by_code(received.refused) if received.refused else None,
        author=ledger().author(said.key),
        clear=_clear(said),
        proven=None if isinstance(made, NotYet) else verified(made),
        promised=promise.parse(made.promise).deadline if isinstance(made, NotYet) else "",
        objects=list(_objects(received)),
        statement_text=found.statement.decode(),
        entry_text=found.entry.decode(),
    )


@blueprint.get("/evidence/<record>/receipt.txt")
@requires(Right.READ)
def receipt(record: str) -> Response:
    """The receipt as a file that verifies anywhere."""
    found = _record(record)
    made = ledger().receipt_of(found, policy())
    if isinstance(made, NotYet):
        raise NoSuchPlace()
    answer = Answer(made, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{found.index}.txt"'
    return answer


def _record(name: str) -> Record:
    """The record, if this reader is shown it; raises NotFound or NoSuchPlace."""
    if not _NAME(name):
        raise NoSuchPlace()
    return record_shown(name)


def verified(receipt: str) -> VerifiedReceipt:
    """What the receipt proves under what is pinned here, shown afresh."""
    path = current_app.extensions["settings"].trust
    trust = Trust.parse(path.read_bytes()) if path.exists() else ledger().trust()
    return verify_receipt(receipt, policy(), trust)


def _happened(said: Statement) -> Iterator[str]:
    """What the event says, for each container or manifest that it is about, else once."""
    event = parse(said.type, said.body, ANY_CODES)
    things = [name for name in said.about if name.startswith(("container:", "manifest:"))]
    yield from dict.fromkeys(teller().happened(event, thing) for thing in things or [""])


def _clear(said: Statement) -> list[tuple[str, str]]:
    """(what it is, text) of the sealed fields that this reader may read and nobody has erased."""
    texts = ledger().clear_text(said.id) if current_viewer().is_own(said.party) else {}
    return [(teller().sealed(path) or path, text) for path, text in sorted(texts.items())]


def _objects(received: Entry) -> Iterator[dict[str, Any]]:
    titles = told.titles(queries(), [link.stream for link in received.links if link.stream.startswith("container:")])
    for link in received.links:
        site = registry().sites.get(link.stream)
        inner = site.holder if site is not None else link.stream if link.stream.startswith("party:") else ""
        href = object_address(link.stream) if not inner or current_viewer().is_own(inner) else ""
        yield {"title": titled(link.stream, titles), "seq": link.seq, "href": href}


def says(proven: VerifiedReceipt) -> tuple[str, str]:
    """The sentence on what was proven, and the one on what was not."""
    words = proven.says("zh" if language() != "en" else "en")
    first, mark, second = words.partition("未证明：" if language() != "en" else "Not proven: ")
    return first.strip(), f"{mark}{second}"


blueprint.add_app_template_filter(says, "proof_words")
