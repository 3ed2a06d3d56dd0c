"""Containers, stock and search: what is where, of what the reader takes part in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, current_viewer, ledger, reading, requires
from api.openapi import operation
from api.schemas import LINE, UUID7, FlagOut, PageQuery, Strict, page_of, pattern
from ledger.queries import Unknown
from ledger.reading import BadCursor

blueprint = Blueprint("containers", __name__, url_prefix="/v1")
STATUSES = ("emptied", "filling", "held", "in-transit", "lost", "unknown")


class ContainerOut(Schema):
    """One filling of something, as of now."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    status = fields.String(required=True)
    holder = fields.String(required=True)
    site = fields.String(required=True)
    facility = fields.String(required=True)
    zone = fields.String(required=True)
    manifest = fields.String(required=True)
    label = fields.String(required=True)
    container_code = fields.String(required=True)
    born_at = fields.String(required=True)
    net_g = fields.Integer(required=True)
    mass_unknown = fields.Boolean(required=True)


class StepOut(Schema):
    """Something recorded of a thing."""

    index = fields.Integer(required=True)
    id = fields.String(required=True)
    type = fields.String(required=True)
    party = fields.String(required=True)
    at = fields.String(required=True)
    received_at = fields.String(required=True)


class LotOut(Schema):
    """Grams in a container by their first producer."""

    producer = fields.String(required=True)
    holder = fields.String(required=True)
    stage = fields.String(required=True)
    code = fields.String(required=True)
    born_at = fields.String(required=True)
    grams = fields.Integer(required=True)


class StoryOut(ContainerOut):
    """A container with its whole story in the order of happening."""

    steps = fields.List(fields.Nested(StepOut), required=True)
    lots = fields.List(fields.Nested(LotOut), required=True)
    exceptions = fields.List(fields.Nested(FlagOut), required=True)


class ContainersQuery(PageQuery):
    """Which containers."""

    holder = pattern(f"party:{UUID7}")
    site = pattern(f"site:{UUID7}")
    status = fields.String(validate=validate.OneOf(STATUSES))
    code = pattern(f"{LINE}{{1,20}}")


ContainerPage = page_of(ContainerOut, "ContainerPage")


def page(found: Any, items: list[Any]) -> Response:
    """A page of a list."""
    made: dict[str, Any] = {"items": items, "as_of": found.as_of}
    return answers.json_response(made | ({"next": found.next} if found.next else {}))


def split(query: dict[str, Any]) -> tuple[dict[str, Any], str, int]:
    """The filters of a list, its cursor and limit."""
    wanted = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
    return wanted, query.get("cursor", ""), query["limit"]


@blueprint.get("/containers")
@requires(Right.READ)
@operation(
    "Containers, newest first", tag="reading", query=ContainersQuery, answers={200: ContainerPage}, errors=(BadCursor,)
)
def containers(query: dict[str, Any]) -> Response:
    found = reading().containers(current_viewer(), *split(query))
    return page(found, [{name: item[name] for name in ContainerOut._declared_fields} for item in found.items])


@blueprint.get("/containers/<container>")
@requires(Right.READ)
@operation("One container's whole story", tag="reading", answers={200: StoryOut}, errors=(Unknown,))
def container(container: str) -> Response:
    story = reading().container(current_viewer(), container)
    made: dict[str, Any] = {name: getattr(story.thing, name) for name in ContainerOut._declared_fields}
    made["steps"] = [
        {
            "index": step.index,
            "id": step.fact.id,
            "type": step.fact.event.type,
            "party": step.fact.by.party,
            "at": step.fact.at,
            "received_at": step.fact.received_at,
        }
        for step in story.steps
    ]
    made["lots"] = [
        {
            "producer": part.producer,
            "holder": account.holder,
            "stage": account.stage,
            "code": part.code,
            "born_at": part.born_at,
            "grams": part.grams,
        }
        for account, part in story.lots
    ]
    made["exceptions"] = [answers.flag(each, ledger().regime) for each in story.flags]
    return answers.json_response(made)


class StockOut(Schema):
    """Grams in somebody's hands, and the first deadline among them ("" when none runs)."""

    holder = fields.String(required=True)
    site = fields.String(required=True)
    stage = fields.String(required=True)
    kind = fields.String(required=True)
    code = fields.String(required=True)
    grams = fields.Integer(required=True)
    deadline = fields.String(required=True)


class StockQuery(PageQuery):
    """Which stock."""

    holder = pattern(f"party:{UUID7}")
    site = pattern(f"site:{UUID7}")
    code = pattern(f"{LINE}{{1,20}}")


StockPage = page_of(StockOut, "StockPage")


@blueprint.get("/stock")
@requires(Right.READ)
@operation(
    "Grams in hand by holder, site and code", tag="reading", query=StockQuery, answers={200: StockPage},
    errors=(BadCursor,),
)  # fmt: skip
def stock(query: dict[str, Any]) -> Response:
    found = reading().stock(current_viewer(), *split(query))
    return page(found, [item | {"deadline": item["deadline"] or ""} for item in found.items])


class SearchQuery(Strict):
    """What to look for."""

    q = pattern(f"{LINE}{{1,100}}", required=True)


class FoundOut(Schema):
    """A thing that the text leads to."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)


class SearchOut(Schema):
    """At most 20 things."""

    items = fields.List(fields.Nested(FoundOut), required=True)


@blueprint.get("/search")
@requires(Right.READ)
@operation(
    "Find by id, code, label, number or registered name", tag="reading", query=SearchQuery, answers={200: SearchOut}
)
def search(query: dict[str, Any]) -> Response:
    found = reading().find(current_viewer(), query["q"], 20)
    return answers.json_response({"items": [{"id": f.id, "kind": f.kind, "name": f.name} for f in found]})
