"""The regime us.1: shapes of codes, storage clocks, who holds a permit; cn.1 beside it stays as strict as it was."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.decide import decide
from ledger.custody.events import Event, parse
from ledger.custody.fact import Author, Fact
from ledger.custody.flags import RULES
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import Act, Regime
from ledger.custody.registry import Registry
from ledger.custody.rules import Refusal
from ledger.custody.wire import WireError

US, CN = regime("us.1"), regime("cn.1")
DAY = "2026-08-03"
NOON = "2026-08-03T16:00:00.000Z"
AUTHORITY = frozenset({"licensing", "registrar", "settings", "supervision"})


def uid(kind: str, n: int) -> str:
    return f"{kind}:01980000-0000-7000-8000-{n:012d}"


GENERATOR, BURNER, CARRIER = (uid("party", n) for n in (1, 2, 3))
YARD, FURNACE = (uid("site", n) for n in (1, 2))


def fact(type_: str, body: dict[str, Any], party: str = GENERATOR, roles: frozenset[str] = frozenset()) -> Fact:
    by = Author(party=party, person=uid("person", 1), key="0" * 64, roles=roles)
    event = parse(type_, body, US)
    return Fact(event=event, by=by, at=NOON, received_at=NOON, seq=1, id=uid("x", 1)[2:], statement="0" * 64)


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for holder, site, use in ((GENERATOR, YARD, None), (BURNER, FURNACE, "disposal")):
        body = {"holder": holder, "site": site, "name": "somewhere", "region": "VA"} | ({"use": use} if use else {})
        made.add(fact("site-registered", body))
    return made


def permit(registry: Registry, *include: str, **more: Any) -> None:
    body = {
        "licence": uid("licence", 1),
        "holder": BURNER,
        "number": "VAD000532119",
        "kind": "site-permit",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "include": list(include),
    }
    registry.add(fact("licence-granted", {k: v for k, v in (body | more).items() if v}, roles=AUTHORITY))


def reason(registry: Registry, code: str, **more: Any) -> str:
    act = Act(deed="close", code=code, party=BURNER, site=FURNACE, producer=GENERATOR, day=DAY, method="H040")
    return US.entitled(act._replace(**more), registry)


@pytest.mark.parametrize(
    "code", ["D001", "F003", "K001", "P012", "U220", "D001+D018", "CA-352", "PCB", "NONHAZ", "LABP"]
)
def test_codes_of_a_line_are_one_code(code: str) -> None:
    assert US.check_code(code) is None
    assert CN.check_code(code) is not None


@pytest.mark.parametrize(
    "code", ["D000", "D01", "d001", "A001", "D018+D001", "D001+D001", "D001+", "352", "D001+NONHAZ", "900-249-08", ""]
)
def test_what_is_no_code_of_a_line_is_refused(code: str) -> None:
    assert US.check_code(code) is not None


def test_a_code_has_a_longest_length() -> None:
    codes = [f"U{n:03d}" for n in range(1, 42)]
    assert US.check_code("+".join(codes[:40])) is None
    assert US.check_code("+".join(codes)) is not None


def test_federal_state_and_pcb_codes_are_hazardous_and_none_of_them_is_not() -> None:
    assert [US.kind_of(code) for code in ("D001", "CA-352", "PCB", "NONHAZ")] == ["hazardous"] * 3 + ["industrial"]
    assert US.classes_of("D001+PCB") == ("D001", "PCB")
    assert (US.listed("D001"), US.listed("NONHAZ")) == (True, False)


@pytest.mark.parametrize("number", ["100032437ELC", "123456789JJK"])
def test_a_manifest_tracking_number_is_nine_digits_and_three_letters(number: str) -> None:
    assert US.check_manifest_number(number) is None
    assert CN.check_manifest_number(number) is not None


@pytest.mark.parametrize("number", ["CHANGE ME", "12345678ELC", "1234567890ELC", "100032437elc", "20261501000001"])
def test_any_other_number_is_no_manifest_tracking_number(number: str) -> None:
    assert US.check_manifest_number(number) is not None


def test_each_regime_has_its_own_numbers_methods_regions_and_hazards() -> None:
    assert CN.check_manifest_number("20261501000001") is None
    assert (US.check_method("H040"), CN.check_method("D10")) == (None, None)
    assert (US.check_region("VA"), CN.check_region("150602")) == (None, None)
    assert (US.check_hazards("I,T"), CN.check_hazards("T/In")) == (None, None)
    assert None not in (US.check_method("D10"), US.check_region("150602"), US.check_hazards("T/In"))
    assert None not in (CN.check_method("H040"), CN.check_region("VA"), CN.check_hazards("E,H"))
    assert (US.check_class("D001"), US.check_class("CA-352"), CN.check_class("HW08")) == (None, None, None)
    assert None not in (US.check_class("HW08"), CN.check_class("D001+D018"))


def test_an_epa_id_begins_with_its_state() -> None:
    assert US.check_identifier("epa-id", "VATEST000004") is None
    assert US.check_identifier("epa-id", "40 CFR PART 761") is not None
    assert US.check_identifier("epa-id", "VATEST0000040") is not None
    assert US.check_identifier("duns", "anything") is None


@pytest.mark.parametrize(
    ("codes", "good", "bad", "path"),
    [
        (US, {"number": "100032437ELC"}, {"number": "20261501000001"}, "number"),
        (CN, {"number": "20261501000001"}, {"number": "100032437ELC"}, "number"),
    ],
    ids=["us", "cn"],
)
def test_a_manifest_carries_the_number_of_its_regime(
    codes: Regime, good: dict[str, str], bad: dict[str, str], path: str
) -> None:
    line = {"container": uid("container", 1), "code": "D001" if codes is US else "900-249-08", "net_g": 1}
    ends = {"from": {"party": GENERATOR, "site": YARD}, "to": {"party": BURNER, "site": FURNACE}}
    body = {"manifest": uid("manifest", 1), "carrier": CARRIER, "lines": [line]} | ends
    assert isinstance(parse("manifest-issued", body | good, codes), Event)
    with pytest.raises(WireError) as refused:
        parse("manifest-issued", body | bad, codes)
    assert refused.value.fields["path"] == path


def test_storage_clocks_are_those_of_the_site_and_settings_move_them(registry: Registry) -> None:
    def days(holder: str, site: str, code: str = "D001") -> str:
        return US.deadline(NOON, code, holder, site, registry)[:10]

    assert days(GENERATOR, YARD) == "2026-11-01"
    assert days(BURNER, FURNACE) == "2026-11-01", "without a permit it stores as anybody does"
    permit(registry, "D001")
    assert days(BURNER, FURNACE) == "2027-08-03"
    assert days(GENERATOR, YARD, "NONHAZ") == "2027-08-03"
    small = {"name": "small-quantity-generator", "value": 1, "effective_from": "2026-01-01", "scope": YARD}
    registry.add(fact("setting-adopted", small, roles=AUTHORITY))
    assert days(GENERATOR, YARD) == "2027-01-30"
    farther = {"name": "sqg-storage-days", "value": 270, "effective_from": "2026-01-01", "scope": YARD}
    registry.add(fact("setting-adopted", farther, roles=AUTHORITY))
    assert days(GENERATOR, YARD) == "2027-04-30"


def test_a_permit_entitles_when_it_covers_every_code_of_the_line(registry: Registry) -> None:
    assert reason(registry, "D001") == "no-licence"
    permit(registry, "D001", "D018", methods=["H040"])
    assert reason(registry, "D001") == ""
    assert reason(registry, "D001+D018") == ""
    assert reason(registry, "D001+F003") == "licence-does-not-cover"
    assert reason(registry, "D001", method="H132") == "licence-does-not-cover"
    assert reason(registry, "D001", day="2027-01-01") == "no-licence"
    assert reason(registry, "D001", site=YARD) == ""


def test_a_permit_of_another_site_or_a_transfer_facility_closes_nothing(registry: Registry) -> None:
    permit(registry, site=YARD)
    assert reason(registry, "D001") == "licence-wrong-kind"
    assert reason(registry, "D001", site=YARD) == ""


def test_a_transfer_facility_receives_and_never_closes(registry: Registry) -> None:
    permit(registry, kind="collection")
    assert reason(registry, "D001", deed="receive", method=None) == ""
    assert reason(registry, "D001") == "licence-wrong-kind"


def test_non_hazardous_waste_needs_a_registered_facility(registry: Registry) -> None:
    assert reason(registry, "NONHAZ") == "facility-not-registered"
    body = {"holder": BURNER, "facility": uid("facility", 1), "site": FURNACE, "code": "K1", "purpose": "dispose"}
    registry.add(fact("facility-registered", body))
    assert reason(registry, "NONHAZ") == ""


def test_states_have_no_border_that_waste_needs_an_approval_for() -> None:
    assert US.border("VA") == US.border("CA")
    assert CN.border("150602") != CN.border("110101")


def test_every_rule_cites_american_law() -> None:
    def below(cls: type[Refusal]) -> list[type[Refusal]]:
        return [s for sub in cls.__subclasses__() for s in (sub, *below(sub))]

    keys = {rule.cites for rule in RULES.values()} | {key for cls in below(Refusal) for key in cls.cites}
    assert all(US.cite(key, DAY) for key in keys)


def test_every_setting_of_a_rule_has_a_value_here_too() -> None:
    own = {"storage-days", "collection-storage-workdays", "medical-storage-days", "medical-plant-hours"}
    assert set(CN.defaults) - own <= set(US.defaults)


def test_midnight_eastern_time_is_the_day_it_means() -> None:
    assert US.day_of("2026-05-09T04:00:00.000Z") == "2026-05-09"
    assert US.day_of("2026-01-09T05:00:00.000Z") == "2026-01-09"


COLLECTED: dict[str, Any] = {
    "manifest": uid("manifest", 1),
    "from": {"party": GENERATOR, "site": YARD},
    "to": {"party": BURNER, "site": FURNACE},
    "carrier": CARRIER,
    "lines": [{"container": uid("container", 1), "code": "D001", "net_g": 1_000}],
}
SOURCE = {"workbook": "0" * 64, "sheet": "100032437ELC", "row": 1}


@pytest.mark.parametrize(
    ("body", "roles", "refused"),
    [
        (COLLECTED | {"source": SOURCE}, frozenset({"registrar"}), None),
        (COLLECTED | {"source": SOURCE}, frozenset({"licensing", "settings", "supervision"}), "not-own"),
        (COLLECTED | {"source": SOURCE}, frozenset(), "not-own"),
        (COLLECTED, frozenset({"registrar"}), "not-own"),
    ],
    ids=["registrar transcribes", "another role", "no role", "nothing quoted"],
)
def test_a_registrar_transcribes_what_others_did_and_nobody_else_does(
    body: dict[str, Any], roles: frozenset[str], refused: str | None
) -> None:
    told = decide(fact("manifest-collected", body, uid("party", 9), roles), {}, lambda stream: ())
    assert (told.refused.code if told.refused else None) == refused
