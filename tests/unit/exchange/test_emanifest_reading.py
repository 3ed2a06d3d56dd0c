"""What an e-Manifest document says is read, what is wrong with it is named, what has no place here is listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from fixtures import open_text
from ledger.exchange.emanifest import DocumentRefused, leaves
from ledger.exchange.emanifest.reading import moment_of
from ledger.exchange.emanifest.units import density_of, mass_of
from tests.support.manifests import SAMPLE, bent, by_hand, certified, epa, read, redirected, rejected
from tests.support.repository import shared_data


def faults(document: dict[str, Any] | bytes) -> dict[str, tuple[str, object]]:
    """Path → code and what was expected."""
    with pytest.raises(DocumentRefused) as refused:
        read(document)
    return {str(f.fields.get("path", "")): (f.code, f.fields.get("expected")) for f in refused.value.remarks}


def codes(document: dict[str, Any] | bytes) -> list[str]:
    return [notice.code for notice in read(document).notices]


def with_line(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The sample with its first line changed."""
    made = deepcopy(SAMPLE)
    change(made["wastes"][0])
    return made


@pytest.mark.parametrize(
    ("value", "unit", "density", "net_g", "volume_ml"),
    [
        (1, "lb", None, 454, None),
        (345, "lb", None, 156_489, None),
        (1, "ton-us", None, 907_185, None),
        (50, "ton-us", None, 45_359_237, None),
        (432, "kg", None, 432_000, None),
        (3, "t", None, 3_000_000, None),
        (22, "gal-us", None, None, 83_279),
        (1, "yd3", None, None, 764_555),
        (2, "l", None, None, 2_000),
        (2, "m3", None, None, 2_000_000),
        # 43 gallons of 123 lbs/gal are 5,289 lb exactly.
        (43, "gal-us", ("123", "1"), 2_399_050, 162_773),
        (100, "l", ("1.02", "2"), 102_000, 100_000),
        (1, "m3", ("8.35", "1"), 1_000_551, 1_000_000),
        (0, "kg", None, 0, None),
    ],
)
def test_a_quantity_is_converted_once_and_a_volume_needs_a_density(
    value: int, unit: str, density: tuple[str, str] | None, net_g: int | None, volume_ml: int | None
) -> None:
    given = None if density is None else (Decimal(density[0]), density[1])
    assert mass_of(Decimal(value), unit, given) == (net_g, volume_ml)


def test_halves_of_a_gram_go_to_the_even_one() -> None:
    assert mass_of(Decimal("0.0005"), "kg", None) == (0, None)
    assert mass_of(Decimal("0.0015"), "kg", None) == (2, None)
    assert mass_of(Decimal("0.0025"), "kg", None) == (2, None)


@pytest.mark.parametrize(("density", "unit"), [("7.5", "1"), ("123", "1"), ("0.79", "2"), ("1.02", "2")])
def test_the_density_is_found_again_from_grams_and_volume(density: str, unit: str) -> None:
    net_g, _ = mass_of(Decimal(1000), "gal-us", (Decimal(density), unit))
    assert net_g is not None
    found = density_of(Decimal(1000), "gal-us", net_g)
    assert found is not None
    assert mass_of(Decimal(1000), "gal-us", (Decimal(found[0]), found[1]))[0] == net_g


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019-05-09T04:00:00.000+0000", "2019-05-09T04:00:00.000Z"),
        ("2021-10-20T15:12:35.046+00:00", "2021-10-20T15:12:35.046Z"),
        ("2018-01-22T05:07:00.00Z", "2018-01-22T05:07:00.000Z"),
        ("2019-05-09T00:00:00-0400", "2019-05-09T04:00:00.000Z"),
        ("2019-05-09", ""),
        ("2019-02-29T04:00:00.000+0000", ""),
        ("2019-05-09T04:00:00.000", ""),
    ],
)
def test_dates_are_read_as_epa_writes_them(text: str, moment: str) -> None:
    assert moment_of(text) == moment


def test_the_shipped_schema_is_epas_without_its_descriptions() -> None:
    def constraints(value: Any, named: bool = False) -> Any:
        if isinstance(value, dict):
            kept = {k: v for k, v in value.items() if named or k != "description" or not isinstance(v, str)}
            return {k: constraints(v, k in ("properties", "definitions")) for k, v in kept.items()}
        return [constraints(v) for v in value] if isinstance(value, list) else value

    whole = json.loads(shared_data("emanifest/schema-emanifest-1.3.json").read_text(encoding="utf-8"))
    with open_text("emanifest/schema-1.3.json") as text:
        assert constraints(json.load(text)) == constraints(whole)


def test_a_partial_rejection_is_read() -> None:
    told = read(epa("valid-Data-and-Image-Partial-reject")).manifest
    assert (told.number, told.rejection and told.rejection.part) == ("", "partial")
    assert told.issued == told.collected == told.received == "2019-05-09T04:00:00.000Z"
    (line,) = told.lines
    assert (line.code, line.declared, line.net_g, line.volume_ml) == ("D003", ("22", "gal-us"), None, 83_279)
    assert (line.count, line.container, line.method, line.un) == (20, "BA", "H070", "UN3354")


@pytest.mark.parametrize("name", ["valid-Full-Electronic", "valid-Hybrid"])
def test_what_is_only_planned_is_neither_collected_nor_received(name: str) -> None:
    told = read(epa(name)).manifest
    assert (told.collected, told.handed, told.received) == ("", ("", ""), "")
    assert [t.epa_id for t in told.transporters] == ["VATEST000001", "VATEST000002", "VATEST000001"]
    assert [(x.code, x.net_g, x.volume_ml) for x in told.lines] == [("D001", None, 1_816_998), ("PCB", 432_000, None)]
    assert told.issued == ("2022-04-18T04:00:00.000Z" if "Hybrid" in name else "")


def test_a_document_without_any_date_says_so() -> None:
    assert "emanifest-undated" in codes(epa("valid-Full-Electronic"))
    assert "emanifest-undated" not in codes(epa("valid-Hybrid"))


def test_every_fault_of_an_invalid_document_is_named() -> None:
    found = faults(epa("invalid"))
    dot = (
        "emergencyGuideNumber",
        "hazardClass",
        "packingGroup",
        "properShippingName",
        "rqDescription",
        "technicalName",
    )
    unknown = {"wastes.0.hazardous", *(f"wastes.0.dotInformation.{name}" for name in dot)}
    missing = {f"wastes.0.{name}" for name in ("dotHazardous", "pcb", "epaWaste")}
    wrong = {"wastes.0.br", "wastes.0.brInfo", "wastes.0.quantity.quantity"}
    assert set(found) == unknown | missing | wrong
    assert {path for path, (_, expected) in found.items() if expected == "no such field"} == unknown
    assert {path for path, (_, expected) in found.items() if expected == "present"} == missing
    assert {code for code, _ in found.values()} == {"emanifest-against-schema"}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (bent(manifestTrackingNumber="90000001ZZZ"), "manifestTrackingNumber"),
        (bent(manifestTrackingNumber="900000017zzz"), "manifestTrackingNumber"),
        (rejected("PartialReject", newManifestTrackingNumbers=["1"]), "rejectionInfo.newManifestTrackingNumbers.0"),
        (bent(rejection=True), "rejectionInfo.rejectionType"),
        (rejected("FullReject", transporterOnSite=True), "rejectionInfo.alternateDesignatedFacilityType"),
        (bent("transporters"), "transporters"),
        (bent("generator"), "generator"),
        (bent("designatedFacility"), "designatedFacility"),
        (bent(designatedFacility={"epaSiteId": "MD-4", "name": "x"}), "designatedFacility.epaSiteId"),
        (bent(createdDate="yesterday"), "createdDate"),
        (with_line(lambda line: line.update(lineNumber=2)), "wastes.1.lineNumber"),
        (with_line(lambda line: line.update(lineNumber=1.5)), "wastes.0.lineNumber"),
        (with_line(lambda line: line.pop("dotInformation")), "wastes.0.dotInformation"),
        (with_line(lambda line: line.update(dotHazardous=False)), "wastes.0.wasteDescription"),
        (with_line(lambda line: line.update(managementMethod={"code": "D10"})), "wastes.0.managementMethod.code"),
        (
            with_line(lambda line: line.update(hazardousWaste={"federalWasteCodes": [{"code": "D1"}]})),
            "wastes.0.hazardousWaste.federalWasteCodes.0.code",
        ),
        (
            with_line(lambda line: line.update(discrepancyResidueInfo={"wasteQuantity": True})),
            "wastes.0.discrepancyResidueInfo.discrepancyComments",
        ),
        (
            with_line(lambda line: line["quantity"].update(quantity=99_999_999_999, unitOfMeasurement={"code": "M"})),
            "wastes.0.quantity.quantity",
        ),
        (with_line(lambda line: line["quantity"].pop("unitOfMeasurement")), "wastes.0.quantity"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_form_does_not_allow_is_a_fault_at_its_place(document: dict[str, Any], path: str) -> None:
    assert path in faults(document)


@pytest.mark.parametrize(
    ("density", "unit", "path"),
    [(0, "1", "density"), (1000, "1", "density"), (7.123, "1", "density"), (7.5, "3", "densityUnitOfMeasurement")],
)
def test_a_density_is_of_its_unit_and_of_two_decimals(density: float, unit: str, path: str) -> None:
    made = deepcopy(SAMPLE)
    made["wastes"][1]["brInfo"] = {"density": density, "densityUnitOfMeasurement": {"code": unit}}
    assert list(faults(made)) == [f"wastes.1.brInfo.{path}"]


@pytest.mark.parametrize(
    ("who", "day"),
    [("designatedFacility", "2026-03-01"), ("designatedFacility", "2026-11-23"), ("generator", "2026-03-05")],
)
def test_nobody_signs_before_the_step_that_comes_first_or_in_the_future(who: str, day: str) -> None:
    made = deepcopy(SAMPLE)
    made[who]["paperSignatureInfo"]["signatureDate"] = f"{day}T05:00:00.000+0000"
    assert {code for code, _ in faults(made).values()} == {"emanifest-out-of-order"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 100_000], ids=str
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read(content)
    assert {fault.code for fault in refused.value.remarks} <= {"emanifest-not-json", "emanifest-against-schema"}


def test_a_number_too_large_for_any_memory_and_half_a_character_are_no_json() -> None:
    text = json.dumps(SAMPLE)
    name = json.dumps(SAMPLE["generator"]["name"])
    for bad in (text.replace(name, "1e999999999", 1), text.replace(name, '"\\ud800"', 1)):
        assert bad != text
        assert [code for code, _ in faults(bad.encode()).values()] == ["emanifest-not-json"]


def test_many_members_of_an_object_are_read_once_each() -> None:
    many = {f"n{n}": 1 for n in range(200_000)}
    started = process_time()
    assert len(faults(SAMPLE | {"remarks": many})) > 0
    assert process_time() - started < 20


def test_an_image_alone_tells_nothing_and_says_so() -> None:
    image = {
        "manifestTrackingNumber": "CHANGE ME",
        "submissionType": "Image",
        "generator": {"epaSiteId": "VADEMO000001", "paperSignatureInfo": {"signatureDate": "2026-03-02T02:00:00.000Z"}},
        "printedDocument": {"name": "manifest.pdf", "size": 81904, "mimeType": "APPLICATION_PDF"},
        "rejection": False,
    }
    document = read(image)
    assert document.manifest.lines == ()
    assert "emanifest-nothing-to-tell" in codes(image)
    assert {path for path, _ in document.unmapped} == {".".join(map(str, path)) for path, _ in leaves(image)}


def test_the_new_manifest_of_rejected_waste_is_not_counted_again() -> None:
    again = bent(
        containsPreviousRejectOrResidue=True, additionalInfo={"originalManifestTrackingNumbers": ["900000016ZZZ"]}
    )
    assert read(again).manifest.lines == ()
    assert "emanifest-manifested-before" in codes(again)


def test_a_generator_may_have_other_words_for_an_epa_id_and_texas_its_own_codes() -> None:
    document = read(by_hand())
    assert document.manifest.generator is not None
    assert (document.manifest.generator.epa_id, document.manifest.generator.state) == ("", "TX")
    (line,) = document.manifest.lines
    assert (line.code, line.net_g, line.discrepancy) == ("PCB+TX-32112345", 1_815_000, "type")
    assert {"generator.epaSiteId", "import", "wastes.0.additionalInfo.consentNumber"} <= {
        p for p, _ in document.unmapped
    }


def test_the_first_electronic_signature_counts_and_the_quoted_ones_are_ours_in_no_way() -> None:
    document = read(certified())
    told = document.manifest
    assert (told.issued, told.collected) == ("2026-03-02T16:56:03.868Z", "2026-03-02T16:58:43.857Z")
    assert told.received == "2026-03-02T17:01:40.233Z"
    assert told.facility is not None and told.facility.signed is not None
    assert told.facility.signed.name == "Dana Example"
    listed = {path for path, _ in document.unmapped}
    assert "designatedFacility.electronicSignaturesInfo.0.signer.userId" in listed
    assert "designatedFacility.electronicSignaturesInfo.0.signer.firstName" not in listed
    assert "designatedFacility.electronicSignaturesInfo.1.signatureDate" in listed


def test_a_handlers_signature_under_its_older_name_is_read_and_said_to_be_so() -> None:
    made = deepcopy(SAMPLE)
    made["designatedFacility"]["electronicSignatureInfo"] = {"humanReadableDocument": {"name": "a.html", "size": 1}}
    assert "emanifest-older-name" in codes(made)
    both = deepcopy(made)
    both["designatedFacility"]["electronicSignaturesInfo"] = []
    assert "designatedFacility.electronicSignatureInfo" in faults(both)


def test_lines_and_transporters_stand_in_the_order_of_their_numbers() -> None:
    made = deepcopy(SAMPLE)
    made["wastes"].reverse()
    made["wastes"][0]["lineNumber"] = 7
    made["transporters"].reverse()
    document = read(made)
    assert [line.number for line in document.manifest.lines] == [1, 2, 7]
    assert [t.name for t in document.manifest.transporters] == ["Demo Haulage", "Demo Lines"]
    assert [path for path, _ in document.unmapped] == ["submissionType"]


def test_a_disputed_quantity_leaves_what_was_received_unknown() -> None:
    def dispute(line: dict[str, Any]) -> None:
        line["discrepancyResidueInfo"] = {"wasteQuantity": True, "discrepancyComments": "6500 KG"}

    notices = [n.says("en") for n in read(with_line(dispute)).notices if n.code == "emanifest-mass-unknown"]
    assert any("6500 KG" in notice for notice in notices)


def test_what_is_too_long_is_cut_and_said_to_be() -> None:
    long = "x" * 500
    document = read(with_line(lambda line: line["dotInformation"].update(printedDotInformation=long)))
    assert document.manifest.lines[0].name == "x" * 200
    assert "emanifest-cut" in [notice.code for notice in document.notices]
    assert ("wastes.0.dotInformation.printedDotInformation", long) in document.unmapped


def test_who_took_refused_waste_in_the_end_is_read() -> None:
    rejection = read(redirected()).manifest.rejection
    assert rejection is not None and rejection.alternate is not None
    assert (rejection.part, rejection.onward, rejection.alternate.epa_id) == ("full", "facility", "PADEMO000005")
