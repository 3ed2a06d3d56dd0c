"""The end of waste: treatment by batch, with what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from ledger.custody.container import Container, Manifest
from ledger.custody.events import Event, Things, event
from ledger.custody.events.containers import Draw, OfOne, Pour, distinct, held, pool, pour
from ledger.custody.postings import Account, Posting, move
from ledger.custody.rules import AlreadyClosed, ContainerExists, Refusal
from ledger.custody.values import (
    Basis,
    BatchCode,
    Code,
    Exemption,
    FacilityId,
    Grams,
    Hash,
    MethodCode,
    Moment,
    Named,
    Place,
    Transcript,
)
from ledger.custody.wire import Codes, WireError

if TYPE_CHECKING:
    from ledger.custody.fact import Fact


@event("waste-treated")
class WasteTreated(Event):
    """`final` closes the full input and each output is new mass (a residue); `intermediate` closes nothing: the
    contents stay held under the same first producers, less what was lost in the process."""

    place: Place
    facility: FacilityId
    stage: Literal["final", "intermediate"]
    end: Literal["utilised", "disposed"]
    method: MethodCode
    basis: Basis
    inputs: tuple[Draw, ...]
    outputs: tuple[Pour, ...] = ()
    started: Moment | None = None
    ended: Moment | None = None
    exemption: Exemption | None = None
    batch_code: BatchCode | None = None
    from_batches: tuple[BatchCode, ...] = ()
    handler: Named | None = None
    source: Transcript | None = None

    correctable = ("inputs.*.net_g", "outputs.*.net_g")

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.place.site, *self.containers(), *(p.label for p in self.outputs if p.label)})

    def containers(self) -> tuple[str, ...]:
        return (*(d.container for d in self.inputs), *(p.container for p in self.outputs))

    def begins(self) -> tuple[str, ...]:
        return tuple(p.container for p in self.outputs if p.new)

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def check(self, path: str, codes: Codes) -> None:
        if not self.inputs:
            raise WireError(path="inputs", expected="at least one container", got="none")
        if self.started is not None and self.ended is not None and self.ended < self.started:
            raise WireError(path="ended", expected=f"not before {self.started}", got=self.ended)
        distinct(self.containers(), "inputs")

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        for draw in self.inputs:
            thing = things.get(draw.container)
            # What was emptied later than this may be told of earlier; what was treated is treated once.
            gone = isinstance(thing, Container) and thing.born and thing.status == "emptied"
            if isinstance(thing, Container) and gone and (thing.closed or thing.emptied_at <= fact.at):
                yield AlreadyClosed(container=draw.container)
        for output in self.outputs:
            thing = things.get(output.container)
            if output.new and isinstance(thing, Container) and thing.born:
                yield ContainerExists(container=output.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        for draw in self.inputs:
            if draw.container == thing.id:
                thing.draw(draw.net_g, fact.at)
                thing.closed |= thing.status == "emptied"
        for output in self.outputs:
            if output.container == thing.id:
                pour(thing, output, self.place, fact)

    def post(self, fact: Fact) -> Iterator[Posting]:
        if self.stage == "final":
            for draw in self.inputs:
                end = Account(self.end, self.place.party, self.place.site, draw.code, draw.container)
                yield from move(draw.net_g, held(self.place, draw.code, draw.container), end, "treated")
            for output in self.outputs:
                new = Account("derived", self.place.party, self.place.site, output.code, "")
                yield from move(output.net_g, new, held(self.place, output.code, output.container), "derived")
            return
        between = pool(self.place, fact)
        for draw in self.inputs:
            yield from move(draw.net_g, held(self.place, draw.code, draw.container), between, "treated")
        for output in self.outputs:
            yield from move(output.net_g, between, held(self.place, output.code, output.container), "treated")
        gone = sum(d.net_g for d in self.inputs) - sum(o.net_g for o in self.outputs)
        account = "process-loss" if gone > 0 else "additive"
        end = Account(account, self.place.party, self.place.site, self.inputs[0].code, "")
        yield from move(gone, between, end, account)


@event("fate-asserted")
class FateAsserted(OfOne):
    """What the producer says became of waste that it sent to somebody outside the ledger, resting on a document."""

    code: Code
    net_g: Grams
    end: Literal["utilised", "disposed"]
    receiver: Place
    method: MethodCode | None = None
    document: Hash

    correctable = ("net_g",)

    def post(self, fact: Fact) -> Iterator[Posting]:
        gone = Account("to-outside", self.place.party, self.place.site, self.code, self.container)
        end = Account(self.end, self.receiver.party, self.receiver.site, self.code, self.container)
        yield from move(self.net_g, gone, end, "asserted")
