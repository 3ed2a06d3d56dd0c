"""What a stranger sees who scans a label with any phone."""

from __future__ import annotations

from ledger.labels import code
from ledger.log.keys import PrivateKey
from tests.support.api_world import ApiWorld

SEED = b"a label key of the shop for test"


def label_key(api: ApiWorld) -> PrivateKey:
    """The shop's label key, enrolled by its administrator."""
    key, shop = PrivateKey(SEED), api.device["shop"]
    body = api.world.ledger.enrolment(key, holder=shop.party, person=shop.person, purpose="label")
    assert api.say("shop", "key-enrolled", body).status_code == 201
    return key


def labelled(api: ApiWorld, key: PrivateKey) -> tuple[str, str, str]:
    """A drum with a label: container, label, and the path of its code's link."""
    container, label = api.world.new("container"), api.world.new("label")
    body = api.filling(container) | {"label": label, "hazards": "T,I"}
    assert api.say("shop", "container-filled", body).status_code == 201
    api.follow()
    made = code.issue(label=label, container=container, origin=api.world.ledger.origin, key=key)
    return container, label, f"/L/{made.text}"


def test_anybody_sees_a_genuine_label_with_what_it_prints_and_nothing_more(api: ApiWorld) -> None:
    container, _, path = labelled(api, label_key(api))
    page = api.get(path, **{"Accept-Language": "en"})
    assert page.status_code == 200
    assert "in use" in page.text and "toxic" in page.text and "ignitable" in page.text
    assert container not in page.text and api.yard["shop"]["site"] not in page.text


def test_a_replaced_label_says_so_and_a_forged_or_mistyped_one_is_told(api: ApiWorld) -> None:
    key = label_key(api)
    container, label, path = labelled(api, key)
    new = api.world.new("label")
    body = {"container": container, "place": api.yard["shop"], "old": label, "new": new, "reason": "damaged"}
    assert api.say("shop", "label-replaced", body).status_code == 201
    api.follow()
    assert "已被更换" in api.get(path).text
    forger = PrivateKey(b"somebody who prints false labels")
    forged = code.issue(label=label, container=container, origin=api.world.ledger.origin, key=forger)
    for bad in (f"/L/{forged.text}", path[:-1] + ("A" if path[-1] != "A" else "B"), "/L/HELLO"):
        answer = api.get(bad)
        assert answer.status_code == 404 and "标签不可信" in answer.text, bad


def test_a_genuine_label_that_the_ledger_has_not_heard_of_is_called_unknown(api: ApiWorld) -> None:
    made = code.issue(label=api.world.new("label"), origin=api.world.ledger.origin, key=label_key(api))
    page = api.get(f"/L/{made.text}", **{"Accept-Language": "en"})
    assert page.status_code == 200 and "nothing of it has reached the ledger yet" in page.text
