"""What the reading commands say: a story with its seals, a rate with its terms, exceptions with their law, proofs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.telling import TITLES, exception_document
from ledger.custody.events import event_types
from ledger.custody.flags import Flag
from ledger.custody.regimes import regime
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.hashing import leaf_hash
from ledger.log.merkle import root_of
from ledger.log.note import Note
from tests.support.command import Home
from tests.support.repository import ROOT

NOW = datetime.now(UTC) + timedelta(hours=8)
LONG_AGO = (NOW - timedelta(days=400)).strftime("%Y-%m-%d %H:%M")
MANIFEST = "20261506000001"


def ago(minutes: int) -> str:
    """A moment of today as the ledger's own clock shows it: recorded in time, so nothing is late."""
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


FILLED = f"wasteledger fill drum-1 --mass 182.5kg --at '{ago(9)}' --as ann"
JOURNEY = (
    FILLED,
    f"wasteledger store drum-1 --at '{ago(8)}' --as ann",
    f"wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --number {MANIFEST} --at '{ago(7)}' --as ann",
    f"wasteledger manifest collect {MANIFEST} --at '{ago(6)}' --as hal",
    f"wasteledger manifest receive {MANIFEST} drum-1=182.5kg --method D10 --at '{ago(5)}' --as dee",
    f"wasteledger treat drum-1 --method D10 --at '{ago(4)}' --as dee",
)
MORE = f"wasteledger fill drum-2 --mass 17.5kg --at '{ago(8)}' --as ann"
FORGOTTEN = f"wasteledger fill drum-2 --mass 10kg --at '{LONG_AGO}' --as ann"


def rate(home: Home, *more: str) -> dict[str, Any]:
    return home.answers(" ".join(["wasteledger rate", *more]))


def test_a_containers_story_tells_each_step_in_words_with_its_seal_and_its_author(home: Home) -> None:
    home.does(*JOURNEY)
    told = home.answers("wasteledger show drum-1")
    assert [step["type"] for step in told["steps"]] == [
        "container-filled",
        "container-stored",
        "manifest-issued",
        "manifest-collected",
        "manifest-received",
        "waste-treated",
    ]
    assert told["state"]["status"] == "emptied"
    text = home.does("wasteledger show drum-1")
    lines = text.splitlines()
    assert lines[0] == "drum-1 · waste oil · 900-214-08"
    for step, words in zip(
        told["steps"],
        (
            "generated and filled · 182.5 kg",
            "stored",
            "manifest issued",
            "collected",
            "decided on",
            "treated · 182.5 kg",
        ),
        strict=True,
    ):
        (line,) = [each for each in lines if each.strip().startswith(f"#{step['index']} ")]
        assert words in line
        assert step["party_name"] in lines[lines.index(line) + 1]
    assert ago(5) in text
    receipt = home.does(f"wasteledger receipt {told['steps'][-1]['index']}")
    assert receipt.startswith("c2sp.org/tlog-proof@v1\n")


def test_a_story_is_told_in_chinese_too(home: Home) -> None:
    home.does(*JOURNEY)
    text = home.does("wasteledger show drum-1 --lang zh")
    for words in ("产生并装入", "入库", "开具联单", "起运", "接受确认", "利用处置", "重量 0 kg"):
        assert words in text
    home.does(MORE)
    assert "没有未结的异常" in home.does("wasteledger show drum-2 --lang zh")


def test_a_manifest_names_its_three_parties_and_what_became_of_each_container(home: Home) -> None:
    home.does(*JOURNEY[:4])
    assert "drum-1 · 182.5 kg · on the road" in home.does(f"wasteledger show {MANIFEST}")
    home.does(*JOURNEY[4:])
    told = home.answers(f"wasteledger show {MANIFEST}")
    assert (told["kind"], told["state"]["status"]) == ("manifest", "done")
    text = home.does(f"wasteledger show {MANIFEST}")
    for words in (
        "sender Garage Workshop",
        "carrier Hauler",
        "receiver Cleanburn Furnace",
        "drum-1 · 182.5 kg · accepted",
    ):
        assert words in text


def test_a_refused_attempt_stands_in_the_story_of_what_it_was_about(home: Home) -> None:
    home.does(*JOURNEY[:3])
    second = home.run("wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --as ann")
    assert second.exit_code == 1
    (attempt,) = home.answers("wasteledger show drum-1")["refused"]
    assert attempt["refused"] == "container-on-open-manifest"
    assert f"#{attempt['index']}" in home.does("wasteledger show drum-1")


def test_a_thing_that_nobody_knows_is_named_in_the_refusal(home: Home) -> None:
    result = home.run("wasteledger show drum-404")
    assert (result.exit_code, "drum-404" in result.stderr) == (1, True)


def test_the_three_figures_carry_both_terms_and_what_is_missing(home: Home) -> None:
    home.does(FILLED, MORE, *JOURNEY[1:])
    figures = rate(home)
    assert (figures["proven"]["part_g"], figures["proven"]["whole_g"]) == (182_500, 200_000)
    assert figures["proven"]["percent"] == "91.25"
    assert figures["declared"] == {"part_g": 182_500, "whole_g": 200_000, "percent": "91.25"}
    assert figures["due"] == {"part_g": 182_500, "whole_g": 182_500, "percent": "100.00"}
    assert figures["missing"] == [{"why": "open", "detail": "held", "grams": 17_500}]
    assert (figures["missing_g"], figures["missing_outside_g"]) == (17_500, 0)
    assert (figures["verified_g"], figures["custodial_g"], figures["asserted_g"]) == (182_500, 0, 0)
    text = home.does("wasteledger rate")
    assert "91.25 %  = 182.5 kg ÷ 200 kg" in text
    assert "missing from 100 % (proven): 17.5 kg" in text
    assert "17.5 kg  still open, its clock runs: in store" in text
    assert f"as of checkpoint {figures['checkpoint']['size']} (operator only)" in text


def test_a_hundred_per_cent_is_said_only_where_nothing_is_bad_overdue_or_unknown(home: Home) -> None:
    home.does(*JOURNEY)
    complete = rate(home)
    assert (complete["verdict"], complete["due"]["percent"]) == ("complete", "100.00")
    size = complete["checkpoint"]["size"]
    assert f"100 % of the recorded mass that was due, as of checkpoint {size};" in home.does("wasteledger rate")
    home.does("wasteledger fill tank-1 --volume 200l --kind vessel --as ann")
    unknown = rate(home)
    assert (unknown["verdict"], len(unknown["unresolved"]), unknown["due"]["percent"]) == ("incomplete", 1, "100.00")
    text = home.does("wasteledger rate")
    assert "verdict: not 100 %: 1 of unknown mass (tank-1)." in text
    assert rate(home, "--party Cleanburn")["unresolved"] == []
    assert rate(home, "--view facility --party Cleanburn")["unresolved"] == []
    assert len(rate(home, "--view facility --party Garage")["unresolved"]) == 1
    before = rate(home, f"--at-size {size}")
    assert (before["verdict"], before["unresolved"], before["checkpoint"]["size"]) == ("complete", [], size)


def test_nothing_due_is_no_hundred_per_cent(home: Home) -> None:
    home.does(FILLED)
    figures = rate(home)
    assert (figures["nothing_due"], figures["due"]["percent"], figures["verdict"]) == (True, None, "nothing-due")
    text = home.does("wasteledger rate")
    assert "due       nothing due" in text
    assert "100.00 %" not in text


def test_a_figure_a_gram_short_of_a_hundred_is_not_rounded_up(home: Home) -> None:
    home.does(*JOURNEY, "wasteledger fill drum-2 --mass 1g --as ann")
    figures = rate(home)
    assert (figures["missing_g"], figures["proven"]["percent"]) == (1, "99.99")


def test_overdue_mass_is_missing_and_keeps_the_verdict_from_a_hundred(home: Home) -> None:
    home.does(*JOURNEY, FORGOTTEN)
    figures = rate(home)
    assert (figures["overdue_g"], figures["verdict"]) == (10_000, "incomplete")
    assert {"why": "overdue", "detail": "held", "grams": 10_000} in figures["missing"]
    assert "10 kg overdue" in home.does("wasteledger rate")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--period 2026-13", "2026-Q1"),
        ("--at-size 100000", "entries"),
        ("--party Nobody", "there is no party Nobody"),
        ("--as-of soon", "2026-03-01 14:30"),
    ],
)
def test_a_question_that_cannot_be_meant_says_what_was_expected(home: Home, option: str, words: str) -> None:
    result = home.run(f"wasteledger rate {option}")
    assert result.exit_code in (1, 2)
    assert words in result.stderr


def test_exceptions_name_rule_law_grams_holder_and_what_ends_them(home: Home) -> None:
    home.does(FORGOTTEN)
    line = "wasteledger exceptions --rule stored-too-long"
    (found,) = json.loads(home.does(f"{line} --json"))
    assert (found["grams"], found["severity"], found["holder_name"]) == (10_000, "serious", "Garage")
    assert found["law"]
    text = home.does(line)
    assert "[serious] stored too long · 10 kg · drum-2 waste oil" in text
    assert f"since {(NOW - timedelta(days=35)).strftime('%Y-%m-%d %H:%M')} · with Garage" in text
    assert f"law: {found['law']} · to end it: send it on or treat it" in text
    before = (NOW - timedelta(days=36)).strftime("%Y-%m-%d")
    assert json.loads(home.does(f"{line} --as-of {before} --json")) == []
    assert json.loads(home.does(f"{line} --party Cleanburn --json")) == []
    assert "贮存超期" in home.does(f"{line} --lang zh")


@pytest.mark.parametrize(
    ("day", "law"),
    [("2026-08-14", "固废法 第81条；GB 18597-2023"), ("2026-08-15", "生态环境法典 第535条；GB 18597-2023")],
)
def test_an_exception_cites_the_law_of_its_own_day(day: str, law: str) -> None:
    flag = Flag(
        rule="stored-too-long", object="c", key="", grams=1, holder="", site="", detail="",
        opened_at=f"{day}T01:00:00.000Z", opened_by="",
    )  # fmt: skip
    assert exception_document(flag, str, regime("cn.1"))["law"] == law


def test_a_receipt_verifies_where_there_is_nothing_but_it_and_the_two_pinned_files(home: Home, tmp_path: Path) -> None:
    home.does(*JOURNEY, "wasteledger receipt 3 -o receipt.txt")
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    for file in ("receipt.txt", "wasteledger/policy.txt", "wasteledger/trust.json"):
        shutil.copy(home.folder / file, empty)

    def verify(*more: str) -> subprocess.CompletedProcess[str]:
        line = ["verify-receipt", "receipt.txt", "--policy", "policy.txt", "--trust", "trust.json", *more]
        script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from cli.main import main; main({line!r})"
        return subprocess.run(
            [sys.executable, "-I", "-c", script], cwd=empty, env={"LC_ALL": "C.UTF-8"}, capture_output=True, text=True
        )

    done = verify()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Proven: key ")
    assert "Not proven: that nobody was shown another history" in done.stdout
    assert json.loads(verify("--json").stdout)["verified"] is True
    text = (empty / "receipt.txt").read_text()
    other = home.does("wasteledger receipt 4")
    for forged in (
        text.replace("index 3\n", "index 4\n"),
        "\n".join([*other.split("\n")[:2], *text.split("\n")[2:]]),
        text.replace("ledger.example/park\n", "ledger.example/bark\n", 1),
    ):
        assert forged != text
        (empty / "receipt.txt").write_text(forged)
        failed = verify("--json")
        assert failed.returncode == 1
        assert json.loads(failed.stdout)["verified"] is False


def test_an_entry_exported_for_a_mirror_is_the_very_leaf_of_the_log(home: Home) -> None:
    home.does(*JOURNEY, "wasteledger export entries -o entries.jsonl", "wasteledger checkpoint > note.txt")
    entries = [json.loads(line) for line in (home.folder / "entries.jsonl").read_text().splitlines()]
    signed = parse_checkpoint(Note.parse((home.folder / "note.txt").read_bytes()).text)
    assert [each["index"] for each in entries] == list(range(signed.size))
    assert root_of([leaf_hash(each["entry"].encode()) for each in entries]) == signed.root
    some = home.does("wasteledger export entries --from 2 --until 5").splitlines()
    assert [json.loads(line) for line in some] == entries[2:5]


def test_projections_that_are_made_anew_say_the_same(home: Home) -> None:
    home.does(*JOURNEY)
    before = rate(home), home.answers("wasteledger show drum-1")
    size = json.loads(home.does("wasteledger rebuild --json"))["entries"]
    assert size == before[0]["checkpoint"]["size"]
    after = rate(home), home.answers("wasteledger show drum-1")
    moments = [figures["question"].pop("as_of") for figures, _ in (before, after)]
    assert (after, len(set(moments))) == (before, 2)


def test_a_verification_goes_on_from_what_was_verified_before(home: Home) -> None:
    home.does(*JOURNEY[:2])
    first = home.answers("wasteledger verify --since verified.json")
    home.does(*JOURNEY[2:])
    second = home.answers("wasteledger verify --since verified.json")
    assert (first["ok"], first["since"], second["ok"], second["since"]) == (True, 0, True, first["size"])
    assert json.loads((home.folder / "verified.json").read_text())["size"] == second["size"] > first["size"]
    (home.folder / "other.json").write_text("{}")
    assert home.run("wasteledger verify --since other.json").exit_code == 2


def test_every_event_of_a_container_or_manifest_has_words() -> None:
    things = {"container", "manifest", "inputs", "sources", "members"}
    of_things = {name for name, cls in event_types().items() if things & set(cls.__init__.__annotations__)}
    assert "waste-treated" in of_things
    assert of_things - TITLES.keys() == set()


def test_what_lies_at_a_party_site_or_facility_is_listed_with_when_it_must_be_gone(home: Home) -> None:
    home.does(
        "wasteledger fill drum-1 --mass 40kg --at '2026-03-01 08:00' --as ann",
        "wasteledger fill drum-2 --mass 60kg --at '2026-03-02 08:00' --as ann",
        "wasteledger fill drum-3 --volume 20l --at '2026-03-03 08:00' --as ann",
        "wasteledger store drum-1 --zone A --at '2026-03-03 09:00' --as ann",
        "wasteledger manifest issue drum-2 --to Cleanburn --carrier Hauler --number 20261506000001"
        " --at '2026-03-04 08:00' --as ann",
    )
    told = home.does("wasteledger show Workshop --lang en").splitlines()
    assert told[:2] == ["Workshop · Garage", "holds 3 containers, 100 kg"]
    assert [line.split()[0] for line in told[2:5]] == ["drum-1", "drum-2", "drum-3"]
    assert "40 kg" in told[2] and "to leave by 2027-03-01 08:00" in told[2] and "mass unknown" in told[4]
    assert not any("overdue" in line for line in told)
    home.does("wasteledger fill drum-0 --mass 1kg --at '2020-03-01 08:00' --as ann")
    assert home.does("wasteledger show Workshop --lang en").splitlines()[2].endswith("2021-03-01 08:00 · overdue")
    assert told[5:] == ["manifests under way", "  20261506000001 · issued · Garage → Cleanburn"]
    stored = json.loads(home.does("wasteledger show STORE-1 --json"))
    assert ([row["container_code"] for row in stored["held"]], stored["manifests"]) == (["drum-1"], [])

    home.does("wasteledger manifest collect 20261506000001 --at '2026-03-05 08:00' --as hal")
    on_board = json.loads(home.does("wasteledger show Hauler --json"))
    assert [(row["container_code"], row["status"]) for row in on_board["held"]] == [("drum-2", "in-transit")]
    receive = "wasteledger manifest receive 20261506000001 drum-2=60kg --at '2026-03-05 12:00' --as dee"
    home.does(receive)
    assert "在手 3 件，41 kg" in home.does("wasteledger show Garage --lang zh")
    assert [row["container_code"] for row in json.loads(home.does("wasteledger show Furnace --json"))["held"]] == [
        "drum-2"
    ]
    assert home.run("wasteledger show nowhere").exit_code == 1
