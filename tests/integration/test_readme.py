"""The commands that README and docs show are run as they stand, against a real demo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    command = [str(Path(sys.executable).with_name("wasteledger")), "demo", "--home", str(folder / "demo")]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, timeout=300)
    return folder


DOCS = sorted(str(p.relative_to(ROOT)) for part in ("tutorial", "how-to") for p in (ROOT / "docs" / part).glob("*.md"))
DOCS.remove("docs/tutorial/your-system.md")  # starts a server: tests/integration/api/test_your_system.py runs it


def run(name: str, demo: Path, folder: Path) -> str:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
    shutil.copytree(demo / "demo", folder / "demo")
    script = "set -eu\n" + "\n".join(blocks)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_commands_of_the_readme_are_real(name: str, demo: Path, tmp_path: Path) -> None:
    told = run(name, demo, tmp_path)
    # The last command is told of the changed byte, and where it is.
    told = told[max(told.rfind("root"), told.rfind("树根")) :]
    assert "statement.bytes" in told and "134" in told, told


@pytest.mark.parametrize("name", DOCS)
def test_the_commands_of_the_docs_are_real(name: str, demo: Path, tmp_path: Path) -> None:
    run(name, demo, tmp_path)
