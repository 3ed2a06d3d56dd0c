"""A party's books as the ledger holds them: the rows of HJ 1259, whether imported or recorded as they happened."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact
from ledger.exchange.hj1259 import Recorded, recorded_rows
from ledger.queries import Queries
from ledger.service import Ledger


def rows_of(ledger: Ledger, queries: Queries, party: str) -> list[Recorded]:
    """Every row of the party's five tables, sealed names filled in where they may still be read."""
    facts = queries.concerning(party)
    reveal = Reveal(ledger, facts)
    return recorded_rows(facts, party=party, registry=queries.registry(), reveal=reveal, regime=ledger.regime)


class Reveal:
    """The clear text behind a commitment, read when asked for, a statement at a time."""

    def __init__(self, ledger: Ledger, facts: Iterable[Fact]) -> None:
        self._ledger = ledger
        self._where = {
            commitment: (fact.id, path) for fact in facts for path, commitment, _ in unwrapped(fact).event.sealed()
        }
        self._read: dict[str, dict[str, str]] = {}

    def __call__(self, commitment: str) -> str | None:
        if commitment not in self._where:
            return None
        id_, path = self._where[commitment]
        if id_ not in self._read:
            self._read[id_] = self._ledger.clear_text(id_)
        return self._read[id_].get(path)
