"""The 37-character 数字识别码 (HJ 1276-2022): credit code, waste code, day, serial; taken from reserved blocks.

A credit code and waste code have 999 a day, over all sites. Devices reserve blocks of serials while online; who has
none left prints PENDING and prints again later. The code is an attribute of the label, never an identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ledger.custody.regimes.cn import check_character
from ledger.errors import FormError

PENDING: Final = "代码待发"
SERIAL_MAX: Final = 999
SERIAL_DIGITS: Final = 3
AHEAD: Final = timedelta(days=31)  # a block is reserved no earlier before its day: nobody looks for it further back
_form = re.compile(r"([0-9A-HJ-NPQRTUWXY]{18})(\d{8})(\d{8})(\d{3})", re.ASCII).fullmatch
_waste = re.compile(r"\d{3}-\d{3}-\d{2}", re.ASCII).fullmatch


class DigitalCodeForm(FormError):
    """Not a digital code, or nothing that one can be made of."""

    code = "digital-code-form"
    zh = "数字识别码不合规：{detail}"
    en = "the digital code is not well-formed: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalCode:
    """A 数字识别码 in its parts; making one checks them. `code` has its dashes, `day` is YYYY-MM-DD."""

    credit_code: str
    code: str
    day: str
    serial: int

    def __post_init__(self) -> None:
        if not _waste(self.code):
            raise DigitalCodeForm(detail="waste code", expected="AAA-BBB-CC", got=self.code)
        if not 1 <= self.serial <= SERIAL_MAX:
            raise DigitalCodeForm(detail="serial", expected=f"1 to {SERIAL_MAX}", got=self.serial)
        if not _form(self.text):
            raise DigitalCodeForm(detail="characters", expected="37: 18 + 8 + 8 + 3", got=self.text)
        expected = check_character(self.credit_code[:17])
        if self.credit_code[17] != expected:
            raise DigitalCodeForm(detail="check character of the credit code", expected=expected, got=self.credit_code)
        try:
            date.fromisoformat(self.day)
        except ValueError:
            raise DigitalCodeForm(detail="day", expected="a day that exists", got=self.day) from None

    @property
    def text(self) -> str:
        return f"{self.credit_code}{self.code.replace('-', '')}{self.day.replace('-', '')}{self.serial:03}"


def parse(text: str) -> DigitalCode:
    """The digital code that a text is; blanks between its groups are read over. Raises DigitalCodeForm."""
    parts = _form("".join(text.split()))
    if parts is None:
        raise DigitalCodeForm(detail="characters", expected="37: 18 + 8 + 8 + 3", got=text[:60])
    credit, code, day, serial = parts.groups()
    return DigitalCode(
        credit_code=credit,
        code=f"{code[:3]}-{code[3:6]}-{code[6:]}",
        day=f"{day[:4]}-{day[4:6]}-{day[6:]}",
        serial=int(serial),
    )


def free_codes(
    credit_code: str, code: str, day: str, blocks: Iterable[tuple[int, int]], used: AbstractSet[str]
) -> Iterator[str]:
    """The digital codes still free in the reserved blocks (first, last) of that credit code, waste code and day."""
    for serial in sorted({serial for first, last in blocks for serial in range(first, last + 1)}):
        made = DigitalCode(credit_code=credit_code, code=code, day=day, serial=serial).text
        if made not in used:
            yield made


def free_block(count: int, blocks: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    """The next `count` serials behind every block reserved that day; None when the day's 999 do not hold them."""
    first = max((last for _, last in blocks), default=0) + 1
    return (first, first + count - 1) if first + count - 1 <= SERIAL_MAX else None
