"""Logging in, staying in, being thrown out; who may let in whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from sqlalchemy import select

from ledger.accounts import Actor
from ledger.accounts.errors import (
    CodeNeeded,
    LastAdministrator,
    LinkInvalid,
    LoginRefused,
    NameTaken,
    NoSuch,
    NotAllowed,
    PasswordWeak,
    RoleUnknown,
    ScopeUnknown,
    Throttled,
)
from ledger.errors import LedgerError
from ledger.store import tables as t
from tests.integration.accounts.conftest import PASSWORD, House


def test_right_name_and_password_open_a_session_and_anything_else_does_not(house: House) -> None:
    actor = house.actor("ADMIN")
    assert (actor.party, set(actor.roles), actor.via) == (house.admin.party, {"admin"}, "session")
    for name, password in (("admin", PASSWORD + "x"), ("nobody", PASSWORD), ("admin", "")):
        with pytest.raises(LoginRefused):
            house.log_in(name, password)


def test_the_database_holds_neither_passwords_nor_secrets_of_sessions_tokens_or_links(house: House) -> None:
    session = house.log_in("admin")
    _, token = house.accounts.tokens.issue(house.admin, name="ERP", scopes=["read"], days=30)
    _, link = house.accounts.invite(house.admin, name="clerk", roles=["clerk"])
    with house.world.ledger.engine.connect() as connection:
        for table in (t.account, t.login_session, t.api_token, t.invitation):
            stored = repr(connection.execute(select(table)).all())
            for secret in (PASSWORD, session, token, link, token.rpartition("_")[2]):
                assert secret not in stored


def test_after_five_failures_from_one_address_the_right_password_is_not_looked_at_for_a_while(house: House) -> None:
    for _ in range(5):
        with pytest.raises(LoginRefused):
            house.log_in("other", "wrong password")
    with pytest.raises(Throttled) as refusal:
        house.log_in("other")
    assert refusal.value.fields["retry_after"] == 15 * 60
    house.log_in("other", address="192.0.2.2")  # its owner, elsewhere, is not locked out
    house.world.clock.advance(ms=15 * 60_000)
    house.log_in("other")


def test_a_success_forgets_the_failures_before_it(house: House) -> None:
    for _ in range(4):
        for _ in range(4):
            with pytest.raises(LoginRefused):
                house.log_in("other", "wrong password")
        house.log_in("other")


def test_many_addresses_together_get_fifty_tries_at_one_name(house: House) -> None:
    refused = [LoginRefused] * 50 + [Throttled]
    for n, expected in enumerate(refused):
        with pytest.raises(expected):
            house.log_in("other", "wrong password", address=f"192.0.2.{n}")


def test_one_address_gets_a_hundred_tries_at_many_names(house: House) -> None:
    for n in range(97):  # three log-ins made this house
        with pytest.raises(LoginRefused):
            house.log_in(f"name{n}", "wrong password", address="192.0.2.77")
    for n in range(3):
        with pytest.raises(LoginRefused):
            house.log_in(f"more{n}", "wrong password", address="192.0.2.77")
    with pytest.raises(Throttled):
        house.log_in("admin", address="192.0.2.77")


def test_tries_at_the_same_moment_count_like_tries_one_after_another(house: House) -> None:
    def attempt(_: int) -> str:
        try:
            house.log_in("other", "wrong password")
        except LedgerError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(12) as pool:
        codes = sorted(pool.map(attempt, range(12)))
    assert codes == ["login-refused"] * 5 + ["login-throttled"] * 7


def test_a_session_ends_when_left_alone_when_old_and_when_logged_out(house: House) -> None:
    seen = house.accounts.actor_for_session
    secret = house.log_in("admin")
    house.world.clock.advance(hours=11)
    assert seen(secret) is not None
    house.world.clock.advance(hours=12)
    assert seen(secret) is None
    secret = house.log_in("admin")
    for _ in range(16):
        assert seen(secret) is not None
        house.world.clock.advance(hours=10)
        seen(secret)
    house.world.clock.advance(hours=8)
    assert seen(secret) is None
    secret = house.log_in("admin")
    house.accounts.log_out(secret)
    assert seen(secret) is None
    assert seen("") is None
    assert seen("no such session") is None


def test_logging_in_ends_the_session_that_the_browser_had(house: House) -> None:
    first = house.log_in("admin")
    second = house.log_in("admin", replaces=first)
    assert first != second
    assert house.accounts.actor_for_session(first) is None
    assert house.accounts.actor_for_session(second) is not None


def test_a_new_password_ends_every_other_session(house: House) -> None:
    here, there = house.log_in("admin"), house.log_in("admin")
    with pytest.raises(LoginRefused):
        house.accounts.change_password(house.admin, "wrong", "another good one", session=here, address="192.0.2.1")
    house.accounts.change_password(house.admin, PASSWORD, "another good one", session=here, address="192.0.2.1")
    assert house.accounts.actor_for_session(here) is not None
    assert house.accounts.actor_for_session(there) is None
    house.log_in("admin", "another good one")


@pytest.mark.parametrize(
    "password", ["short", "1234567890123", "aaaaaaaaaaaaaa", "my-ADMIN-word", "x" * 257, "9876543210"]
)
def test_a_password_that_would_be_guessed_is_not_taken(house: House, password: str) -> None:
    with pytest.raises(PasswordWeak):
        house.accounts.set_password("admin", password)


def test_a_one_time_code_is_asked_for_and_counts_once(house: House) -> None:
    secret, uri = house.accounts.offer_totp(house.admin)
    assert uri.startswith("otpauth://totp/") and secret in uri
    totp = pyotp.TOTP(secret)

    def code() -> str:
        return totp.at(house.world.clock.ms // 1000)

    with pytest.raises(LoginRefused):
        house.accounts.set_totp(house.admin, secret, "000000", PASSWORD, address="192.0.2.1")
    house.accounts.set_totp(house.admin, secret, code(), PASSWORD, address="192.0.2.1")
    with pytest.raises(CodeNeeded):
        house.log_in("admin")
    with pytest.raises(LoginRefused):
        house.log_in("admin", code=code())  # that code set it up
    house.world.clock.advance(ms=30_000)
    house.log_in("admin", code=code())
    with pytest.raises(LoginRefused):
        house.log_in("admin", code=code())
    with house.world.ledger.engine.connect() as connection:
        assert secret not in repr(connection.execute(select(t.account)).all())


def test_an_invitation_sets_one_password_once_and_not_for_ever(house: House) -> None:
    person, secret = house.accounts.invite(house.admin, name="张三", roles=["clerk", "driver"])
    assert person.invited and person.party == house.admin.party
    with pytest.raises(LoginRefused):
        house.log_in("张三", "")
    with pytest.raises(PasswordWeak):
        house.accounts.accept(secret, "short")
    house.accounts.accept(secret, PASSWORD)
    assert house.actor("张三").roles == {"clerk", "driver"}
    with pytest.raises(LinkInvalid):
        house.accounts.accept(secret, "another password")
    late = house.accounts.reset(house.admin, person.id)
    house.world.clock.advance(hours=7 * 24)
    with pytest.raises(LinkInvalid):
        house.accounts.accept(late, "another password")


def test_names_are_taken_once_and_roles_must_exist(house: House) -> None:
    with pytest.raises(NameTaken):
        house.accounts.invite(house.admin, name="Other", roles=["clerk"])
    with pytest.raises(NotAllowed):
        house.accounts.invite(house.admin, name="x", roles=["root"])
    with pytest.raises(RoleUnknown):
        house.accounts.create(name="x", password=PASSWORD, roles=["root"], party=house.admin.party)
    for name in ("", " ", "a\nb", "x" * 65, "-x"):
        with pytest.raises(LedgerError, match="log-in name"):
            house.accounts.invite(house.admin, name=name, roles=["clerk"])


def test_nobody_gives_more_than_their_role_allows(house: House) -> None:
    clerk = house.member("clerk", "clerk")
    authority = house.world.authority.party
    new = house.world.new("party")

    def refused(by: Actor, party: str, *roles: str, regions: tuple[str, ...] = ()) -> None:
        with pytest.raises(NotAllowed):
            house.accounts.invite(by, name="x", roles=roles, party=party, regions=regions)

    refused(clerk, clerk.party, "clerk")
    refused(house.admin, house.other.party, "clerk")
    refused(house.admin, house.admin.party, "operator")
    refused(house.admin, house.admin.party, "regulator", regions=("32",))
    refused(house.operator, house.admin.party, "admin")  # it has an administrator
    refused(house.operator, new, "clerk")
    refused(house.operator, new, "regulator", regions=("32",))  # no authority
    refused(house.operator, new, "operator")
    house.accounts.invite(house.operator, name="first", roles=["admin"], party=new)
    made, _ = house.accounts.invite(house.operator, name="epb", roles=["regulator"], party=authority, regions=["3205"])
    assert made.regions == ("3205",)


def test_another_partys_accounts_and_tokens_are_answered_like_absent_ones(house: House) -> None:
    theirs = house.member("theirs", "clerk", by=house.other)
    token, secret = house.accounts.tokens.issue(house.other, name="ERP", scopes=["read"], days=1)
    for act in (
        lambda: house.accounts.one(house.admin, theirs.account),
        lambda: house.accounts.reset(house.admin, theirs.account),
        lambda: house.accounts.set_roles(house.admin, theirs.account, ["admin"]),
        lambda: house.accounts.disable(house.admin, theirs.account),
        lambda: house.accounts.forget(house.admin, theirs.account),
        lambda: house.accounts.forget(house.operator, theirs.account),
        lambda: house.accounts.tokens.revoke(house.admin, token.id),
        lambda: house.accounts.one(house.admin, "no such account"),
    ):
        with pytest.raises(NoSuch):
            act()
    assert "theirs" not in {p.name for p in house.accounts.people(house.admin)}
    assert "theirs" not in {p.name for p in house.accounts.people(house.operator)}
    assert house.accounts.tokens.listed(house.admin) == []
    assert house.accounts.actor_for_token(secret) is not None


def test_a_party_keeps_an_administrator_and_an_operator_cannot_take_over_one(house: House) -> None:
    with pytest.raises(LastAdministrator):
        house.accounts.disable(house.admin, house.admin.account)
    with pytest.raises(LastAdministrator):
        house.accounts.set_roles(house.admin, house.admin.account, ["clerk"])
    with pytest.raises(LastAdministrator):
        house.accounts.forget(house.admin, house.admin.account)
    with pytest.raises(NotAllowed):
        house.accounts.reset(house.operator, house.admin.account)


def test_disabling_ends_sessions_and_forgetting_leaves_no_trace_of_the_person(house: House) -> None:
    house.member("clerk", "clerk")
    secret = house.log_in("clerk")
    clerk = house.accounts.actor_for_session(secret)
    assert clerk is not None
    house.accounts.disable(house.admin, clerk.account)
    assert house.accounts.actor_for_session(secret) is None
    with pytest.raises(LoginRefused):
        house.log_in("clerk")
    house.accounts.disable(house.admin, clerk.account, disabled=False)
    house.log_in("clerk")
    body = house.world.ledger.keep_key(party=clerk.party, person=clerk.person)
    house.accounts.keys.wait(body)
    assert house.accounts.may_forget(house.admin, clerk.account) == clerk.person
    house.accounts.forget(house.admin, clerk.account)
    with house.world.ledger.engine.connect() as connection:
        for table in (t.account, t.login_session, t.invitation, t.key_request, t.custodial_key):
            rows = repr(connection.execute(select(table)).all())
            assert clerk.person not in rows and clerk.account not in rows


def test_a_token_stands_for_its_party_within_its_scopes_until_it_ends(house: House) -> None:
    token, secret = house.accounts.tokens.issue(house.admin, name="ERP", scopes=["read", "statements:write"], days=30)
    actor = house.accounts.actor_for_token(secret)
    assert actor is not None
    assert (actor.party, actor.person, actor.via) == (house.admin.party, "", "token")
    assert actor.scopes == {"read", "statements:write"} and actor.roles == {"clerk"}
    for wrong in ("", "wl_", secret[:-1], secret + "A", secret[:-1] + ("A" if secret[-1] != "A" else "B"), "wv_x"):
        assert house.accounts.actor_for_token(wrong) is None
    assert house.accounts.tokens.listed(house.admin)[0].used_at is not None
    house.world.clock.advance(hours=30 * 24)
    assert house.accounts.actor_for_token(secret) is None
    token, secret = house.accounts.tokens.issue(house.admin, name="ERP", scopes=["read"], days=30)
    house.accounts.tokens.revoke(house.admin, token.id)
    assert house.accounts.actor_for_token(secret) is None


def test_only_administrators_and_regulators_make_tokens_and_only_regulators_may_mirror(house: House) -> None:
    clerk = house.member("clerk", "clerk")
    _, secret = house.accounts.tokens.issue(house.admin, name="ERP", scopes=["read"], days=1)
    by_token = house.accounts.actor_for_token(secret)
    assert by_token is not None
    for by in (clerk, by_token, house.operator):
        with pytest.raises(NotAllowed):
            house.accounts.tokens.issue(by, name="x", scopes=["read"], days=1)
    for scopes, days in ((["mirror"], 1), ([], 1), (["root"], 1), (["read"], 0), (["read"], 9999)):
        with pytest.raises(ScopeUnknown):
            house.accounts.tokens.issue(house.admin, name="x", scopes=scopes, days=days)
    _, link = house.accounts.invite(
        house.operator, name="epb", roles=["regulator"], party=house.world.authority.party, regions=["3205"]
    )
    house.accounts.accept(link, PASSWORD)
    _, secret = house.accounts.tokens.issue(house.actor("epb"), name="mirror", scopes=["mirror"], days=1)
    mirror = house.accounts.actor_for_token(secret)
    assert mirror is not None and mirror.roles == {"regulator"} and mirror.regions == ("3205",)


def test_sweeping_removes_what_no_longer_counts_and_nothing_else(house: House) -> None:
    secret = house.log_in("admin")
    house.accounts.invite(house.admin, name="clerk", roles=["clerk"])
    house.accounts.sweep()
    assert house.accounts.actor_for_session(secret) is not None
    house.world.clock.advance(hours=7 * 24)
    assert house.accounts.sweep() >= 5
    assert house.accounts.sweep() == 0
