"""Keys over HTTP: offered with proof, signed for by an administrator, revoked by place, their leftovers adopted."""

from __future__ import annotations

from typing import Any

from ledger.log.keys import PrivateKey, possession_message
from ledger.log.wire import encode_base64
from tests.support.api_world import ApiWorld, wire_of
from tests.support.world import ORIGIN, Device


def offered(api: ApiWorld, key: PrivateKey, party: str, person: str, stream: str = "") -> dict[str, Any]:
    """What a device sends to offer its key."""
    stream = stream or api.world.new("key")
    public = key.public.raw.hex()
    proof = encode_base64(key.sign(possession_message(ORIGIN, stream, party, person, public)))
    return {"key": stream, "public_key": public, "proof": proof}


def new_key(api: ApiWorld) -> PrivateKey:
    return PrivateKey(api.world.chance.randbytes(32))


def custodial(api: ApiWorld, name: str) -> tuple[Any, dict[str, str]]:
    """The administrator's browser, with a custodial key that the administrator's own device confirmed."""
    actor = api.actor[name]
    body = api.world.ledger.keep_key(party=actor.party, person=actor.person) | {"admin": True}
    assert api.say(name, "key-enrolled", body).status_code == 201
    return api.logged_in(name)


def clerk(api: ApiWorld, name: str = "clerk", party: str = "shop") -> tuple[Any, dict[str, str], Any]:
    _, secret = api.accounts.invite(api.actor[party], name=name, roles=["clerk"])
    api.accounts.accept(secret, "correct horse battery")
    client, csrf = api.logged_in(name)
    return client, csrf, client.get("/v1/session").json


def test_a_devices_key_counts_once_an_administrators_device_has_signed_its_enrolment(api: ApiWorld) -> None:
    client, csrf, me = clerk(api)
    key = new_key(api)
    offer = client.post("/v1/keys", json=offered(api, key, me["party"], me["person"]), headers=csrf)
    assert offer.status_code == 202, offer.json
    device = Device(api.world, key, offer.json["key"], me["party"], me["person"])
    body = api.world.filled(device, api.yard["shop"]["site"])
    early = device.submit(device.next_bytes("container-filled", body))
    assert api.send(early, "shop").json["code"] == "unknown-key"
    admin, _ = api.logged_in("shop")
    (waiting,) = admin.get("/v1/keys/waiting").json["items"]
    assert api.say("shop", "key-enrolled", waiting["body"]).status_code == 201
    assert admin.get("/v1/keys/waiting").json["items"] == []
    assert api.send(device.sign("container-filled", body), "shop").status_code == 201
    assert offer.json["key"] in {each["key"] for each in client.get("/v1/keys").json["items"]}


def test_an_administrator_without_a_device_confirms_with_a_custodial_key(api: ApiWorld) -> None:
    admin, csrf_admin = custodial(api, "shop")
    client, csrf, me = clerk(api)
    offer = client.post("/v1/keys", json=offered(api, new_key(api), me["party"], me["person"]), headers=csrf).json
    refused = client.post(f"/v1/keys/waiting/{offer['key']}/confirm", headers=csrf)
    assert refused.status_code == 404  # a clerk confirms nobody
    done = admin.post(f"/v1/keys/waiting/{offer['key']}/confirm", headers=csrf_admin)
    assert done.status_code == 201, done.json
    api.follow()
    enrolled = {each["key"]: each for each in client.get("/v1/keys").json["items"]}
    assert enrolled[offer["key"]]["custodial"] is False and enrolled[offer["key"]]["person"] == me["person"]


def test_an_administrators_machine_can_have_a_key_without_their_rights(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    admin, csrf = custodial(api, "shop")
    me = admin.get("/v1/session").json
    for rights in ({}, {"admin": False}):
        offer = offered(api, new_key(api), me["party"], me["person"])
        admin.post("/v1/keys", json=offer | rights, headers=csrf)
        assert admin.post(f"/v1/keys/waiting/{offer['key']}/confirm", headers=csrf).status_code == 201
        (made,) = [each for each in admin.get("/v1/keys").json["items"] if each["key"] == offer["key"]]
        assert made["admin"] is not bool(rights)


def test_a_key_without_proof_of_possession_does_not_wait(api: ApiWorld) -> None:
    client, csrf, me = clerk(api)
    good = offered(api, new_key(api), me["party"], me["person"])
    for wrong in (
        offered(api, new_key(api), api.device["stranger"].party, me["person"]),
        offered(api, new_key(api), me["party"], api.actor["shop"].person),
        good | {"key": api.world.new("key")},
        good | {"public_key": "01" + "00" * 31},
        good | {"proof": "A" * 86 + "=="},
    ):
        answer = client.post("/v1/keys", json=wrong, headers=csrf)
        assert answer.status_code == 422, answer.json
    assert client.post("/v1/keys", json=good, headers=csrf).status_code == 202
    assert client.post("/v1/keys", json=good, headers=csrf).json["code"] == "key-waits"


def test_a_person_without_a_device_acts_through_a_custodial_key_of_their_own(api: ApiWorld) -> None:
    admin, csrf = custodial(api, "shop")
    made = admin.post("/v1/people", json={"name": "clerk", "roles": ["clerk"], "custodial": True}, headers=csrf).json
    api.client().post("/v1/session/invitation", json={"secret": made["secret"], "password": "correct horse battery"})
    client, csrf_clerk = api.logged_in("clerk")
    body = {"body": api.filling(api.world.new("container"))}
    assert client.post("/v1/events/container-filled", json=body, headers=csrf_clerk).status_code == 403
    (waiting,) = admin.get("/v1/keys/waiting").json["items"]
    assert waiting["body"]["custody"] == "server"
    assert admin.post(f"/v1/keys/waiting/{waiting['key']}/confirm", headers=csrf).status_code == 201
    answer = client.post("/v1/events/container-filled", json=body, headers=csrf_clerk)
    assert answer.status_code == 201, answer.json
    said = api.world.ledger.record_of(answer.json["id"]).statement
    assert b'"custody":"server"' in said and made["person"].encode() in said


def test_no_key_of_an_authority_or_operator_is_kept_here(api: ApiWorld) -> None:
    client, csrf = api.logged_in("operator")
    body = {
        "name": "epb2",
        "roles": ["regulator"],
        "party": api.world.authority.party,
        "regions": ["*"],
        "custodial": True,
    }
    assert client.post("/v1/people", json=body, headers=csrf).status_code == 422
    assert client.post("/v1/people", json=body | {"custodial": False}, headers=csrf).status_code == 201


def test_a_revoked_keys_later_statements_go_to_quarantine_until_adopted(api: ApiWorld) -> None:
    admin, csrf = custodial(api, "shop")
    device = api.world.enrol(api.device["shop"], party=api.device["shop"].party)
    first = device.sign("container-filled", api.filling(api.world.new("container")))
    assert api.send(first, "shop").status_code == 201
    revoke = f"/v1/keys/{device.stream}/revoke"
    stranger, csrf_stranger = custodial(api, "stranger")
    assert stranger.post(revoke, json={"reason": "stolen"}, headers=csrf_stranger).status_code == 404
    assert admin.post(revoke, json={"reason": "stolen"}, headers=csrf).status_code == 201
    again = admin.post(revoke, json={"reason": "stolen"}, headers=csrf)
    assert (again.status_code, again.json["code"]) == (409, "key-already-revoked")
    late = api.send(device.sign("container-filled", api.filling(api.world.new("container"))), "shop")
    assert late.json["code"] == "key-revoked"
    (kept,) = admin.get("/v1/quarantine").json["items"]
    assert kept["type"] == "container-filled" and "adopted_by" not in kept
    assert stranger.get("/v1/quarantine").json["items"] == []
    adopt = f"/v1/quarantine/{kept['statement']}/adopt"
    assert stranger.post(adopt, headers=csrf_stranger).status_code == 404
    done = admin.post(adopt, headers=csrf)
    assert done.status_code == 201, done.json
    assert admin.get("/v1/quarantine").json["items"][0]["adopted_by"] == done.json["statement"]
    assert admin.post(adopt, headers=csrf).json["code"] == "already-adopted"


def test_the_first_administrators_key_waits_for_the_registrar(api: ApiWorld) -> None:
    party = api.world.new("party")
    _, secret = api.accounts.invite(api.actor["operator"], name="first", roles=["admin"], party=party)
    api.accounts.accept(secret, "correct horse battery")
    client, csrf = api.logged_in("first")
    me = client.get("/v1/session").json
    offer = client.post("/v1/keys", json=offered(api, new_key(api), party, me["person"]), headers=csrf).json
    stranger, _ = api.logged_in("stranger")
    assert stranger.get("/v1/keys/waiting").json["items"] == []
    regulator, _ = api.logged_in("regulator")
    (waiting,) = regulator.get("/v1/keys/waiting").json["items"]
    assert waiting["body"]["admin"] is True and waiting["key"] == offer["key"]
    assert api.world.authority.say("key-enrolled", waiting["body"]).outcome == "recorded"
    assert regulator.get("/v1/keys/waiting").json["items"] == []


def test_an_absent_party_acts_once_through_a_link_vouched_for_by_its_inviter(api: ApiWorld) -> None:
    inviter, csrf = custodial(api, "shop")
    absent = api.world.new("party")
    link = inviter.post("/v1/visits", json={"party": absent}, headers=csrf).json
    assert link["secret"] not in inviter.get("/v1/visits").text
    visitor = api.client()
    seen = visitor.post("/v1/visits/opened", json={"secret": link["secret"]}).json
    assert (seen["party"], seen["ledger"], seen["used"]) == (absent, ORIGIN, False)
    key = new_key(api)
    mine = offered(api, key, seen["party"], seen["person"], seen["key"])
    body = {"secret": link["secret"], "public_key": mine["public_key"], "proof": mine["proof"]}
    answer = visitor.post("/v1/visits/key", json=body)
    assert (answer.status_code, answer.json["enrolled"]) == (202, True), answer.json
    assert visitor.post("/v1/visits/key", json=body).json["code"] == "link-invalid"
    device = Device(api.world, key, seen["key"], absent, seen["person"])
    device.seq, device.prev = 0, None
    bearer = {"Authorization": f"Bearer {link['secret']}"}
    yard = api.world.new("site")
    first, second = (device.sign("container-filled", api.world.filled(device, yard)) for _ in range(2))
    told = visitor.post("/v1/statements", json=wire_of(first), headers=bearer)
    assert told.status_code == 201, told.json
    assert visitor.post("/v1/statements", json=wire_of(second), headers=bearer).json["code"] == "key-used-up"
    assert visitor.get("/v1/containers", headers=bearer).status_code == 403


def test_nobody_is_given_a_link_to_act_for_a_party_that_can_act_itself(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    refused = client.post("/v1/visits", json={"party": api.device["disposer"].party}, headers=csrf)
    assert (refused.status_code, refused.json["code"]) == (409, "party-present")
    manifest = api.manifest(api.drum())
    assert "/invite" not in client.get(f"/manifests/{manifest}").text
    assert client.post(f"/manifests/{manifest}/invite", headers=csrf).status_code == 409


def test_who_was_let_out_lets_nobody_in(api: ApiWorld) -> None:
    inviter, csrf = custodial(api, "shop")
    link = inviter.post("/v1/visits", json={"party": api.world.new("party")}, headers=csrf).json
    second = api.join("second", "admin", api.device["shop"].party)
    api.accounts.disable(second, api.actor["shop"].account)
    mine = offered(api, new_key(api), link["party"], link["person"], link["key"])
    body = {"secret": link["secret"], "public_key": mine["public_key"], "proof": mine["proof"]}
    assert api.client().post("/v1/visits/key", json=body).json["enrolled"] is False, "it waits for who is still there"
    assert [each.key for each in api.accounts.keys.waiting(second)] == [link["key"]]


def test_a_visitors_key_waits_where_the_inviter_signs_with_a_device(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    link = client.post("/v1/visits", json={"party": api.world.new("party")}, headers=csrf).json
    mine = offered(api, new_key(api), link["party"], link["person"], link["key"])
    body = {"secret": link["secret"], "public_key": mine["public_key"], "proof": mine["proof"]}
    assert api.client().post("/v1/visits/key", json=body).json["enrolled"] is False
    (waiting,) = client.get("/v1/keys/waiting").json["items"]
    assert waiting["one_time"] and waiting["body"]["uses"] == 1
    assert api.say("shop", "key-enrolled", waiting["body"]).status_code == 201


def test_a_link_can_be_taken_back_and_ends(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    link = client.post("/v1/visits", json={"party": api.world.new("party"), "days": 1}, headers=csrf).json
    other, csrf_other = api.logged_in("stranger")
    assert other.delete(f"/v1/visits/{link['key']}", headers=csrf_other).status_code == 404
    assert client.delete(f"/v1/visits/{link['key']}", headers=csrf).status_code == 204
    gone = api.client().post("/v1/visits/opened", json={"secret": link["secret"]})
    assert (gone.status_code, gone.json["code"]) == (404, "link-invalid")
    late = client.post("/v1/visits", json={"party": api.world.new("party"), "days": 1}, headers=csrf).json
    api.world.clock.advance(hours=24)
    assert api.client().post("/v1/visits/opened", json={"secret": late["secret"]}).status_code == 404


def test_erasing_a_person_takes_account_and_clear_text_and_every_proof_holds(api: ApiWorld) -> None:
    client, _csrf, me = clerk(api)
    admin, csrf_admin = api.logged_in("shop")
    done = admin.delete(f"/v1/people/{me['account']}", headers=csrf_admin)
    assert done.status_code == 201, done.json
    assert b'"subject-erased"' in api.world.ledger.record_of(done.json["id"]).statement
    assert client.get("/v1/session").status_code == 401
    assert admin.get(f"/v1/people/{me['account']}").status_code == 404
