"""The clear text of sealed fields: each person's under a key of their own, which erasure destroys."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.store.answers import SealedText
from ledger.store.rows import Changes, Rows
from ledger.store.sealing import Chance, lock_away, new_key, open_up


class Subjects:
    """The people that clear text is about; `kek` is the key over their keys."""

    def __init__(self, kek: bytes, chance: Chance) -> None:
        self._kek = kek
        self._chance = chance

    def seal(
        self,
        rows: Rows,
        changes: Changes,
        keys: dict[str, bytes | None],
        hash_: bytes,
        sealed: Iterable[tuple[SealedText, str]],
    ) -> None:
        """Take in the clear text of one statement, each with its person; not that of an erased one again. `keys` are
        those that this transaction has read, which holds them locked."""
        for text, person in sealed:
            if person not in keys:
                keys[person] = self._key_of(rows, person)
            key = keys[person]
            if key is not None:
                place = f"{hash_.hex()} {text.path}".encode()
                locked = lock_away(key, text.salt + text.value.encode(), place, self._chance)
                changes.add("sealed", (hash_, text.path, person, locked))

    def erase(self, rows: Rows, person: str) -> None:
        """Delete the clear text and destroy the key over it; the row left behind keeps later clear text out."""
        rows.execute("DELETE FROM sealed WHERE person = ?", person)
        if not rows.execute("UPDATE subject_key SET wrapped = NULL WHERE person = ?", person):
            rows.insert("subject_key", [(person, None)])

    def _key_of(self, rows: Rows, person: str) -> bytes | None:
        found = rows.query(f"SELECT wrapped FROM subject_key WHERE person = ?{rows.for_update}", person)
        if found:
            return None if found[0][0] is None else open_up(self._kek, found[0][0], person.encode())
        key = new_key()
        rows.insert("subject_key", [(person, lock_away(self._kek, key, person.encode(), self._chance))])
        return key
