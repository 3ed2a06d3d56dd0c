"""Who is shown what: a party its own and what it takes part in, a regulator all, an operator and the public nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ledger.log.checkpoint import parse_checkpoint
from ledger.log.note import Note
from ledger.log.tiles import TileReader, tile_path, tile_width
from tests.support.api_world import ApiWorld
from tests.support.world import OIL

BUSINESS = (
    "/v1/containers",
    "/v1/manifests",
    "/v1/stock",
    "/v1/parties",
    "/v1/sites",
    "/v1/exceptions",
    "/v1/search?q=x",
    "/v1/changes",
    "/v1/rates?kind=hazardous&period=2025",
)


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [item["id"] for item in answer.json["items"]]


def test_a_container_is_shown_to_its_holder_and_later_to_whom_its_manifest_names(api: ApiWorld) -> None:
    drum = api.drum()
    seen = {name: ids(api.get("/v1/containers", name)) for name in ("shop", "carrier", "disposer", "stranger")}
    assert seen == {"shop": [drum], "carrier": [], "disposer": [], "stranger": []}
    manifest = api.manifest(drum)
    for name in ("shop", "carrier", "disposer", "regulator"):
        assert ids(api.get("/v1/containers", name)) == [drum], name
        assert api.get(f"/v1/containers/{drum}", name).status_code == 200
        told = api.get(f"/v1/manifests/{manifest}", name).json
        assert told["lines"] == [{"container": drum, "state": "listed", "listed_g": 180_000}]
    for path in (f"/v1/containers/{drum}", f"/v1/manifests/{manifest}"):
        hidden = api.get(path, "stranger")
        assert (hidden.status_code, hidden.json["code"]) == (404, "unknown-name")
    assert ids(api.get("/v1/manifests", "stranger")) == []


def test_of_a_mixed_drum_a_producer_sees_its_own_lots_the_holder_all_and_the_carrier_none(api: ApiWorld) -> None:
    drums = {name: api.drum(name, 1_000) for name in ("shop", "stranger")}
    for name, drum in drums.items():
        ends = api.ends(api.world.new("manifest"), drum, 1_000) | {"from": api.yard[name]}
        line = {"container": drum, "code": OIL, "decision": "accepted", "mass": {"basis": "weighed", "net_g": 1_000}}
        assert api.say("carrier", "manifest-collected", ends).status_code == 201
        assert api.say("disposer", "manifest-received", ends | {"lines": [line]}).status_code == 201
    source, target = ({"container": drums[name], "code": OIL, "net_g": 1_000} for name in ("stranger", "shop"))
    poured = {"place": api.yard["disposer"], "reason": "merge", "sources": [source]}
    poured |= {"targets": [target | {"kind": "package", "name": "废机油"}]}
    assert api.say("disposer", "contents-transferred", poured).status_code == 201
    api.follow()
    names = {api.device[name].party: name for name in drums}
    told = {
        who: sorted(names[lot["producer"]] for lot in api.get(f"/v1/containers/{drums['shop']}", who).json["lots"])
        for who in ("shop", "disposer", "carrier", "regulator")
    }
    assert told == {"shop": ["shop"], "disposer": [*names.values()], "carrier": [], "regulator": [*names.values()]}
    assert api.get(f"/v1/containers/{drums['shop']}", "stranger").status_code == 404


def test_what_is_hidden_looks_like_what_does_not_exist(api: ApiWorld) -> None:
    drum, absent = api.drum(), api.world.new("container")
    hidden, missing = (api.get(f"/v1/containers/{name}", "stranger") for name in (drum, absent))
    assert (hidden.status_code, hidden.json["code"]) == (missing.status_code, missing.json["code"])
    said = api.get("/v1/changes", "shop").json["items"][-1]
    hash_ = json.loads(said["entry"])["statement"]
    for kind in ("entries/{}", "entries/{}/clear", "receipts/{}"):
        for name, absent in ((said["id"], api.world.uuid7()), (hash_, "0" * 64)):
            entry, nothing = (api.get("/v1/" + kind.format(each), "stranger") for each in (name, absent))
            assert entry.text.replace(name, absent) == nothing.text, kind
            assert entry.status_code == nothing.status_code == 404
    client, _ = api.logged_in("stranger")
    for page in ("/evidence/{}", "/evidence/{}/receipt.txt", "/corrections/{}", "/treat/{}"):
        entry, nothing = (client.get(page.format(each)) for each in (said["id"], api.world.uuid7()))
        titles = [each.text.partition("<title>")[2].partition("</title>")[0] for each in (entry, nothing)]
        assert (entry.status_code, titles[0]) == (nothing.status_code, titles[1]), page


def test_a_thing_of_another_kind_is_shown_neither_as_a_container_nor_as_a_manifest(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    drum = api.drum()
    manifest = api.manifest(drum)
    for who in ("shop", "regulator"):
        client, _ = api.logged_in(who)
        for path in (
            *(f"containers/{name}" for name in (manifest, api.yard["shop"]["site"], api.device["shop"].party)),
            *(f"manifests/{name}" for name in (drum, api.world.new("manifest"), api.yard["shop"]["site"])),
        ):
            told = api.get(f"/v1/{path}", who)
            assert (told.status_code, told.json.get("code")) == (404, "unknown-name"), path
            assert client.get(f"/{path}").status_code == 404, path


def test_entries_and_receipts_are_shown_to_who_takes_part_only(api: ApiWorld) -> None:
    drum = api.drum()
    story = api.get(f"/v1/containers/{drum}", "shop").json
    (step,) = story["steps"]
    for kind in ("entries", "receipts"):
        statuses = {n: api.get(f"/v1/{kind}/{step['id']}", n).status_code for n in ("shop", "regulator", "disposer")}
        assert statuses == {"shop": 200, "regulator": 200, "disposer": 404}
    api.manifest(drum)
    assert api.get(f"/v1/entries/{step['id']}", "disposer").status_code == 200


def test_a_name_of_no_record_is_not_found_whatever_it_looks_like(api: ApiWorld) -> None:
    for name in ("x" * 64, "A" * 64, "0" * 64, "none-such"):
        assert api.get(f"/v1/entries/{name}", by="shop").status_code == 404, name


def test_the_feed_gives_each_reader_its_own_entries_and_goes_on_where_it_stopped(api: ApiWorld) -> None:
    for _ in range(3):
        api.drum("shop")
        api.drum("stranger")
    everything = walked(api, "regulator")
    assert [item["index"] for item in everything] == list(range(api.world.ledger.size()))
    shop = walked(api, "shop")
    party = api.device["shop"].party
    assert shop == [i for i in everything if i["party"] == party or party in i["entry"]]
    assert [i["type"] for i in shop].count("container-filled") == 3


def test_the_feed_passes_over_nothing_of_which_it_is_not_known_yet_whom_it_concerns(api: ApiWorld) -> None:
    """The log takes an entry in before the projections do: who asks in between does not come back to it."""
    drum = api.drum()
    listed = api.ends(api.world.new("manifest"), drum)
    lost = {"container": drum, "place": api.yard["shop"], "code": OIL, "net_g": 180_000, "stage": "held"}
    assert api.say("shop", "manifest-issued", listed).status_code == 201
    assert api.say("shop", "container-lost", lost | {"reason": "missing-at-count"}).status_code == 201
    api.world.ledger.sequence()
    between = api.get("/v1/changes", "disposer").json
    api.follow()
    after = api.get(f"/v1/changes?after={between['next']}", "disposer").json
    told = [item["type"] for item in (*between["items"], *after["items"])]
    assert told[-2:] == ["manifest-issued", "container-lost"]


def test_the_feed_tells_everybody_what_they_said_themselves_though_it_was_refused(api: ApiWorld) -> None:
    drum = api.drum()
    lost = {"container": drum, "place": api.yard["shop"], "code": OIL, "net_g": 180_000, "stage": "held"}
    api.say("stranger", "container-lost", lost | {"reason": "stolen"})
    api.follow()
    said = walked(api, "stranger")[-1]
    assert (said["type"], said["refused"]) == ("container-lost", "not-own")
    assert drum not in [item["id"] for item in api.get("/v1/containers", "stranger").json["items"]]


def test_the_feed_of_a_driver_is_of_the_drivers_journeys_and_words(api: ApiWorld) -> None:
    carrier = api.device["carrier"]
    driver = api.join("driver", "driver", carrier.party)
    phone = api.world.enrol(carrier, party=carrier.party, person=driver.person)
    for who, by in ((driver.person, carrier), (api.world.new("person"), phone), (api.world.new("person"), carrier)):
        drum = api.drum()
        ends = api.ends(api.manifest(drum), drum) | {"driver": {"person": who}}
        assert api.send(by.sign("manifest-collected", ends), "carrier").status_code == 201
    api.follow()
    client, _ = api.logged_in("driver")
    told = [(item["type"], item["party"]) for item in client.get("/v1/changes").json["items"]]
    shop = api.device["shop"].party
    journey = [("container-filled", shop), ("manifest-issued", shop), ("manifest-collected", carrier.party)]
    assert told == [*journey, *journey]


def walked(api: ApiWorld, name: str) -> list[dict[str, Any]]:
    after, items = 0, []
    while True:
        page = api.get(f"/v1/changes?after={after}&limit=2", name).json
        items += page["items"]
        if page["next"] >= page["size"]:
            return items
        after = page["next"]


def paged(api: ApiWorld, path: str, limit: int, name: str = "regulator") -> list[list[Any]]:
    """The pages of a list, one after the other, by `next`."""
    pages, query = [], ""
    for _ in range(20):
        answer = api.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{query}", name)
        assert answer.status_code == 200, answer.json
        pages.append(answer.json["items"])
        if "next" not in answer.json:
            return pages
        query = f"&cursor={answer.json['next']}"
    raise AssertionError(f"{path} has no end")


def test_every_list_read_a_page_at_a_time_is_the_whole_list_once_in_its_order(api: ApiWorld) -> None:
    days = ("2025-10-02", "2025-10-05", "2025-10-01", "2025-10-05", "2025-10-05", "2025-10-03")
    for n, day in enumerate(days):
        name = "stranger" if n == 3 else "shop"
        drum, at = api.world.new("container"), f"{day}T01:00:00.000Z"
        body = api.filling(drum, name) | {"code": OIL if n % 2 else "900-249-08"}
        assert api.say(name, "container-filled", body, at=at).status_code == 201
        if name == "shop":
            lines = [{"container": drum, "code": body["code"], "net_g": 180_000}]
            listed = api.ends(api.world.new("manifest"), drum) | {"lines": lines}
            assert api.say("shop", "manifest-issued", listed, at=at).status_code == 201
        lost = {"container": drum, "place": api.yard[name], "code": body["code"], "net_g": 180_000, "stage": "held"}
        if n < 4:
            at = f"2025-10-0{6 + n % 2}T01:00:00.000Z"
            assert api.say(name, "container-lost", lost | {"reason": "stolen"}, at=at).status_code == 201
    api.follow()
    for path, count, key in (
        ("/v1/containers", 6, "born_at"),
        ("/v1/manifests", 5, "issued_at"),
        ("/v1/exceptions", 4, "opened_at"),
        ("/v1/exceptions?closed=true", 4, "opened_at"),
        ("/v1/stock", 2, "holder"),
        ("/v1/parties", 4, "id"),
        ("/v1/sites", 4, "id"),
    ):
        (whole,) = paged(api, path, 500)
        assert len(whole) >= count, path
        keys = [item[key] for item in whole]
        assert keys == sorted(keys, reverse=key in ("born_at", "issued_at")), path
        for limit in (1, 2, 3, len(whole)):
            pages = paged(api, path, limit)
            assert [item for page in pages for item in page] == whole, (path, limit)
            assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1) and pages[-1], (path, limit)


def test_a_cursor_of_another_list_or_of_nothing_is_refused(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    api.drum()
    api.drum()
    cursor = api.get("/v1/containers?limit=1", "shop").json["next"]
    for wrong in ("/v1/stock?cursor=" + cursor, "/v1/containers?cursor=WyJ4Il0", "/v1/containers?cursor=" + cursor[1:]):
        bad = api.get(wrong, "shop")
        assert (bad.status_code, bad.json["code"]) == (422, "bad-cursor"), wrong


def test_a_page_goes_on_whatever_the_things_on_it_are_called(api: ApiWorld) -> None:
    """Who keeps a store may call its zones in two hundred characters, and an exception's place in the list names it."""
    store, zone, acid = api.world.new("facility"), "易燃" * 100, "900-300-34"
    pairs = {"name": "incompatible-pairs", "value": f"{OIL}+{acid}", "effective_from": "2025-01-01"}
    assert api.world.authority.say("setting-adopted", pairs).outcome == "recorded"
    facility: dict[str, Any] = {"holder": api.device["shop"].party, "facility": store, "site": api.yard["shop"]["site"]}
    facility |= {"code": "STORE-1", "purpose": "store", "zones": [zone, f"{zone[:-1]}二"]}
    assert api.say("shop", "facility-registered", facility).status_code == 201
    for each in facility["zones"]:
        for code in (OIL, acid):
            drum = api.world.new("container")
            assert api.say("shop", "container-filled", api.filling(drum) | {"code": code}).status_code == 201
            put = {"container": drum, "place": api.yard["shop"], "facility": store, "zone": each}
            assert api.say("shop", "container-stored", put).status_code == 201
    api.follow()
    pages = paged(api, "/v1/exceptions?rule=incompatible-neighbours", 1)
    assert [len(page) for page in pages] == [1, 1]


def test_a_forged_cursor_is_told_so(api: ApiWorld) -> None:
    for path, keys in (("containers", 1), ("containers", 2), ("manifests", 2), ("stock", 5), ("exceptions", 4)):
        forged = base64.urlsafe_b64encode(json.dumps(["a\0b"] * keys).encode()).rstrip(b"=").decode()
        bad = api.get(f"/v1/{path}?cursor={forged}", "shop")
        assert (bad.status_code, bad.json["code"]) == (422, "bad-cursor"), path


def test_filters_stock_and_search_find_what_is_there(api: ApiWorld) -> None:
    drum = api.drum(grams=120_000)
    shop = api.device["shop"].party
    assert ids(api.get(f"/v1/containers?holder={shop}&status=held&code={OIL}", "shop")) == [drum]
    assert ids(api.get("/v1/containers?status=lost", "shop")) == []
    (stock,) = api.get("/v1/stock", "shop").json["items"]
    assert (stock["holder"], stock["grams"], stock["code"]) == (shop, 120_000, OIL)
    assert api.get("/v1/stock", "disposer").json["items"] == []


def test_a_thing_is_found_by_all_that_stands_on_it_and_by_who_is_shown_it_only(api: ApiWorld) -> None:
    drum, label = api.world.new("container"), api.world.new("label")
    body = api.filling(drum) | {"container_code": "油_001", "label": label}
    assert api.say("shop", "container-filled", body).status_code == 201
    coded = api.say("shop", "container-filled", api.filling(api.world.new("container")) | {"container_code": "油X001"})
    assert coded.status_code == 201
    api.world.clock.advance(hours=1)  # what is named by its time is named otherwise from here on
    plain, manifest = api.drum(), api.manifest(drum, number="20253205000001")
    api.world.clock.advance(hours=1)
    bare = api.manifest(plain)

    def found(text: str, by: str = "shop") -> list[tuple[str, str]]:
        return [(item["id"], item["name"]) for item in api.get(f"/v1/search?q={text}", by).json["items"]]

    is_drum, is_manifest = (drum, "油_001"), (manifest, "20253205000001")
    for name, texts, expected in (
        ("a code", ("油_001",), [is_drum]),
        ("a drum's id", (drum, drum.partition(":")[2], drum.partition(":")[2][:35]), [is_drum]),
        ("its label's", (label, label.partition(":")[2]), [is_drum]),
        ("a manifest's", (manifest, manifest.partition(":")[2], "20253205000001"), [is_manifest]),
        ("by its waste", (plain, plain.partition(":")[2]), [(plain, "废机油")]),
        ("without a number", (bare, bare.partition(":")[2][:35]), [(bare, bare)]),
        ("the eight first", (bare.partition(":")[2][:8],), [(bare, bare)]),
        ("seven are too few", (bare.partition(":")[2][:7],), []),
        ("more than an id", (drum + "0", drum.partition(":")[2] + "0"), []),
        ("a part of a code", ("油_00", "_001", "%", "________"), []),
    ):
        for text in texts:
            assert found(text) == expected, name
            assert found(text, "stranger") == [], name
    assert found(drum, "disposer") == [is_drum] and found(manifest, "disposer") == [is_manifest]


def test_a_party_or_site_is_found_by_its_identifier_and_by_any_part_of_its_name(api: ApiWorld) -> None:
    shop, stranger = api.device["shop"], api.device["stranger"]
    code = {"scheme": "uscc", "value": "91320500MA1EXAMPLW"}
    named = {"holder": shop.party, "name": "示例汽修厂 Garage ß", "identifiers": [code]}
    assert api.say("shop", "party-registered", named).status_code == 201
    api.follow()
    for text, expected in (
        ("GARAGE SS", [shop.party]),
        ("汽修", [shop.party]),
        (code["value"], [shop.party]),
        (code["value"][:17], []),
        (shop.party, [shop.party]),
        (shop.party[:-1], []),
        ("stranger yard", [api.yard["stranger"]["site"]]),
        ("TRANGE", [stranger.party, api.yard["stranger"]["site"]]),
        (api.yard["stranger"]["site"], [api.yard["stranger"]["site"]]),
        ("s", []),
    ):
        assert ids(api.get(f"/v1/search?q={text}", "shop")) == expected, text


def test_a_search_gives_twenty_things_at_most(api: ApiWorld) -> None:
    body = {"container_code": "SAME"}
    drums = [api.world.new("container") for _ in range(21)]
    for drum in drums:
        assert api.say("shop", "container-filled", api.filling(drum) | body).status_code == 201
    assert api.say("shop", "party-registered", {"holder": api.device["shop"].party, "name": "SAME"}).status_code == 201
    api.follow()
    assert ids(api.get("/v1/search?q=SAME", "shop")) == sorted(drums)[:20]


def test_sites_are_those_of_one_party_or_all_and_an_unknown_one_is_not_found(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    yards = {name: yard["site"] for name, yard in api.yard.items()}
    assert ids(api.get("/v1/sites", "shop")) == sorted(yards.values())
    for name, device in api.device.items():
        assert ids(api.get(f"/v1/sites?holder={device.party}", "shop")) == [yards[name]]
    for path in (f"/v1/sites/{api.world.new('site')}", f"/v1/parties/{api.world.new('party')}"):
        missing = api.get(path, "shop")
        assert (missing.status_code, missing.json["code"]) == (404, "unknown-name")


def test_the_manifests_of_a_party_are_those_that_name_it_in_any_of_the_three_parts(api: ApiWorld) -> None:
    manifest = api.manifest(api.drum())
    for name, found in (("shop", [manifest]), ("carrier", [manifest]), ("disposer", [manifest]), ("stranger", [])):
        assert ids(api.get(f"/v1/manifests?party={api.device[name].party}", "regulator")) == found, name


def test_telephones_and_addresses_are_shown_to_their_own_party_and_to_regulators(api: ApiWorld) -> None:
    shop, site = api.device["shop"], api.world.new("site")
    body = {"holder": shop.party, "site": site, "name": "二号厂区", "address": "示例路1号", "region": "320500"}
    assert api.say("shop", "site-registered", body).status_code == 201
    registered = {"holder": shop.party, "name": "示例汽修厂", "duty_phone": "0512-00000000"}
    assert api.say("shop", "party-registered", registered).status_code == 201
    api.follow()
    for name, shown in (("shop", True), ("regulator", True), ("disposer", False)):
        assert ("address" in api.get(f"/v1/sites/{site}", name).json) is shown, name
        assert ("duty_phone" in api.get(f"/v1/parties/{shop.party}", name).json) is shown, name


def test_a_regulator_of_a_region_sees_the_parties_there(api: ApiWorld) -> None:
    shop = api.device["shop"]
    site = {"holder": shop.party, "site": api.world.new("site"), "name": "二号厂区", "region": "320500"}
    assert api.say("shop", "site-registered", site).status_code == 201
    mine, others = api.drum("shop"), api.drum("stranger")
    address = "示例路1号"
    more = {"site": api.world.new("site"), "name": "三号厂区", "region": "110000", "address": address}
    assert api.say("disposer", "site-registered", {"holder": api.device["disposer"].party} | more).status_code == 201
    api.follow()
    for name, region, expected in (("near", "3205", [mine]), ("far", "11", [])):
        api.join(name, "regulator", api.world.authority.party, (region,))
        api.token[name] = api.issue(name, "read")
        assert ids(api.get("/v1/containers", name)) == expected
        assert ("address" in api.get(f"/v1/sites/{more['site']}", name).json) == (name == "far")
        assert [row["grams"] for row in api.get("/v1/stock", name).json["items"]] == [180_000] * len(expected)
    assert sorted(ids(api.get("/v1/containers", "regulator"))) == sorted([mine, others])


def test_a_driver_sees_the_journeys_that_name_the_driver(api: ApiWorld) -> None:
    driver = api.join("driver", "driver", api.device["carrier"].party)
    first, second = api.drum(), api.drum()
    for drum, who in ((first, driver.person), (second, api.world.new("person"))):
        manifest = api.manifest(drum)
        body = api.ends(manifest, drum) | {"driver": {"person": who}}
        assert api.say("carrier", "manifest-collected", body).status_code == 201
    api.follow()
    client, _ = api.logged_in("driver")
    assert ids(client.get("/v1/containers")) == [first]


@pytest.mark.parametrize("path", BUSINESS)
def test_nobody_and_operators_are_shown_no_business(api_on_sqlite: ApiWorld, path: str) -> None:
    api = api_on_sqlite
    assert api.get(path).status_code == 401
    client, _ = api.logged_in("operator")
    assert client.get(path).status_code == 403
    mirror = api.get(path, "mirror")
    assert (mirror.status_code, mirror.json["code"]) == (403, "not-allowed")


def test_anybody_may_read_a_label_and_learns_what_is_printed_on_it(api: ApiWorld) -> None:
    label, container = api.world.new("label"), api.world.new("container")
    assert api.say("shop", "label-issued", {"label": label, "place": api.yard["shop"]}).status_code == 201
    assert api.get(f"/v1/labels/{label}").json == {"label": label, "state": "issued", "printed": {}}
    body = api.filling(container) | {"label": label, "hazards": "T,I"}
    assert api.say("shop", "container-filled", body).status_code == 201
    told = api.get(f"/v1/labels/{label}").json
    assert told["state"] == "in-use"
    assert (told["printed"]["code"], told["printed"]["hazards"]) == (OIL, "T,I")
    secret = {api.device["shop"].party, api.yard["shop"]["site"], "180000", container}
    assert not [each for each in secret if each in api.get(f"/v1/labels/{label}").text]
    assert api.get(f"/v1/labels/{api.world.new('label')}").status_code == 404


def test_nobody_learns_by_the_name_of_anything_but_a_label_or_container_what_it_has_to_do_with(api: ApiWorld) -> None:
    manifest = api.manifest(api.drum())
    shop, yard = api.device["shop"], api.yard["shop"]["site"]
    for name in (shop.party, yard, shop.stream, manifest):
        assert api.get(f"/v1/labels/{name}").status_code == 404, name


def test_the_log_is_public_and_a_stranger_can_recompute_its_root(api: ApiWorld) -> None:
    for _ in range(3):
        api.drum()
    checkpoint = parse_checkpoint(Note.parse(api.get("/checkpoint").data).text)
    assert api.get("/checkpoint").data == api.get("/checkpoint.unwitnessed").data

    def fetched(level: int, index: int, width: int) -> bytes:
        found = api.get("/" + tile_path(level, index, width))
        assert found.headers["Content-Type"] == "application/octet-stream"
        data: bytes = found.data
        return data

    assert TileReader(fetched, checkpoint.size).root() == checkpoint.root
    assert api.get(f"/tile/0/000.p/{checkpoint.size + 1}").status_code == 404
    for wrong in ("/tile/0/000.p/256", "/tile/00/000", "/tile/0/0", "/tile/0/x000/001"):
        assert api.get(wrong).status_code == 404


def test_entry_bundles_are_for_mirrors_only(api: ApiWorld) -> None:
    width = tile_width(0, 0, api.world.ledger.size())
    path = f"/tile/entries/000.p/{width}"
    assert api.get(path).status_code == 401
    assert api.get(path, "shop").status_code == 403
    assert api.get(path, "mirror").data == api.world.ledger.entries(0, width)


def test_a_reader_who_has_it_already_gets_304(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    api.drum()
    first = api.get("/v1/containers", "shop")
    again = api.get("/v1/containers", "shop", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    api.drum()
    assert api.get("/v1/containers", "shop", **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_rate_is_of_the_readers_own_parties(api: ApiWorld) -> None:
    api.drum("shop", 100_000)
    api.drum("stranger", 50_000)
    path = "/v1/rates?kind=hazardous&period=2025"
    whole = {
        name: api.get(path, name).json["proven"]["whole_g"] for name in ("shop", "stranger", "disposer", "regulator")
    }
    assert whole == {"shop": 100_000, "stranger": 50_000, "disposer": 0, "regulator": 150_000}
    foreign = api.get(f"{path}&party={api.device['stranger'].party}", "shop").json
    assert foreign["proven"]["whole_g"] == 0
    assert api.get(path, "disposer").json["nothing_due"] is True
    assert api.get("/v1/rates?kind=hazardous&period=2025-13", "shop").json["code"] == "bad-period"


def test_a_rate_can_be_asked_as_of_an_earlier_size(api: ApiWorld) -> None:
    api.drum("shop", 100_000)
    path = "/v1/rates?kind=hazardous&period=2025"
    then = api.get(path, "shop").json
    api.drum("shop", 50_000)
    assert api.get(path, "shop").json["proven"]["whole_g"] == 150_000
    assert api.get(f"{path}&size={then['as_of']}", "shop").json == then
    beyond = api.get(f"{path}&size=1000000", "shop")
    assert (beyond.status_code, beyond.json["code"]) == (404, "not-found")


def test_exceptions_are_shown_to_who_holds_the_thing_and_to_who_takes_part(api: ApiWorld) -> None:
    drum = api.drum()
    body = {"container": drum, "place": api.yard["shop"], "code": OIL, "net_g": 180_000}
    api.say("shop", "container-lost", body | {"stage": "held", "reason": "missing-at-count"})
    api.follow()
    seen = {name: api.get("/v1/exceptions", name).json["items"] for name in ("shop", "disposer", "regulator")}
    rules = {name: [item["rule"] for item in items if item["object"] == drum] for name, items in seen.items()}
    assert rules == {"shop": ["container-lost"], "disposer": [], "regulator": ["container-lost"]}
    for name, kept in (
        ("rule=container-lost", 1),
        ("rule=stored-too-long", 0),
        (f"object={drum}", 1),
        (f"object={api.world.new('container')}", 0),
        (f"holder={api.device['shop'].party}", 1),
        (f"holder={api.device['stranger'].party}", 0),
        (f"site={api.yard['shop']['site']}", 1),
        (f"site={api.yard['disposer']['site']}", 0),
    ):
        found = api.get(f"/v1/exceptions?{name}", "regulator").json["items"]
        assert [item["rule"] for item in found if item["object"] == drum] == ["container-lost"] * kept, name
        assert api.get(f"/v1/exceptions?{name}", "disposer").json["items"] == []
