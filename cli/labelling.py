"""What the label commands share: the party's label key, what each label says, and the files that printers take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property, partial
from pathlib import Path

from cli.acting import Actor
from cli.progress import progress
from cli.words import say
from ledger import bootstrap
from ledger.custody.container import Container
from ledger.custody.events.containers import LabelBound
from ledger.custody.events.registry import LabelCodesReserved
from ledger.custody.fact import Fact
from ledger.custody.registry import Registry
from ledger.errors import LedgerError
from ledger.exchange.catalogue import Waste, carried
from ledger.labels import code, digital, draw
from ledger.labels.layout import SIZES, LabelText, Size, label, size_for
from ledger.labels.shapes import Drawing
from ledger.labels.wording import birth_of, kind_for, wording
from ledger.log.keys import PrivateKey
from ledger.service import Ledger, Standing


class NoLabelKey(LedgerError):
    """Labels are signed by a key of their own, so that its loss is not the loss of somebody's hand."""

    code = "no-label-key"
    zh = "本机没有 {party} 已登记的标签密钥，请由管理员执行 label key"
    en = "this machine has no enrolled label key of {party}; an administrator runs: label key"


class Desk:
    """One party's labels in one command: its key, what is registered, and the digital codes not given out yet."""

    def __init__(self, actor: Actor, address: str | None = None) -> None:
        self.actor = actor
        self._base = code.link_base(address or actor.ledger.origin)
        self._known: dict[str, list[Fact]] = {}
        self._free: dict[tuple[str, str], Iterator[str]] = {}

    def link(self, label_id: str, container: str = "") -> str:
        """The link in the QR code of a label; raises NoLabelKey."""
        made = code.issue(label=label_id, container=container, origin=self.actor.ledger.origin, key=self.key)
        return made.link(self._base)

    @cached_property
    def key(self) -> PrivateKey:
        """The party's label key at this machine, if the ledger certifies it."""
        file = key_file(self.actor.party)
        if file.exists():
            key = PrivateKey(bytes.fromhex(file.read_text()))
            if any(each.key == key.public.hash.hex() for each in standing_keys(self.actor.ledger)):
                return key
        raise NoLabelKey(party=self.actor.find.name(self.actor.party))

    @cached_property
    def registry(self) -> Registry:
        return self.actor.find.registry

    @cached_property
    def facts(self) -> list[Fact]:
        """Everything recorded of the party's containers."""
        return self.actor.queries.concerning(self.actor.party)

    def text(self, thing: Container, label_id: str) -> LabelText:
        """What the label of a container says; takes a digital code if it has none and one is free."""
        birth, regime = birth_of(self.history(thing.id)), self.actor.ledger.regime
        producer = birth.place.party if birth is not None else thing.holder
        day = regime.day_of(thing.born_at) if thing.born_at else ""
        before = self.digital_code(thing)
        classes = regime.classes_of(thing.code)
        kind, listed = kind_for(classes), catalogue().get(thing.code)
        own = producer == self.actor.party and kind != "general" and bool(day)
        return wording(
            link=self.link(label_id, thing.id),
            thing=thing,
            birth=birth,
            profile=self.registry.profiles.get(birth.profile or "") if birth is not None else None,
            producer=self.registry.parties.get(producer),
            category=" ".join(filter(None, (*classes, listed.category_name if listed is not None else ""))),
            kind=kind,
            listed=listed.hazard if listed is not None else "",
            day=day,
            digital_code=before or (next(self.free(thing.code, day), "") if own else ""),
        )

    def history(self, container: str) -> list[Fact]:
        """What was recorded of a container."""
        if container not in self._known:
            self._known[container] = [step.fact for step in self.actor.queries.history(container)]
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

    def free(self, waste: str, day: str) -> Iterator[str]:
        """The digital codes of a waste and day that this device reserved and that stand on no label yet."""
        if (waste, day) not in self._free:
            used = {f.event.digital_code for f in self.facts if isinstance(f.event, LabelBound)}
            mine = [(e.first, e.last) for e in self.blocks(waste, day) if e.device == self.actor.me.stream]
            made = digital.free_codes(self.credit_code, waste, day, mine, {each for each in used if each})
            self._free[waste, day] = made
        return self._free[waste, day]

    def blocks(self, waste: str, day: str) -> list[LabelCodesReserved]:
        """What any device of the party reserved for a waste and day."""
        events = [step.fact.event for step in self.actor.queries.history(self.actor.party)]
        return [e for e in events if isinstance(e, LabelCodesReserved) and (e.code, e.day) == (waste, day)]

    @property
    def credit_code(self) -> str:
        party = self.registry.parties.get(self.actor.party)
        codes = [i.value for i in party.identifiers if i.scheme == "uscc"] if party is not None else []
        return codes[0] if codes else ""


@cache
def catalogue() -> dict[str, Waste]:
    """The catalogue that travels with the product, by code: for names of classes, and hazards that nobody stated."""
    return {waste.code: waste for waste in carried("2021").wastes}


def standing_keys(ledger: Ledger) -> list[Standing]:
    """The ledger's label keys that were not revoked."""
    return [each for each in ledger.authors() if each.purpose == "label" and each.revoked_last_seq is None]


def drawn(texts: Sequence[tuple[LabelText, Size]]) -> list[Drawing]:
    """The labels, each as often as faces must wear it, with progress; raises GlyphMissing or LabelTextTooLong."""
    drawings: list[Drawing] = []
    with progress(say("排版", "layout")) as told:
        for done, (text, size) in enumerate(texts, 1):
            drawings += [label(text, size)] * size.faces
            told(done, len(texts))
    return drawings


def write(drawings: Sequence[Drawing], output: Path, form: str, sheet: draw.Sheet, dpi: int) -> list[Path]:
    """The files for the printer: one of PDF or ZPL, one each (name-001 and on) of PNG or SVG; where they lie."""
    count = len(drawings)
    with progress(say("输出", "writing")) as told:
        if form in ("pdf", "zpl"):
            done = partial(_told, told, count)
            made = (
                draw.pdf(drawings, sheet=sheet, told=done) if form == "pdf" else draw.zpl(drawings, dpi=dpi, told=done)
            )
            output.write_bytes(made)
            return [output]
        files = [output]
        if count > 1:
            files = [output.with_stem(f"{output.stem}-{n:03}") for n in range(1, count + 1)]
        for done_, (file, drawing) in enumerate(zip(files, drawings, strict=True), 1):
            file.write_bytes(draw.png(drawing, dpi=dpi) if form == "png" else draw.svg(drawing))
            told(done_, count)
    return files


def _told(told: Callable[[int, int], None], count: int, done: int) -> None:
    told(done, count)


def key_file(party: str) -> Path:
    """Where a party's label key lies at this machine."""
    return bootstrap.settings().home / "labels" / f"{party.partition(':')[2]}.key"


def make_key(party: str) -> PrivateKey:
    """A new label key of a party at this machine; an older one is kept beside it."""
    file = key_file(party)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    if file.exists():
        file.rename(file.with_suffix(f".{PrivateKey(bytes.fromhex(file.read_text())).public.hash.hex()[:8]}"))
    key = PrivateKey(os.urandom(32))
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key.seed.hex() + "\n")
    return key
