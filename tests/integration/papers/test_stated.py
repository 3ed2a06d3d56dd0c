"""What papers state, against what the story said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.papers.facts import Certificate, Inventory, LoadList, ManifestPaper, ReceiptNote
from tests.integration.papers.conftest import KINDS, NUMBER, Made, made
from tests.support.command import Home
from tests.support.papers import printed

Paper = Callable[[str], Made]


def test_a_manifest_has_the_three_parts_of_the_form(paper: Paper) -> None:
    stated = paper("manifest").proven.paper
    assert isinstance(stated, ManifestPaper)
    assert (stated.number, stated.status, stated.emergency_phone) == (NUMBER, "arrived", "12369")
    sender, receiver = stated.sender, stated.receiver
    assert (sender.name, sender.credit_code, sender.site_name) == ("Garage", "91150600MA0EXAMP0W", "Workshop")
    assert (receiver.name, receiver.site_name, receiver.licences) == ("Cleanburn", "Furnace", ("L-001",))
    assert [(c.what, c.carrier.name, c.vehicle, c.where, c.count) for c in stated.carriages] == [
        ("collected", "Hauler", "DEMO-001", "Workshop", 2),
        ("arrived", "Hauler", "DEMO-001", "Furnace", 2),
    ]
    (waste,) = stated.wastes
    assert (waste.name, waste.code, waste.classes, waste.form) == ("waste oil", "900-214-08", ("HW08",), "liquid")
    assert (waste.count, waste.accepted, waste.refused, waste.methods) == (3, 1, 1, ("D10",))
    assert (stated.listed_g, stated.loaded_g, stated.accepted_g) == (312_500, 222_500, 182_000)
    assert waste.discrepancies == ("packaging",)


def test_a_load_list_says_what_is_on_the_vehicle_and_what_stayed(paper: Paper) -> None:
    stated = paper("load-list").proven.paper
    assert isinstance(stated, LoadList)
    lines = {line.container_code: (line.loaded_g, line.reason) for line in stated.lines}
    assert lines == {"drum-1": (182_500, ""), "drum-2": (40_000, ""), "drum-3": (None, "damaged")}
    assert (stated.loaded, stated.left_behind, stated.loaded_g) == (2, 1, 222_500)


def test_a_receipt_note_has_each_decision_and_difference(paper: Paper) -> None:
    stated = paper("receipt-note").proven.paper
    assert isinstance(stated, ReceiptNote)
    lines = {c.container_code: (c.decision, c.accepted_g, c.difference_g, c.discrepancy) for c in stated.lines}
    assert lines == {
        "drum-1": ("accepted", 182_000, -500, ""),
        "drum-2": ("refused", None, None, "packaging"),
        "drum-3": ("", None, None, ""),
    }
    assert (stated.accepted, stated.refused, stated.missing, stated.undecided) == (1, 1, 0, 0)
    assert (stated.accepted_g, stated.difference_g) == (182_000, -500)
    assert [(w.gross_g, w.tare_g, w.net_g) for w in stated.weighbridge] == [(12_222_000, 12_000_000, 222_000)]


def test_a_certificate_says_where_the_producers_grams_ended(paper: Paper) -> None:
    stated = paper("certificate").proven.paper
    assert isinstance(stated, Certificate)
    (line,) = stated.lines
    assert (line.container_code, line.grams, line.end, line.method) == ("drum-1", 182_000, "disposed", "D10")
    assert (line.facility, line.holder, line.site, line.licences) == ("KILN-1", "Cleanburn", "Furnace", ("L-001",))
    assert (line.grade, line.last_in) == ("A", "")
    assert [(s.code, s.holder, s.grams) for s in stated.sums] == [("900-214-08", "Cleanburn", 182_000)]


def test_an_inventory_lists_what_stands_at_the_site_and_nothing_that_left(paper: Paper) -> None:
    stated = paper("inventory").proven.paper
    assert isinstance(stated, Inventory)
    lines = {line.container_code: (line.net_g, line.facility, line.zone, line.producer) for line in stated.lines}
    assert lines == {"drum-3": (90_000, "", "", "Garage"), "drum-4": (10_000, "STORE-1", "A", "Garage")}
    assert [(s.code, s.count, s.net_g, s.unknown) for s in stated.sums] == [("900-214-08", 2, 100_000, 0)]


def test_a_correction_shows_on_every_paper_that_is_made_after_it(home: Home) -> None:
    home.does(
        "wasteledger fill drum-1 --mass 182.5kg --as ann",
        f"wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --number {NUMBER} --as ann",
        f"wasteledger manifest collect {NUMBER} --as hal",
    )
    received = home.answers(f"wasteledger manifest receive {NUMBER} drum-1=182kg --as dee")["recorded"][0]["index"]

    def accepted() -> int:
        stated = made(home, f"receipt-note {NUMBER}").proven.paper
        assert isinstance(stated, ReceiptNote)
        return stated.accepted_g

    correction = home.answers(f"wasteledger correct {received} lines.0.mass.net_g 181kg --reason scale --as dee")
    assert accepted() == 182_000, "the sender has not agreed yet"
    home.does(f"wasteledger agree {correction['recorded'][0]['index']} --as ann")
    assert accepted() == 181_000


def test_grams_of_two_producers_that_were_mixed_are_certified_to_each(home: Home) -> None:
    home.does(
        "wasteledger party register Forge --duty generator --as bureau",
        "wasteledger key new fay --party Forge",
        "wasteledger key enrol fay --admin --as bureau",
        "wasteledger site register Yard --as fay",
        'wasteledger profile register "waste oil" --code 900-214-08 --form liquid --as fay',
        "wasteledger fill drum-1 --mass 100kg --as ann",
        "wasteledger fill drum-2 --mass 50.001kg --as fay",
    )
    for number, drum, mass, who in ((1, "drum-1", "100kg", "ann"), (2, "drum-2", "50.001kg", "fay")):
        home.does(
            f"wasteledger manifest issue {drum} --to Cleanburn --carrier Hauler --number 2026150600000{number}"
            f" --as {who}",
            f"wasteledger manifest collect 2026150600000{number} --as hal",
            f"wasteledger manifest receive 2026150600000{number} {drum}={mass} --as dee",
        )
    home.does(
        "wasteledger repack drum-1 drum-2 --into tank-1 --kind vessel --reason merge --as dee",
        "wasteledger treat tank-1=120kg --method D10 --facility KILN-1 --output ash-1=9kg --as dee",
    )
    shares = {}
    for producer in ("Garage", "Forge"):
        stated = made(home, f"certificate {producer}").proven.paper
        assert isinstance(stated, Certificate)
        assert {line.last_in for line in stated.lines} != {""}
        shares[producer] = sum(line.grams for line in stated.lines)
    assert sum(shares.values()) == 120_000
    # A vessel gives its oldest lots first.
    assert shares == {"Garage": 100_000, "Forge": 20_000}


@pytest.mark.parametrize("kind", ["load-list", "receipt-note"])
def test_a_paper_of_what_has_not_happened_is_not_made_or_says_so(home: Home, kind: str) -> None:
    home.does(
        "wasteledger fill drum-1 --mass 182.5kg --as ann",
        f"wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --number {NUMBER} --as ann",
    )
    answer = home.run(f"wasteledger paper {kind} {NUMBER} -o early.pdf")
    if kind == "receipt-note":
        assert (answer.exit_code, "manifest-received" in answer.output) == (1, True)
        assert not (home.folder / "early.pdf").exists()
    else:
        stated = made(home, f"{kind} {NUMBER}").proven.paper
        assert isinstance(stated, LoadList)
        assert (stated.loaded, [line.listed_g for line in stated.lines]) == (0, [182_500])


def test_names_are_printed_but_no_proof_carries_them(paper: Paper) -> None:
    sheet = paper("manifest")
    pages = "\n".join(printed(sheet.file))
    assert "Li Demo" in pages and "Wang Demo" in pages
    assert b"Li Demo" not in sheet.packet.packed() and "Li Demo" not in str(sheet.packet.facts)
    assert not any(b"Demo" in each.statement and b"Li Demo" in each.statement for each in sheet.packet.entries)


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_says_which_page_of_which_paper_it_is(paper: Paper, kind: str) -> None:
    pages = printed(paper(kind).file)
    for n, text in enumerate(pages, 1):
        assert f"第 {n} 页 共 {len(pages)} 页" in text
        assert "checkpoint" in text
