"""Jurisdictions as plug-ins: one module each, chosen by the name and version that entry 0 states."""

from __future__ import annotations

from importlib import import_module

from ledger.custody.regimes.base import Regime
from ledger.errors import FormError


class UnknownRegime(FormError):
    """Entry 0 names a regime version that this program does not have."""

    code = "unknown-regime"
    zh = "不认识的法规插件 {name}"
    en = "unknown regime {name}"


MODULES = {"cn.1": "ledger.custody.regimes.cn", "us.1": "ledger.custody.regimes.us"}


def regime(name: str) -> Regime:
    """The regime of that name and version; published versions stay runnable."""
    if name not in MODULES:
        raise UnknownRegime(name=name, expected=" or ".join(MODULES), got=name)
    made: Regime = import_module(MODULES[name]).REGIME
    return made
