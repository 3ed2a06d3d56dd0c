"""Every example in the help is run, in one home, in the order of a story; so what help shows is what works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import click

from cli.main import main
from tests.support.command import Home

# Names of commands (their examples run), and lines that the story needs between them. What it does not name runs
# at its end, in the order of the alphabet: reading commands need no place here.
STORY = """
init
party register
wasteledger party register Secondburn --duty disposer --as bureau
wasteledger key new hal --party Hauler
wasteledger key new dee --party Cleanburn
key new
key enrol
wasteledger key enrol hal --admin --as bureau
wasteledger key enrol dee --admin --as bureau
wasteledger key new tom --party Garage
wasteledger key enrol tom --as ann
licence register
setting adopt
calendar adopt
catalogue import
site register
wasteledger site register Annex --party Secondburn --use disposal --as bureau
facility register
profile register
contract register
fill
label issue
label bind
store
move
take-out
weigh
lost
found
manifest issue
manifest collect
manifest hand-over
manifest arrive
manifest receive
correct
agree
trip
label key
label reserve
label print
label replace
label blank
label keys
label link
label check
treat
wasteledger manifest issue drum-2 --to Cleanburn --carrier Hauler --number 20261506000009 --as ann
manifest cancel
repack
deliver
wasteledger fill drum-3 --mass 90kg --as ann
wasteledger fill drum-4 --mass 80kg --as ann
wasteledger manifest issue drum-3 --to Cleanburn --carrier Hauler --number 20261506000002 --as ann
wasteledger manifest collect 20261506000002 --as hal
wasteledger manifest receive 20261506000002 --refuse drum-3 --discrepancy drum-3=packaging --told "Li Demo" --as dee
manifest return-start
manifest return-receive
wasteledger manifest issue drum-4 --to Cleanburn --carrier Hauler --number 20261506000003 --as ann
wasteledger manifest collect 20261506000003 --as hal
wasteledger manifest receive 20261506000003 --refuse drum-4 --as dee
manifest redirect
wasteledger fill drum-30 --mass 50kg --as ann
wasteledger store drum-30 --as ann
wasteledger fill drum-31 --mass 40kg --as ann
wasteledger fill drum-32 --mass 60kg --as ann
wasteledger fill drum-33 --mass 30kg --as ann
count
group
ungroup
reclassify
identify
leak
determine
impound
release
wasteledger manifest issue drum-32 --to Cleanburn --carrier Hauler --number 20261506000031 --as ann
wasteledger manifest collect 20261506000031 --as hal
manifest check
backfill
wasteledger manifest receive 20261506000031 drum-32=40kg --as dee
explain
accept
fate
defect
crossing approve
crossing report
emergency
exemption
licence amend
licence suspend
licence revoke
inspection draw
inspection report
rectification order
rectification close
complaint register
complaint answer
party amend
vehicle register
scale register
scale calibrate
wasteledger profile register household --code SW60 --form solid --as dee
weigh-in
empty
hand-on
sign
record
key revoke
adopt
erase
sequence
signer run
checkpoint
signer adopt
""".strip().splitlines()


# Commands of another law have a story of their own.
UNITED_STATES = """
wasteledger init --origin ledger.example/states --operator "State office" --authority bureau --regime us.1
import emanifest
export emanifest
""".strip().splitlines()


# These run until somebody stops them, or need a server; tests/integration/api starts them as people do.
ELSEWHERE = {"serve", "jobs", "witness cosign"}


def examples(command: click.Command, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every command by its path, with the command lines of its example."""
    if not isinstance(command, click.Group):
        shown = (command.help or "").partition("Example:")[2].replace("\\\n", " ")
        yield path, [line.strip() for line in shown.splitlines() if line.strip()]
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from examples(inner, f"{path} {name}".strip())


def test_every_example_of_the_help_works(tmp_path: Path) -> None:
    home = Home(tmp_path)
    shown = dict(examples(main))
    assert [path for path, lines in shown.items() if not lines] == []
    steps = [*STORY, *UNITED_STATES]
    unknown = [step for step in steps if not step.startswith("wasteledger ") and step not in shown]
    assert unknown == []
    (home.folder / "report.txt").write_text("a report, of which the ledger keeps the hash\n")
    (home.folder / "mirror").mkdir()
    (home.folder / "roll.txt").write_text("Garage\nCleanburn\n")
    for step in [*STORY, *sorted(shown.keys() - set(steps) - ELSEWHERE)]:
        if step == "sign":
            write_draft(home)
        for line in [step] if step.startswith("wasteledger ") else shown[step]:
            home.does(line)


def test_every_example_of_american_commands_works(tmp_path: Path) -> None:
    home = Home(tmp_path)
    shown = dict(examples(main))
    (tmp_path / "manifest.json").write_bytes(files("fixtures").joinpath("emanifest/sample.json").read_bytes())
    for step in UNITED_STATES:
        for line in [step] if step.startswith("wasteledger ") else shown[step]:
            home.does(line)


def write_draft(home: Home) -> None:
    """The draft that the example of `sign` takes: ann's party says again what it is called."""
    parties = json.loads(home.does("wasteledger party list --json"))
    garage = next(row["party"] for row in parties if row["name"] == "Garage")
    draft = {"type": "party-registered", "body": {"holder": garage, "name": "Garage", "duties": ["generator"]}}
    (home.folder / "draft.json").write_text(json.dumps(draft))
