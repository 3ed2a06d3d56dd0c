"""A paper proven without a ledger: every entry under one checkpoint, every key back to entry 0, every figure again.

Knows the log and custody, no database and no web: what it needs are the packet, and trust.json that the reader pinned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.custody import wire
from ledger.custody.decide import decide
from ledger.custody.events import Event, check_about
from ledger.custody.events import parse as parse_event
from ledger.custody.events.authority import SettingAdopted
from ledger.custody.events.ledger import KeyEnrolled, LedgerOpened
from ledger.custody.fact import Author, Fact
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import Regime
from ledger.custody.rules import AuthorityKeyCustodial, NotAuthorised, NotOwn, RolesNotHeld
from ledger.custody.wire import ANY_CODES
from ledger.errors import ProofError
from ledger.log.checkpoint import Policy
from ledger.log.entry import Link
from ledger.log.keys import PublicKey, possession_message
from ledger.log.proof import VerifiedReceipt, verify_receipt
from ledger.log.trust import Trust, verify_genesis
from ledger.log.wire import decode_base64
from ledger.papers.facts import Asked, Paper
from ledger.papers.packet import Packet
from ledger.papers.stating import state

_RIGHTS = (AuthorityKeyCustodial, NotAuthorised, NotOwn, RolesNotHeld)


class PaperDiffers(ProofError):
    """The paper states something else than the entries prove."""

    code = "paper-differs"
    zh = "单据与条目不符：{detail}"
    en = "the paper states something else than its entries prove: {detail}"


class ChainIncomplete(ProofError):
    """An object's chain has a gap, or does not begin at its first entry: something was left out."""

    code = "paper-chain-incomplete"
    zh = "{stream} 的链不完整"
    en = "the chain of {stream} is incomplete"


class AuthorUnknown(ProofError):
    """A statement's key is not shown to belong to the party in whose name it speaks."""

    code = "paper-author-unknown"
    zh = "未证明密钥 {key} 属于 {party}"
    en = "key {key} is not shown to belong to {party}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure: its place, what the paper states, what the entries prove; None where one of them has none."""

    path: str
    stated: object
    proven: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A paper's facts as its entries prove them, as of the checkpoint; `differences` is what it states otherwise."""

    asked: Asked
    paper: Paper
    regime: Regime
    receipts: tuple[VerifiedReceipt, ...]
    differences: tuple[Difference, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """What the paper must state, as it travels."""
        made: dict[str, Any] = wire.write(self.paper)
        return made

    @property
    def indexes(self) -> tuple[int, ...]:
        return tuple(each.index for each in self.receipts)

    def says(self, lang: str = "en") -> str:
        """What was proven and what was not."""
        first, count = self.receipts[0], len(self.receipts)
        checkpoint = first.checkpoint
        if lang.startswith("zh"):
            return (
                f"已证明：单据的每个数字均由日志 {checkpoint.origin} 的 {count} 条条目重算得出，截至检查点 "
                f"{checkpoint.size}（{first.level_zh}），签名密钥均可追溯至创世条目。未证明：这些对象是否另有后续条目；"
                "填写的姓名；所填内容是否属实。"
            )
        return (
            f"Proven: every figure of the paper follows from {count} entries of the log {checkpoint.origin}, as of "
            f"checkpoint {checkpoint.size} ({first.level}); every signing key is chained to entry 0. Not proven: that "
            "these things have no further entries; names that were filled in; that what was entered is true."
        )


def verify_packet(packet: Packet, trust: Trust, policy: Policy | None = None) -> Proven:
    """What the packet proves under the pinned trust, and where the paper's own facts differ from it.

    Without a policy the log's key is the one that the pinned genesis names, and witnesses are not asked for. Raises the
    first step that fails."""
    asked = Asked(kind=packet.kind, subject=packet.subject, period=packet.period)  # type: ignore[arg-type]
    # 1. Entry 0 is the pinned one; it names the log's key, the regime and the authorities.
    opened = _genesis(packet, trust)
    law = regime(opened.regime)
    # 2. Every entry stands in the log under the packet's one checkpoint, signed by the key it names.
    policy = policy or Policy.parse(f"log {opened.log_key}\nquorum none\n")
    receipts = tuple(verify_receipt(receipt, policy, trust) for receipt in packet.receipts())
    # 3. Every key belongs to the party in whose name it speaks, by the word of authorities of entry 0.
    known = _Entries(law, receipts, opened)
    # 4. The facts again, from complete chains.
    paper = state(asked, known)
    # 5. Against what the paper states.
    stated = packet.facts
    differences = () if stated is None else tuple(_compare("", stated, wire.write(paper)))
    return Proven(asked=asked, paper=paper, regime=law, receipts=receipts, differences=differences)


def verified(packet: Packet, trust: Trust, policy: Policy | None = None) -> Proven:
    """The packet proven, and the paper's own facts with it; raises PaperDiffers naming every figure."""
    proven = verify_packet(packet, trust, policy)
    if proven.differences:
        raise PaperDiffers(detail="; ".join(f"{d.path}: {d.stated!r}, proven {d.proven!r}" for d in proven.differences))
    return proven


def _genesis(packet: Packet, trust: Trust) -> LedgerOpened:
    first = next((each for each in packet.entries if each.index == 0), None)
    if first is None:
        raise ChainIncomplete(stream="entry 0", expected="the entry that opened the ledger", got="none")
    said = verify_genesis(trust, first.entry, first.statement)
    opened = parse_event(said.type, said.body, ANY_CODES)
    assert isinstance(opened, LedgerOpened)
    return opened


class _Entries:
    """The source of facts that a verifier has: proven entries, and nothing else."""

    def __init__(self, law: Regime, receipts: Sequence[VerifiedReceipt], opened: LedgerOpened) -> None:
        self.regime = law
        self._places: dict[str, int] = {}
        self._streams: dict[str, list[tuple[Link, Fact, bytes]]] = {}
        self._opened = opened
        self._authors = dict(_roots(opened))
        for receipt in sorted(receipts, key=lambda r: r.index):
            if receipt.entry.refused is None and receipt.statement.id not in self._places:
                self._take(receipt)

    def _take(self, receipt: VerifiedReceipt) -> None:
        said = receipt.statement
        author = self._authors.get(said.key)
        if author is None or (author.party, author.person) != (said.party, said.by):
            got = "nobody" if author is None else author.party
            raise AuthorUnknown(key=said.key[:16], party=said.party, expected=said.party, got=got)
        event = parse_event(said.type, said.body, ANY_CODES)
        check_about(event, said.party, said.about)
        fact = Fact(
            event=event,
            by=author,
            at=said.at,
            received_at=receipt.entry.received_at,
            seq=said.seq,
            id=said.id,
            statement=said.hash.hex(),
        )
        refused = decide(fact, {}, lambda _: ()).refused
        if isinstance(refused, _RIGHTS):
            # The log's operator let it pass: then it does not count here.
            raise AuthorUnknown(key=said.key[:16], party=said.party, expected=refused.says("en"), got=said.type)
        if isinstance(event, KeyEnrolled):
            self._enrol(event, author.party)
        self._places[said.id] = receipt.index
        for link in receipt.entry.links:
            self._streams.setdefault(link.stream, []).append((link, fact, receipt.leaf_hash))

    def _enrol(self, event: KeyEnrolled, by: str) -> None:
        public = PublicKey.from_hex(event.public_key)
        message = possession_message(self._opened.origin, event.key, event.holder, event.person, event.public_key)
        public.verify(decode_base64(event.proof, "proof of possession"), message)
        if event.purpose != "statement":
            return
        self._authors[public.hash.hex()] = Author(
            party=event.holder,
            person=event.person,
            key=public.hash.hex(),
            roles=frozenset(event.roles),
            admin=event.admin,
            server=event.custody == "server",
            vouched_by=None if event.uses is None else by,
        )

    # ------------------------------------------------------------------------------------ what `facts.Source` asks

    def chain(self, stream: str) -> Sequence[Fact]:
        """The object's facts, shown to be the first ones of its chain without a gap."""
        told = self._told(stream)
        before: str | None = None
        for seq, (link, _, leaf) in enumerate(told, 1):
            if (link.seq, link.prev) != (seq, before):
                raise ChainIncomplete(stream=stream, expected=f"link {seq} after {before}", got=f"link {link.seq}")
            before = leaf.hex()
        return [fact for _, fact, _ in told]

    def registered(self, stream: str, *types: type[Event]) -> Sequence[Fact]:
        return sorted((fact for _, fact, _ in self._told(stream) if isinstance(fact.event, types)), key=_order)

    def settings(self) -> Sequence[Fact]:
        facts = {f.id: f for told in self._streams.values() for _, f, _ in told if isinstance(f.event, SettingAdopted)}
        return sorted(facts.values(), key=_order)

    def closed(self, producer: str, start: str, end: str) -> Iterator[str]:
        return (name for name, _ in self._from_birth())

    def standing(self, site: str) -> Iterator[str]:
        # What the site's chain tells of is known from there; whoever has more of its own was looked at by the maker.
        at_site = {fact.id for _, fact, _ in self._told(site)}
        return (name for name, facts in self._from_birth() if any(fact.id not in at_site for fact in facts))

    def _from_birth(self) -> Iterator[tuple[str, Sequence[Fact]]]:
        """The containers whose chains are here without a gap."""
        for name in self._streams:
            if name.startswith("container:"):
                try:
                    yield name, self.chain(name)
                except ChainIncomplete:
                    continue

    def _told(self, stream: str) -> list[tuple[Link, Fact, bytes]]:
        return sorted(self._streams.get(stream, ()), key=lambda each: each[0].seq)

    def index(self, fact: Fact) -> int:
        return self._places[fact.id]


def _order(fact: Fact) -> tuple[str, str, int]:
    return fact.order


def _roots(opened: LedgerOpened) -> Iterator[tuple[str, Author]]:
    system = PublicKey.from_hex(opened.system_key.public_key)
    key, roles = system.hash.hex(), frozenset({"operator"})
    yield key, Author(party=opened.operator, person=opened.system_key.person, key=key, roles=roles, admin=True)
    for each in opened.authorities:
        key = PublicKey.from_hex(each.public_key).hash.hex()
        roles = frozenset(each.roles)
        yield key, Author(party=each.party, person=each.person, key=key, roles=roles, admin=True)


def _compare(path: str, stated: Any, proven: Any) -> Iterator[Difference]:
    """Every leaf in which two documents differ."""
    if isinstance(stated, Mapping) and isinstance(proven, Mapping):
        for name in sorted({*stated, *proven}):
            yield from _compare(f"{path}.{name}" if path else name, stated.get(name), proven.get(name))
    elif isinstance(stated, list) and isinstance(proven, list):
        for n in range(max(len(stated), len(proven))):
            one, other = (each[n] if n < len(each) else None for each in (stated, proven))
            yield from _compare(f"{path}.{n}", one, other)
    elif (type(stated), stated) != (type(proven), proven):
        yield Difference(path=path, stated=stated, proven=proven)
