"""The log as C2SP tlog-tiles: checkpoint, tiles, and what a verifier pins. Public, but for entry bundles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, current_app, request
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, ledger, requires
from api.observed import ROUTE
from api.openapi import BYTES, TEXT, operation
from api.schemas import Strict, Whole, pattern
from ledger.errors import FormError, ProofError
from ledger.log.tiles import WIDTH, BadTilePath, parse_tile_path
from ledger.service import NotFound

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

blueprint = Blueprint("log", __name__)
_FOR_EVER = "public, max-age=31536000, immutable"
_FRESH = "public, no-cache"
_OPEN: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_TILE: Final = "/tile/<path:tile>"
_TILES_MAX: Final = 4_096

Tiles = dict[str, bytes]
"""Complete tiles that were asked for, by path."""


@blueprint.after_request
def _open_to_monitors(response: Response) -> Response:
    response.headers.update(_OPEN)
    return response


def _served(content: bytes, kind: str, cache: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Cache-Control"] = cache
    return response


@blueprint.get("/checkpoint")
@requires(Right.PUBLIC)
@operation("The newest checkpoint that meets the policy's quorum", tag="log", answers={200: TEXT}, errors=(NotFound,))
def checkpoint() -> Response:
    return _served(ledger().checkpoint(), TEXT, _FRESH)


@blueprint.get("/checkpoint.unwitnessed")
@requires(Right.PUBLIC)
@operation("The newest checkpoint that the log signed", tag="log", answers={200: TEXT}, errors=(NotFound,))
def unwitnessed() -> Response:
    return _served(ledger().unwitnessed_checkpoint(), TEXT, _FRESH)


@blueprint.get(_TILE)
@requires(Right.PUBLIC)
@operation("A tile of hashes: /tile/<L>/<N>[.p/<W>]", tag="log", answers={200: BYTES}, errors=(BadTilePath, NotFound))
def tile(tile: str) -> Response:
    asked = parse_tile_path(f"tile/{tile}")
    if asked.level is None:
        raise BadTilePath(path=tile)
    content = ledger().tile(asked.level, asked.index, asked.width)
    if asked.width == WIDTH:
        tiles: Tiles = current_app.extensions["tiles"]
        if len(tiles) >= _TILES_MAX:
            tiles.clear()
        tiles[request.path] = content
    return _served(content, BYTES, _cache(asked.width))


def tiles_first(application: WSGIApplication, tiles: Tiles) -> WSGIApplication:
    """Answers with a complete tile that was asked for before, by the same headers and much sooner: it is public, it
    never changes, and a monitor asks for thousands."""
    headers = [("Content-Type", BYTES), ("Cache-Control", _FOR_EVER), *_OPEN.items()]

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content = tiles.get(environ["PATH_INFO"])
        if content is None or environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return application(environ, start_response)
        environ[ROUTE] = _TILE
        start_response("200 OK", [*headers, ("Content-Length", str(len(content)))])
        return (content,)

    return answer


@blueprint.get("/tile/entries/<path:bundle>")
@requires(Right.MIRROR)
@operation("A bundle of entries, for mirrors", tag="log", answers={200: BYTES}, errors=(BadTilePath, NotFound))
def entries(bundle: str) -> Response:
    asked = parse_tile_path(f"tile/entries/{bundle}")
    return _served(ledger().entries(asked.index, asked.width), BYTES, "private, no-cache")


def _cache(width: int) -> str:
    # A partial tile's bytes never change either, but it is superseded soon.
    return _FOR_EVER if width == WIDTH else "public, max-age=86400"


class CosignatureIn(Strict):
    """A witness's line (C2SP tlog-cosignature) over the checkpoint of a size."""

    size = Whole(required=True, validate=validate.Range(1, 2**53 - 1))
    line = pattern(r"— [^\s+]{1,200} [A-Za-z0-9+/]{102}==", required=True)


class CosignedOut(Schema):
    """When the witness says it signed (POSIX seconds)."""

    time = fields.Integer(required=True)


@blueprint.post("/v1/cosignatures")
@requires(Right.MIRROR)
@operation(
    "Bring a witness's cosignature; it counts if the server's policy names the witness",
    tag="log",
    body=CosignatureIn,
    answers={201: CosignedOut},
    errors=(NotFound, FormError, ProofError),
)
def cosign(body: dict[str, Any]) -> Response:
    return answers.json_response({"time": ledger().add_cosignature(body["line"] + "\n", size=body["size"])}, 201)


class LogOut(Schema):
    """The log's name, its keys, and how many entries it has."""

    origin = fields.String(required=True)
    log_key = fields.String(required=True)
    promise_key = fields.String(required=True)
    promise_hours = fields.Integer(required=True)
    regime = fields.String(required=True)
    size = fields.Integer(required=True)


@blueprint.get("/v1/log")
@requires(Right.PUBLIC)
@operation("The log's name, public keys and size", tag="log", answers={200: LogOut})
def about() -> Response:
    opened = ledger().opened
    return answers.json_response(
        {
            "origin": opened.origin,
            "log_key": opened.log_key,
            "promise_key": opened.promise_key,
            "promise_hours": opened.promise_hours,
            "regime": opened.regime,
            "size": ledger().size(),
        }
    )


@blueprint.get("/trust.json")
@requires(Right.PUBLIC)
@operation("What a verifier pins: origin and genesis leaf", tag="log", answers={200: "application/json"})
def trust() -> Response:
    return _served(ledger().trust().format(), "application/json", _FRESH)


@blueprint.get("/policy.txt")
@requires(Right.PUBLIC)
@operation("The C2SP policy of this log, to which a verifier adds witnesses", tag="log", answers={200: TEXT})
def policy() -> Response:
    return _served(ledger().policy_text().encode(), TEXT, _FRESH)
