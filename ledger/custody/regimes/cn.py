"""China: codes, clocks, entitlement and citations, version 1 (HJ 1259-2022, 令23, GB 18597-2023, GB 32100-2015)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType

from ledger.custody.regimes.base import Act, Kind, later, local_day, period_of, working_days_later
from ledger.custody.registry import Registry

_HAZARDOUS = re.compile(r"([0-9]{3})-([0-9]{3})-(0[1-9]|[1-4][0-9]|50)")
_GENERAL = re.compile(r"[0-9]{3}-[0-9]{3}-S([0-9]{2})|SW([0-9]{2})")
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_USCC = re.compile(rf"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{10}}")
_CLASS = re.compile(r"[A-Z0-9]{2,5}(?:-[A-Z0-9]{2,5}){0,2}")
_MANIFEST = re.compile(r"20[0-9]{2}[1-6][0-9][0-9]{2}[0-9]{6}")
_METHOD = re.compile(r"[A-Z][0-9]{1,2}")
_REGION = re.compile(r"[1-9][0-9]{5}")
_HAZARDS = re.compile(r"(?:In|T|C|I|R)(?:[,/](?:In|T|C|I|R)){0,4}")
_DIGITAL = re.compile(rf"([{_USCC_ALPHABET}]{{18}})([0-9]{{8}})([0-9]{{8}})([0-9]{{3}})")

# The Code replaced the Solid Waste Law on this day; an event is judged by the law of its own day.
CODE_IN_FORCE = "2026-08-15"
LAW = MappingProxyType(
    {
        "authority": ("固废法 第80条", "生态环境法典 第534条"),
        "ledger": ("固废法 第36条、第78条；HJ 1259-2022", "生态环境法典 第489条、第532条；HJ 1259-2022"),
        "manifest": (
            "固废法 第82条；危险废物转移管理办法（令第23号）",
            "生态环境法典 第536条；危险废物转移管理办法（令第23号）",
        ),
        "manifest-check": ("危险废物转移管理办法（令第23号） 第13条", "危险废物转移管理办法（令第23号） 第13条"),
        "receipt": ("危险废物转移管理办法（令第23号） 第18条", "危险废物转移管理办法（令第23号） 第18条"),
        "licence": ("固废法 第80条", "生态环境法典 第534条"),
        "storage": ("固废法 第81条；GB 18597-2023", "生态环境法典 第535条；GB 18597-2023"),
        "medical": ("医疗废物管理条例 第17条", "生态环境法典 第544条；医疗废物管理条例 第17条"),
        "contract": ("固废法 第37条", "生态环境法典 第490条"),
        "catalogue": ("国家危险废物名录", "国家危险废物名录"),
        "crossing": ("固废法 第22条", "生态环境法典 第476条、第536条"),
        "exemption": ("国家危险废物名录 附录 危险废物豁免管理清单", "国家危险废物名录 附录 危险废物豁免管理清单"),
        "label": ("固废法 第77条；HJ 1276-2022", "生态环境法典 第531条；HJ 1276-2022"),
        "method": ("HJ 1033-2019 附录F；HJ 1259-2022", "HJ 1033-2019 附录F；HJ 1259-2022"),
        "plan": ("固废法 第78条；HJ 1259-2022", "生态环境法典 第532条；HJ 1259-2022"),
        "truth": ("固废法 第36条", "生态环境法典 第489条"),
    }
)

# 利用处置方式代码 by what they are for; G21-G29 detoxify chromium slag only.
METHODS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "utilisation": frozenset(["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R15", "C2", "C3"]),
        "disposal": frozenset(["D1", "D9", "D10", "D16", "C1"]),
        "medical": frozenset(["Y10", "Y11", "Y12", "Y13", "Y16"]),
        "chromium-slag": frozenset(["G21", "G22", "G23", "G24", "G29"]),
    }
)


def check_character(body: str) -> str:
    """The check character of the first 17 characters of a unified social credit code (GB 32100-2015)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


@lru_cache(maxsize=4096)
def _kind_of(code: str) -> Kind:
    hazardous = _HAZARDOUS.fullmatch(code)
    if hazardous:
        return "medical" if hazardous[3] == "01" else "hazardous"
    general = _GENERAL.fullmatch(code)
    number = int(general[1] or general[2]) if general else 0
    if number == 90:
        return "sludge"
    if 70 <= number <= 74:
        return "construction"
    return "household" if 60 <= number <= 64 else "industrial"


@lru_cache(maxsize=4096)
def _classes_of(code: str) -> tuple[str, ...]:
    hazardous = _HAZARDOUS.fullmatch(code)
    if hazardous:
        return (f"HW{hazardous[3]}",)
    general = _GENERAL.fullmatch(code)
    return (f"SW{general[1] or general[2]}",) if general else ()


@lru_cache(maxsize=4096)
def _listed(code: str) -> bool:
    return _HAZARDOUS.fullmatch(code) is not None


class China:
    """The regime `cn.1`."""

    name = "cn.1"
    offset = timedelta(hours=8)
    defaults: Mapping[str, int | str] = MappingProxyType(
        {
            "storage-days": 365,
            "licensed-storage-days": 365,
            "collection-storage-workdays": 90,
            "medical-storage-days": 2,
            # Below 5 degrees 72 hours: what an authority adopts for a plant with cold storage.
            "medical-plant-hours": 24,
            "transit-days": 15,
            "refused-return-days": 10,
            "confirmation-workdays": 5,
            "recording-hours": 24,
            "paper-workdays": 10,
            "clock-ahead-minutes": 5,
            "point-limit-g": 3_000_000,
            "tolerance-ppm": 0,
            "tolerance-g": 0,
            "net-tolerance-ppm": 2_500,
            "net-tolerance-weighings": 5,
            "silence-days": 14,
            "licence-warn-percent": 100,
            "licence-limit-percent": 120,
            "travel-minutes": 5,
            "residue-methods": "D10 Y10",
            "residue-days": 7,
            "tier-key-g": 100_000_000,
            "tier-simplified-g": 10_000_000,
        }
    )

    def check_code(self, value: str) -> str | None:
        if _HAZARDOUS.fullmatch(value) or _GENERAL.fullmatch(value):
            return None
        return "a code such as 900-249-08 (the last two digits are the HW class 01-50), 900-001-S07 or SW07"

    def check_identifier(self, scheme: str, value: str) -> str | None:
        if scheme != "uscc":
            return None
        if not _USCC.fullmatch(value):
            return "18 characters of 统一社会信用代码 (GB 32100; without I, O, Z, S, V)"
        expected = check_character(value[:17])
        return None if value[17] == expected else f"check character {expected} at the end"

    def check_class(self, value: str) -> str | None:
        return None if _CLASS.fullmatch(value) else "a waste code or a class such as HW08"

    def check_manifest_number(self, value: str) -> str | None:
        return None if _MANIFEST.fullmatch(value) else "14 digits: year, province, city, serial"

    def check_method(self, value: str) -> str | None:
        return None if _METHOD.fullmatch(value) else "a method code such as D10"

    def check_region(self, value: str) -> str | None:
        return None if _REGION.fullmatch(value) else "a 6-digit region code"

    def check_hazards(self, value: str) -> str | None:
        return None if _HAZARDS.fullmatch(value) else "hazards among T, C, I, R, In"

    def check_digital_code(self, value: str) -> str | None:
        """What was expected of a label's 37-character 数字识别码: credit code, waste code, day, serial (HJ 1276)."""
        parts = _DIGITAL.fullmatch(value)
        if parts is None:
            return "37 characters: credit code 18, waste code 8, day 8, serial 3"
        return self.check_identifier("uscc", parts[1])

    kind_of = staticmethod(_kind_of)
    classes_of = staticmethod(_classes_of)
    listed = staticmethod(_listed)

    def border(self, region: str) -> str:
        return region[:2]

    def day_of(self, moment: str) -> str:
        return local_day(moment, self.offset)

    def period(self, name: str) -> tuple[str, str]:
        return period_of(name, self.offset)

    def setting(self, registry: Registry, name: str, day: str, *scopes: str) -> int:
        adopted = registry.number(name, day, *scopes) if name in registry.settings else None
        return adopted if adopted is not None else int(self.defaults[name])

    def entitled(self, act: Act, registry: Registry) -> str:
        kind, classes = self.kind_of(act.code), self.classes_of(act.code)
        if kind == "industrial":
            purposes = ("utilise", "dispose", "store") if act.deed == "receive" else ("utilise", "dispose")
            ends = any(
                f.holder == act.party and f.site == act.site and f.purpose in purposes
                for f in registry.facilities.values()
            )
            if not ends:
                return "facility-not-registered"
            own = act.producer == act.party
            return (
                ""
                if own or registry.contract_between(act.producer, act.party, act.code, classes, act.day)
                else "no-contract"
            )
        allowed = {
            "hazardous": ("comprehensive", "own-facility"),
            "medical": ("medical", "comprehensive"),
        }.get(kind, ("site-permit",))
        if act.deed == "receive" and kind in ("hazardous", "medical"):
            allowed = (*allowed, "collection")
        if registry.emergency(act.party, act.code, classes, act.day):
            return ""
        if self._exempt(act, classes, registry):
            return ""
        valid = [x for x in registry.licence_for(act.party, act.day) if x.terms.kind in allowed]
        if kind == "medical":
            # A comprehensive licence is a medical one only where it names medical waste.
            named = {act.code, *classes}
            valid = [x for x in valid if x.terms.kind != "comprehensive" or named & set(x.terms.include)]
        valid = [x for x in valid if x.terms.kind != "own-facility" or act.producer == act.party]
        valid = [x for x in valid if x.terms.site in (None, act.site)]
        if any(x.terms.covers(act.code, classes, act.method) for x in valid):
            return ""
        if valid:
            return "licence-does-not-cover"
        if any(True for _ in registry.licence_for(act.party, act.day, confirmed=False)):
            return (
                "licence-only-asserted"
                if not any(True for _ in registry.licence_for(act.party, act.day))
                else "licence-wrong-kind"
            )
        return "no-licence"

    def _exempt(self, act: Act, classes: tuple[str, ...], registry: Registry) -> bool:
        ends = {"utilised": ("utilisation",), "disposed": ("disposal",)}
        return self.listed(act.code) and registry.exempt(
            act.exemption,
            frozenset({act.party, act.producer}),
            frozenset({act.code, *classes}),
            frozenset(ends.get(act.end, ("utilisation", "disposal"))),
            act.method or "",
            act.day,
        )

    def methods(self, code: str, end: str) -> frozenset[str] | None:
        if not self.listed(code):
            return None
        if self.kind_of(code) == "medical":
            return METHODS["medical"]
        allowed = METHODS["utilisation" if end == "utilised" else "disposal"]
        return allowed | METHODS["chromium-slag"] if self.classes_of(code) == ("HW21",) else allowed

    def residue_methods(self, registry: Registry, day: str, site: str) -> frozenset[str]:
        adopted = registry.setting("residue-methods", day, site)
        return frozenset(str(adopted or self.defaults["residue-methods"]).split())

    def deadline(self, start: str, code: str, holder: str, site: str, registry: Registry) -> str:
        day = local_day(start, self.offset)
        use = registry.use_at(site, start, day)
        if self.kind_of(code) == "medical" and use == "disposal":
            return later(start, hours=self.setting(registry, "medical-plant-hours", day, site, holder))
        if self.kind_of(code) == "medical":
            return later(start, days=self.setting(registry, "medical-storage-days", day, site, holder))
        if use == "collection":
            days = self.setting(registry, "collection-storage-workdays", day, site, holder)
            return working_days_later(start, days, registry, self.offset)
        name = "licensed-storage-days" if use == "disposal" else "storage-days"
        return later(start, days=self.setting(registry, name, day, site, holder))

    def incompatible(self, registry: Registry, day: str, site: str) -> frozenset[tuple[str, str]]:
        # GB 18597-2023 has no table of its own any more: only what an authority adopted counts.
        adopted = str(registry.setting("incompatible-pairs", day, site) or "")
        pairs = [pair.split("+") for pair in adopted.split()]
        return frozenset((min(pair), max(pair)) for pair in pairs if len(pair) == 2)

    def cite(self, key: str, day: str) -> str:
        old, new = LAW[key]
        return new if day >= CODE_IN_FORCE else old


REGIME = China()
