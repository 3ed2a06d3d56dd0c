"""The tutorial "your system sends its first container" is run as it stands: curl, Python, JavaScript, a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT
from tests.support.served import free_port

TUTORIAL = (ROOT / "docs" / "tutorial" / "your-system.md").read_text()
EXAMPLES = ROOT / "docs" / "examples"
WASTELEDGER = Path(sys.executable).with_name("wasteledger")


def quoted(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("language", "name"), [("python", "first_container.py"), ("js", "first_container.mjs")])
def test_the_quoted_program_is_the_one_that_runs(language: str, name: str) -> None:
    assert quoted(language) == [(EXAMPLES / name).read_text()]


def test_every_step_of_the_tutorial_is_real(tmp_path: Path) -> None:
    for program, package in (("curl", "curl"), ("node", "nodejs"), ("openssl", "openssl")):
        assert shutil.which(program), f"expected {program} (Debian: apt-get install {package}), got none"
    subprocess.run([WASTELEDGER, "demo", "--home", "demo"], cwd=tmp_path, check=True, capture_output=True, timeout=300)
    shutil.copytree(EXAMPLES, tmp_path / "docs" / "examples")
    script = "set -eu\n" + "\n".join(quoted("sh")).replace("8000", str(free_port()))
    environment = os.environ | {"PATH": f"{WASTELEDGER.parent}:{os.environ['PATH']}", "LC_ALL": "en_GB.UTF-8"}
    running = subprocess.Popen(
        ["bash", "-c", script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        told, _ = running.communicate(timeout=240)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0, told
    assert told.count("proven: ") == 3, told
    for name in ("gate", "desk"):
        chain = json.loads((tmp_path / f"{name}.json").read_text())
        assert (chain["seq"], chain["answered"]) == (2, True)
        assert told.count(chain["about"]) >= 2, "the container was read, and its receipt verified"
