"""A clerk's enterprise for tests of pages: a kind of waste, a store with zones, a label key."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from ledger.labelling import make_key
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work
from tests.support.labels import read
from tests.support.world import OIL


def workplace(api: ApiWorld, **store: Any) -> AtWork:
    """The clerk of the shop, which has waste oil, a store STORE-1 with zones A and B, and a label key."""
    shop, site = api.device["shop"], api.yard["shop"]["site"]
    api.yard["kept"] = {"profile": api.world.new("profile"), "store": api.world.new("facility")}
    waste = {"holder": shop.party, "profile": api.yard["kept"]["profile"], "name": "废机油", "code": OIL}
    says(api, "waste-profile-registered", waste | {"form": "liquid", "hazards": "T,I", "packing": "200 L 钢桶"})
    room = {"holder": shop.party, "facility": api.yard["kept"]["store"], "site": site, "code": "STORE-1"}
    says(api, "facility-registered", room | {"purpose": "store", "store_kind": "store", "zones": ["A", "B"]} | store)
    clerk = at_work(api, "ann", "clerk", "shop")
    key = make_key(api.app.extensions["settings"].home, shop.party)
    says(api, "key-enrolled", api.world.ledger.enrolment(key, holder=shop.party, person=shop.person, purpose="label"))
    api.follow()
    return clerk


def says(api: ApiWorld, type_: str, body: dict[str, Any], who: str = "shop") -> None:
    """What an enterprise's own device records."""
    answer = api.say(who, type_, body)
    assert answer.status_code == 201, answer.json


def fills(api: ApiWorld, clerk: AtWork, **form: Any) -> str:
    """A drum that the clerk filled on the page."""
    usual = {"profile": api.yard["kept"]["profile"], "site": api.yard["shop"]["site"], "net": "180", "unit": "kg"}
    where = clerk.does("/fill", usual | form)
    assert where.startswith("/labels/container:")
    return where.removeprefix("/labels/").partition("?")[0]


def link_of(clerk: AtWork, container: str) -> str:
    """What the QR code of a container's printed label says, read from its picture by a decoder that is not ours."""
    picture = clerk.get(f"/labels/{container}.png?dpi=203")
    assert picture.status_code == 200, picture.text
    (link,) = read(Image.open(BytesIO(picture.data)))
    return link
