"""What the ledger keeps beside the log: custodial keys, clear text that may be erased, cosignatures, key standings."""

from __future__ import annotations

from sqlalchemy import Engine, select

from ledger.log.hashing import sha256
from ledger.log.keys import PrivateKey
from ledger.log.note import NoteSignature
from ledger.store.rows import AUTHOR_COLUMNS, AuthorHead, Rows, open_rows
from ledger.store.sealing import Chance, lock_away, open_up
from ledger.store.tables import author_head, cosignature, custodial_key, sealed, subject_key
from ledger.store.tables import document as document_table

_SALT = 32


def author(engine: Engine, key: bytes) -> AuthorHead | None:
    """The standing of one key."""
    with engine.connect() as connection:
        row = connection.execute(select(author_head).where(author_head.c.key == key)).first()
    return None if row is None else AuthorHead(**dict(zip(AUTHOR_COLUMNS, row, strict=True)))


def authors(engine: Engine) -> list[AuthorHead]:
    """The standing of every key, by party."""
    with engine.connect() as connection:
        rows = connection.execute(select(author_head).order_by(author_head.c.party, author_head.c.stream)).all()
    return [AuthorHead(**dict(zip(AUTHOR_COLUMNS, row, strict=True))) for row in rows]


def keep(engine: Engine, kek: bytes, key: PrivateKey, party: str, person: str, chance: Chance) -> None:
    """Keep a person's key, wrapped; a person has one, so a second raises the database's own conflict."""
    wrapped = lock_away(kek, key.seed, key.public.hash, chance)
    _insert(engine, "custodial_key", (key.public.hash, party, person, wrapped))


def custodial_key_of(engine: Engine, kek: bytes, person: str) -> tuple[str, PrivateKey] | None:
    """The party and key of a person whose key this server keeps."""
    with engine.connect() as connection:
        row = connection.execute(select(custodial_key).where(custodial_key.c.person == person)).first()
    return None if row is None else (row.party, PrivateKey(open_up(kek, row.wrapped, row.key)))


def clear_text(engine: Engine, kek: bytes, statement_hash: bytes) -> dict[str, str]:
    """What can still be read of a statement's sealed fields."""
    query = (
        select(sealed.c.path, sealed.c.ciphertext, sealed.c.person, subject_key.c.wrapped)
        .join_from(sealed, subject_key, subject_key.c.person == sealed.c.person)
        .where(sealed.c.statement == statement_hash, subject_key.c.wrapped.is_not(None))
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    found: dict[str, str] = {}
    for path, ciphertext, person, wrapped in rows:
        key = open_up(kek, wrapped, person.encode())
        found[path] = open_up(key, ciphertext, f"{statement_hash.hex()} {path}".encode())[_SALT:].decode()
    return found


def add_cosignature(engine: Engine, size: int, signature: NoteSignature) -> None:
    """Keep a verified line; the first of a witness for a size stays."""
    with engine.connect() as connection:
        known = connection.execute(
            select(cosignature.c.size).where(cosignature.c.size == size, cosignature.c.key_id == signature.key_id)
        ).first()
    if known is None:
        _insert(engine, "cosignature", (size, signature.key_id, signature.line()))


def _insert(engine: Engine, table: str, row: tuple[object, ...]) -> None:
    rows: Rows = open_rows(engine)
    try:
        rows.begin()
        rows.insert(table, [row])
        rows.commit()
    except BaseException:
        rows.rollback()
        raise
    finally:
        rows.close()


def keep_document(engine: Engine, content: bytes) -> bytes:
    """Keep a text under its hash; keeping it twice changes nothing."""
    hash_ = sha256(content)
    if document(engine, hash_) is None:
        _insert(engine, "document", (hash_, content))
    return hash_


def document(engine: Engine, hash_: bytes) -> bytes | None:
    """A kept text by its hash."""
    with engine.connect() as connection:
        return connection.execute(select(document_table.c.bytes).where(document_table.c.hash == hash_)).scalar()
