"""Papers over the API: whoever takes part gets them, with the names of its own people only, and nobody else does."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.log.hashing import seal_commitment
from ledger.log.trust import Trust
from ledger.papers import redrawn
from ledger.papers.facts import Certificate, Inventory, ManifestPaper
from ledger.papers.packet import Packet
from ledger.papers.proving import verified
from ledger.store.answers import SealedText
from tests.support.api_world import ApiWorld
from tests.support.papers import printed
from tests.support.world import OIL


@pytest.fixture
def load(api: ApiWorld) -> dict[str, str]:
    """A drum on a manifest of the shop's, received and treated."""
    api.world.clock.advance(hours=1)
    drum = api.drum()
    api.world.clock.advance(hours=1)
    manifest, facility = api.manifest(drum), api.world.new("facility")
    ends = api.ends(manifest, drum)
    assert api.say("carrier", "manifest-collected", ends).status_code == 201
    yard = api.yard["disposer"]
    kiln = {"holder": yard["party"], "facility": facility, "site": yard["site"], "code": "KILN-1", "purpose": "dispose"}
    assert api.say("disposer", "facility-registered", kiln).status_code == 201
    mass = {"basis": "weighed", "net_g": 180_000}
    api.world.clock.advance(hours=1)
    verdict = {"container": drum, "code": OIL, "decision": "accepted", "listed_g": 180_000, "mass": mass}
    assert api.say("disposer", "manifest-received", ends | {"lines": [verdict]}).status_code == 201
    api.world.clock.advance(hours=1)
    treated = {
        "place": yard,
        "facility": facility,
        "stage": "final",
        "end": "disposed",
        "method": "D10",
        "basis": "weighed",
        "inputs": [{"container": drum, "code": OIL, "net_g": 180_000}],
    }
    assert api.say("disposer", "waste-treated", treated).status_code == 201
    api.follow()
    return {"drum": drum, "manifest": manifest}


def packet(api: ApiWorld, path: str, by: str) -> Packet:
    answer = api.get(path, by)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf"), answer.json
    found = redrawn.packet_in(answer.data)
    proven = verified(found, trust(api))
    assert list(redrawn.differing(answer.data, found, proven)) == []
    return found


def trust(api: ApiWorld) -> Trust:
    return Trust.parse(api.get("/trust.json").data)


@pytest.mark.parametrize("kind", ["manifest", "load-list", "receipt-note"])
def test_papers_of_a_journey_are_for_who_takes_part_in_it(api: ApiWorld, load: dict[str, str], kind: str) -> None:
    path = f"/v1/papers/{kind}/{load['manifest']}.pdf"
    for name in ("shop", "carrier", "disposer", "regulator"):
        stated = verified(packet(api, path, name), trust(api)).paper
        assert not isinstance(stated, Certificate | Inventory)
        assert [line.container for line in stated.lines] == [load["drum"]]
    refused = api.get(path, "stranger")
    assert (refused.status_code, refused.json["code"]) == (404, "unknown-name")
    assert api.get(path).status_code == 401


def test_a_certificate_shows_each_reader_what_it_takes_part_in(api: ApiWorld, load: dict[str, str]) -> None:
    path = f"/v1/papers/certificate/{api.yard['shop']['party']}.pdf"
    for name in ("shop", "disposer", "regulator"):
        stated = verified(packet(api, path, name), trust(api)).paper
        assert isinstance(stated, Certificate)
        assert [(line.container, line.grams) for line in stated.lines] == [(load["drum"], 180_000)]
    refused = api.get(path, "stranger")
    assert (refused.status_code, refused.json["code"]) == (409, "paper-empty")
    followed = api.get(path, "stranger", Accept="text/html,*/*;q=0.8")  # by a link of a page
    assert (followed.status_code, followed.mimetype) == (409, "text/html") and "<h1>" in followed.text
    year = api.world.ledger.now()[:4]
    assert packet(api, f"{path}?period={year}", "shop").period == year
    assert api.get(f"{path}?period=2001", "shop").status_code == 409
    assert api.get(f"{path}?period=2001-13", "shop").status_code == 422
    assert api.get(f"{path}?period=soon", "shop").status_code == 400


def test_an_inventory_is_the_holders_own_matter(api: ApiWorld) -> None:
    drum, path = api.drum(), f"/v1/papers/inventory/{api.yard['shop']['site']}.pdf"
    for name in ("shop", "regulator"):
        stated = verified(packet(api, path, name), trust(api)).paper
        assert isinstance(stated, Inventory)
        assert [line.container for line in stated.lines] == [drum]
    for name in ("carrier", "disposer", "stranger"):
        assert api.get(path, name).status_code == 404


def test_names_are_filled_in_for_the_partys_own_people_only(api: ApiWorld) -> None:
    drum, manifest = api.drum(), api.world.new("manifest")
    salt = bytes(32)
    handler = {
        "person": api.world.new("person"),
        "name": {"sealed": seal_commitment(salt, "handler.name", "李示例")},
    }
    sealed = (SealedText(path="handler.name", salt=salt, value="李示例"),)
    issued = api.ends(manifest, drum) | {"handler": handler}
    assert api.say("shop", "manifest-issued", issued, sealed=sealed).status_code == 201
    api.follow()
    path = f"/v1/papers/manifest/{manifest}.pdf"
    shown = {name: "李示例" in printed(api.get(path, name).data)[0] for name in ("shop", "disposer", "regulator")}
    assert shown == {"shop": True, "disposer": False, "regulator": True}
    assert packet(api, path, "disposer").filled == {}
    stated = verified(packet(api, path, "shop"), trust(api)).paper
    assert isinstance(stated, ManifestPaper) and stated.sender_handler.endswith("/handler.name")


def test_a_subject_of_another_kind_or_none_is_refused(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    answers: dict[str, Any] = {
        f"/v1/papers/manifest/{api.world.new('manifest')}.pdf": 404,
        f"/v1/papers/manifest/{api.world.new('party')}.pdf": 422,
        f"/v1/papers/inventory/{api.world.new('site')}.pdf": 404,
        "/v1/papers/receipt-note/none-such.pdf": 422,
        f"/v1/papers/poster/{api.world.new('manifest')}.pdf": 404,
    }
    assert {path: api.get(path, "shop").status_code for path in answers} == answers
