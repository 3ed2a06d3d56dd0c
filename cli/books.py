"""A party's books, as the commands ask for them."""

from ledger.books import Reveal, rows_of

__all__ = ["Reveal", "rows_of"]
