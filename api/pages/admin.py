"""Administration: people, their devices and keys, what waits in quarantine, and one's own password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, ledger, requires
from api.browser import clear_cookie, set_device_cookie, this_session, verify_origin
from api.pages.acting import done, field, say
from api.pages.authority import REVOKED
from api.pages.shown import name, page, registry, short, t, teller
from api.pages.tables import Column, Table, tabled
from ledger.accounts import Person
from ledger.errors import FormError
from ledger.labels.qr import modules
from ledger.log import statement as statements
from ledger.telling import TITLES

blueprint = Blueprint("page_admin", __name__, url_prefix="/admin")
ROLES: Final = {
    "admin": ("管理员", "administrator"),
    "clerk": ("经办人", "clerk"),
    "driver": ("司机", "driver"),
    "disposer": ("接收处置人员", "disposer"),
    "regulator": ("监管人员", "regulator"),
    "operator": ("运营方", "operator"),
}
_TILES: Final = {"admin": "admin", "operator": "operator", "oversees": "regulator"}


class PasswordsDiffer(FormError):
    """The new password was typed in two ways."""

    code = "passwords-differ"
    zh = "两次输入的密码不同"
    en = "the two passwords differ"


@blueprint.get("")
@requires(Right.ANYBODY)
def admin() -> Response:
    """Where everything of one's own enterprise is looked after."""
    roles = current_actor().roles
    return page("admin.html", **{key: role in roles for key, role in _TILES.items()})


# ------------------------------------------------------------------------------------------------ people


@blueprint.get("/people")
@requires(Right.PEOPLE)
def people() -> Response:
    return _people()


def _people(link: str = "", of: Person | None = None) -> Response:
    own = "admin" in current_actor().roles
    given = ("admin", "clerk", "driver", "disposer") if own else ("admin", "regulator", "operator")
    parties = sorted(((each, name(each)) for each in registry().parties), key=lambda pair: pair[1])
    return tabled(
        "admin-people.html", _accounts(own), roles=ROLES, given=given, parties=parties, own=own, link=link, of=of
    )


_PEOPLE: Final = (
    Column("name", "登录名", "Name", "recorded"),
    Column("roles", "角色", "Roles"),
    Column("party", "单位", "Party", "recorded"),
    Column("state", "状态", "State", "state"),
    Column("made_at", "建立时间", "Made", "moment"),
    Column("", "操作", "Actions", "drawn"),
)


def _accounts(own: bool) -> Table:
    rows = [
        {
            "person": each,
            "name": each.name,
            "roles": t("、", ", ").join(t(*ROLES[role]) for role in each.roles),
            "party": name(each.party),
            "state": _account_state(each),
            "made_at": each.made_at,
        }
        for each in sorted(accounts().people(current_actor()), key=lambda each: each.name)
    ]
    columns = [column for column in _PEOPLE if column.key != "party" or not own]
    return Table(name="people", caption=t("账号", "Accounts"), columns=columns, rows=rows)


def _account_state(person: Person) -> tuple[str, str]:
    if person.disabled:
        return "wrong", t("已停用", "off")
    return ("soon", t("已邀请", "invited")) if person.invited else ("ok", t("在用", "in use"))


@blueprint.post("/people")
@requires(Right.PEOPLE)
def invite() -> Response:
    """A new account; the link that sets its password is shown once. An enterprise's people get a key kept for them."""
    called, roles = field("name", "登录名", "a name"), request.form.getlist("role")
    regions = request.form.get("regions", "").split()
    person, secret = accounts().invite(
        current_actor(), name=called, roles=roles, party=request.form.get("party", ""), regions=regions
    )
    if not {"operator", "regulator"} & set(roles):
        key = ledger().keep_key(party=person.party, person=person.person)
        accounts().keys.wait(key, admin="admin" in roles)
    return _people(_link(secret), person)


@blueprint.post("/people/<account>/reset")
@requires(Right.PEOPLE)
def reset(account: str) -> Response:
    secret = accounts().reset(current_actor(), account)
    return _people(_link(secret), accounts().one(current_actor(), account))


@blueprint.post("/people/<account>/switch")
@requires(Right.PEOPLE)
def switch(account: str) -> Response:
    """Switch an account off, which ends its sessions, or on again."""
    accounts().disable(current_actor(), account, request.form.get("to") == "off")
    return redirect(url_for(".people"), 303)


@blueprint.post("/people/<account>/roles")
@requires(Right.ADMINISTER)
def set_roles(account: str) -> Response:
    accounts().set_roles(current_actor(), account, request.form.getlist("role"))
    return redirect(url_for(".people"), 303)


def _link(secret: str) -> str:
    return url_for("page_admin.invitation", secret=secret, _external=True)


@blueprint.get("/invitation/<secret>")
@requires(Right.PUBLIC)
def invitation(secret: str) -> Response:
    """Where a new person, or one who forgot it, sets a password."""
    return page("admin-invitation.html", secret=secret)


@blueprint.post("/invitation/<secret>")
@requires(Right.PUBLIC)
def accept(secret: str) -> Response:
    verify_origin()
    accounts().accept(secret, _new_password())
    return redirect(url_for("page_entrance.sign_in"), 303)


def _new_password() -> str:
    new = field("new", "新密码", "a new password")
    if new != request.form.get("again"):
        raise PasswordsDiffer(expected=t("两次相同", "the same twice"))
    return new


# ------------------------------------------------------------------------------------------------ oneself


@blueprint.get("/me")
@requires(Right.PERSON)
def me() -> Response:
    return own_page()


def own_page(offer: tuple[str, str] | None = None, onward: str = "") -> Response:
    """One's own account: a secret for an authenticator and the way on to the organisation's log-in, where asked for."""
    who, linked = current_actor(), accounts().linked
    return page(
        "admin-me.html",
        offer=offer,
        onward=onward,
        offered=linked.offered,
        linked=linked.has(who),
        passkeys=accounts().passkeys.of(who),
    )


@blueprint.post("/me/password")
@requires(Right.PERSON)
def change_password() -> Response:
    old, new = field("old", "原密码", "the old password"), _new_password()
    accounts().change_password(current_actor(), old, new, session=this_session(), address=request.remote_addr or "")
    return redirect(url_for(".me", changed="password"), 303)


@blueprint.post("/me/codes/new")
@requires(Right.PERSON)
def offer_codes() -> Response:
    """A new secret for an authenticator app; asked for at log-in once it is confirmed."""
    return own_page(accounts().offer_totp(current_actor()))


@blueprint.post("/me/codes")
@requires(Right.PERSON)
def set_codes() -> Response:
    accounts().set_totp(
        current_actor(),
        request.form.get("secret", ""),
        request.form.get("code", "").strip(),
        field("password", "密码", "the password"),
        address=request.remote_addr or "",
    )
    return redirect(url_for(".me", changed="codes"), 303)


@blueprint.post("/me/badge")
@requires(Right.ACT)
def new_badge() -> Response:
    """A PIN of one's own and a new badge, whose code is shown once, to be printed."""
    badge = accounts().shared.set_pin(current_actor(), field("pin", "PIN", "a PIN"))
    squares = modules(badge)
    return page("admin-badge.html", squares=squares, size=len(squares))


# ------------------------------------------------------------------------------------------------ devices and keys


@blueprint.get("/devices")
@requires(Right.READ)
def devices() -> Response:
    """Keys that wait for a signature, keys in use, and statements in quarantine."""
    who = current_actor()
    called = {each.person: each.name for each in accounts().people(who)} if "admin" in who.roles else {}
    return tabled(
        "admin-devices.html",
        _keys(called),
        admin="admin" in who.roles,
        oversees="regulator" in who.roles,
        waiting=accounts().keys.waiting(who),
        quarantine=[_quarantined(row) for row in accounts().keys.quarantined(who)],
        called=called,
        reasons=REVOKED,
        shared=accounts().shared.devices(who),
    )


_KEYS: Final = (
    Column("person", "人员", "Person", "recorded"),
    Column("key", "密钥", "Key", "drawn"),
    Column("kind", "种类", "Kind"),
    Column("signed", "已签名", "Signed", "number"),
    Column("state", "状态", "State", "state"),
    Column("", "操作", "Actions", "drawn"),
)


def _keys(called: Mapping[str, str]) -> Table:
    rows = [
        {
            "stream": row.stream,
            "person": called.get(row.person, short(row.person)),
            "key": row.key.hex(),
            "kind": _key_kind(row),
            "signed": row.seq,
            "state": ("ok", t("在用", "in use")) if row.revoked_last_seq is None else ("wrong", t("已吊销", "revoked")),
        }
        for row in accounts().keys.enrolled(current_actor())
    ]
    columns = _KEYS if current_actor().roles & {"admin", "regulator"} else _KEYS[:-1]
    return Table(name="keys", caption=t("密钥", "Keys"), columns=columns, rows=rows)


def _key_kind(row: Any) -> str:
    if row.purpose == "label":
        kind = t("标签密钥", "label key")
    else:
        kind = t("代管", "kept by this server") if row.server else t("设备自有", "of a device")
    return kind + (t("，管理员", ", administrator") if row.admin else "")


@blueprint.post("/shared-devices")
@requires(Right.ADMINISTER)
def share_device() -> Response:
    """Make this very browser a shared device, and leave it so: the administrator signs out of it."""
    secret = accounts().shared.share(current_actor(), field("name", "设备名称", "a name of the device"))
    accounts().log_out(this_session())
    response = redirect(url_for("page_entrance.sign_in"), 303)
    set_device_cookie(response, secret)  # type: ignore[arg-type]
    clear_cookie(response)  # type: ignore[arg-type]
    return response


@blueprint.post("/shared-devices/<device>/drop")
@requires(Right.ADMINISTER)
def drop_device(device: str) -> Response:
    accounts().shared.unshare(current_actor(), device)
    return redirect(url_for(".devices"), 303)


@blueprint.post("/people/<account>/badge/drop")
@requires(Right.ADMINISTER)
def drop_badge(account: str) -> Response:
    """A lost badge, or a PIN that somebody saw: neither counts any more."""
    accounts().shared.drop_badge(accounts().one(current_actor(), account).id)
    return redirect(url_for(".people"), 303)


def _quarantined(row: Any) -> dict[str, Any]:
    said = statements.parse(row.bytes)
    words = teller().word(TITLES, said.type)
    return {"hash": row.statement.hex(), "words": words, "at": said.at, "adopted": row.adopted_by is not None}


@blueprint.post("/devices/<key>/confirm")
@requires(Right.ACT)
def confirm(key: str) -> Response:
    """Sign a waiting key's enrolment; first compare the first letters with those on the device."""
    body = accounts().keys.one_waiting(current_actor(), key).body
    return done(url_for(".devices"), say("key-enrolled", body))


@blueprint.post("/devices/<key>/dismiss")
@requires(Right.PERSON)
def dismiss(key: str) -> Response:
    accounts().keys.dismiss(current_actor(), key)
    return redirect(url_for(".devices"), 303)


@blueprint.post("/devices/<key>/revoke")
@requires(Right.ADMINISTER)
def revoke(key: str) -> Response:
    """From now on what the key signs is quarantined; what was received stays."""
    row = accounts().keys.one(current_actor(), key)
    reason = field("reason", "原因", "a reason")
    body = {"key": key, "holder": row.party, "last_seq": row.seq, "reason": reason}
    return done(url_for(".devices"), say("key-revoked", body))


@blueprint.post("/quarantine/<statement>/adopt")
@requires(Right.ACT)
def adopt(statement: str) -> Response:
    """Say a quarantined statement's event again, under one's own responsibility."""
    said = statements.parse(accounts().keys.one_quarantined(current_actor(), statement).bytes)
    body = {"statement": statement, "type": said.type, "at": said.at, "body": said.body}
    return done(url_for(".devices"), say("statement-adopted", body))
