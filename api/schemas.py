"""Marshmallow schemas: those of events are derived from the event classes, so that no field is written twice.

They say and check the *form*; what a form cannot say (a day that exists, a check character) the ledger says afterwards.
"""

from __future__ import annotations

import dataclasses
import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from marshmallow import RAISE, Schema, fields, validate

from ledger.custody import wire
from ledger.custody.events import Event
from ledger.custody.values import OnCalendar, Sealed

LINE = r"[^\x00-\x1f]"
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_OPTIONAL: dict[str, Any] = {"required": False}


class Strict(Schema):
    """A schema that refuses fields it does not know."""

    class Meta:
        unknown = RAISE


class Clear(Strict):
    """A personal text: the server seals it, so that the ledger holds a commitment only."""

    clear = fields.String(required=True, validate=validate.Length(1, 2000))


class Whole(fields.Integer):
    """A whole number. 52.0 is one in JSON, and becomes 52 before anything is signed; "52" is none."""

    def _validated(self, value: Any) -> int:
        if type(value) not in (int, float) or value != int(value):
            raise self.make_error("invalid", input=value)
        return int(value)


class True_(fields.Boolean):
    """`true`, or absent."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value is not True:
            raise self.make_error("invalid", input=value)
        return True


class TextOrWhole(fields.Raw):
    """A text or a whole number: the value of a field that another event names."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | int:
        if type(value) is float and value == int(value):
            value = int(value)
        if type(value) not in (str, int) or (type(value) is str and not 1 <= len(value) <= 2000):
            raise self.make_error("validator_failed")
        return value  # type: ignore[no-any-return]


def pattern(text: str, **more: Any) -> fields.String:
    """A string that matches all of a pattern."""
    return fields.String(validate=validate.Regexp(f"^(?:{_same_everywhere(text)})$"), **more)


def _same_everywhere(text: str) -> str:
    """A pattern that Python, JavaScript and Rust read alike: they differ in what is a digit or a blank."""
    return text.replace(r"\S", r"[^\s\x1c-\x1f\x85]").replace(r"\d", "[0-9]")


def event_schema(cls: type[Event]) -> type[Schema]:
    """The schema of an event's fields; sealed ones are given in the clear."""
    made: type[Schema] = _schema_of(cls)  # type: ignore[arg-type]
    return made


@cache
def _schema_of(cls: Any) -> type[Schema]:
    if cls is Sealed:
        return Clear
    hints = get_type_hints(cls, include_extras=True)
    made = {}
    for field in dataclasses.fields(cls):
        required = field.default is dataclasses.MISSING
        more: dict[str, Any] = {"required": required}
        if field.default == () or (required and get_origin(hints[field.name]) is tuple):
            more["validate"] = validate.Length(min=0 if required else 1)
        made[wire.wire_name(field.name)] = _field_of(hints[field.name], more, field.default)
    schema = Strict.from_dict(made, name="".join(part.title() for part in _name_of(cls).split("-")))
    schema.__doc__ = cls.__doc__
    return schema


def _name_of(cls: type) -> str:
    return str(getattr(cls, "type", None) or cls.__name__) if issubclass(cls, Event) else cls.__name__


def _field_of(annotation: Any, more: dict[str, Any], default: Any = None) -> fields.Field[Any]:
    """The field of an annotation; a word that equals its default is absent, so it is no choice."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is bool:
        return True_(**more, metadata={"enum": [True]})
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return fields.Nested(_schema_of(annotation), **more)
    if origin is Annotated:
        return _checked(args[1], more)
    if origin is Literal:
        return fields.String(**more, validate=validate.OneOf([a for a in args if a != default]))
    if origin is tuple:
        return fields.List(_field_of(args[0], {}), **more)
    if origin is dict:
        return fields.Dict(keys=fields.String(), **more)
    if origin in (Union, types.UnionType):
        (inner,) = [a for a in args if a is not type(None)]
        return _field_of(inner, more, default)
    raise TypeError(f"no schema for {annotation!r}")


def _checked(check: Any, more: dict[str, Any]) -> fields.Field[Any]:
    match check:
        case wire.Text():
            return pattern(check.pattern.pattern, **more)
        case OnCalendar():
            return pattern(check.form.pattern.pattern, **more)
        case wire.Whole():
            return Whole(**more, validate=validate.Range(check.least, check.most))
        case wire.Plain():
            return TextOrWhole(**more, metadata={"oneOf": [_PLAIN_TEXT, {"type": "integer"}]})
        case wire.RegimeCode():
            return fields.String(**more, validate=validate.Length(1, 200))
        case _:
            raise TypeError(f"no schema for {check!r}")


_PLAIN_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}

# ---------------------------------------------------------------------------------------------- small fields

Moment = r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
HASH = r"[0-9a-f]{64}"
BASE64 = r"[A-Za-z0-9+/]*={0,2}"
SIGNATURE = r"[A-Za-z0-9+/]{85}[AQgw]=="
STATEMENT_MAX = 262_144
BATCH_MAX = 1_000


class SealedTextIn(Strict):
    """The clear text of one sealed field, sent beside the statement that holds its commitment."""

    path = fields.String(required=True, validate=validate.Length(1, 200))
    salt = pattern(HASH, required=True)
    value = fields.String(required=True, validate=validate.Length(1, 2000))


class SubmissionIn(Strict):
    """A signed statement: its canonical bytes as text, exactly as signed, and the Ed25519 signature in base64."""

    statement = fields.String(required=True, validate=validate.Length(2, STATEMENT_MAX))
    signature = pattern(SIGNATURE, required=True)
    sealed = fields.List(fields.Nested(SealedTextIn), validate=validate.Length(1, 64))
    note = fields.String(validate=validate.Length(1, 65_536))


class BatchIn(Strict):
    """Up to 1,000 signed statements; each has a result of its own."""

    statements = fields.List(fields.Nested(SubmissionIn), required=True, validate=validate.Length(1, BATCH_MAX))


class SaidIn(Strict):
    """What the prepared or custodial statement says besides its event."""

    id = pattern(UUID7)
    at = pattern(Moment)


# ---------------------------------------------------------------------------------------------- answers


class LinkOut(Schema):
    """An entry's place in one object's chain."""

    stream = fields.String(required=True)
    seq = fields.Integer(required=True)
    prev = fields.String()


class PromiseOut(Schema):
    """The operator's signed word that the log will hold the entry by its deadline."""

    promise = fields.String(required=True, metadata={"description": "the exact bytes as text"})
    signature = fields.String(required=True)


class Problem(Schema):
    """RFC 9457; `code` never changes, `detail` is for people."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    path = fields.String()
    expected = fields.String()
    got = fields.String()
    rule = fields.String()
    law = fields.List(fields.String())
    errors = fields.Dict(metadata={"description": "messages by field"})
    outcome = fields.String(metadata={"description": "of a statement: rejected, refused (an entry) or quarantined"})
    id = fields.String()
    statement = fields.String()
    entry = fields.String()
    received_at = fields.String()
    promise = fields.Nested(PromiseOut)
    links = fields.Dict(keys=fields.String(), values=fields.String())


class FlagOut(Schema):
    """An exception."""

    rule = fields.String(required=True)
    severity = fields.String(required=True)
    says = fields.String(required=True)
    todo = fields.String(required=True)
    law = fields.String(required=True)
    object = fields.String(required=True)
    grams = fields.Integer(required=True)
    holder = fields.String(required=True)
    site = fields.String(required=True)
    detail = fields.String(required=True)
    opened_at = fields.String(required=True)
    opened_by = fields.String(required=True)
    closed_at = fields.String(required=True)
    closed_by = fields.String(required=True)


class RecordedOut(Schema):
    """What became of a statement. `entry` holds the exact leaf bytes as text; `index` is absent until sequenced."""

    id = fields.String(required=True)
    statement = fields.String(required=True, metadata={"description": "the statement's hash"})
    outcome = fields.String(required=True, validate=validate.OneOf(["recorded"]))
    entry = fields.String(required=True)
    received_at = fields.String(required=True)
    index = fields.Integer()
    promise = fields.Nested(PromiseOut, required=True)
    exceptions = fields.List(fields.Nested(FlagOut), metadata={"description": "raised by this; provisional"})
    links = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class ResultOut(Schema):
    """One statement's result in a batch: its HTTP status and either what was recorded or the problem."""

    status = fields.Integer(required=True)
    recorded = fields.Nested(RecordedOut)
    problem = fields.Nested(Problem)


class BatchOut(Schema):
    """The results in the order of the statements."""

    results = fields.List(fields.Nested(ResultOut), required=True)


class PageQuery(Strict):
    """Which part of a long list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    cursor = pattern(r"[A-Za-z0-9_-]{1,2000}", metadata={"description": "`next` of the page before"})


class NoQuery(Strict):
    """No parameters."""


def page_of(item: type[Schema], name: str) -> type[Schema]:
    """A page of a list: `next`, when given, is the cursor of the following page."""
    made = Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(),
            "as_of": fields.Integer(required=True, metadata={"description": "how many entries this takes account of"}),
        },
        name=name,
    )
    made.__doc__ = "A page of a list."
    return made
