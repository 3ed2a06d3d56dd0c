"""The checker that ends every stateful test: it derives everything again from the stored bytes and compares."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from ledger.custody.decide import fold, folds
from ledger.log import entry, statement
from ledger.log.checkpoint import Policy, verify_checkpoint
from ledger.log.entry import Entry
from ledger.log.hashing import EMPTY_ROOT, leaf_hash
from ledger.log.keys import PublicKey
from ledger.log.merkle import Frontier, root_of
from ledger.log.statement import Statement
from ledger.log.wire import decode_base64
from ledger.service import Ledger
from ledger.store import tables as t
from ledger.store.database import current, newest


def check_ledger(ledger: Ledger) -> int:
    """How many entries were checked; fails with what differs."""
    assert current(ledger.engine) == newest()
    with ledger.engine.connect() as connection:
        entries = _entries(connection)
        order = _log(ledger, connection, entries)
        _author_chains(connection, entries, order)
        _streams(ledger, connection, entries, order)
        _effects(connection, entries)
    for stream in _folded_streams(ledger):
        facts = list(ledger.facts(stream))
        assert ledger.state(stream) == fold(stream, facts).to_bytes(), f"{stream}: state differs from its replay"
    return len(entries)


Pair = tuple[Entry, Statement, bytes]
Order = dict[bytes, int]


def _entries(connection: Connection) -> dict[bytes, Pair]:
    found: dict[bytes, Pair] = {}
    keys = {row.key: PublicKey(row.public_key) for row in connection.execute(select(t.author_head))}
    for row in connection.execute(select(t.statement)):
        said = statement.parse(row.bytes)
        received = entry.parse(row.entry)
        assert (row.hash, row.id, row.seq, row.key.hex()) == (said.hash, said.id, said.seq, said.key)
        assert received.statement == said.hash.hex()
        assert decode_base64(received.signature, "signature") == row.signature
        statement.verify_signature(row.bytes, row.signature, keys[row.key])
        found[row.hash] = (received, said, leaf_hash(row.entry))
    return found


def _log(ledger: Ledger, connection: Connection, entries: dict[bytes, Pair]) -> Order:
    """Leaves, tiles, roots and checkpoints; the order of all entries, those waiting after those in the log."""
    leaves = connection.execute(select(t.leaf).order_by(t.leaf.c.index)).all()
    waiting = connection.execute(select(t.pending).order_by(t.pending.c.n)).all()
    named = _named(connection)
    if connection.dialect.name == "sqlite":
        assert [row.n for row in leaves] == [row[0] + 1 for row in leaves], "numbers are not in the order of the log"
    assert [row[0] for row in leaves] == list(range(len(leaves)))
    order = {named[row.n]: place for place, row in enumerate([*leaves, *waiting])}
    assert len(order) == len(leaves) + len(waiting) == len(entries), "an entry is lost, or both waiting and in the log"
    frontier, roots = Frontier(), {0: EMPTY_ROOT}
    newest_time = ""
    for row in leaves:
        received, _, leaf = entries[named[row.n]]
        assert row.hash == leaf
        frontier.append(leaf)
        roots[frontier.size] = frontier.root()
        assert received.received_at >= _ten_seconds_before(newest_time), f"index {row[0]} steps back too far"
        newest_time = max(newest_time, received.received_at)
    state = connection.execute(select(t.log_state)).one()
    assert (state.size, state.root, state.frontier) == (frontier.size, frontier.root(), frontier.to_bytes())
    _tiles(connection, [row.hash for row in leaves])
    policy = Policy.parse(ledger.policy_text())
    signed = connection.execute(select(t.checkpoint).order_by(t.checkpoint.c.size)).all()
    for row in signed:
        head = verify_checkpoint(row.note, policy).checkpoint
        assert (head.size, head.root) == (row.size, row.root) == (row.size, roots[row.size])
    return order


def _named(connection: Connection) -> dict[int, bytes]:
    return {row.n: row.hash for row in connection.execute(select(t.statement.c.n, t.statement.c.hash))}


def _ten_seconds_before(text: str) -> str:
    if not text:
        return ""
    return (datetime.fromisoformat(text) - timedelta(seconds=10)).isoformat(timespec="milliseconds")[:23]


def _tiles(connection: Connection, hashes: list[bytes]) -> None:
    level, expected = 0, dict[tuple[int, int], tuple[bytes, bytes]]()
    while hashes:
        full = [hashes[start : start + 256] for start in range(0, len(hashes) - 255, 256)]
        expected |= {(level, n): (root_of(tile), b"".join(tile)) for n, tile in enumerate(full)}
        hashes, level = [root_of(tile) for tile in full], level + 1
    stored = {(row.level, row.number): (row.root, row.hashes) for row in connection.execute(select(t.tile))}
    assert stored == expected


def _author_chains(connection: Connection, entries: dict[bytes, Pair], order: Order) -> None:
    chains: dict[str, list[Statement]] = {}
    for _, said, _ in entries.values():
        chains.setdefault(said.key, []).append(said)
    for row in connection.execute(select(t.author_head)):
        chain = sorted(chains.pop(row.key.hex(), []), key=lambda said: said.seq)
        assert [said.seq for said in chain] == list(range(1, row.seq + 1))
        assert [said.prev for said in chain[1:]] == [said.hash.hex() for said in chain[:-1]]
        assert row.hash == (chain[-1].hash if chain else None)
        assert {(said.party, said.by) for said in chain} <= {(row.party, row.person)}
        places = [order[said.hash] for said in chain]
        assert places == sorted(places), "an index is not greater than that of its author's predecessor"
        seen = [said.seen.size for said in chain if entries[said.hash][0].refused is None]
        assert seen == sorted(seen), "an author saw less than before"
    assert chains == {}, "statements of keys that have no standing"


def _streams(ledger: Ledger, connection: Connection, entries: dict[bytes, Pair], order: Order) -> None:
    key_streams = {row.key.hex(): row.stream for row in connection.execute(select(t.author_head))}
    links: dict[str, dict[int, bytes]] = {}
    named = _named(connection)
    for row in connection.execute(select(t.link)):
        links.setdefault(row.stream, {})[row.seq] = named[row.n]
    told = 0
    for hash_, (received, said, _) in entries.items():
        streams = [each.stream for each in received.links]
        assert streams == (list(said.about) if received.refused is None else [key_streams[said.key]])
        for each in received.links:
            told += 1
            assert links[each.stream][each.seq] == hash_
            before = links[each.stream].get(each.seq - 1)
            assert each.prev == (None if before is None else entries[before][2].hex())
            assert before is None or order[before] < order[hash_], "an index is not greater than its predecessor's"
    assert told == sum(map(len, links.values()))
    for row in connection.execute(select(t.stream_head)):
        chain = links.pop(row.stream, {})
        assert sorted(chain) == list(range(1, row.seq + 1)), f"{row.stream}: seq has gaps"
        assert row.leaf == (entries[chain[row.seq]][2] if chain else None)
    assert links == {}, "streams without a head"


def _effects(connection: Connection, entries: dict[bytes, Pair]) -> None:
    named = _named(connection)
    for row in connection.execute(select(t.posting)):
        assert row.grams > 0
        assert entries[named[row.n]][0].refused is None, "a refused statement moved grams"
    taken = {(said.key, said.seq) for _, said, _ in entries.values()}
    for row in connection.execute(select(t.author_fork)):
        said = statement.parse(row.bytes)
        assert said.hash not in entries
        assert row.branch in entries
        assert (said.key, min(said.seq, entries[row.branch][1].seq)) in taken
    for row in connection.execute(select(t.quarantine)):
        assert row.statement not in entries


def _folded_streams(ledger: Ledger) -> list[str]:
    with ledger.engine.connect() as connection:
        names = connection.execute(select(t.stream_head.c.stream).where(t.stream_head.c.seq > 0)).scalars().all()
    return [name for name in names if folds(name)]
