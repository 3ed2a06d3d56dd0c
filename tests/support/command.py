"""The command line as a person uses it: one home, a working folder, commands as lines of text."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cli.main import main


@dataclass(frozen=True, slots=True)
class Home:
    """A home for a ledger and the folder in which files are read and written."""

    folder: Path
    lang: str = "en_GB.UTF-8"
    database: str | None = None

    @property
    def path(self) -> Path:
        """Where the ledger and its keyring lie: the default home of the folder."""
        return self.folder / "wasteledger"

    @property
    def environment(self) -> dict[str, str | None]:
        ours = {name: None for name in os.environ if name.startswith("WASTELEDGER_")}
        return {**ours, "LC_ALL": self.lang, "WASTELEDGER_DATABASE": self.database}

    def run(self, line: str, stdin: str | None = None) -> Result:
        """One command line, `>` included; whatever it answers."""
        words = shlex.split(line)
        assert words[0] == "wasteledger", line
        out = words[words.index(">") + 1] if ">" in words else None
        words = words[1 : words.index(">")] if out else words[1:]
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(main, words, env=self.environment, input=stdin)
        finally:
            os.chdir(before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise AssertionError(line) from result.exception
        if out:
            (self.folder / out).write_text(result.stdout)
        return result

    def does(self, *lines: str) -> str:
        """Commands that must succeed; what the last one printed."""
        text = ""
        for line in lines:
            result = self.run(line)
            assert result.exit_code == 0, f"{line}: expected exit 0, got {result.exit_code}: {result.output}"
            text = result.stdout
        return text

    def answers(self, line: str) -> dict[str, Any]:
        """A command that must succeed, its --json answer."""
        answer: dict[str, Any] = json.loads(self.does(f"{line} --json"))
        return answer


PARK = (
    'wasteledger init --origin ledger.example/park --operator "Park office" --authority bureau',
    "wasteledger party register Garage --uscc 91150600MA0EXAMP0W --duty generator --as bureau",
    "wasteledger party register Hauler --duty carrier --as bureau",
    "wasteledger party register Cleanburn --duty disposer --as bureau",
    "wasteledger key new ann --party Garage",
    "wasteledger key new hal --party Hauler",
    "wasteledger key new dee --party Cleanburn",
    "wasteledger key enrol ann --admin --as bureau",
    "wasteledger key enrol hal --admin --as bureau",
    "wasteledger key enrol dee --admin --as bureau",
    "wasteledger licence register L-001 --holder Cleanburn --kind comprehensive --from 2020-01-01 --until 2039-12-31"
    " --include HW08 --method D10 --as bureau",
    "wasteledger site register Workshop --as ann",
    "wasteledger site register Furnace --use disposal --as dee",
    "wasteledger facility register STORE-1 --purpose store --as ann",
    "wasteledger facility register KILN-1 --purpose dispose --as dee",
    'wasteledger profile register "waste oil" --code 900-214-08 --form liquid --as ann',
    'wasteledger profile register "boiler ash" --code 772-003-18 --form solid --as dee',
)
"""Three parties, each with a person, a site and what it needs: ann (generator), hal (carrier), dee (disposer)."""


def park(folder: Path, lang: str = "en_GB.UTF-8") -> Home:
    """A home in which the park is set up."""
    home = Home(folder, lang)
    home.does(*PARK)
    return home
