"""Rows of people who log in, their sessions, tokens, invitations and keys that wait to be enrolled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from ledger.store import tables as t
from ledger.store.database import Engine, asking, writing

__all__ = ["AccountStore", "Taken"]

_TOKEN = select(t.api_token).where(t.api_token.c.prefix == bindparam("prefix"))

_COUNT: Final = text(
    "INSERT INTO login_count (subject, count, until) VALUES (:subject, 1, :until)"
    " ON CONFLICT (subject) DO UPDATE SET"
    " count = CASE WHEN login_count.until <= :now THEN 1 ELSE login_count.count + 1 END,"
    " until = CASE WHEN login_count.until <= :now THEN :until ELSE login_count.until END"
    " RETURNING count, until"
)


_BADGED: Final = select(t.account, t.badge.c.pin).join_from(t.account, t.badge, t.badge.c.account == t.account.c.id)


class Taken(Exception):
    """Another row already has this name, person, prefix or key."""


class AccountStore:
    """Every question and change, each in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------------------------------ accounts

    def add_account(self, **row: Any) -> None:
        """A new account; raises Taken."""
        self._add(t.account, row)

    def account(self, id_: str) -> Row[Any] | None:
        return self._first(select(t.account).where(t.account.c.id == id_))

    def account_named(self, name: str) -> Row[Any] | None:
        return self._first(select(t.account).where(t.account.c.name == name))

    def accounts(self, party: str | None = None, role: str | None = None) -> list[Row[Any]]:
        """Accounts by name; of one party, of one role."""
        query = select(t.account).order_by(t.account.c.name)
        if party is not None:
            query = query.where(t.account.c.party == party)
        return [row for row in self._all(query) if role is None or role in row.roles.split()]

    def change_account(self, id_: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.account).where(t.account.c.id == id_).values(**values))

    def set_password(self, id_: str, password: str, keep_session: bytes | None = None) -> None:
        """Takes effect everywhere: other sessions and open invitations of the account end with the old password, and
        unless a session set it, other ways in do too."""
        with writing(self._engine) as connection:
            connection.execute(update(t.account).where(t.account.c.id == id_).values(password=password))
            connection.execute(delete(t.invitation).where(t.invitation.c.account == id_))
            if keep_session is None:  # set by somebody who could not come in, or was not to
                _drop_other_ways(connection, id_)
            _end_sessions(connection, id_, keep_session)

    def disable(self, id_: str, disabled: bool) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.account).where(t.account.c.id == id_).values(disabled=disabled))
            if disabled:
                _end_sessions(connection, id_, None)

    def use_totp_step(self, id_: str, step: int) -> bool:
        """Whether the step is newer than any used before; then it is used."""
        with writing(self._engine) as connection:
            query = update(t.account).where(t.account.c.id == id_, t.account.c.totp_step < step)
            return connection.execute(query.values(totp_step=step)).rowcount == 1

    def forget(self, account: str, person: str) -> None:
        """Everything that lets this person in or names them, in one transaction."""
        with writing(self._engine) as connection:
            _end_sessions(connection, account, None)
            connection.execute(delete(t.invitation).where(t.invitation.c.account == account))
            connection.execute(delete(t.invitation).where(t.invitation.c.by_person == person))
            connection.execute(delete(t.key_request).where(t.key_request.c.person == person))
            connection.execute(delete(t.custodial_key).where(t.custodial_key.c.person == person))
            connection.execute(delete(t.badge).where(t.badge.c.account == account))
            _drop_other_ways(connection, account)
            connection.execute(delete(t.account).where(t.account.c.id == account))

    # ------------------------------------------------------------------------------------ shared devices

    def add_shared_device(self, **row: Any) -> None:
        """A new shared device."""
        self._add(t.shared_device, row)

    def shared_device(self, hash_: bytes) -> Row[Any] | None:
        return self._first(select(t.shared_device).where(t.shared_device.c.hash == hash_))

    def shared_devices(self, party: str) -> list[Row[Any]]:
        d = t.shared_device.c
        return self._all(select(t.shared_device).where(d.party == party).order_by(d.made_at))

    def drop_shared_device(self, id_: str, party: str) -> bool:
        """Whether the party had it; then it is none any more."""
        d = t.shared_device.c
        with writing(self._engine) as connection:
            gone = connection.execute(delete(t.shared_device).where(d.id == id_, d.party == party))
            return gone.rowcount == 1

    def set_badge(self, account: str, hash_: bytes, pin: str) -> None:
        """A person's badge and PIN; what they had before goes."""
        with writing(self._engine) as connection:
            connection.execute(delete(t.badge).where(t.badge.c.account == account))
            connection.execute(insert(t.badge).values(account=account, hash=hash_, pin=pin))

    def drop_badge(self, account: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(t.badge).where(t.badge.c.account == account))

    def badge(self, hash_: bytes) -> Row[Any] | None:
        """The account whose badge this is, with its PIN."""
        return self._first(_BADGED.where(t.badge.c.hash == hash_))

    def badged(self, party: str) -> list[Row[Any]]:
        """The accounts of a party with a badge, by name."""
        return self._all(_BADGED.where(t.account.c.party == party).order_by(t.account.c.name))

    def badged_named(self, party: str, name: str) -> Row[Any] | None:
        return self._first(_BADGED.where(t.account.c.party == party, t.account.c.name == name))

    # ------------------------------------------------------------------------------------ other ways in

    def begin(self, hash_: bytes, account: str, place: str, until: int) -> None:
        """A browser begins a way in."""
        self._add(t.begun, {"hash": hash_, "account": account, "place": place, "until": until})

    def end_begun(self, hash_: bytes, now: int) -> Row[Any] | None:
        """What the browser had begun, if that is not too long ago; nothing is ended twice."""
        b = t.begun.c
        with writing(self._engine) as connection:
            ended = delete(t.begun).where(b.hash == hash_, b.until > now)
            return connection.execute(ended.returning(t.begun)).first()

    def set_linked(self, account: str, issuer: str, subject: str) -> None:
        """The one log-in elsewhere that lets an account in; raises Taken when it lets in another."""
        try:
            with writing(self._engine) as connection:
                connection.execute(delete(t.linked_login).where(t.linked_login.c.account == account))
                connection.execute(insert(t.linked_login).values(issuer=issuer, subject=subject, account=account))
        except IntegrityError as error:
            raise Taken() from error

    def drop_linked(self, account: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(t.linked_login).where(t.linked_login.c.account == account))

    def linked(self, account: str, issuer: str) -> bool:
        """Whether a log-in at this issuer lets the account in."""
        c = t.linked_login.c
        return self._first(select(c.account).where(c.account == account, c.issuer == issuer)) is not None

    def linked_account(self, issuer: str, subject: str) -> Row[Any] | None:
        """The account that a log-in elsewhere lets in."""
        c = t.linked_login.c
        query = select(t.account).join_from(t.account, t.linked_login, c.account == t.account.c.id)
        return self._first(query.where(c.issuer == issuer, c.subject == subject))

    def add_passkey(self, **row: Any) -> None:
        """A new passkey; raises Taken."""
        self._add(t.passkey, row)

    def passkeys(self, account: str) -> list[Row[Any]]:
        c = t.passkey.c
        return self._all(select(t.passkey).where(c.account == account).order_by(c.made_at))

    def passkey(self, id_: bytes) -> Row[Any] | None:
        """A passkey, when its account is not disabled."""
        query = select(t.passkey).join_from(t.passkey, t.account, t.passkey.c.account == t.account.c.id)
        return self._first(query.where(t.passkey.c.id == id_, t.account.c.disabled.is_(False)))

    def use_passkey(self, id_: bytes, signed: int, now: int) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.passkey).where(t.passkey.c.id == id_).values(signed=signed, used_at=now))

    def drop_passkey(self, id_: bytes, account: str) -> bool:
        """Whether the account had it; then it lets nobody in any more."""
        c = t.passkey.c
        with writing(self._engine) as connection:
            return connection.execute(delete(t.passkey).where(c.id == id_, c.account == account)).rowcount == 1

    # ------------------------------------------------------------------------------------ throttling

    def count(self, subjects: Iterable[bytes], now: int, until: int) -> list[tuple[int, int]]:
        """Count one more attempt of each subject; its attempts in the running window, and when that ends."""
        with writing(self._engine) as connection:
            rows = (connection.execute(_COUNT, {"subject": s, "now": now, "until": until}) for s in sorted(subjects))
            return [(int(count), int(end)) for count, end in (row.one() for row in rows)]

    def uncount(self, subjects: Iterable[bytes], once: bytes) -> None:
        """Forget the attempts of these subjects, and one attempt of another."""
        c = t.login_count.c
        with writing(self._engine) as connection:
            connection.execute(delete(t.login_count).where(c.subject.in_(list(subjects))))
            connection.execute(update(t.login_count).where(c.subject == once, c.count > 0).values(count=c.count - 1))

    # ------------------------------------------------------------------------------------ sessions

    def add_session(self, hash_: bytes, account: str, now: int, replaces: bytes | None) -> None:
        """A new session; the one that this browser had before ends."""
        with writing(self._engine) as connection:
            if replaces is not None:
                connection.execute(delete(t.login_session).where(t.login_session.c.hash == replaces))
            connection.execute(insert(t.login_session).values(hash=hash_, account=account, made_at=now, seen_at=now))

    def session(self, hash_: bytes) -> Row[Any] | None:
        """A session with its account, when that is not disabled."""
        s, a = t.login_session.c, t.account.c
        query = select(
            s.made_at, s.seen_at, a.id, a.name, a.party, a.person, a.roles, a.regions, a.totp
        ).join_from(t.login_session, t.account, a.id == s.account)  # fmt: skip
        return self._first(query.where(s.hash == hash_, a.disabled.is_(False)))

    def see_session(self, hash_: bytes, now: int) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.login_session).where(t.login_session.c.hash == hash_).values(seen_at=now))

    def end_session(self, hash_: bytes) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(t.login_session).where(t.login_session.c.hash == hash_))

    # ------------------------------------------------------------------------------------ tokens

    def add_token(self, **row: Any) -> None:
        """A new token; raises Taken."""
        self._add(t.api_token, row)

    def token(self, prefix: str) -> Row[Any] | None:
        with asking(self._engine) as connection:
            return connection.execute(_TOKEN, {"prefix": prefix}).first()

    def tokens(self, party: str) -> list[Row[Any]]:
        return self._all(select(t.api_token).where(t.api_token.c.party == party).order_by(t.api_token.c.id))

    def revoke_token(self, id_: str, party: str, now: int) -> bool:
        """Whether the party has such a token; then it counts no more."""
        c = t.api_token.c
        with writing(self._engine) as connection:
            query = update(t.api_token).where(c.id == id_, c.party == party)
            return connection.execute(query.values(revoked_at=func.coalesce(c.revoked_at, now))).rowcount == 1

    def use_token(self, id_: str, now: int) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.api_token).where(t.api_token.c.id == id_).values(used_at=now))

    # ------------------------------------------------------------------------------------ invitations

    def add_invitation(self, **row: Any) -> None:
        """A new invitation; an account's former ones end."""
        with writing(self._engine) as connection:
            if row["account"]:
                connection.execute(delete(t.invitation).where(t.invitation.c.account == row["account"]))
            connection.execute(insert(t.invitation).values(**row))

    def invitation(self, hash_: bytes, now: int) -> Row[Any] | None:
        """An invitation that has not expired."""
        c = t.invitation.c
        return self._first(select(t.invitation).where(c.hash == hash_, c.expires_at > now))

    def visits(self, party: str) -> list[Row[Any]]:
        """The one-time links that a party has given out."""
        c = t.invitation.c
        return self._all(select(t.invitation).where(c.by_party == party, c.account == "").order_by(c.made_at))

    def use_invitation(self, hash_: bytes, now: int) -> bool:
        """Whether it was unused until now."""
        c = t.invitation.c
        with writing(self._engine) as connection:
            query = update(t.invitation).where(c.hash == hash_, c.used_at.is_(None), c.expires_at > now)
            return connection.execute(query.values(used_at=now)).rowcount == 1

    def drop_visit(self, key: str, party: str) -> bool:
        """Whether the party had given out this link; then it leads nowhere."""
        c = t.invitation.c
        with writing(self._engine) as connection:
            gone = connection.execute(delete(t.invitation).where(c.key == key, c.by_party == party))
            return gone.rowcount == 1

    # ------------------------------------------------------------------------------------ keys

    def add_key_request(self, **row: Any) -> None:
        """A key that waits; raises Taken."""
        self._add(t.key_request, row)

    def key_requests(self, party: str, newcomers: bool) -> list[Row[Any]]:
        """The keys that wait for a party's administrator, or for the party as inviter; with `newcomers` also those of
        parties without an administrator's key. Oldest first."""
        k, h = t.key_request.c, t.author_head.c
        waits = ~exists().where(h.key == k.hash)
        mine = or_(and_(k.party == party, k.voucher == ""), k.voucher == party)
        if newcomers:
            mine = or_(mine, and_(k.voucher == "", ~exists().where(h.party == k.party, h.admin.is_(True))))
        return self._all(select(t.key_request).where(mine, waits).order_by(k.made_at, k.key))

    def key_request(self, key: str) -> Row[Any] | None:
        """One that still waits, whosever."""
        k, h = t.key_request.c, t.author_head.c
        return self._first(select(t.key_request).where(k.key == key, ~exists().where(h.key == k.hash)))

    def drop_key_request(self, key: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(t.key_request).where(t.key_request.c.key == key))

    def keys(self, party: str) -> list[Row[Any]]:
        """A party's enrolled keys."""
        return self._all(select(t.author_head).where(t.author_head.c.party == party).order_by(t.author_head.c.stream))

    def key(self, stream: str) -> Row[Any] | None:
        return self._first(select(t.author_head).where(t.author_head.c.stream == stream))

    def has_custodial_key(self, person: str) -> bool:
        """Whether this server keeps a key of the person that is enrolled and not revoked, and may still use it: their
        account is not disabled."""
        c, h, a = t.custodial_key.c, t.author_head.c, t.account.c
        query = select(h.key).join_from(t.custodial_key, t.author_head, h.key == c.key)
        query = query.join(t.account, a.person == c.person).where(a.disabled.is_(False))
        return self._first(query.where(c.person == person, h.revoked_last_seq.is_(None))) is not None

    def is_authority(self, party: str) -> bool:
        """Whether an enrolled key of the party carries an authority's role."""
        query = select(t.author_head.c.roles).where(t.author_head.c.party == party, t.author_head.c.roles != "")
        return any(row.roles != "operator" for row in self._all(query))

    def quarantined(self, party: str) -> list[Row[Any]]:
        """A party's statements in quarantine, with the statement that adopted each."""
        q, h, a = t.quarantine.c, t.author_head.c, t.adoption.c
        query = (
            select(q.statement, q.key, q.seq, q.id, q.bytes, q.received_at, a.statement.label("adopted_by"))
            .join_from(t.quarantine, t.author_head, h.key == q.key)
            .outerjoin(t.adoption, a.quarantined == q.statement)
        )
        return self._all(query.where(h.party == party).order_by(q.received_at, q.seq))

    # ------------------------------------------------------------------------------------ sweeping

    def sweep(self, now: int, idle: int, oldest: int) -> int:
        """Delete what no longer counts: sessions, counters, invitations, ways in begun; how many rows."""
        s, count, i = t.login_session.c, t.login_count.c, t.invitation.c
        with writing(self._engine) as connection:
            gone = (
                connection.execute(query).rowcount
                for query in (
                    delete(t.login_session).where(or_(s.seen_at <= now - idle, s.made_at <= now - oldest)),
                    delete(t.login_count).where(count.until <= now),
                    delete(t.invitation).where(i.expires_at <= now),
                    delete(t.begun).where(t.begun.c.until <= now),
                )
            )
            return sum(gone)

    # ------------------------------------------------------------------------------------ in short

    def _add(self, table: Any, row: dict[str, Any]) -> None:
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(table).values(**row))
        except IntegrityError as error:
            raise Taken() from error

    def _first(self, query: Select[Any]) -> Row[Any] | None:
        with self._engine.connect() as connection:
            return connection.execute(query).first()

    def _all(self, query: Select[Any]) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))


def _drop_other_ways(connection: Connection, account: str) -> None:
    connection.execute(delete(t.linked_login).where(t.linked_login.c.account == account))
    connection.execute(delete(t.passkey).where(t.passkey.c.account == account))


def _end_sessions(connection: Connection, account: str, but: bytes | None) -> None:
    c = t.login_session.c
    query = delete(t.login_session).where(c.account == account)
    connection.execute(query if but is None else query.where(c.hash != but))
