"""Saying something from a page: a form becomes an event, signed with the key that the server keeps for the person.

Two ways beside it sign on the person's own device: the shift's page (static/shift.js) and an authority's forms
(static/say.js).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson
from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from api.auth import current_actor, ledger, queries
from api.browser import CSRF_FIELD
from api.pages.shown import t
from ledger.custody.regimes.base import moment_of, text_of
from ledger.errors import FormError, LedgerError
from ledger.exchange.author import seal
from ledger.log.hashing import sha256
from ledger.log.ids import is_uuid7, new_uuid7, uuid7_ms
from ledger.service import Answer
from ledger.store.answers import UnknownKey

UNITS: Final = {"g": 0, "kg": 3, "t": 6}


class BadMass(FormError):
    """A mass that is no number of whole grams."""

    code = "bad-mass"
    zh = "重量不正确"
    en = "the mass is not correct"


class BadYear(FormError):
    """A year that no plan or report can be for."""

    code = "bad-year"
    zh = "年度不正确"
    en = "the year is not correct"


class KeyNotConfirmed(LedgerError):
    """The key that the server keeps for somebody is not in the ledger yet."""

    code = "key-not-confirmed"
    zh = "您的密钥还未确认，暂不能记录：请本单位管理员在“管理”的“设备与密钥”中确认并签名"
    en = (
        "your key is not confirmed yet, so nothing can be recorded: ask your administrator to confirm and sign it under"
        " Administration, Devices and keys"
    )


class FieldMissing(FormError):
    """A form came without something that it needs."""

    code = "field-missing"
    zh = "请填写{what}"
    en = "{what} is needed"


def say(type_: str, body: Mapping[str, Any], *, at: str = "", id_: str | None = None) -> Answer:
    """Record an event for whoever is logged in, at the moment given or now; raises what it was refused for.

    `body` may hold `{"clear": text}` for what is personal. With the form's hidden id it is safe to send twice.
    """
    return say_all([(type_, body)], at=at, id_=id_)[0]


def say_all(events: Sequence[tuple[str, Mapping[str, Any]]], *, at: str = "", id_: str | None = None) -> list[Answer]:
    """The same for several events, all at once; sent twice, the answer of the first is the only one."""
    moment = at or ledger().now()
    sealed = [(type_, *seal(dict(body), os.urandom)) for type_, body in events]
    said = [(type_, body, moment, texts) for type_, body, texts in sealed]
    try:
        answers = ledger().record_all_for(current_actor().person, said, id_ or form_id() or None)
    except UnknownKey:
        raise KeyNotConfirmed() from None
    for answer in answers:
        if answer.error is not None:
            raise answer.error
    return answers


def form_id() -> str:
    """The id under which this very form is recorded: of its hidden one and of all that is filled in, so that a page
    that was gone back to, or copied into another tab, says something else under another id; "" without a hidden one."""
    given = request.form.get("id", "")
    if not is_uuid7(given):
        return given
    filled = sorted(item for item in request.form.items(multi=True) if item[0] != CSRF_FIELD)
    return new_uuid7(uuid7_ms(given), sha256(orjson.dumps(filled))[:10])


def said_before() -> bool:
    """True when this very form was sent already: it is answered as it was, whatever has changed since."""
    try:
        ledger().record_of(form_id())
    except LedgerError:
        return False
    return True


def settle() -> None:
    """Let the next page show what was just said, without waiting for the work beside the server."""
    ledger().sequence()
    queries().projector.follow()


def done(where: str, answer: Answer) -> AnyResponse:
    """Go on to a page, which then shows that it was recorded and leads to the proof."""
    settle()
    return redirect(f"{where}{'&' if '?' in where else '?'}done={answer.id}", 303)


def field(name: str, zh: str, en: str) -> str:
    """A text of the form that must be there."""
    value = request.form.get(name, "").strip()
    if not value:
        raise FieldMissing(what=t(zh, en))
    return value


def whole(name: str, zh: str, en: str) -> int:
    """A number of the form from 0 on that must be there; raises FormError."""
    text = field(name, zh, en)
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise FormError(detail=t(zh, en), expected=t("整数", "a whole number"), got=text[:40])
    return int(text)


def optional(**texts: str) -> dict[str, str]:
    """The given fields of an event without those that are blank: what is not said is absent."""
    return {key.rstrip("_"): value.strip() for key, value in texts.items() if value.strip()}


def year_of(text: str) -> int:
    """A calendar year of the ledger's age; raises BadYear."""
    if not (len(text) == 4 and text.isascii() and text.isdigit() and 2000 <= int(text) <= 2200):
        raise BadYear(expected="2000 – 2200", got=text[:20])
    return int(text)


def local_moment(text: str) -> str:
    """The moment of a form's date and time, which are the ledger's clock's; raises FormError."""
    try:
        return text_of(moment_of(f"{text}:00.000Z") - ledger().regime.offset)
    except ValueError:
        raise FormError(detail=t("日期和时间", "date and time"), expected="YYYY-MM-DDTHH:MM", got=text[:40]) from None


def grams(text: str, unit: str) -> int:
    """Whole grams of a number in g, kg or t; raises BadMass for anything finer, negative or no number."""
    try:
        value = Decimal(text.strip().replace(",", "")).scaleb(UNITS[unit])
    except (InvalidOperation, KeyError):
        raise BadMass(expected=t("以 g、kg 或 t 计的数", "a number in g, kg or t"), got=f"{text} {unit}") from None
    if not value.is_finite() or value < 0 or value != value.to_integral_value():
        raise BadMass(expected=t("整克数，不为负", "whole grams, not negative"), got=f"{text} {unit}")
    return int(value)


def mass(prefix: str = "mass") -> dict[str, Any]:
    """The mass of a form's `<prefix>` and `<prefix>_unit` fields, as weighed."""
    value, unit = field(prefix, "重量", "the mass"), request.form.get(f"{prefix}_unit", "kg")
    return {"basis": "weighed", "net_g": grams(value, unit)}
