"""Papers verified by a stranger with trust.json alone; whatever was changed about one is noticed and named."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from pypdfium2 import PdfDocument

from ledger.errors import LedgerError
from ledger.labels import draw
from ledger.log.checkpoint import Policy, QuorumMissing
from ledger.log.merkle import BadInclusion
from ledger.log.trust import Trust, WrongGenesis
from ledger.papers import packet as packets
from ledger.papers import redrawn
from ledger.papers.packet import NAME
from ledger.papers.proving import AuthorUnknown, ChainIncomplete, PaperDiffers, verified, verify_packet
from ledger.papers.redrawn import LayoutUnknown
from tests.integration.papers.conftest import KINDS, STORY, Made, made
from tests.support import log_world
from tests.support.command import Home, park
from tests.support.papers import forged, painted_over, pictures, repainted, saved, scanned
from tests.support.repository import ROOT

Paper = Callable[[str], Made]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_verifies_the_file_offline(paper: Paper, stranger: Home, kind: str) -> None:
    (stranger.folder / "paper.pdf").write_bytes(paper(kind).file)
    said = stranger.answers("wasteledger verify-paper paper.pdf --trust trust.json")
    assert (said["verified"], said["kind"], said["differences"]) == (True, kind, [])
    assert said["facts"] == paper(kind).packet.facts
    assert "Proven:" in stranger.does("wasteledger verify-paper paper.pdf --trust trust.json")
    assert "已证明" in stranger.does("wasteledger verify-paper paper.pdf --trust trust.json --lang zh")


def test_a_file_of_which_a_part_cannot_be_read_is_refused_in_words(paper: Paper) -> None:
    sheet = paper("manifest")
    proven = verify_packet(sheet.packet, sheet.trust)
    refused = []
    for reference in re.finditer(rb"(?<=/Kids \[ )\d+ 0 R|(?<=/F )\d+ 0 R", sheet.file):
        torn = sheet.file[: reference.start()] + b"99 0 R".ljust(len(reference[0])) + sheet.file[reference.end() :]
        try:
            list(redrawn.differing(torn, redrawn.packet_in(torn), proven))
        except LedgerError as error:
            refused.append(str(error))
    assert any("Failed to" in each for each in refused)


@pytest.mark.parametrize("kind", KINDS)
def test_the_codes_of_a_printed_page_are_the_whole_proof(paper: Paper, stranger: Home, kind: str) -> None:
    heads, codes = scanned(paper(kind).file)
    assert len(heads) == 1 and len(codes) > 1
    (stranger.folder / "scanned.txt").write_text("\n".join(reversed([*codes, codes[0], *heads])))
    said = stranger.answers("wasteledger verify-paper scanned.txt --trust trust.json")
    assert (said["verified"], said["facts"]) == (True, paper(kind).packet.facts)
    without = " ".join(code for code in codes if not code.startswith("WLP1:1/"))
    one_short = stranger.run(f"wasteledger verify-paper {without} --trust trust.json")
    assert (one_short.exit_code, "without 1" in one_short.output) == (1, True)


@pytest.mark.parametrize(("turn", "blur"), [(7, 0.0), (0, 1.2), (-4, 0.7)])
def test_codes_are_read_from_a_page_held_askew_and_out_of_focus(paper: Paper, turn: float, blur: float) -> None:
    sheet, texts = paper("receipt-note"), list[str]()
    for picture in pictures(sheet.file):
        askew = picture.rotate(turn, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
        texts += [found.text for found in zxingcpp.read_barcodes(askew.filter(ImageFilter.GaussianBlur(blur)))]
    assert packets.unpack(t for t in texts if packets.is_code(t)).packed() == sheet.packet.packed()


def test_the_first_code_names_checkpoint_entries_and_where_to_fetch_the_paper(paper: Paper) -> None:
    sheet = paper("manifest")
    (text,), _ = scanned(sheet.file)
    head = packets.parse_head(text)
    assert head is not None
    at = sheet.proven.receipts[0].checkpoint
    assert (head.size, head.root, head.digest) == (at.size, at.root, sheet.packet.digest)
    assert head.indexes == packets.ranges(sheet.proven.indexes)
    assert head.link == f"https://ledger.example/v1/papers/manifest/{sheet.packet.subject}.pdf"


def test_a_first_code_of_another_paper_does_not_fit(paper: Paper, stranger: Home) -> None:
    (stranger.folder / "paper.pdf").write_bytes(paper("manifest").file)
    (other,), _ = scanned(paper("load-list").file)
    said = stranger.run(f"wasteledger verify-paper paper.pdf '{other}' --trust trust.json")
    assert (said.exit_code, "code.digest" in said.output) == (1, True)


# ---------------------------------------------------------------------------------------------- changed figures


def _lighter(document: dict[str, Any]) -> None:
    document["facts"]["lines"][0]["accepted_g"] = 150_000


def _accepted(document: dict[str, Any]) -> None:
    (line,) = (each for each in document["facts"]["lines"] if each["container_code"] == "drum-2")
    line["decision"] = "accepted"


def _dropped(document: dict[str, Any]) -> None:
    document["facts"]["lines"].pop()


@pytest.mark.parametrize(
    ("change", "named"),
    [(_lighter, "lines.0.accepted_g: 150000"), (_accepted, "decision: 'accepted'"), (_dropped, "lines.2: None")],
)
def test_a_figure_changed_in_the_attached_facts_is_named(
    paper: Paper, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    sheet = paper("receipt-note")
    with pytest.raises(PaperDiffers, match="proven") as refused:
        verified(forged(sheet.packet, change), sheet.trust)
    assert named in str(refused.value)


def test_a_figure_changed_on_the_page_is_named_with_what_the_entries_prove(paper: Paper, stranger: Home) -> None:
    sheet = paper("receipt-note")
    changed = repainted(sheet.drawings, sheet.packet, "182.5 kg", "999.9 kg")
    (stranger.folder / "paper.pdf").write_bytes(changed)
    refused = stranger.run("wasteledger verify-paper paper.pdf --trust trust.json")
    assert refused.exit_code == 1
    assert "the paper says 999.9 kg, its entries prove 182.5 kg" in refused.output
    assert stranger.run("wasteledger verify-paper paper.pdf --trust trust.json --facts-only").exit_code == 0


def test_a_figure_changed_on_the_page_and_in_the_facts_is_named_twice(paper: Paper, stranger: Home) -> None:
    sheet = paper("receipt-note")
    lighter = forged(sheet.packet, _lighter)
    changed = repainted(sheet.drawings, lighter, "182 kg", "150 kg")
    (stranger.folder / "paper.pdf").write_bytes(changed)
    said = stranger.run("wasteledger verify-paper paper.pdf --trust trust.json --json")
    assert said.exit_code == 1
    assert '"stated": 150000' in said.output and '"stated": "150 kg"' in said.output


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_painted_over_is_noticed_wherever_it_is(paper: Paper, kind: str) -> None:
    sheet = paper(kind)
    for left, bottom in ((45, 600), (300, 560), (60, 770)):
        changed = painted_over(sheet.file, left, bottom, left + 60, bottom + 40)
        found = list(redrawn.differing(changed, sheet.packet, sheet.proven))
        assert found and all(each.path == "page 1" for each in found), (left, bottom)


def test_a_missing_page_is_noticed(paper: Paper) -> None:
    sheet = paper("manifest")
    short = draw.pdf(sheet.drawings[:-1], attached=(NAME, sheet.packet.encode()))
    assert "pages" in [each.path for each in redrawn.differing(short, sheet.packet, sheet.proven)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_saved_again_by_another_program_still_verifies(paper: Paper, kind: str) -> None:
    sheet = paper(kind)
    again = saved(PdfDocument(sheet.file))
    assert again != sheet.file
    assert redrawn.packet_in(again) == sheet.packet
    assert list(redrawn.differing(again, sheet.packet, sheet.proven)) == []


def test_pages_of_another_version_are_refused_and_the_facts_can_still_be_proven(paper: Paper, stranger: Home) -> None:
    sheet = paper("manifest")
    later = replace(sheet.packet, layout=99)
    with pytest.raises(LayoutUnknown):
        list(redrawn.differing(sheet.file, later, sheet.proven))
    (stranger.folder / "paper.pdf").write_bytes(draw.pdf(sheet.drawings, attached=(NAME, later.encode())))
    assert stranger.run("wasteledger verify-paper paper.pdf --trust trust.json").exit_code == 1
    assert stranger.run("wasteledger verify-paper paper.pdf --trust trust.json --facts-only").exit_code == 0


# ---------------------------------------------------------------------------------------------- changed proofs


def _where(document: dict[str, Any], type_: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in document["entries"] if f'"type":"{type_}"' in row["statement"])
    return found


def _heavier_statement(document: dict[str, Any]) -> None:
    row = _where(document, "manifest-received")
    row["statement"] = row["statement"].replace('"net_g":182000', '"net_g":182999')


def _moved(document: dict[str, Any]) -> None:
    _where(document, "manifest-received")["index"] += 1


def _other_signature(document: dict[str, Any]) -> None:
    row, other = _where(document, "manifest-received"), _where(document, "manifest-collected")
    mark = '"signature":"'
    mine, theirs = (each["entry"].partition(mark)[2][:88] for each in (row, other))
    row["entry"] = row["entry"].replace(mine, theirs)


def _other_key(document: dict[str, Any]) -> None:
    _where(document, "manifest-received")["key"] = _where(document, "manifest-collected")["key"]


def _other_root(document: dict[str, Any]) -> None:
    lines = document["checkpoint"].split("\n")
    lines[2] = "A" * 43 + "="
    document["checkpoint"] = "\n".join(lines)


@pytest.mark.parametrize("change", [_heavier_statement, _moved, _other_signature, _other_key, _other_root])
def test_a_changed_receipt_is_refused(paper: Paper, change: Callable[[dict[str, Any]], None]) -> None:
    sheet = paper("receipt-note")
    with pytest.raises(LedgerError) as refused:
        verify_packet(forged(sheet.packet, change), sheet.trust)
    assert not isinstance(refused.value, PaperDiffers), "the proof itself must fail"


@pytest.mark.parametrize("left_out", ["manifest-collected", "manifest-issued", "container-filled"])
def test_an_entry_left_out_is_missed(paper: Paper, left_out: str) -> None:
    sheet = paper("manifest")

    def without(document: dict[str, Any]) -> None:
        document["entries"].remove(_where(document, left_out))

    with pytest.raises(ChainIncomplete):
        verify_packet(forged(sheet.packet, without), sheet.trust)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(KINDS)), chance=st.randoms(use_true_random=False))
def test_whatever_entries_are_left_out_the_answer_is_a_proof_or_a_named_failure(
    paper: Paper, kind: str, chance: Random
) -> None:
    sheet = paper(kind)
    entries = sheet.packet.entries
    kept = tuple(each for each in entries if each.index == 0 or chance.random() < 0.9)
    try:
        proven = verify_packet(replace(sheet.packet, entries=kept), sheet.trust)
    except LedgerError:
        return
    # What could be left out changed nothing that the paper states, or the change is named.
    assert proven.paper == sheet.proven.paper or proven.differences


def test_a_key_whose_enrolment_is_not_shown_proves_nothing(paper: Paper) -> None:
    sheet = paper("receipt-note")

    def without(document: dict[str, Any]) -> None:
        document["entries"] = [e for e in document["entries"] if '"type":"key-enrolled"' not in e["statement"]]

    with pytest.raises(AuthorUnknown):
        verify_packet(forged(sheet.packet, without), sheet.trust)


def test_another_ledgers_paper_and_checkpoint_are_refused(paper: Paper, tmp_path: Path) -> None:
    ours, elsewhere = paper("receipt-note"), park(tmp_path)
    elsewhere.does(*STORY)
    theirs = made(elsewhere, KINDS["receipt-note"])
    with pytest.raises(WrongGenesis):
        verify_packet(theirs.packet, ours.trust)
    with pytest.raises(LedgerError):
        # Signed by a log of the same name, but not by the key that the pinned genesis names.
        verify_packet(replace(ours.packet, checkpoint=theirs.packet.checkpoint), ours.trust)


def test_an_older_checkpoint_of_the_same_log_does_not_prove_newer_entries(home: Home) -> None:
    home.does(*STORY[:6])
    older = made(home, KINDS["manifest"]).packet.checkpoint
    home.does(*STORY[6:9])
    newer = made(home, KINDS["manifest"])
    with pytest.raises(LedgerError):
        verify_packet(replace(newer.packet, checkpoint=older), newer.trust)


def test_a_pinned_policy_asks_for_its_witnesses(paper: Paper, told: Home) -> None:
    sheet = paper("manifest")
    log = (told.path / "policy.txt").read_text().splitlines()[0]
    witness = f"witness w1 {log_world.WITNESSES[0].verifier.encode()}"
    assert verify_packet(sheet.packet, sheet.trust, Policy.parse(f"{log}\nquorum none\n")).differences == ()
    with pytest.raises(QuorumMissing):
        verify_packet(sheet.packet, sheet.trust, Policy.parse(f"{log}\n{witness}\nquorum w1\n"))


# ---------------------------------------------------------------------------------------------- the reader


def test_what_is_no_paper_is_told_so(stranger: Home, paper: Paper) -> None:
    (stranger.folder / "empty.pdf").write_bytes(b"%PDF-1.4\n")
    (stranger.folder / "note.txt").write_text("hello")
    (stranger.folder / "bare.pdf").write_bytes(draw.pdf(paper("manifest").drawings))
    for line in ("empty.pdf", "note.txt", "bare.pdf", "WLP1:1/1:AAAAAAAAAAAAAAAA:AAAA"):
        said = stranger.run(f"wasteledger verify-paper {line} --trust trust.json")
        assert said.exit_code == 1, line


def test_verifying_codes_loads_no_database_no_web_and_nothing_that_draws(paper: Paper, stranger: Home) -> None:
    _, codes = scanned(paper("load-list").file)
    (stranger.folder / "scanned.txt").write_text("\n".join(codes))
    script = (
        "import sys; from cli.main import main;"
        "main(['verify-paper', 'scanned.txt', '--trust', 'trust.json'], standalone_mode=False);"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {script}"],
        cwd=stranger.folder,
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(done.stderr.split())
    ours = {name for name in loaded if name.startswith("ledger.")}
    known = ("ledger.log", "ledger.custody", "ledger.papers", "ledger.errors")
    assert {name for name in ours if not name.startswith(known)} == set()
    assert loaded & {"sqlalchemy", "flask", "marshmallow", "reportlab", "PIL", "pypdfium2", "psycopg"} == set()


def test_the_same_paper_has_the_same_bytes(told: Home) -> None:
    one, two = (made(told, KINDS["manifest"]).file for _ in range(2))
    assert one == two


def test_a_wrong_trust_file_is_refused(paper: Paper) -> None:
    sheet = paper("manifest")
    other = Trust(origin=sheet.trust.origin, genesis_leaf="ab" * 32)
    with pytest.raises(WrongGenesis):
        verify_packet(sheet.packet, other)


def test_an_entry_moved_to_another_place_is_not_in_the_log(paper: Paper) -> None:
    sheet = paper("load-list")
    with pytest.raises(BadInclusion):
        verify_packet(forged(sheet.packet, _moved_collected), sheet.trust)


def _moved_collected(document: dict[str, Any]) -> None:
    _where(document, "manifest-collected")["index"] -= 1
