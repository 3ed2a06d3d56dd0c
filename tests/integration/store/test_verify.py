"""The whole-ledger verification itself: levels, continuing, processes, entries that wait, and what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.log.trust import Trust
from ledger.store.verify import LEVELS, UNPROVEN, Level
from ledger.store.verify.reading import Reader
from tests.support.tamper import changed, place, rows_of
from tests.support.varied import Varied, no_codes, varied
from tests.support.world import World


@pytest.fixture
def ledger(database_url: str, tmp_path: Path) -> Iterator[Varied]:
    made = varied(database_url, tmp_path)
    yield made
    made.world.close()


@pytest.mark.parametrize("level", LEVELS)
def test_a_sound_ledger_verifies_at_every_level_and_the_verdict_says_what_that_means(
    ledger: Varied, level: Level
) -> None:
    verdict = ledger.verify(level=level)
    assert verdict.ok
    assert (verdict.size, verdict.level) == (ledger.world.ledger.size(), level)
    assert verdict.reach < verdict.size
    assert verdict.trust("en").startswith(
        f"witnessed 1 of 1 up to size {verdict.reach}; what follows rests on the operator"
    )
    assert "经 1 个见证方中的 1 个见证" in verdict.trust("zh")
    for lang, nothing in (("en", "nothing differs"), ("zh", "全部相符")):
        lines = verdict.says(lang)
        assert nothing in lines
        assert all(column in "\n".join(lines) for column in UNPROVEN)


def test_without_a_witness_times_rest_on_the_operators_clock(ledger: Varied) -> None:
    verdict = ledger.world.ledger.verify(level="signatures")
    assert verdict.trust("en") == "operator only: no witness cosigned, so times rest on the operator's clock"
    assert verdict.trust("zh").startswith("仅由运营方自证")


@pytest.mark.parametrize("level", LEVELS)
def test_many_processes_find_what_one_finds(ledger: Varied, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ledger.world.ledger.engine
    monkeypatch.setattr("ledger.store.verify.TASK", 256)
    monkeypatch.setattr("ledger.store.verify._WORTH", dict.fromkeys(LEVELS, (0, 0)))
    row = rows_of(engine, "statement")[100]
    steps: list[tuple[str, int, int]] = []
    with changed(engine, place("statement", "entry", row), row["entry"].replace(b'"v":1', b'"v":3')):
        one = ledger.verify(level=level, processes=1)
        two = ledger.verify(level=level, processes=2, progress=lambda *step: steps.append(step))
    assert [(each.table, each.column) for each in one.differences] == [("statement", "entry")]
    assert two.differences == one.differences
    assert two.root == one.root
    entries = [(done, of) for what, done, of in steps if what == "entries"]
    assert entries == [(256, one.size), (one.size, one.size)]


_VERIFIES = """
import sys, threading
from ledger.custody.events import parse
from ledger.custody.wire import ANY_CODES
from ledger.log import statement
from ledger.store import others, verify
from ledger.store.database import open_engine

def told(name, get=others.get_context):
    print(name)
    return get(name)

if __name__ == "__main__":
    verify.TASK, verify._WORTH, others.get_context = 256, dict.fromkeys(verify.LEVELS, (0, 0)), told
    engine = open_engine(sys.argv[1])
    with engine.connect() as connection:
        raw = connection.exec_driver_sql('SELECT s.bytes FROM leaf l JOIN statement s ON s.n = l.n ORDER BY "index"')
        said = statement.parse(raw.first()[0])
    done = threading.Event()
    if sys.argv[2] == "threads":
        threading.Thread(target=done.wait, daemon=True).start()
    held = engine.connect() if sys.argv[2] == "connections" else None
    for level in verify.LEVELS:
        verdict = verify.verify(engine, parse(said.type, said.body, ANY_CODES), level=level, processes=3)
        print(level, verdict.size, *[f"{each.table}.{each.column} {each.index}" for each in verdict.differences])
    done.set()
"""


@pytest.mark.parametrize(
    ("used", "method"), [("nothing", "fork"), ("threads", "forkserver"), ("connections", "forkserver")]
)
def test_a_process_is_copied_only_while_nothing_else_in_it_runs_and_finds_the_same(
    ledger: Varied, tmp_path: Path, used: str, method: str
) -> None:
    script = tmp_path / "verifies.py"
    script.write_text(_VERIFIES)
    engine = ledger.world.ledger.engine
    row = rows_of(engine, "statement")[100]
    with changed(engine, place("statement", "entry", row), row["entry"].replace(b'"v":1', b'"v":3')):
        (found,) = ledger.verify(level="hashes").differences
        done = subprocess.run(
            [sys.executable, script, ledger.world.url, used], capture_output=True, text=True, check=True, timeout=300
        )
    size = ledger.world.ledger.size()
    said = [line for level in LEVELS for line in (method, f"{level} {size} statement.entry {found.index}")]
    assert done.stdout.splitlines() == said


def test_entries_without_an_index_are_checked_as_far_as_they_can_be(postgres_url: str, tmp_path: Path) -> None:
    ledger = varied(postgres_url, tmp_path, waiting=True)
    for level in LEVELS:
        verdict = ledger.verify(level=level)
        assert (verdict.ok, verdict.waiting) == (True, 1)
    assert any("1 not yet in the log" in line for line in verdict.says("en"))
    engine = ledger.world.ledger.engine
    (waits,) = rows_of(engine, "pending")
    (row,) = (each for each in rows_of(engine, "statement") if each["n"] == waits["n"])
    with changed(engine, place("statement", "signature", row), bytes(64)):
        (found,) = ledger.verify().differences
    assert (found.table, found.column, found.index) == ("statement", "signature", None)
    with changed(engine, place("pending", "n", waits), waits["n"] + 1_000):
        (found,) = ledger.verify().differences
    assert (found.table, found.column) == ("pending", "n")
    with changed(engine, place("statement", "n", row), waits["n"] + 1_000):
        (found,) = ledger.verify().differences
    assert (found.table, found.column) == ("statement", "n")
    ledger.world.close()


def test_a_later_run_goes_on_from_an_earlier_verdict_and_still_sees_changes_before_it(ledger: Varied) -> None:
    world = ledger.world
    earlier = ledger.verify().verified()
    assert earlier is not None
    shop = world.party("后来者")
    world.ledger.record([shop.sign("container-filled", world.filled(shop, world.new("site"))) for _ in range(300)])
    world.look()
    verdict = world.ledger.verify(since=earlier)
    assert verdict.differences == ()
    assert (verdict.since, verdict.size) == (earlier.size, world.ledger.size())
    assert any(str(earlier.size) in line and "verified before" in line for line in verdict.says("en"))
    row = rows_of(world.ledger.engine, "statement")[30]
    for column, value in (("bytes", row["bytes"].replace(b'"v":1', b'"v":3')), ("signature", bytes(64))):
        with changed(world.ledger.engine, place("statement", column, row), value):
            found = world.ledger.verify(since=earlier).differences
        assert [(each.table, each.column) for each in found] == [("statement", column)]
    other = world.ledger.verify(since=replace(earlier, root="ab" * 32)).differences
    assert [(each.check, each.index) for each in other] == [("outside", earlier.size - 1)]


def test_a_verdict_with_a_difference_is_nothing_to_continue_from(ledger: Varied) -> None:
    row = rows_of(ledger.world.ledger.engine, "log_state")[0]
    with changed(ledger.world.ledger.engine, place("log_state", "root", row), bytes(32)):
        verdict = ledger.verify(level="hashes")
    assert (verdict.ok, verdict.verified()) == (False, None)
    assert verdict.first is not None
    assert verdict.first.table == "log_state"


def test_the_pinned_genesis_is_the_first_leaf(ledger: Varied) -> None:
    trust = ledger.world.ledger.trust()
    assert ledger.verify(trust=trust).ok
    other = Trust(origin=trust.origin, genesis_leaf="ab" * 32)
    (found,) = ledger.verify(trust=other).differences
    assert (found.check, found.table, found.index) == ("outside", "leaf", 0)


def test_the_smallest_ledger_verifies(database_url: str, tmp_path: Path) -> None:
    world = World.create(database_url, tmp_path)
    verdict = world.ledger.verify(read_catalogue=no_codes)
    assert (verdict.ok, verdict.size) == (True, 1)
    world.close()


def test_names_that_no_object_can_have_are_not_taken_for_two(ledger: Varied) -> None:
    reader = Reader(ledger.world.ledger.engine)
    stream, seq, n = next((row["stream"], row["seq"], row["n"]) for row in rows_of(ledger.world.ledger.engine, "link"))
    strange = f"{stream}\x1f{stream}"
    try:
        (head,) = reader.heads([stream])
        assert list(reader.heads([strange, stream])) == [head]
        assert list(reader.heads([strange])) == []
        assert reader.holds({stream: [(seq, n)]})
        assert not reader.holds({stream: [(seq, n)], strange: [(seq, n)]})
    finally:
        reader.close()
