"""A phone is lost with statements on it that nobody had sent, its owner asks to be forgotten: the grams stay right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ledger.custody.container import thing_from
from ledger.custody.rate import Question
from ledger.custody.registry import Edition
from ledger.log import statement
from ledger.log.hashing import seal_commitment
from ledger.queries import Queries
from ledger.service import SealedText
from ledger.store.projections import Projector
from tests.support.world import World

LATER = "2025-12-31T00:00:00.000Z"


def no_codes(_: bytes) -> Edition:
    return Edition()


def test_unsent_statements_of_a_lost_device_count_once_somebody_answers_for_them(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Sent: 100 kg. On the phone: 40 kg, which the revocation lets in, and 60 kg, which only an adoption brings in."""
    world = World.create(sqlite_url, tmp_path)
    admin = world.party()
    yard = world.site(admin)
    clerk = world.enrol(admin, party=admin.party)
    queries = Queries(
        engine=world.ledger.engine,
        regime=world.ledger.regime,
        projector=Projector(world.ledger.engine, world.ledger.regime, no_codes),
    )

    def generated() -> int:
        world.ledger.sequence()
        queries.projector.follow()
        start, end = world.ledger.regime.period("2025")
        scope = frozenset({admin.party})
        question = Question(view="origin", kind="hazardous", start=start, end=end, as_of=LATER, parties=scope)
        return queries.rate(question).came_in_g["generated"]

    sealed = SealedText(path="handler.name", salt=world.chance.randbytes(32), value="张三")
    handler = {"person": clerk.person, "name": {"sealed": seal_commitment(sealed.salt, sealed.path, sealed.value)}}
    bodies = [world.filled(clerk, yard, grams=grams) | {"handler": handler} for grams in (100_000, 40_000, 60_000)]
    sent, let_in, kept_out = (clerk.sign("container-filled", body, sealed=(sealed,)) for body in bodies)
    assert world.ledger.record([sent])[0].outcome == "recorded"
    assert generated() == 100_000

    world.clock.advance(hours=2)
    revocation = {"key": clerk.stream, "holder": admin.party, "last_seq": 2, "reason": "lost"}
    assert admin.say("key-revoked", revocation).outcome == "recorded"
    assert [a.outcome for a in world.ledger.record([let_in, kept_out])] == ["recorded", "quarantined"]
    assert generated() == 140_000
    late = [flag.object for flag in queries.exceptions(LATER) if flag.rule == "after-revocation"]
    assert late == [bodies[1]["container"]]

    said = statement.parse(kept_out.raw)
    adopted = {"statement": said.hash.hex(), "type": said.type, "at": said.at, "body": said.body}
    outer = replace(sealed, path=f"body.{sealed.path}")
    # The commitment is the first author's: it is opened by the path that they sealed it under.
    submission = admin.sign("statement-adopted", adopted)
    assert world.ledger.record([replace(submission, sealed=(outer,))])[0].code == "seal-unknown"
    assert world.ledger.record([replace(submission, sealed=(sealed,))])[0].outcome == "recorded"
    assert generated() == 200_000

    assert world.ledger.erase(clerk.person).outcome == "recorded"
    assert world.ledger.snapshot_heads().outcome == "recorded"
    assert generated() == 200_000
    assert [world.ledger.clear_text(statement.parse(each.raw).id) for each in (sent, let_in)] == [{}, {}]
    row = world.ledger.state(bodies[2]["container"])
    assert row is not None and thing_from(bodies[2]["container"], row).holder == admin.party  # type: ignore[union-attr]
    world.look()
    assert world.ledger.verify(read_catalogue=no_codes).differences == ()
    world.close()
