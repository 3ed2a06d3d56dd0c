"""One party's labels: its label key at this machine, what each label says, and the digital codes not given out yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path

from ledger.custody.container import Container
from ledger.custody.events.containers import LabelBound
from ledger.custody.events.registry import LabelCodesReserved
from ledger.custody.fact import Fact
from ledger.custody.regimes.base import start_of_day
from ledger.custody.registry import Registry
from ledger.errors import LedgerError
from ledger.exchange.catalogue import Waste, carried
from ledger.labels import code, digital
from ledger.labels.layout import SIZES, LabelText, Size, size_for
from ledger.labels.wording import birth_of, kind_for, wording
from ledger.log.keys import PrivateKey
from ledger.queries import Queries
from ledger.service import Ledger, Standing


class NoLabelKey(LedgerError):
    """Labels are signed by a key of their own, so that its loss is not the loss of somebody's hand."""

    code = "no-label-key"
    zh = "本机没有 {party} 已登记的标签密钥，请由管理员生成（容器的标签页，或命令 label key）"
    en = "this machine has no enrolled label key of {party}; an administrator makes it (its label page, or: label key)"


class Desk:
    """One party's labels at one machine; `device` is the key stream for which digital codes are reserved."""

    def __init__(
        self, *, ledger: Ledger, queries: Queries, party: str, device: str, home: Path, address: str | None = None
    ) -> None:
        self.ledger = ledger
        self.queries = queries
        self.party = party
        self._device = device
        self._home = home
        self._base = code.link_base(address or ledger.origin)
        self._known: dict[str, list[Fact]] = {}
        self._reserved: list[LabelCodesReserved] = []
        self._since = ""  # from when on these were looked for
        self._used: dict[str, set[str]] = {}
        self._free: dict[tuple[str, str], Iterator[str]] = {}

    def link(self, label_id: str, container: str = "") -> str:
        """The link in the QR code of a label; raises NoLabelKey."""
        made = code.issue(label=label_id, container=container, origin=self.ledger.origin, key=self.key)
        return made.link(self._base)

    @cached_property
    def key(self) -> PrivateKey:
        """The party's label key at this machine, if the ledger certifies it."""
        file = key_file(self._home, self.party)
        if file.exists():
            key = PrivateKey(bytes.fromhex(file.read_text(encoding="utf-8")))
            if any(each.key == key.public.hash.hex() for each in standing_keys(self.ledger)):
                return key
        raise NoLabelKey(party=self.registry.name_of(self.party))

    @cached_property
    def registry(self) -> Registry:
        return self.queries.registry()

    def text(self, thing: Container, label_id: str, digital_code: str = "") -> LabelText:
        """What the label of a container says, with the digital code given to it before, else with this one."""
        birth, regime = birth_of(self.history(thing.id)), self.ledger.regime
        producer = birth.place.party if birth is not None else thing.holder
        day = regime.day_of(thing.born_at) if thing.born_at else ""
        classes = regime.classes_of(thing.code)
        listed = catalogue().get(thing.code)
        return wording(
            link=self.link(label_id, thing.id),
            thing=thing,
            birth=birth,
            profile=self.registry.profiles.get(birth.profile or "") if birth is not None else None,
            producer=self.registry.parties.get(producer),
            category=" ".join(filter(None, (*classes, listed.category_name if listed is not None else ""))),
            kind=kind_for(classes),
            listed=listed.hazard if listed is not None else "",
            day=day,
            digital_code=self.digital_code(thing) or digital_code,
        )

    def history(self, container: str) -> list[Fact]:
        """What was recorded of a container."""
        if container not in self._known:
            self._known[container] = [step.fact for step in self.queries.history(container)]
        return self._known[container]

    def digital_code(self, thing: Container) -> str:
        """The digital code given to a container's label before, or ""."""
        events = [fact.event for fact in self.history(thing.id)]
        return next((e.digital_code for e in reversed(events) if isinstance(e, LabelBound) and e.digital_code), "")

    def size(self, thing: Container, asked: str) -> Size:
        """The size asked for, else the one for the volume that the waste profile names."""
        if asked != "auto":
            return SIZES[int(asked)]
        birth = birth_of(self.history(thing.id))
        profile = self.registry.profiles.get(birth.profile or "") if birth is not None else None
        return size_for(profile.capacity_ml if profile is not None else None)

    # ------------------------------------------------------------------------------------ digital codes

    def numbers(self, waste: str) -> bool:
        """Whether labels of a waste carry a digital code, and the party has the credit code that it begins with."""
        return kind_for(self.ledger.regime.classes_of(waste)) != "general" and bool(self.credit_code)

    def take(self, thing: Container) -> str:
        """The next free code for a container of the party's own that has none; "" if there is none to be had."""
        birth = birth_of(self.history(thing.id))
        own = birth is None or birth.place.party == self.party
        if not (own and thing.born_at and self.numbers(thing.code)) or self.digital_code(thing):
            return ""
        return next(self.free(thing.code, self.ledger.regime.day_of(thing.born_at)), "")

    def free(self, waste: str, day: str) -> Iterator[str]:
        """The digital codes of a waste and day that this device reserved and that stand on no label yet."""
        if (waste, day) not in self._free:
            mine = [(serial, serial) for serial in self._serials(waste, day)]
            self._free[waste, day] = digital.free_codes(self.credit_code, waste, day, mine, self._taken(day))
        return self._free[waste, day]

    def next_block(self, count: int, waste: str, day: str) -> tuple[int, int] | None:
        """The next serials that no device of the party has reserved; None when the day has not as many left."""
        return digital.free_block(count, [(each.first, each.last) for each in self.blocks(waste, day)])

    def blocks(self, waste: str, day: str) -> list[LabelCodesReserved]:
        """What any device of the party reserved for a waste and day, in the order in which the ledger took it in."""
        since = start_of_day(date.fromisoformat(day) - digital.AHEAD, self.ledger.regime.offset)
        if not self._since or since < self._since:
            self._since, told = since, self.queries.recorded_since(self.party, since)
            self._reserved = [fact.event for fact in told if isinstance(fact.event, LabelCodesReserved)]
        return [each for each in self._reserved if (each.code, each.day) == (waste, day)]

    def _serials(self, waste: str, day: str) -> list[int]:
        """The serials of this device: of two that reserve the same ones at once, the first recorded has them."""
        devices: dict[int, str] = {}
        for block in self.blocks(waste, day):
            for serial in range(block.first, block.last + 1):
                devices.setdefault(serial, block.device)
        return sorted(serial for serial, device in devices.items() if device == self._device)

    def _taken(self, day: str) -> set[str]:
        """The digital codes on labels of what began on a day at the party's sites."""
        if day not in self._used:
            begin, offset = date.fromisoformat(day), self.ledger.regime.offset
            start, end = (start_of_day(each, offset) for each in (begin, begin + timedelta(days=1)))
            events = [fact.event for fact in self.queries.born(self.party, start, end)]
            self._used[day] = {e.digital_code for e in events if isinstance(e, LabelBound) and e.digital_code}
        return self._used[day]

    @property
    def credit_code(self) -> str:
        party = self.registry.parties.get(self.party)
        codes = [i.value for i in party.identifiers if i.scheme == "uscc"] if party is not None else []
        return codes[0] if codes else ""


@cache
def catalogue() -> dict[str, Waste]:
    """The catalogue that travels with the product, by code: for names of classes, and hazards that nobody stated."""
    return {waste.code: waste for waste in carried("2021").wastes}


def standing_keys(ledger: Ledger) -> list[Standing]:
    """The ledger's label keys that were not revoked."""
    return [each for each in ledger.authors() if each.purpose == "label" and each.revoked_last_seq is None]


def key_file(home: Path, party: str) -> Path:
    """Where a party's label key lies at this machine."""
    return home / "labels" / f"{party.partition(':')[2]}.key"


def make_key(home: Path, party: str) -> PrivateKey:
    """A new label key of a party at this machine; an older one is kept beside it."""
    file = key_file(home, party)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.exists():
        file.rename(
            file.with_suffix(f".{PrivateKey(bytes.fromhex(file.read_text(encoding='utf-8'))).public.hash.hex()[:8]}")
        )
    key = PrivateKey(os.urandom(32))
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(key.seed.hex() + "\n")
    return key
