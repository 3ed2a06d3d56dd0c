"""A ledger under the law of the United States, from its opening to a treated load, with EPA's documents in and out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Home
from tests.support.manifests import SAMPLE, bent, epa, redirected

IMPORT = "wasteledger import emanifest manifest.json --register-parties --as bureau"


@pytest.fixture(scope="module")
def made_states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("states")
    home = Home(folder)
    home.does('wasteledger init --origin ledger.example/us --operator "State" --authority bureau --regime us.1')
    return folder


@pytest.fixture
def states(made_states: Path, tmp_path: Path) -> Home:
    folder = tmp_path / "own"
    shutil.copytree(made_states, folder)
    home = Home(folder)
    put(home, SAMPLE)
    return home


def put(home: Home, document: dict[str, Any] | bytes, name: str = "manifest.json") -> None:
    (home.folder / name).write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())


def size(home: Home) -> int:
    return int(home.answers("wasteledger rate")["checkpoint"]["size"])


def test_a_manifest_comes_in_goes_out_and_comes_in_again_as_known(states: Home) -> None:
    done = states.answers(IMPORT)
    assert (done["new"], done["recorded"], done["faults"], done["not_recorded"]) == (7, 15, [], [])
    assert done["documents"][0]["not_mapped"] == [{"path": "submissionType", "value": "DataImage5Copy"}]
    states.does("wasteledger export emanifest 900000017ZZZ -o again.json")
    again = json.loads((states.folder / "again.json").read_text())
    assert again["wastes"][1]["brInfo"]["density"] == 7.5
    assert again["generator"]["paperSignatureInfo"]["printedName"] == "Gale Example"
    before = size(states)
    known = states.answers("wasteledger import emanifest again.json --as bureau")
    assert (known["new"], known["skipped"], known["recorded"], known["corrections"]) == (0, 7, 0, [])
    assert size(states) == before
    assert "nothing differs" in states.does("wasteledger verify")


def test_unknown_parties_stop_an_import_until_they_may_be_registered(states: Home) -> None:
    before = size(states)
    stopped = states.run("wasteledger import emanifest manifest.json --as bureau")
    assert stopped.exit_code == 1
    assert "! Demo Coatings is not registered" in stopped.stdout
    assert size(states) == before


def test_one_faulty_document_stops_all_unless_the_good_ones_are_wanted(states: Home) -> None:
    put(states, epa("invalid"), "bad.json")
    before = size(states)
    refused = states.run(f"{IMPORT} bad.json")
    assert refused.exit_code == 1
    assert "! bad.json wastes.0.quantity.quantity: not as EPA's JSON schema 1.3 has it" in refused.stdout
    assert "nothing was written" in refused.stdout
    assert size(states) == before
    partly = states.run(f"{IMPORT} bad.json --accept-good-files --json")
    assert partly.exit_code == 1
    assert json.loads(partly.stdout)["recorded"] == 15


def test_all_of_epas_own_samples_come_in_together(states: Home) -> None:
    names = ("valid-Data-and-Image-Partial-reject", "valid-Full-Electronic", "valid-Hybrid")
    for name in names:
        put(states, epa(name), f"{name}.json")
    files = " ".join(f"{name}.json" for name in names)
    done = states.answers(f"wasteledger import emanifest {files} --register-parties --as bureau")
    assert (len(done["documents"]), done["not_recorded"]) == (3, [])
    assert "nothing differs" in states.does("wasteledger verify")


def test_redirected_waste_lies_with_the_alternate_facility(states: Home) -> None:
    put(states, redirected())
    states.does(IMPORT)
    told = states.answers("wasteledger show 900000017ZZZ")
    assert [step["type"] for step in told["steps"]][-3:] == [
        "manifest-received",
        "manifest-redirected",
        "manifest-received",
    ]
    states.does("wasteledger export emanifest 900000017ZZZ -o again.json")
    again = json.loads((states.folder / "again.json").read_text())
    assert again["rejectionInfo"]["alternateDesignatedFacility"]["epaSiteId"] == "PADEMO000005"


def test_a_permit_a_facility_and_a_treatment_close_what_was_transcribed(states: Home) -> None:
    states.does(
        IMPORT,
        "wasteledger key new dana --party 'Demo Incineration'",
        "wasteledger key enrol dana --admin --as bureau",
        "wasteledger licence register MDDEMO000004 --holder 'Demo Incineration' --kind site-permit --from 2020-01-01"
        " --until 2039-12-31 --include D001 --include F003 --method H040 --as bureau",
        "wasteledger facility register K1 --purpose dispose --as dana",
    )
    rules = {flag["rule"] for flag in json.loads(states.does("wasteledger exceptions --json"))}
    assert {"mass-unknown", "receiver-not-entitled"} <= rules
    held = states.answers("wasteledger show 900000017ZZZ")
    paint = next(line["container"] for line in held["steps"][0]["body"]["lines"] if line["code"] == "D001+F003")
    states.does(f"wasteledger treat {paint} --method H040 --end disposed --as dana")
    figures = states.answers("wasteledger rate --period 2026")
    assert figures["proven"]["part_g"] == 680_389


def test_documents_of_the_united_states_stay_out_of_other_ledgers(home: Home) -> None:
    put(home, SAMPLE)
    for line in ("import emanifest manifest.json --as bureau", "export emanifest anything"):
        refused = home.run(f"wasteledger {line}")
        assert (refused.exit_code, "United States" in refused.stderr) == (1, True)


def test_a_manifest_of_chinese_form_is_refused_here(states: Home) -> None:
    states.does(IMPORT, "wasteledger key new gale --party 'Demo Coatings'", "wasteledger key enrol gale --as bureau")
    states.does("wasteledger profile register solvent --code F005 --form liquid --as gale")
    states.does("wasteledger fill drum-1 --mass 180kg --as gale")
    issue = "wasteledger manifest issue drum-1 --to 'Demo Incineration' --carrier 'Demo Haulage' --as gale --number"
    refused = states.run(f"{issue} 20261501000001")
    assert refused.exit_code == 1
    assert "9 digits and 3 letters" in refused.stderr
    states.does(f"{issue} 900000019ZZZ", "wasteledger export emanifest 900000019ZZZ -o native.json")
    made = json.loads((states.folder / "native.json").read_text())
    assert made["wastes"][0]["quantity"] | {"containerNumber": 1} == {
        "containerNumber": 1,
        "quantity": 180,
        "unitOfMeasurement": {"code": "K", "description": "Kilograms"},
    }
    put(states, bent(manifestTrackingNumber="900000020ZZZ"))
    assert states.answers(IMPORT)["parties"] == []
