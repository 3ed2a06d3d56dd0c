"""What parties are and have, what is complained of them, and what household waste comes from their streets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.bootstrap import open_ledger
from ledger.settings import from_environment
from tests.support.command import Home


def listed(home: Home, what: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(home.does(f"wasteledger {what} list --json"))
    return rows


def test_what_an_amendment_does_not_name_stays_and_only_the_party_or_a_registrar_amends(home: Home) -> None:
    before = next(row for row in listed(home, "party") if row["name"] == "Garage")
    assert before["codes"] and before["duties"] == ["generator"]
    home.does('wasteledger party amend Garage --name "Garage and Sons" --as ann')
    assert next(row for row in listed(home, "party") if row["party"] == before["party"]) == before | {
        "name": "Garage and Sons"
    }
    home.does('wasteledger party amend "Garage and Sons" --duty generator --duty carrier --as bureau')
    after = next(row for row in listed(home, "party") if row["party"] == before["party"])
    assert (after["codes"], after["duties"]) == (before["codes"], ["generator", "carrier"])
    assert home.run('wasteledger party amend "Garage and Sons" --phone 110 --as hal').exit_code == 1
    assert home.run('wasteledger party amend "Garage and Sons" --as ann').exit_code == 2


def test_a_wrong_credit_code_is_refused_and_a_right_one_takes_the_place_of_the_old(home: Home) -> None:
    wrong = home.run("wasteledger party amend Garage --uscc 91150600MA0EXAMP0X --as ann --lang en")
    assert (wrong.exit_code, "check" in wrong.output) == (1, True)
    home.does("wasteledger party amend Garage --uscc 91999999DEM000100Q --as ann")
    assert next(row for row in listed(home, "party") if row["name"] == "Garage")["codes"] == ["91999999DEM000100Q"]


def test_vehicles_and_scales_are_listed_with_whose_they_are_and_how_long_a_scale_is_calibrated(home: Home) -> None:
    home.does("wasteledger vehicle register demo-001 --permit X-15-01 --as hal")
    (vehicle,) = listed(home, "vehicle")
    assert (vehicle["plate"], vehicle["permit"], vehicle["party"]) == ("DEMO-001", "X-15-01", "Hauler")

    home.does("wasteledger scale register bridge --site Furnace --capacity 80t --division 20kg --as dee")
    assert listed(home, "scale")[0]["calibrated_until"] == ""
    (home.folder / "certificate.txt").write_text("calibrated")
    home.does("wasteledger scale calibrate bridge certificate.txt --until 2026-06-30 --as dee")
    home.does("wasteledger scale calibrate bridge certificate.txt --until 2027-06-30 --as dee")
    (scale,) = listed(home, "scale")
    assert (scale["party"], scale["site"], scale["calibrated_until"]) == ("Cleanburn", "Furnace", "2027-06-30")
    of_others = home.run("wasteledger scale calibrate bridge certificate.txt --until 2028-06-30 --as hal --lang en")
    assert (of_others.exit_code, "registered: none" in of_others.output) == (2, True)


def test_a_complaint_is_sealed_answered_once_and_listed_with_what_came_of_it(home: Home) -> None:
    words = "smell of solvent at night"
    made = home.answers(f'wasteledger complaint register Garage "{words}" --concerns Workshop --as bureau')
    ledger = open_ledger(from_environment({"WASTELEDGER_HOME": str(home.path)}))
    recorded = ledger.record_of(made["recorded"][0]["id"])
    assert words.encode() not in recorded.statement and words not in str(recorded.entry)
    assert list(ledger.clear_text(made["recorded"][0]["id"]).values()) == [words]
    ledger.close()
    later = home.answers('wasteledger complaint register Garage "noise" --as bureau')["recorded"][0]
    assert [row["outcome"] for row in listed(home, "complaint")] == ["", ""]

    (home.folder / "answer.txt").write_text("the duct was mended")
    home.does(
        f"wasteledger complaint answer Garage answer.txt --outcome referred --complaint {later['index']} --as bureau"
    )
    home.does("wasteledger complaint answer Garage answer.txt --outcome justified --as bureau")
    rows = listed(home, "complaint")
    assert [(row["party"], row["concerns"], row["outcome"]) for row in rows] == [
        ("Garage", "Workshop", "justified"),
        ("Garage", "Garage", "referred"),
    ]
    assert home.run("wasteledger complaint answer Garage answer.txt --outcome justified --as bureau").exit_code == 2
    assert json.loads(home.does("wasteledger complaint list --party Hauler --json")) == []


@pytest.mark.parametrize("who", ["ann", "hal"])
def test_only_a_supervising_authority_registers_complaints(home: Home, who: str) -> None:
    assert home.run(f'wasteledger complaint register Garage "noise" --as {who}').exit_code == 1


def test_a_load_weighed_in_is_generated_in_its_street_and_held_by_the_plant(home: Home) -> None:
    home.does("wasteledger profile register household --code SW60 --form solid --as dee")
    gone = "wasteledger weigh-in load-1 --origin Workshop --profile household --vehicle DEMO-003"
    answer = home.answers(f"{gone} --gross 14.2t --tare 9.1t --as dee")
    (posting,) = answer["recorded"][0]["postings"]
    ends = [(posting[side]["stage"], posting[side]["site"]) for side in ("debit", "credit")]
    sites = {row["name"]: row["site"] for row in listed(home, "site")}
    assert posting["grams"] == 5_100_000
    assert ends == [("generated", sites["Workshop"]), ("held", sites["Furnace"])]
    assert home.run(f"{gone} --gross 9.1t --tare 14.2t --as dee").exit_code == 2
    assert home.run("wasteledger weigh-in load-2 --profile household --mass 1t --as dee").exit_code == 2


def test_a_plan_is_overdue_once_the_authority_takes_plans_through_this_ledger(home: Home) -> None:
    home.does("wasteledger fill drum-1 --mass 40kg --at '2026-03-01 08:00' --as ann")
    overdue = "wasteledger exceptions --rule plan-overdue --as-of 2026-06-01 --json"
    assert json.loads(home.does(overdue)) == []
    assert home.run("wasteledger setting adopt declarations-from soon --from 2026-01-01 --as bureau").exit_code == 2
    home.does("wasteledger setting adopt declarations-from 2026 --from 2026-01-01 --as bureau")
    sites = {row["site"]: row["name"] for row in listed(home, "site")}
    # The disposer's site owes by its licence; the carrier has no waste of its own.
    assert {sites[flag["object"]] for flag in json.loads(home.does(overdue))} == {"Workshop", "Furnace"}
    told = home.does("wasteledger plan duties Workshop 2026 --lang en").splitlines()
    assert told[1].split("  ")[:3] == ["plan", "2026", "2026-03-31"]
    assert "owes nothing" in home.does("wasteledger plan duties Workshop 2020 --lang en")
    home.does("wasteledger setting adopt incompatible-pairs HW08+HW34 --from 2026-01-01 --as bureau")
    values = {row["name"]: row["value"] for row in listed(home, "setting") if row.get("from")}
    assert (values["declarations-from"], values["incompatible-pairs"]) == (2026, "HW08+HW34")


def test_a_plan_is_shown_beside_what_was_in_words_and_in_grams(home: Home) -> None:
    home.does(
        "wasteledger plan file 2026 900-249-08=2t --site Workshop --as ann",
        "wasteledger fill drum-1 --mass 40kg --at '2026-03-01 08:00' --as ann",
    )
    (planned, generated) = json.loads(home.does("wasteledger plan show Workshop 2026 --json"))
    assert (generated["planned_generated_g"], planned["generated_g"]) == (2_000_000, 40_000)
    assert home.does("wasteledger plan show Workshop 2026 --lang en").splitlines() == [
        "900-214-08 (not in the plan)  generated 40 kg (planned 0 kg) · treated 0 kg (planned 0 kg)"
        " · sent away 0 kg (planned 0 kg)",
        "900-249-08  generated 0 kg (planned 2,000 kg) · treated 0 kg (planned 0 kg) · sent away 0 kg (planned 0 kg)",
    ]
