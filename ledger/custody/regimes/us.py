"""United States: codes, clocks, entitlement and citations under RCRA and TSCA, version 1 (40 CFR Parts 260–279, 761).

Small on purpose: what manifests of EPA Form 8700-22 need. A waste line has many codes or none, a container here has
one: the line's codes joined with `+` in order (`D001+D018`), a state's own as `CA-352`, PCBs as `PCB`, nothing of these
as `NONHAZ`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from ledger.custody.regimes.base import Act, Kind, later, local_day, period_of
from ledger.custody.registry import Registry

NONHAZARDOUS = "NONHAZ"
PCB = "PCB"
CODE_LENGTH_MAX = 200
_FEDERAL = re.compile(r"[DFKPU](?!000)[0-9]{3}|LABP")
_STATE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,8}")
_EPA_ID = re.compile(r"[A-Z]{2}[A-Z0-9]{1,10}")
_MANIFEST = re.compile(r"[0-9]{9}[A-Z]{3}")
_METHOD = re.compile(r"H[0-9]{3}")
_REGION = re.compile(r"[A-Z]{2}")
_HAZARDS = re.compile(r"[ICREHT](?:,[ICREHT]){0,5}")

LAW = MappingProxyType(
    {
        "authority": "40 CFR Part 271",
        "ledger": "40 CFR 262.11, 262.40, 264.73",
        "manifest": "40 CFR 262.20, 263.20",
        "manifest-check": "40 CFR 263.20(a)",
        "receipt": "40 CFR 264.71, 264.72",
        "licence": "40 CFR 270.1(c)",
        "storage": "40 CFR 262.16, 262.17, 263.12, 268.50",
        "medical": "state law",
        "contract": "40 CFR 262.20(b)",
        "catalogue": "40 CFR Part 261 Subparts C, D",
        "crossing": "40 CFR Part 262 Subpart H",
        "exemption": "40 CFR 260.20, 260.22",
        "label": "40 CFR 262.16(b)(6), 262.17(a)(5), 262.32",
        "method": "40 CFR 264.71; EPA Form 8700-22 item 19",
        "plan": "40 CFR 262.41",
        "truth": "42 U.S.C. 6928(d)(3)",
    }
)


def is_federal(part: str) -> bool:
    """True for a code of 40 CFR Part 261 (LABP: lab packs, as EPA's own system lists them)."""
    return _FEDERAL.fullmatch(part) is not None


def is_part(part: str) -> bool:
    """True for one code of a line: federal, a state's own with the state before it, or PCB."""
    return is_federal(part) or part == PCB or _STATE.fullmatch(part) is not None


class UnitedStates:
    """The regime `us.1`.

    Clocks of storage are settings: 90 days for a large, 180 for a small quantity generator (which one a site is, an
    authority adopts as `small-quantity-generator` 1 for the site), 10 at a transfer facility (site use `collection`),
    365 at a permitted facility (site use `disposal`). Who is entitled holds a permit (licence kind `site-permit` or
    `comprehensive`) that covers *each* code of the line; a generator's own unit needs `own-facility`.
    """

    name = "us.1"
    # EPA's documents write a day as midnight Eastern time, 04:00Z or 05:00Z: at this offset both fall on that day.
    offset = timedelta(hours=-4)
    defaults: Mapping[str, int | str] = MappingProxyType(
        {
            "small-quantity-generator": 0,
            "lqg-storage-days": 90,
            "sqg-storage-days": 180,
            "licensed-storage-days": 365,
            "transfer-storage-days": 10,
            "nonhazardous-storage-days": 365,
            "transit-days": 45,
            "refused-return-days": 60,
            "confirmation-workdays": 21,
            "recording-hours": 24,
            "paper-workdays": 21,
            "clock-ahead-minutes": 5,
            # 55 gallons at the density of water: the satellite accumulation limit is a volume.
            "point-limit-g": 208_198,
            "tolerance-ppm": 100_000,
            "tolerance-g": 0,
            "net-tolerance-ppm": 50_000,
            "net-tolerance-weighings": 5,
            "silence-days": 90,
            "licence-warn-percent": 100,
            "licence-limit-percent": 100,
            "travel-minutes": 5,
            "residue-methods": "H040",
            "residue-days": 30,
            # Twelve months at 1,000 and at 100 kg.
            "tier-key-g": 12_000_000,
            "tier-simplified-g": 1_200_000,
        }
    )

    def check_code(self, value: str) -> str | None:
        parts = value.split("+")
        ordered = parts == sorted(set(parts)) and len(value) <= CODE_LENGTH_MAX
        if value == NONHAZARDOUS or (ordered and all(map(is_part, parts))):
            return None
        return f"codes such as D001, CA-352 or {PCB}, each once, in order, joined with +; {NONHAZARDOUS} for none"

    def check_class(self, value: str) -> str | None:
        return None if is_part(value) else self.check_code(value)

    def check_identifier(self, scheme: str, value: str) -> str | None:
        if scheme != "epa-id" or _EPA_ID.fullmatch(value):
            return None
        return "an EPA ID number: two letters of the state and up to 10 letters or digits"

    def check_manifest_number(self, value: str) -> str | None:
        return None if _MANIFEST.fullmatch(value) else "a manifest tracking number: 9 digits and 3 letters"

    def check_method(self, value: str) -> str | None:
        return None if _METHOD.fullmatch(value) else "a management method code such as H040"

    def check_region(self, value: str) -> str | None:
        return None if _REGION.fullmatch(value) else "the two letters of a state"

    def check_hazards(self, value: str) -> str | None:
        return None if _HAZARDS.fullmatch(value) else "hazards among I, C, R, E, H, T (40 CFR 261.30)"

    def kind_of(self, code: str) -> Kind:
        return "industrial" if code == NONHAZARDOUS else "hazardous"

    def classes_of(self, code: str) -> tuple[str, ...]:
        return tuple(code.split("+"))

    def listed(self, code: str) -> bool:
        return code != NONHAZARDOUS

    def day_of(self, moment: str) -> str:
        return local_day(moment, self.offset)

    def period(self, name: str) -> tuple[str, str]:
        return period_of(name, self.offset)

    def border(self, region: str) -> str:
        return ""

    def setting(self, registry: Registry, name: str, day: str, *scopes: str) -> int:
        adopted = registry.number(name, day, *scopes) if name in registry.settings else None
        return adopted if adopted is not None else int(self.defaults[name])

    def entitled(self, act: Act, registry: Registry) -> str:
        if self.kind_of(act.code) == "industrial":
            here = (f for f in registry.facilities.values() if (f.holder, f.site) == (act.party, act.site))
            return "" if any(f.purpose != "generate" for f in here) else "facility-not-registered"
        allowed = {"site-permit", "comprehensive"} | ({"own-facility"} if act.producer == act.party else set())
        if act.deed == "receive":
            allowed.add("collection")
        classes = self.classes_of(act.code)
        if registry.emergency(act.party, act.code, classes, act.day):
            return ""
        licences = list(registry.licence_for(act.party, act.day))
        valid = [x.terms for x in licences if x.terms.kind in allowed and x.terms.site in (None, act.site)]
        if valid:
            covered = all(any(terms.covers(act.code, (each,), act.method) for terms in valid) for each in classes)
            return "" if covered else "licence-does-not-cover"
        if licences:
            return "licence-wrong-kind"
        asserted = any(True for _ in registry.licence_for(act.party, act.day, confirmed=False))
        return "licence-only-asserted" if asserted else "no-licence"

    def methods(self, code: str, end: str) -> frozenset[str] | None:
        """No closed list: EPA adds management methods without a change of this regime."""
        return None

    def residue_methods(self, registry: Registry, day: str, site: str) -> frozenset[str]:
        adopted = registry.setting("residue-methods", day, site)
        return frozenset(str(adopted or self.defaults["residue-methods"]).split())

    def deadline(self, start: str, code: str, holder: str, site: str, registry: Registry) -> str:
        day = local_day(start, self.offset)
        use = registry.use_at(site, start, day)
        if self.kind_of(code) == "industrial":
            name = "nonhazardous-storage-days"
        elif use in ("disposal", "collection"):
            name = "licensed-storage-days" if use == "disposal" else "transfer-storage-days"
        else:
            small = self.setting(registry, "small-quantity-generator", day, site, holder)
            name = "sqg-storage-days" if small else "lqg-storage-days"
        return later(start, days=self.setting(registry, name, day, site, holder))

    def incompatible(self, registry: Registry, day: str, site: str) -> frozenset[tuple[str, str]]:
        adopted = str(registry.setting("incompatible-pairs", day, site) or "")
        pairs = [pair.split("+") for pair in adopted.split()]
        return frozenset((min(pair), max(pair)) for pair in pairs if len(pair) == 2)

    def cite(self, key: str, day: str) -> str:
        return LAW[key]


REGIME = UnitedStates()
