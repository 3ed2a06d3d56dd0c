"""The database has one history."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.support.repository import ROOT


def test_the_migrations_have_one_root_and_one_head_and_are_numbered_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    oldest_first = [revision.revision for revision in scripts.walk_revisions()][::-1]
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
    assert oldest_first == [f"{number:04}" for number in range(1, len(oldest_first) + 1)]
