"""What the label commands share: the acting party's desk, and the files that printers take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cli.acting import Actor
from cli.progress import progress
from cli.words import say
from ledger import bootstrap
from ledger.labelling import Desk
from ledger.labels import draw
from ledger.labels.layout import LabelText, Size, label
from ledger.labels.shapes import Drawing


def desk_of(actor: Actor, address: str | None = None) -> Desk:
    """The labels of the acting person's party, at this machine."""
    settings = bootstrap.settings()
    return Desk(
        ledger=actor.ledger,
        queries=actor.queries,
        party=actor.party,
        device=actor.me.stream,
        home=settings.home,
        address=address or settings.address,
    )


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
