"""Drums and bins that come back: one that begins a new filling while its last one is not emptied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.custody.flags import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One filling of an asset at a site, from `since` until it was emptied ("" while it is not)."""

    container: str
    asset: str
    holder: str
    site: str
    since: str
    until: str


def asset_flags(uses: Iterable[Use]) -> Iterator[Flag]:
    """An asset code belongs to the party that fills it; two fillings of one at once cannot both be true."""
    earlier: dict[tuple[str, str], list[Use]] = {}
    for use in sorted(uses, key=lambda u: (u.since, u.container)):
        known = earlier.setdefault((use.holder, use.asset), [])
        for other in known:
            if not other.until or other.until > use.since:
                yield Flag(
                    rule="asset-in-use",
                    object=use.container,
                    key=other.container,
                    grams=0,
                    holder=use.holder,
                    site=use.site,
                    detail=other.container,
                    opened_at=use.since,
                    opened_by="",
                    closed_at=min(filter(None, (other.until, use.until)), default=""),
                )
        known.append(use)
