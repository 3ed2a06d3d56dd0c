"""Labels at the command line: a key, blocks of digital codes, prints, replacements, and the check without a ledger."""

from __future__ import annotations

import re
from pathlib import Path

import pdfplumber
import pytest
from PIL import Image

from tests.support.command import Home
from tests.support.labels import printed, read


@pytest.fixture
def desk(home: Home) -> Home:
    """The park with a label key and two drums."""
    home.does(
        "wasteledger label key --as ann",
        "wasteledger fill drum-1 --mass 182.5kg --as ann",
        "wasteledger fill drum-2 --mass 40kg --as ann",
    )
    return home


def words(file: Path) -> str:
    with pdfplumber.open(file) as opened:
        return "\n".join(page.extract_text() for page in opened.pages)


def test_nothing_is_printed_without_a_certified_key(home: Home) -> None:
    home.does("wasteledger fill drum-1 --mass 182.5kg --as ann")
    refused = home.run("wasteledger label print drum-1 -o drum-1.pdf --as ann")
    assert refused.exit_code == 1
    assert "no enrolled label key" in refused.output
    assert not (home.folder / "drum-1.pdf").exists()


def test_a_label_is_recorded_printed_scanned_and_checked_without_the_ledger(desk: Home, tmp_path: Path) -> None:
    desk.does("wasteledger label print drum-1 drum-2 -o drums.png --as ann", "wasteledger label keys")
    links = [read(Image.open(desk.folder / f"drums-00{n}.png"))[0] for n in (1, 2)]
    stranger = Home(tmp_path)
    (tmp_path / "label-keys.json").write_bytes((desk.folder / "label-keys.json").read_bytes())
    for link in links:
        answer = stranger.answers(f"wasteledger label check {link} --keys label-keys.json")
        assert (answer["genuine"], answer["issuer"]) == (True, "Garage")
    forged = links[0][:60] + ("A" if links[0][60] != "A" else "B") + links[0][61:]
    refused = stranger.run(f"wasteledger label check {forged} --keys label-keys.json")
    assert (refused.exit_code, "mistyped" in refused.output) == (1, True)
    assert "label" not in desk.does("wasteledger exceptions")


def test_a_reprint_is_the_same_label_and_records_nothing(desk: Home) -> None:
    desk.does("wasteledger label print drum-1 -o one.zpl --as ann")
    again = desk.answers("wasteledger label print drum-1 -o two.zpl --as ann")
    assert again["recorded"] == []
    one, two = ((desk.folder / name).read_bytes() for name in ("one.zpl", "two.zpl"))
    assert one == two
    assert read(printed(one)[0])


def test_the_digital_code_comes_later_from_a_reserved_block(desk: Home) -> None:
    desk.does("wasteledger label print drum-1 -o before.pdf --as ann")
    assert "代码待发" in words(desk.folder / "before.pdf")
    desk.does("wasteledger label reserve --count 2 --as ann")
    desk.does("wasteledger label print drum-1 drum-2 -o after.pdf --as ann")
    after = words(desk.folder / "after.pdf")
    assert "代码待发" not in after
    assert re.findall(r"91150600MA0EXAMP0W90021408\d{8}(\d{3})", after) == ["001", "002"]


def test_a_replaced_label_has_another_code_and_the_same_digital_code(desk: Home) -> None:
    desk.does("wasteledger label reserve --as ann", "wasteledger label print drum-1 -o old.pdf --as ann")
    old = desk.does("wasteledger label link drum-1 --as ann").splitlines()[-1]
    desk.does("wasteledger label replace drum-1 -o new.pdf --as ann")
    assert desk.does("wasteledger label link drum-1 --as ann").splitlines()[-1] != old
    assert words(desk.folder / "new.pdf") == words(desk.folder / "old.pdf")


def test_a_blank_label_is_bound_by_what_its_code_says(desk: Home) -> None:
    desk.does("wasteledger label blank 1 -o blank.png --as ann")
    (link,) = read(Image.open(desk.folder / "blank.png"))
    desk.does(f"wasteledger label bind drum-1 --label {link} --as ann")
    assert "label" not in desk.does("wasteledger exceptions")
    assert desk.answers(f"wasteledger label check {link}")["container"] == ""
