"""Values as people type them: masses, volumes, moments, `NAME=VALUE`; anything else is a misuse that names its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

import click

from cli.words import say
from ledger.custody.regimes.base import text_of

T = TypeVar("T")
GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "t": Decimal(1_000_000)}
MILLILITRES = {"ml": Decimal(1), "l": Decimal(1000), "m3": Decimal(1_000_000)}
_QUANTITY = re.compile(r"(\d{1,13}(?:\.\d{1,9})?) ?([a-z3]+)")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?) ?(Z|[+-]\d\d:\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A mass in grams or a volume in millilitres, with value and unit as they were typed."""

    whole: int
    value: str
    unit: str


class QuantityType(click.ParamType[Quantity]):
    """A number with its unit, converted exactly; a fraction of a gram (or millilitre) is refused, never rounded."""

    def __init__(self, name: str, units: Mapping[str, Decimal], example: str) -> None:
        self.name = name
        self._units = units
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Quantity:
        if isinstance(value, Quantity):
            return value
        parts = _QUANTITY.fullmatch(str(value).strip().lower())
        if parts is None or parts[2] not in self._units:
            units = ", ".join(self._units)
            self.fail(say(f"{value}：应为 {self._example}（{units}）", f"{value}: expected {self._example} ({units})"))
        exact = Decimal(parts[1]) * self._units[parts[2]]
        if exact != int(exact):
            smallest = next(iter(self._units))
            self.fail(say(f"{value}：应为整数 {smallest}", f"{value}: expected whole {smallest}"))
        return Quantity(int(exact), f"{Decimal(parts[1]).normalize():f}", parts[2])


MASS = QuantityType("mass", GRAMS, "182.5kg")
VOLUME = QuantityType("volume", MILLILITRES, "200l")


class PairType(click.ParamType[tuple[str, Any]], Generic[T]):
    """`NAME=VALUE`, or the name alone where the value may be left out."""

    def __init__(self, name: str, value: click.ParamType[T] | None = None, optional: bool = True) -> None:
        self.name = name
        self._value = value
        self._optional = optional

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        name, given, rest = str(value).partition("=")
        if not name or (not given and not self._optional):
            self.fail(say(f"{value}：应为 名称=值", f"{value}: expected NAME=VALUE"))
        return name, (self._value.convert(rest, param, ctx) if self._value else rest) if given else None


PIECE: PairType[Quantity] = PairType("name[=mass]", MASS)
WEIGHED: PairType[Quantity] = PairType("name=mass", MASS, optional=False)
REASON: PairType[str] = PairType("name=reason", optional=False)


def moment_at(text: str | None, now_ms: int, offset: timedelta) -> str:
    """A wire moment: now, an RFC 3339 time, or a day with or without a time at the ledger's own clock."""
    if text is None:
        return text_of(datetime.fromtimestamp(now_ms // 1000, UTC) + timedelta(milliseconds=now_ms % 1000))
    parts = _MOMENT.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        at = datetime.fromisoformat(f"{parts[1]}T{parts[2] or '00:00'}{parts[3] or '+00:00'}")
    except ValueError:
        example = "2026-03-01 14:30"
        raise click.BadParameter(
            say(f"{text}：应为 {example} 或 RFC 3339", f"{text}: expected {example} or RFC 3339"), param_hint="--at"
        ) from None
    return text_of(at if parts[3] else at - offset)


def weighed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that takes a mass; `mass_of` puts them together."""
    for option in (
        click.option(
            "--basis",
            type=click.Choice(["weighed", "weighbridge", "metered", "volume", "counted", "estimated", "document"]),
            help="How the mass came about (weighed; with --volume alone: volume).",
        ),
        click.option("--volume", type=VOLUME, help="A volume; without a mass the mass stays unknown."),
        click.option("--tare", type=MASS, help="The empty container."),
        click.option("--gross", type=MASS, help="With the container; net = gross - tare."),
        click.option("--mass", "net", type=MASS, help="Net mass, for instance 182.5kg, 0.2t or 1820g."),
    ):
        function = option(function)
    return function


def mass_of(
    net: Quantity | None,
    gross: Quantity | None = None,
    tare: Quantity | None = None,
    volume: Quantity | None = None,
    basis: str | None = None,
) -> dict[str, Any]:
    """The wire form of a mass; misuse when none of the ways to say it is complete."""
    if gross is not None and tare is not None and net is None:
        mass: dict[str, Any] = {"net_g": gross.whole - tare.whole}
        if mass["net_g"] < 0:
            raise click.UsageError(say("毛重小于皮重", "gross is less than tare"))
    elif net is not None:
        mass = {"net_g": net.whole, "declared": {"value": net.value, "unit": net.unit}}
    elif volume is not None or basis == "counted":
        mass = {}
    else:
        raise click.UsageError(
            say("请给出 --mass，或 --gross 与 --tare，或 --volume", "give --mass, or --gross and --tare, or --volume")
        )
    mass["basis"] = basis or ("volume" if not mass else "weighed")
    weights = {"gross_g": gross, "tare_g": tare, "volume_ml": volume}
    return mass | {name: each.whole for name, each in weights.items() if each is not None}
