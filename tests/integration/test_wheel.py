"""The built wheel works alone: in an empty directory, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from api.pages.files import PARTS
from tests.support.repository import ROOT, own_files

CARRIED = ("cli", "fixtures", "ledger", "migrations", "api")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh environment with the wheel in it; dependencies come from the environment of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    install = [*pip, "--python", python, "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


def run(installed: Path, folder: Path, *command: str) -> str:
    program = installed / "bin" / command[0]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([program, *command[1:]], cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: expected exit 0, got {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_carries_every_file_of_its_packages(installed: Path) -> None:
    [packages] = installed.glob("lib/python*/site-packages")
    ours = {path.relative_to(ROOT) for package in CARRIED for path in own_files(package)}
    assert {Path("fixtures/cn/catalogue-2021.csv"), Path("ledger/errors.py")} <= ours
    assert sorted(str(path) for path in ours if not (packages / path).is_file()) == []


def test_the_wheel_carries_what_pages_load_from_npm(installed: Path) -> None:
    [packages] = installed.glob("lib/python*/site-packages")
    parts = packages / "api" / "pages" / "node_modules"
    assert [name for name, file in PARTS.items() if not (parts / file).is_file()] == []


def test_the_installed_command_says_its_help_and_version(installed: Path, tmp_path: Path) -> None:
    assert "Usage: wasteledger" in run(installed, tmp_path, "wasteledger", "--help")
    assert run(installed, tmp_path, "wasteledger", "--version") == "wasteledger, version 0.1.0\n"


def test_the_installed_packages_are_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    script = "import cli, fixtures, ledger; print(cli.__file__, fixtures.__file__, ledger.__file__)"
    for path in run(installed, tmp_path, "python", "-c", script).split():
        assert Path(path).is_relative_to(installed)
    count = "import fixtures; print(len(fixtures.open_text('cn/catalogue-2021.csv').read().splitlines()))"
    assert run(installed, tmp_path, "python", "-c", count) == "468\n"
