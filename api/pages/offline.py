"""Work without network: what a shift needs on the device, the pages that open there, and the worker that keeps them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from flask import Blueprint, request
from werkzeug.wrappers import Response

from api import answers
from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import grouping, labels
from api.pages.acting import settle
from api.pages.files import PARTS
from api.pages.shown import name, page, registry, t
from ledger.custody.regimes.base import local_day
from ledger.groups import GROUP
from ledger.journeys import things
from ledger.labelling import Desk, standing_keys
from ledger.labels.digital import SERIAL_DIGITS, DigitalCode
from ledger.log.hashing import sha256

blueprint = Blueprint("page_offline", __name__)
_HERE: Final = Path(__file__).parent
_SHELLS: Final = ("/shift", "/waiting", "/device", "/verifier")
"""Pages without anybody's data: the same for everyone, so they can be kept on a device."""
_IN_HAND: Final = ("filling", "held", "in-transit")
_UNDER_WAY: Final = ("issued", "under-way", "arrived")
_CONTAINERS_MAX: Final = 2_000
_MANIFESTS_MAX: Final = 200
_PARTNERS_MAX: Final = 100


@blueprint.get("/shift")
@requires(Right.PUBLIC)
def shift() -> Response:
    """Scan, fill, store, build a manifest and pick up, with or without network."""
    return page("offline-shift.html")


@blueprint.get("/waiting")
@requires(Right.PUBLIC)
def waiting() -> Response:
    """What was said on this device and how far it got."""
    return page("offline-waiting.html")


@blueprint.get("/device")
@requires(Right.PUBLIC)
def device() -> Response:
    """This device's own key."""
    return page("offline-device.html")


@blueprint.get("/verifier")
@requires(Right.PUBLIC)
def verifier() -> Response:
    """Verify a receipt here, without any server."""
    return page("offline-verifier.html")


@blueprint.get("/shift.json")
@requires(Right.ACT)
def shift_data() -> Response:
    """What the pages of a shift need of the ledger, for the party of whoever asks; for `?key=`, a key's stream,
    also the digital codes reserved for it."""
    party, opened = current_actor().party, ledger().opened
    if key := request.args.get("key", ""):
        settle()
    return answers.json_response(
        {
            "origin": opened.origin,
            "party": party,
            "made_at": ledger().now(),
            "sites": _sites(party),
            "profiles": [_profile(id_) for id_, p in registry().profiles.items() if p.holder == party],
            "partners": [_partner(each) for each in _partners(party)],
            "containers": _containers(),
            "manifests": _manifests(),
            "digital_codes": _digital_codes(key),
            "utc_offset_ms": ledger().regime.offset // timedelta(milliseconds=1),
            "label_keys": [each.public_key.raw.hex() for each in standing_keys(ledger())],
        }
    )


def _sites(party: str) -> list[dict[str, Any]]:
    known = registry()
    return [
        {
            "id": id_,
            "name": site.name,
            "stores": [
                {"id": f.facility, "name": f.name or f.code, "zones": list(f.zones)}
                for f in known.facilities.values()
                if f.site == id_ and f.purpose == "store"
            ],
        }
        for id_, site in known.sites.items()
        if site.holder == party
    ]


def _profile(id_: str) -> dict[str, Any]:
    profile = registry().profiles[id_]
    optional = {"catalogue_name": profile.catalogue_name, "hazards": profile.hazards, "packing": profile.packing}
    made = {"id": id_, "name": profile.name, "code": profile.code, "form": profile.form}
    return made | {key: value for key, value in optional.items() if value}


def _digital_codes(key: str) -> list[dict[str, Any]]:
    """For each waste that the party fills, for today and tomorrow: the serials reserved for a device's key that stand
    on no label, and the block that it may reserve next."""
    actor, desk = current_actor(), labels.desk_of(key)
    if not any(a.stream == key and a.person == actor.person and a.revoked_last_seq is None for a in ledger().authors()):
        return []
    today = date.fromisoformat(local_day(ledger().now(), ledger().regime.offset))
    wastes = sorted({p.code for p in registry().profiles.values() if p.holder == actor.party and desk.numbers(p.code)})
    return [_codes_of(desk, waste, day.isoformat()) for day in (today, today + timedelta(days=1)) for waste in wastes]


def _codes_of(desk: Desk, waste: str, day: str) -> dict[str, Any]:
    first = DigitalCode(credit_code=desk.credit_code, code=waste, day=day, serial=1).text
    made: dict[str, Any] = {"code": waste, "day": day, "prefix": first[:-SERIAL_DIGITS]}
    made["serials"] = [code[-SERIAL_DIGITS:] for code in desk.free(waste, day)]
    block = desk.next_block(labels.BLOCK, waste, day)
    return made | ({} if block is None else {"next": {"first": block[0], "last": block[1]}})


def _partners(party: str) -> list[str]:
    """Whoever the party has a contract with, and, in a small park, everybody else who carries or disposes."""
    known = registry()
    bound = {other for pair, contracts in known.contracts.items() if party in pair and contracts for other in pair}
    others = [id_ for id_, each in known.parties.items() if {"carrier", "disposer"} & set(each.duties)]
    return sorted(bound | set(others) if len(others) <= _PARTNERS_MAX else bound)


def _partner(party: str) -> dict[str, Any]:
    known = registry()
    registered = known.parties.get(party)
    sites = [{"id": id_, "name": site.name} for id_, site in known.sites.items() if site.holder == party]
    return {
        "id": party, "name": name(party), "duties": list(registered.duties) if registered else [], "sites": sites
    }  # fmt: skip


def _containers() -> list[dict[str, Any]]:
    """What is in hand; `outer` is what a scan of the group reads that a container is in."""
    shown = ("id", "code", "name", "container_code", "label", "net_g", "mass_unknown", "status", "holder", "site",
             "facility", "zone", "manifest")  # fmt: skip
    found = [
        row
        for status in _IN_HAND
        for row in reading().containers(current_viewer(), {"status": status}, "", _CONTAINERS_MAX).items
    ]
    known = things(queries(), [row["id"] for row in found if row["kind"] != GROUP])
    return [
        {key: row[key] for key in shown} | {"outer": grouping.outer_codes(known[row["id"]])}
        for row in found
        if row["id"] in known
    ]


def _manifests() -> list[dict[str, Any]]:
    viewer = current_viewer()
    rows = [
        row
        for status in _UNDER_WAY
        for row in reading().manifests(viewer, {"status": status}, "", _MANIFESTS_MAX).items
    ]
    return [_manifest(reading().manifest(viewer, row["id"])) for row in rows]


def _manifest(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "number": row["number"],
        "status": row["status"],
        "from": {"party": row["sender"], "site": row["sender_site"]},
        "to": {"party": row["receiver"], "site": row["receiver_site"]},
        "from_name": name(row["sender"]),
        "to_name": name(row["receiver"]),
        "carrier": row["carrier"],
        "lines": row["lines"],
    }


@blueprint.get("/manifest.webmanifest")
@requires(Right.PUBLIC)
def installable() -> Response:
    """What a browser needs to install the pages as an app."""
    icon = {"src": "/static/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"}
    made = {
        "name": t("固体废物流转账本", "Waste chain-of-custody ledger"),
        "short_name": "wasteledger",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fdfcfa",
        "theme_color": "#9a3412",
        "icons": [icon],
        "shortcuts": [{"name": t("当班", "Shift"), "url": "/shift"}],
    }
    return Response(orjson.dumps(made), content_type="application/manifest+json")


@blueprint.get("/sw.js")
@requires(Right.PUBLIC)
def worker() -> Response:
    """The service worker, which keeps exactly these files; another version of any of them is another worker."""
    files, scanner = _kept_files()
    shells = tuple(sorted(f"/{each.relative_to(_HERE).as_posix()}" for each in (_HERE / "templates").glob("*.html")))
    parts = {
        "VERSION": _version((*files, *shells)),
        "FILES": [*_SHELLS, *files],
        "SCANNER": {"version": _version(scanner), "files": scanner},
    }
    head = "".join(f"const {name} = {orjson.dumps(value).decode()};\n" for name, value in parts.items())
    response = Response(head + (_HERE / "static" / "sw.js").read_text("utf-8"), content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'self'"
    return response


def _kept_files() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is kept from the first visit on, and the parts of the scanner, kept once they are wanted."""
    static = sorted(f.relative_to(_HERE).as_posix() for f in (_HERE / "static").rglob("*") if f.is_file())
    parts = sorted(f"parts/{name}" for name, file in PARTS.items() if (_HERE / "node_modules" / file).exists())
    scanner = tuple(f"/{each}" for each in parts if each.startswith("parts/zxing/"))
    kept = (f"/{each}" for each in (*static, *parts) if each != "static/sw.js")
    return tuple(each for each in kept if each not in scanner), scanner


@cache
def _version(files: tuple[str, ...]) -> str:
    def content(path: str) -> bytes:
        under = path.removeprefix("/parts/")
        return (_HERE / ("node_modules/" + PARTS[under] if under != path else path.lstrip("/"))).read_bytes()

    return sha256(b"".join(content(each) for each in files)).hex()[:16]
