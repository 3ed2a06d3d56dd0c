"""Whose records a reader is shown: the one place that says what belongs to whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A reader. `who` holds parties, or the one person that a driver is: shown is what names one of them or was said by
    one of them; None stands for everybody's. `own` are the parties whose inner matters (addresses, telephones, stock)
    are shown too."""

    who: frozenset[str] | None
    own: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """True for a regulator of the whole ledger."""
        return self.who is None

    def is_own(self, party: str) -> bool:
        """True when the party's inner matters are shown."""
        return self.who is None or party in self.own


ALL = Viewer(who=None)
NOTHING = Viewer(who=frozenset())
