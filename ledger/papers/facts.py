"""What each paper states: one frozen dataclass each; grams are whole, moments UTC, absent where nobody said any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from ledger.custody.events import Event
from ledger.custody.fact import Fact
from ledger.custody.regimes.base import Regime
from ledger.errors import FormError, LedgerError

Kind = Literal["manifest", "load-list", "receipt-note", "certificate", "inventory"]
SUBJECTS: Final[dict[str, str]] = {
    "manifest": "manifest",
    "load-list": "manifest",
    "receipt-note": "manifest",
    "certificate": "party",
    "inventory": "site",
}
"""What each kind of paper is about: the kind of its subject's id."""


class PaperUnknown(FormError):
    """No such paper, or a subject of another kind."""

    code = "paper-unknown"
    zh = "没有这种单据：{kind}"
    en = "there is no such paper: {kind}"


class NothingToState(LedgerError):
    """The facts do not (yet) say what the paper would state."""

    code = "paper-empty"
    zh = "尚无可出具的内容：{detail}"
    en = "there is nothing yet to put on this paper: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which paper: its kind, its subject and, for a certificate, the period ("" for all time)."""

    kind: Kind
    subject: str
    period: str = ""

    def __post_init__(self) -> None:
        wanted = SUBJECTS.get(self.kind)
        if wanted is None:
            raise PaperUnknown(kind=self.kind, expected=", ".join(SUBJECTS), got=self.kind)
        if not self.subject.startswith(f"{wanted}:"):
            raise PaperUnknown(kind=self.kind, expected=f"{wanted}:<uuid7>", got=self.subject)
        if self.period and self.kind != "certificate":
            raise PaperUnknown(kind=self.kind, expected="a period on certificates only", got=self.period)


class Source(Protocol):
    """Where facts come from. Whatever is answered here is part of the proof."""

    regime: Regime

    def chain(self, stream: str) -> Sequence[Fact]:
        """Everything accepted of an object, shown to be without a gap."""

    def registered(self, stream: str, *types: type[Event]) -> Sequence[Fact]:
        """The facts of these types about a registered thing, the newest last."""

    def settings(self) -> Iterable[Fact]:
        """What authorities adopted."""

    def closed(self, producer: str, start: str, end: str) -> Iterable[str]:
        """The containers in which mass of that producer may have been closed in [start, end), of which the source has
        everything upstream too; more do no harm."""

    def standing(self, site: str) -> Iterable[str]:
        """Containers that may stand at a site, beside those that its chain tells of; more do no harm."""

    def index(self, fact: Fact) -> int:
        """Where the fact's entry stands in the log."""


# ---------------------------------------------------------------------------------------------- what papers state


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A party, with the site that it acts at, as registered."""

    party: str
    name: str
    credit_code: str = ""
    phone: str = ""
    site: str = ""
    site_name: str = ""
    address: str = ""
    licences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One container of a journey. Grams are absent where nobody said any; `entries` are what the line rests on."""

    container: str
    container_code: str = ""
    label_code: str = ""
    name: str = ""
    code: str = ""
    classes: tuple[str, ...] = ()
    hazards: str = ""
    form: str = ""
    harmful: str = ""
    packing: str = ""
    count: int = 1
    state: str = ""
    reason: str = ""
    listed_g: int | None = None
    loaded_g: int | None = None
    decision: str = ""
    unlisted: bool = False
    discrepancy: str = ""
    method: str = ""
    accepted_g: int | None = None
    difference_g: int | None = None
    returned_g: int | None = None
    entries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """One row of the manifest's form: all containers with the same waste in the same packing."""

    name: str
    code: str
    classes: tuple[str, ...] = ()
    hazards: str = ""
    form: str = ""
    harmful: str = ""
    packing: str = ""
    count: int
    listed_g: int
    loaded_g: int
    accepted_g: int
    accepted: int
    refused: int
    missing: int
    discrepancies: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """A part of the way with one carrier and one vehicle. `driver` names the sealed text it may be filled in from."""

    what: Literal["collected", "handed-over", "arrived", "return-started"]
    at: str
    carrier: Unit
    vehicle: str = ""
    driver: str = ""
    where: str = ""
    count: int = 0
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighbridge:
    """A whole load on a weighbridge."""

    gross_g: int | None = None
    tare_g: int | None = None
    net_g: int | None = None
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPaper:
    """转移联单 in the form's three parts: who moves what out, who carries it how, who takes in what."""

    manifest: str
    number: str
    status: str
    issued_at: str
    planned: str
    emergency_phone: str
    sender: Unit
    sender_handler: str
    carriages: tuple[Carriage, ...]
    receiver: Unit
    received_at: str
    receiver_handler: str
    wastes: tuple[Waste, ...]
    lines: tuple[Line, ...]
    listed_g: int
    loaded_g: int
    accepted_g: int
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadList:
    """装载清单: what is on the vehicle, what was left behind, container by container."""

    manifest: str
    number: str
    collected_at: str
    sender: Unit
    carriages: tuple[Carriage, ...]
    receiver: Unit
    emergency_phone: str
    lines: tuple[Line, ...]
    loaded: int
    left_behind: int
    loaded_g: int
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptNote:
    """接收单: what the consignee decided on each container, and how its scale differs."""

    manifest: str
    number: str
    received_at: str
    handler: str
    sender: Unit
    carrier: Unit
    receiver: Unit
    weighbridge: tuple[Weighbridge, ...]
    lines: tuple[Line, ...]
    accepted: int
    refused: int
    missing: int
    undecided: int
    accepted_g: int
    difference_g: int
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Grams of the producer's that came to an end: those of `container`, while they were in `last_in`."""

    container: str
    container_code: str
    name: str
    code: str
    born_at: str
    last_in: str
    grams: int
    end: str
    method: str
    facility: str
    holder: str
    site: str
    licences: tuple[str, ...]
    ended_at: str
    batch: str
    grade: str
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSum:
    """The same by waste, end, method and who did it."""

    code: str
    end: str
    method: str
    holder: str
    grams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """处置证明: which of a producer's grams ended where, by which method, when, proven by which entries."""

    producer: Unit
    period: str
    lines: tuple[Ended, ...]
    sums: tuple[EndedSum, ...]
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """One container standing at a site; `net_g` is absent where its mass is unknown."""

    container: str
    container_code: str
    label_code: str
    name: str
    code: str
    kind: str
    status: str
    facility: str
    zone: str
    producer: str
    born_at: str
    since: str
    net_g: int | None = None
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSum:
    """The same by waste code; `unknown` counts the containers of unknown mass."""

    code: str
    count: int
    net_g: int
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """贮存清单: what stands at a site, container by container."""

    holder: Unit
    lines: tuple[Stock, ...]
    sums: tuple[StockSum, ...]
    entries: tuple[int, ...]


Paper = ManifestPaper | LoadList | ReceiptNote | Certificate | Inventory
