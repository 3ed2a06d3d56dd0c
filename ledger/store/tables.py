"""Every table of the ledger, once, for SQLite and PostgreSQL alike.

Evidence is INSERT-only (triggers refuse anything else); heads, current states and the log's frontier are derived
from it and move. Hashes and keys are raw bytes here and hex only at the doors.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# An INTEGER primary key is SQLite's row id itself; PostgreSQL needs eight bytes said aloud.
_Number = BigInteger().with_variant(Integer, "sqlite")


def _hash(name: str, *more: ForeignKey, primary_key: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, *more, primary_key=primary_key, nullable=nullable)


# ---------------------------------------------------------------------------------------------- what was said

statement = Table(
    "statement",  # each with its entry, by a number in the order of receipt: docs/decisions/0017
    metadata,
    Column("n", _Number, primary_key=True, autoincrement=True),  # what other rows call it; never a position in the log
    Column("hash", LargeBinary, nullable=False, unique=True),
    _hash("key"),  # SHA-256 of the public key that signed
    Column("seq", BigInteger, nullable=False),
    Column("id", Text, nullable=False, unique=True),  # the statement's uuid7
    Column("bytes", LargeBinary, nullable=False),  # canonical, exactly as signed
    Column("signature", LargeBinary, nullable=False),
    Column("entry", LargeBinary, nullable=False),  # the Merkle leaf input
    UniqueConstraint("key", "seq"),
)

link = Table(
    "link",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),  # of the statement
    sqlite_with_rowid=False,  # one tree instead of two: a commit costs what pages it touches
)

author_fork = Table(
    "author_fork",  # a second statement for a (key, seq) already taken: kept, answered 409, never an entry
    metadata,
    _hash("statement", primary_key=True),
    _hash("key"),
    Column("seq", BigInteger, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),
    _hash("branch", ForeignKey("statement.hash")),  # the statement that stays
)

quarantine = Table(
    "quarantine",  # signed by a revoked key beyond its last_seq: kept, without effect until adopted
    metadata,
    _hash("statement", primary_key=True),
    _hash("key"),
    Column("seq", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),
)

adoption = Table(
    "adoption",
    metadata,
    _hash("quarantined", ForeignKey("quarantine.statement"), primary_key=True),
    _hash("statement", ForeignKey("statement.hash")),
)

split_view = Table(
    "split_view",  # an author saw a validly signed checkpoint that this ledger does not know: both notes
    metadata,
    _hash("statement", ForeignKey("statement.hash"), primary_key=True),
    Column("theirs", LargeBinary, nullable=False),
    Column("ours", LargeBinary, nullable=False),
)

posting = Table(
    "posting",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False),  # of the statement
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("grams", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("of_g", BigInteger, nullable=False),  # the mass that a difference is measured against
    *(
        Column(f"{side}_{part}", Text, nullable=False)
        for side in ("debit", "credit")
        for part in ("stage", "holder", "site", "code", "container")
    ),
    sqlite_with_rowid=False,
)

# ---------------------------------------------------------------------------------------------- where things stand

stream_head = Table(
    "stream_head",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # 0 until the first entry
    Column("leaf", LargeBinary),  # leaf hash of the newest entry
    Column("state", LargeBinary),  # current state of a container or manifest, folded by custody; else NULL
)  # a tree of such long rows, kept by name, would be written in half a dozen places for each: docs/decisions/0019

author_head = Table(
    "author_head",  # the standing of one public key and the end of its chain
    metadata,
    _hash("key", primary_key=True),  # SHA-256 of the public key
    Column("stream", Text, nullable=False, unique=True),  # key:<uuid7>
    Column("public_key", LargeBinary, nullable=False),
    Column("party", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("roles", Text, nullable=False),  # authority roles, sorted, separated by spaces
    Column("admin", Boolean, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("server", Boolean, nullable=False),  # custodial
    Column("uses", BigInteger),  # statements it may make; NULL: any number
    Column("vouched_by", Text),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary),  # statement hash at `seq`
    Column("seen_size", BigInteger, nullable=False),
    Column("revoked_last_seq", BigInteger),  # highest seq that may still enter
    Column("revoked_at_seq", BigInteger),  # `seq` when it was revoked: anything later is late
)

# ---------------------------------------------------------------------------------------------- the log

pending = Table(
    "pending",  # the outbox: statements committed and not yet sequenced, in the order of their numbers
    metadata,
    Column("n", _Number, primary_key=True, autoincrement=False),
)

leaf = Table(
    "leaf",
    metadata,
    Column("index", _Number, primary_key=True, autoincrement=False),
    _hash("hash"),
    Column("n", BigInteger, nullable=False, unique=True),  # of the statement
)

tile = Table(
    "tile",  # complete tiles only: docs/decisions/0002
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _hash("root"),  # one hash of the tile above; before `hashes`, so that reading it does not read them
    Column("hashes", LargeBinary, nullable=False),
)

log_state = Table(
    "log_state",  # one row
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    _hash("root"),
    Column("frontier", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),  # newest among the sequenced entries
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", _Number, primary_key=True, autoincrement=False),
    _hash("root"),
    Column("note", LargeBinary, nullable=False),  # signed by the log, unwitnessed
    Column("signed_at", Text, nullable=False),
)

cosignature = Table(
    "cosignature",
    metadata,
    Column("size", BigInteger, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False),
    Column("key_id", LargeBinary, primary_key=True),
    Column("line", Text, nullable=False),
)

# ---------------------------------------------------------------------------------------------- what may be erased

sealed = Table(
    "sealed",
    metadata,
    _hash("statement", primary_key=True),
    Column("path", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("ciphertext", LargeBinary, nullable=False),
)

subject_key = Table(
    "subject_key",
    metadata,
    Column("person", Text, primary_key=True),
    Column("wrapped", LargeBinary),  # under the key-encryption key; NULL: destroyed
)

custodial_key = Table(
    "custodial_key",
    metadata,
    _hash("key", primary_key=True),
    Column("party", Text, nullable=False),
    Column("person", Text, nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),
)

# ---------------------------------------------------------------------------------------------- projections

projection_state = Table(
    "projection_state",  # one row: how far the projections below have followed the log
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
)

registry_fact = Table(
    "registry_fact",  # where in the log the registry's facts are
    metadata,
    Column("index", _Number, primary_key=True, autoincrement=False),
    _hash("statement"),
)

container = Table(
    "container",
    metadata,
    Column("id", Text, primary_key=True),
    *(
        Column(name, Text, nullable=False)
        for name in ("kind", "code", "name", "status", "holder", "site", "facility", "zone", "manifest", "label")
    ),
    Column("container_code", Text, nullable=False, index=True),
    Column("asset", Text, nullable=False, index=True),  # the code of a drum or bin that comes back; else ""
    *(Column(name, Text, nullable=False) for name in ("born_at", "born_site", "emptied_at")),
    Column("net_g", BigInteger, nullable=False),
    Column("mass_unknown", Boolean, nullable=False),
    Index(None, "holder", "status"),
)

manifest = Table(
    "manifest",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, index=True),
    *(
        Column(name, Text, nullable=False)
        for name in ("status", "sender", "sender_site", "receiver", "receiver_site", "carrier", "issued_at")
    ),
    Index(None, "sender"),
    Index(None, "receiver"),
)

lot_row = Table(
    "lot_row",  # one change of one lot: the grain of every figure
    metadata,
    Column("container", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    *(
        Column(name, Text, nullable=False)
        for name in (
            "statement", "at", "clock_at", "account", "lot", "producer", "producer_site", "holder", "site", "stage",
            "code", "kind",
        )
    ),
    Column("grams", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("born_at", "deadline", "grade", "reason")),
    Column("by_producer", Boolean, nullable=False),
    Index(None, "kind", "at"),
    Index(None, "holder"),
)  # fmt: skip

lot_total = Table(
    "lot_total",  # sums of lot rows by month, and of overdue mass by day: ledger/custody/totals.py
    metadata,
    Column("whole", Boolean, primary_key=True),
    *(
        Column(name, Text, primary_key=True)
        for name in ("kind", "account", "at", "born_at", "stage", "grade", "reason")
    ),
    Column("by_producer", Boolean, primary_key=True),
    *(Column(name, Text, primary_key=True) for name in ("producer", "producer_site", "holder", "site", "code")),
    Column("grams", BigInteger, nullable=False),
    Index(None, "producer"),
    Index(None, "holder"),
    Index("ix_lot_total_nothing", "grams", sqlite_where=text("grams = 0"), postgresql_where=text("grams = 0")),
    sqlite_with_rowid=False,
)

clock = Table(
    "clock",  # one container's open mass by when its clock runs out
    metadata,
    Column("container", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    *(
        Column(name, Text, nullable=False)
        for name in (
            "account", "producer", "producer_site", "holder", "site", "stage", "code", "kind", "deadline", "due_at",
        )
    ),
    Column("grams", BigInteger, nullable=False),
    Index(None, "kind", "deadline", "container"),
    Index(None, "kind", "due_at"),
)  # fmt: skip

lot_flow = Table(
    "lot_flow",  # the lots that one event took out of one container, for the containers they went to
    metadata,
    Column("id", Text, primary_key=True),
    Column("container", Text, primary_key=True),
    Column("parts", LargeBinary, nullable=False),
)

flag = Table(
    "flag",
    metadata,
    Column("object", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=False) for name in ("rule", "key")),
    Column("grams", BigInteger, nullable=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("holder", "site", "detail", "opened_at", "opened_by", "closed_at", "closed_by")
    ),
    Index(None, "closed_at", "opened_at"),
)

stay = Table(
    "stay",  # what stood where and how long: the ground of a store's own exceptions
    metadata,
    Column("container", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=False) for name in ("facility", "zone", "code")),
    Column("grams", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("since", "until")),
    Index(None, "facility"),
)

treatment = Table(
    "treatment",  # what a facility did for good, and whether residues were recorded with it
    metadata,
    Column("container", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=False) for name in ("facility", "method", "batch", "at", "statement")),
    Column("grams", BigInteger, nullable=False),
    Column("residues", Boolean, nullable=False),
    Index(None, "facility"),
)

haul = Table(
    "haul",  # one container's journey: what a pair's tolerated gaps and an approval's use are summed from
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("container", "journey")),
    *(
        Column(name, Text, nullable=False)
        for name in (
            "sender", "sender_site", "receiver", "receiver_site", "code", "collected_at", "decided_at", "month",
        )
    ),
    *(Column(name, BigInteger, nullable=False) for name in ("sent_g", "gap_g")),
    Index(None, "sender", "receiver"),
)  # fmt: skip

involved = Table(
    "involved",  # whoever was named with, or spoke of, a container, manifest or delivery is shown it
    metadata,
    Column("who", Text, primary_key=True),  # a party or a person
    Column("object", Text, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

document = Table(
    "document",  # texts that events name by their hash, such as an edition of the catalogue
    metadata,
    _hash("hash", primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
)

# ---------------------------------------------------------------------------------------------- who may log in

account = Table(
    "account",  # a person who logs in; deleted when the person is erased
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("party", Text, nullable=False, index=True),
    Column("person", Text, nullable=False, unique=True),
    Column("roles", Text, nullable=False),  # sorted, separated by spaces
    Column("regions", Text, nullable=False),  # what a regulator watches, separated by spaces
    Column("password", Text, nullable=False),  # argon2id in PHC form; "" until the invitation is taken up
    Column("totp", LargeBinary),  # the shared secret, under the key-encryption key
    Column("totp_step", BigInteger, nullable=False),  # newest time step used: no code counts twice
    Column("disabled", Boolean, nullable=False),
    Column("made_at", BigInteger, nullable=False),  # here and below: Unix time in milliseconds
)

login_session = Table(
    "login_session",
    metadata,
    _hash("hash", primary_key=True),  # of the cookie's secret
    Column("account", Text, nullable=False, index=True),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

shared_device = Table(
    "shared_device",  # a browser where people come in by badge or PIN
    metadata,
    _hash("hash", primary_key=True),  # of the secret that the browser keeps
    Column("id", Text, nullable=False, unique=True),
    Column("party", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

badge = Table(
    "badge",
    metadata,
    Column("account", Text, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),  # of what the badge's code says
    Column("pin", Text, nullable=False),  # argon2id in PHC form
)

linked_login = Table(
    "linked_login",  # the log-in at the operator's OpenID Connect provider that also lets an account in
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", Text, nullable=False, unique=True),
)

passkey = Table(
    "passkey",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # the credential's, chosen by the authenticator
    Column("account", Text, nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("signed", BigInteger, nullable=False),  # signatures so far, where the authenticator counts them
    Column("made_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

begun = Table(
    "begun",  # a way in that a browser has begun and may end once
    metadata,
    _hash("hash", primary_key=True),  # of the secret that the browser keeps
    Column("account", Text, nullable=False),  # whose it is to become; "" for coming in
    Column("place", Text, nullable=False),  # where to go then
    Column("until", BigInteger, nullable=False),
)

login_count = Table(
    "login_count",  # failed attempts in the running window
    metadata,
    _hash("subject", primary_key=True),  # of the name, the address, or both
    Column("count", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),
    _hash("hash"),
    Column("party", Text, nullable=False, index=True),
    *(Column(name, Text, nullable=False) for name in ("name", "scopes", "roles", "regions", "made_by")),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("used_at", BigInteger),  # to the minute
)

key_request = Table(
    "key_request",  # a key that waits for an administrator (or, with one use, its inviter) to sign its enrolment
    metadata,
    Column("key", Text, primary_key=True),  # key:<uuid7>
    Column("hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of the public key
    Column("party", Text, nullable=False, index=True),
    Column("person", Text, nullable=False),
    Column("voucher", Text, nullable=False),  # the inviting party of a one-time key; else ""
    Column("body", LargeBinary, nullable=False),  # canonical body of the key-enrolled to be signed
    Column("made_at", BigInteger, nullable=False),
)

invitation = Table(
    "invitation",  # a link that sets a password, or lets an absent party act once
    metadata,
    _hash("hash", primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("account", "party", "person", "key", "by_party", "by_person")),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "account"),
    Index(None, "by_party"),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # under the key-encryption key
    Column("types", Text, nullable=False),  # event types wanted, separated by spaces; "": all
    Column("position", BigInteger, nullable=False),  # the log index to look at next
    Column("disabled", Text, nullable=False),  # why nothing is sent any more; "": it is
    Column("made_at", BigInteger, nullable=False),
)

delivery = Table(
    "delivery",  # one message to one webhook: the delivery log, and the queue while `state` is "waiting"
    metadata,
    Column("id", Text, primary_key=True),
    Column("webhook", Text, nullable=False),
    Column("position", BigInteger, nullable=False),  # log index; -1 for a test
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting, delivered, dead
    Column("attempts", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("status", BigInteger),  # of the newest HTTP answer
    Column("error", Text, nullable=False),
    Index(None, "state", "due_at"),
    Index(None, "webhook", "made_at"),
)

PROJECTIONS: Final = (
    "projection_state", "registry_fact", "container", "manifest", "lot_row", "lot_total", "clock", "lot_flow", "flag",
    "involved", "stay", "treatment", "haul",
)  # fmt: skip
"""Derived from the log alone: dropped and made anew at any time."""

INSERT_ONLY: Final = (
    "statement",
    "link",
    "author_fork",
    "quarantine",
    "adoption",
    "split_view",
    "posting",
    "leaf",
    "tile",
    "checkpoint",
    "cosignature",
)
"""Evidence: rows are inserted and never touched again."""

HEADS: Final = ("stream_head", "author_head", "log_state", "pending")
"""Where things stand: derived from evidence, moved by the append and the sequencer."""

ERASABLE: Final = (
    "sealed", "subject_key", "custodial_key",
    "account", "login_session", "shared_device", "badge", "linked_login", "begun", "passkey", "login_count",
    "api_token", "key_request", "invitation", "webhook", "delivery",
)  # fmt: skip
"""Personal clear text, secrets and keys: outside every proof, and outside what a reader role may see."""
