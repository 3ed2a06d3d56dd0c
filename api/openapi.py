"""The description of the API, made from the views themselves: OpenAPI 3.1, and a page of it that needs no network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, TypeVar

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask, Request, request
from marshmallow import Schema, ValidationError, fields
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Rule

from api.auth import Right
from api.bodies import TooManyBodies
from api.browser import COOKIE, CSRF_HEADER, LOCAL_COOKIE
from api.errors import (
    PROBLEM,
    BadRequest,
    BodyTooLarge,
    Broken,
    MediaRefused,
    TooMany,
    Unavailable,
    status_of,
)
from api.schemas import NoQuery, Problem, TextOrWhole
from ledger.accounts.errors import NotAllowed, NotLoggedIn
from ledger.errors import LedgerError

F = TypeVar("F", bound=Callable[..., Any])
BODY_MAX: Final = 512 * 1024
JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a view promises: its words, what it takes, and every answer it can give."""

    summary: str
    tag: str
    query: type[Schema]
    body: type[Schema] | tuple[type[Schema], ...] | None
    answers: Mapping[int, type[Schema] | str | None]
    errors: tuple[type[LedgerError], ...]
    body_max: int
    headers: Mapping[str, str] = field(default_factory=dict)


def operation(
    summary: str,
    *,
    tag: str,
    answers: Mapping[int, type[Schema] | str | None],
    query: type[Schema] = NoQuery,
    body: type[Schema] | tuple[type[Schema], ...] | None = None,
    errors: Sequence[type[LedgerError]] = (),
    body_max: int = BODY_MAX,
    plain: Callable[[Any], bool] | None = None,
) -> Callable[[F], F]:
    """Describe a view, and hand it what it takes: `query` and `body`, shown to have their form.

    `answers` maps a status to a schema, to a media type for text and bytes, or to None for an empty answer. Of several
    body schemas the caller sends any one. A body that is `plain` needs no schema: it has the form beyond doubt.
    """
    described = Operation(
        summary=summary, tag=tag, query=query, body=body, answers=answers, errors=tuple(errors), body_max=body_max
    )
    makers = () if body is None else body if isinstance(body, tuple) else (body,)
    bodies = tuple(each() for each in makers)
    parameters = query()

    def decorate(view: F) -> F:
        @wraps(view)
        def called(*args: Any, **kwargs: Any) -> Any:
            if query is not NoQuery or request.query_string:
                kwargs["query"] = _loaded((parameters,), request.args.to_dict())
            if query is NoQuery:
                kwargs.pop("query", None)
            if bodies:
                given = read_json(request, body_max)
                kwargs["body"] = given if plain is not None and plain(given) else _loaded(bodies, given)
            return view(*args, **kwargs)

        called.operation = described  # type: ignore[attr-defined]
        return called  # type: ignore[return-value]

    return decorate


def read_json(incoming: Request, limit: int) -> Any:
    """The JSON of a request's body; raises MediaRefused, BodyTooLarge or BadRequest."""
    if incoming.mimetype != JSON or incoming.headers.get("Content-Encoding", "identity") != "identity":
        raise MediaRefused(expected=JSON, got=incoming.mimetype or "nothing")
    incoming.max_content_length = limit
    try:
        raw = incoming.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BodyTooLarge(expected=f"at most {limit} bytes") from None
    except HTTPException:
        raise BadRequest(expected="a whole body") from None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(expected="JSON", got=str(error)[:200]) from None


def _loaded(schemas: Sequence[Schema], given: Any) -> dict[str, Any]:
    """`given` by the schema whose required fields it shares most of; raises BadRequest with all wrong fields."""
    if not isinstance(given, dict):
        raise BadRequest(expected="an object", got=type(given).__name__)
    schema = max(schemas, key=lambda s: len(given.keys() & s.fields.keys()))
    try:
        made: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise BadRequest(errors=_texts(error.messages)) from None
    return made


def _texts(messages: Any) -> Any:
    if isinstance(messages, dict):
        return {str(key): _texts(inner) for key, inner in messages.items()}
    return messages


# ---------------------------------------------------------------------------------------------- the document

_ALWAYS: Final = (TooMany, Broken, Unavailable)
_ANY_NAME: Final = {"type": "string", "pattern": "^[^/]+$"}
_UUID7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
KINDS: Final = ("container", "manifest", "party", "site", "label")
PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    kind: {"type": "string", "pattern": f"^{kind}:{_UUID7}$"} for kind in KINDS
} | {
    "record": {
        "type": "string",
        "pattern": f"^(?:{_UUID7}|[0-9a-f]{{64}})$",
        "description": "the id or the hash of a statement",
    },
    "tile": {
        "type": "string",
        "pattern": r"^(?:[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?$",
    },
    "bundle": {"type": "string", "pattern": r"^(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?$"},
}


def document(app: Flask, version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an app: every rule whose view is described, and nothing else."""
    schemas = MarshmallowPlugin(schema_name_resolver=_name_of)
    spec = APISpec("wasteledger", version, "3.1.0", plugins=[schemas], info={"description": _ABOUT})
    assert schemas.converter is not None
    schemas.converter.add_attribute_function(_untyped)  # type: ignore[no-untyped-call]
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for name, cookie in _SESSIONS.items():
        spec.components.security_scheme(name, {"type": "apiKey", "in": "cookie", "name": cookie})
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: (r.rule, sorted(r.methods or ()))):
        view = app.view_functions[rule.endpoint]
        described: Operation | None = getattr(view, "operation", None)
        if described is not None:
            right: Right = getattr(view, "right")  # noqa: B009
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            operations = {method.lower(): _operation_of(rule, method, right, described, schemas.converter)}
            spec.path(re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"{\1}", rule.rule), operations=operations)
    return spec.to_dict()


def _name_of(schema: Any) -> str:
    return str(schema.__name__ if isinstance(schema, type) else type(schema).__name__)


def _untyped(_: OpenAPIConverter, field: Any, ret: dict[str, Any], **__: Any) -> dict[str, Any]:
    """A field that takes a text or a number has no one type."""
    if isinstance(field, TextOrWhole):
        ret.pop("type", None)
    return {}


_ABOUT = (
    "Chain of custody of hazardous and solid waste. Failures are RFC 9457 problems with a stable `code`, in zh-CN or "
    "en by Accept-Language. Signed statements and entries are carried as text and must be hashed exactly as they are. "
    f"Changes in a session also need its {CSRF_HEADER}."
)
_SESSIONS: Final = {"session": COOKIE, "session_on_this_machine": LOCAL_COOKIE}


def _operation_of(
    rule: Rule, method: str, right: Right, described: Operation, converter: OpenAPIConverter
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": f"{rule.endpoint}.{method.lower()}".replace(".", "_"),
        "summary": described.summary,
        "tags": [described.tag],
        "parameters": [*_path_parameters(rule), *_query_parameters(described.query, converter)],
        "responses": _responses(rule, right, described, converter),
        "security": [] if right is Right.PUBLIC else [{"token": []}, *({name: []} for name in _SESSIONS)],
    }
    if described.body is not None:
        several = described.body if isinstance(described.body, tuple) else (described.body,)
        refs = [_ref(converter, each) for each in several]
        schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return made


def _ref(converter: OpenAPIConverter, schema: type[Schema]) -> dict[str, Any]:
    made: dict[str, Any] = converter.resolve_nested_schema(schema)  # type: ignore[no-untyped-call]
    return made


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": PARAMETERS.get(name, _ANY_NAME),
        }
        for name in sorted(rule.arguments)
    ]


def _query_parameters(query: type[Schema], converter: OpenAPIConverter) -> list[dict[str, Any]]:
    made = []
    for name, each in query().fields.items():
        assert isinstance(each, fields.Field)
        schema = converter.field2property(each)
        made.append({"name": name, "in": "query", "required": each.required, "schema": schema})
    return made


def _responses(rule: Rule, right: Right, described: Operation, converter: OpenAPIConverter) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, answer in described.answers.items():
        made[str(status)] = {"description": _WORDS.get(status, "answer")}
        if isinstance(answer, str):
            schema: dict[str, Any] = {"type": "string"} if answer.startswith(("text/plain", "text/html")) else {}
            made[str(status)]["content"] = {answer.partition(";")[0]: {"schema": schema}}
        elif answer is not None:
            made[str(status)]["content"] = {JSON: {"schema": _ref(converter, answer)}}
    for status, codes in sorted(problems_of(right, described).items()):
        made[str(status)] = {
            "description": ", ".join(codes),
            "content": {PROBLEM: {"schema": _ref(converter, Problem)}},
        }
    return made


def problems_of(right: Right, described: Operation) -> dict[int, list[str]]:
    """The codes of every failure that a view can answer with, by status."""
    kinds: list[type[LedgerError]] = [*_ALWAYS, *described.errors]
    if right is not Right.PUBLIC:
        kinds += [NotLoggedIn, NotAllowed]
    kinds.append(BadRequest)
    if described.body is not None:
        kinds += [BodyTooLarge, MediaRefused, TooManyBodies]
    made: dict[int, list[str]] = {}
    for kind in kinds:
        codes = made.setdefault(status_of(kind), [])
        if kind.code not in codes:
            codes.append(kind.code)
    return made


_WORDS: Final = {
    200: "as asked",
    201: "recorded",
    202: "received; not yet under a checkpoint",
    204: "done",
    304: "not modified",
    503: "not ready",
}
