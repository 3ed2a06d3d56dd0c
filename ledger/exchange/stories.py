"""Stories: ordered events of invented parties as TOML, read into steps that anybody can sign and record.

A story names its things by alias: `@drum` stands for an id, `@@yard` for the place {party, site} of a site, and the
same alias always becomes the same id. Each story's things are its own; the park's are everybody's. All stories together
fit into one ledger.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from ledger.custody.regimes.base import text_of
from ledger.errors import LedgerError
from ledger.log.hashing import sha256
from ledger.log.ids import new_uuid7

# The ids of the park's things are as if made then: 2025-01-01T00:00:00Z.
PARK_MS = 1_735_689_600_000
OF_STEP = frozenset({"at", "received", "by", "event", "id", "refused"})
UPLOAD = timedelta(seconds=1)
OPERATOR = "operator"


class StoryError(LedgerError):
    """A story does not hold together."""

    code = "bad-story"
    zh = "故事 {story} 有误：{detail}"
    en = "story {story} is not well told: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A person with a key: which party, which authority roles. `genesis` keys are pinned in entry 0; a guest's key is
    good for one statement, `vouched_by` (a player's alias) enrols it."""

    alias: str
    party: str
    person: str
    key: str
    roles: tuple[str, ...]
    admin: bool
    genesis: bool
    vouched_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement to be made: by whom, when it happened, when it arrives, its type and body in wire form; `refused`
    is the code of the rule that it breaks, or "quarantined" ("" for what is recorded)."""

    story: str
    id: str
    by: Player
    at: str
    received_at: str
    type: str
    body: dict[str, Any]
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as told: its steps in the order of happening, what must come of them (`expect`, with its aliases), who
    signs once only, and whether the demonstration tells it."""

    name: str
    zh: str
    en: str
    steps: tuple[Step, ...]
    expect: tuple[dict[str, Any], ...]
    ids: Mapping[str, str]
    guests: tuple[Player, ...] = ()
    demo: bool = True


@dataclass(slots=True, kw_only=True)
class Park:
    """The cast that all stories share: `players` in the order of enrolment, `steps` that register everything."""

    players: dict[str, Player]
    story: Story
    places: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.story.steps

    def alias_of(self, id_: str, story: Story | None = None) -> str:
        """The alias of an id, for people to read; the id itself where there is none."""
        ids = {**self.story.ids, **(story.ids if story else {})}
        return next((alias for alias, known in ids.items() if known == id_), id_)


def shipped() -> tuple[Park, list[Story]]:
    """The park and the stories that travel with the product, by name."""
    texts = {f.name: f.read_text("utf-8") for f in files("fixtures").joinpath("stories").iterdir()}
    park = load_park(texts.pop("park.toml"))
    return park, [load_story(text, park) for name, text in sorted(texts.items()) if name.endswith(".toml")]


def load_park(text: str) -> Park:
    """The park, from park.toml."""
    told = tomllib.loads(text)
    ids = _ids("park", told, PARK_MS)
    players: dict[str, Player] = {}
    for row in told["person"]:
        alias = row["alias"]
        ids[alias] = f"person:{_uuid7('park', f'person {alias}', PARK_MS)}"
        ids[f"{alias}-key"] = f"key:{_uuid7('park', f'key {alias}', PARK_MS)}"
        players[alias] = Player(
            alias=alias,
            party=_known(ids, row["party"], "park"),
            person=ids[alias],
            key=ids[f"{alias}-key"],
            roles=tuple(row.get("roles", ())),
            admin=row.get("admin", False),
            genesis=row.get("genesis", False),
        )
    places = _places(told, ids, "park")
    return Park(players=players, places=places, story=_told("park", told, ids, players, places))


def load_story(text: str, park: Park) -> Story:
    """One story, from its own file, played by the park's people."""
    told = tomllib.loads(text)
    start = min(row["at"] for row in told["step"])
    name, ms = told["story"], _ms(start)
    ids = {**park.story.ids, **_ids(name, told, ms)}
    guests = {}
    for row in told.get("guest", ()):
        alias = row["alias"]
        ids[alias] = f"person:{_uuid7(name, f'person {alias}', ms)}"
        guests[alias] = Player(
            alias=alias,
            party=_known(ids, row["party"], name),
            person=ids[alias],
            key=f"key:{_uuid7(name, f'key {alias}', ms)}",
            roles=(),
            admin=False,
            genesis=False,
            vouched_by=row["vouched_by"],
        )
    places = {**park.places, **_places(told, ids, name)}
    players = {**park.players, **guests, OPERATOR: _operator(park)}
    return _told(name, told, ids, players, places, tuple(guests.values()))


def _operator(park: Park) -> Player:
    """What the ledger's own system says, with the key that entry 0 names."""
    return Player(
        alias=OPERATOR,
        party=park.story.ids[OPERATOR],
        person=f"person:{_uuid7('park', f'person {OPERATOR}', PARK_MS)}",
        key=f"key:{_uuid7('park', f'key {OPERATOR}', PARK_MS)}",
        roles=(OPERATOR,),
        admin=True,
        genesis=True,
    )


def _places(told: dict[str, Any], ids: Mapping[str, str], story: str) -> dict[str, dict[str, str]]:
    """Place by the alias of a site, for every site that is registered here."""
    return {
        row["site"][1:]: {"party": _known(ids, row["holder"][1:], story), "site": _known(ids, row["site"][1:], story)}
        for row in told["step"]
        if row["event"] == "site-registered"
    }


def in_order_of_arrival(steps: Iterable[Step]) -> list[Step]:
    """The steps as a ledger gets them; raises StoryError where somebody's later statement overtakes an earlier one.

    Each person signs in the order of happening, so that is the order in which their key's statements are numbered.
    """
    arriving = sorted(steps, key=lambda s: (s.received_at, s.at))
    newest: dict[str, Step] = {}
    for step in arriving:
        before = newest.get(step.by.alias)
        if before is not None and step.at < before.at:
            raise StoryError(
                story=step.story,
                detail=f"{step.by.alias}: {step.type}",
                expected=f"arriving before {before.type} of {before.at}",
                got=f"at {step.at}, received {step.received_at}",
            )
        newest[step.by.alias] = step
    return arriving


def _told(
    name: str,
    told: dict[str, Any],
    ids: dict[str, str],
    players: Mapping[str, Player],
    places: Mapping[str, dict[str, str]],
    guests: tuple[Player, ...] = (),
) -> Story:
    rows = sorted(told["step"], key=lambda row: row["at"])
    names = []
    for n, row in enumerate(rows):
        # A step's own alias, else its number among the story's steps.
        names.append(row.get("id", f"step-{n}"))
        ids[names[n]] = _uuid7(name, f"statement {names[n]}", _ms(row["at"]))
    steps = []
    for n, row in enumerate(rows):
        if row["by"] not in players:
            raise StoryError(story=name, detail="by", expected=" or ".join(sorted(players)), got=row["by"])
        body = {k: _filled(v, ids, places, name) for k, v in row.items() if k not in OF_STEP}
        steps.append(
            Step(
                story=name,
                id=ids[names[n]],
                by=players[row["by"]],
                at=text_of(row["at"]),
                received_at=text_of(row.get("received", row["at"] + UPLOAD)),
                type=row["event"],
                body=body,
                refused=row.get("refused", ""),
            )
        )
    return Story(
        name=name,
        zh=told["zh"],
        en=told["en"],
        steps=tuple(steps),
        expect=tuple(told.get("expect", ())),
        ids=ids,
        guests=guests,
        demo=told.get("demo", True),
    )


def _filled(value: Any, ids: Mapping[str, str], places: Mapping[str, dict[str, str]], story: str) -> Any:
    """The value with every alias replaced."""
    match value:
        case str() if value.startswith("@@"):
            return dict(_known(places, value[2:], story))
        case str() if value.startswith("@"):
            return _known(ids, value[1:], story)
        case list():
            return [_filled(item, ids, places, story) for item in value]
        case dict():
            return {k: _filled(v, ids, places, story) for k, v in value.items()}
        case datetime():
            return text_of(value)
        case _:
            return value


def _ids(story: str, told: dict[str, Any], ms: int) -> dict[str, str]:
    return {
        alias: f"{kind}:{_uuid7(story, f'{kind} {alias}', ms)}"
        for kind, aliases in told.get("things", {}).items()
        for alias in aliases
    }


def _known(known: Mapping[str, Any], alias: str, story: str) -> Any:
    if alias not in known:
        raise StoryError(story=story, detail="alias", expected="a thing of this story or of the park", got=alias)
    return known[alias]


def _uuid7(story: str, what: str, ms: int) -> str:
    """The same id for the same words; no two stories share one."""
    return new_uuid7(ms, sha256(f"wasteledger/story/v1\n{story}\n{what}".encode())[:10])


def _ms(moment: datetime) -> int:
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
