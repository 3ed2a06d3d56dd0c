"""What a party's own systems come in by, and what tells them news: tokens and webhooks."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, ledger, requires, webhooks
from api.pages.acting import field, whole
from api.pages.shown import t
from api.pages.tables import Column, Table, tabled
from ledger.accounts import SCOPES, Token
from ledger.accounts.webhooks import TEST, Delivery, Hook
from ledger.telling import TITLES

blueprint = Blueprint("page_systems", __name__, url_prefix="/admin/systems")
_SCOPES: Final = {
    "read": ("查询", "read"),
    "statements:write": ("提交已签名的陈述", "send signed statements"),
    "webhooks": ("管理推送", "manage webhooks"),
    "mirror": ("镜像与见证", "mirror and witness"),
}
_STATES: Final = {
    "delivered": ("ok", "已送达", "delivered"),
    "waiting": ("soon", "待送", "waiting"),
    "dead": ("wrong", "已放弃", "given up"),
}
_LOG: Final = 100


@blueprint.get("")
@requires(Right.TOKENS)
def systems() -> Response:
    return _systems()


def _systems(secret: str = "", of: str = "") -> Response:
    """`secret` is shown this once; `of` is what it belongs to."""
    oversees = "regulator" in current_actor().roles
    given = [each for each in SCOPES if each != "mirror" or oversees]
    hooks = [] if oversees else [_hooks(webhooks().of_party(current_actor()))]
    return tabled(
        "systems.html", _tokens(accounts().tokens.listed(current_actor())), *hooks,
        scopes={each: _SCOPES[each] for each in given}, oversees=oversees, types=TITLES, secret=secret, of=of,
    )  # fmt: skip


def _tokens(found: list[Token]) -> Table:
    now = ledger().now()
    return Table(
        name="tokens",
        caption=t("令牌", "Tokens"),
        columns=(
            Column("name", "用途", "What for", "recorded"),
            Column("scopes", "权限", "May"),
            Column("expires_at", "有效至", "Ends", "moment"),
            Column("used_at", "最近使用", "Last used", "moment"),
            Column("state", "状态", "State", "state"),
            Column("", "操作", "Actions", "drawn"),
        ),
        rows=[
            {
                "id": each.id,
                "name": each.name,
                "scopes": t("、", ", ").join(t(*_SCOPES[scope]) for scope in each.scopes),
                "expires_at": each.expires_at,
                "used_at": each.used_at or "",
                "state": _token_state(each, now),
            }
            for each in found
        ],
        files=False,
        empty=t("还没有令牌。对接的系统凭令牌登录。", "There is no token yet. Your systems come in by one."),
    )


def _token_state(token: Token, now: str) -> tuple[str, str]:
    if token.revoked_at:
        return "wrong", t("已作废", "revoked")
    if now >= token.expires_at:
        return "unknown", t("已过期", "ended")
    if token.maker_left:
        return "soon", t("有效；生成人账号已停用，请换新后作废", "valid; its maker left: make another, revoke this")
    return "ok", t("有效", "valid")


def _hooks(found: list[Hook]) -> Table:
    return Table(
        name="webhooks",
        caption=t("推送", "Webhooks"),
        columns=(
            Column("url", "地址", "Address", "recorded", link="page"),
            Column("types", "事件", "Events"),
            Column("state", "状态", "State", "state"),
            Column("made_at", "建立时间", "Made", "moment"),
        ),
        rows=[
            {
                "url": each.url,
                "page": url_for(".webhook", hook=each.id),
                "types": t("、", ", ").join(_type(type_) for type_ in each.types) or t("全部", "all"),
                "state": _hook_state(each),
                "made_at": each.made_at,
            }
            for each in found
        ],
        files=False,
        empty=t("还没有推送地址。", "There is no webhook yet."),
    )


def _type(type_: str) -> str:
    return t("测试", "test") if type_ == TEST else t(*TITLES.get(type_, (type_, type_)))


def _hook_state(hook: Hook) -> tuple[str, str]:
    return ("wrong", t("对方已停收", "the receiver wants no more")) if hook.disabled else ("ok", t("在用", "in use"))


# ------------------------------------------------------------------------------------------------ tokens


@blueprint.post("/tokens")
@requires(Right.TOKENS)
def issue() -> Response:
    """A token; its secret is on the page that answers and nowhere else."""
    called = field("name", "用途", "what it is for")
    days = whole("days", "有效天数", "for how many days")
    made, secret = accounts().tokens.issue(
        current_actor(), name=called[:100], scopes=request.form.getlist("scope"), days=days
    )
    return _systems(secret, made.name)


@blueprint.post("/tokens/<token>/revoke")
@requires(Right.TOKENS)
def revoke(token: str) -> Response:
    accounts().tokens.revoke(current_actor(), token)
    return redirect(url_for(".systems"), 303)


# ------------------------------------------------------------------------------------------------ webhooks


@blueprint.post("/webhooks")
@requires(Right.ADMINISTER)
def add() -> Response:
    """A webhook; the secret that signs its messages is on the page that answers and nowhere else."""
    url = field("url", "地址", "an address")
    made, secret = webhooks().add(current_actor(), url, request.form.getlist("type"))
    return _systems(secret, made.url)


@blueprint.get("/webhooks/<hook>")
@requires(Right.ADMINISTER)
def webhook(hook: str) -> Response:
    return _webhook(hook)


def _webhook(id_: str, secret: str = "") -> Response:
    found = webhooks().one(current_actor(), id_)
    log = webhooks().log(current_actor(), id_, request.args.get("before", ""), _LOG)
    older = url_for(".webhook", hook=id_, before=log[-1].id) if len(log) == _LOG else ""
    state = _hook_state(found)
    return tabled("systems-webhook.html", _deliveries(log), hook=found, state=state, older=older, secret=secret, of="")


def _deliveries(log: list[Delivery]) -> Table:
    return Table(
        name="deliveries",
        caption=t("推送记录", "Deliveries"),
        columns=(
            Column("made_at", "时间", "Time", "moment"),
            Column("index", "位置", "Index", "number"),
            Column("type", "事件", "Event"),
            Column("state", "状态", "State", "state"),
            Column("attempts", "次数", "Attempts", "number"),
            Column("answer", "应答", "Answer"),
            Column("next_at", "下次", "Next", "moment"),
        ),
        rows=[
            {
                "made_at": each.made_at,
                "index": each.index,
                "type": _type(each.type),
                "state": (_STATES[each.state][0], t(*_STATES[each.state][1:])),
                "attempts": each.attempts,
                "answer": f"HTTP {each.status}" if each.status else each.error,
                "next_at": each.next_at or "",
            }
            for each in log
        ],
        files=False,
        empty=t("还没有推送。可先发送一条测试。", "Nothing was sent yet. Send a test first."),
    )


@blueprint.post("/webhooks/<hook>/test")
@requires(Right.ADMINISTER)
def test(hook: str) -> Response:
    webhooks().test(current_actor(), hook)
    return redirect(url_for(".webhook", hook=hook), 303)


@blueprint.post("/webhooks/<hook>/secret")
@requires(Right.ADMINISTER)
def rotate(hook: str) -> Response:
    """A new secret, shown once; for a day the one before signs as well."""
    _, secret = webhooks().rotate(current_actor(), hook, hours=24)
    return _webhook(hook, secret)


@blueprint.post("/webhooks/<hook>/replay")
@requires(Right.ADMINISTER)
def replay(hook: str) -> Response:
    webhooks().replay(current_actor(), hook, whole("index", "账本位置", "an index of the log"))
    return redirect(url_for(".webhook", hook=hook), 303)


@blueprint.post("/webhooks/<hook>/remove")
@requires(Right.ADMINISTER)
def remove(hook: str) -> Response:
    webhooks().remove(current_actor(), hook)
    return redirect(url_for(".systems"), 303)
