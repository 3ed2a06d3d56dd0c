"""EPA's codes for units and containers, and the one conversion into grams and millilitres, exact until rounded once."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from types import MappingProxyType

# EPA's unit → ours. G is gallons, not grams; T is 2,000 pounds; Y and N are cubic yards and metres.
UNITS = MappingProxyType(
    {"P": "lb", "T": "ton-us", "K": "kg", "M": "t", "G": "gal-us", "L": "l", "Y": "yd3", "N": "m3"}
)
EPA_UNITS = MappingProxyType({ours: epa for epa, ours in UNITS.items()})
UNIT_WORDS = MappingProxyType(
    {
        "P": "Pounds",
        "T": "Tons (2000 Pounds)",
        "K": "Kilograms",
        "M": "Metric Tons (1000 Kilograms)",
        "G": "Gallons",
        "L": "Liters",
        "Y": "Cubic Yards",
        "N": "Cubic Meters",
    }
)
GRAMS = MappingProxyType(
    {
        "g": Decimal(1),
        "kg": Decimal(1_000),
        "t": Decimal(1_000_000),
        "lb": Decimal("453.59237"),
        "ton-us": Decimal("907184.74"),
    }
)
MILLILITRES = MappingProxyType(
    {
        "l": Decimal(1_000),
        "m3": Decimal(1_000_000),
        "gal-us": Decimal("3785.411784"),
        "yd3": Decimal("764554.857984"),
    }
)
# EPA's unit of density → grams in so many millilitres: 1 is pounds to the gallon, 2 is specific gravity.
DENSITIES = MappingProxyType({"1": (GRAMS["lb"], MILLILITRES["gal-us"]), "2": (Decimal(1), Decimal(1))})
DENSITY_WORDS = MappingProxyType({"1": "lbs/gal", "2": "sg"})
CONTAINERS = MappingProxyType(
    {
        "BA": "Burlap, cloth, paper, or plastic bags",
        "CF": "Fiber or plastic boxes, cartons, cases",
        "CM": "Metal boxes, cartons, cases (including roll offs)",
        "CW": "Wooden boxes, cartons, cases",
        "CY": "Cylinders",
        "DF": "Fiberboard or plastic drums, barrels, kegs",
        "DM": "Metal drums, barrels, kegs",
        "DT": "Dump truck",
        "DW": "Wooden drums, barrels, kegs",
        "HG": "Hopper or gondola cars",
        "TC": "Tank cars",
        "TP": "Portable tanks",
        "TT": "Cargo tanks (tank trucks)",
    }
)
CONTAINER_CODES = MappingProxyType({words: code for code, words in CONTAINERS.items()})


def whole(exact: Decimal) -> int:
    """The nearest whole number, halves to the even one."""
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def mass_of(value: Decimal, unit: str, density: tuple[Decimal, str] | None) -> tuple[int | None, int | None]:
    """Grams and millilitres of a declared quantity, each rounded once from the exact product; None where unknown.

    `density` (value, EPA's unit of density) turns a volume into grams without rounding the volume first.
    """
    with localcontext(prec=60):
        if unit in GRAMS:
            return whole(value * GRAMS[unit]), None
        volume = value * MILLILITRES[unit]
        if density is None:
            return None, whole(volume)
        grams, millilitres = DENSITIES[density[1]]
        return whole(volume * density[0] * grams / millilitres), whole(volume)


def density_of(value: Decimal, unit: str, net_g: int) -> tuple[str, str] | None:
    """The density of two decimals by which a declared volume became these grams, in EPA's first unit that has one."""
    with localcontext(prec=60):
        for of, (grams, millilitres) in DENSITIES.items():
            density = net_g * millilitres / grams / (value * MILLILITRES[unit]) if value else Decimal(0)
            density = density.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
            if density and mass_of(value, unit, (density, of))[0] == net_g:
                return f"{density.normalize():f}", of
    return None
