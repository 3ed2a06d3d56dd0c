"""Where things lie: the repository's root, its own files, and the data folder shared beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shared_data(path: str) -> Path:
    """A file or folder of `../shared/data`, beside the repository; tests that need it fail without it."""
    found = ROOT.parent / "shared" / "data" / path
    assert found.exists(), f"expected the shared data beside the repository at {found}, got nothing there"
    return found


def own_files(*patterns: str) -> list[Path]:
    """The repository's own files, tracked or about to be, by git's patterns (all without one)."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in sorted(listed.split("\0")) if name and (ROOT / name).is_file()]
