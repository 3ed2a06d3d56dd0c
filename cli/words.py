"""The reader's language, and how masses and moments are said to a person."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from decimal import Decimal

import click

_LANG = "wasteledger.language"


def language() -> str:
    """ "zh" or "en": as asked with --lang, else by the environment alone, as a new machine has no Chinese locale."""
    context = click.get_current_context(silent=True)
    if context is not None and _LANG in context.meta:
        return str(context.meta[_LANG])
    names = (os.environ.get(variable) for variable in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").startswith("zh") else "en"


def speak(context: click.Context, _option: click.Parameter, chosen: str | None) -> None:
    """Callback of --lang: this language for the whole call."""
    if chosen is not None:
        context.meta[_LANG] = chosen


def say(zh: str, en: str) -> str:
    """The words in the reader's language."""
    return zh if language() == "zh" else en


def mass(grams: int) -> str:
    """Grams as kilograms, exactly."""
    return f"{Decimal(grams).scaleb(-3).normalize():,f} kg"


def local(moment: str, offset: timedelta) -> str:
    """A wire moment at the ledger's own clock, to the minute."""
    return (datetime.fromisoformat(moment) + offset).strftime("%Y-%m-%d %H:%M")


def short(stream: str) -> str:
    """The end of an id: its start is a time that many ids share."""
    return f"…{stream[-8:]}"
