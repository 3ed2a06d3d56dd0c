"""One address for each kind of event, for people without a key of their own: the server signs with theirs."""

from __future__ import annotations

import os
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields

from api.auth import Right, current_actor, ledger, requires
from api.openapi import operation
from api.resources.statements import REFUSALS, single
from api.schemas import RecordedOut, SaidIn, event_schema
from ledger.custody.events import Event, event_types
from ledger.exchange.author import seal
from ledger.service import CustodialKeyAbsent

blueprint = Blueprint("events", __name__, url_prefix="/v1/events")
# What happens on the road is a driver's to say; who and what a party is, its administrator's.
_ON_THE_ROAD = frozenset(
    {
        "container-found",
        "container-lost",
        "leak-reported",
        "manifest-arrived",
        "manifest-collected",
        "manifest-handed-over",
        "manifest-return-started",
        "trip-started",
    }
)
_ADMINISTRATORS = frozenset({"authority", "ledger", "registry"})
# What only the system or an authority says is never signed with a key that the server keeps.
_CUSTODIAL = frozenset({"anybody", "admin", "registrar-or-admin"})


def _view_of(name: str, cls: type[Event]) -> Any:
    said = SaidIn.from_dict({"body": fields.Nested(event_schema(cls), required=True)}, name=f"{_camel(name)}Said")
    said.__doc__ = "When it happened (now, if absent), and the event; with an `id` of yours it is safe to repeat."

    @requires(_right_of(name, cls))
    @operation(
        _first_sentence(cls),
        tag="writing",
        body=said,
        answers={201: RecordedOut},
        errors=(*REFUSALS, CustodialKeyAbsent),
    )
    def say(body: dict[str, Any]) -> Response:
        commitments, texts = seal(body["body"], os.urandom)
        at = body.get("at") or ledger().now()
        return single(ledger().record_for(current_actor().person, name, commitments, at, texts, body.get("id")))

    return say


def _right_of(name: str, cls: type[Event]) -> Right:
    if name in _ON_THE_ROAD:
        return Right.ACT
    family = cls.__module__.rpartition(".")[2]
    return Right.ADMINISTER if family in _ADMINISTRATORS or name == "period-closed" else Right.HANDLE


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.replace(".", "-").split("-"))


def _first_sentence(cls: type[Event]) -> str:
    return " ".join((cls.__doc__ or cls.type).split()).partition(". ")[0].rstrip(".")


for _name, _cls in event_types().items():
    if _cls.author in _CUSTODIAL:
        blueprint.add_url_rule(f"/{_name}", _name.replace(".", "-"), _view_of(_name, _cls), methods=["POST"])


__all__ = ["Schema", "blueprint"]
