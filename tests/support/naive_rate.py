"""The three figures computed a second time, from DOMAIN.md §7 alone: straight loops over statements, box by box.

It knows worlds in which a container never mixes two producers, or repacks more than one, and no corrections of others.
Everything is read anew from statements in wire form: licences, clocks, tolerance, lawful and unlawful ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from ledger.exchange.stories import Step

TOLERANCE_PPM, STORAGE, LICENSED, TRANSIT, WARD, PLANT = 5_000, 30, 365, 15, 2, 1
CLASS_KINDS = {"90": "sludge", **dict.fromkeys(["70", "71", "72", "73", "74"], "construction")}
CLASS_KINDS |= dict.fromkeys(["60", "61", "62", "63", "64"], "household")


@dataclass(slots=True)
class Box:
    """What is in one container, all of one producer. `where` is held, road, lost or gone; `heirs` took it over from its
    producer, so that their gate is its. `unrecorded`: what of its grams nobody had told of when it was received."""

    code: str
    producer: str
    site0: str
    born: str
    grams: int
    holder: str
    site: str
    where: str = "held"
    since: dict[str, str] = field(default_factory=dict)
    late: bool = False
    sent: int = 0
    arrived: str = ""
    unrecorded: int = 0
    heirs: set[str] = field(default_factory=set)

    @property
    def inside(self) -> bool:
        """Within its producer's gate: it has not left it, or is back."""
        return self.where != "road" and (self.holder == self.producer or self.holder in self.heirs)


@dataclass(slots=True)
class Tally:
    """Sums in grams of one question."""

    opening: int = 0
    gate_opening: int = 0
    came: int = 0
    gate_came: int = 0
    settled: int = 0
    on_stock: int = 0
    ok: int = 0
    ok_stock: int = 0
    left: int = 0
    bad: int = 0
    bad_gap: int = 0
    overdue: int = 0


def day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def kind_of(code: str) -> str:
    if code[-3] == "-":
        return "medical" if code.endswith("-01") else "hazardous"
    return CLASS_KINDS.get(code[-2:], "industrial")


class Naive:
    """One world, read once for its registry; `figures` goes through all of it again for each question."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = sorted(steps, key=lambda s: s.at)
        self.licences = [s.body for s in self.steps if s.type == "licence-granted"]
        self.contracts = [s.body for s in self.steps if s.type == "contract-registered"]
        self.emergencies = [s.body for s in self.steps if s.type == "emergency-plan-declared"]
        self.use = {s.body["site"]: s.body.get("use", "enterprise") for s in self.steps if s.type == "site-registered"}
        self.typed = {s.body["target"]: s.body["new"] for s in self.steps if s.type == "entry-corrected"}

    def figures(
        self, view: str, kind: str, start: str, end: str, as_of: str, party: str = ""
    ) -> dict[str, tuple[int, int]]:
        """Each figure as (part, whole)."""
        t, boxes = Tally(), dict[str, Box]()
        origin, opened = view == "origin", False

        def mine(box: Box) -> bool:
            where = box.producer if origin else box.holder
            return kind_of(box.code) == kind and party in ("", where)

        def snapshot() -> None:
            for b in boxes.values():
                if mine(b) and b.where == "held":
                    t.opening += b.grams
                    t.gate_opening += b.grams if b.inside else 0
                elif mine(b) and b.where in ("road", "lost") and origin:
                    t.opening += b.grams
                    # What its producer lost never left the gate.
                    t.gate_opening += b.grams if b.inside else 0
            if origin:
                t.opening += t.bad_gap

        def came(box: Box, grams: int, at: str, gate: bool) -> None:
            if at >= start and mine(box):
                t.came += grams
                t.gate_came += grams if gate else 0
                on_stock(box, grams)

        def on_stock(box: Box, grams: int) -> None:
            """Grams more (or less) of what was there before the period: not generated in it."""
            if origin and box.born < start:
                t.on_stock += grams

        def leave(box: Box, at: str) -> None:
            """Out of a holder's hands."""
            box.late |= box.where == "held" and self.deadline(box) < at
            if at >= start and box.where == "held" and mine(box):
                if not origin:
                    t.came -= box.grams
                elif box.inside:
                    t.left += box.grams

        def arrive(box: Box, holder: str, site: str, at: str) -> None:
            was_inside = box.inside
            box.holder, box.site, box.where = holder, site, "held"
            box.since.setdefault(holder, box.arrived or at)
            box.arrived = ""
            if at >= start and mine(box):
                if not origin:
                    t.came += box.grams
                else:
                    t.left += (was_inside - box.inside) * box.grams

        def recode(box: Box, code: str, at: str) -> None:
            """Out of one kind and into another, if they are two."""
            for sign, name in ((-1, box.code), (1, code)):
                box.code = name
                came(box, sign * box.grams, at, gate=box.inside)

        def close(box: Box, step: Step) -> None:
            if not mine(box):
                box.where = "gone"
                return
            if not self.entitled(box, step):
                t.bad += box.grams
            elif step.at >= start:
                t.ok += box.grams
                t.ok_stock += box.grams - box.unrecorded if box.born < start else 0
            if step.at >= start and box.inside:
                t.left += box.grams
            box.where = "gone"

        def gap(box: Box, got: int, at: str) -> None:
            """The road's scale difference, before the grams arrive."""
            more = got - box.sent
            if more >= 0:
                box.grams += more
                if origin:
                    came(box, more, at, gate=False)
            elif -more <= box.sent * TOLERANCE_PPM // 1_000_000:
                if origin and at >= start and mine(box):
                    t.settled -= more
                    on_stock(box, more)
            elif mine(box):
                t.bad -= more
                t.bad_gap -= more
            box.grams = got

        def uncollected(container: str, got: int, at: str) -> None:
            """Received, and nobody told of its pick-up: what it has less stays behind, what it has more is new."""
            box = boxes[container]
            more = got - box.grams
            if more < 0:
                boxes[f"left of {container}"] = replace(box, grams=-more, since=dict(box.since))
                box.grams = got
            leave(box, at)
            box.where = "road"
            if more > 0:
                box.grams, box.unrecorded = got, more
                if origin and at >= start and mine(box):
                    t.came += more
                    t.gate_came += more
                    t.left += more

        for step in self.steps:
            if step.at >= end:
                break
            if step.at >= start and not opened:
                opened = True
                snapshot()
            b, at = step.body, step.at
            match step.type:
                case "container-filled" | "load-weighed-in" | "stock-declared" | "waste-discovered":
                    grams = self.typed.get(step.id, b["mass"]["net_g"])
                    source, place = b.get("origin", b["place"]), b["place"]
                    # Stock declared at go-live is as old as it says: a local day's first moment.
                    born = self.midnight(b["since"]) if "since" in b else at
                    box = Box(b["code"], source["party"], source["site"], born, grams, place["party"], place["site"])
                    box.since[box.holder] = born
                    boxes[b["container"]] = box
                    came(box, grams, at, gate=True)
                    if origin and not box.inside and at >= start and mine(box):
                        t.left += grams
                case "waste-reclassified":
                    box = boxes[b["container"]]
                    # Hazardous until the authority says otherwise.
                    if b["old_code"][-3] != "-" or b["new_code"][-3] == "-":
                        recode(box, b["new_code"], at)
                case "identification-confirmed":
                    recode(boxes[b["container"]], b["code"], at)
                case "leak-reported":
                    box = boxes[b["container"]]
                    if at >= start and mine(box) and not origin:
                        t.came -= b["lost_g"]
                    box.grams -= b["lost_g"]
                    boxes[f"leaked from {b['container']}"] = replace(box, grams=b["lost_g"], where="lost")
                case "loss-determined":
                    leaked = boxes.pop(f"leaked from {b['container']}")
                    if at >= start and mine(leaked) and origin:
                        t.settled += leaked.grams
                        on_stock(leaked, -leaked.grams)
                case "contents-transferred":
                    (source,), (target,) = b["sources"], b["targets"]
                    box = boxes[target["container"]] = boxes.pop(source["container"])
                    less, box.grams = box.grams - target["net_g"], target["net_g"]
                    if at >= start and mine(box):
                        t.settled += less
                        on_stock(box, -less)
                case "waste-treated":
                    for draw in b["inputs"]:
                        box = boxes[draw["container"]]
                        if b["stage"] == "final":
                            assert draw["net_g"] == box.grams, "this world draws whole boxes"
                            close(box, step)
                    for out in b.get("outputs", ()):
                        place = b["place"]
                        if b["stage"] == "intermediate":
                            (draw,) = b["inputs"]
                            old = boxes.pop(draw["container"])
                            more = out["net_g"] - old.grams
                            old.grams = out["net_g"]
                            boxes[out["container"]] = old
                            if more > 0:
                                came(old, more, at, gate=old.inside)
                            elif at >= start and mine(old):
                                t.settled -= more
                                on_stock(old, more)
                        else:
                            box = Box(
                                out["code"], place["party"], place["site"], at, out["net_g"], place["party"],
                                place["site"], since={place["party"]: at},
                            )  # fmt: skip
                            boxes[out["container"]] = box
                            came(box, box.grams, at, gate=True)
                case "manifest-collected" | "manifest-return-started":
                    for line in b["lines"]:
                        box = boxes[line["container"]]
                        if box.where == "held":
                            box.sent = line["net_g"]
                        leave(box, at)
                        box.where, box.holder, box.site = "road", b["carrier"], ""
                        box.since.setdefault(box.holder, at)
                case "delivery-recorded":
                    for line in b["lines"]:
                        box = boxes[line["container"]]
                        if b["end"] == "sent":
                            box.sent = line["net_g"]
                            leave(box, at)
                            box.where, box.holder, box.site = "road", b["carrier"], ""
                            box.since.setdefault(box.holder, at)
                        else:
                            gap(box, line["net_g"], at)
                            arrive(box, b["to"]["party"], b["to"]["site"], at)
                case "manifest-arrived":
                    for container in b["arrived"]:
                        boxes[container].arrived = at
                case "manifest-received":
                    for line in b["lines"]:
                        box = boxes[line["container"]]
                        if line["decision"] == "accepted" and box.where == "held":
                            uncollected(line["container"], line["mass"]["net_g"], at)
                            arrive(box, b["to"]["party"], b["to"]["site"], at)
                        elif line["decision"] == "accepted":
                            gap(box, line["mass"]["net_g"], at)
                            arrive(box, b["to"]["party"], b["to"]["site"], at)
                        elif line["decision"] == "missing":
                            box.where, box.site = "lost", b["from"]["site"]
                case "manifest-return-received":
                    for line in b["lines"]:
                        box = boxes[line["container"]]
                        gap(box, line["mass"]["net_g"], at)
                        arrive(box, b["to"]["party"], b["to"]["site"], at)
                case "container-lost":
                    box = boxes[b["container"]]
                    box.late |= self.deadline(box) < at
                    if at >= start and mine(box) and not origin:
                        t.came -= box.grams
                    box.where = "lost"
                case "container-found":
                    box = boxes[b["container"]]
                    arrive(box, b["place"]["party"], b["place"]["site"], at)
                case "custody-transferred":
                    was, now = b["from"]["party"], b["to"]
                    for line in b["lines"]:
                        box = boxes[line["container"]]
                        if was in (box.producer, *box.heirs):
                            box.heirs.add(now["party"])
                        # Its clock goes on in the other's hands; from site to site it is a departure and an arrival.
                        box.since.setdefault(now["party"], box.since[was])
                        leave(box, at)
                        box.where = "road"
                        arrive(box, now["party"], now["site"], at)
                case _:
                    pass
        if not opened:
            snapshot()
        horizon = min(end, as_of)
        for box in boxes.values():
            if mine(box) and box.where == "lost":
                t.bad += box.grams
            elif mine(box) and box.where in ("held", "road") and (box.late or self.deadline(box) < horizon):
                t.overdue += box.grams
        new = t.came - t.settled
        return {
            "declared": (t.left, t.gate_opening + t.gate_came) if origin else (t.ok, t.opening + new),
            "proven": (t.ok, t.opening + new),
            "proven_with_stock": (t.ok, new - t.on_stock + t.ok_stock),
            "due": (t.ok, t.ok + t.bad + t.overdue),
        }

    @staticmethod
    def midnight(day: str) -> str:
        """The first moment of a day in the park."""
        moment = datetime.fromisoformat(f"{day}T00:00:00+08:00").astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def deadline(self, box: Box) -> str:
        """By when the box must have left these hands."""
        start = box.since.get(box.holder, box.born)
        use = self.use.get(box.site, "enterprise")
        if box.where == "road":
            days = TRANSIT
        elif kind_of(box.code) == "medical":
            days = PLANT if use == "disposal" else WARD
        else:
            days = LICENSED if use == "disposal" else STORAGE
        moment = datetime.fromisoformat(start) + timedelta(days=days)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def entitled(self, box: Box, step: Step) -> bool:
        """Whether who treats it may close it."""
        body = step.body
        party, kind = body["place"]["party"], kind_of(box.code)
        if any(
            party in plan["receivers"]
            and f"HW{box.code[-2:]}" in plan["codes"]
            and self.midnight(plan["valid_from"]) <= step.at < self.midnight(day_after(plan["valid_until"]))
            for plan in self.emergencies
        ):
            return True
        if kind == "industrial":
            agreed = any(
                c["holder"] == box.producer and c["with"] == party and box.code in c["codes"] for c in self.contracts
            )
            return party == box.producer or agreed
        if "exemption" in body and body["method"] == "D1":
            return True
        wanted = {"hazardous": "comprehensive", "medical": "medical"}.get(kind, "site-permit")
        return any(
            x["holder"] == party
            and x["kind"] == wanted
            and ("include" not in x or f"HW{box.code[-2:]}" in x["include"])
            and ("methods" not in x or body["method"] in x["methods"])
            for x in self.licences
        )
