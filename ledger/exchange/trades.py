"""What the trades of an invented park make and how it goes its way, and who there is to take it, with which licence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledger.custody.regimes.cn import REGIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """A kind of waste and its usual way: containers of so many grams, so many in 100 days, picked up every so many
    days, to whom ("" is treated where it lies), by which method, leaving which residues (per mille of the input)."""

    code: str
    name: str
    kind: str
    basis: str
    grams: tuple[int, int]
    in_100_days: int
    every: int
    to: str
    method: str
    end: str
    residues: tuple[tuple[int, Waste], ...] = ()
    dried: tuple[str, int] | None = None
    at_once: bool = False

    @property
    def listed(self) -> bool:
        return REGIME.listed(self.code)

    @property
    def on_manifest(self) -> bool:
        """Hazardous, medical and construction waste."""
        return self.listed or REGIME.kind_of(self.code) == "construction"


def _t(low: int, high: int) -> tuple[int, int]:
    return low * 1_000, high * 1_000


KILN_SLAG = Waste(
    code="900-001-S03", name="炉渣", kind="load", basis="weighbridge", grams=_t(25_000, 32_000), in_100_days=100,
    every=1, to="kiln", method="C2", end="utilised",
)  # fmt: skip
BURNT = Waste(
    code="772-003-18", name="焚烧残渣", kind="package", basis="weighed", grams=_t(100, 900), in_100_days=0,
    every=14, to="disposer", method="D1", end="disposed",
)  # fmt: skip
FLY_ASH = Waste(
    code="772-002-18", name="生活垃圾焚烧飞灰", kind="package", basis="weighed", grams=_t(800, 1_000), in_100_days=0,
    every=1, to="landfill", method="D1", end="disposed", dried=("D9", 1_250),
)  # fmt: skip
HOUSEHOLD = Waste(
    code="SW60", name="生活垃圾", kind="load", basis="weighbridge", grams=_t(400_000, 450_000), in_100_days=100,
    every=1, to="", method="D10", end="disposed", residues=((190, KILN_SLAG), (28, FLY_ASH)),
)  # fmt: skip
OIL = Waste(
    code="900-249-08", name="废机油", kind="package", basis="weighed", grams=_t(140, 185), in_100_days=40, every=7,
    to="disposer", method="R9", end="utilised", residues=((80, BURNT),),
)  # fmt: skip
TAR = Waste(
    code="252-002-11", name="焦油渣", kind="package", basis="weighed", grams=_t(160, 240), in_100_days=300, every=7,
    to="disposer", method="D10", end="disposed", residues=((150, BURNT),),
)  # fmt: skip
SOLVENT = Waste(
    code="900-404-06", name="废有机溶剂", kind="package", basis="weighed", grams=_t(120, 180), in_100_days=250, every=7,
    to="disposer", method="D10", end="disposed", residues=((90, BURNT),),
)  # fmt: skip
ASH = Waste(
    code="900-001-S02", name="粉煤灰", kind="load", basis="weighbridge", grams=_t(28_000, 33_000), in_100_days=400,
    every=1, to="kiln", method="C2", end="utilised",
)  # fmt: skip
BAGS = Waste(
    code="841-001-01", name="感染性废物", kind="package", basis="weighed", grams=_t(4, 14), in_100_days=1_000, every=1,
    to="medical", method="Y10", end="disposed", residues=((30, BURNT),),
)  # fmt: skip
SLUDGE = Waste(
    code="SW90", name="脱水污泥", kind="load", basis="weighbridge", grams=_t(38_000, 44_000), in_100_days=100,
    every=1, to="incinerator", method="D10", end="disposed", residues=((250, KILN_SLAG),), dried=("D9", 400),
)  # fmt: skip
# In an emergency the disposer burns what the medical plant has no room for.
EMERGENCY_BAGS = replace(BAGS, to="disposer")
# Slag of which the report says that it is hazardous.
HAZARDOUS_SLAG = replace(BURNT, code="900-000-18", name="经鉴别为危险废物的炉渣")
RUBBLE = Waste(
    code="900-001-S70", name="工程渣土", kind="load", basis="weighbridge", grams=_t(13_000, 16_000), in_100_days=500,
    every=1, to="landfill", method="D1", end="disposed", at_once=True,
)  # fmt: skip

# A world of n enterprises has these trades in turn: eight enterprises are the demonstration park.
TRADES: tuple[tuple[str, tuple[Waste, ...]], ...] = (
    ("热电厂", (ASH, KILN_SLAG, OIL)),
    ("焦化厂", (TAR,)),
    ("化工厂", (SOLVENT,)),
    ("汽修厂", (OIL,)),
    ("医院", (BAGS,)),
    ("生活垃圾焚烧厂", (HOUSEHOLD,)),
    ("污水处理厂", (SLUDGE,)),
    ("建筑工地", (RUBBLE,)),
)
# Role, name, use of the site, licence (kind, classes, methods), facilities (method, purpose).
Permit = tuple[str, tuple[str, ...], tuple[str, ...]]
RECEIVERS: tuple[tuple[str, str, Permit | None, tuple[tuple[str, str], ...]], ...] = (
    ("disposer", "危废处置公司", ("comprehensive", ("HW06", "HW08", "HW11", "HW18"), ("R9", "D10", "D1")),
     (("R9", "utilise"), ("D10", "dispose"), ("D1", "dispose"), ("Y10", "dispose"))),
    ("medical", "医废处置中心", ("medical", ("HW01",), ("Y10",)), (("Y10", "dispose"),)),
    ("landfill", "固废填埋场", ("site-permit", (), ()), (("D1", "dispose"),)),
    ("kiln", "水泥窑", None, (("C2", "utilise"),)),
)  # fmt: skip
OFFICES = {
    "示例园区管委会（虚构）": ("registrar", "settings"),
    "示例区生态环境局（虚构）": ("licensing", "supervision"),
}
BURNER = (("D10", "dispose"), ("D9", "dispose"))
