"""e-Manifest documents for tests: EPA's own samples, and the shipped one bent into the shapes that others have."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from ledger.custody.decide import decide
from ledger.custody.events import parse
from ledger.custody.fact import Author, Fact
from ledger.custody.postings import Posting
from ledger.custody.regimes import regime
from ledger.custody.registry import Registry
from ledger.exchange.emanifest import Context, Document, Manifest, Plan, plan, read_document, recorded_manifest
from ledger.exchange.hj1259 import Draft
from ledger.log.hashing import seal_commitment, sha256
from ledger.service import SealedText
from tests.support.repository import shared_data

NOW = "2026-11-22T00:00:00.000Z"
US = regime("us.1")
SAMPLE: dict[str, Any] = json.loads(files("fixtures").joinpath("emanifest/sample.json").read_bytes())
BUREAU = "party:01980000-0000-7000-8000-000000000099"


def epa(name: str) -> bytes:
    """One of EPA's own samples."""
    return shared_data(f"emanifest/emanifest-save-{name}-example.json").read_bytes()


def bent(*deleted: str, **changed: Any) -> dict[str, Any]:
    """The shipped sample with some of its top fields deleted or changed."""
    made = deepcopy(SAMPLE) | deepcopy(changed)
    return {name: value for name, value in made.items() if name not in deleted}


def signed(name: str, day: str) -> dict[str, str]:
    return {"printedName": name, "signatureDate": f"{day}T04:00:00.000+0000"}


def rejected(kind: str, **info: Any) -> dict[str, Any]:
    return bent(rejection=True, rejectionInfo={"rejectionType": kind, "rejectionComments": "not as agreed"} | info)


def redirected() -> dict[str, Any]:
    """Refused as a whole and taken on to another facility by the same transporter."""
    alternate = {"epaSiteId": "PADEMO000005", "paperSignatureInfo": signed("Al Example", "2026-03-05")}
    return rejected(
        "FullReject",
        transporterOnSite=True,
        alternateDesignatedFacilityType="Tsdf",
        alternateDesignatedFacility=alternate,
    )


def returned() -> dict[str, Any]:
    """Refused as a whole and taken back to the generator by the same transporter."""
    return rejected(
        "FullReject",
        transporterOnSite=True,
        alternateDesignatedFacilityType="Generator",
        generatorPaperSignature=signed("Gale Example", "2026-03-06"),
    )


def by_hand() -> dict[str, Any]:
    """A generator without an EPA ID, a code of Texas, PCBs, a discrepancy of type."""
    generator = deepcopy(SAMPLE["generator"]) | {"epaSiteId": "40 CFR PART 761", "registered": False}
    generator["siteAddress"]["state"]["code"] = "TX"
    line = deepcopy(SAMPLE["wastes"][2]) | {
        "wasteDescription": "PCB wastes",
        "pcb": True,
        "hazardousWaste": {"federalWasteCodes": [], "txWasteCodes": ["32112345"]},
        "quantity": {"containerNumber": 10, "quantity": 1815, "unitOfMeasurement": {"code": "K"}},
        "discrepancyResidueInfo": {"wasteType": True, "discrepancyComments": "another waste"},
        "additionalInfo": {"handlingInstructions": "keep dry", "consentNumber": "123456I12345"},
    }
    return bent(generator=generator, wastes=[line], **{"import": True})


def certified() -> dict[str, Any]:
    """Signed electronically by all, and by the facility once more when it was corrected."""

    def by(first: str, last: str, moment: str) -> dict[str, Any]:
        return {"signer": {"firstName": first, "lastName": last, "userId": first.upper()}, "signatureDate": moment}

    made = bent("submissionType", shippedDate="2026-03-02T16:58:43.857+00:00", status="Corrected")
    steps = {
        "generator": [by("Gale", "Example", "2026-03-02T16:56:03.868+00:00")],
        "transporters": [by("Toni", "Example", "2026-03-02T16:58:43.857+00:00")],
        "designatedFacility": [
            by("Dana", "Example", "2026-03-02T17:01:40.233+00:00"),
            by("Gale", "Example", "2026-05-07T17:36:10.899+00:00"),
        ],
    }
    made["transporters"] = made["transporters"][:1]
    for name, signatures in steps.items():
        handler = made[name][0] if name == "transporters" else made[name]
        del handler["paperSignatureInfo"]
        handler["electronicSignaturesInfo"] = signatures
    return made


def read(document: dict[str, Any] | bytes, file: str = "manifest.json") -> Document:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_document(content, file, NOW)


@dataclass(slots=True)
class World:
    """A ledger under us.1 in memory, into which an authority imports."""

    party: str = BUREAU
    roles: frozenset[str] = frozenset({"registrar", "licensing", "settings", "supervision"})
    facts: dict[str, Fact] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    registry: Registry = field(default_factory=Registry)
    clear: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=dict)

    def plan(self, *documents: Document) -> Plan:
        context = Context(
            origin="ledger.example/us",
            party=self.party,
            registrar="registrar" in self.roles,
            registry=self.registry,
            known=lambda id_: self.drafts[id_].body if id_ in self.drafts else None,
            person=lambda name: f"person:{_uuid(name)}",
            now=NOW,
        )
        return plan(documents, context, self._seal)

    def _seal(self, path: str, clear: str) -> tuple[str, SealedText]:
        salt = sha256(clear.encode())
        commitment = seal_commitment(salt, path, clear)
        self.clear[commitment] = clear
        return commitment, SealedText(path=path, salt=salt, value=clear)

    def take(self, *documents: Document) -> Plan:
        """Record everything that the documents say."""
        planned = self.plan(*documents)
        assert planned.faults == ()
        self.record(planned.drafts)
        return planned

    def record(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            by = Author(party=self.party, person=f"person:{_uuid('clerk')}", key="0" * 64, roles=self.roles)
            event = parse(draft.type, draft.body, US)
            statement, seq = sha256(draft.id.encode()).hex(), len(self.facts) + 1
            fact = Fact(event=event, by=by, at=draft.at, received_at=NOW, seq=seq, id=draft.id, statement=statement)
            decision = decide(fact, self.states, self.of)
            assert decision.refused is None, decision.refused
            self.states |= decision.states
            self.postings += decision.postings
            self.registry.add(fact)
            self.facts[fact.id] = fact
            self.drafts[draft.id] = draft

    def of(self, stream: str) -> list[Fact]:
        return [f for f in self.facts.values() if stream in f.event.streams(f.by.party)]

    def told(self) -> list[str]:
        """The types of the steps recorded, registrations left out, in order."""
        return [f.event.type for f in self.facts.values() if not f.event.type.endswith("-registered")]

    def manifest(self) -> Manifest:
        """The only manifest, as the ledger tells it."""
        (stream,) = (s for s in self.states if s.startswith("manifest:"))
        return recorded_manifest(self.facts.values(), stream, self.registry, self.clear.get)


def _uuid(name: str) -> str:
    digits = sha256(name.encode()).hex()
    return f"01980000-0000-7000-8000-{digits[:12]}"
