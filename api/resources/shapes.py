"""Answers of the account side: schemas read off the dataclasses, so that no field is written twice."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints

from flask import Response
from marshmallow import Schema, fields

from api import answers


def shape(cls: type, name: str, **more: fields.Field[Any]) -> type[Schema]:
    """The schema of a flat dataclass; what may be None is absent then. `more` are fields beside it."""
    hints = get_type_hints(cls)
    made = {each.name: _field(hints[each.name]) for each in dataclasses.fields(cls)}
    schema = Schema.from_dict(made | more, name=name)
    schema.__doc__ = cls.__doc__
    return schema


def listed(schema: type[Schema], name: str) -> type[Schema]:
    """A list of them."""
    made = Schema.from_dict({"items": fields.List(fields.Nested(schema), required=True)}, name=name)
    made.__doc__ = "All of them."
    return made


def told(thing: Any, status: int = 200, **more: Any) -> Response:
    """One thing as an answer."""
    return answers.json_response(plain(thing) | more, status)


def all_told(things: Sequence[Any]) -> Response:
    return answers.json_response({"items": [plain(each) for each in things]})


def plain(thing: Any) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(thing).items() if value is not None}


def done() -> Response:
    """204."""
    return Response(status=204)


def _field(annotation: Any) -> fields.Field[Any]:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (inner,) = [each for each in args if each is not type(None)]
        made = _field(inner)
        made.required = False
        return made
    if origin is tuple:
        return fields.List(_field(args[0]), required=True)
    if origin is dict:
        return fields.Dict(required=True)
    plain_fields: dict[Any, type[fields.Field[Any]]] = {str: fields.String, bool: fields.Boolean, int: fields.Integer}
    return plain_fields[annotation](required=True)
