"""How pages say things: words in the reader's language, masses, moments and names, and the frame around every page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response, current_app, g, render_template, request
from markupsafe import Markup

from api.auth import Right, found_actor, ledger, queries, verify_right
from api.browser import CSRF_FIELD, csrf_token, session_secret
from api.errors import language
from ledger import telling
from ledger.accounts.actor import Actor
from ledger.custody.rate import Share
from ledger.custody.registry import Registry
from ledger.errors import LedgerError
from ledger.telling import Teller

_CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_PERMISSIONS: Final = "camera=(self), serial=(self), geolocation=(), microphone=()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu: an endpoint, its words, and who may open it."""

    endpoint: str
    zh: str
    en: str
    right: Right
    roles: frozenset[str] = frozenset()


def _entry(endpoint: str, zh: str, en: str, right: Right, *roles: str) -> Entry:
    return Entry(endpoint=endpoint, zh=zh, en=en, right=right, roles=frozenset(roles))


MENU: Final = (
    _entry("page_scan.scan", "扫码", "Scan", Right.READ),
    _entry("page_filling.fill", "装桶贴标", "Fill", Right.HANDLE, "clerk", "admin", "disposer"),
    _entry("page_stores.stores", "贮存", "Stores", Right.READ, "clerk", "admin", "disposer"),
    _entry("page_manifests.manifests", "转移联单", "Manifests", Right.READ),
    _entry("page_treatment.treat", "利用处置", "Treat", Right.HANDLE, "disposer", "admin"),
    _entry("page_offline.shift", "当班", "Shift", Right.ACT),
    _entry("page_today.today", "今日待办", "Due today", Right.READ, "clerk", "admin", "disposer"),
    _entry("page_overview.overview", "处置率", "Rate", Right.READ, "regulator", "admin", "clerk", "disposer"),
    _entry("page_exceptions.exceptions", "异常", "Exceptions", Right.READ, "regulator", "admin", "clerk", "disposer"),
    _entry("page_enterprises.enterprises", "企业", "Enterprises", Right.READ, "regulator"),
    _entry("page_acts.acts", "审批", "Approvals", Right.OVERSEE),
    _entry("page_inspections.inspections", "检查整改", "Inspections", Right.READ, "regulator"),
    _entry("page_reports.reports", "报表", "Reports", Right.READ, "regulator", "admin"),
    _entry("page_health.health", "账本状态", "Ledger", Right.ANYBODY, "regulator", "operator", "admin"),
    _entry("page_admin.admin", "管理", "Administration", Right.ANYBODY, "admin", "regulator", "operator"),
    _entry("page_admin.me", "我的账号", "My account", Right.PERSON),
)


def page(template: str, /, **context: Any) -> Response:
    """A page of ours as the whole answer, which loads nothing from anywhere else."""
    response = Response(render_template(template, **context), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Permissions-Policy"] = _PERMISSIONS
    response.headers["Referrer-Policy"] = "same-origin"  # without a referrer a form's Origin would be "null"
    response.headers["Content-Language"] = language()
    return response


def t(zh: str, en: str) -> str:
    """The words in the reader's language."""
    return en if language() == "en" else zh


def actor() -> Actor | None:
    """Who reads; None for a stranger, also for one whose cookie is no longer good."""
    try:
        return found_actor()
    except LedgerError:
        return None


def menu() -> list[Entry]:
    """What this reader may open."""
    who = actor()
    return [] if who is None else [entry for entry in MENU if _opens(entry, who)]


def _opens(entry: Entry, who: Actor) -> bool:
    if entry.endpoint not in current_app.view_functions or (entry.roles and not entry.roles & who.roles):
        return False
    try:
        verify_right(who, entry.right)
    except LedgerError:
        return False
    return True


def registry() -> Registry:
    """The registry as of now, read once a request."""
    if "registry" not in g:
        g.registry = queries().registry()
    found: Registry = g.registry
    return found


def name(stream: str | None) -> str:
    """What people call an object; "" for none."""
    return registry().name_of(stream) if stream else ""


def teller() -> Teller:
    """Tells this reader of events and exceptions."""
    return Teller("en" if language() == "en" else "zh", name, ledger().regime)


def word(key: str, table: str) -> str:
    """A key of one of the tables of ledger.telling (STATUS, LINES, TITLES …) in the reader's language."""
    return teller().word(getattr(telling, table), key)


def grams(count: int | None) -> Markup:
    """A mass in the unit that reads best, the exact grams on touch; "–" for none."""
    if count is None:
        return Markup("–")
    exact = f"{count:,} g"
    return Markup('<data class="mass" value="{}" title="{}">{}</data>').format(count, exact, mass_text(count))


def mass_text(count: int) -> str:
    """Grams as g, kg or t without rounding."""
    scale, unit = (-6, "t") if abs(count) >= 1_000_000 else (-3, "kg") if abs(count) >= 1_000 else (0, "g")
    return f"{Decimal(count).scaleb(scale).normalize():,f} {unit}"


def moment(at: str | None) -> Markup:
    """A wire moment at the ledger's clock, to the minute; "–" for none."""
    if not at:
        return Markup("–")
    return Markup('<time datetime="{}">{}</time>').format(at, teller().local(at))


def counted(count: int, zh: str, one: str, many: str = "") -> str:
    """How many of something: `one` and, where an s does not make it, `many` are its English words."""
    return t(f"{count} {zh}", f"{count} {one if count == 1 else many or f'{one}s'}")


def percent(share: Share) -> str:
    """A share in per cent, cut off after two decimals so that it never rounds up to 100; "–" when there is no mass."""
    return f"{share.percent} %" if share.percent is not None else "–"


def short(stream: str) -> str:
    """The end of an id: its start is a time that many ids share."""
    return f"…{stream[-8:]}"


def csrf() -> Markup:
    """The hidden field that every form carries."""
    secret = session_secret()
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, csrf_token(secret) if secret else "")


def once() -> Markup:
    """The hidden id that a form's statement has its own from (acting.form_id): sent twice, it is recorded once."""
    return Markup('<input type="hidden" name="id" value="{}">').format(ledger().new_id())


def other_language() -> tuple[str, str]:
    """The language that the page is not in, and its own name for itself."""
    return ("zh", "中文") if language() == "en" else ("en", "English")


def here() -> str:
    """This page's address with its query; of what answers a form, that of the page with the form."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    return urlsplit(request.referrer or "").path or "/"


GLOBALS: Final[dict[str, Callable[..., Any]]] = {
    "t": t,
    "menu": menu,
    "actor": actor,
    "csrf": csrf,
    "once": once,
    "language": language,
    "other_language": other_language,
    "here": here,
}
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "counted": counted,
    "grams": grams,
    "mass_text": mass_text,
    "moment": moment,
    "percent": percent,
    "name": name,
    "word": word,
    "short": short,
}
