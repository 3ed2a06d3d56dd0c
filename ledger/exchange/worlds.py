"""Worlds: invented parks of any size that live day by day, as steps to be signed, with named frauds planted on request.

The same chance makes the same world. Steps stream in the order of arrival; only what is still on its way is kept.
Whoever would check a fraud detector gets `planted`: what was done, by whom, to which objects.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from ledger.custody.regimes.base import text_of
from ledger.custody.regimes.cn import REGIME, check_character
from ledger.errors import LedgerError
from ledger.exchange.catalogue import carried
from ledger.exchange.stories import Player, Step, shipped
from ledger.exchange.trades import (
    BAGS,
    BURNER,
    EMERGENCY_BAGS,
    FLY_ASH,
    HAZARDOUS_SLAG,
    HOUSEHOLD,
    KILN_SLAG,
    OFFICES,
    OIL,
    RECEIVERS,
    SLUDGE,
    SOLVENT,
    TAR,
    TRADES,
    Waste,
)  # fmt: skip
from ledger.log.hashing import sha256
from ledger.log.ids import new_uuid7

# The last day of the demonstration park: fixed, so that the park is the same whenever it is made.
LAST_DAY = date(2026, 10, 31)
LINES_MAX = 20
STORAGE_DAYS = 30
TOLERANCE_PPM = 5_000
EXEMPTION = {"row": "2021-12-处置-1", "evidence": sha256(b"leaching test of an invented fly ash").hex()}
LOCAL = timezone(timedelta(hours=8))
TYPED_WRONG = 10
# A producer's drums come back and are filled again in turn.
DRUMS = 40
# What happens once a quarter, and on which of its days; what happens once, on which days of the world.
QUARTER, PAPER_DAY = 90, 75
EMERGENCY, AMENDED, TRUCK_DAYS = range(200, 205), 350, range(180, 194)
MERGED, PHONE_LOST, ERASED = 94, 120, 134

FRAUDS: dict[str, str] = {
    "weight-skim": "the carrier keeps 6 % of every load of one sender",
    "small-skim": "the carrier keeps 0.45 % of every load of one sender, within the tolerance",
    "under-reporting": "half of one enterprise's waste is never recorded",
    "relabelling": "every third container is renamed to general waste and delivered to the kiln",
    "paper-receipts": "the disposer confirms and treats on paper what no carrier ever collected",
    "round-trips": "waste is sent to a neighbour and back to begin its storage time anew",
    "double-manifest": "a manifest that was used up carries another container",
    "no-residues": "the disposer burns and records no residue",
    "silent-devices": "one enterprise's devices fall silent half-way",
}


class UnknownFraud(LedgerError):
    """A fraud that no world knows, or that nobody in this world can commit."""

    code = "unknown-fraud"
    zh = "没有单位能实施 {fraud}"
    en = "nobody in this world can commit {fraud}"


@dataclass(slots=True)
class Can:
    """A container as its holder knows it."""

    id: str
    grams: int
    day: int


@dataclass(slots=True, kw_only=True)
class Holder:
    """A party with one site: what it makes, what it stands on, with what it treats, what lies there."""

    name: str
    role: str
    player: Player
    place: dict[str, str]
    wastes: tuple[Waste, ...] = ()
    store: str = ""
    facilities: dict[str, str] = field(default_factory=dict)
    stock: dict[Waste, list[Can]] = field(default_factory=dict)
    received: dict[Waste, list[Can]] = field(default_factory=dict)
    phase: int = 0
    drums: int = 0

    @property
    def party(self) -> str:
        return self.place["party"]


@dataclass(slots=True, kw_only=True)
class Planted:
    """A fraud of this world: who, since and until when, on which objects, how many grams."""

    fraud: str
    party: str
    name: str
    since: str = ""
    until: str = ""
    grams: int = 0
    objects: list[str] = field(default_factory=list)


class World:
    """An invented park: `players` sign (those with `genesis` are pinned in entry 0, the others a registrar enrols),
    `steps()` is its life, once; `planted` is complete when the steps are."""

    def __init__(
        self, chance: random.Random, *, enterprises: int, days: int, last: date = LAST_DAY, frauds: Sequence[str] = ()
    ) -> None:
        self.chance = chance
        self.days = days
        self.first = last - timedelta(days=days - 1)
        self.players: list[Player] = []
        self.planted: dict[str, Planted] = {}
        self._due: list[tuple[str, str, int, Step]] = []
        self._waiting: dict[int, list[tuple[Holder, Waste, Can]]] = {}
        self._away: dict[int, list[tuple[Holder, Waste, Can]]] = {}
        self._count = 0
        # The park authority keeps the registers, the district bureau licenses and supervises.
        self.offices = {name: self._new("party", 0) for name in OFFICES}
        self._authorities = {
            role: self._person(role, self.offices[name], roles=(role,), genesis=True)
            for name, roles in OFFICES.items()
            for role in roles
        }
        self.receivers = {
            role: self._holder(f"示例{name}（虚构）", role, facilities=dict(facilities))
            for role, name, _, facilities in RECEIVERS
        }
        self.carriers = [self._holder(f"示例运输公司{n}（虚构）", "carrier") for n in (1, 2)]
        self.town = self._holder("示例街道办（虚构）", "town")
        self.enterprises = []
        for n in range(enterprises):
            trade, wastes = TRADES[n % len(TRADES)]
            role = "incinerator" if wastes == (HOUSEHOLD,) else "works" if wastes == (SLUDGE,) else "generator"
            made = self._holder(
                f"示例{trade}{n // len(TRADES) + 1}（虚构）", role, wastes=wastes, phase=n,
                facilities=dict(BURNER if role == "incinerator" else BURNER[1:] if role == "works" else ()),
            )  # fmt: skip
            self.enterprises.append(made)
            if role == "incinerator":
                self.receivers.setdefault(role, made)
        # Without an incinerator in the park, sludge is landfilled.
        self.receivers.setdefault("incinerator", self.receivers["landfill"])
        for fraud in frauds:
            culprit = self._culprit(fraud)
            self.planted[fraud] = Planted(fraud=fraud, party=culprit.party, name=culprit.name)
        self._licence = self._new("licence", 0)
        # Farms without an account: a carrier vouches for a key of each that is good for one statement.
        self.farms = [self._farm(n) for n in range(1, days // QUARTER + 2)]
        self._offline = {
            (c.player.alias, day) for c in self.carriers for day in range(days) if self.chance.randrange(100) < 3
        }
        # The chemical plant's second device, which will be lost.
        self._careless = next((e for e in self.enterprises if SOLVENT in e.wastes and days > PHONE_LOST), None)
        if self._careless is not None:
            self._phone = self._person("phone", self._careless.party)
            self._operator = replace(self._phone, alias="operator", party=self._new("party", 0))

    @property
    def begins(self) -> str:
        """The moment before everything that is said."""
        return self._at(-6, 0)

    # -- who -----------------------------------------------------------------------------------------------------------

    def _holder(self, name: str, role: str, *, facilities: dict[str, str] | None = None, **more: Any) -> Holder:
        party = self._new("party", 0)
        place = {"party": party, "site": self._new("site", 0)}
        player = self._person(f"person-{len(self.players)}", party, admin=True)
        holder = Holder(name=name, role=role, player=player, place=place, store=self._new("facility", 0), **more)
        holder.facilities = {method: self._new("facility", 0) for method in facilities or ()}
        return holder

    def _farm(self, n: int) -> Holder:
        party = self._new("party", 0)
        guest = Player(
            alias=f"guest-{n}", party=party, person=self._new("person", 0), key=self._new("key", 0), roles=(),
            admin=False, genesis=False, vouched_by=self.carriers[0].player.alias,
        )  # fmt: skip
        place = {"party": party, "site": self._new("site", 0)}
        store = self._new("facility", 0)
        return Holder(name=f"示例农场{n}（虚构）", role="farm", player=guest, place=place, store=store)

    def _person(self, alias: str, party: str, **more: Any) -> Player:
        rights: dict[str, Any] = {"roles": (), "admin": False, "genesis": False} | more
        player = Player(
            alias=alias, party=party, person=self._new("person", 0), key=self._new("key", 0), **rights
        )  # fmt: skip
        self.players.append(player)
        return player

    def _culprit(self, fraud: str) -> Holder:
        """Who commits it: somebody with hazardous waste in packages, the disposer, or a carrier."""
        if fraud in ("paper-receipts", "no-residues"):
            return self.receivers["disposer"]
        taken = {p.party for p in self.planted.values()}
        able = [e for e in self.enterprises if e.wastes in ((TAR,), (SOLVENT,), (OIL,))]
        free = [e for e in able if e.party not in taken]
        if fraud not in FRAUDS or not able:
            raise UnknownFraud(fraud=fraud, expected=" ".join(FRAUDS), got=f"{len(self.enterprises)} enterprises")
        return self.chance.choice(free or able)

    def _does(self, fraud: str, holder: Holder) -> bool:
        return fraud in self.planted and self.planted[fraud].party == holder.party

    def _plant(self, fraud: str, day: int, grams: int, *objects: str) -> None:
        planted, at = self.planted[fraud], self._at(day, 0)
        planted.since, planted.until = planted.since or at, at
        planted.grams += grams
        planted.objects += [o for o in objects if o not in planted.objects[-LINES_MAX:]]

    # -- saying --------------------------------------------------------------------------------------------------------

    def _at(self, day: int, minutes: int) -> str:
        midnight = datetime.combine(self.first + timedelta(days=day), datetime.min.time(), LOCAL)
        return text_of(midnight + timedelta(minutes=minutes))

    def _day(self, day: int) -> str:
        return (self.first + timedelta(days=day)).isoformat()

    def _new(self, kind: str, day: int) -> str:
        return f"{kind}:{self._uuid7(day)}"

    def _uuid7(self, day: int) -> str:
        moment = datetime.combine(self.first + timedelta(days=day), datetime.min.time(), UTC)
        return new_uuid7(int(moment.timestamp()) * 1000, self.chance.randbytes(10))

    def _say(
        self, who: Player, day: int, minutes: int, type_: str, body: dict[str, Any], *, unsent: int = 0
    ) -> str:  # fmt: skip
        """One statement, due at its arrival: in the evening, for whom there is no network or no system that day. One of
        a lost device comes so many days later, and into quarantine."""
        at, self._count = self._at(day, minutes), self._count + 1
        late = (who.alias, day) in self._offline or _on_paper(day)
        received = max(at, self._at(day + unsent, 20 * 60)) if late or unsent else at
        received = received[:-4] + "500Z"
        step = Step(
            story="world", id=self._uuid7(day), by=who, at=at, received_at=received, type=type_, body=body,
            refused="quarantined" if unsent else "",
        )  # fmt: skip
        heapq.heappush(self._due, (received, at, self._count, step))
        return step.id

    def steps(self) -> Iterator[Step]:
        """Everything that is said in this world, in the order of arrival."""
        self._opening()
        for day in range(self.days):
            self._live(day)
            end = self._at(day + 1, 0)
            while self._due and self._due[0][0] < end:
                yield heapq.heappop(self._due)[-1]
        # What would arrive after the last day is not part of this world.

    # -- the opening ---------------------------------------------------------------------------------------------------

    def _opening(self) -> None:
        everybody = [*self.receivers_once(), *self.carriers, self.town, *self.enterprises, *self.farms]
        registrar, licensing = self._authorities["registrar"], self._authorities["licensing"]
        settings = self._authorities["settings"]

        def say(who: Player, type_: str, **body: Any) -> None:
            # Five days before the first, a second after the other.
            self._say(who, -5, self._count // 60, type_, {k.rstrip("_"): v for k, v in body.items() if v is not None})

        permits = {role: licence for role, _, licence, _ in RECEIVERS} | {
            "incinerator": ("site-permit", (), ()), "works": ("site-permit", (), ())
        }  # fmt: skip
        for n, (name, party) in enumerate(self.offices.items()):
            say(registrar, "party-registered", holder=party, name=name, identifiers=[_credit_code(90_000 + n)],
                duties=["authority"])  # fmt: skip
        for n, holder in enumerate(everybody, 1):
            duty = "carrier" if holder.role == "carrier" else "disposer" if holder.role in permits else "generator"
            say(registrar, "party-registered", holder=holder.party, name=holder.name, identifiers=[_credit_code(n)],
                duties=[duty])  # fmt: skip
            disposal = "disposal" if holder in self.receivers_once() else None
            use = "medical" if holder.wastes == (BAGS,) else disposal
            say(registrar, "site-registered", holder=holder.party, site=holder.place["site"], name=holder.name,
                region="999999", live_from=self.first.isoformat(), use=use)  # fmt: skip
            say(registrar, "facility-registered", holder=holder.party, facility=holder.store, code="TS001",
                site=holder.place["site"], purpose="store",
                store_kind="point" if holder.wastes == (SOLVENT,) else "store")  # fmt: skip
            for k, (method, facility) in enumerate(holder.facilities.items(), 2):
                purpose = "utilise" if method in ("R9", "C2") else "dispose"
                say(registrar, "facility-registered", holder=holder.party, facility=facility, code=f"TS{k:03d}",
                    site=holder.place["site"], purpose=purpose)  # fmt: skip
        for n, holder in enumerate(everybody, 1):
            licence = permits.get(holder.role)
            if licence is not None:
                kind, include, methods = licence
                disposer = holder.role == "disposer"
                say(licensing, "licence-granted", licence=self._licence if disposer else self._new("licence", 0),
                    holder=holder.party, kind=kind, number=f"示证 W{n:04d} 号（虚构）", site=holder.place["site"],
                    valid_from="2020-01-01", valid_until="2029-12-31", include=list(include) or None,
                    methods=list(methods) or None, annual_g=self._allowed if disposer else None)  # fmt: skip
            general = [w.code for w in (*holder.wastes, *(r for w in holder.wastes for _, r in w.residues))
                       if REGIME.kind_of(w.code) == "industrial"]  # fmt: skip
            if general:
                say(holder.player, "contract-registered", contract=self._new("contract", 0), holder=holder.party,
                    with_=self.receivers["kiln"].party, codes=sorted(set(general)), valid_from="2020-01-01",
                    valid_until="2029-12-31", number=f"示合 W{n:04d}（虚构）")  # fmt: skip
            if any(w.listed for w in holder.wastes):
                for year in sorted({self.first.year, (self.first + timedelta(days=self.days - 1)).year}):
                    say(holder.player, "plan-filed", plan=self._new("plan", 0), holder=holder.party,
                        site=holder.place["site"], year=year, lines=self._planned(holder, year))  # fmt: skip
        for holder in self.enterprises:
            for waste in holder.wastes:
                if waste.kind == "package" and waste is not BAGS:
                    self._declare(holder, waste)
        say(settings, "catalogue-adopted", **carried("2021").body("2021", "2021-01-01"))
        for name, value in (("tolerance-ppm", TOLERANCE_PPM), ("storage-days", STORAGE_DAYS)):
            say(settings, "setting-adopted", name=name, value=value, effective_from="2020-01-01")
        calendar = next(s for s in shipped()[0].steps if s.type == "calendar-adopted")
        say(settings, "calendar-adopted", **calendar.body)

    def _declare(self, holder: Holder, waste: Waste) -> None:
        """Two drums are in stock already when the site goes live."""
        for n in range(2):
            can = Can(self._new("container", -1), self.chance.randint(*waste.grams), 0)
            stock = {"mass": {"basis": waste.basis, "net_g": can.grams}, "since": self._at(-7, 0)[:10]}
            self._say(holder.player, -1, 12 * 60 + n, "stock-declared", _birth(can, holder.place, waste, {}) | stock)
            holder.stock.setdefault(waste, []).append(can)

    def receivers_once(self) -> list[Holder]:
        """The receivers that are not enterprises of the park as well."""
        return [self.receivers[role] for role, *_ in RECEIVERS]

    @property
    def _allowed(self) -> int:
        """What the disposer may take in a year: three quarters of what the enterprises make for it."""
        made = (sum(w.grams) * w.in_100_days for e in self.enterprises for w in e.wastes if w.to == "disposer")
        return sum(made) // 2 * 365 // 100 * 3 // 4

    def _planned(self, holder: Holder, year: int) -> list[dict[str, Any]]:
        lines = []
        for waste in holder.wastes:
            if waste.listed:
                grams = self._made(waste, year, range(self.days))
                lines.append({"code": waste.code, "generated_g": grams, "entrusted_g": grams})
        return lines

    def _made(self, waste: Waste, year: int, days: range) -> int:
        """About how many grams of it one enterprise makes on those of these days that are in the year."""
        count = sum((self.first + timedelta(days=d)).year == year for d in days)
        return sum(waste.grams) // 2 * waste.in_100_days * count // 100

    # -- a day ---------------------------------------------------------------------------------------------------------

    def _live(self, day: int) -> None:
        for holder, waste, can in self._away.pop(day, ()):
            holder.stock.setdefault(waste, []).append(can)
        troubles = {
            16: self._mislay, 31: self._seize, 43: self._discover, 52: self._doubt, 61: self._oversee,
            66: self._vouch,
        }  # fmt: skip
        if day % QUARTER in troubles:
            troubles[day % QUARTER](day)
        once = {
            EMERGENCY.start: self._declare_emergency, AMENDED: self._amend, MERGED: self._merge,
            PHONE_LOST: self._lose_phone, ERASED: self._erase,
        }  # fmt: skip
        if day in once:
            once[day](day)
        for holder in self.enterprises:
            if self._does("silent-devices", holder) and day >= self.days // 2:
                self._plant("silent-devices", day, 0, holder.place["site"])
                continue
            for waste in holder.wastes:
                if waste is HOUSEHOLD:
                    self._weigh_in(holder, waste, day)
                else:
                    self._generate(holder, waste, day)
            self._send(holder, day)
        for holder in [*self.receivers_once(), self.town]:
            self._send(holder, day)
        for holder, waste, can in self._waiting.pop(day, ()):
            holder.received.setdefault(waste, []).append(can)
        for holder in [*self.receivers_once(), *self.enterprises]:
            for waste, cans in list(holder.received.items()):
                if cans:
                    self._treat(holder, waste, cans, day)
                    holder.received[waste] = []

    def _some_packages(self) -> tuple[Holder, Waste, list[Can]] | None:
        """The packages of one kind that one enterprise has in stock; None when nobody has any."""
        packed = [(h, w, cans) for h in self.enterprises for w, cans in h.stock.items() if w.kind == "package" and cans]
        return self.chance.choice(packed) if packed else None

    def _mislay(self, day: int) -> None:
        """Once a quarter a drum is not where the books say, and is found behind another four days later."""
        found = self._some_packages()
        if found is None:
            return
        holder, waste, cans = found
        can = cans.pop()
        about = {"container": can.id, "place": holder.place, "code": waste.code, "net_g": can.grams}
        lost = {"stage": "held", "reason": "missing-at-count"}
        self._say(holder.player, day, 7 * 60, "container-lost", about | lost)
        self._say(holder.player, day + 4, 7 * 60, "container-found", about | {"lost_by": holder.place})
        self._away.setdefault(day + 4, []).append((holder, waste, can))

    def _seize(self, day: int) -> None:
        """Once a quarter an inspector seals a drum, and lets it go when its papers are in order."""
        found = self._some_packages()
        if found is None:
            return
        holder, waste, cans = found
        can, inspector = cans.pop(), self._authorities["supervision"]
        about = {"container": can.id, "place": holder.place}
        self._say(inspector, day, 7 * 60, "container-impounded", about | {"reason": "evidence"})
        self._say(inspector, day + 3, 7 * 60, "container-released", about)
        self._away.setdefault(day + 3, []).append((holder, waste, can))

    def _oversee(self, day: int) -> None:
        """Once a quarter a drum leaks, its store is counted, and an inspector looks at it."""
        found = self._some_packages()
        if found is None:
            return
        holder, waste, cans = found
        can, inspector = cans[0], self._authorities["supervision"]
        leak = {"container": can.id, "place": holder.place, "code": waste.code}
        lost, can.grams = can.grams // 20, can.grams - can.grams // 20
        self._say(holder.player, day, 7 * 60, "leak-reported", {
            **leak, "lost_g": lost, "stage": "held", "into": "floor",
        })  # fmt: skip
        self._say(holder.player, day, 7 * 60 + 30, "store-counted", {
            "place": holder.place, "facility": holder.store, "present": [c.id for c in cans[:LINES_MAX]],
        })  # fmt: skip
        seen = {"holder": holder.party}
        listed = sha256("".join(e.party for e in self.enterprises).encode()).hex()
        drawn = self._say(inspector, day + 1, 9 * 60, "inspection-drawn", {
            **seen, "drawn_from": listed, "seed": sha256(self._at(day, 0).encode()).hex(),
        })  # fmt: skip
        report = {"inspection": drawn, "outcome": "in-order", "report": sha256(drawn.encode()).hex()}
        self._say(inspector, day + 2, 15 * 60, "inspection-reported", seen | report)
        self._say(inspector, day + 2, 16 * 60, "loss-determined", {**leak, "net_g": lost, "outcome": "process-loss"})

    def _discover(self, day: int) -> None:
        """Once a quarter the town finds a drum that is nobody's, and sends it on."""
        can = Can(self._new("container", day), self.chance.randint(*OIL.grams), day)
        mass = {"basis": OIL.basis, "net_g": can.grams}
        where = {"found_at": {"sealed": sha256(f"an invented roadside on day {day}".encode()).hex()}}
        self._say(self.town.player, day, 7 * 60, "waste-discovered", _birth(can, self.town.place, OIL, mass) | where)
        self.town.stock.setdefault(OIL, []).append(can)

    def _doubt(self, day: int) -> None:
        """Once a quarter a load of slag is held as hazardous until its report. Every other one is; the others go to the
        kiln when the authority has confirmed that they are not."""
        holder = self.chance.choice([e for e in self.enterprises if KILN_SLAG in e.wastes])
        can = Can(self._new("container", day), self.chance.randint(*KILN_SLAG.grams), day)
        evidence = {"evidence": sha256(can.id.encode()).hex()}
        about = {"container": can.id, "place": holder.place}
        mass = {"basis": KILN_SLAG.basis, "net_g": can.grams}
        self._say(holder.player, day, 7 * 60, "container-filled", _birth(can, holder.place, KILN_SLAG, mass))
        self._say(holder.player, day, 7 * 60 + 5, "waste-reclassified", about | {
            "old_code": KILN_SLAG.code, "new_code": HAZARDOUS_SLAG.code, "net_g": can.grams, "cause": "provisional",
        })  # fmt: skip
        found = self.chance.choice((KILN_SLAG, HAZARDOUS_SLAG))
        if found is KILN_SLAG:
            self._say(holder.player, day + 9, 7 * 60, "waste-reclassified", about | evidence | {
                "old_code": HAZARDOUS_SLAG.code, "new_code": KILN_SLAG.code, "net_g": can.grams, "cause": "report",
            })  # fmt: skip
        confirmed = about | evidence | {"code": found.code}
        self._say(self._authorities["supervision"], day + 12, 7 * 60, "identification-confirmed", confirmed)
        self._away.setdefault(day + 12, []).append((holder, found, can))

    def _declare_emergency(self, day: int) -> None:
        """An epidemic: for some days the disposer may take and close medical waste."""
        self._say(self._authorities["licensing"], day, 7 * 60, "emergency-plan-declared", {
            "plan": self._new("plan", day), "receivers": [self.receivers["disposer"].party], "codes": ["HW01"],
            "valid_from": self._day(day), "valid_until": self._day(EMERGENCY.stop), "reason": "epidemic",
        })  # fmt: skip

    def _amend(self, day: int) -> None:
        """The disposer's licence, full by then, allows twice as much from the next day on."""
        _, _, licence, _ = RECEIVERS[0]
        assert licence is not None
        self._say(self._authorities["licensing"], day, 7 * 60, "licence-amended", {
            "licence": self._licence, "holder": self.receivers["disposer"].party, "from": self._day(day + 1),
            "valid_until": "2029-12-31", "include": list(licence[1]), "methods": list(licence[2]),
            "annual_g": 2 * self._allowed,
        })  # fmt: skip

    def _merge(self, day: int) -> None:
        """The power plant takes a repair shop over: its stock where it lies, what it makes from then on, and its part
        of the plan."""
        heir = next(e for e in self.enterprises if OIL in e.wastes)
        shop = next((e for e in self.enterprises if e.wastes == (OIL,) and e.stock.get(OIL)), None)
        if shop is None or shop.party in {p.party for p in self.planted.values()}:
            return
        cans, document = shop.stock[OIL], sha256(b"an invented merger agreement").hex()
        self._say(heir.player, day, 7 * 60, "custody-transferred", {
            "from": shop.place, "to": heir.place, "lines": [_draw(c, OIL) for c in cans], "reason": "merger",
            "document": document,
        })  # fmt: skip
        for n, can in enumerate(cans, 1):
            stored = {"container": can.id, "place": heir.place, "facility": heir.store, "net_g": can.grams}
            self._say(heir.player, day, 7 * 60 + n, "container-stored", stored)
        year, until, after = int(self._day(day)[:4]), range(day), range(day, self.days)
        makes = {shop.party: self._made(OIL, year, until)}
        makes[heir.party] = self._made(OIL, year, range(self.days)) + self._made(OIL, year, after)
        for holder in (shop, heir):
            line = {"code": OIL.code, "generated_g": makes[holder.party], "entrusted_g": makes[holder.party]}
            self._say(holder.player, day, 8 * 60 - 1, "plan-filed", {
                "plan": self._new("plan", day), "holder": holder.party, "site": holder.place["site"], "year": year,
                "lines": [line],
            })  # fmt: skip
        shop.place, shop.player, shop.store = heir.place, heir.player, heir.store

    def _lose_phone(self, day: int) -> None:
        """A phone is lost with a statement on it that was not sent: its key is revoked, what comes from it later waits
        in quarantine, and the enterprise answers for it."""
        owner, phone = self._careless, self._phone
        if owner is None:
            return
        handler = {"handler": {"person": phone.person, "name": {"clear": "示例张三（虚构）"}}}
        for n, unsent in enumerate((0, 3)):
            can = Can(self._new("container", day), self.chance.randint(*SOLVENT.grams), day)
            mass = {"basis": SOLVENT.basis, "net_g": can.grams}
            body = _birth(can, owner.place, SOLVENT, mass) | ({} if unsent else handler)
            id_ = self._say(phone, day, 13 * 60 + n, "container-filled", body, unsent=unsent)
            self._away.setdefault(day + 5 * n, []).append((owner, SOLVENT, can))
        revoked = {"key": phone.key, "holder": owner.party, "last_seq": 1, "reason": "lost"}
        self._say(owner.player, day + 1, 7 * 60, "key-revoked", revoked)
        # Who signs knows the hash of what was signed: until then the step's id stands for it.
        self._say(owner.player, day + 4, 9 * 60, "statement-adopted", {
            "statement": sha256(id_.encode()).hex(), "type": "container-filled", "at": self._at(day, 13 * 60 + 1),
            "body": body,
        })  # fmt: skip

    def _erase(self, day: int) -> None:
        """Who had lost the phone asks to be forgotten."""
        if self._careless is not None:
            gone = {"person": self._phone.person, "reason": "request"}
            self._say(self._operator, day, 12 * 60, "subject-erased", gone)

    def _vouch(self, day: int) -> None:
        """Once a quarter a carrier fetches a drum from a farm that has no account, and brings it to the disposer."""
        farm, to, carrier = self.farms[day // QUARTER], self.receivers["disposer"], self.carriers[0]
        can = Can(self._new("container", day), self.chance.randint(*OIL.grams), day)
        mass = {"basis": OIL.basis, "net_g": can.grams}
        self._say(farm.player, day, 9 * 60, "container-filled", _birth(can, farm.place, OIL, mass))
        ends = {
            "manifest": self._new("manifest", day), "from": farm.place, "to": to.place, "carrier": carrier.party
        }  # fmt: skip
        load = _load(can.id, OIL, can.grams)
        self._say(carrier.player, day, 11 * 60, "manifest-collected", {**ends, "lines": [load]})
        verdict = {"container": can.id, "code": OIL.code, "decision": "accepted", "mass": mass}
        self._say(to.player, day, 15 * 60, "manifest-received", {**ends, "lines": [verdict]})
        self._waiting.setdefault(day, []).append((to, OIL, can))

    def _generate(self, holder: Holder, waste: Waste, day: int) -> None:
        for n in range((waste.in_100_days + self.chance.randrange(100)) // 100):
            grams = self.chance.randint(*waste.grams)
            if self._does("under-reporting", holder) and self.chance.randrange(2):
                self._plant("under-reporting", day, grams, holder.place["site"])
                continue
            can, at = Can(self._new("container", day), grams, day), 8 * 60 + 5 * n
            typed = grams * TYPED_WRONG if waste.listed and self.chance.randrange(400) == 0 else grams
            mass = {"basis": waste.basis, "net_g": typed}
            asset = {"asset": f"D-{holder.phase}-{holder.drums % DRUMS}"} if waste is OIL else {}
            holder.drums += waste is OIL
            birth = _birth(can, holder.place, waste, mass) | asset
            id_ = self._say(holder.player, day, at, "container-filled", birth)
            if typed != grams:
                self._say(holder.player, day, at + 1, "entry-corrected", {
                    "container": can.id, "target": id_, "field": "mass.net_g", "old": typed, "new": grams,
                    "reason": "typing",
                })  # fmt: skip
            if waste.kind == "package" and waste is not BAGS:
                self._say(holder.player, day, at + 2, "container-stored", {
                    "container": can.id, "place": holder.place, "facility": holder.store, "net_g": grams,
                })  # fmt: skip
            if waste.dried is not None:
                can = self._dried(holder, waste, can, day, at + 60)
            holder.stock.setdefault(waste, []).append(can)

    def _dried(self, holder: Holder, waste: Waste, can: Can, day: int, at: int) -> Can:
        assert waste.dried is not None
        method, permille = waste.dried
        out = Can(self._new("container", day), can.grams * permille // 1000, day)
        self._say(holder.player, day, at, "waste-treated", {
            "place": holder.place, "facility": holder.facilities[method], "stage": "intermediate", "end": "disposed",
            "method": method, "basis": waste.basis, "inputs": [_draw(can, waste)], "outputs": [_pour(out, waste)],
        })  # fmt: skip
        return out

    def _weigh_in(self, holder: Holder, waste: Waste, day: int) -> None:
        """Household waste of two rounds: a day's total each, or, for two weeks, truck by truck."""
        trucks = 42 if day in TRUCK_DAYS else 1
        for n in range(2 * trucks):
            can = Can(self._new("container", day), self.chance.randint(*waste.grams) // trucks, day)
            mass = {"basis": waste.basis, "net_g": can.grams}
            body = _birth(can, holder.place, waste, mass) | {"origin": self.town.place}
            self._say(holder.player, day, 6 * 60 + 5 * n if trucks > 1 else 17 * 60 + n, "load-weighed-in", body)
            holder.received.setdefault(waste, []).append(can)

    def _send(self, holder: Holder, day: int) -> None:
        for waste in list(holder.stock):
            cans = holder.stock[waste]
            if not cans or (day + holder.phase) % waste.every:
                continue
            if waste.to in ("", holder.role):
                holder.stock[waste] = []
                holder.received.setdefault(waste, []).extend(cans)
                continue
            if waste is BAGS and self.chance.randrange(100) == 0:
                # The van did not come: bags wait longer than they may.
                continue
            if self._does("round-trips", holder):
                cans = self._round_trip(holder, waste, cans, day)
            if self._does("relabelling", holder):
                cans = self._relabelled(holder, waste, cans, day)
            holder.stock[waste] = [c for c in holder.stock[waste] if c not in cans]
            for start in range(0, len(cans), LINES_MAX):
                batch = cans[start : start + LINES_MAX]
                if waste.on_manifest:
                    way = EMERGENCY_BAGS if waste is BAGS and day in EMERGENCY else waste
                    self._manifest(holder, way, batch, day, start // LINES_MAX)
                else:
                    self._deliver(holder, waste, batch, day)

    # -- journeys ------------------------------------------------------------------------------------------------------

    def _arrived(self, holder: Holder, grams: int, objects: Sequence[str], day: int) -> int:
        """What the receiver's scale says: two scales differ a little, and somebody may have helped himself."""
        for fraud, ppm in (("weight-skim", 60_000), ("small-skim", 4_500)):
            if self._does(fraud, holder):
                self._plant(fraud, day, grams * ppm // 1_000_000, *objects)
                return grams - grams * ppm // 1_000_000
        return grams + grams * self.chance.randint(-3_000, 3_000) // 1_000_000

    def _deliver(self, holder: Holder, waste: Waste, cans: list[Can], day: int) -> None:
        """General waste: one signature at each end."""
        to, carrier = self.receivers[waste.to], self.chance.choice(self.carriers)
        ends = {
            "delivery": self._new("delivery", day), "from": holder.place, "carrier": carrier.party,
            "to": {"kind": "licensed", **to.place},
        }  # fmt: skip
        lines = [_load(c.id, waste, c.grams) for c in cans]
        self._say(holder.player, day, 18 * 60, "delivery-recorded", {**ends, "end": "sent", "lines": lines})
        for can in cans:
            can.grams = self._arrived(holder, can.grams, (can.id,), day)
        lines = [_load(c.id, waste, c.grams) for c in cans]
        self._say(to.player, day, 19 * 60, "delivery-recorded", {**ends, "end": "received", "lines": lines})
        to.received.setdefault(waste, []).extend(cans)

    def _manifest(self, holder: Holder, waste: Waste, cans: list[Can], day: int, run: int) -> None:
        to, carrier = self.receivers[waste.to], self.chance.choice(self.carriers)
        ends = {
            "manifest": self._new("manifest", day), "from": holder.place, "to": to.place, "carrier": carrier.party
        }  # fmt: skip
        at = 10 * 60 + run
        lines = [_load(c.id, waste, c.grams) for c in cans]
        natural = waste.kind == "package" and waste is not EMERGENCY_BAGS
        trouble = self.chance.randrange(200) if natural else 99
        if trouble == 6 and (len(cans) == 1 or "double-manifest" in self.planted):
            trouble = 99
        # One drum more than the list has goes along, as the driver records.
        self._say(holder.player, day, at, "manifest-issued", {**ends, "lines": lines[trouble == 6 :]})
        left: list[dict[str, Any]] = []
        if trouble == 0 and len(cans) > 1:
            stays = cans.pop()
            holder.stock[waste].append(self._repacked(holder, waste, stays, day, at + 45))
            left = [{"container": stays.id, "reason": "damaged"}]
            lines = lines[:-1]
        if waste.to == "disposer" and "paper-receipts" in self.planted and self.chance.randrange(4) == 0:
            self._plant("paper-receipts", day, sum(c.grams for c in cans), *(c.id for c in cans))
        else:
            body = {**ends, "lines": lines} | ({"left_behind": left} if left else {})
            self._say((holder if waste.at_once else carrier).player, day, at + 30, "manifest-collected", body)
            if self.chance.randrange(200) == 0:
                self._say(self._authorities["supervision"], day, at + 60, "roadside-checked", {
                    "manifest": ends["manifest"], "carrier": carrier.party, "checked": [c.id for c in cans],
                    "outcome": "in-order",
                })  # fmt: skip
            if trouble == 4:
                ends = self._handed_over(ends, lines, day, at + 90)
        self._receive(holder, waste, cans, day, at, ends, trouble, to)
        if _on_paper(day):
            self._say(holder.player, day + 1, 7 * 60 + run, "paper-manifest-backfilled", {
                "manifest": ends["manifest"], "place": holder.place, "on_paper": [c.id for c in cans],
                "outage_from": self._at(day, 0), "outage_until": self._at(day, 20 * 60),
                "paper_number": f"示纸 {day:04d}（虚构）",
            })  # fmt: skip

    def _repacked(self, holder: Holder, waste: Waste, can: Can, day: int, at: int) -> Can:
        """Damaged and left behind: its content goes into a new drum, but for what sticks to the old one."""
        whole = Can(self._new("container", day), can.grams - can.grams // 500, can.day)
        self._say(holder.player, day, at, "contents-transferred", {
            "place": holder.place, "reason": "repack", "sources": [_draw(can, waste)],
            "targets": [_pour(whole, waste)],
        })  # fmt: skip
        return whole

    def _handed_over(self, ends: dict[str, Any], lines: list[dict[str, Any]], day: int, at: int) -> dict[str, Any]:
        """The truck broke down: the other carrier takes the load on; the ends of the journey from there."""
        other = next(c for c in self.carriers if c.party != ends["carrier"])
        self._say(other.player, day, at, "manifest-handed-over", {
            "manifest": ends["manifest"], "from_carrier": ends["carrier"], "to_carrier": other.party, "lines": lines,
        })  # fmt: skip
        return ends | {"carrier": other.party}

    def _defect(self, can: Can, manifest: str, holder: Holder, to: Holder, day: int) -> None:
        """Accepted, and packed otherwise than said: told a day later, explained, the explanation accepted."""
        about = {"manifest": manifest, "place": to.place, "concerned": [can.id], "kind": "packaging"}
        found = self._say(to.player, day + 1, 8 * 60, "discrepancy-found-later", about)
        explained = self._say(holder.player, day + 2, 7 * 60, "exception-explained", {
            "container": can.id, "rule": "defect-found-later", "key": found,
            "explanation": {"sealed": sha256(b"an invented explanation").hex()},
        })  # fmt: skip
        said = {"container": can.id, "explanation": explained}
        self._say(to.player, day + 3, 8 * 60, "explanation-accepted", said)

    def _receive(
        self, holder: Holder, waste: Waste, cans: list[Can], day: int, at: int, ends: dict[str, Any], trouble: int,
        to: Holder,
    ) -> None:  # fmt: skip
        decided = day
        if trouble == 1:
            # The gate saw it come and nobody confirmed for nine days.
            body = {"manifest": ends["manifest"], "place": to.place, "carrier": ends["carrier"]}
            self._say(to.player, day, at + 180, "manifest-arrived", body | {"arrived": [c.id for c in cans]})
            decided = day + 9
        verdicts, back = [], None
        for n, can in enumerate(cans):
            listed = {"unlisted": True} if trouble == 6 and n == 0 else {"listed_g": can.grams}
            line = {"container": can.id, "code": waste.code, **listed}
            line |= {"exemption": EXEMPTION} if waste is FLY_ASH else {}
            if trouble == 2 and n == 0:
                verdicts.append(line | {"decision": "refused", "discrepancy": "packaging"})
                back = can
            elif trouble == 3 and n == 0:
                verdicts.append(line | {"decision": "missing"})
                self._found(can, waste, holder, ends["carrier"], to, day + 3)
            else:
                can.grams = self._arrived(holder, can.grams, (ends["manifest"], can.id), day)
                accepted = {"decision": "accepted", "mass": {"basis": "weighed", "net_g": can.grams}}
                verdicts.append(line | accepted)
                self._waiting.setdefault(decided, []).append((to, waste, can))
        body = {"from": ends["from"], "to": ends["to"], "carrier": ends["carrier"], "manifest": ends["manifest"]}
        self._say(to.player, decided, at + 240, "manifest-received", {**body, "lines": verdicts})
        if back is not None:
            (self._redirect if waste is FLY_ASH else self._bring_back)(back, waste, holder, ends, day, at)
        if trouble == 5:
            self._defect(cans[0], ends["manifest"], holder, to, day)
        if self._does("double-manifest", holder) and len(cans) > 1:
            self._used_again(holder, waste, ends, to, day)

    def _found(self, can: Can, waste: Waste, holder: Holder, carrier: str, to: Holder, day: int) -> None:
        lost_by = {"party": carrier, "site": holder.place["site"]}
        self._say(to.player, day, 9 * 60, "container-found", {
            "container": can.id, "place": to.place, "code": waste.code, "net_g": can.grams, "lost_by": lost_by,
        })  # fmt: skip
        self._waiting.setdefault(day, []).append((to, waste, can))

    def _bring_back(self, can: Can, waste: Waste, holder: Holder, ends: dict[str, Any], day: int, at: int) -> None:
        """Refused: on the next day it is back at its sender's, and goes with the next run."""
        way = {"manifest": ends["manifest"], "from": ends["to"], "to": ends["from"], "carrier": ends["carrier"]}
        carrier = next(c for c in self.carriers if c.party == ends["carrier"])
        load = _load(can.id, waste, can.grams)
        self._say(carrier.player, day + 1, 7 * 60, "manifest-return-started", {**way, "lines": [load]})
        mass = {"basis": "weighed", "net_g": can.grams}
        self._say(holder.player, day + 1, 7 * 60 + 30, "manifest-return-received", {
            "manifest": ends["manifest"], "to": ends["from"], "carrier": ends["carrier"],
            "lines": [{"container": can.id, "code": waste.code, "mass": mass}],
        })  # fmt: skip
        holder.stock[waste].append(can)

    def _redirect(self, can: Can, waste: Waste, holder: Holder, ends: dict[str, Any], day: int, at: int) -> None:
        """Refused by one, and sent on by its sender to another who may close it: ash that leaches, to the disposer."""
        to = self.receivers["disposer"]
        way = {"manifest": ends["manifest"], "from": ends["from"], "to": to.place, "carrier": ends["carrier"]}
        load = _load(can.id, waste, can.grams)
        self._say(holder.player, day + 1, 7 * 60, "manifest-redirected", {**way, "lines": [load]})
        can.grams = self._arrived(holder, can.grams, (ends["manifest"], can.id), day + 1)
        verdict = {"decision": "accepted", "mass": {"basis": "weighed", "net_g": can.grams}}
        line = {"container": can.id, "code": waste.code, "listed_g": load["net_g"], **verdict}
        self._say(to.player, day + 1, at + 240, "manifest-received", {**way, "lines": [line]})
        self._waiting.setdefault(day + 1, []).append((to, waste, can))

    # -- treatment -----------------------------------------------------------------------------------------------------

    def _treat(self, holder: Holder, waste: Waste, cans: list[Can], day: int) -> None:
        for start in range(0, len(cans), LINES_MAX):
            batch = cans[start : start + LINES_MAX]
            grams = sum(c.grams for c in batch)
            outputs = []
            silent = self._does("no-residues", holder) and waste.method == "D10"
            if silent:
                self._plant("no-residues", day, grams, holder.facilities[waste.method])
            for permille, residue in () if silent else waste.residues:
                can = Can(self._new("container", day), max(1, grams * permille // 1000), day)
                outputs.append((residue, can))
            body = {
                "place": holder.place, "facility": holder.facilities[waste.method], "stage": "final",
                "end": waste.end, "method": waste.method, "basis": waste.basis,
                "inputs": [_draw(c, waste) for c in batch],
                "outputs": [_pour(c, residue) for residue, c in outputs] or None,
                "exemption": EXEMPTION if waste is FLY_ASH and holder.role == "landfill" else None,
            }  # fmt: skip
            at = 20 * 60 + start // LINES_MAX
            self._say(holder.player, day, at, "waste-treated", {k: v for k, v in body.items() if v is not None})
            for residue, can in outputs:
                if residue.dried is not None:
                    can = self._dried(holder, residue, can, day, at + 60)
                holder.stock.setdefault(residue, []).append(can)

    # -- frauds --------------------------------------------------------------------------------------------------------

    def _relabelled(self, holder: Holder, waste: Waste, cans: list[Can], day: int) -> list[Can]:
        """Every third container becomes general waste by its holder's word and goes to the kiln."""
        kept = []
        for n, can in enumerate(cans):
            if n % 3:
                kept.append(can)
                continue
            self._plant("relabelling", day, can.grams, can.id)
            self._say(holder.player, day, 9 * 60, "waste-reclassified", {
                "container": can.id, "place": holder.place, "old_code": waste.code, "new_code": KILN_SLAG.code,
                "net_g": can.grams, "cause": "error",
            })  # fmt: skip
            holder.stock[waste].remove(can)
            self._deliver(holder, KILN_SLAG, [can], day)
        return kept

    def _round_trip(self, holder: Holder, waste: Waste, cans: list[Can], day: int) -> list[Can]:
        """What is 18 days old goes to a neighbour and is back two days later; at 45 days it leaves for good."""
        due = [c for c in cans if day - c.day >= 2 * STORAGE_DAYS - 15]
        for can in [c for c in cans if 18 <= day - c.day < 25]:
            able = [e for e in self.enterprises if e is not holder and not self._does("silent-devices", e)]
            friend = self.chance.choice(able or self.carriers)
            carrier = self.chance.choice(self.carriers)
            for away, back, when in ((holder, friend, day), (friend, holder, day + 2)):
                ends = {"manifest": self._new("manifest", day), "from": away.place, "to": back.place,
                        "carrier": carrier.party}  # fmt: skip
                load = [_load(can.id, waste, can.grams)]
                self._say(away.player, when, 12 * 60, "manifest-issued", {**ends, "lines": load})
                self._say(carrier.player, when, 12 * 60 + 1, "manifest-collected", {**ends, "lines": load})
                mass = {"basis": "weighed", "net_g": can.grams}
                verdict = {"container": can.id, "code": waste.code, "decision": "accepted", "mass": mass}
                self._say(back.player, when, 12 * 60 + 30, "manifest-received", {**ends, "lines": [verdict]})
            self._plant("round-trips", day, can.grams, can.id)
        return due

    def _used_again(self, holder: Holder, waste: Waste, ends: dict[str, Any], to: Holder, day: int) -> None:
        """The manifest of this morning carries one container more in the afternoon."""
        can = Can(self._new("container", day), self.chance.randint(*waste.grams), day)
        mass = {"basis": waste.basis, "net_g": can.grams}
        self._say(holder.player, day, 15 * 60, "container-filled", _birth(can, holder.place, waste, mass))
        carrier = next(c for c in self.carriers if c.party == ends["carrier"])
        load = _load(can.id, waste, can.grams)
        self._say(carrier.player, day, 15 * 60 + 30, "manifest-collected", {**ends, "lines": [load]})
        verdict = {"container": can.id, "code": waste.code, "decision": "accepted", "mass": mass, "unlisted": True}
        self._say(to.player, day, 17 * 60, "manifest-received", {**ends, "lines": [verdict]})
        to.received.setdefault(waste, []).append(can)
        self._plant("double-manifest", day, can.grams, can.id, ends["manifest"])


def _on_paper(day: int) -> bool:
    """Once a quarter the system is out for a day, and manifests run on paper."""
    return day % QUARTER == PAPER_DAY


def _credit_code(n: int) -> dict[str, str]:
    """A credit code in the region 999999, which does not exist, with its right check character."""
    body = f"91999999DEMW{n:05d}"
    return {"scheme": "uscc", "value": body + check_character(body)}


def _birth(can: Can, place: dict[str, str], waste: Waste, mass: dict[str, Any]) -> dict[str, Any]:
    return {
        "container": can.id, "place": place, "kind": waste.kind, "code": waste.code, "name": waste.name, "mass": mass
    }  # fmt: skip


def _load(container: str, waste: Waste, grams: int) -> dict[str, Any]:
    return {"container": container, "code": waste.code, "net_g": grams}


def _draw(can: Can, waste: Waste) -> dict[str, Any]:
    return _load(can.id, waste, can.grams)


def _pour(can: Can, waste: Waste) -> dict[str, Any]:
    return _load(can.id, waste, can.grams) | {"kind": waste.kind, "name": waste.name, "new": True}
