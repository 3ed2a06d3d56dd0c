"""What a scanned or typed text leads one reader to, and whether a label's code is genuine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.access import Viewer
from ledger.custody.events.containers import LabelBound, LabelIssued
from ledger.custody.regimes.base import PeriodError
from ledger.errors import LedgerError
from ledger.labelling import standing_keys
from ledger.labels import code, digital
from ledger.labels.code import LabelCode, LabelCodeMistyped, NoLabelCode
from ledger.labels.digital import DigitalCodeForm
from ledger.log.ids import is_stream
from ledger.queries import Found, Queries
from ledger.reading import Reading
from ledger.service import Ledger

FOUND_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a text is. `found` are the things it leads to, of those that the reader is shown; `label` is the label that
    it names ("" for none), `on` the container that wears it; `doubt` says why the code is not to be believed."""

    text: str
    found: tuple[Found, ...] = ()
    label: str = ""
    on: str = ""
    issued_by: str = ""
    doubt: LedgerError | None = None


class Scanner:
    """Reads texts for one reader."""

    def __init__(self, ledger: Ledger, queries: Queries, reading: Reading, viewer: Viewer) -> None:
        self._ledger, self._queries, self._reading, self._viewer = ledger, queries, reading, viewer

    def read(self, text: str) -> Scanned:
        """What the text is; never raises for what people scan."""
        text = text.strip()
        if not text:
            return Scanned(text="")
        try:
            said = code.parse(text)
        except LabelCodeMistyped as doubt:
            return Scanned(text=text, doubt=doubt)
        except NoLabelCode:
            return self._plain(text)
        return self._label(text, said)

    def _label(self, text: str, said: LabelCode) -> Scanned:
        """A label's code: genuine only when a label key that the ledger certifies signed it."""
        keys = {each.public_key: each.party for each in standing_keys(self._ledger)}
        try:
            _, by = code.verify_label(text, origin=self._ledger.origin, keys=keys)
        except LedgerError as doubt:
            return Scanned(text=text, label=said.label, doubt=doubt)
        on = said.container or self._wearer(said.label)
        return Scanned(text=text, found=self._find(on), label=said.label, on=on, issued_by=keys[by])

    def _plain(self, text: str) -> Scanned:
        if is_stream(text) and text.startswith("label:"):
            on = self._wearer(text)
            return Scanned(text=text, found=self._find(on), label=text if self._known(text) else "", on=on)
        return Scanned(text=text, found=self._find(text) or self._numbered(text) or self._find(text.rpartition("/")[2]))

    def _find(self, text: str) -> tuple[Found, ...]:
        return tuple(self._reading.find(self._viewer, text, FOUND_MAX)) if text else ()

    def _known(self, label: str) -> bool:
        return bool(self._queries.history(label))

    def _wearer(self, label: str) -> str:
        """The container that a label was last stuck on."""
        events = [step.fact.event for step in self._queries.history(label)]
        worn = [c for event in events if not isinstance(event, LabelIssued) for c in event.containers()]
        return worn[-1] if worn else ""

    def _numbered(self, text: str) -> tuple[Found, ...]:
        """The container whose label carries this digital code: one of its waste that began on its day."""
        try:
            said = digital.parse(text)
            begun = self._reading.begun(self._viewer, said.code, said.day)
        except (DigitalCodeForm, PeriodError):
            return ()
        return tuple(
            found
            for name in begun
            if any(
                isinstance(step.fact.event, LabelBound) and step.fact.event.digital_code == said.text
                for step in self._queries.history(name)
            )
            for found in self._find(name)
        )
