"""People act on the command line: what they say is signed, delivered once, refused in words, or asked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.bootstrap import open_ledger
from ledger.custody.container import Container
from ledger.custody.postings import balances
from ledger.log import statement
from ledger.settings import from_environment
from tests.support.check import check_ledger
from tests.support.command import PARK, Home
from tests.support.repository import ROOT

JOURNEY = (
    "wasteledger fill drum-1 --mass 182.5kg --as ann",
    "wasteledger store drum-1 --as ann",
    "wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --number 20261506000001 --as ann",
    "wasteledger manifest collect 20261506000001 --as hal",
    "wasteledger manifest receive 20261506000001 drum-1=182.4kg --method D10 --as dee",
    "wasteledger treat drum-1 --method D10 --output ash-1=12kg --as dee",
)


def opened(home: Home) -> Any:
    return open_ledger(from_environment({"WASTELEDGER_HOME": str(home.path)}))


def state(home: Home, container: str) -> Container:
    ledger = opened(home)
    try:
        return Container.from_bytes(ledger.state(container))
    finally:
        ledger.close()


def test_a_drum_is_filled_sent_received_and_treated_and_every_gram_is_where_it_should_be(home: Home) -> None:
    answers = [home.answers(line) for line in JOURNEY]
    drum, ash = answers[0]["made"]["container"], answers[-1]["made"]["ash-1"]
    assert (state(home, drum).status, state(home, ash).net_g) == ("emptied", 12_000)
    ledger = opened(home)
    found = balances(p for a in answers for p in ledger.postings(a["recorded"][0]["statement"]))
    stages: dict[str, int] = {}
    for account, grams in found.items():
        stages[account.stage] = stages.get(account.stage, 0) + grams
    assert {stage: grams for stage, grams in stages.items() if grams} == {
        "generated": -182_500,
        "difference": 100,
        "disposed": 182_400,
        "derived": -12_000,
        "held": 12_000,
    }
    assert check_ledger(ledger) == ledger.size()
    ledger.close()


def test_containers_join_the_group_that_is_named_and_leave_the_one_they_are_in(home: Home) -> None:
    drums = {
        name: home.answers(f"wasteledger fill {name} --mass 40kg --as ann")["made"]["container"]
        for name in ("drum-1", "drum-2", "drum-3", "drum-4")
    }
    first = home.answers("wasteledger group drum-1 drum-2 --as ann")["made"]["group"]
    second = home.answers("wasteledger group drum-3 --as ann")["made"]["group"]
    assert "drum-2 is no group" in home.run("wasteledger group drum-1 --into drum-2 --as ann").output
    for line, container in (
        ("wasteledger group drum-4 drum-1 --as ann", drums["drum-1"]),
        (f"wasteledger group drum-1 --into {second} --as ann", drums["drum-1"]),
        ("wasteledger ungroup drum-1 drum-3 --as ann", drums["drum-3"]),
        ("wasteledger ungroup drum-4 --as ann", drums["drum-4"]),
    ):
        result = home.run(line)
        assert (result.exit_code, container[-8:] in result.output) == (1, True), result.output
    home.does(f"wasteledger group drum-4 --into {second} --as ann", "wasteledger ungroup drum-1 --as ann")
    assert {name: state(home, drum).outer for name, drum in drums.items()} == {
        "drum-1": "",
        "drum-2": first,
        "drum-3": second,
        "drum-4": second,
    }


def test_a_licence_is_suspended_amended_and_revoked_and_the_list_says_what_is_in_force(home: Home) -> None:
    def today() -> str:
        listed = json.loads(home.does("wasteledger licence list --json"))
        (row,) = (row for row in listed if row["number"] == "L-77")
        return str(row["today"])

    dates = "--from 2020-01-01 --until 2020-12-31"
    home.does(f"wasteledger licence register L-77 --holder Hauler --kind collection {dates} --as bureau")
    assert today() == "not in force"
    home.does("wasteledger licence amend L-77 --from 2021-01-01 --until 2099-12-31 --include HW08 --as bureau")
    assert today() == "in force"
    home.does("wasteledger licence suspend L-77 --from 2020-06-01 --until 2098-12-31 --as bureau")
    assert today() == "not in force"
    home.does("wasteledger licence register L-78 --holder Hauler --kind collection --from 2020-01-01 --until 2099-12-31"
              " --as bureau")  # fmt: skip
    home.does("wasteledger licence revoke L-78 --from 2020-06-01 --as bureau")
    listed = json.loads(home.does("wasteledger licence list --json"))
    assert [row["today"] for row in listed if row["number"] == "L-78"] == ["not in force"]
    assert home.run("wasteledger licence revoke L-99 --from 2020-06-01 --as bureau").exit_code == 2


def test_on_postgres_an_answer_has_its_number_too(tmp_path: Path, postgres_url: str) -> None:
    home = Home(tmp_path, database=postgres_url)
    home.does(*PARK)
    answers = [home.answers(line)["recorded"][0] for line in JOURNEY]
    assert [each["index"] for each in answers] == list(range(len(PARK) - 3, len(PARK) - 3 + len(JOURNEY)))


def test_filling_over_weeks_counts_the_final_weight(home: Home) -> None:
    opened_ = home.answers("wasteledger fill drum-1 --open --at '2026-03-01 08:00' --as ann")
    home.does(
        "wasteledger fill drum-1 --add --mass 60kg --at '2026-03-09 08:00' --as ann",
        "wasteledger fill drum-1 --add --volume 20l --at '2026-03-16 08:00' --as ann",
        "wasteledger fill drum-1 --close --gross 0.2t --tare 19kg --at 2026-03-23T08:00:00Z --as ann",
    )
    thing = state(home, opened_["made"]["container"])
    assert (thing.status, thing.net_g, thing.mass_unknown) == ("held", 181_000, False)
    assert thing.born_at == "2026-03-01T00:00:00.000Z"  # the ledger's own clock is eight hours ahead


def test_at_the_gate_each_container_has_its_own_verdict_and_what_was_missing_can_be_found(home: Home) -> None:
    made = {
        n: home.answers(f"wasteledger fill drum-{n} --mass {n}kg --as ann")["made"]["container"] for n in range(1, 7)
    }
    number = "20261506000001"
    home.does(
        f"wasteledger manifest issue drum-1 drum-2 drum-3 drum-4 drum-5 --to Furnace --carrier Hauler --number {number}"
        " --as ann",
        f"wasteledger manifest collect {number} --left-behind drum-5=damaged --as hal",
        f"wasteledger manifest receive {number} drum-1=990g --refuse drum-2 --missing drum-3 --unlisted drum-6=6kg"
        ' --discrepancy drum-2=packaging --note "drum-2=leaks" --told "Li Demo" --rest'
        " --gross 20t --tare 19.99t --as dee",
        "wasteledger found drum-3 --as dee",
        f"wasteledger manifest return-start {number} --as dee",
        f"wasteledger manifest return-receive {number} drum-2=2kg --as ann",
    )
    assert {n: (state(home, c).status, state(home, c).net_g) for n, c in made.items()} == {
        1: ("held", 990),
        2: ("held", 2_000),
        3: ("held", 3_000),
        4: ("held", 4_000),
        5: ("held", 5_000),
        6: ("held", 6_000),
    }
    ledger = opened(home)
    assert check_ledger(ledger) == ledger.size()
    ledger.close()


def test_a_delivery_is_told_at_both_ends_and_pretreatment_keeps_what_it_holds(home: Home) -> None:
    home.does("wasteledger fill drum-1 --mass 100kg --as ann")
    sent = home.answers("wasteledger deliver drum-1 --to Cleanburn --kind other --as ann")["made"]["delivery"]
    home.does(f"wasteledger deliver drum-1=99kg --received {sent} --as dee")
    mixed = home.answers("wasteledger treat drum-1 --method D9 --intermediate --output mix-1=95kg --as dee")
    assert state(home, mixed["made"]["mix-1"]).net_g == 95_000
    split = home.answers("wasteledger repack mix-1=40kg --into box-1=30kg --into box-2=10kg --reason split --as dee")
    assert [state(home, split["made"][name]).net_g for name in ("box-1", "box-2")] == [30_000, 10_000]
    assert state(home, mixed["made"]["mix-1"]).net_g == 55_000
    ledger = opened(home)
    assert check_ledger(ledger) == ledger.size()
    ledger.close()


def test_a_refusal_names_rule_law_expected_and_got_and_exits_1(home: Home) -> None:
    home = replace(home, lang="zh_CN.UTF-8")
    result = home.run("wasteledger setting adopt tolerance-ppm 5000 --from 2026-01-01 --as ann")
    assert result.exit_code == 1
    assert "not-authorised: 此密钥无权作出该声明；应为 settings" in result.stderr
    assert "依据: " in result.stderr and "法" in result.stderr.split("依据: ")[1]
    again = home.run("wasteledger setting adopt tolerance-ppm 5000 --from 2026-01-01 --as ann --json --lang en")
    refused = json.loads(again.stdout)["recorded"][0]
    assert (again.exit_code, refused["outcome"], refused["code"]) == (1, "refused", "not-authorised")
    assert refused["index"] is not None
    # Its place in the author chain is used up, and the chain goes on.
    home.does("wasteledger fill drum-1 --mass 1kg --as ann")


def test_at_the_gate_something_must_be_decided_and_nobody_accepts_its_own_explanation(home: Home) -> None:
    home.does(*JOURNEY[:4])
    nothing = home.run("wasteledger manifest receive 20261506000001 --as dee --lang en")
    assert (nothing.exit_code, "not decided: drum-1" in nothing.stderr) == (2, True)
    home.does("wasteledger manifest receive 20261506000001 drum-1=150kg --method D10 --as dee")
    home.does("wasteledger explain drum-1 mass-difference 'it leaked' --as ann")
    own = home.run("wasteledger accept drum-1 --as ann --lang en")
    assert (own.exit_code, "by another party waits" in own.stderr) == (2, True)
    home.does("wasteledger accept drum-1 --as dee")
    assert "mass-difference" not in home.does("wasteledger exceptions --party Garage")


def test_a_refusal_calls_things_by_their_names(home: Home) -> None:
    issue = "wasteledger manifest issue drum-1 --to Cleanburn --carrier Hauler --number 2026150600000"
    home.does("wasteledger fill drum-1 --mass 1kg --as ann", f"{issue}1 --as ann")
    refused = home.run(f"{issue}2 --as ann --lang en").stderr
    assert "container drum-1 is on open manifest 20261506000001" in refused


def test_the_law_cited_is_that_of_the_day_it_happened(home: Home) -> None:
    line = "wasteledger setting adopt tolerance-ppm 1 --from 2026-01-01 --as ann --at"
    assert "固废法 第80条" in home.run(f"{line} 2026-08-14").stderr
    assert "生态环境法典 第534条" in home.run(f"{line} 2026-08-15").stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("wasteledger store drum-l --as ann", "there is no container drum-l; did you mean drum-1?"),
        ("wasteledger store drum-1", "say who acts with --as"),
        ("wasteledger fill drum-1 --mass 5kg --as ann", "is in use"),
        ("wasteledger fill drum-9 --mass 0.0005kg --as ann", "expected whole g"),
        ("wasteledger fill drum-9 --mass 5 --as ann", "expected 182.5kg"),
        ("wasteledger fill drum-9 --as ann", "give --mass"),
        ("wasteledger fill drum-9 --gross 1kg --tare 2kg --as ann", "gross is less than tare"),
        ("wasteledger fill drum-9 --mass 1kg --at yesterday --as ann", "expected 2026-03-01 14:30"),
        ("wasteledger manifest issue drum-1 --to Cleanbum --carrier Hauler --as ann", "did you mean Cleanburn?"),
        ("wasteledger found drum-1 --as ann", "never reported lost"),
        ("wasteledger setting adopt no-such 1 --from 2026-01-01 --as bureau", "there is no setting no-such"),
    ],
)
def test_a_misuse_exits_2_says_why_and_signs_nothing(home: Home, line: str, words: str) -> None:
    home.does("wasteledger fill drum-1 --mass 182.5kg --as ann")
    before = chain(home, "ann")
    result = home.run(line)
    assert (result.exit_code, words in result.stderr) == (2, True), result.output
    assert chain(home, "ann") == before


def chain(home: Home, name: str) -> dict[str, Any]:
    saved: dict[str, Any] = json.loads((home.path / "people" / name / "chain.json").read_text())
    return {key: saved.get(key) for key in ("seq", "prev")}


def test_a_bad_form_is_refused_before_it_is_signed(home: Home) -> None:
    before = chain(home, "ann")
    result = home.run("wasteledger profile register sludge --code 900-214-88 --form solid --as ann")
    assert (result.exit_code, "field code" in result.stderr) == (1, True)
    assert chain(home, "ann") == before


@pytest.mark.parametrize("point", ["append.before-write", "append.after-commit", "sign.before-high-water"])
def test_what_was_signed_before_a_crash_is_sent_again_byte_for_byte_and_counts_once(home: Home, point: str) -> None:
    crashed = process(home, "fill", "drum-1", "--mass", "100kg", "--as", "ann", WASTELEDGER_FAIL_AT=point)
    assert crashed.returncode == -9
    outbox = home.path / "people" / "ann" / "outbox"
    kept = [json.loads(line) for file in outbox.glob("*.jsonl") for line in file.read_text().splitlines()]
    home.does("wasteledger fill drum-2 --mass 50kg --as ann")
    assert list(outbox.glob("*.jsonl")) == []
    ledger = opened(home)
    filled = [
        said for record in ledger.records() if (said := statement.parse(record.statement)).type == "container-filled"
    ]
    ledger.close()
    assert [said.body["container_code"] for said in filled] == ["drum-1", "drum-2"]
    if point == "append.before-write":
        assert [each["statement"].encode() for each in kept] == [filled[0].raw]


def process(home: Home, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command as a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WASTELEDGER_")}
    program = [sys.executable, "-c", "from cli.main import main; main()", *words]
    ours = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        program, cwd=home.folder, env=clean | ours | environment, capture_output=True, text=True, timeout=120
    )


def test_the_command_works_as_a_process(home: Home) -> None:
    done = process(home, "fill", "drum-1", "--mass", "100kg", "--as", "ann", "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    assert "drum-1 装入 100 kg waste oil (900-214-08)" in done.stdout


def draft(home: Home, container_code: str) -> dict[str, Any]:
    """The draft of a filled drum, with a handler's name to be sealed."""
    ledger = opened(home)
    container, person = f"container:{ledger.new_id()}", f"person:{ledger.new_id()}"
    ledger.close()
    site = json.loads(home.does("wasteledger site list --json"))[0]["site"]
    saved = json.loads((home.path / "people" / "ann" / "chain.json").read_text())
    return {
        "type": "container-filled",
        "at": "2026-03-01 08:00",
        "body": {
            "container": container,
            "place": {"party": saved["party"], "site": site},
            "kind": "package",
            "code": "900-214-08",
            "name": "waste oil",
            "container_code": container_code,
            "mass": {"basis": "weighed", "net_g": 1000},
            "handler": {"person": person, "name": {"clear": "Li Demo"}},
        },
    }


def test_an_event_signed_offline_is_recorded_from_its_file_once_wherever_it_is_sent_from(home: Home) -> None:
    (home.folder / "draft.json").write_text(json.dumps(draft(home, "drum-7")))
    database = home.path / "ledger.db"
    aside = database.rename(home.folder / "elsewhere.db")
    home.does("wasteledger sign draft.json --out signed.jsonl --as ann")
    aside.rename(database)
    first = home.answers("wasteledger record signed.jsonl")["recorded"][0]
    assert first["outcome"] == "recorded"
    again = home.answers("wasteledger record signed.jsonl")["recorded"][0]
    assert (again["id"], again["index"]) == (first["id"], first["index"])
    home.does("wasteledger weigh drum-7 --mass 1001g --as ann")  # sends the outbox first
    assert chain(home, "ann")["seq"] == statement.parse(signed_bytes(home.folder / "signed.jsonl")).seq + 1
    ledger = opened(home)
    assert ledger.clear_text(first["id"]) == {"handler.name": "Li Demo"}
    assert b"Li Demo" not in ledger.record_of(first["id"]).statement
    ledger.close()


def signed_bytes(file: Path) -> bytes:
    text: str = json.loads(file.read_text())["statement"]
    return text.encode()


def test_drafts_are_recorded_from_standard_input_in_one_go(home: Home) -> None:
    lines = "\n".join(json.dumps(draft(home, f"drum-{n}")) for n in range(5))
    result = home.run("wasteledger record - --as ann --json", stdin=lines)
    assert result.exit_code == 0, result.output
    recorded = json.loads(result.stdout)["recorded"]
    assert [each["index"] for each in recorded] == list(range(recorded[0]["index"], recorded[0]["index"] + 5))


def test_what_a_revoked_key_said_waits_until_its_party_adopts_it(home: Home) -> None:
    home.does("wasteledger key new tom --party Garage", "wasteledger key enrol tom --as ann")
    (home.folder / "draft.json").write_text(json.dumps(draft(home, "drum-7")))
    home.does("wasteledger sign draft.json --out signed.jsonl --as tom")
    home.does("wasteledger key revoke tom --reason lost --as ann")
    late = home.run("wasteledger record signed.jsonl")
    assert (late.exit_code, "key-revoked" in late.stderr) == (1, True)
    waiting = home.does("wasteledger adopt --as ann").split()[0]
    home.does(f"wasteledger adopt {waiting} --as ann")
    assert "nothing of this party" in home.does("wasteledger adopt --as ann")
    home.does("wasteledger store drum-7 --as ann")


def test_one_name_is_one_person_in_a_party_and_can_be_erased(home: Home) -> None:
    first = home.answers("wasteledger fill drum-1 --mass 1kg --handler 'Li Demo' --as ann")["recorded"][0]
    second = home.answers("wasteledger fill drum-2 --mass 1kg --handler 'Li Demo' --as ann")["recorded"][0]
    ledger = opened(home)
    people = {statement.parse(ledger.record_of(a["id"]).statement).body["handler"]["person"] for a in (first, second)}
    assert len(people) == 1
    assert ledger.clear_text(first["id"]) == {"handler.name": "Li Demo"}
    home.does("wasteledger erase 'Li Demo' --yes")
    assert ledger.clear_text(first["id"]) == ledger.clear_text(second["id"]) == {}
    ledger.close()
    assert "Li Demo" not in (home.path / "people" / "handlers.json").read_text()


def test_a_rewritten_log_is_noticed_by_a_device_that_saw_it_before(home: Home) -> None:
    saved = home.path / "people" / "ann" / "chain.json"
    document = json.loads(saved.read_text())
    origin, size, _, *rest = document["note"].split("\n")
    document["note"] = "\n".join([origin, size, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", *rest])
    saved.write_text(json.dumps(document))
    result = home.run("wasteledger fill drum-1 --mass 1kg --as ann")
    assert (result.exit_code, "consistency" in result.stderr.lower()) == (1, True), result.output


def test_an_authority_brings_its_own_key_to_the_genesis(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.does(
        "wasteledger key new bureau --new-party --origin ledger.example/park",
        'wasteledger init --origin ledger.example/park --operator "Park office" --authority Bureau'
        " --authority-key wasteledger/people/bureau/request.json",
        "wasteledger party register Garage --as bureau",
    )
    (tmp_path / "elsewhere").mkdir()
    other = Home(tmp_path / "elsewhere").run(
        "wasteledger init --origin ledger.example/other --operator X --authority Y"
        " --authority-key ../wasteledger/people/bureau/request.json"
    )
    assert (other.exit_code, "signature does not hold" in other.stderr) == (1, True), "a proof is for one ledger"


def test_a_key_file_is_for_its_owner_alone_and_never_overwritten(home: Home) -> None:
    assert (home.path / "people" / "ann" / "key").stat().st_mode & 0o777 == 0o600
    again = home.run("wasteledger key new ann --party Garage")
    assert (again.exit_code, "already holds ann" in again.stderr) == (1, True)


def test_an_inspector_records_a_roadside_check_and_nobody_else_does(home: Home) -> None:
    home.does(*JOURNEY[:4])
    checked = "wasteledger manifest check 20261506000001 --differs --note"
    assert "differs from its papers" in home.does(f"{checked} 'a drum leaks' --as bureau --lang en")
    assert home.run(f"{checked} nothing --as hal").exit_code == 1


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("sqlite:///{folder}/draft", "file is not a database"),
        ("sqlite:////nowhere/ledger.db", "unable to open database file"),
        ("postgresql://nobody@127.0.0.1:1/nothing", "Connection refused"),
    ],
)
def test_a_database_that_is_away_or_none_is_said_in_one_line(home: Home, database: str, reason: str) -> None:
    (home.folder / "draft").write_bytes(b"no database" * 1_000)
    away = replace(home, database=database.format(folder=home.folder))
    result = away.run("wasteledger rate")
    assert result.exit_code == 1
    assert result.output.startswith("Error: the database cannot be used: ")
    assert reason in result.output


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("wasteledger export hj1259 --party Garage -o /nowhere/books.xlsx", "/nowhere/books.xlsx: No such file"),
        (f"wasteledger store drum-1 --as {'a' * 300}", "File name too long"),
        ("wasteledger record picture", "expected a file of UTF-8 text"),
        ("wasteledger store drum-1 --facility KILN-1 --as ann", "KILN-1 is another party's facility; its own: STORE-1"),
        ("wasteledger fill drum-9 --mass 3kg --profile 'boiler ash' --as ann", "boiler ash is another party's"),
        ("wasteledger show %%%%", "nothing is called '%%%%'"),
        (f"wasteledger show {'a' * 60_000}", "nothing is called"),
        ("wasteledger label check nonsense --keys picture", "was not written by label keys"),
        ("wasteledger label check nonsense --keys draft", "was not written by label keys"),
        ("wasteledger catalogue import draft --edition 2021 --as bureau", "a line of CSV"),
        ("wasteledger sign none --out signed --as ann", "expected drafts, each with type and body"),
        ("wasteledger sign deep --out signed --as ann", "not JSON"),
        ("wasteledger record odd --as ann", "item 1: expected a draft with type and body"),
        ("wasteledger cert ''", "'' is no host name or address"),
        ("wasteledger manifest receive 20261506000001 --rest --gross 20t --as dee", "--gross and --tare"),
    ],
)
def test_a_file_or_name_that_cannot_be_used_is_said_in_words(home: Home, line: str, words: str) -> None:
    (home.folder / "picture").write_bytes(b"\x89PNG\r\n")
    (home.folder / "draft").write_text("x" * 140_000 + "\n[]\n")
    (home.folder / "none").write_text("[]")
    (home.folder / "deep").write_text("[" * 100_000)
    (home.folder / "odd").write_text('{"type": "container-filled", "body": []}')
    for step in JOURNEY[:4]:
        home.does(step)
    result = home.run(line)
    assert (result.exit_code in (1, 2), words in result.output) == (True, True), result.output
    home.does("wasteledger fill drum-7 --mass 7kg --as ann")


def test_a_damaged_file_of_the_keyring_is_named(home: Home) -> None:
    contents = (b"", b"[1]", b'{"statement": 1, "signature": 2}', b"\xff\xfe", b'{"seq": "1"}')
    for name in ("key", "chain.json", "outbox/000000000099.jsonl", "../handlers.json"):
        file = home.path / "people" / "ann" / name
        before = file.read_bytes() if file.exists() else None
        for content in contents:
            file.write_bytes(content)
            result = home.run("wasteledger fill drum-9 --mass 1kg --handler Li --as ann")
            assert (result.exit_code, file.name in result.stderr) == (1, True), (name, content, result.stderr)
        file.unlink() if before is None else file.write_bytes(before)
    chain = home.path / "people" / "ann" / "chain.json"
    before = chain.read_bytes()
    for wrong in ({"note": 0.5}, {"prev": 1}, {"seq": "1"}, {"person": None}):
        chain.write_text(json.dumps(json.loads(before) | wrong))
        assert "chain.json" in home.run("wasteledger fill drum-9 --mass 1kg --as ann").stderr
    chain.write_bytes(before)
    home.does("wasteledger fill drum-9 --mass 1kg --handler Li --as ann")


@pytest.mark.parametrize("text", ["9" * 5000, '[{"type": "x", "body": {}, "at": ' + "9" * 5000 + "}]"])
def test_a_number_of_thousands_of_digits_is_no_statement(home: Home, text: str) -> None:
    assert home.run("wasteledger record - --as ann", stdin=text).exit_code == 2


def test_a_damaged_high_water_file_is_named_with_the_way_out(home: Home) -> None:
    state = Path(f"{home.path}-signer") / "highwater.json"
    whole = state.read_text()
    for content in ("", "[" * 100_000, "{}", "[]", whole.replace('"frontier": "', '"frontier": "x'), "null"):
        state.write_text(content)
        result = home.run("wasteledger signer run")
        assert (result.exit_code, "highwater.json" in result.stderr) == (1, True), content[:40]
    state.unlink()
    home.does("wasteledger checkpoint > note.txt", "wasteledger signer adopt --note note.txt", "wasteledger signer run")
