"""An authority's acts: each form is checked before anything is signed, and what is shown is what the device signs."""

from __future__ import annotations

import html
import os
import re
from typing import Any, get_args, get_type_hints

import orjson
import pytest

from api.pages.authority import ACTS, ROLES
from api.pages.inspections import SAYABLE
from ledger.custody.events import event_types
from ledger.custody.wire import wire_name
from ledger.exchange.author import seal
from ledger.log.keys import PrivateKey
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.world import OIL

DAYS = {"valid_from": "2025-10-01", "valid_until": "2026-09-30"}


def licence(api: ApiWorld, by: str = "", **more: Any) -> str:
    """A licence of the disposer's: granted by the authority, or asserted by its holder."""
    holder = api.device["disposer"]
    licence = api.world.new("licence")
    body = {"licence": licence, "holder": holder.party, "number": "示危证 7 号", "kind": "comprehensive", **DAYS}
    answer = (holder if by else api.world.authority).say("licence-granted", body | {"include": ["HW08"]} | more)
    assert answer.outcome == "recorded", answer.error
    api.follow()
    return licence


def checked(regulator: AtWork, type_: str, on: str = "", **form: Any) -> dict[str, Any]:
    """The body that the page of the check hands to the device."""
    answer = regulator.post(f"/acts/{type_}", {"on": on, **form})
    assert answer.status_code == 200, text(answer)
    assert f'data-say="{type_}"' in answer.text
    found = re.search(r'name="body" value="([^"]*)"', answer.text)
    assert found is not None
    body: dict[str, Any] = orjson.loads(html.unescape(found[1]))
    return body


def signs(api: ApiWorld, type_: str, body: dict[str, Any]) -> None:
    """What the browser does with it, with the authority's own key."""
    api.world.clock.advance(ms=60_000)
    sealed, texts = seal(body, os.urandom)
    answer = api.world.authority.say(type_, sealed, sealed=texts)
    assert answer.outcome == "recorded", answer.error
    api.follow()


def test_a_licence_is_amended_suspended_and_revoked_from_the_page_of_its_holder(
    api: ApiWorld, regulator: AtWork
) -> None:
    found, holder = licence(api), api.device["disposer"].party
    sheet = regulator.get(f"/enterprises/{holder}").text
    for type_ in ("licence-amended", "licence-suspended", "licence-revoked"):
        assert f"/acts/{type_}?on={found.replace(':', '%3A')}" in sheet
    amend = regulator.get(f"/acts/licence-amended?on={found}").text
    assert 'value="HW08"' in amend and 'value="2026-09-30"' in amend, "the form begins with the terms as they are"
    body = checked(
        regulator, "licence-amended", found, valid_until="2027-09-30", include="HW08，HW09", annual_g="5,000",
        **{"from": "2025-10-01"},
    )  # fmt: skip
    assert body == {
        "licence": found, "holder": holder, "from": "2025-10-01", "valid_until": "2027-09-30",
        "include": ["HW08", "HW09"], "annual_g": 5_000_000_000,
    }  # fmt: skip
    signs(api, "licence-amended", body)
    assert "HW08、HW09" in regulator.open(f"/enterprises/{holder}")
    body = checked(regulator, "licence-suspended", found, until="2025-12-31", **{"from": "2025-10-01"})
    signs(api, "licence-suspended", body)
    assert "暂停至 2025-12-31" in regulator.open(f"/enterprises/{holder}")
    assert "暂停至 2025-12-31" in at_work(api, "disposer").open("/admin/licences"), "its holder is told so"
    signs(api, "licence-revoked", checked(regulator, "licence-revoked", found, **{"from": "2025-10-02"}))
    assert "已吊销" in regulator.open(f"/enterprises/{holder}")
    client, _ = api.logged_in("disposer")
    assert "/acts/" not in client.get(f"/enterprises/{holder}").text


def test_a_licence_that_its_holder_asserts_waits_until_it_is_confirmed_with_the_same_terms(
    api: ApiWorld, regulator: AtWork
) -> None:
    found, holder = licence(api, by="holder"), api.device["disposer"].party
    assert "示危证 7 号" in regulator.open("/acts")
    shown = regulator.get(f"/acts/licence-granted?on={found}").text
    assert 'value="示危证 7 号"' in shown
    form = {"number": "示危证 7 号", "kind": "comprehensive", "include": "HW08", **DAYS}
    body = checked(regulator, "licence-granted", found, **form)
    assert (body["licence"], body["holder"]) == (found, holder)
    signs(api, "licence-granted", body)
    assert "示危证 7 号" not in regulator.open("/acts")
    assert [x.confirmed for x in api.queries.registry().licence_for(holder, "2025-10-09")] == [True]
    assert regulator.get(f"/enterprises/{holder}").text.count("示危证 7 号") == 1


def test_a_crossing_is_approved_and_stands_among_those_in_force(api: ApiWorld, regulator: AtWork) -> None:
    ends = {"sender": api.device["shop"].party, "receiver": api.device["disposer"].party}
    form = {"codes": f"{OIL}、900-249-08", "mass_g": "5", "shipments": "12", "number": "跨省〔2025〕1 号", **DAYS}
    body = checked(regulator, "cross-province-approved", **ends, **form)
    assert body.pop("approval").startswith("approval:")
    assert body == ends | DAYS | {
        "codes": [OIL, "900-249-08"], "mass_g": 5_000_000, "shipments": 12, "number": "跨省〔2025〕1 号",
    }  # fmt: skip
    signs(api, "cross-province-approved", body | {"approval": api.world.new("approval")})
    assert "跨省〔2025〕1 号" in regulator.open("/acts")
    assert "跨省〔2025〕1 号" in at_work(api, "shop").open(f"/enterprises/{ends['sender']}"), "its own approval"
    assert "跨省〔2025〕1 号" not in regulator.open(f"/enterprises/{api.device['stranger'].party}")
    assert api.queries.registry().crossing(ends["sender"], ends["receiver"], OIL, "2025-10-09", report=False)


def test_a_drum_is_impounded_and_released_on_its_page(api: ApiWorld, regulator: AtWork) -> None:
    drum = api.drum()
    assert "查封扣押" in (page := regulator.open(f"/containers/{drum}")) and "解除查封" not in page
    body = checked(regulator, "container-impounded", drum, reason="danger", note="渗漏，见照片")
    assert body == {"container": drum, "place": api.yard["shop"], "reason": "danger", "note": {"clear": "渗漏，见照片"}}
    signs(api, "container-impounded", body)
    assert "/acts/container-released" in regulator.get(f"/containers/{drum}").text
    assert "container-released" in regulator.get("/acts").text, "it waits for its release"
    signs(api, "container-released", checked(regulator, "container-released", drum))
    assert api.queries.container(drum).thing.impounded_at == ""
    assert "/acts/" not in at_work(api, "shop").get(f"/containers/{drum}").text


def test_a_loss_is_determined_up_to_what_was_lost_and_an_identification_confirmed(
    api: ApiWorld, regulator: AtWork
) -> None:
    drum = api.drum(grams=180_000)
    never = regulator.get(f"/acts/loss-determined?on={drum}")
    assert (never.status_code, "应为 查封扣押、确认鉴别结论，实为 认定损失" in text(never)) == (409, True), text(never)
    api.world.clock.advance(ms=60_000)
    leaked = {"container": drum, "place": api.yard["shop"], "code": OIL, "lost_g": 500}
    assert api.say("shop", "leak-reported", leaked | {"stage": "held", "into": "floor"}).status_code == 201
    api.follow()
    assert 'value="0.5"' in regulator.get(f"/acts/loss-determined?on={drum}").text
    form = {"on": drum, "net_g": "501", "net_g_unit": "g", "outcome": "process-loss"}
    more = regulator.post("/acts/loss-determined", form)
    assert (more.status_code, "500 g" in text(more)) == (422, True)
    body = checked(regulator, "loss-determined", **form | {"net_g": "500"})
    assert body == {
        "container": drum, "place": api.yard["shop"], "code": OIL, "net_g": 500, "outcome": "process-loss",
    }  # fmt: skip
    signs(api, "loss-determined", body)
    assert api.queries.container(drum).thing.leaked_g == 0
    signs(api, "identification-confirmed", checked(regulator, "identification-confirmed", drum, evidence="ab" * 32))
    assert api.queries.container(drum).thing.confirmed_code == OIL


def test_a_correction_on_which_the_parties_differ_is_decided(api: ApiWorld, regulator: AtWork) -> None:
    drum = api.world.new("container")
    filled = api.device["shop"].say("container-filled", api.filling(drum))
    assert filled.outcome == "recorded"
    wrong = {"container": drum, "target": filled.id, "field": "mass.net_g", "old": 180_000, "new": 190_000}
    api.world.clock.advance(ms=60_000)
    manifest = api.manifest(drum)
    api.world.clock.advance(ms=60_000)
    assert api.say("carrier", "manifest-collected", api.ends(manifest, drum)).status_code == 201
    api.world.clock.advance(ms=60_000)
    proposed = api.device["shop"].say("entry-corrected", wrong | {"reason": "typing"})
    assert proposed.outcome == "recorded", proposed.error
    api.follow()
    assert f"/acts/correction-decided?on={proposed.id}" in regulator.get("/acts").text
    shown = regulator.open(f"/acts/correction-decided?on={proposed.id}")
    assert "净重 180 kg → 190 kg" in shown and "carrier" in shown
    signs(api, "correction-decided", checked(regulator, "correction-decided", str(proposed.id), outcome="apply"))
    assert "correction-decided" not in regulator.get(f"/containers/{drum}").text
    assert api.queries.container(drum).thing.net_g == 190_000


def test_emergency_plans_exemptions_settings_and_calendars_count_as_they_were_filled_in(
    api: ApiWorld, regulator: AtWork
) -> None:
    shop, disposer = (api.device[each].party for each in ("shop", "disposer"))
    plan = checked(
        regulator, "emergency-plan-declared", receivers=[shop, disposer], codes="HW01", reason="epidemic", **DAYS
    )
    assert plan["receivers"] == [shop, disposer]
    signs(api, "emergency-plan-declared", plan)
    signs(api, "exemption-confirmed", checked(
        regulator, "exemption-confirmed", shop, row="2021-2-运输-1", codes="900-401-06", stage="transport", **DAYS
    ))  # fmt: skip
    signs(api, "setting-adopted", checked(
        regulator, "setting-adopted", name="tolerance-ppm", value="5000", effective_from="2025-10-01", scope=shop
    ))  # fmt: skip
    signs(api, "calendar-adopted", checked(regulator, "calendar-adopted", year="2025", days_off="2025-10-08"))
    registry = api.queries.registry()
    assert registry.emergency(disposer, "841-001-01", ("HW01",), "2025-10-09")
    assert registry.setting("tolerance-ppm", "2025-10-09", shop) == 5000
    assert registry.calendars[2025].days_off == ("2025-10-08",)
    page = regulator.open("/acts")
    assert "2021-2-运输-1" in page and "HW01" in page


@pytest.mark.parametrize(
    ("type_", "form", "words"),
    [
        ("cross-province-approved", {"codes": "900-214-8"}, "900-214-8"),
        ("cross-province-approved", {"codes": ""}, "请填写废物代码"),
        ("cross-province-approved", {"shipments": "some"}, "转移次数上限应为正整数"),
        ("cross-province-approved", {"mass_g": "0.0000001"}, "重量不正确"),
        ("cross-province-approved", {"valid_until": "2025-09-30"}, "终止日期早于起始日期"),
        ("cross-province-approved", {"valid_until": "2026-09-31"}, "valid_until"),
        ("cross-province-approved", {"receiver": "party:nobody"}, "receiver"),
    ],
    ids=["code", "no-code", "count", "mass", "order", "no-such-day", "party"],
)
def test_a_form_that_no_event_can_be_read_of_is_answered_with_what_was_expected_before_anything_is_signed(
    api: ApiWorld, regulator: AtWork, type_: str, form: dict[str, str], words: str
) -> None:
    usual = {"sender": api.device["shop"].party, "receiver": api.device["disposer"].party, "codes": OIL, **DAYS}
    size = api.world.ledger.size()
    answer = regulator.post(f"/acts/{type_}", usual | form)
    assert (answer.status_code, words in text(answer)) == (422, True), text(answer)
    api.follow()
    assert api.world.ledger.size() == size


def test_acts_are_for_authorities_and_for_what_they_watch(api: ApiWorld, regulator: AtWork) -> None:
    drum, found = api.drum(), licence(api)
    for name in ("shop", "disposer"):
        worker = at_work(api, name)
        for path in ("/acts", f"/acts/container-impounded?on={drum}", f"/acts/licence-revoked?on={found}"):
            assert worker.get(path).status_code == 403
    api.join("elsewhere", "regulator", api.world.authority.party, ("99",))
    client, _ = api.logged_in("elsewhere")
    shop = api.device["shop"].party
    for on in (f"container-impounded?on={drum}", f"licence-revoked?on={found}", f"exemption-confirmed?on={shop}"):
        assert client.get(f"/acts/{on}").status_code == 404
    for strange in ("licence-revoked", f"licence-revoked?on={drum}", "manifest-issued", f"loss-determined?on={found}"):
        assert regulator.get(f"/acts/{strange}").status_code == 404


def test_without_a_key_of_the_role_the_page_says_how_to_get_one_and_the_server_signs_nothing(
    api: ApiWorld, regulator: AtWork
) -> None:
    assert "--role licensing" in regulator.open("/acts/cross-province-approved")
    person = api.actor["regulator"].person
    api.world.enrol(api.world.authority, party=api.world.authority.party, person=person, roles=("licensing",))
    api.follow()
    assert "data-no-key" in regulator.get("/acts/cross-province-approved").text
    assert "--role supervision" in regulator.open(f"/acts/container-impounded?on={api.drum()}")
    refused = regulator.post("/acts/calendar-adopted/sign", {"body": '{"year":2025}'})
    assert (refused.status_code, "没有代管" in text(refused)) == (403, True)
    assert regulator.post("/acts/calendar-adopted/sign", {"body": "{"}).status_code == 400
    assert regulator.post("/acts/manifest-issued/sign", {"body": "{}"}).status_code == 404


def test_every_event_that_is_an_authoritys_has_a_form_with_the_events_own_fields_and_values() -> None:
    types = event_types()
    authorities = {type_ for type_, each in types.items() if each.author in ROLES}
    assert authorities <= ACTS.keys() | SAYABLE
    for act in ACTS.values():
        hints = {wire_name(key): hint for key, hint in get_type_hints(types[act.type]).items()}
        assert {each.key for each in act.fields} <= hints.keys(), act.type
        for each in act.fields:
            if each.kind == "choice":
                assert set(each.choices) == set(get_args(hints[each.key])), (act.type, each.key)


def test_a_complaint_is_registered_on_the_page_of_the_enterprise_and_answered_from_the_inspections(
    api: ApiWorld, regulator: AtWork
) -> None:
    shop, yard = api.device["shop"].party, api.yard["shop"]["site"]
    body = checked(regulator, "complaint-registered", shop, concerns=yard, complaint="夜间有溶剂气味")
    assert body == {"holder": shop, "concerns": yard, "complaint": {"clear": "夜间有溶剂气味"}}
    signs(api, "complaint-registered", body)
    waits = re.search(r"/acts/complaint-answered\?on=([0-9a-f-]{36})", regulator.get("/inspections").text)
    assert waits is not None
    assert "夜间有溶剂气味" in regulator.open(waits[0])
    body = checked(regulator, "complaint-answered", waits[1], outcome="justified", answer="cd" * 32)
    assert body == {"holder": shop, "complaint": waits[1], "outcome": "justified", "answer": "cd" * 32}
    signs(api, "complaint-answered", body)
    assert "complaint-answered?on" not in regulator.get("/inspections").text
    assert regulator.get(f"/acts/correction-decided?on={waits[1]}").status_code == 404


def test_what_is_on_the_road_is_checked_at_the_roadside(api: ApiWorld, regulator: AtWork) -> None:
    drum = api.drum()
    manifest = api.manifest(drum)
    assert "roadside-checked" not in regulator.get(f"/manifests/{manifest}").text
    assert regulator.get(f"/acts/roadside-checked?on={manifest}").status_code == 404
    assert api.say("carrier", "manifest-collected", api.ends(manifest, drum)).status_code == 201
    api.follow()
    assert f"/acts/roadside-checked?on=manifest%3A{manifest.removeprefix('manifest:')}" in (
        regulator.get(f"/manifests/{manifest}").text
    )
    body = checked(regulator, "roadside-checked", manifest, outcome="differs", note="少一桶")
    assert body == {
        "manifest": manifest, "carrier": api.device["carrier"].party, "checked": [drum], "outcome": "differs",
        "note": {"clear": "少一桶"},
    }  # fmt: skip
    signs(api, "roadside-checked", body)
    assert "/acts/" not in at_work(api, "carrier").get(f"/manifests/{manifest}").text


def test_an_authoritys_key_lets_in_another_with_a_role_and_a_lost_one_is_revoked(
    api: ApiWorld, regulator: AtWork
) -> None:
    authority, person = api.world.authority, api.actor["regulator"].person
    key = PrivateKey(bytes(range(32)))
    body = api.world.ledger.enrolment(key, holder=authority.party, person=person)
    api.accounts.keys.wait(body)
    waits = f"/acts/key-enrolled?on={body['key']}"
    assert waits in regulator.get("/admin/devices").text
    assert body["public_key"] in regulator.open(waits)
    said = checked(regulator, "key-enrolled", body["key"], roles=["supervision", "licensing"])
    assert said == body | {"roles": ["licensing", "supervision"]}
    signs(api, "key-enrolled", said)
    assert waits not in regulator.get("/admin/devices").text
    assert "--role" not in regulator.open("/acts/cross-province-approved"), "it may sign now"
    lost = checked(regulator, "key-revoked", body["key"], reason="lost")
    assert lost == {"key": body["key"], "holder": authority.party, "last_seq": 0, "reason": "lost"}
    signs(api, "key-revoked", lost)
    assert "--role" in regulator.open("/acts/cross-province-approved")
    assert at_work(api, "shop").get(waits).status_code == 403


def test_roles_are_for_keys_of_the_authority_alone(api: ApiWorld, regulator: AtWork) -> None:
    party, person = api.world.new("party"), api.world.new("person")
    body = api.world.ledger.enrolment(PrivateKey(bytes(range(1, 33))), holder=party, person=person, admin=True)
    api.accounts.keys.wait(body, admin=True)
    assert 'name="roles"' not in regulator.get(f"/acts/key-enrolled?on={body['key']}").text
    assert checked(regulator, "key-enrolled", body["key"], roles=["supervision"]) == body


def test_a_registrar_registers_an_enterprise_and_its_site(api: ApiWorld, regulator: AtWork) -> None:
    wrong = regulator.post("/acts/party-registered", {"name": "新厂", "identifiers": "91150600MA0EXAMP0X"})
    assert (wrong.status_code, "check character W" in text(wrong)) == (422, True), text(wrong)
    said = checked(
        regulator, "party-registered", name="新厂", identifiers="91150600MA0EXAMP0W", duties=["generator", "carrier"]
    )
    party = said.pop("holder")
    assert said == {
        "name": "新厂", "identifiers": [{"scheme": "uscc", "value": "91150600MA0EXAMP0W"}],
        "duties": ["carrier", "generator"],
    }  # fmt: skip
    signs(api, "party-registered", said | {"holder": party})
    assert "新厂" in regulator.open(f"/enterprises/{party}")
    site = checked(regulator, "site-registered", party, name="一号厂区", region="150602", use="enterprise")
    assert site.pop("site").startswith("site:")
    assert site == {"holder": party, "name": "一号厂区", "region": "150602"}, "what is usual is not said"
    signs(api, "site-registered", site | {"site": api.world.new("site")})
    assert "一号厂区" in regulator.open(f"/enterprises/{party}")
