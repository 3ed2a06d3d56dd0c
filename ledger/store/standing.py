"""What a key may still do, and the refusals that rest on keys, on `seen` and on quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.custody.events.ledger import KeyEnrolled, KeyRevoked, LedgerOpened, StatementAdopted
from ledger.custody.rules import Refusal
from ledger.log.keys import PublicKey
from ledger.log.statement import Statement
from ledger.store.answers import KeyUsedUp, UnknownKey, WrongAuthor
from ledger.store.rows import AuthorHead, StreamHead

_CLAIMS: Final = ("party", "by", "custody", "key purpose")


class SeenUnknown(Refusal):
    """The author saw a checkpoint that this ledger never signed, and shows no note for it."""

    code = "seen-unknown"
    zh = "声明所见的检查点（大小 {size}）不为本账本所知，也未附其签名文本"
    en = "the statement saw a checkpoint of size {size} that is not known here, and brings no valid note of it"
    cites = ("ledger",)


class SeenDecreased(Refusal):
    """An author cannot have seen less than before."""

    code = "seen-decreased"
    zh = "声明所见的日志比作者先前所见更小"
    en = "the statement saw a smaller log than its author had seen before"
    cites = ("ledger",)


class KeyTaken(Refusal):
    """A public key and a key's stream are enrolled once."""

    code = "key-taken"
    zh = "该公钥或密钥编号已登记"
    en = "this public key or key id is already enrolled"
    cites = ("ledger",)


class PartyPresent(Refusal):
    """A party that has keys of its own speaks for itself: nobody else vouches for one."""

    code = "party-present"
    zh = "单位 {party} 有自己的密钥，其他单位不能为其担保一次性密钥"
    en = "{party} has keys of its own, and nobody else can vouch for one"
    cites = ("ledger",)


class KeyNotEnrolled(Refusal):
    """There is no such key to revoke."""

    code = "key-not-enrolled"
    zh = "没有编号为 {key} 的密钥属于该单位"
    en = "no key {key} of that party is enrolled"
    cites = ("ledger",)


class KeyRevokedAlready(Refusal):
    """A revocation stands as it was made."""

    code = "key-already-revoked"
    zh = "密钥 {key} 已经撤销"
    en = "key {key} is already revoked"
    cites = ("ledger",)


class AdoptionUnknown(Refusal):
    """Only a quarantined statement of the adopter's own party can be adopted."""

    code = "adoption-unknown"
    zh = "隔离区中没有本单位的该声明"
    en = "no such statement of the adopter's party is in quarantine"
    cites = ("ledger",)


class AdoptionDiffers(Refusal):
    """What is adopted is exactly what was said."""

    code = "adoption-differs"
    zh = "采纳的 {what} 与隔离的声明不一致"
    en = "the {what} adopted is not that of the quarantined statement"
    cites = ("ledger",)


class AdoptedAlready(Refusal):
    """One adoption is enough."""

    code = "already-adopted"
    zh = "该声明已被采纳"
    en = "the statement was already adopted"
    cites = ("ledger",)


def of_author(author: AuthorHead | None, said: Statement) -> AuthorHead:
    """The author's head, when this key may make statements for this party and person at this place."""
    if author is None:
        raise UnknownKey(expected="an enrolled key", got=said.key)
    expected = (author.party, author.person, "server" if author.server else None, "statement")
    got = (said.party, said.by, said.custody, author.purpose)
    for what, wanted, came in () if got == expected else zip(_CLAIMS, expected, got, strict=True):
        if wanted != came:
            raise WrongAuthor(what=what, expected=wanted or "absent", got=came or "absent")
    if author.uses is not None and said.seq > author.uses:
        raise KeyUsedUp(expected=f"at most {author.uses}", got=said.seq)
    return author


def refuse_enrolment(
    event: KeyEnrolled, by: AuthorHead | None, known: AuthorHead | None, stream: StreamHead, present: bool
) -> Refusal | None:
    """A public key and a stream of its own, each new; by another party, for one use, only of a party that is not
    `present`: one without a key of its own."""
    if known is not None:
        return KeyTaken(expected="a new public key", got=known.stream)
    if stream.seq:
        return KeyTaken(expected="a new key id", got=event.key)
    others = by is not None and by.party != event.holder and "registrar" not in by.roles.split()
    if present and others and event.uses is not None:
        return PartyPresent(party=event.holder)
    return None


def roots(opened: LedgerOpened) -> Iterator[AuthorHead]:
    """The standings that entry 0 gives: the system's key and the authorities'."""
    system = opened.system_key
    yield _root(system.public_key, system.stream, opened.operator, system.person, "operator")
    for each in opened.authorities:
        yield _root(each.public_key, each.key, each.party, each.person, " ".join(sorted(each.roles)))


def _root(public_key: str, stream: str, party: str, person: str, roles: str) -> AuthorHead:
    public = PublicKey.from_hex(public_key)
    return AuthorHead(
        key=public.hash, stream=stream, public_key=public.raw, party=party, person=person, roles=roles, admin=True
    )


def enrolled(event: KeyEnrolled, *, by: AuthorHead) -> AuthorHead:
    """The standing that an accepted enrolment gives."""
    public = PublicKey.from_hex(event.public_key)
    return AuthorHead(
        key=public.hash,
        stream=event.key,
        public_key=public.raw,
        party=event.holder,
        person=event.person,
        roles=" ".join(sorted(event.roles)),
        admin=event.admin,
        purpose=event.purpose,
        server=event.custody == "server",
        uses=event.uses,
        vouched_by=None if event.uses is None else by.party,
    )


def refuse_revocation(event: KeyRevoked, target: AuthorHead | None) -> Refusal | None:
    """A key of the party named, not revoked before. `last_seq` may lie before or after what has arrived."""
    if target is None or target.party != event.holder:
        return KeyNotEnrolled(
            key=event.key, expected=event.holder, got="no such key" if target is None else target.party
        )
    if target.revoked_last_seq is not None:
        got = f"revoked after {target.revoked_last_seq}"
        return KeyRevokedAlready(key=event.key, expected="a key in use", got=got)
    return None


def refuse_adoption(
    event: StatementAdopted, by: AuthorHead, original: Statement | None, adopted_by: bytes | None
) -> Refusal | None:
    """The quarantined statement's type, time and body, of the same party, once."""
    if original is None or original.party != by.party:
        return AdoptionUnknown(expected=f"a statement of {by.party}", got=event.statement)
    if adopted_by is not None:
        return AdoptedAlready(got=adopted_by.hex())
    for what, said, adopted in (
        ("type", original.type, event.type_),
        ("at", original.at, event.at),
        ("body", original.body, event.body),
    ):
        if said != adopted:
            return AdoptionDiffers(what=what, expected=said, got=adopted)
    return None
