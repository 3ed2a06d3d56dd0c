"""QR codes as squares of modules: level Q, which mends a quarter of its codewords, for drums; level M for paper."""

from __future__ import annotations

from typing import Final

import qrcode
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

QUIET: Final = 4
"""Light modules around the code (ISO/IEC 18004)."""
_MASK: Final = 0
"""Any of the eight masks can be read; choosing the prettiest costs seven times as much as the code itself."""

Modules = tuple[tuple[bool, ...], ...]


def modules(text: str, *, rough: bool = True) -> Modules:
    """The code of a text without its quiet zone, rows from the top, True is dark; `rough` for what will be dirty."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q if rough else ERROR_CORRECT_M, border=0, mask_pattern=_MASK)
    code.add_data(text, optimize=0)
    code.make()
    return tuple(tuple(map(bool, row)) for row in code.modules)
