"""The demonstration's log-ins work, one for each role, and its people can act."""

from __future__ import annotations

from ledger.accounts import ROLES
from ledger.accounts.demo import demo_accounts
from tests.integration.accounts.conftest import House


def test_everybody_of_the_demonstration_can_log_in_and_act(house: House) -> None:
    world = house.world
    device = world.party("演示单位")
    parties = {"operator": world.ledger.opened.operator, "regulator": world.authority.party}
    made = demo_accounts(
        house.accounts,
        [(f"demo-{role}", role, parties.get(role, device.party)) for role in ROLES],
        keep_key=lambda party, person: world.ledger.keep_key(party=party, person=person),
        enrol=lambda party, body: device.say("key-enrolled", body),
    )
    assert {each.role for each in made} == set(ROLES)
    for each in made:
        assert "demo" in each.password
        actor = house.actor(each.name, each.password)
        assert actor.roles == {each.role} and actor.party == each.party
        acts = each.role not in ("operator", "regulator")
        assert house.accounts.keeps_key_of(each.person) is acts
        if acts:
            body = world.filled(device, world.new("site"))
            assert (
                world.ledger.record_for(each.person, "container-filled", body, world.ledger.now()).outcome == "recorded"
            )
