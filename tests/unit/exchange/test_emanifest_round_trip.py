"""Documents become transcribed steps, told by their own parties or a registrar, and come out as they went in."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.container import Container, thing_from
from ledger.custody.lots import grade_of
from ledger.custody.postings import balances
from ledger.exchange.emanifest import NotIssued, document_text, leaves, recorded_manifest
from tests.support.manifests import (
    SAMPLE,
    World,
    bent,
    by_hand,
    certified,
    epa,
    read,
    redirected,
    rejected,
    returned,
)

DOCUMENTS: dict[str, Callable[[], dict[str, Any] | bytes]] = {
    "shipped sample": lambda: SAMPLE,
    "EPA: partial reject": lambda: epa("valid-Data-and-Image-Partial-reject"),
    "EPA: full electronic": lambda: epa("valid-Full-Electronic"),
    "EPA: hybrid": lambda: epa("valid-Hybrid"),
    "redirected": redirected,
    "returned": returned,
    "refused": lambda: rejected("FullReject"),
    "partly refused": lambda: rejected("PartialReject"),
    "by hand": by_hand,
    "certified": certified,
    "disputed": lambda: disputed("wasteQuantity"),
    "residue": lambda: disputed("residue"),
}


def disputed(what: str) -> dict[str, Any]:
    made = deepcopy(SAMPLE)
    comments = "residueComments" if what == "residue" else "discrepancyComments"
    made["wastes"][0]["discrepancyResidueInfo"] = {what: True, comments: "6500 KG"}
    return made


def sums(world: World) -> dict[tuple[str, str], int]:
    """(stage, code) → grams."""
    found: dict[tuple[str, str], int] = {}
    for account, grams in balances(world.postings).items():
        found[account.stage, account.code] = found.get((account.stage, account.code), 0) + grams
    return {key: grams for key, grams in found.items() if grams}


def lots(world: World) -> dict[str, Container]:
    found = {}
    for stream, row in world.states.items():
        thing = thing_from(stream, row)
        if isinstance(thing, Container):
            found[thing.name] = thing
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_went_in_comes_out_but_for_what_was_listed(name: str) -> None:
    document = read(DOCUMENTS[name]())
    world = World()
    world.take(document)
    made = json.loads(document_text(world.manifest(), name))
    content = DOCUMENTS[name]()
    given = dict(leaves(json.loads(content) if isinstance(content, bytes) else content))
    again = {".".join(map(str, path)): value for path, value in leaves(made)}
    listed = {path for path, _ in document.unmapped}
    for path, value in given.items():
        dotted = ".".join(map(str, path))
        # Electronic signatures are quoted in our statements and come out as signatures on paper.
        if dotted in listed or "electronicSignaturesInfo" in dotted or dotted in ("shippedDate", "receivedDate"):
            continue
        assert again.get(dotted) == value, dotted


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_export_imported_again_has_nothing_new_to_tell(name: str) -> None:
    world = World()
    document = read(DOCUMENTS[name]())
    world.take(document)
    told = world.manifest()
    again = read(document_text(told, name).encode())
    if not document.manifest.number:
        again = replace(again, sha256=document.sha256)
    if not document.manifest.issued:
        again = replace(again, manifest=replace(again.manifest, issued=""))
    planned = world.plan(again)
    assert (planned.told, planned.needs, planned.corrections) == ((), (), ())


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("shipped sample", ["issued", "collected", "handed-over", "received"]),
        ("EPA: full electronic", ["issued"]),
        ("EPA: hybrid", ["issued"]),
        ("EPA: partial reject", ["issued", "collected", "received"]),
        ("redirected", ["issued", "collected", "handed-over", "received", "redirected", "received"]),
        ("returned", ["issued", "collected", "handed-over", "received", "return-started", "return-received"]),
        ("refused", ["issued", "collected", "handed-over", "received"]),
        ("certified", ["issued", "collected", "received"]),
    ],
)
def test_the_steps_that_a_document_shows_are_told(name: str, steps: list[str]) -> None:
    world = World()
    document = read(DOCUMENTS[name]())
    world.take(document)
    filled = ["container-filled"] * len(document.manifest.lines)
    assert world.told() == [*filled, *(f"manifest-{step}" for step in steps)]


def test_lines_become_lots_with_what_was_declared_and_no_container_is_invented() -> None:
    world = World()
    world.take(read(SAMPLE))
    filled = [f.event for f in world.facts.values() if f.event.type == "container-filled"]
    assert [f"{e.kind} {e.count} {e.container_code}" for e in filled] == ["lot 4 None", "lot 2 None", "lot 1 None"]  # type: ignore[attr-defined]
    declared = [(e.mass.declared.value, e.mass.declared.unit, e.mass.net_g) for e in filled]  # type: ignore[attr-defined]
    assert declared == [("1500", "lb", 680_389), ("100", "gal-us", 340_194), ("2", "yd3", None)]


def test_the_grams_go_from_the_generator_to_the_facility() -> None:
    world = World()
    world.take(read(SAMPLE))
    assert sums(world) == {
        ("generated", "D001+F003"): -680_389,
        ("generated", "F005"): -340_194,
        ("held", "D001+F003"): 680_389,
        ("held", "F005"): 340_194,
    }
    held = {thing.site for thing in lots(world).values()}
    assert [world.registry.sites[site].name for site in held] == ["MDDEMO000004"]
    assert [thing.mass_unknown for thing in lots(world).values()] == [False, False, True]


def test_refused_waste_ends_where_the_document_says() -> None:
    for document, where in ((redirected(), "PADEMO000005"), (returned(), "VADEMO000001")):
        world = World()
        world.take(read(document))
        for thing in lots(world).values():
            assert world.registry.sites[thing.site].name == where
        assert ("difference", "F005") not in sums(world)


def test_refused_waste_that_nobody_took_stays_with_the_carrier() -> None:
    world = World()
    world.take(read(rejected("FullReject")))
    assert {thing.status for thing in lots(world).values()} == {"in-transit"}
    assert sums(world)["in-transit", "F005"] == 340_194


def test_a_partial_rejection_leaves_the_grams_open_and_the_mass_unknown() -> None:
    world = World()
    world.take(read(rejected("PartialReject")))
    assert all(thing.mass_unknown for thing in lots(world).values())
    assert sums(world)["in-transit", "F005"] == 340_194


def test_a_disputed_quantity_is_of_unknown_mass_and_counts_as_sent_until_somebody_weighs() -> None:
    world = World()
    world.take(read(disputed("wasteQuantity")))
    paint = lots(world)["UN1263, Waste Paint related material, 3, II"]
    assert (paint.mass_unknown, paint.status) == (True, "held")
    assert paint.net_g == 680_389
    assert ("difference", "D001+F003") not in sums(world)


def test_every_transcribed_step_is_grade_d_and_names_the_document() -> None:
    world = World()
    document = read(SAMPLE)
    world.take(document)
    steps = [f for f in world.facts.values() if not f.event.type.endswith("-registered")]
    assert {grade_of(f) for f in steps} == {"D"}
    sources = [f.event.source for f in steps]  # type: ignore[attr-defined]
    assert {(s.workbook, s.sheet) for s in sources} == {(document.sha256, "900000017ZZZ")}
    assert [s.row for s in sources[:3]] == [1, 2, 3]


def test_names_of_signers_are_sealed() -> None:
    world = World()
    world.take(read(SAMPLE))
    bodies = json.dumps([d.body for d in world.drafts.values()])
    assert "Gale Example" not in bodies
    assert sorted(world.clear.values()) == ["Dana Example", "Gale Example", "Lee Example", "Toni Example"]


def test_parties_are_registered_first_once_for_all_documents_by_their_epa_ids() -> None:
    planned = World().plan(read(SAMPLE), read(bent(manifestTrackingNumber="900000018ZZZ"), "other.json"))
    parties = [d.body["identifiers"][0]["value"] for d in planned.needs if d.type == "party-registered"]
    assert parties == ["VADEMO000001", "VADEMO000002", "MDDEMO000003", "MDDEMO000004"]
    assert [d.body.get("use") for d in planned.needs if d.type == "site-registered"] == [None, None, None, "disposal"]
    assert planned.drafts[: len(planned.needs)] == planned.needs


def test_a_name_given_once_is_the_name() -> None:
    planned = World().plan(read(epa("valid-Full-Electronic")))
    names = [d.body["name"] for d in planned.needs if d.type == "party-registered"]
    assert names == ["VATEST000004", "TEST TRANSPORTER 1 OF VA", "VATEST000002", "VAD000532119"]


def test_a_registered_party_is_found_by_its_epa_id_and_keeps_its_name() -> None:
    world = World()
    world.take(read(SAMPLE))
    other = bent(manifestTrackingNumber="900000018ZZZ")
    other["generator"]["name"] = "Demo Coatings of Virginia"
    planned = world.plan(read(other))
    assert planned.needs == ()
    said = [n.fields for n in planned.notices if n.code == "emanifest-registered-otherwise"]
    assert [(f["path"], f["expected"], f["got"]) for f in said] == [
        ("generator.name", "Demo Coatings", "Demo Coatings of Virginia")
    ]


def test_a_party_described_twice_in_one_document_keeps_its_first_words() -> None:
    made = deepcopy(SAMPLE)
    made["transporters"].append({"epaSiteId": "VADEMO000002", "name": "Demo Haulage Ltd", "order": 3})
    planned = World().plan(read(made))
    said = [n.fields for n in planned.notices if n.code == "emanifest-registered-otherwise"]
    assert [(f["path"], f["expected"], f["got"]) for f in said] == [
        ("transporters.2.name", "Demo Haulage", "Demo Haulage Ltd")
    ]


def test_a_party_with_several_sites_needs_one_called_by_the_epa_id() -> None:
    world = World()
    world.take(read(SAMPLE))
    (site,) = [s for s in world.registry.sites.values() if s.name == "VADEMO000001"]
    world.registry.sites["site:01980000-0000-7000-8000-000000000077"] = replace(site, name="annex")  # type: ignore[call-arg]
    other = read(bent(manifestTrackingNumber="900000018ZZZ"))
    assert world.plan(other).faults == ()
    for stream, each in list(world.registry.sites.items()):
        if each.name == "VADEMO000001":
            world.registry.sites[stream] = replace(each, name="main yard")  # type: ignore[call-arg]
    assert [fault.code for fault in world.plan(other).faults] == ["emanifest-several-sites"]


def test_each_party_tells_its_own_steps_and_all_meet_in_one_manifest() -> None:
    whole = World()
    whole.take(read(SAMPLE))
    parties = {p.identifiers[0].value: stream for stream, p in whole.registry.parties.items()}
    world = World()
    world.record(world.plan(read(SAMPLE)).needs)
    told: dict[str, list[str]] = {}
    for epa_id, party in parties.items():
        world.party, world.roles = party, frozenset()
        planned = world.plan(read(SAMPLE))
        told[epa_id] = [draft.type for draft in planned.told]
        world.record(planned.told)
    assert told == {
        "VADEMO000001": ["container-filled"] * 3 + ["manifest-issued", "manifest-collected"],
        "VADEMO000002": ["manifest-handed-over"],
        "MDDEMO000003": [],
        "MDDEMO000004": ["manifest-received"],
    }
    assert world.manifest() == whole.manifest()


def test_what_a_party_may_not_tell_is_listed_with_who_may() -> None:
    world = World()
    world.record(world.plan(read(SAMPLE)).needs)
    world.party = next(s for s, p in world.registry.parties.items() if p.name == "Demo Incineration")
    world.roles = frozenset()
    planned = world.plan(read(SAMPLE))
    left = [(n.fields["type"], n.fields["party"]) for n in planned.notices if n.code == "emanifest-for-others-to-tell"]
    assert left == [
        *[("container-filled", "Demo Coatings")] * 3,
        ("manifest-issued", "Demo Coatings"),
        ("manifest-collected", "Demo Coatings / Demo Haulage"),
        ("manifest-handed-over", "Demo Haulage / Demo Lines"),
    ]


def test_a_later_state_of_the_document_tells_only_what_is_new() -> None:
    world = World()
    early = deepcopy(SAMPLE)
    for handler in (*early["transporters"], early["designatedFacility"]):
        del handler["paperSignatureInfo"]
    world.take(read(early))
    assert world.told() == ["container-filled"] * 3 + ["manifest-issued"]
    planned = world.take(read(SAMPLE))
    assert [d.type for d in planned.told] == ["manifest-collected", "manifest-handed-over", "manifest-received"]
    assert (planned.skipped, planned.corrections) == (4, ())


def test_another_content_under_a_known_number_is_a_correction_to_make() -> None:
    world = World()
    world.take(read(SAMPLE))
    other = deepcopy(SAMPLE)
    other["wastes"][0]["quantity"]["quantity"] = 1501
    planned = world.plan(read(other))
    assert (planned.told, planned.skipped) == ((), 7)
    paths = {str(c.fields["path"]) for c in planned.corrections}
    assert {"mass.net_g", "mass.declared.value", "lines.0.net_g"} <= paths


def test_two_files_of_one_manifest_in_one_import_are_compared() -> None:
    other = deepcopy(SAMPLE)
    other["wastes"][0]["quantity"]["quantity"] = 1501
    planned = World().plan(read(SAMPLE), read(other, "other.json"))
    assert len(planned.told) == 7
    assert {c.fields["file"] for c in planned.corrections} == {"other.json"}


def test_documents_without_a_number_are_told_apart_by_their_bytes() -> None:
    world = World()
    world.take(read(bent("manifestTrackingNumber")), read(bent(manifestTrackingNumber="CHANGE ME")))
    assert len([s for s in world.states if s.startswith("manifest:")]) == 2


def test_a_manifest_that_nobody_issued_cannot_be_exported() -> None:
    world = World()
    world.take(read(SAMPLE))
    manifest = next(s for s in world.states if s.startswith("manifest:"))
    known = [f for f in world.facts.values() if f.event.type != "manifest-issued"]
    with pytest.raises(NotIssued):
        recorded_manifest(known, manifest, world.registry, world.clear.get)


def test_erased_names_come_out_as_dates_alone() -> None:
    world = World()
    world.take(read(SAMPLE))
    world.clear.clear()
    made = json.loads(document_text(world.manifest(), "manifest"))
    assert made["generator"]["paperSignatureInfo"] == {"signatureDate": "2026-03-02T05:00:00.000+0000"}
