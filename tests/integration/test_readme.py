"""The commands that README shows, in both languages, are run as they stand, against a real demo."""

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


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_commands_of_the_readme_are_real(name: str, demo: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    shutil.copytree(demo / "demo", tmp_path / "demo")
    script = "set -eux\n" + "\n".join(blocks)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The last command is told of the changed byte, and where it is.
    told = done.stdout[max(done.stdout.rfind("root"), done.stdout.rfind("树根")) :]
    assert "statement.bytes" in told and "69" in told, told
