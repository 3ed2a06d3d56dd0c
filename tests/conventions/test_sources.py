"""Conventions of the source text: where a library may be imported, and what no file may name."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT, own_files

# Split, so that this file keeps its own rule.
HOSTS = ("pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org", "deb.deb" + "ian.org")
MACHINE_PATHS = ("/work" + "/", "/root" + "/")

ONLY_THERE = {
    "hashlib": ("ledger/log/hashing.py",),
    "sqlalchemy": ("ledger/store/", "migrations/"),
}
PRODUCT = ("ledger", "api", "cli", "fixtures", "migrations")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(("library", "places"), ONLY_THERE.items(), ids=ONLY_THERE)
def test_a_library_is_imported_only_where_it_belongs(library: str, places: tuple[str, ...]) -> None:
    sources = {str(path.relative_to(ROOT)): path for path in own_files(*PRODUCT) if path.suffix == ".py"}
    assert sources
    strays = [name for name, path in sources.items() if library in set(imports(path)) and not name.startswith(places)]
    assert strays == []


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    named = re.compile("|".join(re.escape(text) for text in HOSTS + MACHINE_PATHS).encode())
    found = {
        str(path.relative_to(ROOT)): match[0] for path in own_files() if (match := named.search(path.read_bytes()))
    }
    assert found == {}


def test_the_import_contracts_cover_every_package_with_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    present = [package for package in ("api", "cli", "ledger") if (ROOT / package / "__init__.py").exists()]
    assert sorted(contracts["root_packages"]) == present
